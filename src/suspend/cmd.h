/* SPDX-License-Identifier: MIT */
/* The verbs of suspend-freeze.  Only the files of this header print. */
#ifndef SUSPEND_CMD_H
#define SUSPEND_CMD_H

#include <argp.h>
#include <stdbool.h>

#include "suspend/machine.h"
#include "base/problem.h"
#include "suspend/session.h"

/* Each returns the exit status; argv[0] is "suspend-freeze VERB". */
int cmd_freeze(int argc, char **argv);
int cmd_install(int argc, char **argv);
int cmd_plan(int argc, char **argv);
int cmd_recover(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_thaw(int argc, char **argv);
int cmd_uninstall(int argc, char **argv);

/*
 * Says on stderr what went wrong, and returns the exit status for it.  `error`
 * is the -errno that came along, for problems without a sentence of their own.
 */
int cmd_complain(const struct problem *problem, int error);

/* For verbs without options or arguments: --help, and a complaint about anything else. */
int cmd_parse_nothing(int argc, char **argv, const char *help);

/* ---- options that say what is to be frozen, the same for plan, freeze and run ---- */

struct request {
	struct wish wish;
	struct session_limits limits;
	const char **only, **except;
	size_t only_count, except_count;
};

#define REQUEST_DEFAULTS                                      \
	((struct request) {                                   \
		.wish = { .way = WAY_AUTO, .cgroups = true }, \
		.limits = { 60000000000ull, 20000000000ull }, \
	})

/* A child parser for argp; its input is a struct request. */
extern const struct argp cmd_request_argp;

void request_clear(struct request *request);

/* The plan for a request, on this machine as it is. */
struct outlook {
	struct machine machine;
	struct plan plan;
	enum way way;
};

int outlook_make(const struct request *request, struct outlook *ret, struct problem *problem);
void outlook_clear(struct outlook *outlook);

/* Warns on stderr of what the kernel does wrong, and of what was to be frozen and will not be. */
void outlook_warn(const struct outlook *outlook);

/* What of the hold somebody else froze, or refused to be frozen, on stderr. */
void cmd_tell_exceptions(const struct hold *hold);

#endif
