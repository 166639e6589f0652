/* SPDX-License-Identifier: MIT */
/*
 * The superblock of xfs, and where things lie.  Its fields and those of other
 * structures are named by their places: the headers of xfsprogs change their names
 * from release to release, the places stay.
 *
 * Only features that change what is read here matter.  Later ones than those known
 * are refused, since nobody can tell what they change.
 */
#include <errno.h>
#include <stdlib.h>

#include "frag/scan/bytes.h"
#include "base/cleanup.h"
#include "frag/xfs/xfs.h"
#include "frag/frag.h"

enum {
	SUPER_BYTES = 512,
	SUPER_BLOCK_BYTES = 4,
	SUPER_BLOCKS = 8,
	SUPER_REALTIME_BLOCKS = 16,
	SUPER_LOG_BLOCK = 48,
	SUPER_ROOT_INODE = 56,
	SUPER_BITMAP_INODE = 64,
	SUPER_SUMMARY_INODE = 72,
	SUPER_GROUP_BLOCKS = 84,
	SUPER_GROUP_COUNT = 88,
	SUPER_LOG_BLOCKS = 96,
	SUPER_VERSION = 100,
	SUPER_SECTOR_BYTES = 102,
	SUPER_INODE_BYTES = 104,
	SUPER_BLOCK_LOG = 120,
	SUPER_INODES_LOG = 123,
	SUPER_GROUP_LOG = 124,
	SUPER_USER_QUOTA = 160,
	SUPER_GROUP_QUOTA = 168,
	SUPER_FOLDER_LOG = 192,
	SUPER_FEATURES2 = 200,
	SUPER_RO_COMPAT = 212,
	SUPER_INCOMPAT = 216,
	SUPER_SUM = 224,
	SUPER_PROJECT_QUOTA = 232,

	VERSION_MASK = 0xf,
	FEATURES2_TYPES = 1 << 9,
	RO_COMPAT_REFLINK = 1 << 2,
	INCOMPAT_TYPES = 1 << 0,
	/* ... sparse inodes, times, extent counters, exchange, parents, metadata folder */
	INCOMPAT_KNOWN = 0x1ff,

	HEADER_SUM_FREE = 216,
	HEADER_SUM_INODES = 312,
	HEADER_GROUP = 8,
};

static const uint32_t super_magic = 0x58465342;				  /* XFSB */
static const uint32_t free_magic = 0x58414746, inodes_magic = 0x58414749; /* XAGF, XAGI */

uint64_t xfs_place(const struct xfs_image *image, uint32_t group, uint64_t block)
{
	return ((uint64_t)group * image->group_blocks + block) << image->block_log;
}

uint32_t xfs_group_blocks(const struct xfs_image *image, uint32_t group)
{
	uint64_t before = (uint64_t)group * image->group_blocks;

	if (image->blocks - before < image->group_blocks)
		return (uint32_t)(image->blocks - before);
	return image->group_blocks;
}

int xfs_place_of(const struct xfs_image *image, uint64_t fsblock, uint64_t blocks,
		 uint64_t *ret_place)
{
	uint64_t group = fsblock >> image->group_log;
	uint64_t block = fsblock & ((1ull << image->group_log) - 1);
	uint32_t there;

	if (group >= image->group_count)
		return -EUCLEAN;
	there = xfs_group_blocks(image, (uint32_t)group);
	if (block >= there || blocks > there - block)
		return -EUCLEAN;
	*ret_place = xfs_place(image, (uint32_t)group, block);
	return 0;
}

bool xfs_has_right_sum(const struct xfs_image *image, const void *data, size_t bytes, size_t place)
{
	if (!image->has_checksums || image->image->ignores_checksums)
		return true;
	return get_le32(data, place) == image_checksum_around(data, bytes, place);
}

int xfs_read_header(const struct xfs_image *image, uint32_t group, unsigned sector, void *to)
{
	bool is_free = sector == 1;
	int r = image->image->read(image->image,
				   xfs_place(image, group, 0) + sector * image->sector_bytes, to,
				   image->sector_bytes);

	if (r < 0)
		return r;
	if (get_be32(to, 0) != (is_free ? free_magic : inodes_magic) ||
	    get_be32(to, HEADER_GROUP) != group ||
	    !xfs_has_right_sum(image, to, image->sector_bytes,
			       is_free ? HEADER_SUM_FREE : HEADER_SUM_INODES))
		return -EUCLEAN;
	return 0;
}

/* ---- the superblock ---- */

