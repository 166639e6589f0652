/* SPDX-License-Identifier: MIT */
/* Properties of the file system of a file. */
#ifndef PREALLOC_VOLUME_H
#define PREALLOC_VOLUME_H

#include <stdint.h>

/* Whether it stores data. /proc and similar file systems do not. */
int volume_stores(int fd);

/* The allocation unit for this file, bytes. */
uint64_t volume_granule(int fd);

/*
 * -ENOSPC if `bytes` are known not to fit, else 0.  With `written`, includes the pointer blocks of
 * ext2 and ext3.
 */
int volume_has_room(int fd, uint64_t bytes, int written);

/* The number of bytes that this needs, as far as volume_has_room() knows. */
uint64_t volume_needed(int fd, uint64_t bytes);

/*
 * The number of bytes that [offset, end) of a file without blocks needs, with pointer blocks.
 * `fd` may be the future directory of the file.
 */
uint64_t volume_needed_by_new(int fd, uint64_t offset, uint64_t end);

/* What the calling process may still allocate. */
struct volume_room {
	uint64_t bytes, files; /* UINT64_MAX: no limit is known */
	int exact;	       /* 0: an estimate */
};

/* 0 or -errno. */
int volume_room(int fd, struct volume_room *ret);

/* Equal for all files that share the free space of one file system. */
struct volume_identity {
	uint64_t device;
	unsigned char fsid[16];
};

/* 0 or -errno. */
int volume_identify(int fd, struct volume_identity *ret);

/* enum prealloc_risks, without PREALLOC_RISK_SHARED. */
uint32_t volume_risks(int fd);

/* Whether a successful fallocate() reserves space. */
int volume_reserves(int fd);

/*
 * Whether the file is mapped by pointer blocks (ext2, ext3, some of ext4).  There FIEMAP past the
 * end takes half a millisecond, and fallocate() is not supported.  `fd` may be a directory.
 */
int volume_maps_by_pointers(int fd);

/* Whether FIEMAP can be used.  On nilfs2 (Linux 6.1) it never returns if pages are dirty. */
int volume_shows_extents(int fd);

/* Whether a file without holes by SEEK_HOLE really has none, if FIEMAP is not supported. */
int volume_reports_holes(int fd);

/*
 * Whether the block count (st_blocks) is what the file occupies, and not computed from its length.
 */
int volume_counts_blocks(int fd);

/* Whether the file is append-only (chattr +a). */
int volume_is_append_only(int fd);

/* Whether this is ext2, ext3 or ext4, whose block count is exact and includes metadata. */
int volume_is_ext(int fd);

/* The attributes before a hint, to restore them. */
struct volume_hint {
	enum { HINT_NONE, HINT_NOCOW, HINT_EXTENT_SIZE } kind;
	int old_flags;
	uint32_t old_xflags, old_extent_bytes;
};

/* Sets the hint if this file system has one. */
void volume_hint(int fd, uint64_t extent_bytes, struct volume_hint *ret);
void volume_unhint(int fd, const struct volume_hint *hint);

/* ---- memory, for file systems in memory (memory.c) ---- */

/* The bytes that still fit into memory and swap.  UINT64_MAX: unknown. */
uint64_t memory_room(void);

#endif
