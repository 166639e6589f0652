/* SPDX-License-Identifier: MIT */
/* An agent that is a child of this process. */
#ifndef TESTBED_LOCAL_H
#define TESTBED_LOCAL_H

#include "testbed/testbed.h"

/* Whether this process can mount, for the testbed NAME.  0, or -errno with *problem set. */
int local_probe(const char *name, struct problem *problem);

/* As testbed.supports, for the running kernel. */
int local_supports(const struct testbed_options *options, const char *type,
		   struct problem *problem);

/*
 * Forks, and serves one request in the child.  With `private_mounts` the child has a mount
 * namespace of its own, so that the kernel unmounts its mounts however it ends.  Sets child and
 * pipes of *process.  0, or -errno with *problem set.
 */
int local_start(int private_mounts, struct testbed_process *process, struct problem *problem);

/* The same with private mounts, for a trial on a block device. */
int local_start_on(const char *device, struct trial_request *request,
		   struct testbed_process *process, struct problem *problem);

#endif
