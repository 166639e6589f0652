/* SPDX-License-Identifier: MIT */
/*
 * What suspend-freeze reads of the machine and keeps beside it: devices, cgroups, the
 * kernel, the state file.  In trees of files that are made here.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <unistd.h>

#include <cmocka.h>

#include "suspend/cgroups.h"
#include "base/cleanup.h"
#include "blockdev/devices.h"
#include "suspend/state_file.h"
#include "base/io.h"
#include "suspend/machine.h"
#include "lack.h"
#include "tree.h"

/* ---- cgroups ---- */

static int is_chosen(const struct cgroups *chosen, const char *path)
{
	for (size_t i = 0; i < chosen->count; i++)
		if (strcmp(chosen->paths[i], path) == 0)
			return 1;
	return 0;
}

static void test_cgroups_choose(void **state)
{
	static const char *const paths[] = {
		"/init.scope",
		"/system.slice",
		"/system.slice/cron.service",
		"/system.slice/dbus.service",
		"/system.slice/systemd-logind.service",
		"/system.slice/systemd-logind.service/inner",
		"/system.slice/systemd-suspend.service",
		"/system.slice/systemd-suspend.service/below",
		"/system.slice/systemd-suspend.service-not",
		"/user.slice",
		"/user.slice/user-1000.slice",
	};
	CLEANUP(cgroups_clear) struct cgroups all = { 0 };
	CLEANUP(cgroups_clear) struct cgroups chosen = { 0 };
	CLEANUP(cgroups_clear) struct cgroups in_session = { 0 };
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		cgroups_add(&all, paths[i]);
	assert_int_equal(0, cgroups_choose(&all, "/system.slice/systemd-suspend.service", &chosen));
	assert_int_equal(3, chosen.count);
	assert_true(is_chosen(&chosen, "/user.slice"));
	assert_true(is_chosen(&chosen, "/system.slice/cron.service"));
	assert_true(is_chosen(&chosen, "/system.slice/systemd-suspend.service-not"));

	assert_int_equal(0, cgroups_choose(&all, "/user.slice/user-1000.slice", &in_session));
	assert_int_equal(2, in_session.count);
	assert_false(is_chosen(&in_session, "/user.slice"));
}

static void test_cgroups_from_the_root(void **state)
{
	CLEANUP(cgroups_clear) struct cgroups all = { 0 };
	CLEANUP(cgroups_clear) struct cgroups chosen = { 0 };
	(void)state;

	cgroups_add(&all, "/a");
	cgroups_add(&all, "/a/b");
	cgroups_add(&all, "/c");
	assert_int_equal(0, cgroups_choose(&all, "/", &chosen));
	assert_int_equal(2, chosen.count);
	assert_true(is_chosen(&chosen, "/a"));
}

static void test_cgroups_own(void **state)
{
	CLEANUP(freep)
	char *hybrid = cgroups_own("12:pids:/x\n0::/user.slice/a b\n1:name=systemd:/y\n");
	CLEANUP(freep) char *only = cgroups_own("0::/\n");
	CLEANUP(freep) char *none = cgroups_own("1:cpu:/0::/x\n");
	(void)state;

	assert_string_equal("/user.slice/a b", hybrid);
	assert_string_equal("/", only);
	assert_null(none);
}

static void test_cgroups_tree(void **state)
{
	CLEANUP(cgroups_clear) struct cgroups all = { 0 };
	CLEANUP(fd_closep) int fd = -1;
	bool frozen;
	(void)state;

	tree_put("a.slice/cgroup.freeze", "0\n");
	tree_put("a.slice/cgroup.events", "populated 1\nfrozen 0\n");
	tree_put("a.slice/b.service/cgroup.freeze", "1\n");
	tree_put("a.slice/b.service/cgroup.events", "populated 1\nfrozen 1\n");
	assert_int_equal(0, cgroups_read(tree, &all));
	assert_int_equal(2, all.count);
	assert_string_equal("/a.slice", all.paths[0]);
	assert_string_equal("/a.slice/b.service", all.paths[1]);
	fd = cgroups_open(tree, "/a.slice", &frozen);
	assert_true(fd >= 0);
	assert_false(frozen);
	close(fd);
	fd = cgroups_open(tree, "/a.slice/b.service", &frozen);
	assert_true(frozen);
	assert_false(cgroups_is_frozen(tree, "/a.slice"));
	assert_true(cgroups_is_frozen(tree, "/a.slice/b.service"));
	assert_int_equal(-ENOENT, cgroups_open(tree, "/gone", &frozen));
}

