/* SPDX-License-Identifier: MIT */
/* Runs phases on open files, and proves afterwards that the files hold what the phases wrote. */
#ifndef WORKLOAD_WORKLOAD_H
#define WORKLOAD_WORKLOAD_H

#include "base/histogram.h"
#include "method/method.h"
#include "workload/phase.h"

struct workload_file {
	int fd;		/* the caller's, who may open the file anew between phases */
	uint64_t bytes; /* that it has when it is full */
	uint64_t appended_bytes;
	struct method_growth growth;
};

struct workload_pass;

/* The files of one trial, and what was written to them. */
struct workload_set {
	const struct method_choice *method;
	struct workload_file *file; /* owned */
	size_t count;
	uint64_t seed; /* of random orders, and of what is written */
	struct workload_pass *pass;
	size_t pass_count;
	uint64_t written_bytes;	 /* of all phases */
	uint64_t verified_bytes; /* by workload_verify() */
};

/*
 * `count` files of `bytes` each, or if they are mixed, of sizes around it that the seed determines
 * and that add up to the same.  0 or -ENOMEM.
 */
int workload_set_init(struct workload_set *set, const struct method_choice *method, size_t count,
		      uint64_t bytes, bool mixed, uint64_t seed);
void workload_set_clear(struct workload_set *set); /* does not close */

/* What a phase did. */
struct workload_outcome {
	uint64_t calls, bytes, syncs;
	struct histogram *latency; /* the caller's, empty before; ns */
	const char *failed_call;   /* if it failed, a static string */
};

/* A phase made ready: its order, and the memory that it needs. */
struct workload_job;

/* Everything that shall not be measured.  0 or -errno. */
int workload_prepare(struct workload_set *set, const struct phase *phase,
		     struct workload_job **ret);
void workload_job_freep(struct workload_job **job);

/* Makes the calls.  0 or -errno, with ret->failed_call. */
int workload_run(struct workload_job *job, struct workload_outcome *ret);

/* fsync() of all files.  0 or -errno. */
int workload_sync(const struct workload_set *set);

/* Have the phases written every byte of every file? */
bool workload_is_full(const struct workload_set *set);

/* Where a file is not as the phases left it. */
struct workload_mismatch {
	size_t file;
	uint64_t offset;
	int found, wanted;  /* bytes; found is -1 where the file has ended */
	const char *writer; /* title of the phase that wrote it last; NULL: none has */
};

/* Reads all files and compares.  0, -EILSEQ (with *ret filled), or -errno. */
int workload_verify(struct workload_set *set, struct workload_mismatch *ret);

#endif
