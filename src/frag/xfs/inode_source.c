/* SPDX-License-Identifier: MIT */
/*
 * Walks over xfs: bulkstat reads the inodes of a directory at once, since those of its files are
 * mostly adjacent.  With rmapbt the extents of an allocation group are read at once, when so many
 * of its files were opened that this pays; files of several blocks are then read from these.
 *
 * bulkstat reports the state of the kernel, with delayed allocation.  Only the size is that on
 * the disk until appended data are written.  So a file with more blocks than its size needs is
 * left to the kernel.
 */
#include "frag/xfs/xfs.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "frag/scan/source.h"

enum {
	BATCH = 1024,
	FILES_A_GROUP_MIN = 64,
	SHARE_OF_GROUP = 32, /* extents are read when one of so many inodes was opened */
};

struct group {
	pthread_mutex_t lock;
	atomic_bool is_read; /* or that failed */
	struct xfs_owners *owners;
	atomic_uint opened;
};

struct source_volume {
	int fd;
	uint64_t device;
	uint32_t block_bytes, group_count, group_blocks;
	unsigned group_shift; /* bits of an inode number below that of its group */
	bool has_owners;
	uint32_t worth_reading;
	atomic_size_t records;
	struct group *groups;
};

struct source_reader {
	struct source_volume *volume;
	struct xfs_bulkstat_req *request;
};

/* ---- inodes ---- */

/* The kernel's file handle of XFS: fs/xfs/xfs_export.h, type "64 bit inode, generation". */
struct handle {
	struct file_handle head;
	struct {
		uint64_t inode;
		uint32_t generation;
	} __attribute__((packed)) body;
};
enum { HANDLE_TYPE = 0x81 };

