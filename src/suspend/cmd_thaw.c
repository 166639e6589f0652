/* SPDX-License-Identifier: MIT */
/*
 * suspend-freeze thaw, status and recover: run by another process than the one that froze.  While
 * the holder runs, it is asked to thaw, since only it knows whether a child is still freezing.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "suspend/freeze.h"
#include "base/cleanup.h"
#include "suspend/cmd.h"
#include "base/io.h"
#include "base/quote.h"

enum {
	THAW_WAIT_NS = 15000000000,
	LOOK_MS = 20,
};

/* ---- status ---- */

static const char *state_name(const struct state_entry *entry)
{
	switch (entry_status(entry)) {
	case ENTRY_PLANNED:
		return "not frozen";
	case ENTRY_FREEZING:
		return "being frozen";
	case ENTRY_FROZEN:
		return entry->kind == ENTRY_SETTING ? "set" : "frozen";
	case ENTRY_FOREIGN:
		return "frozen by another program";
	case ENTRY_REFUSED:
		return "written out";
	default:
		return entry->kind == ENTRY_SYNC ? "written out" : "thawed";
	}
}

static void print_entry(const struct state_entry *entry)
{
	CLEANUP(freep) char *path = quote_name(entry->path);

	printf("  %-12s ", state_name(entry));
	if (entry->kind == ENTRY_CGROUP)
		printf("cgroup %s\n", path);
	else if (entry->kind == ENTRY_SETTING)
		printf("%s, was %s\n", path, entry->value);
	else
		printf("%s on %s\n", entry->type, path);
}

static void print_process(const struct state_file *state, enum state_role role, const char *name)
{
	struct process process = state_file_process(state, role);

	printf("  %s: process %d, %s\n", name, process.pid,
	       process_is_alive(&process) ? "alive" : "gone");
}

static int print_status(struct state_file *state)
{
	int r = state_file_open(state, STATE_DIRECTORY);
	size_t pending;

	if (r == 0)
		r = state_file_read(state);
	if (r == -ENOENT) {
		printf("Nothing is frozen.\n");
		return 0;
	}
	if (r < 0) {
		fprintf(stderr, "suspend-freeze: cannot read " STATE_DIRECTORY "/state: %s\n",
			strerror(-r));
		return PROBLEM_VERDICT;
	}
	pending = state_file_pending(state);
	printf("%zu of %zu frozen:\n", pending, state->count);
	for (size_t i = 0; i < state->count; i++)
		print_entry(&state->entries[i]);
	print_process(state, STATE_HOLDER, "holder");
	print_process(state, STATE_WATCHDOG, "watchdog");
	return pending ? PROBLEM_VERDICT : 0;
}

static int run_status(const struct command *self, int argc, char **argv)
{
	CLEANUP(state_file_clear) struct state_file state = STATE_FILE_NONE;

	command_parse(self, argc, argv, NULL);
	return print_status(&state);
}

const struct command cmd_status = {
	.name = "status",
	.summary = "print what is frozen, and by which processes",
	.purpose = "Print what is frozen, and by which processes.",
	.examples = "  suspend-freeze status\n",
	.exit_status = "0 nothing is frozen, 1 something is frozen or was left behind.",
	.run = run_status,
};

/* ---- no process is left ---- */

/* With the lock, so no process of an earlier session runs. */
static int thaw_left_entries(struct state_file *state, struct problem *problem)
{
	int r = state_file_read(state);
	size_t pending;

	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = freeze_reopen(state, STATE_DIRECTORY, problem);
	if (r < 0)
		return problem_set(problem, PROBLEM_VERDICT, -r,
				   "cannot read " STATE_DIRECTORY "/state: %s", strerror(-r));
	state_file_set_ending(state);
	pending = freeze_undo(state, true);
	if (pending == 0) {
		state_file_remove(state);
		return 0;
	}
	if (!problem->message)
		problem_set(problem, PROBLEM_VERDICT, EBUSY, "the kernel did not thaw it");
	return problem_set(problem, PROBLEM_VERDICT, EBUSY,
			   "%zu items are still frozen: %s; as a last resort, thaw all file "
			   "systems: echo j >/proc/sysrq-trigger",
			   pending, problem->message);
}

/* 0; -EBUSY: a process of the session runs; or another error with *problem set. */
static int recover(struct problem *problem)
{
	CLEANUP(state_file_clear) struct state_file state = STATE_FILE_NONE;
	int r = state_file_lock(&state, STATE_DIRECTORY, false, problem);

	if (r == -ENOENT)
		return 0;
	return r < 0 ? r : thaw_left_entries(&state, problem);
}

/* ---- a process of the session runs ---- */

/*
 * Whether holder and watchdog have ended but a child of theirs still has the lock.  It waits in
 * FIFREEZE or FITHAW for another file system that is frozen.
 */
