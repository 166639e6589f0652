/* SPDX-License-Identifier: MIT */
/*
 * What results are told apart by.  One table names the keys for `diff --by`, `history trend --by`,
 * and wherever results are matched or set side by side.
 */
#ifndef STATS_RECORD_KEY_H
#define STATS_RECORD_KEY_H

#include <stdbool.h>

struct environment;
struct record;
struct strbuf;

/* In the order in which columns show them. */
enum record_key {
	RECORD_KEY_FILESYSTEM,
	RECORD_KEY_TYPE,
	RECORD_KEY_MKFS,
	RECORD_KEY_MOUNT,
	RECORD_KEY_METHOD,
	RECORD_KEY_SIZE,
	RECORD_KEY_VOLUME,
	RECORD_KEY_TESTBED,
	RECORD_KEY_ACCELERATOR,
	RECORD_KEY_THROTTLE,
	RECORD_KEY_KERNEL,
	RECORD_KEY_LABEL,
	RECORD_KEY_DATE,
	RECORD_KEY_COUNT
};

/* Sets of keys. */
#define KEY_SET(name) (1u << RECORD_KEY_##name)

/* What results were measured under. */
#define KEY_SET_CONDITIONS                                                               \
	(KEY_SET(TESTBED) | KEY_SET(ACCELERATOR) | KEY_SET(THROTTLE) | KEY_SET(KERNEL) | \
	 KEY_SET(LABEL))

/* What a file system was made and mounted by, of which its name stands for all. */
#define KEY_SET_FILESYSTEM_PARTS (KEY_SET(TYPE) | KEY_SET(MKFS) | KEY_SET(MOUNT))

struct record_key_row {
	const char *name;   /* for --by and in JSON */
	const char *title;  /* of a column */
	const char *absent; /* stands for a value that is not there */
	bool is_version;    /* values are ordered as strverscmp() does */
	/* Adds nothing where the value is not known. */
	void (*put)(struct strbuf *to, const struct record *record,
		    const struct environment *environment);
};

extern const struct record_key_row record_keys[RECORD_KEY_COUNT];

/* RECORD_KEY_COUNT: no key has that name. */
enum record_key record_key_find(const char *name);

/* The value, or what stands for none.  The caller frees it; NULL: out of memory. */
char *record_key_text(enum record_key key, const struct record *record,
		      const struct environment *environment);

/* The values of several keys, separated by ", ", without those that are not there and a label that
 * repeats the kernel; "none" if nothing is left.  The caller frees it; NULL: out of memory. */
char *record_keys_text(unsigned keys, const struct record *record,
		       const struct environment *environment);

/* Does the label say more than the kernel's name, which a run on several kernels gives it? */
bool record_has_own_label(const struct record *record);

#endif
