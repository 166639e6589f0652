/* SPDX-License-Identifier: MIT */
/*
 * The order that works (Linux 6.1): write out, stop the processes, freeze the file systems from
 * the top of the stack down.  Writing out first shortens the time in which processes are stopped,
 * and detects a slow disk before anything is frozen.
 *
 * Between session_freeze() and session_thaw() the process must not wait for a frozen file system
 * or a stopped process.  So it does not print, open files or log; messages are printed afterwards.
 */
#include "suspend/session.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "suspend/freeze.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "suspend/targets.h"

enum {
	GRACE_NS = 1000000000, /* the watchdog acts this much later than its parent */
	LOOK_MS = 10,
	LOCK_WAIT_NS = 1000000000,
};

/* ---- preparing ---- */

/* A mount that existed only in a namespace disappears with the namespace. */
static bool has_gone(const struct mount *mount, int error)
{
	return mount->through && (error == -ENOENT || error == -ESTALE || error == -ESRCH);
}

static int add_superblock(struct state_file *state, const struct plan_item *item,
			  struct problem *problem)
{
	CLEANUP(freep) char *name = target_path(item->mount);
	struct state_entry entry = {
		.kind = item->kind == PLAN_SYNC ? ENTRY_SYNC : ENTRY_SUPERBLOCK,
		.device = item->device,
		.type = item->mount->type,
		.source = item->mount->source,
		.path = name,
	};

	entry.fd = name ? target_open(item->mount) : -ENOMEM;
	if (has_gone(item->mount, entry.fd))
		return 0;
	if (entry.fd < 0)
		return problem_set(problem, PROBLEM_VERDICT, -entry.fd, "cannot open %s: %s",
				   item->mount->point, strerror(-entry.fd));
	return state_file_add(state, &entry);
}

static int add_plan(struct state_file *state, const struct plan *plan, struct problem *problem)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < plan->count; i++)
		if (plan->items[i].kind != PLAN_LEAVE)
			r = add_superblock(state, &plan->items[i], problem);
	return r;
}

/* Skips a cgroup that is already frozen: whoever froze it thaws it. */
static int add_cgroup(struct state_file *state, const char *root, const char *path)
{
	struct state_entry entry = { .kind = ENTRY_CGROUP, .path = (char *)path };
	bool frozen = false;

	entry.fd = cgroups_open(root, path, &frozen);
	if (entry.fd == -ENOENT)
		return 0;
	if (entry.fd < 0)
		return entry.fd;
	if (!frozen)
		return state_file_add(state, &entry);
	close(entry.fd);
	return 0;
}

/* The value of this entry is the mount point of the tree, to which its processes are moved back. */
static int add_root_cgroup(struct state_file *state, const struct machine *machine,
			   struct problem *problem)
{
	struct state_entry entry = {
		.kind = ENTRY_CGROUP,
		.path = (char *)CGROUPS_FOR_ROOT,
		.value = (char *)machine->cgroup_root,
	};
	bool frozen;
	int r = machine->root_writers > 0 ? cgroups_make_for_root(machine->cgroup_root) : 0;

	if (machine->root_writers <= 0)
		return 0;
	entry.fd = r < 0 ? r : cgroups_open(machine->cgroup_root, CGROUPS_FOR_ROOT, &frozen);
	if (entry.fd < 0)
		return problem_set(problem, PROBLEM_VERDICT, -entry.fd,
				   "cannot create the cgroup " CGROUPS_FOR_ROOT ": %s",
				   strerror(-entry.fd));
	return state_file_add(state, &entry);
}

static int add_cgroups(struct state_file *state, const struct machine *machine,
		       struct problem *problem)
{
	for (size_t i = 0; i < machine->cgroups.count; i++) {
		const char *path = machine->cgroups.paths[i];
		int r = add_cgroup(state, machine->cgroup_root, path);

		if (r < 0)
			return problem_set(problem, PROBLEM_VERDICT, -r,
					   "cannot open the cgroup %s: %s", path, strerror(-r));
	}
	return add_root_cgroup(state, machine, problem);
}

static int add_setting(struct state_file *state, struct problem *problem)
{
	struct state_entry entry = { .kind = ENTRY_SETTING, .path = (char *)KERNEL_SETTING };
	char value[2];

	entry.fd = kernel_open_setting(KERNEL_SETTING, value);
	entry.value = value;
	if (entry.fd < 0)
		return problem_set(problem, PROBLEM_LACK, -entry.fd, "cannot open %s: %s",
				   KERNEL_SETTING, strerror(-entry.fd));
	return state_file_add(state, &entry);
}

