/* SPDX-License-Identifier: MIT */
/*
 * Two trees a group: of free runs, and of runs that several files use.  The latter
 * is read at once, before any file, since a file may lie in all groups.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "frag/scan/bytes.h"
#include "base/cleanup.h"
#include "frag/scan/freespace.h"
#include "frag/xfs/xfs.h"
#include "frag/frag.h"

enum {
	FREE_ROOT = 16,
	FREE_LEVELS = 28,
	SHARED_ROOT = 88,
	SHARED_LEVELS = 92,
	SHARED_MAX = 1 << 20, /* 16 MiB */
	BLOCK_MASK = INT32_MAX,
};

struct space {
	const struct xfs_image *image;
	uint32_t group;
	struct free_space *free;
	struct xfs_image *whole; /* gets the shared ones */
	bool is_full;
};

static bool is_inside(const struct space *space, uint32_t block, uint32_t blocks)
{
	uint32_t there = xfs_group_blocks(space->image, space->group);

	return block < there && blocks <= there - block;
}

static int take_free(const void *record, void *context)
{
	const struct space *space = context;
	uint32_t block = get_be32(record, 0), blocks = get_be32(record, 4);

	if (is_inside(space, block, blocks))
		free_space_add(space->free, xfs_place(space->image, space->group, block),
			       (uint64_t)blocks << space->image->block_log);
	return 0;
}

/* Runs that touch are one, whatever the number of their users. */
static int take_shared(const void *record, void *context)
{
	struct space *space = context;
	struct xfs_image *whole = space->whole;
	uint32_t block = get_be32(record, 0), blocks = get_be32(record, 4);
	struct xfs_shared *last;
	struct xfs_shared run;

	/* The upper half of the numbers is for copies on write that are being made. */
	if (block > BLOCK_MASK || get_be32(record, 8) < 2 || !is_inside(space, block, blocks))
		return 0;
	run.from = xfs_place(space->image, space->group, block);
	run.bytes = (uint64_t)blocks << space->image->block_log;
	last = whole->shared_count ? &whole->shared[whole->shared_count - 1] : NULL;
	if (last && last->from + last->bytes >= run.from) {
		last->bytes = run.from + run.bytes - last->from;
		return 0;
	}
	if (whole->shared_count >= SHARED_MAX) {
		space->is_full = true;
		return 0;
	}
	if (ARRAY_ROOM(whole->shared, whole->shared_count) < 0)
		return -ENOMEM;
	whole->shared[whole->shared_count++] = run;
	return 0;
}

struct tree_place {
	enum xfs_tree tree;
	size_t root, levels; /* in the header of the group */
	int (*take)(const void *record, void *context);
};

static int walk_group(struct space *space, const struct tree_place *place, char *header,
		      char *nodes)
{
	struct xfs_walk walk = { .image = space->image,
				 .tree = place->tree,
				 .group = space->group,
				 .nodes = nodes,
				 .each = place->take,
				 .context = space };
	int r = xfs_read_header(space->image, space->group, 1, header);

	if (r == 0)
		r = xfs_walk(&walk, get_be32(header, place->root),
			     get_be32(header, place->levels) - 1);
	return r ? r : walk.damage;
}

static int walk_groups(struct space *space, const struct tree_place *place)
{
	const struct xfs_image *image = space->image;
	CLEANUP(freep) char *header = malloc(image->sector_bytes);
	CLEANUP(freep) char *nodes = calloc(XFS_LEVELS_MAX, image->block_bytes);
	int r = header && nodes ? 0 : -ENOMEM;

	for (uint32_t group = 0; r == 0 && group < image->group_count; group++) {
		space->group = group;
		r = walk_group(space, place, header, nodes);
	}
	return r;
}

int xfs_look_at_free(const struct xfs_image *image, struct frag_result *result)
{
	static const struct tree_place place = { XFS_TREE_FREE, FREE_ROOT, FREE_LEVELS, take_free };
	struct space space = { .image = image, .free = calloc(1, sizeof(*space.free)) };
	int r;

	result->free = space.free;
	if (!space.free)
		return -ENOMEM;
	r = walk_groups(&space, &place);
	free_space_finish(space.free);
	if (r == 0 || r == -ENOMEM)
		return r;
	free(TAKE_PTR(result->free));
	return frag_result_note(result, "The free space is unknown: its trees are damaged.");
}

int xfs_read_shared(struct xfs_image *image)
{
	static const struct tree_place place = { XFS_TREE_SHARED, SHARED_ROOT, SHARED_LEVELS,
						 take_shared };
	struct space space = { .image = image, .whole = image };
	int r = image->has_reflinks ? walk_groups(&space, &place) : 0;

	return r == 0 && space.is_full ? -EUCLEAN : r;
}
