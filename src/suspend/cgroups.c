/* SPDX-License-Identifier: MIT */
/*
 * Freezing a cgroup stops its processes where they hold no locks of the kernel, so file systems
 * can be frozen afterwards.  In the other order, a process that is blocked in a write is not
 * stopped, and the cgroup never reports `frozen 1` (Linux 6.1).
 *
 * Processes that a suspend needs are not frozen: init runs the service that suspends and is
 * asked to thaw user.slice, logind answers when the kernel switches the virtual terminal, and
 * hooks use the message bus.  None of them writes to a disk during that time.
 *
 * The root of the cgroup tree cannot be frozen.  Its processes (all of them, without systemd) are
 * moved to a cgroup for that purpose, and back afterwards.  Our ancestors (shells, sudo) stay in
 * the root: they wait for us, and must run when `freeze` returns.  A process that cannot be
 * moved, such as one with real-time priority on some kernels, continues to run.
 */
#include "suspend/cgroups.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "base/text.h"
#include "blockdev/mounts.h"
#include "suspend/process.h"

enum {
	ATTRIBUTE_BYTES = 1 << 16,
	PROCESSES_BYTES = 4 << 20,
	MOVES_MAX = 20, /* processes may be started faster than they can be moved */
	DEPTH_MAX = 128,
	KERNEL_THREAD = 0x00200000, /* PF_KTHREAD in /proc/PID/stat */
};

/* The last component of their paths. */
static const char *const needed[] = {
	"init.scope",
	"systemd-logind.service",
	"elogind.service",
	"dbus.service",
	"dbus-broker.service",
	"systemd-suspend.service",
	"systemd-hibernate.service",
	"systemd-hybrid-sleep.service",
	"systemd-suspend-then-hibernate.service",
};

int cgroups_add(struct cgroups *cgroups, const char *path)
{
	char *copy = strdup(path);

	if (copy && ARRAY_ADD(cgroups->paths, cgroups->count, copy) == 0)
		return 0;
	free(copy);
	return -ENOMEM;
}

void cgroups_clear(struct cgroups *cgroups)
{
	for (size_t i = 0; i < cgroups->count; i++)
		free(cgroups->paths[i]);
	free(cgroups->paths);
	*cgroups = (struct cgroups) { 0 };
}

/* ---- the tree ---- */

static int read_below(const char *root, const char *path, unsigned depth, struct cgroups *cgroups)
{
	CLEANUP(freep) char *directory = text_format("%s%s", root, path);
	const struct dirent *entry;
	DIR *entries;
	int r = 0;

	if (!directory)
		return -ENOMEM;
	entries = opendir(directory);
	if (!entries)
		return *path ? 0 : -errno; /* removed meanwhile */
	while (r == 0 && (entry = readdir(entries))) {
		CLEANUP(freep) char *child = NULL;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.' || depth >= DEPTH_MAX)
			continue;
		child = text_path(path, entry->d_name);
		r = child ? cgroups_add(cgroups, child) : -ENOMEM;
		if (r == 0)
			r = read_below(root, child, depth + 1, cgroups);
	}
	closedir(entries);
	return r;
}

int cgroups_read(const char *root, struct cgroups *ret)
{
	struct cgroups cgroups = { 0 };
	int r = read_below(root, "", 0, &cgroups);

	if (r < 0) {
		cgroups_clear(&cgroups);
		return r;
	}
	*ret = cgroups;
	return 0;
}

char *cgroups_own(const char *text)
{
	const char *line = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");

	if (!line)
		return NULL;
	line += strcspn(line, "/");
	return strndup(line, strcspn(line, "\n"));
}

const char *cgroups_root(const struct mounts *mounts)
{
	for (size_t i = 0; i < mounts->count; i++)
		if (strcmp(mounts->all[i].type, "cgroup2") == 0 &&
		    strcmp(mounts->all[i].root, "/") == 0 &&
		    mounts_find(mounts, mounts->all[i].point) == &mounts->all[i])
			return mounts->all[i].point;
	return NULL;
}

