/* SPDX-License-Identifier: MIT */
/* The examination of disk states in a guest (agent.h): its part of the protocol. */
#ifndef TRIAL_EXAMINE_H
#define TRIAL_EXAMINE_H

#include <jansson.h>
#include <stdio.h>

/*
 * Serves requests until the host goes away.  `request`: the value of "examine".  -EPIPE (the host
 * went away), or another -errno.
 */
int examine_serve(const json_t *request, FILE *in, int out_fd);

#endif
