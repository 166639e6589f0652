/* SPDX-License-Identifier: MIT */
/*
 * Inside of this folder: xfs that is not mounted, from what lies on the device.
 * Format: "XFS Algorithms & Data Structures" of the kernel's documentation.
 * Numbers are big endian.  A block's number in the file system (fsblock) holds the
 * number of its allocation group above that of the block in the group.
 */
#ifndef FRAG_XFS_H
#define FRAG_XFS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frag/scan/crew.h"
#include "frag/scan/image.h"
#include "frag/scan/whole_volume.h"

enum {
	XFS_LEVELS_MAX = 12, /* of any tree; the kernel has 9 */
	XFS_CHUNK_INODES = 64,
};

/* A run of blocks that several files use. */
struct xfs_shared {
	uint64_t from; /* bytes of the volume */
	uint64_t bytes;
};

struct xfs_image {
	const struct image *image;
	bool has_checksums; /* version 5 */
	bool has_reflinks;
	bool has_types; /* of files in directories */
	uint32_t block_bytes, sector_bytes, inode_bytes, folder_block_bytes;
	uint8_t block_log, group_log, inodes_log; /* blocks, blocks a group, inodes a block */
	uint32_t group_blocks, group_count;
	uint64_t blocks, realtime_blocks;
	uint64_t root_inode;
	uint64_t internal[5]; /* inodes of the file system itself; 0: none */
	uint64_t log_block;   /* fsblock; 0: on another device */
	uint64_t log_blocks;

	struct xfs_shared *shared; /* sorted; they do not touch */
	size_t shared_count;
	/* Nodes of files' maps that may still be read: no block belongs to two files. */
	atomic_uint_fast64_t map_nodes_left;
};

/* Reads the superblock.  Returns as btrfs_image_open(). */
int xfs_image_open(const struct image *image, const char *name, struct xfs_image **ret,
		   struct problem *problem);
void xfs_image_closep(struct xfs_image **image);

/* Where a block of a group begins on the device, in bytes; not checked. */
uint64_t xfs_place(const struct xfs_image *image, uint32_t group, uint64_t block);

/* Blocks of a group: the last one may be smaller. */
uint32_t xfs_group_blocks(const struct xfs_image *image, uint32_t group);

/* The same of `blocks` from an fsblock on: 0 and *ret_place, or -EUCLEAN. */
int xfs_place_of(const struct xfs_image *image, uint64_t fsblock, uint64_t blocks,
		 uint64_t *ret_place);

/* Whether the checksum at `place` is right, or there are none. */
bool xfs_has_right_sum(const struct xfs_image *image, const void *data, size_t bytes, size_t place);

/* A sector at the start of a group: 1 free space, 2 inodes.  0, -EIO, -EUCLEAN. */
int xfs_read_header(const struct xfs_image *image, uint32_t group, unsigned sector, void *to);

/* ---- trees ---- */

enum xfs_tree { XFS_TREE_INODES, XFS_TREE_FREE, XFS_TREE_SHARED, XFS_TREE_MAP };

struct xfs_walk {
	const struct xfs_image *image;
	enum xfs_tree tree;
	uint32_t group;			  /* of a tree within a group */
	uint64_t owner;			  /* of a file's map: its inode */
	char *nodes;			  /* XFS_LEVELS_MAX blocks */
	atomic_uint_fast64_t *nodes_left; /* that may be read; NULL: as many as there are */
	/* Each record, in order.  Non-zero ends the walk and is returned. */
	int (*each)(const void *record, void *context);
	void *context;
	int damage; /* of the last node that makes no sense: it was left out; 0: none */
};

/* From the node at `pointer` on.  0 (look at walk->damage) or what `each` returned. */
int xfs_walk(struct xfs_walk *walk, uint64_t pointer, unsigned level);

/* The map's root, which lies in the inode itself. */
int xfs_walk_inode(struct xfs_walk *walk, const char *fork, size_t fork_bytes);

/* ---- inodes ---- */

struct xfs_inode {
	uint64_t number, size_bytes, blocks, extents;
	uint32_t links;
	uint16_t mode;
	uint8_t format;
	bool is_realtime, may_share;
	int64_t mtime;
	const char *fork; /* of the data */
	size_t fork_bytes;
};

enum { XFS_FORMAT_LOCAL = 1, XFS_FORMAT_EXTENTS = 2, XFS_FORMAT_TREE = 3 };

/* From its bytes.  1 with *ret, 0 (not in use), -EUCLEAN. */
int xfs_inode_parse(const struct xfs_image *image, uint64_t number, const char *bytes,
		    struct xfs_inode *ret);

/*
 * All inodes in use of one group; `inode` lives until `each` returns.  Inodes and
 * nodes that make no sense go to `damaged`, inode 0 for nodes.
 */
struct xfs_inode_walk {
	const struct xfs_image *image;
	uint32_t group;
	char *nodes; /* XFS_LEVELS_MAX blocks */
	int (*each)(const struct xfs_inode *inode, void *context);
	int (*damaged)(uint64_t inode, int error, void *context);
	void *context;
};

int xfs_inodes(const struct xfs_inode_walk *walk);

/* The extents of an inode, as FIEMAP tells them.  0, -EUCLEAN, -EIO, or what `each` returned. */
int xfs_extents(struct xfs_image *image, const struct xfs_inode *inode, char *nodes, extent_fn each,
		void *context);

/* One of them, by its number; `buffer` takes its bytes.  As xfs_inode_parse(), or -EIO. */
int xfs_inode_read(const struct xfs_image *image, uint64_t number, char *buffer,
		   struct xfs_inode *ret);

/* ---- names ---- */

struct xfs_folders {
	struct xfs_image *image;
	char *folder, *inode; /* an inode each */
	char *block;	      /* of a directory */
	char *nodes;	      /* of its map */
};

/* xfs_folders_close() also after a failure. */
int xfs_folders_open(struct xfs_image *image, struct xfs_folders *ret, struct names_source *names);
void xfs_folders_close(struct xfs_folders *folders);

/* ---- free and shared space ---- */

int xfs_look_at_free(const struct xfs_image *image, struct frag_result *result);

/* Fills image->shared.  0, -ENOMEM, or -EUCLEAN: not all is known. */
int xfs_read_shared(struct xfs_image *image);

/* ---- the log ---- */

/* 1: not empty: what it holds is not in its place yet; 0: empty; -ENODATA: it is elsewhere. */
int xfs_log_is_dirty(const struct xfs_image *image);

/* ---- all of it ---- */

/* As the scan of a source, of an image that is open. */
int xfs_scan_image(const struct frag_settings *settings, const struct frag_place *place,
		   const struct image *source, struct frag_result *ret, struct problem *problem);

#endif