/* ---- the choice ---- */

/* Whether `path` is `above` or below it.  Everything is below "/". */
static bool is_within(const char *path, const char *above)
{
	size_t length = strcmp(above, "/") == 0 ? 0 : strlen(above);

	return strncmp(path, above, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

static bool is_needed(const char *path)
{
	const char *name = strrchr(path, '/');

	for (size_t i = 0; name && i < ARRAY_SIZE(needed); i++)
		if (strcmp(name + 1, needed[i]) == 0)
			return true;
	return false;
}

static bool is_within_any(const char *path, const struct cgroups *cgroups)
{
	for (size_t i = 0; i < cgroups->count; i++)
		if (is_within(path, cgroups->paths[i]))
			return true;
	return false;
}

static bool contains_any(const char *path, const struct cgroups *cgroups)
{
	for (size_t i = 0; i < cgroups->count; i++)
		if (is_within(cgroups->paths[i], path))
			return true;
	return false;
}

static int find_needed(const struct cgroups *all, struct cgroups *ret)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < all->count; i++)
		if (is_needed(all->paths[i]))
			r = cgroups_add(ret, all->paths[i]);
	return r;
}

int cgroups_choose(const struct cgroups *all, const char *own, struct cgroups *ret)
{
	CLEANUP(cgroups_clear) struct cgroups running = { 0 };
	struct cgroups chosen = { 0 };
	int r = find_needed(all, &running);

	for (size_t i = 0; r == 0 && i < all->count; i++) {
		const char *path = all->paths[i];

		/* A killed process may have left it.  It is added when it is needed. */
		if (strcmp(path, CGROUPS_FOR_ROOT) == 0)
			continue;
		if (!is_within(own, path) && !contains_any(path, &running) &&
		    !is_within_any(path, &running) && !is_within_any(path, &chosen))
			r = cgroups_add(&chosen, path);
	}
	if (r < 0) {
		cgroups_clear(&chosen);
		return r;
	}
	*ret = chosen;
	return 0;
}

/* ---- the files of a cgroup ---- */

int cgroups_open(const char *root, const char *path, bool *ret_frozen)
{
	CLEANUP(freep) char *name = text_format("%s%s/cgroup.freeze", root, path);
	CLEANUP(fd_closep) int fd = -1;
	char value = '0';

	if (!name)
		return -ENOMEM;
	fd = open(name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || pread(fd, &value, 1, 0) < 0)
		return errno == ENODEV ? -ENOENT : -errno;
	*ret_frozen = value == '1';
	return TAKE_FD(fd);
}

bool cgroups_is_frozen(const char *root, const char *path)
{
	CLEANUP(freep) char *name = text_format("%s%s/cgroup.events", root, path);
	CLEANUP(freep) char *text = NULL;
	int r;

	if (!name)
		return false;
	r = io_read_file(name, ATTRIBUTE_BYTES, &text, NULL);
	if (r < 0)
		return r == -ENOENT || r == -ENODEV;
	return strstr(text, "frozen 1\n") != NULL;
}

/* ---- processes that continue to run ---- */

/* The parent of a process; 0: none.  *ret_kernel: whether it is a kernel thread. */
static pid_t parent_of(pid_t pid, char name[static 64], bool *ret_kernel)
{
	CLEANUP(freep) char *text = NULL;
	char path[64];
	const char *open_bracket, *close_bracket;
	unsigned flags;
	int parent;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (io_read_file(path, 4096, &text, NULL) < 0)
		return 0;
	open_bracket = strchr(text, '(');
	close_bracket = strrchr(text, ')');
	if (!open_bracket || !close_bracket ||
	    sscanf(close_bracket + 1, " %*c %d %*d %*d %*d %*d %u", &parent, &flags) != 2)
		return 0;
	snprintf(name, 64, "%.*s", (int)(close_bracket - open_bracket - 1), open_bracket + 1);
	*ret_kernel = flags & KERNEL_THREAD;
	return parent;
}

