/* SPDX-License-Identifier: MIT */
/*
 * The file is shared memory, the source of `status`, and the source of `recover` after all
 * processes were killed.  It is written before anything is frozen.  Afterwards it is changed only
 * through the mapping, byte by byte, which needs no memory and no system call.  This is true on
 * tmpfs only, so other file systems are refused.
 */
#include "suspend/state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "blockdev/mounts.h"

/* The header has a fixed length; its letters and numbers are changed in place. */
#define HEAD_TITLE "suspend-freeze 1\n"
#define HEAD_PHASE "phase "
#define HEAD_PROCESS "%-8s %10d %20llu\n"

enum {
	PHASE_AT = sizeof(HEAD_TITLE) - 1 + sizeof(HEAD_PHASE) - 1,
	PROCESS_AT = PHASE_AT + 2,
	PROCESS_BYTES = 8 + 1 + 10 + 1 + 20 + 1,
	HEAD_BYTES = PROCESS_AT + 2 * PROCESS_BYTES,
	STATE_MAX = 16 << 20,
};

static const char state_name[] = "state", new_name[] = "state.new", lock_name[] = "lock";
static const char *const kinds[] = { "knob", "cgroup", "sync", "superblock" };
static const char *const roles[] = { "holder", "watchdog" };

/* ---- entries ---- */

static int copy_text(const char *text, char **ret)
{
	*ret = strdup(text ? text : "");
	return *ret ? 0 : -ENOMEM;
}

static void entry_clear(struct state_entry *entry)
{
	free(entry->type);
	free(entry->source);
	free(entry->path);
	free(entry->value);
	entry->fd = fd_close(entry->fd);
}

int state_file_add(struct state_file *state, const struct state_entry *entry)
{
	struct state_entry copy = { .kind = entry->kind, .device = entry->device, .fd = entry->fd };

	if (copy_text(entry->type, &copy.type) < 0 || copy_text(entry->source, &copy.source) < 0 ||
	    copy_text(entry->path, &copy.path) < 0 || copy_text(entry->value, &copy.value) < 0 ||
	    ARRAY_ROOM(state->entries, state->count) < 0) {
		entry_clear(&copy);
		return -ENOMEM;
	}
	state->entries[state->count++] = copy;
	return 0;
}

void state_file_clear(struct state_file *state)
{
	for (size_t i = 0; i < state->count; i++)
		entry_clear(&state->entries[i]);
	free(state->entries);
	if (state->map)
		munmap(state->map, state->map_bytes);
	fd_close(state->lock_fd);
	fd_close(state->directory_fd);
	*state = STATE_FILE_NONE;
}

enum entry_status entry_status(const struct state_entry *entry)
{
	return (enum entry_status)__atomic_load_n(entry->state, __ATOMIC_SEQ_CST);
}

void entry_set_status(struct state_entry *entry, enum entry_status state)
{
	__atomic_store_n(entry->state, (char)state, __ATOMIC_SEQ_CST);
}

bool entry_is_pending(const struct state_entry *entry)
{
	enum entry_status state = entry_status(entry);

	return entry->kind != ENTRY_SYNC && (state == ENTRY_FROZEN || state == ENTRY_FREEZING);
}

size_t state_file_pending(const struct state_file *state)
{
	size_t pending = 0;

	for (size_t i = 0; i < state->count; i++)
		pending += entry_is_pending(&state->entries[i]);
	return pending;
}

bool state_file_is_ending(const struct state_file *state)
{
	return __atomic_load_n(&state->map[PHASE_AT], __ATOMIC_SEQ_CST) == 'e';
}

void state_file_set_ending(struct state_file *state)
{
	__atomic_store_n(&state->map[PHASE_AT], 'e', __ATOMIC_SEQ_CST);
}

void state_file_set_process(struct state_file *state, enum state_role role,
			    const struct process *process)
{
	char line[PROCESS_BYTES + 1];

	snprintf(line, sizeof(line), HEAD_PROCESS, roles[role], process->pid,
		 (unsigned long long)process->start);
	memcpy(state->map + PROCESS_AT + role * PROCESS_BYTES, line, PROCESS_BYTES);
}

