/* SPDX-License-Identifier: MIT */
/*
 * May this device be formatted?  Facts in, a verdict out; nothing is looked at
 * here, so that every rule is tested as a row of a table.
 */
#ifndef TESTBED_GUARD_H
#define TESTBED_GUARD_H

#include <stdbool.h>

#include "testbed/device_facts.h"
#include "plan/plan.h"
#include "base/problem.h"

/* What the user says about a device whose contents go. */
struct guard_consent {
	const char *destroy;		 /* the device once more; NULL: he does not say */
	const char *overwrite_signature; /* what may be on it, "ext4"; NULL: nothing */
	bool same_disk;			 /* a partition of the disk that holds the system will do */
};

/* The device itself.  0, or -errno with a sentence that says what to do. */
int guard_device(const struct device_facts *facts, const struct guard_consent *consent,
		 struct problem *problem);

/*
 * Whether consent->destroy names it well enough: by the path on a terminal, where
 * the user is asked as well, by what no other device is called elsewhere.
 */
int guard_consent(const struct device_facts *facts, const struct guard_consent *consent,
		  int on_terminal, struct problem *problem);

/* Whether what the user typed is the name that he was shown; `typed` may be NULL. */
int guard_typed(const struct device_facts *facts, const char *typed, struct problem *problem);

/* Whether mkfs and mount of a variant keep to the volume: they can name other devices. */
int guard_filesystem(const struct filesystem *filesystem, struct problem *problem);

#endif
