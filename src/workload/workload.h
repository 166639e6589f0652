/* SPDX-License-Identifier: MIT */
/*
 * Runs phases on open files, and afterwards verifies that the files contain what the phases wrote.
 */
#ifndef WORKLOAD_WORKLOAD_H
#define WORKLOAD_WORKLOAD_H

#include "base/histogram.h"
#include "method/method.h"
#include "workload/phase.h"

struct workload_file {
	int fd;		/* borrowed; the caller may replace it between phases */
	uint64_t bytes; /* its size when it is full */
	uint64_t appended_bytes;
	struct method_growth growth;
};

struct workload_pass;

/* The files of one trial, and what was written to them. */
struct workload_set {
	const struct method_choice *method;
	struct workload_file *file; /* owned */
	size_t count;
	uint64_t seed; /* of random orders and of the data */
	struct workload_pass *pass;
	size_t pass_count;
	uint64_t written_bytes;	 /* by all phases */
	uint64_t verified_bytes; /* by workload_verify() */
};

/*
 * Describes `count` files of `bytes` each; if `mixed`, of different sizes that the seed determines
 * and whose mean is `bytes`.  Their descriptors are -1.  0 or -ENOMEM.
 */
int workload_set_init(struct workload_set *set, const struct method_choice *method, size_t count,
		      uint64_t bytes, bool mixed, uint64_t seed);
void workload_set_clear(struct workload_set *set); /* does not close the files */

/* The result of a phase. */
struct workload_outcome {
	uint64_t calls, bytes, syncs;
	uint64_t ns;		   /* of the calls, with their allocations and syncs */
	uint64_t stored_bytes;	   /* the part of the bytes read that phases have written */
	struct histogram *latency; /* of calls, in ns; borrowed, and empty before */
	const char *failed_call;   /* on failure, a static string */
};

/* A prepared phase: the order of its calls, and its buffers. */
struct workload_job;

/*
 * Prepares a phase, so that workload_run() makes only the calls that are measured.  0, -ENODATA if
 * the phases before it left it no block to use, or -errno.
 */
int workload_prepare(struct workload_set *set, const struct phase *phase,
		     struct workload_job **ret);
void workload_job_freep(struct workload_job **job);

/* Makes the calls.  0, or -errno with ret->failed_call set. */
int workload_run(struct workload_job *job, struct workload_outcome *ret);

/* fsync() of all files.  0 or -errno. */
int workload_sync(const struct workload_set *set);

/* Whether the phases have written every byte of every file. */
bool workload_is_full(const struct workload_set *set);

/* The first byte that is not what the phases wrote. */
struct workload_mismatch {
	size_t file;
	uint64_t offset;
	int found, wanted;  /* values of the byte; found is -1 after the end of the file */
	const char *writer; /* title of the last phase that wrote it; NULL: none */
};

/* Reads and compares all files.  0, -EILSEQ with *ret set, or -errno. */
int workload_verify(struct workload_set *set, struct workload_mismatch *ret);

#endif
