/* SPDX-License-Identifier: MIT */
/*
 * What the sources of btrfs share.  Trees contain items, sorted by object, type and offset, which
 * the kernel reports.  Formats: linux/btrfs_tree.h.
 */
#ifndef FRAG_BTRFS_H
#define FRAG_BTRFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frag/scan/pipeline.h"
#include "frag/account/free_space.h"
#include "frag/scan/source.h"

/* Not called btrfs_item: linux/btrfs_tree.h has a type of that name. */
struct btree_item {
	uint64_t object, offset;
	uint32_t type;
	const void *data; /* not aligned */
	size_t bytes;
};

/* Non-zero ends the search and is returned. */
typedef int (*btrfs_item_fn)(const struct btree_item *item, void *context);

/*
 * All items of a tree of the file system that `fd` is on, whose objects are from `from` to `to`, in
 * order.  `buffer` comes from btrfs_buffer_new() and belongs to one search at a time.  0, what
 * `each` returned, -ENOENT (no such tree) or another -errno.
 */
int btrfs_search(int fd, void *buffer, uint64_t tree, uint64_t from, uint64_t to,
		 btrfs_item_fn each, void *context);

/* NULL: out of memory. */
void *btrfs_buffer_new(void);

/* ---- paths ---- */

enum { BTRFS_NAME_BYTES = 255 };

struct btrfs_name {
	uint64_t parent; /* the directory */
	uint64_t tree;	 /* of a subvolume: the tree that the directory is in */
	char name[BTRFS_NAME_BYTES + 1];
};

/* 1 with *ret if the item is the name of an inode or a subvolume, or 0. */
int btrfs_name_take(const struct btree_item *item, struct btrfs_name *ret);

/* Finds the paths of directories, and remembers some; for one thread. */
struct btrfs_paths;

/* `top_tree` is the subvolume that lies at `top`.  NULL: out of memory. */
struct btrfs_paths *btrfs_paths_new(int fd, uint64_t top_tree, const char *top);
void btrfs_paths_freep(struct btrfs_paths **paths);

/* Valid until the next call.  NULL: it cannot be found. */
const char *btrfs_path_of(struct btrfs_paths *paths, uint64_t tree, const struct btrfs_name *name);

/* ---- free space ---- */

struct btrfs_data_chunk {
	uint64_t start, end; /* in the address space of the file system */
};

struct btrfs_chunks {
	struct btrfs_data_chunk *data; /* those for data, in order */
	size_t data_count;
	uint64_t profile;      /* of the last one for data */
	uint64_t end;	       /* of the last one of all */
	uint64_t *unallocated; /* bytes of each device that are in no chunk */
	size_t device_count;
};

/* The bytes of data that fit into what is in no chunk; uses it up. */
uint64_t btrfs_chunks_take_rest(struct btrfs_chunks *chunks);

/*
 * The free space that files can have, on all devices.  0, -ENODATA (not known: no free
 * space tree, or no permission), -ENOMEM.
 */
int btrfs_read_free(int fd, uint64_t block_bytes, struct free_space *ret);

/* Fills result->free, or adds a note why it is not known.  0 or -ENOMEM. */
int btrfs_note_free(int fd, struct frag_result *result);

/* ---- extents ---- */

/* The extent in an item of a file.  1 with *ret; 0: a hole, inline data, or an invalid item. */
int btrfs_extent_take(const struct btree_item *item, struct extent *ret);

/* The same of inline data, which FIEMAP reports by whole blocks. */
int btrfs_inline_take(const struct btree_item *item, uint64_t block_bytes, struct extent *ret);

/*
 * Reads the lengths on the volume of compressed extents, which the collector has from FIEMAP.
 * That takes root; for other users lower bounds remain.  0 or -ENOMEM.
 */
int btrfs_measure_encoded(int fd, uint64_t inode, struct frag_collector *collector);

#endif
