/* SPDX-License-Identifier: MIT */
/*
 * What programs rely on after a successful allocation, and the cases that test it.  A case runs in
 * the agent, on a fresh volume that is mounted, or in a directory.  The crash cases only write, and
 * mark what has become durable; the states that a power cut can leave are examined by the host
 * (crash/).
 */
#ifndef PROMISE_PROMISE_H
#define PROMISE_PROMISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/problem.h"
#include "method/method.h"

enum promise {
	PROMISE_RESERVED,  /* a later write into the range does not fail with ENOSPC */
	PROMISE_NO_STALE,  /* the range never shows old data of others, also after a power cut */
	PROMISE_DURABLE,   /* what fsync() has confirmed survives a power cut */
	PROMISE_AS_BEFORE, /* a failed call leaves the file as it was */
	PROMISE_COUNT
};

struct promise_row {
	const char *name;    /* on the command line and in results; never changes */
	const char *summary; /* one line for --help and legends */
};

extern const struct promise_row promise_table[PROMISE_COUNT];

/* PROMISE_COUNT: there is none of that name. */
enum promise promise_find(const char *name);

/* Whether the method makes the promise. */
bool promise_is_made(enum promise promise, const struct method *method);

/*
 * The verdict of a case.  NOT_PROMISED: it does not hold, and the method does not claim it; NA: it
 * cannot be tested here, and the reason is recorded.
 */
#define VERDICT_KEPT "kept"
#define VERDICT_BROKEN "broken"
#define VERDICT_NOT_PROMISED "not promised"
#define VERDICT_NA "n/a"

/* A case under way, in the agent. */
struct promise_run {
	const struct method_choice *method;
	const char *directory; /* mounted */
	const char *device;    /* block device; NULL: there is only the directory */
	const char *type;      /* of the file system, as in mount(2); NULL: not known */
	const char *mount_options;
	uint64_t file_bytes;
	uint64_t seed; /* of random orders, and of what is written */
	/*
	 * Tells the host that what was done so far is durable, and waits until the host has noted
	 * it.  For crash cases.  0 or -errno.
	 */
	int (*mark)(const char *mark, void *context);
	void *context;

	/* Set by promise_keep() and so on; the owner frees the text. */
	const char *verdict; /* one of the VERDICT_ words; NULL: none yet */
	char *text;	     /* the counterexample, or the reason for n/a */
};

struct promise_case {
	const char *name;    /* "reflink": unique within its promises; never changes */
	const char *summary; /* one line for the manual */
	unsigned promises;   /* set of 1u << enum promise */
	const char *types;   /* file systems on which it runs, separated by spaces; NULL: all */
	const char *methods; /* methods (without parameters), likewise; NULL: all */
	/* The states that a power cut can leave are examined by the host. */
	bool crash;
	/* Options that the volume needs for it, by type of file system; NULL: none. */
	const struct promise_options *options;
	/*
	 * Runs it, on failure of the test itself returns -errno with run->text: what failed.
	 * 0: run->verdict is set, unless it is a crash case.
	 */
	int (*run)(struct promise_run *run);
};

/* Ended by a row without a type. */
struct promise_options {
	const char *type;
	const char *mkfs;  /* added to the mkfs command; NULL: none */
	const char *mount; /* added to the mount options; NULL: none */
};

/* All cases, in the order in which they are run and listed; ends with a NULL. */
extern const struct promise_case *const promise_cases[];

/* "reserved:reflink".  NULL with a sentence: there is none of that name. */
const struct promise_case *promise_case_find(const char *name, enum promise *ret_promise,
					     struct problem *problem);

/* The row for this type; NULL: none. */
const struct promise_options *promise_case_options(const struct promise_case *promise_case,
						   const char *type);

/* Whether it runs on this file system (NULL: a directory) and method. */
bool promise_case_applies(const struct promise_case *promise_case, const char *type,
			  const struct method *method);

/* ---- for cases: each sets the verdict and returns 0, or -ENOMEM ---- */

int promise_keep(struct promise_run *run);
/* "not promised" instead where the method does not make it. */
int promise_break(struct promise_run *run, enum promise promise, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* For what no method claims, or what a call reports as missing. */
int promise_miss(struct promise_run *run, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
int promise_na(struct promise_run *run, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* For failures of the test itself: sets the text and returns -error. */
int promise_fault(struct promise_run *run, int error, const char *what);

#endif