struct process state_file_process(const struct state_file *state, enum state_role role)
{
	char line[PROCESS_BYTES + 1] = "";
	unsigned long long start;
	int pid;

	memcpy(line, state->map + PROCESS_AT + role * PROCESS_BYTES, PROCESS_BYTES);
	if (sscanf(line, "%*s %d %llu", &pid, &start) != 2)
		return (struct process) { 0 };
	return (struct process) { pid, start };
}

/* ---- the directory ---- */

static int check_directory(int fd, const char *directory, struct problem *problem)
{
	struct statfs filesystem;
	struct stat status;

	if (fstat(fd, &status) < 0 || fstatfs(fd, &filesystem) < 0)
		return -errno;
	if (status.st_uid != geteuid() || (status.st_mode & 022))
		return problem_set(problem, PROBLEM_VERDICT, EPERM,
				   "%s can be changed by users other than root; remove it",
				   directory);
	if (filesystem.f_type != TMPFS_MAGIC && filesystem.f_type != RAMFS_MAGIC)
		return problem_set(problem, PROBLEM_LACK, ENOTSUP,
				   "%s is not on a file system in memory; mount a tmpfs on /run, "
				   "because the state cannot be stored on a frozen file system",
				   directory);
	return 0;
}

static int open_directory(const char *directory, bool create, struct problem *problem)
{
	CLEANUP(fd_closep) int fd = -1;
	int r;

	if (create && mkdir(directory, 0700) < 0 && errno != EEXIST)
		return problem_set(problem, PROBLEM_VERDICT, errno, "cannot create %s: %s",
				   directory, strerror(errno));
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = check_directory(fd, directory, problem);
	return r < 0 ? r : TAKE_FD(fd);
}

int state_file_open(struct state_file *state, const char *directory)
{
	state->directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return state->directory_fd < 0 ? -errno : 0;
}

int state_file_lock(struct state_file *state, const char *directory, bool create,
		    struct problem *problem)
{
	int r = open_directory(directory, create, problem);

