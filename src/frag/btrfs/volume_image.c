/* SPDX-License-Identifier: MIT */
/*
 * btrfs as a whole, not mounted: the same scan, over nodes that are read here,
 * which needs permission to read the image and nothing else.
 */
#include <errno.h>
#include <linux/magic.h>
#include <linux/btrfs_tree.h>
#include <stdio.h>

#include "frag/btrfs/btrfs.h"
#include "base/cleanup.h"
#include "frag/frag.h"

static void learn(const struct frag_place *place, const struct btrfs_image *image,
		  struct frag_result *result)
{
	struct filesystem_facts *facts = &result->facts;

	*facts = place->facts;
	facts->kind = filesystem_kind_find("btrfs");
	facts->magic = BTRFS_SUPER_MAGIC;
	facts->block_bytes = image->block_bytes;
	facts->volume_bytes = image->device_bytes;
	if (result->totals.map)
		map_init(result->totals.map, facts->volume_bytes);
}

static int note_damage(const struct btrfs_image *image, struct totals *totals)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < image->damage_count; i++) {
		char name[48];

		snprintf(name, sizeof(name), "node at %llu",
			 (unsigned long long)image->damage[i].node);
		r = totals_add_unreadable(totals, name, -image->damage[i].error);
	}
	return r;
}

static int note_what_may_differ(const struct btrfs_image *image, struct frag_result *result)
{
	int r = 0;

	if (image->image->is_mounted)
		r = frag_result_note(result, "The device is mounted and can have changed while it "
					     "was read; name the mount point instead.");
	if (r == 0 && image->has_log)
		r = frag_result_note(result, "May be out of date: the log of what fsync() wrote "
					     "last was not replayed.");
	return r;
}

int btrfs_scan_image(const struct frag_settings *settings, const struct frag_place *place,
		     const struct image *source, struct frag_result *ret, struct problem *problem)
{
	CLEANUP(btrfs_image_closep) struct btrfs_image *image = NULL;
	struct btrfs_trees trees;
	int r = btrfs_image_open(source, place->path, &image, problem);

	if (r < 0)
		return r;
	learn(place, image, ret);
	trees = btrfs_unmounted(image);
	r = btrfs_look_at_free(&trees, ret);
	if (r == 0)
		r = btrfs_scan(&trees, settings, BTRFS_FS_TREE_OBJECTID, "", ret);
	if (r == 0)
		r = note_damage(image, &ret->totals);
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
	return r < 0 ? r : btrfs_scan_image(settings, place, &image, ret, problem);
}

const struct frag_volume_source volume_btrfs_image = { "btrfs-image", scan_unmounted };
