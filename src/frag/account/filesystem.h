/* SPDX-License-Identifier: MIT */
/* Properties of the file systems of files. */
#ifndef FRAG_FILESYSTEM_H
#define FRAG_FILESYSTEM_H

#include <stdbool.h>
#include <stdint.h>

struct filesystem_kind {
	const char *name;    /* "ext4" */
	uint64_t run_bytes;  /* the longest run that a file can have; 0: no limit */
	bool copies_whole;   /* the command needs free space for all of the file at once */
	const char *command; /* rewrites a file in place; NULL: copy it */
	const char *target;  /* the command's option for a target size; NULL: none */
	const char *caveat;  /* side effects of the command */
};

/* Never NULL: there is a row for all others. */
const struct filesystem_kind *filesystem_kind_find(const char *name);

/* The run_bytes of a file that maps single blocks, as all do on ext2 and ext3. */
uint64_t filesystem_block_mapped_run(uint64_t block_bytes);

struct filesystem_facts {
	uint64_t device; /* st_dev */
	const struct filesystem_kind *kind;
	uint64_t magic; /* f_type of statfs() */
	uint64_t block_bytes;
	uint64_t blocks;       /* of statfs() */
	uint64_t volume_bytes; /* of the block device, or of statfs(); 0: not known */
	bool is_flash;	       /* the device reports that it does not rotate, or there is none */
	bool is_pseudo;	       /* proc, sysfs and so on: no disk behind it */
};

/* Reads the facts of the file system that `fd` is on.  0 or -errno. */
int filesystem_read(int fd, struct filesystem_facts *ret);

/* Where the file system of `fd` is mounted; clear it with filesystem_mount_clear(). */
struct filesystem_mount {
	char *device;  /* "/dev/sda1"; NULL: none, or not known */
	char *point;   /* NULL: not known */
	char *type;    /* "ext3"; NULL: not known */
	bool is_whole; /* the top of the file system is mounted, not a directory of it (bind mounts)
			*/
};

/* 0 or -ENOMEM. */
int filesystem_mount(int fd, struct filesystem_mount *ret);
void filesystem_mount_clear(struct filesystem_mount *mount);

/* Whether a block device (major and minor) rotates: 1, 0, or -ENODATA. */
int filesystem_rotates(uint64_t device);

/*
 * ---- those of a scan ----
 *
 * For its advice: each file gets the command of its own file system, and is worth rewriting only
 * where the free space allows a better layout.  Free space is read when it is first asked for,
 * once.  Thread-safe.
 */

struct free_space;

struct filesystems;

/* `cancel_fd`: once readable, no free space is read; -1: none.  NULL: out of memory. */
struct filesystems *filesystems_new(int cancel_fd);
void filesystems_free(struct filesystems *filesystems);

/* Adds the file system that `fd` is on, if there is room; duplicates `fd`. */
void filesystems_add(struct filesystems *filesystems, const struct filesystem_facts *facts, int fd);

/*
 * Sets the file system of all files, for any device.  `facts` and `space` are borrowed; `space`
 * NULL: not known.
 */
void filesystems_set_whole(struct filesystems *filesystems, const struct filesystem_facts *facts,
			   const struct free_space *space);

/* NULL: not one of them. */
const struct filesystem_facts *filesystems_facts(const struct filesystems *filesystems,
						 uint64_t device);

/* The free space that filesystems_least_fragments() has used; NULL: none. */
const struct free_space *filesystems_space(const struct filesystems *filesystems, uint64_t device);

/*
 * The minimum number of fragments of a file of that size if it is rewritten now.  0: it does not
 * fit; or FRAGMENTS_UNKNOWN.
 */
#define FRAGMENTS_UNKNOWN UINT64_MAX
uint64_t filesystems_least_fragments(struct filesystems *filesystems, uint64_t device,
				     uint64_t bytes);

#endif
