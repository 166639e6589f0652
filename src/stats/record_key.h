/* SPDX-License-Identifier: MIT */
/*
 * The keys that distinguish results.  One table names them for `diff --by`, `history trend --by`,
 * and wherever results are matched or shown next to each other.
 */
#ifndef STATS_RECORD_KEY_H
#define STATS_RECORD_KEY_H

#include <stdbool.h>

struct environment;
struct record;
struct strbuf;

/*
 * X(NAME, name for --by and in JSON, title of a column, text for a missing value, whether values
 * are in the order of strverscmp(), put_ function), in the order of columns.
 */
#define RECORD_KEYS(X)                                                                   \
	X(FILESYSTEM, "filesystem", "filesystem", "unknown", false, put_filesystem)      \
	X(MKFS, "mkfs-options", "mkfs", "default", false, put_mkfs)                      \
	X(MOUNT, "mount-options", "mount", "default", false, put_mount)                  \
	X(METHOD, "method", "method", "unknown", false, put_method)                      \
	X(SIZE, "size", "file", "unknown", false, put_size)                              \
	X(VOLUME, "volume", "volume", "none", false, put_volume)                         \
	X(FILES, "files", "files", "1", false, put_files)                                \
	X(WORKLOAD, "workload", "workload", "allocation only", false, put_workload)      \
	X(TESTBED, "testbed", "testbed", "unknown", false, put_testbed)                  \
	X(ACCELERATOR, "accelerator", "accelerator", "no guest", false, put_accelerator) \
	X(THROTTLE, "throttle", "throttle", "no throttle", false, put_throttle)          \
	X(KERNEL, "kernel", "kernel", "unknown", true, put_kernel)                       \
	X(LABEL, "label", "label", "no label", false, put_label)                         \
	X(DATE, "date", "date", "unknown", true, put_date)

/*
 * RECORD_KEY_BASE is the file system without added options.  It replaces the file system if options
 * are compared; users cannot name it.
 */
#define RECORD_KEY_NUMBER(number, ...) RECORD_KEY_##number,
enum record_key { RECORD_KEY_BASE, RECORD_KEYS(RECORD_KEY_NUMBER) RECORD_KEY_COUNT };

/* Sets of keys. */
#define KEY_SET(name) (1u << RECORD_KEY_##name)

#define KEY_SET_ALL ((1u << RECORD_KEY_COUNT) - 1)

/* The conditions of results. */
#define KEY_SET_CONDITIONS                                                               \
	(KEY_SET(TESTBED) | KEY_SET(ACCELERATOR) | KEY_SET(THROTTLE) | KEY_SET(KERNEL) | \
	 KEY_SET(LABEL))

/* The parts of a file system, which its name includes. */
#define KEY_SET_FILESYSTEM_PARTS (KEY_SET(BASE) | KEY_SET(MKFS) | KEY_SET(MOUNT))

struct record_key_row {
	const char *name, *title, *absent;
	bool is_version;
	/* Adds nothing if the value is unknown. */
	void (*put)(struct strbuf *to, const struct record *record,
		    const struct environment *environment);
};

extern const struct record_key_row record_keys[RECORD_KEY_COUNT];

/* The value, or the text for a missing one.  The caller frees it; NULL: out of memory. */
char *record_key_text(enum record_key key, const struct record *record,
		      const struct environment *environment);

/* The values of several keys, separated by ", ", without those that are not there and a label that
 * repeats the kernel; "none" if nothing is left.  The caller frees it; NULL: out of memory. */
char *record_keys_text(unsigned keys, const struct record *record,
		       const struct environment *environment);

/* Whether the label differs from the kernel's name, which a run on several kernels gives it. */
bool record_has_own_label(const struct record *record);

#endif
