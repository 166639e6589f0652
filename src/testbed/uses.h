/* SPDX-License-Identifier: MIT */
/* Who uses a device: what the finders of device_uses.c share.  Private to them. */
#ifndef TESTBED_USES_H
#define TESTBED_USES_H

#include <glob.h>
#include <sys/types.h>

#include "testbed/device_facts.h"

/* The device, and its disk or its partitions. */
struct relative {
	dev_t number;
	char *name, *note; /* "sdb1", " (its partition sdb1)" */
};

struct uses_search {
	const struct device_roots *roots;
	struct device_facts *facts;
	struct relative *relatives;
	size_t count;
	dev_t file_device; /* what a loop device is made of; */
	ino_t file_inode;  /* 0: it is no loop device */
};

/* The first finding stands; out of memory, it is still known that there is one. */
void uses_note(char **fact, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds a word to a list. */
void uses_add(char **fact, const char *separator, const char *word);

/* Device number of a device's path (may be NULL); 0: it is none, or not to be seen from here. */
dev_t uses_number_at(const char *path);

/* NULL: that is none of them. */
const struct relative *uses_find(const struct uses_search *search, dev_t number);

/* Paths that fit, for CLEANUP(globfree); none is no error.  0 or -ENOMEM. */
int uses_glob(glob_t *found, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- the finders: each fills its facts.  0 or -errno ---- */

/* uses_tables.c */
int uses_find_mounts(struct uses_search *search);
int uses_find_swap(struct uses_search *search);
int uses_find_in_etc(struct uses_search *search);

/* uses_open.c: what is on top of it, or has it open. */
int uses_find_loops(struct uses_search *search);
int uses_find_holders(struct uses_search *search);
int uses_find_exports(struct uses_search *search);
int uses_find_openers(struct uses_search *search);

/* uses_disk.c */
int uses_find_overlap(struct uses_search *search);
int uses_find_names(struct uses_search *search);

/* Which of these folders (the last is NULL) lie on the disk. */
void uses_find_held(struct uses_search *search, const char *const *system);

#endif