	if (r < 0)
		return r;
	state->directory_fd = r;
	state->lock_fd = openat(r, lock_name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (state->lock_fd < 0)
		return -errno;
	if (flock(state->lock_fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	return 0;
}

/* ---- writing ---- */

static int put_word(struct strbuf *to, const char *word, char end)
{
	CLEANUP(freep) char *escaped = escape_make(word);

	if (!escaped)
		return -ENOMEM;
	strbuf_printf(to, "%s%c", *escaped ? escaped : "-", end);
	return 0;
}

static int put_entry(struct strbuf *to, const struct state_entry *entry)
{
	strbuf_printf(to, "%c %s %u:%u ", ENTRY_PLANNED, kinds[entry->kind], major(entry->device),
		      minor(entry->device));
	if (put_word(to, entry->type, ' ') < 0 || put_word(to, entry->source, ' ') < 0 ||
	    put_word(to, entry->path, ' ') < 0)
		return -ENOMEM;
	return put_word(to, entry->value, '\n');
}

static int put_text(struct strbuf *to, const struct state_file *state)
{
	int r = 0;

	strbuf_puts(to, HEAD_TITLE HEAD_PHASE "h\n");
	for (size_t i = 0; i < ARRAY_SIZE(roles); i++)
		strbuf_printf(to, HEAD_PROCESS, roles[i], 0, 0ull);
	for (size_t i = 0; r == 0 && i < state->count; i++)
		r = put_entry(to, &state->entries[i]);
	return r;
}

static int make_text(const struct state_file *state, char **ret, size_t *ret_bytes)
{
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	int r = put_text(&text, state);
	size_t bytes = text.bytes;

	if (r == 0)
		*ret = strbuf_take(&text);
	if (r < 0 || !*ret)
		return -ENOMEM;
	*ret_bytes = bytes;
	return 0;
}

static int map_file(struct state_file *state, int fd, size_t bytes)
{
	void *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (map == MAP_FAILED)
		return -errno;
	state->map = map;
	state->map_bytes = bytes;
	return 0;
}

/* Entry i is line i after the header. */
static void point_at_states(struct state_file *state)
{
	char *at = state->map + HEAD_BYTES;

	for (size_t i = 0; i < state->count; i++) {
		state->entries[i].state = at;
		at = (char *)memchr(at, '\n', state->map_bytes - (size_t)(at - state->map)) + 1;
	}
}

int state_file_publish(struct state_file *state)
{
	CLEANUP(freep) char *text = NULL;
	CLEANUP(fd_closep) int fd = -1;
	size_t bytes;
	int r = make_text(state, &text, &bytes);

	if (r < 0)
		return r;
	unlinkat(state->directory_fd, new_name, 0);
	fd = openat(state->directory_fd, new_name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = io_write_all(fd, text, bytes);
	if (r == 0)
		r = map_file(state, fd, bytes);
	if (r < 0)
		return r;
	point_at_states(state);
	if (renameat(state->directory_fd, new_name, state->directory_fd, state_name) < 0)
		return -errno;
	return 0;
}

void state_file_remove(struct state_file *state)
{
	unlinkat(state->directory_fd, state_name, 0);
}

/* ---- reading ---- */

static int read_kind(const char *word, enum entry_kind *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (word && strcmp(kinds[i], word) == 0) {
			*ret = (enum entry_kind)i;
			return 0;
		}
	return -EBADMSG;
}

static int read_device(const char *word, dev_t *ret)
{
	unsigned major_number, minor_number;

	if (!word || sscanf(word, "%u:%u", &major_number, &minor_number) != 2)
		return -EBADMSG;
	*ret = makedev(major_number, minor_number);
	return 0;
}

static char *read_word(char **rest)
{
	char *word = *rest ? strsep(rest, " ") : NULL;

	if (!word)
		return NULL;
	if (strcmp(word, "-") == 0)
		word++;
	escape_resolve(word);
	return word;
}

static int read_entry(struct state_file *state, char *line)
{
	struct state_entry entry = { .fd = -1 };
	char *rest = line;

	if (!strchr("pfFord", *line) || line[1] != ' ')
		return -EBADMSG;
	rest += 2;
	if (read_kind(strsep(&rest, " "), &entry.kind) < 0 ||
	    read_device(rest ? strsep(&rest, " ") : NULL, &entry.device) < 0)
		return -EBADMSG;
	entry.type = read_word(&rest);
	entry.source = read_word(&rest);
	entry.path = read_word(&rest);
	entry.value = read_word(&rest);
	return entry.value && !rest ? state_file_add(state, &entry) : -EBADMSG;
}

static int read_text(struct state_file *state, char *text, size_t bytes)
{
	char *rest, *line;

	if (bytes < HEAD_BYTES || memcmp(text, HEAD_TITLE, strlen(HEAD_TITLE)) != 0 ||
	    text[HEAD_BYTES - 1] != '\n' || text[bytes - 1] != '\n' || memchr(text, '\0', bytes))
		return -EBADMSG;
	rest = text + HEAD_BYTES;
	while ((line = strsep(&rest, "\n")) && *line) {
		int r = read_entry(state, line);

		if (r < 0)
			return r;
	}
	return rest ? -EBADMSG : 0;
}

int state_file_read(struct state_file *state)
{
	CLEANUP(freep) char *text = NULL;
	CLEANUP(fd_closep) int fd = openat(state->directory_fd, state_name, O_RDWR | O_CLOEXEC);
	size_t bytes;
	int r;

	if (fd < 0)
		return -errno;
	r = io_read_rest(fd, STATE_MAX, &text, &bytes);
	if (r == 0)
		r = read_text(state, text, bytes);
	if (r == 0)
		r = map_file(state, fd, bytes);
	if (r == 0)
		point_at_states(state);
	return r;
}