static int add_entries(struct session *session, const struct machine *machine,
		       const struct plan *plan, enum way way, struct problem *problem)
{
	int r = 0;

	if (way == WAY_KERNEL)
		return add_setting(&session->state, problem);
	session->cgroup_root = machine->cgroup_root;
	if (machine->cgroup_root)
		r = add_cgroups(&session->state, machine, problem);
	return r < 0 ? r : add_plan(&session->state, plan, problem);
}

/* Checks for the state file of killed processes.  If they had frozen nothing, it is removed. */
static int find_leftovers(const struct state_file *locked, struct problem *problem)
{
	CLEANUP(state_file_clear) struct state_file left = STATE_FILE_NONE;
	int r;

	left.directory_fd = fcntl(locked->directory_fd, F_DUPFD_CLOEXEC, 0);
	r = state_file_read(&left);
	if (r == -ENOENT)
		return 0;
	if (r == 0 && state_file_pending(&left) == 0) {
		state_file_remove(&left);
		return 0;
	}
	return problem_set(problem, PROBLEM_VERDICT, EBUSY,
			   "an earlier suspend-freeze was killed and left something frozen; run "
			   "`suspend-freeze recover`");
}

/* A process that has just thawed everything has the lock until it ends. */
static int lock_soon(struct state_file *state, struct problem *problem)
{
	uint64_t deadline_ns = io_now_ns() + LOCK_WAIT_NS;
	int r;

	while ((r = state_file_lock(state, STATE_DIRECTORY, true, problem)) == -EBUSY &&
	       io_now_ns() < deadline_ns) {
		state_file_clear(state);
		poll(NULL, 0, LOOK_MS);
	}
	return r;
}

static int lock(struct state_file *state, struct problem *problem)
{
	int r = lock_soon(state, problem);

	if (r == -EBUSY)
		return problem_set(problem, PROBLEM_VERDICT, EBUSY,
				   "another suspend-freeze is running; `suspend-freeze status` "
				   "shows it, `suspend-freeze thaw` ends it");
	return r < 0 ? r : find_leftovers(state, problem);
}

static int set_holder(struct state_file *state)
{
	struct process self;
	int r = process_read(getpid(), &self);

	if (r == 0)
		state_file_set_process(state, STATE_HOLDER, &self);
	return r;
}

static int start_guarded(struct session *session, struct problem *problem)
{
	int r = state_file_publish(&session->state);

	if (r == 0)
		r = set_holder(&session->state);
	session->deadline_ns = io_now_ns() + session->limits.frozen_ns;
	if (r == 0)
		r = watchdog_start(&session->watchdog, &session->state,
				   session->deadline_ns + GRACE_NS);
	if (r < 0) {
		state_file_remove(&session->state);
		return problem_set(problem, PROBLEM_VERDICT, -r, "cannot start the watchdog: %s",
				   strerror(-r));
	}
	return 0;
}

int session_prepare(struct session *session, const struct machine *machine, const struct plan *plan,
		    enum way way, const struct session_limits *limits, struct problem *problem)
{
	int r = lock(&session->state, problem);

	session->limits = *limits;
	if (r == 0)
		r = add_entries(session, machine, plan, way, problem);
	if (r < 0)
		return r;
	mlockall(MCL_CURRENT | MCL_FUTURE);
	return start_guarded(session, problem);
}

/* ---- freezing ---- */

static int write_value(struct state_entry *entry, const char *what, struct problem *problem)
{
	entry_set_status(entry, ENTRY_FREEZING);
	if (pwrite(entry->fd, "1", 1, 0) != 1) {
		int error = errno;

		entry_set_status(entry, *entry->value ? ENTRY_FREEZING : ENTRY_PLANNED);
		/* A cgroup that is gone has no processes. */
		if (error == ENODEV && entry->kind == ENTRY_CGROUP)
			return 0;
		return problem_set(problem, PROBLEM_VERDICT, error, "cannot freeze %s %s: %s", what,
				   entry->path, strerror(error));
	}
	entry_set_status(entry, ENTRY_FROZEN);
	return 0;
}

static int await_cgroup(const struct session *session, const char *path, uint64_t deadline_ns,
			struct problem *problem)
{
	while (!cgroups_is_frozen(session->cgroup_root, path)) {
		if (io_now_ns() >= deadline_ns)
			return problem_set(problem, PROBLEM_VERDICT, ETIMEDOUT,
					   "the processes of the cgroup %s did not stop: one waits "
					   "for a disk, a server or a FUSE daemon",
					   path);
		poll(NULL, 0, LOOK_MS);
	}
	return 0;
}

static int stop_cgroup(struct state_entry *entry, struct problem *problem)
{
	int r = 0;

	/* From here on the cgroup must be thawed. */
	entry_set_status(entry, ENTRY_FREEZING);
	if (*entry->value)
		r = cgroups_move_from_root(entry->value);
	if (r < 0)
		return problem_set(problem, PROBLEM_VERDICT, -r,
				   "cannot move processes to the cgroup %s: %s", entry->path,
				   strerror(-r));
	return write_value(entry, "the cgroup", problem);
}

