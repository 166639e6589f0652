/* SPDX-License-Identifier: MIT */
/* A plan's wishes, each word of them understood; private to this folder. */
#ifndef PLAN_WISHES_H
#define PLAN_WISHES_H

#include "plan/plan.h"

struct wishes {
	const struct filesystem **filesystems;
	size_t filesystem_count;
	struct method_choice *methods;
	size_t method_count;
	uint64_t *sizes;
	size_t size_count;
	struct plan_kernel *kernels;
	size_t kernel_count;   /* 0: the plan names none */
	uint64_t volume_bytes; /* 0: by the file's size */
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
int wishes_take(const struct plan *plan, int in_directory, struct wishes *ret,
		struct problem *problem);

/* The volume for a file of that size. */
uint64_t wishes_volume(const struct wishes *wishes, uint64_t file_bytes);

void wishes_clear(struct wishes *wishes); /* for CLEANUP(), too */

void plan_kernels_clear(struct plan_kernel *kernels, size_t count);

#endif
