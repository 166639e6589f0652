/* SPDX-License-Identifier: MIT */
/* What a plan selects, parsed; private to this directory. */
#ifndef PLAN_SELECTION_H
#define PLAN_SELECTION_H

#include "plan/plan.h"

struct selection {
	struct filesystem *filesystems; /* with the options that the plan adds */
	size_t filesystem_count;
	struct method_choice *methods;
	size_t method_count;
	struct plan_workload *workload;
	uint64_t *sizes;
	size_t size_count;
	struct plan_kernel *kernels;
	size_t kernel_count; /* 0: the plan names none */
	uint64_t *volumes;
	size_t volume_count; /* 0: one, by the file's size */
	unsigned runs;
	int automatic;
	double precision;
	uint64_t seconds_most;
	int shuffled;
	uint64_t seed;
};

/*
 * Of volumes only where trials are not in a directory.  `ret` is to be cleared in any case.  0,
 * -ENOMEM, or -errno with a sentence.
 */
int selection_parse(const struct plan *plan, int in_directory, struct selection *ret,
		    struct problem *problem);

/* How many volumes each size has, and the size of one of them. */
static inline size_t selection_volumes(const struct selection *selection)
{
	return selection->volume_count ? selection->volume_count : 1;
}

/* Such a volume for files of that size, as many as the workload has. */
uint64_t selection_volume(const struct selection *selection, size_t volume, uint64_t file_bytes);

void selection_clear(struct selection *selection); /* for CLEANUP(), too */

void plan_workload_freep(struct plan_workload **workload);

void plan_kernels_clear(struct plan_kernel *kernels, size_t count);

#endif
