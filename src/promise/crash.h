/* SPDX-License-Identifier: MIT */
/*
 * Crash cases: what has to hold in the states that a power cut leaves after each mark, and what the
 * agent finds in such a state.
 */
#ifndef PROMISE_CRASH_H
#define PROMISE_CRASH_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "promise/promise.h"

enum { PROMISE_BLOCK_BYTES = 4096, PROMISE_PARTS = 4, PROMISE_FILE_MOST = 64 << 20 };

/*
 * Holds in each state after the mark, until the next one replaces it.  Sizes are in
 * 1/PROMISE_PARTS of the file.
 */
struct promise_mark {
	const char *name;
	unsigned data;	    /* from the start: holds what the case wrote */
	unsigned allocated; /* from the start: no holes */
	unsigned length;    /* at least; PROMISE_PARTS: that of the method */
	bool is_exact;	    /* the length is this one */
	bool is_renamed;    /* the file has its final name */
};

/* The marks of a crash case, ended by one without a name.  NULL: it has none. */
const struct promise_mark *promise_marks(const struct promise_case *promise_case);

/* What a state shows. */
enum promise_name { PROMISE_NAME_NONE, PROMISE_NAME_FIRST, PROMISE_NAME_FINAL };

/* One character per block of PROMISE_BLOCK_BYTES. */
enum promise_content {
	CONTENT_ZEROES = '0',
	CONTENT_DATA = 'd',	  /* what the case writes there */
	CONTENT_TORN = 't',	  /* zeroes and that, in units of PROMISE_UNIT_BYTES */
	CONTENT_OLD = 'm',	  /* the marker anywhere: old data */
	CONTENT_FOREIGN = '?',	  /* anything else, which nobody wrote into this file */
	CONTENT_UNREADABLE = 'e', /* read() fails */
};

enum promise_space { SPACE_ALLOCATED = 'a', SPACE_HOLE = '-' };

struct promise_finding {
	int mount_error; /* positive errno: the state cannot be mounted, and the rest is unknown */
	char *reason;	 /* owned; the same in words, on the host; NULL: the errno is all */
	enum promise_name name;
	int open_error; /* positive errno: there is such a name, but the file cannot be opened */
	int64_t size_bytes;
	char *contents; /* owned; up to the end of the file */
	char *space;	/* owned; of the requested size; NULL: the file system reports no extents */
};

void promise_finding_clear(struct promise_finding *finding); /* also for CLEANUP() */

/* ---- agent ---- */

/*
 * Looks at the file of a crash case below `directory`.  `seed` and `file_bytes`: those of the
 * case.  0, -ENOMEM, or -errno: the directory cannot be read.
 */
int promise_look(const char *directory, uint64_t seed, uint64_t file_bytes,
		 struct promise_finding *ret);

/* A new reference; NULL: out of memory. */
json_t *promise_finding_to_json(const struct promise_finding *finding);

/* ---- host ---- */

/* 0, -EPROTO (a value or a length is not possible) or -ENOMEM. */
int promise_finding_from_json(const json_t *json, uint64_t file_bytes, struct promise_finding *ret);

/* What has to hold. */
struct promise_expectation {
	const struct promise_mark *mark; /* the last one; NULL: none was passed */
	uint64_t file_bytes;
	uint64_t method_length; /* of the file after the allocation */
	bool is_sparse;		/* the method allocates nothing */
};

/*
 * Whether the promise holds in this state.  1; 0: *ret_text is the reason, which the caller frees;
 * -ENOMEM.
 */
int promise_judge(enum promise promise, const struct promise_expectation *expectation,
		  const struct promise_finding *finding, char **ret_text);

#endif
