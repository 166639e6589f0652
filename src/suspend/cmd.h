/* SPDX-License-Identifier: MIT */
/* The commands of suspend-freeze.  Only the files of this header print. */
#ifndef SUSPEND_CMD_H
#define SUSPEND_CMD_H

#include <stdbool.h>

#include "suspend/machine.h"
#include "base/command.h"
#include "suspend/session.h"

extern const struct command cmd_freeze, cmd_install, cmd_plan, cmd_recover, cmd_run, cmd_status,
	cmd_thaw, cmd_uninstall;

/*
 * Says on stderr what went wrong, and returns the exit status for it.  `error`
 * is the -errno that came along, for problems without a sentence of their own.
 */
int cmd_complain(const struct problem *problem, int error);

/* ---- options that say what is to be frozen, the same for plan, freeze and run ---- */

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

/* Options of a command whose input begins with a struct request. */
extern const struct option_row cmd_request_options[];

/* "20", "1m30s".  0, or -EINVAL with a sentence. */
int request_take_seconds(const struct option_row *row, const char *argument, uint64_t *ret_ns,
			 struct problem *problem);

void request_clear(struct request *request);

/* The plan for a request, on this machine as it is. */
struct decision {
	struct machine machine;
	struct plan plan;
	enum way way;
};

int decision_make(const struct request *request, struct decision *ret, struct problem *problem);
void decision_clear(struct decision *decision);

/* Warns on stderr of what the kernel does wrong, and of what was to be frozen and will not be. */
void decision_warn(const struct decision *decision);

/* What of the hold somebody else froze, or refused to be frozen, on stderr. */
void cmd_report_exceptions(const struct state_file *state);

#endif
