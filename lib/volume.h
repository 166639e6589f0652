/* SPDX-License-Identifier: MIT */
/* What the file system under a file is like. */
#ifndef PREALLOC_VOLUME_H
#define PREALLOC_VOLUME_H

#include <stdint.h>

/* Has it room for data at all?  /proc and its likes have not. */
int volume_stores(int fd);

/* The least that it allocates for this file, bytes. */
uint64_t volume_granule(int fd);

/*
 * -ENOSPC if it is known that `bytes` do not fit, else 0.  With `written` counts
 * the pointer blocks too that ext2 and ext3 need.
 */
int volume_has_room(int fd, uint64_t bytes, int written);

/* What the same takes, in bytes, as far as that function knows. */
uint64_t volume_needed(int fd, uint64_t bytes);

/*
 * What [offset, end) of a file without blocks takes, with the pointer blocks.  `fd` may
 * be the directory that it is going to be in.
 */
uint64_t volume_needed_by_new(int fd, uint64_t offset, uint64_t end);

/* What the calling process may still allocate there. */
struct volume_room {
	uint64_t bytes, files; /* UINT64_MAX: no bound is known */
	int exact;	       /* 0: an estimate */
};

/* 0 or -errno. */
int volume_room(int fd, struct volume_room *ret);

/* Equal for all files that have their space from the same file system. */
struct volume_identity {
	uint64_t device;
	unsigned char fsid[16];
};

/* 0 or -errno. */
int volume_identify(int fd, struct volume_identity *ret);

/* enum prealloc_risks, but for PREALLOC_RISK_SHARED. */
uint32_t volume_risks(int fd);

/* Does a fallocate() that succeeds reserve anything? */
int volume_reserves(int fd);

/*
 * Is the file mapped by blocks of pointers (ext2, ext3, some of ext4)?  There FIEMAP takes
 * half a millisecond for what lies past the end, and fallocate() is not supported.  `fd`
 * may be a directory.
 */
int volume_maps_by_pointers(int fd);

/* May FIEMAP be asked?  On nilfs2 (Linux 6.1) it never returns where pages are dirty. */
int volume_shows_extents(int fd);

/* Is a file without a hole by SEEK_HOLE one without holes?  Where FIEMAP is not supported. */
int volume_reports_holes(int fd);

/* Is the block count (st_blocks) what the file takes, and not computed from its length? */
int volume_counts_blocks(int fd);

/* May it only be appended to (chattr +a)? */
int volume_is_append_only(int fd);

/* Is it ext2, ext3 or ext4?  There the count of blocks is exact, with its metadata. */
int volume_is_ext(int fd);

/* The attributes before a hint, to be put back. */
struct volume_hint {
	enum { HINT_NONE, HINT_NOCOW, HINT_EXTENT_SIZE } kind;
	int old_flags;
	uint32_t old_xflags, old_extent_bytes;
};

/* Gives the hint if this file system takes one. */
void volume_hint(int fd, uint64_t extent_bytes, struct volume_hint *ret);
void volume_unhint(int fd, const struct volume_hint *hint);

#endif