/* A process that is neither our child nor our ancestor, and ends when we do. */
static pid_t start_stranger(void)
{
	static int lifeline[2] = { -1, -1 };
	int ends[2];
	pid_t stranger = 0, between;

	assert_true(lifeline[1] >= 0 || pipe2(lifeline, O_CLOEXEC) == 0);
	assert_int_equal(0, pipe2(ends, O_CLOEXEC));
	between = fork();
	if (between == 0) {
		stranger = fork();
		if (stranger == 0) {
			close(lifeline[1]);
			_exit((int)read(lifeline[0], &(char) { 0 }, 1));
		}
		_exit(write(ends[1], &stranger, sizeof(stranger)) != sizeof(stranger));
	}
	assert_int_equal(sizeof(stranger), read(ends[0], &stranger, sizeof(stranger)));
	waitpid(between, NULL, 0);
	close(ends[0]);
	close(ends[1]);
	return stranger;
}

/* In a container that may be anybody's number. */
static bool is_kernel_thread(pid_t pid)
{
	CLEANUP(freep) char *name = NULL;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	return io_read_file(path, 64, &name, NULL) == 0 && strcmp(name, "kthreadd\n") == 0;
}

/* Ourselves and kernel threads do not count; anybody else does. */
static void test_cgroups_running(void **state)
{
	CLEANUP(cgroups_clear) struct cgroups all = { 0 };
	CLEANUP(cgroups_clear) struct cgroups frozen = { 0 };
	char name[64] = "", procs[64];
	pid_t stranger = start_stranger();
	(void)state;

	snprintf(procs, sizeof(procs), "%d\n", stranger);
	tree_put("cgroup.procs", procs);
	tree_put("suspend-freeze/cgroup.procs", procs);
	tree_put("a/cgroup.procs", "");
	tree_put("init.scope/cgroup.procs", "1\n");
	tree_put("b/cgroup.procs", procs);
	snprintf(procs, sizeof(procs), "1\n%d\n%d\n%s", getpid(), getppid(),
		 is_kernel_thread(2) ? "2\n" : "");
	tree_put("c/cgroup.procs", procs);
	assert_int_equal(0, cgroups_read(tree, &all));
	assert_int_equal(1, cgroups_running(tree, &all, &frozen, name));
	assert_int_equal(0, strncmp(name, "test-suspend", 12));
	cgroups_add(&frozen, "/b");
	assert_int_equal(0, cgroups_running(tree, &all, &frozen, name));
	kill(stranger, SIGKILL);
}

/* The kernel would take the process out of the one when it is written into the other. */
static void test_cgroups_of_the_root(void **state)
{
	CLEANUP(freep) char *moved = NULL;
	CLEANUP(freep) char *path = NULL;
	char name[64] = "", procs[64];
	pid_t stranger = start_stranger();
	(void)state;

	snprintf(procs, sizeof(procs), "1\n%d\n%d\n", getpid(), stranger);
	tree_put("cgroup.procs", procs);
	assert_int_equal(1, cgroups_writers(tree, "", name));
	assert_int_equal(-ENOENT, cgroups_move_from_root(tree));
	assert_int_equal(0, cgroups_make_for_root(tree));
	assert_int_equal(0, cgroups_make_for_root(tree));
	tree_put("suspend-freeze/cgroup.procs", "");
	assert_int_equal(0, cgroups_move_from_root(tree));
	path = tree_path("suspend-freeze/cgroup.procs");
	assert_int_equal(0, io_read_file(path, 4096, &moved, NULL));
	assert_int_equal(stranger, strtol(moved, NULL, 10));
	snprintf(procs, sizeof(procs), "\n%d\n", getpid());
	assert_null(strstr(moved, procs));
	kill(stranger, SIGKILL);
}

/* ---- the kernel ---- */

