/* SPDX-License-Identifier: MIT */
/*
 * suspend-freeze freeze: returns when everything is frozen, so that a script can continue.  The
 * holder and its watchdog remain; each thaws if the other dies.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "suspend/cmd.h"
#include "base/size.h"

enum { MESSAGE_BYTES = 1 << 16 };

struct freeze_options {
	struct request request;
};

static int check(struct freeze_options *wanted, struct problem *problem)
{
	if (wanted->request.selection.way == WAY_KERNEL)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "the kernel freezes only during a suspend; use `run`");
	if (!wanted->request.limits.frozen_ns)
		return problem_set(problem, PROBLEM_USAGE, EINVAL, "give a time, such as --for 30");
	wanted->request.selection.way = WAY_SELF;
	return 0;
}

/* ---- the holder ---- */

/* One packet: the exit status as a digit, then the message. */
static int report(int fd, int status, const struct problem *problem)
{
	CLEANUP(freep) char *packet = NULL;
	int bytes =
		asprintf(&packet, "%c%s", status + '0', problem->message ? problem->message : "");

	if (bytes < 0)
		return -ENOMEM;
	return send(fd, packet, (size_t)bytes, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static int try_to_freeze(struct session *session, const struct freeze_options *wanted,
			 const struct decision *decision, struct problem *problem)
{
	int r = session_watch_events(session);

	if (r == 0)
		r = session_prepare(session, &decision->machine, &decision->plan, WAY_SELF,
				    &wanted->request.limits, problem);
	return r < 0 ? r : session_freeze(session, problem);
}

/*
 * Returns when everything is thawed.  If nobody received the report, nobody knows of the freeze,
 * and it is undone.
 */
static void be_holder(int report_fd, const struct freeze_options *wanted,
		      const struct decision *decision)
{
	CLEANUP(session_clear) struct session session = SESSION_NONE;
	CLEANUP(problem_clear) struct problem problem = { 0 };
	int r, status = 0;

	setsid();
	r = try_to_freeze(&session, wanted, decision, &problem);
	if (r < 0 && !problem.message)
		problem_set(&problem, PROBLEM_VERDICT, -r, "cannot freeze: %s", strerror(-r));
	if (report(report_fd, r < 0 ? (int)problem.kind : 0, &problem) < 0 || r < 0) {
		session_thaw(&session, NULL);
		return;
	}
	close(report_fd);
	process_close_streams();
	session_wait(&session, &status, NULL);
}

/* ---- the foreground process ---- */

static void report_exceptions(void)
{
	CLEANUP(state_file_clear) struct state_file state = STATE_FILE_NONE;

	if (state_file_open(&state, STATE_DIRECTORY) == 0 && state_file_read(&state) == 0)
		cmd_report_exceptions(&state);
}

static int await_report(int fd)
{
	static char packet[MESSAGE_BYTES];
	ssize_t bytes;

	do
		bytes = recv(fd, packet, sizeof(packet) - 1, 0);
	while (bytes < 0 && errno == EINTR);
	if (bytes <= 0) {
		fprintf(stderr, "suspend-freeze: the process that freezes was killed; its watchdog "
				"thaws what it froze\n");
		return PROBLEM_VERDICT;
	}
	if (packet[0] == '0')
		report_exceptions();
	else
		fprintf(stderr, "suspend-freeze: %s\n", packet + 1);
	return packet[0] - '0';
}

static int freeze(struct freeze_options *wanted)
{
	CLEANUP(problem_clear) struct problem problem = { 0 };
	CLEANUP(decision_clear) struct decision decision = { 0 };
	CLEANUP(fd_closep) int reading = -1;
	int ends[2], r = check(wanted, &problem);
	pid_t pid;

	if (r == 0)
		r = machine_check_place(&problem);
	if (r == 0)
		r = decision_make(&wanted->request, &decision, &problem);
	if (r == 0 && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		r = -errno;
	if (r < 0)
		return cmd_complain(&problem, r);
	decision_warn(&decision);
	reading = ends[0];
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		close(reading);
		be_holder(ends[1], wanted, &decision);
		_exit(0);
	}
	fd_close(ends[1]);
	return pid < 0 ? cmd_complain(&problem, -errno) : await_report(reading);
}

static int run_freeze(const struct command *self, int argc, char **argv)
{
	struct freeze_options wanted = { .request = REQUEST_DEFAULTS };
	int status;

	wanted.request.limits.frozen_ns = 0; /* --for has no default here */
	command_parse(self, argc, argv, &wanted);
	status = freeze(&wanted);
	request_clear(&wanted.request);
	return status;
}

static const struct option_row options[] = {
	{ "for", 'f', "SECONDS", "thaw after that time, unless `thaw` is run before", .least = 1,
	  .value = OPTION_NANOSECONDS,
	  OPTION_INTO(OPTION_DURATION, struct freeze_options, request.limits.frozen_ns) },
	{ 0 },
};

const struct command cmd_freeze = {
	.name = "freeze",
	.summary = "freeze for some seconds",
	.purpose = "Freeze file systems and return. They stay frozen for --for SECONDS or until "
		   "`suspend-freeze thaw`.",
	.examples = "  suspend-freeze freeze --for 10 --only /srv --no-cgroups\n"
		    "  suspend-freeze freeze --for 30; echo mem >/sys/power/state; suspend-freeze "
		    "thaw\n",
	.exit_status = "0 frozen, 1 not frozen, 2 invalid usage, 3 a prerequisite is missing.",
	.options = options,
	.shared = cmd_request_options,
	.run = run_freeze,
};
