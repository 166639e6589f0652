/* SPDX-License-Identifier: MIT */
/*
 * Where a file lies on its volume: one walker over whatever the file system
 * answers to.
 */
#ifndef EXTENT_EXTENT_H
#define EXTENT_EXTENT_H

#include <stddef.h>
#include <stdint.h>

enum extent_flags {
	EXTENT_UNWRITTEN = 1 << 0, /* allocated, reads as zeroes */
	EXTENT_DELALLOC = 1 << 1,  /* no address yet: delayed allocation */
	EXTENT_ENCODED =
		1 << 2, /* compressed or encrypted: the address does not count bytes of the file */
	EXTENT_SHARED = 1 << 3,	 /* other files use these blocks too */
	EXTENT_INLINE = 1 << 4,	 /* inside metadata or packed with others (tail) */
	EXTENT_UNKNOWN = 1 << 5, /* the file system does not tell the address */
	EXTENT_LAST = 1 << 6,	 /* the last of the file; not every file system tells */
	EXTENT_MERGED = 1 << 7, /* put together by the kernel or by the walker from single blocks */
	/* Finer words for some of the above; these never stand alone, but for the first. */
	EXTENT_NOT_ALIGNED = 1 << 8, /* may begin or end within a block */
	EXTENT_TAIL = 1 << 9,	     /* of the inline ones: a tail packed with others */
	EXTENT_ENCRYPTED = 1 << 10,  /* of the encoded ones */
};

/* The address cannot be compared with others. */
#define EXTENT_NO_ADDRESS (EXTENT_DELALLOC | EXTENT_ENCODED | EXTENT_INLINE | EXTENT_UNKNOWN)

struct extent {
	uint64_t logical; /* offset in the file, bytes */
	/* Offset on the volume, bytes; no meaning with EXTENT_NO_ADDRESS, but for EXTENT_ENCODED
	 * alone. */
	uint64_t physical;
	uint64_t bytes;
	uint32_t flags;	     /* enum extent_flags */
	uint64_t disk_bytes; /* length on the volume of an encoded one; 0: not known, at most
				`bytes` */
};

/* Whether it is known where the extent starts. */
static inline int extent_has_start(const struct extent *extent)
{
	return !(extent->flags & (EXTENT_NO_ADDRESS & ~EXTENT_ENCODED));
}

/* Whether it is known where the extent starts and where it ends. */
static inline int extent_has_address(const struct extent *extent)
{
	return extent_has_start(extent) &&
	       (!(extent->flags & EXTENT_ENCODED) || extent->disk_bytes);
}

/* Its length on the volume, or the most that it can be. */
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

/* Called for each extent in the order of the file; non-zero ends the walk and is returned by it. */
typedef int (*extent_fn)(const struct extent *extent, void *context);

struct extent_walk_options {
	int sync;	/* have delayed allocation done first */
	unsigned batch; /* extents a call, up to 65536; 0: the default */
};

/*
 * Walks over all extents of `fd`: FIEMAP, and FIBMAP where the file system
 * refuses that.  A hole has no extent; an extent is never empty, overlaps none
 * before it, and overflows nowhere.  FIBMAP sees neither unwritten ranges nor
 * packed tails nor what lies past the end of the file.  Returns 0, what `each`
 * returned, or -errno: -EOPNOTSUPP (neither is answered), -EPERM (FIBMAP needs
 * root), -EIO (the kernel makes no progress or no sense), -EFBIG and -ERANGE
 * (FIBMAP: more than 2^31 blocks in the file, on the volume).  `options` may be
 * NULL; *ret_source (may be NULL) says who answered.
 */
int extent_walk(int fd, const struct extent_walk_options *options, extent_fn each, void *context,
		enum extent_source *ret_source);

#endif