static void test_kernel(void **state)
{
	struct kernel debian = kernel_parse("6.1.0-18-amd64"), odd = kernel_parse("what");
	(void)state;

	assert_int_equal(6, debian.major);
	assert_int_equal(1, debian.minor);
	assert_int_equal(0, odd.major);
	assert_true(kernel_is_before(debian, 6, 16));
	assert_false(kernel_is_before(kernel_parse("6.16.0-rc1"), 6, 16));
	assert_false(kernel_is_before(kernel_parse("7.0"), 6, 16));
	assert_true(kernel_is_before(kernel_parse("5.19.1"), 6, 16));
}

static void test_kernel_defect(void **state)
{
	(void)state;

	assert_null(kernel_defect(kernel_parse("6.17.9")));
	assert_non_null(kernel_defect(kernel_parse("6.18.0-1-amd64")));
	assert_non_null(kernel_defect(kernel_parse("6.18.2")));
	assert_null(kernel_defect(kernel_parse("6.18.3")));
	assert_null(kernel_defect(kernel_parse("6.19.0")));
}

static void test_kernel_open(void **state)
{
	CLEANUP(freep) char *path = tree_path("knob");
	CLEANUP(fd_closep) int fd = -1;
	char value[2];
	(void)state;

	assert_int_equal(-ENOENT, kernel_open_setting(path, value));
	tree_put("knob", "1\n");
	fd = kernel_open_setting(path, value);
	assert_true(fd >= 0);
	assert_string_equal("1", value);
}

/* ---- state file ---- */

/* The directory without its checks, which want tmpfs. */
static void open_in_tree(struct state_file *file)
{
	*file = STATE_FILE_NONE;
	assert_int_equal(0, state_file_open(file, tree));
}

static void test_state_file_is_read_back(void **state)
{
	CLEANUP(state_file_clear) struct state_file written = STATE_FILE_NONE;
	CLEANUP(state_file_clear) struct state_file read = STATE_FILE_NONE;
	const struct process holder = { 4711, 1234567890123 };
	(void)state;

	open_in_tree(&written);
	assert_int_equal(
		0, state_file_add(&written, &(struct state_entry) { .kind = ENTRY_CGROUP,
								    .fd = -1,
								    .path = (char *)"/a b" }));
	assert_int_equal(0, state_file_add(&written,
					   &(struct state_entry) { .kind = ENTRY_SUPERBLOCK,
								   .fd = -1,
								   .device = makedev(8, 1),
								   .type = (char *)"ext4",
								   .source = (char *)"-",
								   .path = (char *)"/new\nline" }));
	assert_int_equal(0,
			 state_file_add(&written, &(struct state_entry) { .kind = ENTRY_SETTING,
									  .fd = -1,
									  .path = (char *)"/k",
									  .value = (char *)"0" }));
	assert_int_equal(0, state_file_publish(&written));
	state_file_set_process(&written, STATE_HOLDER, &holder);
	entry_set_status(&written.entries[1], ENTRY_FROZEN);

	open_in_tree(&read);
	assert_int_equal(0, state_file_read(&read));
	assert_int_equal(3, read.count);
	assert_string_equal("/a b", read.entries[0].path);
	assert_string_equal("", read.entries[0].source);
	assert_int_equal(ENTRY_SUPERBLOCK, read.entries[1].kind);
	assert_int_equal(makedev(8, 1), read.entries[1].device);
	assert_string_equal("-", read.entries[1].source);
	assert_string_equal("/new\nline", read.entries[1].path);
	assert_string_equal("0", read.entries[2].value);
	assert_int_equal(ENTRY_PLANNED, entry_status(&read.entries[0]));
	assert_true(entry_is_pending(&read.entries[1]));
	assert_false(entry_is_pending(&read.entries[0]));
	assert_int_equal(4711, state_file_process(&read, STATE_HOLDER).pid);
	assert_int_equal(1234567890123, state_file_process(&read, STATE_HOLDER).start);
	assert_int_equal(0, state_file_process(&read, STATE_WATCHDOG).pid);

	/* Both see what either changes. */
	entry_set_status(&read.entries[1], ENTRY_DONE);
	state_file_set_ending(&read);
	assert_int_equal(ENTRY_DONE, entry_status(&written.entries[1]));
	assert_true(state_file_is_ending(&written));
	state_file_remove(&written);
	state_file_clear(&read);
	open_in_tree(&read);
	assert_int_equal(-ENOENT, state_file_read(&read));
}