static bool is_ancestor(pid_t pid)
{
	char name[64];
	bool kernel;

	for (pid_t at = getppid(); at > 1; at = parent_of(at, name, &kernel))
		if (at == pid)
			return true;
	return false;
}

static bool is_writer(pid_t pid, char ret_name[static 64])
{
	char name[64] = "";
	bool kernel = true;
	pid_t parent = parent_of(pid, name, &kernel);

	if (kernel || pid == 1 || pid == getpid() || parent == getpid() || is_ancestor(pid))
		return false;
	memcpy(ret_name, name, sizeof(name));
	return true;
}

int cgroups_writers(const char *root, const char *path, char ret_name[static 64])
{
	CLEANUP(freep) char *file = text_format("%s%s/cgroup.procs", root, path);
	CLEANUP(freep) char *text = NULL;
	int count = 0, r;
	char *at, *next;

	if (!file)
		return -ENOMEM;
	r = io_read_file(file, PROCESSES_BYTES, &text, NULL);
	if (r < 0)
		return r == -ENOENT || r == -ENODEV || r == -EOPNOTSUPP ? 0 : r;
	for (at = text; strtol(at, &next, 10) > 0; at = next)
		count += is_writer((pid_t)strtol(at, NULL, 10), ret_name);
	return count;
}

int cgroups_running(const char *root, const struct cgroups *all, const struct cgroups *frozen,
		    char ret_name[static 64])
{
	CLEANUP(cgroups_clear) struct cgroups running = { 0 };
	int r = find_needed(all, &running), total = r;

	for (size_t i = 0; total >= 0 && i < all->count; i++) {
		if (strcmp(all->paths[i], CGROUPS_FOR_ROOT) == 0 ||
		    is_within_any(all->paths[i], frozen) || is_within_any(all->paths[i], &running))
			continue;
		r = cgroups_writers(root, all->paths[i], ret_name);
		total = r < 0 ? r : total + r;
	}
	return total;
}

/* ---- the processes of the root ---- */

static int read_processes(const char *root, const char *path, char **ret)
{
	CLEANUP(freep) char *name = text_format("%s%s/cgroup.procs", root, path);

	if (!name)
		return -ENOMEM;
	return io_read_file(name, PROCESSES_BYTES, ret, NULL);
}

int cgroups_make_for_root(const char *root)
{
	CLEANUP(freep) char *directory = text_format("%s" CGROUPS_FOR_ROOT, root);

	if (!directory)
		return -ENOMEM;
	return mkdir(directory, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

static int open_processes(const char *root, const char *path)
{
	CLEANUP(freep) char *name = text_format("%s%s/cgroup.procs", root, path);
	int fd;

	if (!name)
		return -ENOMEM;
	fd = open(name, O_WRONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Moves all processes, or only those that can write.  Returns their number or -errno. */
static int move(const char *root, const char *from, const char *to, bool all)
{
	CLEANUP(freep) char *pids = NULL;
	CLEANUP(fd_closep) int fd = open_processes(root, to);
	int moved = 0, r = fd < 0 ? fd : read_processes(root, from, &pids);
	char *at, *next;

	if (r < 0)
		return r;
	for (at = pids; strtol(at, &next, 10) > 0; at = next) {
		pid_t pid = (pid_t)strtol(at, NULL, 10);
		char name[64];

		if (all || is_writer(pid, name))
			moved += dprintf(fd, "%d\n", pid) > 0;
	}
	return moved;
}

int cgroups_move_from_root(const char *root)
{
	int moved = 1;

	for (int pass = 0; pass < MOVES_MAX && moved > 0; pass++)
		moved = move(root, "", CGROUPS_FOR_ROOT, false);
	return moved < 0 ? moved : 0;
}

void cgroups_move_back(const char *root)
{
	CLEANUP(freep) char *directory = text_format("%s" CGROUPS_FOR_ROOT, root);
	int moved = 1;

	for (int pass = 0; pass < MOVES_MAX && moved > 0; pass++)
		moved = move(root, CGROUPS_FOR_ROOT, "", true);
	if (directory)
		rmdir(directory);
}
