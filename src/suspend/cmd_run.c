/* SPDX-License-Identifier: MIT */
/*
 * suspend-freeze run: freezes around the command that suspends.  The exit status is that of the
 * command; its own failures are 125 to 127, as with env(1) and timeout(1).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/child.h"
#include "base/cleanup.h"
#include "suspend/cmd.h"
#include "base/size.h"

enum {
	STATUS_OWN = 125,
	STATUS_NO_COMMAND = 127,
};

struct run_options {
	struct request request;
	bool anyway;
	char **command;
};

/* Why the file systems were thawed early; NULL: they were not. */
static const char *cut_short(enum thaw_reason reason)
{
	switch (reason) {
	case THAW_TIMEOUT:
		return "the time limit expired before the command ended; use a larger --for";
	case THAW_NO_WATCHDOG:
		return "the watchdog was killed and could not be restarted";
	case THAW_REQUESTED:
		return "thawed by `suspend-freeze thaw` before the command ended";
	default:
		return NULL;
	}
}

static int run_frozen(struct session *session, const char *program, char **argv,
		      struct problem *problem)
{
	int status = STATUS_OWN, r = session_start_command(session, program, argv);

	if (r < 0) {
		session_thaw(session, problem);
		fprintf(stderr, "suspend-freeze: cannot start %s: %s\n", argv[0], strerror(-r));
		return STATUS_OWN;
	}
	r = session_wait(session, &status, problem);
	cmd_report_exceptions(&session->state);
	if (r < 0) {
		cmd_complain(problem, r);
		return STATUS_OWN;
	}
	if (cut_short(session->reason)) {
		fprintf(stderr, "suspend-freeze: %s\n", cut_short(session->reason));
		return status ? status : STATUS_OWN;
	}
	return status;
}

/* Without freezing, if freezing failed. */
static int only_run(const char *program, char **argv)
{
	CLEANUP(session_clear) struct session session = SESSION_NONE;
	int status = STATUS_OWN, r = session_watch_events(&session);

	session.deadline_ns = UINT64_MAX;
	if (r == 0)
		r = session_start_command(&session, program, argv);
	if (r == 0)
		r = session_wait(&session, &status, NULL);
	return r < 0 ? STATUS_OWN : status;
}

static int freeze_and_run(const struct run_options *wanted, const char *program,
			  struct problem *problem, bool *ret_frozen)
{
	CLEANUP(session_clear) struct session session = SESSION_NONE;
	CLEANUP(decision_clear) struct decision decision = { 0 };
	int r = machine_check_place(problem);

	if (r == 0)
		r = decision_make(&wanted->request, &decision, problem);
	if (r < 0)
		return r;
	decision_warn(&decision);
	r = session_watch_events(&session);
	if (r == 0)
		r = session_prepare(&session, &decision.machine, &decision.plan, decision.way,
				    &wanted->request.limits, problem);
	if (r == 0)
		r = session_freeze(&session, problem);
	if (r < 0)
		return r;
	*ret_frozen = true;
	return run_frozen(&session, program, wanted->command, problem);
}

static int run(const struct run_options *wanted)
{
	CLEANUP(problem_clear) struct problem problem = { 0 };
	CLEANUP(freep) char *program = child_find_program(wanted->command[0]);
	bool frozen = false;
	int r;

	if (!program) {
		fprintf(stderr, "suspend-freeze: the program %s does not exist\n",
			wanted->command[0]);
		return STATUS_NO_COMMAND;
	}
	r = freeze_and_run(wanted, program, &problem, &frozen);
	if (frozen)
		return r;
	cmd_complain(&problem, r);
	if (!wanted->anyway)
		return STATUS_OWN;
	fprintf(stderr, "suspend-freeze: running the command without freezing\n");
	return only_run(program, wanted->command);
}

static int run_run(const struct command *self, int argc, char **argv)
{
	struct run_options wanted = { .request = REQUEST_DEFAULTS };
	int status;

	wanted.command = command_parse(self, argc, argv, &wanted);
	if (!*wanted.command) {
		fprintf(stderr, "suspend-freeze run: give the command that suspends, as in: "
				"suspend-freeze run -- /lib/systemd/systemd-sleep suspend\n");
		return PROBLEM_USAGE;
	}
	status = run(&wanted);
	request_clear(&wanted.request);
	return status;
}

static const struct option_row options[] = {
	{ "for", 'f', "SECONDS", "thaw after that time without suspend, whatever the command does",
	  .least = 1, .value = OPTION_NANOSECONDS,
	  OPTION_INTO(OPTION_DURATION, struct run_options, request.limits.frozen_ns),
	  .fallback = "60" },
	{ "anyway", 'a', NULL, "run the command even if some file systems could not be frozen",
	  OPTION_INTO(OPTION_FLAG, struct run_options, anyway) },
	{ 0 },
};

const struct command cmd_run = {
	.name = "run",
	.summary = "freeze, run the command that suspends, thaw",
	.arguments = "-- COMMAND [ARGUMENT...]",
	.values = "<command>",
	.in_order = true,
	.purpose = "Freeze file systems, run COMMAND, and thaw them as soon as the machine has "
		   "resumed or COMMAND has ended.",
	.examples =
		"  suspend-freeze run -- sh -c 'echo mem >/sys/power/state'\n"
		"  suspend-freeze run --anyway -- /lib/systemd/systemd-sleep suspend\n"
		"  suspend-freeze run --only /srv --for 10 -- lvcreate -s -n copy -L 1G vg/srv\n",
	.exit_status =
		"that of COMMAND; 125 file systems could not be frozen or did not stay frozen; "
		"126 COMMAND cannot be run; 127 COMMAND does not exist.",
	.options = options,
	.shared = cmd_request_options,
	.run = run_run,
};
