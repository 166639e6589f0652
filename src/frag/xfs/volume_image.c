/* SPDX-License-Identifier: MIT */
/*
 * xfs as a whole, not mounted: groups side by side, inode by inode with its map,
 * which needs permission to read the image and nothing else.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "frag/scan/pipeline.h"
#include "frag/xfs/xfs.h"
#include "frag/frag.h"

struct scan {
	struct crew crew;
	struct xfs_image *image;
	struct names *names; /* NULL: only the worst get theirs, later */
	atomic_uint next_group;
};

/* One thread's. */
struct reader {
	struct crew_member *member;
	struct scan *scan;
	uint32_t group;
	char *nodes;	 /* of the tree of inodes */
	char *map_nodes; /* of a file's map */
};

/* ---- files ---- */

static int note_damage(uint64_t inode, int error, void *context)
{
	struct reader *reader = context;
	char name[64];

	if (error == -ENOMEM)
		return error;
	if (inode)
		snprintf(name, sizeof(name), "inode %llu", (unsigned long long)inode);
	else
		snprintf(name, sizeof(name), "inodes of allocation group %u", reader->group);
	return totals_add_unreadable(&reader->member->totals, name, -error);
}

static int look_at_file(struct reader *reader, const struct xfs_inode *inode)
{
	struct crew_member *member = reader->member;
	const struct source_inode known = {
		.device = member->facts->device,
		.number = inode->number,
		.size_bytes = inode->size_bytes,
		.disk_bytes = inode->blocks * reader->scan->image->block_bytes,
		.mtime = inode->mtime,
	};
	int r = pipeline_begin(member, &known);

	if (r <= 0)
		return r;
	r = xfs_extents(reader->scan->image, inode, reader->map_nodes, frag_collect,
			&member->collector);
	if (r == 0)
		frag_collected(&member->collector, member->facts, false, &member->file);
	return pipeline_end(member, r);
}

static int look_at_inode(const struct xfs_inode *inode, void *context)
{
	struct reader *reader = context;
	struct crew *crew = &reader->scan->crew;

	if (crew_is_over(crew))
		return -ECANCELED;
	atomic_fetch_add_explicit(&crew->files, 1, memory_order_relaxed);
	if (S_ISREG(inode->mode))
		return look_at_file(reader, inode);
	if (S_ISDIR(inode->mode))
		reader->member->totals.directories++;
	else
		reader->member->totals.special_files++;
	return 0;
}

/* ---- groups ---- */

static int work(struct crew_member *member)
{
	struct scan *scan = member->crew->context;
	size_t bytes = XFS_LEVELS_MAX * (size_t)scan->image->block_bytes;
	CLEANUP(freep) char *nodes = malloc(2 * bytes);
	struct reader reader = { member, scan, 0, nodes, nodes + bytes };
	int r = nodes ? 0 : -ENOMEM;

	crew_use_names(member, scan->names);
	while (r == 0 && !crew_is_over(member->crew)) {
		struct xfs_inode_walk walk = { .image = scan->image,
					       .nodes = reader.nodes,
					       .each = look_at_inode,
					       .damaged = note_damage,
					       .context = &reader };

		walk.group = reader.group = atomic_fetch_add(&scan->next_group, 1);
		if (walk.group >= scan->image->group_count)
			return 0;
		crew_begin_unit(member, walk.group);
		r = xfs_inodes(&walk);
		if (r == 0)
			r = crew_end_unit(member);
	}
	return r == -ECANCELED ? 0 : r;
}

/* ---- all of it ---- */

static void learn(const struct frag_settings *settings, const struct frag_place *place,
		  const struct xfs_image *image, struct frag_result *result)
{
	struct filesystem_facts *facts = &result->facts;

	*facts = place->facts;
	facts->kind = filesystem_kind_find("xfs");
	facts->block_bytes = image->block_bytes;
	facts->volume_bytes = image->blocks * image->block_bytes;
	result->model = frag_model_for(settings, facts);
	if (result->totals.map)
		map_init(result->totals.map, facts->volume_bytes);
}

static int note_what_may_differ(const struct xfs_image *image, struct frag_result *result)
{
	int dirty = xfs_log_is_dirty(image), r = 0;

	if (image->image->is_mounted)
		r = frag_result_note(result, "The device is mounted and can have changed while it "
					     "was read; name the mount point instead.");
	else if (dirty == -ENODATA)
		r = frag_result_note(
			result,
			"May be out of date: its log is on another device and was not read.");
	else if (dirty)
		r = frag_result_note(
			result,
			"May be out of date: its log was not replayed; mounting it does that.");
	return r;
}

static int scan_groups(struct scan *scan)
{
	CLEANUP(names_freep) struct names *names = NULL;
	CLEANUP(xfs_folders_close) struct xfs_folders folders;
	const struct frag_settings *settings = scan->crew.settings;
	struct frag_result *result = scan->crew.result;
	struct names_source source;
	int r = xfs_folders_open(scan->image, &folders, &source);

	if (r == 0 && settings->with_names)
		r = names_read(settings, &source, NULL, &names);
	if (r < 0)
		return r;
	scan->names = names;
	r = crew_run(&scan->crew, crew_size(settings));
	if (r == 0 && names)
		r = names_note(names, result);
	return r < 0 ? r : names_give_worst(settings, &source, &result->totals.worst);
}

int xfs_scan_image(const struct frag_settings *settings, const struct frag_place *place,
		   const struct image *source, struct frag_result *ret, struct problem *problem)
{
	CLEANUP(xfs_image_closep) struct xfs_image *image = NULL;
	struct scan scan = {
		.crew = { .settings = settings, .result = ret, .work = work, .context = &scan },
	};
	int r = xfs_image_open(source, place->path, &image, problem);

	if (r < 0)
		return r;
	scan.image = image;
	learn(settings, place, image, ret);
	r = xfs_read_shared(image);
	if (r < 0 && r != -ENOMEM)
		r = frag_result_note(ret, "Some shared extents are unknown: the trees that record "
					  "them are damaged or too large.");
	if (r == 0)
		r = xfs_look_at_free(image, ret);
	frag_result_set_whole(ret);
	if (r == 0)
		r = scan_groups(&scan);
	return r < 0 ? r : note_what_may_differ(image, ret);
}

static int scan_unmounted(const struct frag_settings *settings, const struct frag_place *place,
			  struct frag_result *ret, struct problem *problem)
{
	CLEANUP(image_close) struct image image = { 0 };
	int r;

	if (place->fd >= 0)
		return -EOPNOTSUPP;
	r = image_open(place->device, &image);
	return r < 0 ? r : xfs_scan_image(settings, place, &image, ret, problem);
}

const struct frag_volume_source volume_xfs_image = { "xfs-image", scan_unmounted };