static bool is_abandoned(const struct state_file *state)
{
	struct process holder = state_file_process(state, STATE_HOLDER);
	struct process watchdog = state_file_process(state, STATE_WATCHDOG);

	return holder.pid > 0 && !process_is_alive(&holder) && !process_is_alive(&watchdog);
}

/* Whether everything is thawed or the state file is gone. */
static bool is_over(void)
{
	CLEANUP(state_file_clear) struct state_file state = STATE_FILE_NONE;

	if (state_file_open(&state, STATE_DIRECTORY) < 0 || state_file_read(&state) < 0)
		return true;
	return state_file_is_ending(&state) && state_file_pending(&state) == 0 &&
	       !is_abandoned(&state);
}

/* Does what the watchdog would have done, without the lock. */
static void undo_abandoned(void)
{
	CLEANUP(state_file_clear) struct state_file state = STATE_FILE_NONE;

	if (state_file_open(&state, STATE_DIRECTORY) < 0 || state_file_read(&state) < 0 ||
	    !is_abandoned(&state) || freeze_reopen(&state, STATE_DIRECTORY, NULL) < 0)
		return;
	state_file_set_ending(&state);
	freeze_undo(&state, false);
}

static void signal_holder(void)
{
	CLEANUP(state_file_clear) struct state_file state = STATE_FILE_NONE;
	CLEANUP(fd_closep) int pidfd = -1;
	struct process holder;

	if (state_file_open(&state, STATE_DIRECTORY) < 0 || state_file_read(&state) < 0)
		return;
	holder = state_file_process(&state, STATE_HOLDER);
	pidfd = process_open(&holder);
	if (pidfd >= 0)
		syscall(SYS_pidfd_send_signal, pidfd, SIGUSR1, NULL, 0);
}

/* Waits until everything is thawed, or until no process is left and it can be recovered. */
static int await_end(struct problem *problem)
{
	uint64_t deadline_ns = io_now_ns() + THAW_WAIT_NS;

	while (!is_over()) {
		int r = recover(problem);

		if (r != -EBUSY || problem->message)
			return r;
		if (io_now_ns() >= deadline_ns)
			return problem_set(
				problem, PROBLEM_VERDICT, ETIMEDOUT,
				"some items are still frozen; `suspend-freeze status` lists them");
		undo_abandoned();
		poll(NULL, 0, LOOK_MS);
	}
	return 0;
}

static int thaw(bool ask)
{
	CLEANUP(problem_clear) struct problem problem = { 0 };
	int r = machine_check_place(&problem);

	if (r == 0)
		r = recover(&problem);
	if (r == -EBUSY && !problem.message) {
		if (ask)
			signal_holder();
		r = await_end(&problem);
	}
	return r < 0 ? cmd_complain(&problem, r) : 0;
}

static int run_thaw(const struct command *self, int argc, char **argv)
{
	command_parse(self, argc, argv, NULL);
	return thaw(true);
}

const struct command cmd_thaw = {
	.name = "thaw",
	.summary = "thaw what `freeze` or `run` froze",
	.purpose = "Thaw what `freeze` or `run` froze, and return when it is thawed.",
	.examples = "  suspend-freeze thaw\n",
	.exit_status = "0 nothing is frozen any more, 1 something is still frozen.",
	.run = run_thaw,
};

/* ---- recover ---- */

static int recover_devices(char **devices)
{
	CLEANUP(problem_clear) struct problem problem = { 0 };
	CLEANUP(state_file_clear) struct state_file state = STATE_FILE_NONE;
	int r = machine_check_place(&problem);

	if (r == 0)
		r = state_file_lock(&state, STATE_DIRECTORY, true, &problem);
	for (; r == 0 && *devices; devices++)
		r = freeze_thaw_device(*devices, STATE_DIRECTORY, &problem);
	return r < 0 ? cmd_complain(&problem, r) : 0;
}

static int run_recover(const struct command *self, int argc, char **argv)
{
	char **devices = command_parse(self, argc, argv, NULL);

	return *devices ? recover_devices(devices) : thaw(false);
}

const struct command cmd_recover = {
	.name = "recover",
	.summary = "thaw what killed processes left frozen",
	.arguments = "[DEVICE...]",
	.values = "<file>",
	.purpose =
		"Thaw what suspend-freeze left frozen when all of its processes were killed: "
		"file systems, even if they are no longer mounted, cgroups, and the kernel's "
		"setting. With DEVICE, thaw the unmounted file system on it, no matter who froze "
		"it.",
	.examples = "  suspend-freeze recover\n"
		    "  suspend-freeze recover /dev/sdb1\n",
	.exit_status = "0 nothing is frozen any more, 1 something is still frozen.",
	.run = run_recover,
};
