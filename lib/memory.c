/* SPDX-License-Identifier: MIT */
/*
 * tmpfs without a limit and memfd take pages until none are left.  Then there is no error: the
 * kernel kills processes, and not necessarily the one that allocates.  So the kernel's estimate of
 * available memory is read beforehand, for the machine and for each memory cgroup of this process.
 */
#include "volume.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "util.h"

enum { TEXT_BYTES = 4096 };

/* The names in the two versions of the cgroup interface. */
static const struct cgroup_names {
	const char *line, *mount; /* the line in /proc/self/cgroup; the mount point */
	const char *limit, *used, *swap_limit, *swap_used;
	const char *caches[3]; /* fields of memory.stat: memory that the kernel can reclaim first */
} versions[] = {
	{ "0::",
	  "/sys/fs/cgroup",
	  "memory.max",
	  "memory.current",
	  "memory.swap.max",
	  "memory.swap.current",
	  { "inactive_file ", "active_file ", "slab_reclaimable " } },
	{ ":memory:",
	  "/sys/fs/cgroup/memory",
	  "memory.limit_in_bytes",
	  "memory.usage_in_bytes",
	  NULL,
	  NULL,
	  { "total_inactive_file ", "total_active_file ", NULL } },
};

/* Reads the file `name` of `directory`; NULL: the directory is the file.  0 or -errno. */
static int read_text(const char *directory, const char *name, char text[static TEXT_BYTES])
{
	char path[PATH_MAX];
	ssize_t got;
	int fd;

	if (!name || snprintf(path, sizeof(path), "%s/%s", directory, name) >= (int)sizeof(path))
		return -ENOENT;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	got = read(fd, text, TEXT_BYTES - 1);
	close(fd);
	if (got <= 0)
		return -EIO;
	text[got] = '\0';
	return 0;
}

/* The number after the name at the start of a line; 0 if there is no such line. */
static uint64_t field(const char *text, const char *name)
{
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, name, strlen(name)))
			return strtoull(line + strlen(name), NULL, 10);
	}
	return 0;
}

/* UINT64_MAX: no limit, or it cannot be read. */
static uint64_t number_in(const char *directory, const char *name)
{
	char text[TEXT_BYTES];

	if (read_text(directory, name, text) < 0 || !strncmp(text, "max", 3))
		return UINT64_MAX;
	return strtoull(text, NULL, 10);
}

static uint64_t saturating_sum(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* `limit` minus `used`; UINT64_MAX if either is unknown. */
static uint64_t rest(uint64_t limit, uint64_t used)
{
	if (limit == UINT64_MAX || used == UINT64_MAX)
		return UINT64_MAX;
	return limit > used ? limit - used : 0;
}

static uint64_t room_in_group(const struct cgroup_names *names, const char *directory,
			      uint64_t swap_bytes)
{
	uint64_t room = rest(number_in(directory, names->limit), number_in(directory, names->used));
	uint64_t swap = rest(number_in(directory, names->swap_limit),
			     number_in(directory, names->swap_used));
	char text[TEXT_BYTES];

	if (room == UINT64_MAX)
		return room;
	if (read_text(directory, "memory.stat", text) < 0)
		*text = '\0';
	for (size_t i = 0; i < 3 && names->caches[i]; i++)
		room = saturating_sum(room, field(text, names->caches[i]));
	return saturating_sum(room, lesser(swap, swap_bytes));
}

/*
 * The minimum of the cgroup and its ancestors.  Of those that a container does not see, at least
 * its own root is included.
 */
static uint64_t room_in_groups(const struct cgroup_names *names, const char *text,
			       uint64_t swap_bytes)
{
	const char *line = strstr(text, names->line);
	char directory[PATH_MAX];
	size_t root = strlen(names->mount);
	uint64_t room = UINT64_MAX;

	if (!line)
		return room;
	line += strlen(names->line);
	snprintf(directory, sizeof(directory), "%s%.*s", names->mount, (int)strcspn(line, "\n"),
		 line);
	for (char *end = directory + strlen(directory); end; end = strrchr(directory, '/')) {
		*end = '\0';
		if (strlen(directory) < root)
			break;
		room = lesser(room, room_in_group(names, directory, swap_bytes));
	}
	return room;
}

/* Without /proc: all memory of the machine, an upper bound. */
static uint64_t all_memory(void)
{
	struct sysinfo machine;

	if (sysinfo(&machine) < 0)
		return UINT64_MAX;
	return ((uint64_t)machine.totalram + machine.totalswap) * machine.mem_unit;
}

uint64_t memory_room(void)
{
	char text[TEXT_BYTES];
	uint64_t available = 0, swap = 0, room;

	if (read_text("/proc", "meminfo", text) == 0) {
		available = field(text, "MemAvailable:") * 1024;
		swap = field(text, "SwapFree:") * 1024;
	}
	room = available ? saturating_sum(available, swap) : all_memory();
	if (read_text("/proc/self", "cgroup", text) == 0)
		for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
			room = lesser(room, room_in_groups(&versions[i], text, swap));
	return room;
}