int xfs_open_inode(int mount_fd, const struct xfs_bulkstat *inode)
{
	struct handle handle = {
		.head = { .handle_bytes = sizeof(handle.body), .handle_type = HANDLE_TYPE },
	};
	int fd;

	memcpy(handle.head.f_handle, &inode->bs_ino, sizeof(inode->bs_ino));
	memcpy(handle.head.f_handle + sizeof(inode->bs_ino), &inode->bs_gen, sizeof(inode->bs_gen));
	fd = open_by_handle_at(mount_fd, &handle.head,
			       O_RDONLY | O_NOATIME | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int xfs_probe_bulkstat(int fd)
{
	CLEANUP(freep) struct xfs_bulkstat_req *request = calloc(1, XFS_BULKSTAT_REQ_SIZE(1));

	if (!request)
		return -ENOMEM;
	request->hdr.icount = 1;
	if (ioctl(fd, XFS_IOC_BULKSTAT, request) == 0)
		return 0;
	return errno == EPERM || errno == ENOTTY || errno == EINVAL ? -EOPNOTSUPP : -errno;
}

/* ---- the volume ---- */

static unsigned log2_up(uint64_t number)
{
	return number <= 1 ? 0 : 64 - (unsigned)__builtin_clzll(number - 1);
}

static int read_geometry(struct source_volume *volume)
{
	struct xfs_fsop_geom geometry;
	struct statfs sums;

	if (ioctl(volume->fd, XFS_IOC_FSGEOMETRY, &geometry) < 0 || fstatfs(volume->fd, &sums) < 0)
		return -errno;
	if (geometry.inodesize == 0 || geometry.blocksize < geometry.inodesize ||
	    geometry.agcount == 0)
		return -EOPNOTSUPP;
	volume->block_bytes = geometry.blocksize;
	volume->group_count = geometry.agcount;
	volume->group_blocks = geometry.agblocks;
	volume->group_shift =
		log2_up(geometry.agblocks) + log2_up(geometry.blocksize / geometry.inodesize);
	volume->has_owners = geometry.flags & XFS_FSOP_GEOM_FLAGS_RMAPBT;
	volume->worth_reading =
		(uint32_t)((sums.f_files - sums.f_ffree) / geometry.agcount / SHARE_OF_GROUP);
	if (volume->worth_reading < FILES_A_GROUP_MIN)
		volume->worth_reading = FILES_A_GROUP_MIN;
	volume->groups = calloc(geometry.agcount, sizeof(*volume->groups));
	for (uint32_t i = 0; volume->groups && i < geometry.agcount; i++)
		pthread_mutex_init(&volume->groups[i].lock, NULL);
	return volume->groups ? 0 : -ENOMEM;
}

static void close_volume(struct source_volume *volume)
{
	for (uint32_t i = 0; volume->groups && i < volume->group_count; i++) {
		xfs_owners_free(volume->groups[i].owners);
		pthread_mutex_destroy(&volume->groups[i].lock);
	}
	fd_close(volume->fd);
	free(volume->groups);
	free(volume);
}

static struct source_volume *open_volume(int fd, const struct filesystem_facts *facts)
{
	struct source_volume *volume = calloc(1, sizeof(*volume));

	if (!volume)
		return NULL;
	*volume = (struct source_volume) {
		.fd = fcntl(fd, F_DUPFD_CLOEXEC, 0),
		.device = facts->device,
	};
	if (volume->fd >= 0 && xfs_probe_bulkstat(volume->fd) == 0 && read_geometry(volume) == 0)
		return volume;
	close_volume(volume);
	return NULL;
}

/* Always: each file shows by itself whether some of it is not allocated yet. */
static bool is_settled(struct source_volume *volume)
{
	(void)volume;
	return true;
}

/* ---- groups ---- */

/* The lock is held.  If there are too many extents, the group is left to the kernel. */
static void read_group(struct source_volume *volume, uint32_t number)
{
	uint64_t bytes = (uint64_t)volume->group_blocks * volume->block_bytes;
	size_t records = atomic_load(&volume->records);
	struct group *group = &volume->groups[number];

	if (records < XFS_OWNERS_MAX &&
	    xfs_owners_read(&extent_running_kernel, volume->fd, volume->device, number * bytes,
			    (number + 1) * bytes - 1, XFS_OWNERS_MAX - records, NULL,
			    &group->owners) == 0)
		atomic_fetch_add(&volume->records, xfs_owners_count(group->owners));
	atomic_store(&group->is_read, true);
}

/* The extents of the group of an inode; NULL: they are not read. */
static const struct xfs_owners *owners_of(struct source_volume *volume, uint64_t inode)
{
	uint64_t number = inode >> volume->group_shift;
	struct group *group;

	if (!volume->has_owners || number >= volume->group_count)
		return NULL;
	group = &volume->groups[number];
	if (atomic_load(&group->is_read))
		return group->owners;
	if (atomic_fetch_add(&group->opened, 1) < volume->worth_reading)
		return NULL;
	pthread_mutex_lock(&group->lock);
	if (!atomic_load(&group->is_read))
		read_group(volume, (uint32_t)number);
	pthread_mutex_unlock(&group->lock);
	return group->owners;
}

/* ---- a thread ---- */

static void reader_free(struct source_reader *reader)
{
	free(reader->request);
	free(reader);
}

static struct source_reader *reader_new(struct source_volume *volume)
{
	struct source_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return NULL;
	reader->volume = volume;
	reader->request = malloc(XFS_BULKSTAT_REQ_SIZE(BATCH));
	if (reader->request)
		return reader;
	reader_free(reader);
	return NULL;
}

static int read_extents(struct source_reader *reader, const struct source_visit *visit,
			const struct xfs_bulkstat *inode)
{
	struct frag_collector *collector = visit->collector;
	const struct xfs_owners *owners = owners_of(reader->volume, inode->bs_ino);
	int r;

	if (!owners)
		return -EOPNOTSUPP;
	r = xfs_owners_collect(owners, inode, reader->volume->block_bytes, collector);
	if (r == 0)
		frag_collected(collector, visit->facts, false, visit->file);
	return r;
}

/* Appended data change the blocks at once, but the size only when they are written. */
static bool has_more_than_size(const struct source_inode *inode, uint32_t block_bytes)
{
	return inode->disk_bytes > inode->size_bytes &&
	       inode->disk_bytes - inode->size_bytes >= block_bytes;
}

static int read_file(struct source_reader *reader, struct source_visit *visit, size_t index,
		     const struct xfs_bulkstat *inode)
{
	struct source_inode known = {
		.device = visit->facts->device,
		.number = inode->bs_ino,
		.size_bytes = inode->bs_size,
		.disk_bytes = inode->bs_blocks * reader->volume->block_bytes,
		.links = inode->bs_nlink,
		.mtime = inode->bs_mtime,
	};
	int r;

	if (!S_ISREG(inode->bs_mode) || inode->bs_nlink == 0 ||
	    has_more_than_size(&known, reader->volume->block_bytes))
		return 0;
	known.is_simple = frag_file_has_one_block(known.size_bytes, known.disk_bytes, visit->facts);
	known.extents = known.disk_bytes != 0;
	r = visit->begin(visit, index, &known);
	return r > 0 ? visit->end(visit, index, read_extents(reader, visit, inode)) : r;
}

static int read_run(struct source_reader *reader, struct source_visit *visit, size_t from,
		    size_t to)
{
	struct xfs_bulkstat_req *request = reader->request;
	uint64_t last = visit->inodes[to - 1];
	int r = 0;

	request->hdr = (struct xfs_bulk_ireq) { .ino = visit->inodes[from] };
	while (r == 0 && request->hdr.ino <= last) {
		uint64_t start = request->hdr.ino;

		request->hdr.icount = last - start < BATCH ? (uint32_t)(last - start) + 1 : BATCH;
		if (ioctl(reader->volume->fd, XFS_IOC_BULKSTAT, request) < 0 ||
		    request->hdr.ocount == 0 || request->hdr.ocount > request->hdr.icount ||
		    request->hdr.ino <= start)
			return 0;
		for (uint32_t i = 0; r == 0 && i < request->hdr.ocount; i++) {
			const struct xfs_bulkstat *inode = &request->bulkstat[i];

			while (from < to && visit->inodes[from] < inode->bs_ino)
				from++;
			if (from < to && visit->inodes[from] == inode->bs_ino)
				r = read_file(reader, visit, from, inode);
		}
	}
	return r;
}

const struct inode_source inode_source_xfs = {
	.name = "xfs",
	.magic = XFS_MAGIC,
	.open = open_volume,
	.close = close_volume,
	.is_settled = is_settled,
	.reader_new = reader_new,
	.reader_free = reader_free,
	.inodes_apart = 4,
	.run_min = 4,
	.read = read_run,
};
