/* SPDX-License-Identifier: MIT */
/* The missing prerequisites of testbeds, each with all affected file systems. */
#ifndef CMD_LIST_LACKS_H
#define CMD_LIST_LACKS_H

#include "plan/plan.h"
#include "testbed/testbed.h"

/* A sentence about file systems of a testbed. */
struct lack {
	const struct testbed *testbed;
	char *before, *behind; /* the text around their names */
	char *names;	       /* "jfs, f2fs" */
};

struct lacks {
	struct lack *lack;
	size_t count;
};

/* Adds the reason of testbed_usable() why the testbed cannot use the file system.  0 or -ENOMEM. */
int lacks_add(struct lacks *lacks, const struct testbed *testbed,
	      const struct filesystem *filesystem, const char *reason);

/* Calls `print` with "not on loop, device: the running kernel has no jfs, f2fs".  0 or -ENOMEM. */
int lacks_print(const struct lacks *lacks, void (*print)(const char *sentence));

void lacks_clear(struct lacks *lacks);

#endif
