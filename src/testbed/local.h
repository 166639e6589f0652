/* SPDX-License-Identifier: MIT */
/* An agent that is a child of this process. */
#ifndef TESTBED_LOCAL_H
#define TESTBED_LOCAL_H

#include "testbed.h"

/*
 * Forks and serves one request in the child, in a mount namespace of its own if
 * `private_mounts`: then the kernel unmounts what it mounted, however it ends.
 * Fills child and pipes of *process.  0 or -errno with a sentence.
 */
int local_start(int private_mounts, struct testbed_process *process, struct problem *problem);

#endif
