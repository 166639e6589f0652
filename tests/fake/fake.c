/* SPDX-License-Identifier: MIT */
/*
 * Error paths that need a full disk or a broken one, without either: preloaded
 * into a program, this library lets chosen calls of the C library fail.
 *
 *	LD_PRELOAD=fake.so FAKE_CALLS='write:3:ENOSPC,fallocate:*:EOPNOTSUPP' program
 *
 *	FAKE_CALLS = rule[,rule...]
 *	rule       = call[@glob]:when:what
 *	call       = write pwrite writev pwritev fallocate posix_fallocate ftruncate
 *	             fsync fdatasync close mmap
 *	glob       = only where the descriptor's path (/proc/self/fd) fits this
 *	             fnmatch() pattern, in which `*` spans slashes: write@*.jsonl:1:EIO
 *	when       = N (the Nth such call), N+ (that one and all later), * (each)
 *	what       = a name such as ENOSPC, a number, `short`, `lost` or `flip`
 *
 * A failing call does nothing, sets errno (posix_fallocate: returns the error)
 * and returns its failure; a failing close() does close, as Linux does.
 * `short` lets write, pwrite, writev and pwritev go through with half of the
 * bytes (at least one); it means nothing to the others.  `lost` claims success and
 * does nothing; mmap and close know no such thing.  `flip` lets pwrite write its first
 * byte with a bit changed; the others do not know it.
 *
 * The first rule that applies to a call wins, but each counts its own calls.
 * They are counted for each process by itself; a forked child goes on from its
 * parent's count.  The variable is read at each call: setenv() with another text
 * begins anew.  A rule that cannot be read ends the process with status 99, lest
 * a test pass because of a misspelling.
 *
 * Only what is called through the dynamic linker is seen: not the C library's
 * own inner calls (stdio, what posix_fallocate() does), not liburing's.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

enum { RULES_MAX = 16, TEXT_MAX = 1024, SHORT = -1, LOST = -2, FLIP = -3 };

struct rule {
	const char *call, *glob; /* glob: NULL for any */
	unsigned long first, last;
	int what; /* an errno, SHORT, LOST or FLIP */
	unsigned long seen;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char text[TEXT_MAX];   /* FAKE_CALLS as last read */
static char pieces[TEXT_MAX]; /* the same, cut up: what the rules point into */
static struct rule rules[RULES_MAX];
static size_t rule_count;

static const char *const calls[] = { "write",	  "pwrite",	     "writev",	  "pwritev",
				     "fallocate", "posix_fallocate", "ftruncate", "fsync",
				     "fdatasync", "close",	     "mmap" };

static void refuse(const char *rule)
{
	dprintf(STDERR_FILENO, "fake: FAKE_CALLS='%s': cannot read the rule for '%s'\n", text,
		rule);
	_exit(99);
}

static int is_call(const char *name)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (!strcmp(calls[i], name))
			return 1;
	return 0;
}

/* 0: no such thing. */
static int parse_what(const char *what)
{
	char *end;
	long number = strtol(what, &end, 10);

	if (!strcmp(what, "short"))
		return SHORT;
	if (!strcmp(what, "lost"))
		return LOST;
	if (!strcmp(what, "flip"))
		return FLIP;
	if (end != what && !*end)
		return number > 0 ? (int)number : 0;
	for (int error = 1; error < 134; error++) {
		const char *name = strerrorname_np(error);

		if (name && !strcmp(name, what))
			return error;
	}
	return strcmp(what, "EOPNOTSUPP") ? 0 : EOPNOTSUPP; /* glibc may call it ENOTSUP */
}

/* 0: cannot be read. */
static int parse_when(const char *when, struct rule *rule)
{
	char *end;

	rule->first = 1;
	rule->last = ULONG_MAX;
	if (!strcmp(when, "*"))
		return 1;
	rule->first = strtoul(when, &end, 10);
	if (!*end)
		rule->last = rule->first;
	return end != when && rule->first > 0 && (!*end || !strcmp(end, "+"));
}

