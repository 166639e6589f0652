/* SPDX-License-Identifier: MIT */
/* The host's end of the protocol in agent.h. */
#ifndef TESTBED_CONVERSE_H
#define TESTBED_CONVERSE_H

#include "testbed/testbed.h"

/*
 * Hands over the request and waits for the record.  Returns 0 with the members
 * of *record that the agent knows, or, if it ended, hung or babbled, with
 * status, stage, reason and console filled; -ECANCELED.
 */
int converse(const struct testbed_session *session, struct testbed_process *process,
	     const struct trial_request *request, struct record *record);

#endif
