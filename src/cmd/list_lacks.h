/* SPDX-License-Identifier: MIT */
/* What testbeds lack, each thing told once, with all file systems that it concerns. */
#ifndef CMD_LIST_LACKS_H
#define CMD_LIST_LACKS_H

#include "plan/plan.h"
#include "testbed/testbed.h"

/* One sentence, and which file systems of a testbed it is about. */
struct lack {
	const struct testbed *testbed;
	char *before, *behind; /* around their names */
	char *names;	       /* "jfs, f2fs" */
};

struct lacks {
	struct lack *lack;
	size_t count;
};

/* Why the testbed does not have the file system, as testbed_usable() says it.  0 or -ENOMEM. */
int lacks_add(struct lacks *lacks, const struct testbed *testbed,
	      const struct filesystem *filesystem, const char *reason);

/* Calls `print` with "not on loop, device: the running kernel has no jfs, f2fs".  0 or -ENOMEM. */
int lacks_print(const struct lacks *lacks, void (*print)(const char *sentence));

void lacks_clear(struct lacks *lacks);

#endif
