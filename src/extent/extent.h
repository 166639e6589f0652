/* SPDX-License-Identifier: MIT */
/* The extents of a file, by whichever interface the file system supports. */
#ifndef EXTENT_EXTENT_H
#define EXTENT_EXTENT_H

#include <stddef.h>
#include <stdint.h>

enum extent_flags {
	EXTENT_UNWRITTEN = 1 << 0, /* allocated, reads as zeroes */
	EXTENT_DELALLOC = 1 << 1,  /* no address yet: delayed allocation */
	EXTENT_ENCODED =
		1 << 2, /* compressed or encrypted: lengths on the volume and in the file differ */
	EXTENT_SHARED = 1 << 3,	 /* shared with other files */
	EXTENT_INLINE = 1 << 4,	 /* stored in metadata, or packed with others (tail) */
	EXTENT_UNKNOWN = 1 << 5, /* the file system does not report the address */
	EXTENT_LAST = 1 << 6,	 /* the last of the file; not reported by every file system */
	EXTENT_MERGED = 1 << 7,	 /* combined from single blocks by the kernel or the walker */
	/* More specific flags; except for the first, these never occur without one of the above. */
	EXTENT_NOT_ALIGNED = 1 << 8, /* may start or end within a block */
	EXTENT_TAIL = 1 << 9,	     /* inline: a tail packed with others */
	EXTENT_ENCRYPTED = 1 << 10,  /* encoded: encrypted */
};

/* The address is not comparable with others. */
#define EXTENT_NO_ADDRESS (EXTENT_DELALLOC | EXTENT_ENCODED | EXTENT_INLINE | EXTENT_UNKNOWN)

struct extent {
	uint64_t logical; /* offset in the file, bytes */
	/*
	 * Offset on the volume, bytes.  Not valid with EXTENT_NO_ADDRESS, except with
	 * EXTENT_ENCODED alone.
	 */
	uint64_t physical;
	uint64_t bytes;
	uint32_t flags;	     /* enum extent_flags */
	uint64_t disk_bytes; /* length of an encoded extent on the volume, at most `bytes`; 0:
				unknown */
};

/* Whether the start on the volume is known. */
static inline int extent_has_start(const struct extent *extent)
{
	return !(extent->flags & (EXTENT_NO_ADDRESS & ~EXTENT_ENCODED));
}

/* Whether start and end on the volume are known. */
static inline int extent_has_address(const struct extent *extent)
{
	return extent_has_start(extent) &&
	       (!(extent->flags & EXTENT_ENCODED) || extent->disk_bytes);
}

/* The length on the volume, or an upper bound. */
static inline uint64_t extent_disk_bytes(const struct extent *extent)
{
	return extent->flags & EXTENT_ENCODED && extent->disk_bytes ? extent->disk_bytes
								    : extent->bytes;
}

enum extent_source {
	EXTENT_SOURCE_NONE,
	EXTENT_SOURCE_FIEMAP, /* ioctl FS_IOC_FIEMAP, Documentation/filesystems/fiemap.rst */
	EXTENT_SOURCE_FIBMAP, /* ioctl FIBMAP, block by block; needs CAP_SYS_RAWIO */
};

/* "fiemap", "fibmap", "none". */
const char *extent_source_name(enum extent_source source);

/* Called per extent in the order of the file.  A non-zero value ends the walk, which returns it. */
typedef int (*extent_fn)(const struct extent *extent, void *context);

struct extent_walk_options {
	int sync;	/* flush delayed allocation first */
	unsigned batch; /* extents per system call, up to 65536; 0: the default */
};

/*
 * Walks over all extents of `fd`: by FIEMAP, or by FIBMAP if the file system refuses that.  Holes
 * have no extent.  An extent is never empty, does not overlap an earlier one, and does not
 * overflow.  FIBMAP does not show unwritten blocks, packed tails, or blocks past the end of the
 * file.  `options` and `ret_source` may be NULL; *ret_source is the interface that was used.
 * Returns 0, the value of `each`, or -errno: -EOPNOTSUPP (neither interface is supported), -EPERM
 * (FIBMAP needs root), -EIO (the kernel's answers make no progress or are invalid), -EFBIG and
 * -ERANGE (FIBMAP: more than 2^31 blocks in the file, on the volume).
 */
int extent_walk(int fd, const struct extent_walk_options *options, extent_fn each, void *context,
		enum extent_source *ret_source);

#endif
