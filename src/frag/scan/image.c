/* SPDX-License-Identifier: MIT */
/*
 * A message has to say what to do with an encrypted device or the image of a virtual machine.
 * libblkid knows the formats of devices.  Formats that are only used for files are recognised
 * by their first bytes here.
 */
#include "frag/scan/image.h"

#include <blkid/blkid.h>
#include <endian.h>
#include <errno.h>
#include <ext2fs/ext2fs.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/problem.h"
#include "frag/frag.h"

/* ---- formats of files ---- */

#define CONVERT "convert it (qemu-img convert -O raw) and name the result"
#define UNPACK(program) "unpack it (" program ") and name the result"

enum { MAGIC_BYTES = 8, VDI_AT = 64 };

static const struct format {
	unsigned at, bytes;
	char magic[MAGIC_BYTES + 1];
	const char *name, *advice;
} formats[] = {
	{ 0, 4, "QFI\xfb", "a disk image in the format qcow2", CONVERT },
	{ 0, 4, "KDMV", "a disk image in the format vmdk", CONVERT },
	{ VDI_AT, 4, "\x7f\x10\xda\xbe", "a disk image in the format vdi", CONVERT },
	{ 0, 8, "vhdxfile", "a disk image in the format vhdx", CONVERT },
	{ 0, 8, "conectix", "a disk image in the format vpc", CONVERT },
	{ 0, 4, "QED", "a disk image in the format qed", CONVERT },
	{ 0, 8, "WithouFr", "a disk image in the format parallels", CONVERT },
	{ 0, 8, "\x8b\x66\x95\x72\xe2\x25\x5c\xbd", "a dump made by btrfs-image",
	  "restore it (btrfs-image -r) and name the result" },
	{ 0, 4, "XFSM", "a dump made by xfs_metadump",
	  "restore it (xfs_mdrestore) and name the result" },
	{ 0, 4, "XMD2", "a dump made by xfs_metadump",
	  "restore it (xfs_mdrestore) and name the result" },
	{ 0, 8,
	  "\x10\xb7\x2b\x7f"
	  "Ext2",
	  "a dump made by e2image", "make a raw one (e2image -r) and name that" },
	{ 0, 2, "\x1f\x8b", "compressed", UNPACK("gzip -d") },
	{ 0, 6,
	  "\xfd"
	  "7zXZ",
	  "compressed", UNPACK("xz -d") },
	{ 0, 4, "\x28\xb5\x2f\xfd", "compressed", UNPACK("zstd -d") },
	{ 0, 3, "BZh", "compressed", UNPACK("bzip2 -d") },
};

static const struct format *find_format(int fd)
{
	char start[VDI_AT + MAGIC_BYTES] = { 0 };
	ssize_t bytes = pread(fd, start, sizeof(start), 0);

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (bytes >= (ssize_t)(formats[i].at + formats[i].bytes) &&
		    memcmp(start + formats[i].at, formats[i].magic, formats[i].bytes) == 0)
			return &formats[i];
	return NULL;
}

/* ---- formats of devices ---- */

static const struct {
	const char *type, *sentence;
} types[] = {
	{ "crypto_LUKS", "is encrypted with LUKS; open it (cryptsetup open --readonly) and name "
			 "its /dev/mapper device" },
	{ "BitLocker", "is encrypted with BitLocker; open it (cryptsetup open --type bitlk "
		       "--readonly) and name its /dev/mapper device" },
	{ "LVM2_member", "is a physical volume of LVM; activate the volume group (vgchange -ay) "
			 "and name a logical volume" },
	{ "zfs_member", "belongs to a pool of ZFS; import it (zpool import -o readonly=on) and "
			"name its mount point" },
	{ "swap", "is swap space and has no files" },
};

static void probe_freep(blkid_probe *probe)
{
	blkid_free_probe(*probe);
}

/* `usage`: only signatures of that use; 0: all, and partition tables.  NULL: it failed. */
static blkid_probe probe_range(int fd, uint64_t start_bytes, uint64_t bytes, int usage)
{
	CLEANUP(probe_freep) blkid_probe probe = blkid_new_probe();

	if (!probe ||
	    blkid_probe_set_device(probe, fd, (blkid_loff_t)start_bytes, (blkid_loff_t)bytes) < 0)
		return NULL;
	blkid_probe_enable_superblocks(probe, 1);
	blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_USAGE);
	if (usage)
		blkid_probe_filter_superblocks_usage(probe, BLKID_FLTR_ONLYIN, usage);
	else
		blkid_probe_enable_partitions(probe, 1);
	return TAKE_PTR(probe);
}

static blkid_probe probe_new(int fd, int usage)
{
	return probe_range(fd, 0, 0, usage);
}

/* "": there is no such value. */
static const char *value_of(blkid_probe probe, const char *name)
{
	const char *value;

	return blkid_probe_lookup_value(probe, name, &value, NULL) < 0 ? "" : value;
}

static int refuse_known(const char *path, blkid_probe probe, struct problem *problem)
{
	const char *type = value_of(probe, "TYPE"), *table = value_of(probe, "PTTYPE");
	const char *usage = value_of(probe, "USAGE");

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (strcmp(type, types[i].type) == 0)
			return problem_set(problem, PROBLEM_VERDICT, EOPNOTSUPP, "%s %s", path,
					   types[i].sentence);
	if (strcmp(usage, "raid") == 0)
		return problem_set(problem, PROBLEM_VERDICT, EOPNOTSUPP,
				   "%s is a member of a RAID or pool (%s); assemble it (mdadm "
				   "--assemble --readonly, or its own tool) and name its device or "
				   "mount point",
				   path, type);
	if (!*type && *table)
		return problem_set(
			problem, PROBLEM_VERDICT, EOPNOTSUPP,
			"%s is a whole disk with a partition table (%s); choose one of its "
			"partitions with --partition",
			path, table);
	return problem_set(
		problem, PROBLEM_LACK, EOPNOTSUPP,
		"%s contains %s; mount it (mount -o ro,loop), if this machine can, and name "
		"the mount point",
		path, *type ? type : "nothing known");
}

