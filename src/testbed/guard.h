/* SPDX-License-Identifier: MIT */
/*
 * Whether a device may be formatted.  A pure function of the facts, so that every rule is tested
 * as a row of a table.
 */
#ifndef TESTBED_GUARD_H
#define TESTBED_GUARD_H

#include <stdbool.h>

#include "testbed/device_facts.h"
#include "plan/plan.h"
#include "base/problem.h"

/* The user's consent to the loss of a device's contents. */
struct guard_consent {
	const char *destroy;		 /* the name of the device, repeated; NULL: none */
	const char *overwrite_signature; /* the signature that may be overwritten, such as "ext4";
					    NULL: none */
	bool same_disk;			 /* a partition of the system's disk is allowed */
};

/* Judges the device.  0, or -errno with *problem set, which says what to do. */
int guard_device(const struct device_facts *facts, const struct guard_consent *consent,
		 struct problem *problem);

/*
 * Judges whether consent->destroy identifies the device: on a terminal, where the user is also
 * asked, its path; elsewhere, a name that no other device has.
 */
int guard_consent(const struct device_facts *facts, const struct guard_consent *consent,
		  int on_terminal, struct problem *problem);

/* Judges whether the user typed the name that was shown; `typed` may be NULL. */
int guard_typed(const struct device_facts *facts, const char *typed, struct problem *problem);

/*
 * Judges whether mkfs and mount of a variant use only the volume: their options can name other
 * devices.
 */
int guard_filesystem(const struct filesystem *filesystem, struct problem *problem);

#endif