static void parse_rule(char *piece)
{
	struct rule *rule = &rules[rule_count];
	char *rest = piece;
	char *call = strsep(&rest, ":");
	const char *when = strsep(&rest, ":");
	char *at = strchr(call, '@');

	if (!when || !rest || rule_count == RULES_MAX)
		refuse(call);
	*rule = (struct rule) { .call = call, .what = parse_what(rest) };
	if (at) {
		*at = '\0';
		rule->glob = at + 1;
	}
	if (!is_call(call) || !parse_when(when, rule) || rule->what == 0)
		refuse(call);
	rule_count++;
}

static void read_rules(void)
{
	const char *now = getenv("FAKE_CALLS");
	char *rest = pieces, *piece;

	if (!now)
		now = "";
	if (!strcmp(now, text))
		return;
	if (strlen(now) >= TEXT_MAX)
		refuse("everything: it is too long");
	strcpy(text, now);
	strcpy(pieces, now);
	rule_count = 0;
	while ((piece = strsep(&rest, ",")))
		if (*piece)
			parse_rule(piece);
}

static int fits(const struct rule *rule, const char *call, int fd)
{
	char link[64], path[PATH_MAX];
	ssize_t length;

	if (strcmp(rule->call, call) != 0)
		return 0;
	if (!rule->glob)
		return 1;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof(path) - 1);
	if (length < 0)
		return 0;
	path[length] = '\0';
	return fnmatch(rule->glob, path, 0) == 0;
}

/* What shall happen to this call: 0 (nothing), an errno, SHORT, LOST or FLIP.  errno survives. */
static int fate(const char *call, int fd)
{
	int saved = errno, what = 0;

	pthread_mutex_lock(&lock);
	read_rules();
	for (struct rule *rule = rules; rule < rules + rule_count; rule++) {
		if (!fits(rule, call, fd))
			continue;
		rule->seen++;
		if (!what && rule->seen >= rule->first && rule->seen <= rule->last)
			what = rule->what;
	}
	pthread_mutex_unlock(&lock);
	errno = saved;
	return what;
}

/*
 * True if the call shall not happen, with its result in *ret: -1 and errno, or
 * for a lost one `whole`, what it returns on success.
 */
static int settled(int what, size_t whole, ssize_t *ret)
{
	if (what > 0) {
		errno = what;
		*ret = -1;
	}
	if (what == LOST)
		*ret = (ssize_t)whole;
	return what > 0 || what == LOST;
}

static size_t half(size_t bytes)
{
	return bytes > 1 ? bytes / 2 : bytes;
}

static size_t total(const struct iovec *vector, int count)
{
	size_t bytes = 0;

	for (int i = 0; i < count; i++)
		bytes += vector[i].iov_len;
	return bytes;
}

/* A copy of the vector that holds half of its bytes, in `cut`; returns its length. */
static int halve(const struct iovec *vector, int count, struct iovec cut[static IOV_MAX])
{
	size_t left = half(total(vector, count));
	int used = 0;

	for (; left > 0 && used < IOV_MAX; used++) {
		cut[used] = vector[used];
		if (cut[used].iov_len > left)
			cut[used].iov_len = left;
		left -= cut[used].iov_len;
	}
	return used;
}

