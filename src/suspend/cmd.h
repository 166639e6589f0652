/* SPDX-License-Identifier: MIT */
/* The commands of suspend-freeze.  Only they print. */
#ifndef SUSPEND_CMD_H
#define SUSPEND_CMD_H

#include <stdbool.h>

#include "suspend/machine.h"
#include "base/command.h"
#include "suspend/session.h"

extern const struct command cmd_freeze, cmd_install, cmd_plan, cmd_recover, cmd_run, cmd_status,
	cmd_thaw, cmd_uninstall;

/*
 * Prints the problem on stderr and returns the exit status for it.  `error` is the -errno of
 * problems without a message.
 */
int cmd_complain(const struct problem *problem, int error);

/* ---- options of plan, freeze and run ---- */

struct request {
	struct selection selection;
	struct session_limits limits;
	const char **only, **except;
	size_t only_count, except_count;
};

#define REQUEST_DEFAULTS                                           \
	((struct request) {                                        \
		.selection = { .way = WAY_AUTO, .cgroups = true }, \
		.limits = { 60000000000ull, 20000000000ull },      \
	})

/* Rows for a command whose options struct starts with a struct request. */
extern const struct option_row cmd_request_options[];

void request_clear(struct request *request);

/* The plan for a request on this machine, and who freezes. */
struct decision {
	struct machine machine;
	struct plan plan;
	enum way way;
};

int decision_make(const struct request *request, struct decision *ret, struct problem *problem);
void decision_clear(struct decision *decision);

/* Warns on stderr of a defect of the kernel, and of what should be frozen and will not be. */
void decision_warn(const struct decision *decision);

/* Prints on stderr which entries another program froze, and which could not be frozen. */
void cmd_report_exceptions(const struct state_file *state);

#endif
