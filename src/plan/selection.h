/* SPDX-License-Identifier: MIT */
/* The parsed keys of a plan; private to src/plan/. */
#ifndef PLAN_SELECTION_H
#define PLAN_SELECTION_H

#include "plan/plan.h"

struct selection {
	struct filesystem *filesystems; /* with the added options */
	size_t filesystem_count;
	struct method_choice *methods;
	size_t method_count;
	struct plan_workload *workload;
	uint64_t *sizes;
	size_t size_count;
	struct plan_kernel *kernels;
	size_t kernel_count; /* 0: the plan names none */
	uint64_t *volumes;
	size_t volume_count; /* 0: one, whose size follows from the files */
	unsigned runs;
	int automatic;
	double precision;
	uint64_t seconds_most;
	int shuffled;
	uint64_t seed;
};

/*
 * Parses the keys of a plan; those of file systems and volumes only if trials are not in a
 * directory.  The caller clears `ret`, also on failure.  0, -ENOMEM, or -errno with *problem set.
 */
int selection_parse(const struct plan *plan, int in_directory, struct selection *ret,
		    struct problem *problem);

/* The number of volumes per file size. */
static inline size_t selection_volumes(const struct selection *selection)
{
	return selection->volume_count ? selection->volume_count : 1;
}

/* The size of a volume for files of that size. */
uint64_t selection_volume(const struct selection *selection, size_t volume, uint64_t file_bytes);

void selection_clear(struct selection *selection); /* also for CLEANUP() */

void plan_workload_freep(struct plan_workload **workload);

void plan_kernels_clear(struct plan_kernel *kernels, size_t count);

/* ---- variants: variant.c ---- */

enum { VARIANT_NAME_MAX = 128 };

/*
 * Creates the file systems of the plan, each with each of its mount options and mkfs options, in
 * this order.  The caller frees *ret with filesystems_clear().  0, -ENOMEM, or -EINVAL with
 * *problem set.
 */
int variants_make(const struct plan *plan, const struct filesystem *const *bases, size_t count,
		  struct filesystem **ret, size_t *ret_count, struct problem *problem);

void filesystems_clear(struct filesystem *filesystems, size_t count);

#endif