static void learn(struct xfs_image *image, const char *super)
{
	static const size_t internal[] = { SUPER_BITMAP_INODE, SUPER_SUMMARY_INODE,
					   SUPER_USER_QUOTA, SUPER_GROUP_QUOTA,
					   SUPER_PROJECT_QUOTA };

	image->block_bytes = get_be32(super, SUPER_BLOCK_BYTES);
	image->sector_bytes = get_be16(super, SUPER_SECTOR_BYTES);
	image->inode_bytes = get_be16(super, SUPER_INODE_BYTES);
	image->block_log = get_u8(super, SUPER_BLOCK_LOG);
	image->group_log = get_u8(super, SUPER_GROUP_LOG);
	image->inodes_log = get_u8(super, SUPER_INODES_LOG);
	image->group_blocks = get_be32(super, SUPER_GROUP_BLOCKS);
	image->group_count = get_be32(super, SUPER_GROUP_COUNT);
	image->blocks = get_be64(super, SUPER_BLOCKS);
	image->realtime_blocks = get_be64(super, SUPER_REALTIME_BLOCKS);
	image->root_inode = get_be64(super, SUPER_ROOT_INODE);
	image->log_block = get_be64(super, SUPER_LOG_BLOCK);
	image->log_blocks = get_be32(super, SUPER_LOG_BLOCKS);
	image->folder_block_bytes = image->block_bytes << (get_u8(super, SUPER_FOLDER_LOG) & 7);
	image->has_types = get_be32(super, SUPER_FEATURES2) & FEATURES2_TYPES;
	for (size_t i = 0; i < ARRAY_SIZE(internal); i++)
		image->internal[i] = get_be64(super, internal[i]);
	atomic_init(&image->map_nodes_left, image->blocks);
	if (!image->has_checksums)
		return;
	image->has_types = get_be32(super, SUPER_INCOMPAT) & INCOMPAT_TYPES;
	image->has_reflinks = get_be32(super, SUPER_RO_COMPAT) & RO_COMPAT_REFLINK;
}

static bool makes_sense(const struct xfs_image *image)
{
	uint64_t before = (uint64_t)(image->group_count - 1) * image->group_blocks;

	return is_power_between(image->block_bytes, 512, 65536) &&
	       image->block_bytes == 1ull << (image->block_log & 31) &&
	       is_power_between(image->sector_bytes, 512, 32768) &&
	       is_power_between(image->inode_bytes, 256, 2048) &&
	       image->inode_bytes <= image->block_bytes && image->inodes_log < 16 &&
	       image->inode_bytes << image->inodes_log == image->block_bytes &&
	       image->folder_block_bytes <= 65536 && image->group_count && image->group_blocks &&
	       image->group_log < 32 && image->group_blocks <= 1ull << image->group_log &&
	       image->blocks > before && image->blocks - before <= image->group_blocks &&
	       image->blocks < 1ull << 52;
}

static int read_super(struct xfs_image *image, char super[static SUPER_BYTES])
{
	CLEANUP(freep) char *sector = NULL;
	uint32_t bytes;

	if (image->image->read(image->image, 0, super, SUPER_BYTES) < 0 ||
	    get_be32(super, 0) != super_magic)
		return -EOPNOTSUPP;
	image->has_checksums = (get_be16(super, SUPER_VERSION) & VERSION_MASK) == 5;
	learn(image, super);
	if (!makes_sense(image))
		return -EUCLEAN;
	bytes = image->sector_bytes;
	sector = malloc(bytes);
	if (!sector)
		return -ENOMEM;
	if (image->image->read(image->image, 0, sector, bytes) < 0 ||
	    !xfs_has_right_sum(image, sector, bytes, SUPER_SUM))
		return -EUCLEAN;
	return 0;
}

static int refuse(const char *name, const char *why, struct problem *problem)
{
	return problem_set(problem, PROBLEM_LACK, EOPNOTSUPP,
			   "%s: its xfs %s; mount it and name the mount point", name, why);
}

static int open_super(struct xfs_image *image, const char *name, struct problem *problem)
{
	char super[SUPER_BYTES];
	int r = read_super(image, super);
	unsigned version;

	if (r == -EOPNOTSUPP || r == -ENOMEM)
		return r;
	if (r < 0)
		return problem_set(problem, PROBLEM_VERDICT, EBADMSG,
				   "%s: its superblock is damaged; run xfs_repair -n", name);
	version = get_be16(super, SUPER_VERSION) & VERSION_MASK;
	if (version != 4 && version != 5)
		return refuse(name, "has an unknown version", problem);
	if (version == 5 && get_be32(super, SUPER_INCOMPAT) & ~(uint32_t)INCOMPAT_KNOWN)
		return refuse(name, "has unknown features", problem);
	return 0;
}

int xfs_image_open(const struct image *source, const char *name, struct xfs_image **ret,
		   struct problem *problem)
{
	CLEANUP(xfs_image_closep) struct xfs_image *image = calloc(1, sizeof(*image));
	int r;

	if (!image)
		return -ENOMEM;
	image->image = source;
	r = open_super(image, name, problem);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(image);
	return 0;
}

void xfs_image_closep(struct xfs_image **image)
{
	if (*image)
		free((*image)->shared);
	free(*image);
}
