/* SPDX-License-Identifier: MIT */
/*
 * All files of xfs: bulkstat reports the inodes of an allocation group in their order on the disk,
 * with the number of extents of each.  So only files of two extents or more are opened, by their
 * handles and not by their names.  Groups are scanned in parallel.
 *
 * bulkstat does not report whether a single extent is unwritten or shared; --exact opens these
 * files as well.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <xfs/xfs.h>

#include "base/cleanup.h"
#include "frag/account/free_space.h"
#include "frag/scan/inode_paths.h"
#include "frag/scan/pipeline.h"
#include "frag/scan/source.h"
#include "frag/xfs/xfs.h"
#include "frag/frag.h"

enum { BATCH = 1024 };

struct scan {
	struct pipeline pipeline;
	const struct extent_kernel *kernel;
	int fd;
	uint32_t group_count;
	struct xfs_owners *owners; /* NULL: not known */
};

static int read_layout(struct pipeline_worker *worker, const struct xfs_bulkstat *inode)
{
	struct scan *scan = worker->pipeline->context;
	CLEANUP(fd_closep) int fd = -1;

	if (scan->owners &&
	    xfs_owners_collect(scan->owners, inode, (uint32_t)worker->facts->block_bytes,
			       &worker->collector) == 0) {
		frag_collected(&worker->collector, worker->facts, false, &worker->file);
		return 0;
	}
	fd = xfs_open_inode(scan->fd, inode);
	if (fd < 0)
		return fd;
	pipeline_restart_file(worker);
	return frag_file_read(fd, worker->facts, worker->pipeline->settings->sync,
			      &worker->collector, &worker->file);
}

/* Blocks of attributes are counted with those of the file, and could hide a hole. */
static bool has_hole(const struct xfs_bulkstat *inode, uint64_t block_bytes)
{
	return inode->bs_aextents || inode->bs_size > inode->bs_blocks * block_bytes;
}

static int scan_file(struct pipeline_worker *worker, const struct xfs_bulkstat *inode)
{
	uint64_t block = worker->facts->block_bytes;
	const struct source_inode known = {
		.device = worker->facts->device,
		.number = inode->bs_ino,
		.size_bytes = inode->bs_size,
		.disk_bytes = inode->bs_blocks * block,
		.mtime = inode->bs_mtime,
		.is_simple = inode->bs_extents == 0 ||
			     (inode->bs_extents == 1 && !has_hole(inode, block)),
		.extents = inode->bs_extents,
	};
	int r = pipeline_begin_file(worker, &known);

	return r > 0 ? pipeline_end_file(worker, read_layout(worker, inode)) : r;
}

static int scan_inode(struct pipeline_worker *worker, const struct xfs_bulkstat *inode)
{
	if (inode->bs_nlink == 0)
		return 0;
	if (S_ISREG(inode->bs_mode))
		return scan_file(worker, inode);
	if (S_ISDIR(inode->bs_mode))
		worker->totals.directories++;
	else
		worker->totals.special_files++;
	return 0;
}

static int scan_group(struct pipeline_worker *worker, struct xfs_bulkstat_req *request,
		      uint32_t group)
{
	struct scan *scan = worker->pipeline->context;

	request->hdr = (struct xfs_bulk_ireq) {
		.flags = XFS_BULK_IREQ_AGNO,
		.agno = group,
		.icount = BATCH,
	};
	while (!pipeline_is_over(worker->pipeline)) {
		uint64_t from = request->hdr.ino;
		int r = scan->kernel->control(scan->kernel->context, scan->fd, XFS_IOC_BULKSTAT,
					      request);

		if (r < 0 || request->hdr.ocount == 0)
			return r;
		/* Without progress this would never end. */
		if (request->hdr.ocount > BATCH || request->hdr.ino <= from)
			return -EIO;
		for (uint32_t i = 0; r == 0 && i < request->hdr.ocount; i++)
			r = scan_inode(worker, &request->bulkstat[i]);
		if (r < 0)
			return r;
		atomic_fetch_add(&worker->pipeline->files, request->hdr.ocount);
	}
	return 0;
}

static int work(struct pipeline_worker *worker)
{
	struct scan *scan = worker->pipeline->context;
	CLEANUP(freep) struct xfs_bulkstat_req *request = malloc(XFS_BULKSTAT_REQ_SIZE(BATCH));
	int r = request ? 0 : -ENOMEM;

	while (r == 0 && pipeline_next_unit(worker, scan->group_count)) {
		r = scan_group(worker, request, (uint32_t)worker->unit);
		if (r == 0)
			r = pipeline_end_unit(worker);
	}
	return r;
}

/* Reads the free space, and if possible the owners of extents in the same call. */
static int read_free_space(struct frag_result *result, int fd, const struct xfs_fsop_geom *geometry,
			   struct xfs_owners **ret_owners)
{
	int r;

	result->free = calloc(1, sizeof(*result->free));
	if (!result->free)
		return -ENOMEM;
	r = xfs_owners_read(&extent_running_kernel, fd, result->facts.device, 0, UINT64_MAX,
			    geometry->flags & XFS_FSOP_GEOM_FLAGS_RMAPBT ? XFS_OWNERS_MAX : 0,
			    result->free, ret_owners);
	free_space_finish(result->free);
	if (r < 0)
		free(TAKE_PTR(result->free));
	return r == -ENOMEM ? r : 0;
}

int xfs_bulkstat(const struct extent_kernel *kernel, const struct frag_settings *settings,
		 const struct scan_target *target, uint32_t group_count, struct xfs_owners *owners,
		 struct frag_result *ret)
{
	CLEANUP(freep) struct mounted_directories *directories = malloc(sizeof(*directories));
	struct scan scan = {
		.pipeline = { .settings = settings, .result = ret, .work = work, .context = &scan },
		.kernel = kernel,
		.fd = target->fd,
		.group_count = group_count,
		.owners = owners,
	};
	struct directory_reader reader;
	int r;

	if (!directories)
		return -ENOMEM;
	ret->facts = target->facts;
	ret->model = frag_model_for(settings, &ret->facts);
	r = mounted_directory_reader(
		directories, target->mount.point ? target->mount.point : target->path, &reader);
	return r < 0 ? r : pipeline_run_by_inode(&scan.pipeline, &reader);
}

static void owners_freep(struct xfs_owners **owners)
{
	xfs_owners_free(*owners);
}

static int scan_xfs(const struct frag_settings *settings, const struct scan_target *target,
		    struct frag_result *ret, struct problem *problem)
{
	CLEANUP(owners_freep) struct xfs_owners *owners = NULL;
	struct xfs_fsop_geom geometry;
	int r;

	(void)problem;
	if (target->fd < 0 || target->facts.magic != XFS_MAGIC)
		return -EOPNOTSUPP;
	if (ioctl(target->fd, XFS_IOC_FSGEOMETRY, &geometry) < 0)
		return -EOPNOTSUPP;
	r = xfs_probe_bulkstat(target->fd);
	if (r < 0)
		return r;
	ret->facts = target->facts;
	r = read_free_space(ret, target->fd, &geometry, &owners);
	frag_result_set_whole(ret);
	return r < 0 ? r
		     : xfs_bulkstat(&extent_running_kernel, settings, target, geometry.agcount,
				    owners, ret);
}

const struct volume_source volume_source_xfs = { "xfs-bulkstat", scan_xfs };