int image_refuse(const char *path, struct problem *problem)
{
	CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	CLEANUP(probe_freep) blkid_probe probe = NULL;
	const struct format *format;

	if (fd < 0)
		return problem_set(problem, PROBLEM_VERDICT, errno, "%s: cannot be opened: %s",
				   path, strerror(errno));
	if (lseek(fd, 0, SEEK_END) == 0)
		return problem_set(problem, PROBLEM_VERDICT, EOPNOTSUPP, "%s is empty", path);
	format = find_format(fd);
	if (format)
		return problem_set(problem, PROBLEM_VERDICT, EOPNOTSUPP, "%s is %s; %s", path,
				   format->name, format->advice);
	probe = probe_new(fd, 0);
	if (!probe)
		return -ENOMEM;
	blkid_do_probe(probe);
	return refuse_known(path, probe, problem);
}

int image_note_member(const char *path, struct frag_result *result)
{
	CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	CLEANUP(probe_freep) blkid_probe probe = NULL;

	if (fd >= 0)
		probe = probe_new(fd, BLKID_USAGE_RAID);
	if (!probe || blkid_do_probe(probe) != 0)
		return 0;
	return frag_result_note(
		result,
		"It is also marked as a member of a RAID: if that is not a mirror, it contains "
		"only a part of the file system; assemble the RAID and name its device.");
}

/* O_EXCL fails for a mounted device; for a regular file it has no effect. */
bool image_is_mounted(const char *path)
{
	CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_EXCL | O_CLOEXEC);

	return fd < 0 && errno == EBUSY;
}

/* ---- which file system, and in which partition ---- */

enum { SECTOR_BYTES = 512, NUMBERS_BYTES = 256 };

static int no_partition(const char *path, unsigned number, blkid_partlist list,
			struct problem *problem)
{
	char numbers[NUMBERS_BYTES] = "";
	int count = blkid_partlist_numof_partitions(list);

	for (int i = 0; i < count; i++) {
		size_t used = strlen(numbers);

		snprintf(numbers + used, sizeof(numbers) - used, "%s%d", i ? ", " : "",
			 blkid_partition_get_partno(blkid_partlist_get_partition(list, i)));
	}
	return problem_set(problem, PROBLEM_USAGE, EINVAL, "%s has no partition %u; it has %s",
			   path, number, count ? numbers : "none");
}

static int find_partition(int fd, const char *path, unsigned number, struct image *image,
			  struct problem *problem)
{
	CLEANUP(probe_freep) blkid_probe probe = blkid_new_probe();
	blkid_partition partition;
	blkid_partlist list;

	if (!probe || blkid_probe_set_device(probe, fd, 0, 0) < 0)
		return -ENOMEM;
	list = blkid_probe_get_partitions(probe);
	if (!list)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "%s has no partition table; leave out --partition", path);
	partition = blkid_partlist_get_partition_by_partno(list, (int)number);
	if (!partition)
		return no_partition(path, number, list, problem);
	image->start_bytes = (uint64_t)blkid_partition_get_start(partition) * SECTOR_BYTES;
	image->bytes = (uint64_t)blkid_partition_get_size(partition) * SECTOR_BYTES;
	return 0;
}

/* Its log has to be replayed before it is up to date. */
static bool has_dirty_log(int fd, const struct image *image)
{
	uint64_t at = image->start_bytes + SUPERBLOCK_OFFSET +
		      offsetof(struct ext2_super_block, s_feature_incompat);
	uint32_t features;

	return strncmp(image->type, "ext", 3) == 0 &&
	       io_read_at(fd, at, &features, sizeof(features)) == 0 &&
	       le32toh(features) & EXT3_FEATURE_INCOMPAT_RECOVER;
}

static int find_type(int fd, const char *path, struct image *image)
{
	CLEANUP(probe_freep)
	blkid_probe probe =
		probe_range(fd, image->start_bytes, image->bytes, BLKID_USAGE_FILESYSTEM);

	if (!probe)
		return -ENOMEM;
	if (blkid_do_probe(probe) != 0)
		return 0;
	image->type = strdup(value_of(probe, "TYPE"));
	if (!image->type)
		return -ENOMEM;
	/* The log of a mounted file system is always dirty, and the kernel replays it. */
	image->has_dirty_log = has_dirty_log(fd, image) && !image_is_mounted(path);
	return 0;
}

int image_read(const char *path, unsigned partition, struct image *ret, struct problem *problem)
{
	CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	CLEANUP(image_clear) struct image image = { 0 };
	struct stat status;
	int r = 0;

	if (fd < 0 || fstat(fd, &status) < 0)
		return problem_set(problem, PROBLEM_VERDICT, errno, "%s: cannot be opened: %s",
				   path, strerror(errno));
	if (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode))
		return partition ? problem_set(problem, PROBLEM_USAGE, EINVAL,
					       "--partition is for an image of a disk, and %s is "
					       "none",
					       path)
				 : 0;
	if (partition)
		r = find_partition(fd, path, partition, &image, problem);
	if (r == 0)
		r = find_type(fd, path, &image);
	if (r < 0)
		return r;
	*ret = image;
	image = (struct image) { 0 };
	return 0;
}

void image_clear(struct image *image)
{
	free(image->type);
	image->type = NULL;
}