static int stop_processes(struct session *session, struct problem *problem)
{
	struct state_file *state = &session->state;
	uint64_t deadline_ns = io_now_ns() + session->limits.step_ns;
	int r = 0;

	for (size_t i = 0; r == 0 && i < state->count; i++)
		if (state->entries[i].kind == ENTRY_CGROUP)
			r = stop_cgroup(&state->entries[i], problem);
	for (size_t i = 0; r == 0 && i < state->count; i++)
		if (state->entries[i].kind == ENTRY_CGROUP &&
		    entry_status(&state->entries[i]) == ENTRY_FROZEN)
			r = await_cgroup(session, state->entries[i].path, deadline_ns, problem);
	return r;
}

static int freeze_one(struct session *session, struct state_entry *entry, struct problem *problem)
{
	int r = freeze_entry(&session->state, entry, io_now_ns() + session->limits.step_ns);

	if (r == 0)
		return 0;
	if (r == -ETIMEDOUT) {
		session->blocked = true;
		return problem_set(problem, PROBLEM_VERDICT, ETIMEDOUT,
				   "freezing %s took too long: its disk is slow, or it is stored "
				   "on a frozen file system",
				   entry->path);
	}
	if (r == -ECANCELED)
		return problem_set(
			problem, PROBLEM_VERDICT, ECANCELED,
			"the time limit expired before everything was frozen; use a larger --for");
	if (r == -EINTR)
		return problem_set(problem, PROBLEM_VERDICT, EINTR,
				   "the process that froze %s was killed", entry->path);
	return problem_set(problem, PROBLEM_VERDICT, -r, "cannot freeze %s: %s", entry->path,
			   strerror(-r));
}

static int freeze_superblocks(struct session *session, struct problem *problem)
{
	struct state_file *state = &session->state;
	int r = 0;

	for (size_t i = 0; r == 0 && i < state->count; i++)
		if (state->entries[i].kind == ENTRY_SUPERBLOCK ||
		    state->entries[i].kind == ENTRY_SYNC)
			r = freeze_one(session, &state->entries[i], problem);
	return r;
}

static int set_setting(struct session *session, struct problem *problem)
{
	struct state_file *state = &session->state;
	int r = 0;

	for (size_t i = 0; r == 0 && i < state->count; i++)
		if (state->entries[i].kind == ENTRY_SETTING)
			r = write_value(&state->entries[i], "by", problem);
	return r;
}

static int freeze_all(struct session *session, struct problem *problem)
{
	int r = freeze_sync_all(&session->state, io_now_ns() + session->limits.step_ns);

	if (r < 0)
		return problem_set(
			problem, PROBLEM_VERDICT, -r,
			"writing out took too long, so nothing was frozen; use a larger --wait");
	r = set_setting(session, problem);
	if (r == 0)
		r = stop_processes(session, problem);
	return r < 0 ? r : freeze_superblocks(session, problem);
}

int session_freeze(struct session *session, struct problem *problem)
{
	struct problem second = { 0 };
	int r = freeze_all(session, problem);

	if (r < 0 && session_thaw(session, &second) < 0) {
		problem_set(problem, PROBLEM_VERDICT, -r, "%s; %s", problem->message,
			    second.message);
	}
	problem_clear(&second);
	return r;
}

/* ---- undoing ---- */

bool session_has_expired(const struct session *session)
{
	return session->state.map && state_file_is_ending(&session->state);
}

int session_guard(struct session *session)
{
	if (!watchdog_is_gone(&session->watchdog) || state_file_is_ending(&session->state))
		return 0;
	watchdog_stop(&session->watchdog);
	return watchdog_start(&session->watchdog, &session->state, session->deadline_ns + GRACE_NS);
}

int session_thaw(struct session *session, struct problem *problem)
{
	size_t pending;

	if (!session->state.map)
		return 0;
	state_file_set_ending(&session->state);
	pending = freeze_undo(&session->state, !session->blocked);
	if (pending > 0)
		return problem_set(problem, PROBLEM_VERDICT, EINPROGRESS,
				   "%zu of the frozen items are not thawed yet; process %d "
				   "continues to try, see `suspend-freeze status`",
				   pending, session->watchdog.pid);
	state_file_remove(&session->state);
	watchdog_stop(&session->watchdog);
	return 0;
}

/* Processes that still run keep the lock. */
void session_clear(struct session *session)
{
	if (session->watchdog.pid > 0) {
		fd_close(session->watchdog.pidfd);
		fd_close(session->watchdog.alive_fd);
	}
	fd_close(session->signal_fd);
	fd_close(session->wake_fd);
	fd_close(session->command_pidfd);
	state_file_clear(&session->state);
	*session = SESSION_NONE;
}
