/* SPDX-License-Identifier: MIT */
/* What there is to know of a file system before its files are looked at. */
#ifndef FRAG_FILESYSTEM_H
#define FRAG_FILESYSTEM_H

#include <stdbool.h>
#include <stdint.h>

struct filesystem_kind {
	const char *name;    /* "ext4" */
	uint64_t run_bytes;  /* the longest run that it can give a file; 0: no such limit */
	bool copies_whole;   /* it needs room for all of the file at once */
	const char *command; /* what rewrites a file in place, before its name; NULL: copy it */
	const char *target;  /* the command's option for a target size; NULL: none */
	const char *caveat;  /* what the command does besides */
};

/* Never NULL: there is a row for all others. */
const struct filesystem_kind *filesystem_kind_find(const char *name);

/* The same of ext4 in a file that maps single blocks, as all do on ext2 and ext3. */
uint64_t filesystem_block_mapped_run(uint64_t block_bytes);

struct filesystem_facts {
	uint64_t device; /* st_dev */
	const struct filesystem_kind *kind;
	uint64_t magic; /* f_type of statfs() */
	uint64_t block_bytes;
	uint64_t blocks;       /* as statfs() tells */
	uint64_t volume_bytes; /* of the block device, or as statvfs tells; 0: not known */
	bool is_flash;	       /* the device says that it does not rotate, or there is none */
	bool is_pseudo;	       /* proc, sysfs and so on: no disk behind it */
};

/* Of the file system that `fd` is on.  0 or -errno. */
int filesystem_look(int fd, struct filesystem_facts *ret);

/* Where the file system of `fd` is mounted; clear it with filesystem_mount_clear(). */
struct filesystem_mount {
	char *device;  /* "/dev/sda1"; NULL: none, or not known */
	char *point;   /* NULL: not known */
	char *type;    /* "ext3"; NULL: not known */
	bool is_whole; /* its top is there, and not a directory of it (bind mounts) */
};

/* 0 or -ENOMEM. */
int filesystem_mount(int fd, struct filesystem_mount *ret);
void filesystem_mount_clear(struct filesystem_mount *mount);

/* Whether a block device (major and minor) rotates: 1, 0, or -ENODATA. */
int filesystem_rotates(uint64_t device);

#endif