static void test_state_file_refuses_what_it_did_not_write(void **state)
{
	static const char head[] = "suspend-freeze 1\nphase h\n"
				   "holder            0                    0\n"
				   "watchdog          0                    0\n";
	static const char *const bad[] = {
		"x superblock 1:1 a b c -\n",	"F superblock 1:1 a b c\n",
		"F superblock 1 a b c -\n",	"F what 1:1 a b c -\n",
		"F superblock 1:1 a b c - d\n", "F superblock 1:1 a b c -",
		"\nF superblock 1:1 a b c -\n", "F\n"
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		CLEANUP(state_file_clear) struct state_file file = STATE_FILE_NONE;
		char text[512];

		snprintf(text, sizeof(text), "%s%s", head, bad[i]);
		tree_put("state", text);
		open_in_tree(&file);
		assert_int_equal(-EBADMSG, state_file_read(&file));
	}
	for (size_t bytes = 0; bytes < strlen(head); bytes += 7) {
		CLEANUP(state_file_clear) struct state_file file = STATE_FILE_NONE;
		char text[512];

		snprintf(text, sizeof(text), "%.*s", (int)bytes, head);
		tree_put("state", text);
		open_in_tree(&file);
		assert_int_equal(-EBADMSG, state_file_read(&file));
	}
}

static void test_state_file_lock(void **state)
{
	CLEANUP(state_file_clear) struct state_file first = STATE_FILE_NONE;
	CLEANUP(state_file_clear) struct state_file second = STATE_FILE_NONE;
	CLEANUP(state_file_clear) struct state_file none = STATE_FILE_NONE;
	CLEANUP(problem_clear) struct problem problem = { 0 };
	char directory[] = "/dev/shm/suspend-test.XXXXXX", lock[64];
	int r;
	(void)state;

	assert_int_equal(-ENOENT, state_file_lock(&none, "/nowhere/at/all", false, &problem));
	if (!mkdtemp(directory))
		skip_because("no directory in /dev/shm: %s", strerror(errno));
	snprintf(lock, sizeof(lock), "%s/lock", directory);
	r = state_file_lock(&first, directory, true, &problem);
	assert_int_equal(0, r);
	assert_int_equal(-EBUSY, state_file_lock(&second, directory, true, &problem));
	state_file_clear(&second);
	state_file_clear(&first);
	assert_int_equal(0, state_file_lock(&second, directory, false, &problem));
	state_file_clear(&second);
	chmod(directory, 0777);
	assert_int_equal(-EPERM, state_file_lock(&second, directory, false, &problem));
	assert_non_null(strstr(problem.message, "can be changed by users"));
	unlink(lock);
	rmdir(directory);
}

static void test_process(void **state)
{
	struct process self, other;
	(void)state;

	assert_int_equal(0, process_read(getpid(), &self));
	assert_true(process_is_alive(&self));
	other = self;
	other.start++;
	assert_false(process_is_alive(&other));
	assert_int_equal(-ESRCH, process_open(&other));
	assert_int_equal(-ESRCH, process_open(&(struct process) { 0 }));
	assert_false(process_is_alive(&(struct process) { 0x7ffffff, 1 }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cgroups_choose),
		cmocka_unit_test(test_cgroups_from_the_root),
		cmocka_unit_test(test_cgroups_own),
		cmocka_unit_test_setup_teardown(test_cgroups_tree, tree_make, tree_remove),
		cmocka_unit_test_setup_teardown(test_cgroups_running, tree_make, tree_remove),
		cmocka_unit_test_setup_teardown(test_cgroups_of_the_root, tree_make, tree_remove),
		cmocka_unit_test(test_kernel),
		cmocka_unit_test(test_kernel_defect),
		cmocka_unit_test_setup_teardown(test_kernel_open, tree_make, tree_remove),
		cmocka_unit_test_setup_teardown(test_state_file_is_read_back, tree_make,
						tree_remove),
		cmocka_unit_test_setup_teardown(test_state_file_refuses_what_it_did_not_write,
						tree_make, tree_remove),
		cmocka_unit_test(test_state_file_lock),
		cmocka_unit_test(test_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