/* `next`: the real one, which the dynamic linker finds after us. */
#define NEXT(name)                     \
	static __typeof__(&name) next; \
	if (!next)                     \
		next = (__typeof__(&name))dlsym(RTLD_NEXT, #name);

ssize_t write(int fd, const void *data, size_t bytes)
{
	int what = fate("write", fd);
	ssize_t r;
	NEXT(write)

	if (settled(what, bytes, &r))
		return r;
	return next(fd, data, what == SHORT ? half(bytes) : bytes);
}

ssize_t writev(int fd, const struct iovec *vector, int count)
{
	struct iovec cut[IOV_MAX];
	int what = fate("writev", fd);
	ssize_t r;
	NEXT(writev)

	if (settled(what, total(vector, count), &r))
		return r;
	return what == SHORT ? next(fd, cut, halve(vector, count, cut)) : next(fd, vector, count);
}

int fsync(int fd)
{
	ssize_t r;
	NEXT(fsync)

	return settled(fate("fsync", fd), 0, &r) ? (int)r : next(fd);
}

int fdatasync(int fd)
{
	ssize_t r;
	NEXT(fdatasync)

	return settled(fate("fdatasync", fd), 0, &r) ? (int)r : next(fd);
}

int close(int fd)
{
	int what = fate("close", fd);
	int r;
	NEXT(close)

	r = next(fd);
	if (what > 0) {
		errno = what;
		return -1;
	}
	return r;
}

/* From here on each call exists twice: with off_t, and with off64_t and a name in 64. */

/* A copy with another first byte, good for direct I/O.  The caller frees it. */
static void *flipped(const void *data, size_t bytes)
{
	unsigned char *copy;

	if (posix_memalign((void **)&copy, 4096, bytes + 1) != 0)
		abort();
	memcpy(copy, data, bytes);
	*copy ^= 1;
	return copy;
}

#define FAKE_PWRITE(name, offset)                                            \
	ssize_t name(int fd, const void *data, size_t bytes, offset at)      \
	{                                                                    \
		int what = fate("pwrite", fd);                               \
		void *copy = what == FLIP ? flipped(data, bytes) : NULL;     \
		ssize_t r;                                                   \
		NEXT(name)                                                   \
                                                                             \
		if (settled(what, bytes, &r))                                \
			return r;                                            \
		data = copy ? copy : data;                                   \
		r = next(fd, data, what == SHORT ? half(bytes) : bytes, at); \
		free(copy);                                                  \
		return r;                                                    \
	}
FAKE_PWRITE(pwrite, off_t)
FAKE_PWRITE(pwrite64, off64_t)

#define FAKE_PWRITEV(name, offset)                                                  \
	ssize_t name(int fd, const struct iovec *vector, int count, offset at)      \
	{                                                                           \
		struct iovec cut[IOV_MAX];                                          \
		int what = fate("pwritev", fd);                                     \
		ssize_t r;                                                          \
		NEXT(name)                                                          \
                                                                                    \
		if (settled(what, total(vector, count), &r))                        \
			return r;                                                   \
		return what == SHORT ? next(fd, cut, halve(vector, count, cut), at) \
				     : next(fd, vector, count, at);                 \
	}
FAKE_PWRITEV(pwritev, off_t)
FAKE_PWRITEV(pwritev64, off64_t)

#define FAKE_FALLOCATE(name, offset)                                                               \
	int name(int fd, int mode, offset at, offset bytes)                                        \
	{                                                                                          \
		ssize_t r;                                                                         \
		NEXT(name)                                                                         \
                                                                                                   \
		return settled(fate("fallocate", fd), 0, &r) ? (int)r : next(fd, mode, at, bytes); \
	}
FAKE_FALLOCATE(fallocate, off_t)
FAKE_FALLOCATE(fallocate64, off64_t)

#define FAKE_POSIX_FALLOCATE(name, offset)              \
	int name(int fd, offset at, offset bytes)       \
	{                                               \
		int what = fate("posix_fallocate", fd); \
		NEXT(name)                              \
                                                        \
		if (what > 0 || what == LOST)           \
			return what > 0 ? what : 0;     \
		return next(fd, at, bytes);             \
	}
FAKE_POSIX_FALLOCATE(posix_fallocate, off_t)
FAKE_POSIX_FALLOCATE(posix_fallocate64, off64_t)

#define FAKE_FTRUNCATE(name, offset)                                                     \
	int name(int fd, offset bytes)                                                   \
	{                                                                                \
		ssize_t r;                                                               \
		NEXT(name)                                                               \
                                                                                         \
		return settled(fate("ftruncate", fd), 0, &r) ? (int)r : next(fd, bytes); \
	}
FAKE_FTRUNCATE(ftruncate, off_t)
FAKE_FTRUNCATE(ftruncate64, off64_t)

#define FAKE_MMAP(name, offset)                                                             \
	void *name(void *where, size_t bytes, int protection, int flags, int fd, offset at) \
	{                                                                                   \
		int what = fate("mmap", fd);                                                \
		NEXT(name)                                                                  \
                                                                                            \
		if (what > 0) {                                                             \
			errno = what;                                                       \
			return MAP_FAILED;                                                  \
		}                                                                           \
		return next(where, bytes, protection, flags, fd, at);                       \
	}
FAKE_MMAP(mmap, off_t)
FAKE_MMAP(mmap64, off64_t)
