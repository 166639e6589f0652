/* SPDX-License-Identifier: MIT */
/*
 * alloc-perf create: libprealloc for the command line.  Signals are checked in the progress
 * callback of the library, so that an interrupted file is handled like a failed one.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <prealloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cmd/cmd.h"
#include "base/io.h"
#include "base/json.h"
#include "base/command.h"
#include "base/size.h"
#include "base/terminal.h"
#include "base/words.h"

/* ---- options ---- */

struct create_options {
	uint32_t flags;	      /* enum prealloc_flags */
	uint32_t io_priority; /* enum prealloc_io_priority */
	uint64_t rate;	      /* bytes per second; 0: no limit */
	bool json, quiet;
};

#define SETS(kind, member) OPTION_INTO(kind, struct create_options, member)
#define SETS_FLAG(flag) .value = (flag), SETS(OPTION_BITS, flags)

static const struct option_row options[] = {
	{ "keep-size", 'k', NULL, "reserve the space, do not change the file size",
	  SETS_FLAG(PREALLOC_KEEP_SIZE) },
	{ "durable", 'd', NULL, "return when the file and its directory are on the disk",
	  SETS_FLAG(PREALLOC_DURABLE) },
	{ "require-native", 'n', NULL, "use only fallocate(), never write zeroes",
	  SETS_FLAG(PREALLOC_REQUIRE_NATIVE) },
	{ "verify", 0, NULL, "verify that the space is allocated", SETS_FLAG(PREALLOC_VERIFY) },
	{ "hint", 0, NULL, "ask copy-on-write file systems to overwrite in place",
	  SETS_FLAG(PREALLOC_HINT) },
	{ "rate", 0, "SIZE", "limit the rate of writing zeroes, bytes per second",
	  .values = "10M 50M 100M", .least = 1, SETS(OPTION_SIZE, rate) },
	{ "idle", 0, NULL, "use the disk only while nobody else does (I/O priority)",
	  .value = PREALLOC_IO_IDLE, SETS(OPTION_BITS, io_priority) },
	{ "json", 'j', NULL, "one JSON object per file", SETS(OPTION_FLAG, json) },
	{ "quiet", 'q', NULL, "errors only", SETS(OPTION_FLAG, quiet) },
	{ 0 },
};

/* ---- progress ---- */

enum { INTERVAL_NS = 100000000 };

struct creation {
	const struct create_options *options;
	const char *path;
	uint64_t bytes;
	int signal_fd;
	int interrupted;
	int is_new;	/* the file was created */
	int is_changed; /* a file that failed has changed */
	struct progress_line progress;
	uint64_t start_ns;
};

static int is_interrupted(struct creation *creation)
{
	struct pollfd watched = { .fd = creation->signal_fd, .events = POLLIN };

	if (poll(&watched, 1, 0) > 0)
		creation->interrupted = 1;
	return creation->interrupted;
}

static void print_progress(struct creation *creation, uint64_t done_bytes, double seconds)
{
	char done[SIZE_TEXT_MAX], rate[SIZE_TEXT_MAX], left[SIZE_TEXT_MAX];
	double bytes_a_second = (double)done_bytes / seconds;

	progress_line_show(
		&creation->progress, "%s  %.0f %%  %s  %s/s  %s left", creation->path,
		100 * (double)done_bytes / (double)creation->bytes,
		size_human((double)done_bytes, done), size_human(bytes_a_second, rate),
		duration_human((double)(creation->bytes - done_bytes) / bytes_a_second, left));
}

static int show(uint64_t done_bytes, uint64_t total_bytes, void *context)
{
	struct creation *creation = context;

	(void)total_bytes;
	if (done_bytes > 0 && progress_line_is_due(&creation->progress))
		print_progress(creation, done_bytes,
			       (double)(io_now_ns() - creation->start_ns) / 1e9);
	return is_interrupted(creation);
}

/* ---- results ---- */

static void print_json(const struct creation *creation, const struct prealloc_result *result,
		       double seconds, int r)
{
	json_t *json = json_pack(
		"{s:I, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:s?}", "size_bytes",
		(json_int_t)creation->bytes, "path", prealloc_path_name(result->path), "risks",
		(json_int_t)result->risks, "reserved_bytes", (json_int_t)result->reserved_bytes,
		"new_bytes", (json_int_t)result->new_bytes, "written_bytes",
		(json_int_t)result->written_bytes, "left_bytes", (json_int_t)result->left_bytes,
		"calls", (json_int_t)result->calls, "native_error",
		(json_int_t)result->native_error, "seconds", seconds, "error",
		r < 0 ? strerror(-r) : NULL);

	if (json && json_set_name(json, "file", creation->path) == 0)
		json_put_line(stdout, json);
	json_decref(json);
}

static void print_text(const struct creation *creation, const struct prealloc_result *result,
		       double seconds)
{
	char size[SIZE_TEXT_MAX], time[SIZE_TEXT_MAX];

	printf("%s: %s in %s, %s%s\n", creation->path, size_human((double)creation->bytes, size),
	       duration_human(seconds, time), prealloc_path_name(result->path),
	       result->risks ? "; a later write can still run out of space" : "");
}

static const char *advice(const struct creation *creation, int r)
{
	uint32_t flags = creation->options->flags;

	if (r == -EOPNOTSUPP && (flags & PREALLOC_REQUIRE_NATIVE))
		return "; omit --require-native to write zeroes";
	if (r == -EOPNOTSUPP && (flags & PREALLOC_KEEP_SIZE))
		return "; omit --keep-size to write zeroes";
	if (r == -EOPNOTSUPP)
		return "; the file system does not report allocated space, omit --verify";
	if (r == -ENODEV || r == -ESPIPE)
		return "; only regular files have disk space";
	if (r == -EFBIG)
		return "; check `ulimit -f` and the limits of the file system";
	return "";
}

static void report(struct creation *creation, const struct prealloc_result *result, double seconds,
		   int r)
{
	progress_line_wipe(&creation->progress);
	if (r < 0 && r != -ECANCELED)
		fprintf(stderr, "alloc-perf: cannot allocate %s: %s%s\n", creation->path,
			strerror(-r), advice(creation, r));
	if (creation->options->json)
		print_json(creation, result, seconds, r);
	else if (r == 0 && !creation->options->quiet)
		print_text(creation, result, seconds);
}

/* ---- files ---- */

/* *ret_new: whether the file was created. */
static int open_file(const char *path, struct stat *ret_status, int *ret_new)
{
	CLEANUP(fd_closep) int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

	*ret_new = fd >= 0;
	if (fd < 0 && errno == EEXIST) {
		fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
		if (fd < 0 && errno == EACCES)
			fd = open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	}
	return fd < 0 || fstat(fd, ret_status) < 0 ? -errno : TAKE_FD(fd);
}

/*
 * Removes the file, if the name still refers to the one with that status.  It is closed first: FUSE
 * file systems may only rename a file that is removed while it is open.
 */
static int remove_file(const char *path, const struct stat *ours)
{
	struct stat named;

	if (lstat(path, &named) < 0 || ours->st_dev != named.st_dev || ours->st_ino != named.st_ino)
		return 0;
	return unlink(path) < 0 ? -errno : 0;
}

/* The library has restored an existing file as far as possible. */
static void print_left(struct creation *creation, const struct stat *before,
		       const struct stat *after, uint64_t left_bytes)
{
	const char *path = creation->path;
	char text[SIZE_TEXT_MAX];

	if (left_bytes)
		fprintf(stderr, "alloc-perf: %s: %s of new disk space could not be freed\n", path,
			size_human((double)left_bytes, text));
	if (after->st_size > before->st_size)
		fprintf(stderr, "alloc-perf: %s is longer than before by %s\n", path,
			size_human((double)(after->st_size - before->st_size), text));
	creation->is_changed |= left_bytes || after->st_size > before->st_size;
}

/* Reports a failed file and closes it. */
static void undo(struct creation *creation, int *fd, const struct stat *before,
		 const struct prealloc_result *result)
{
	struct stat after = *before;
	int r = 0;

	fstat(*fd, &after);
	*fd = fd_close(*fd);
	if (creation->is_new)
		r = remove_file(creation->path, before);
	if (r < 0) {
		fprintf(stderr, "alloc-perf: cannot remove the new file %s: %s; it was left%s\n",
			creation->path, strerror(-r), after.st_size == 0 ? " empty" : "");
		creation->is_changed = 1;
	}
	if (r < 0 || !creation->is_new)
		print_left(creation, before, &after, result->left_bytes);
}

static int create_file(struct creation *creation)
{
	const struct prealloc_options wanted = {
		.size = sizeof(wanted),
		.flags = creation->options->flags,
		.progress = show,
		.context = creation,
		.write_bytes_per_second = creation->options->rate,
		.io_priority = creation->options->io_priority,
	};
	struct prealloc_result result = { .size = sizeof(result) };
	struct stat before;
	int r;
	CLEANUP(fd_closep) int fd = open_file(creation->path, &before, &creation->is_new);

	if (fd < 0) {
		fprintf(stderr, "alloc-perf: cannot open %s: %s\n", creation->path, strerror(-fd));
		return fd;
	}
	creation->is_changed = 0;
	creation->start_ns = io_now_ns();
	progress_line_start(&creation->progress, creation->options->quiet, INTERVAL_NS,
			    INTERVAL_NS);
	r = prealloc(fd, 0, creation->bytes, &wanted, &result);
	report(creation, &result, (double)(io_now_ns() - creation->start_ns) / 1e9, r);
	if (r < 0)
		undo(creation, &fd, &before, &result);
	return r;
}

static int report_interruption(const struct creation *creation)
{
	fprintf(stderr,
		creation->is_changed ? "alloc-perf: interrupted\n"
				     : "alloc-perf: interrupted; %s was restored\n",
		creation->path);
	return PROBLEM_INTERRUPT;
}

static int create_all(struct creation *creation, char **paths, size_t count)
{
	int status = 0;

	for (size_t i = 0; i < count; i++) {
		creation->path = paths[i];
		if (create_file(creation) < 0)
			status = PROBLEM_VERDICT;
		if (creation->interrupted && status)
			return report_interruption(creation);
	}
	return status;
}

/* Parses the size, which is the last argument. */
static int take_size(char **words, size_t *count, uint64_t *ret, struct problem *problem)
{
	const char *size;

	if (*count < 2)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "give a file and its size, such as: alloc-perf create disk.img "
				   "4G");
	size = words[--*count];
	if (size_parse(size, ret) == 0 && *ret > 0)
		return 0;
	return problem_set(problem, PROBLEM_USAGE, EINVAL,
			   "invalid size \"%s\": use a number with K, M, G or T, such as 512M; "
			   "the size is the last argument",
			   size);
}

static int run_create(const struct command *self, int argc, char **argv)
{
	CLEANUP(problem_clear) struct problem problem = { 0 };
	struct create_options wanted = { 0 };
	struct creation creation = { .options = &wanted };
	char **paths = command_parse(self, argc, argv, &wanted);
	size_t count = words_count(paths);
	int r = take_size(paths, &count, &creation.bytes, &problem);

	if (r == 0)
		r = creation.signal_fd = cmd_catch_signals();
	return r < 0 ? cmd_complain(&problem, r) : create_all(&creation, paths, count);
}

const struct command cmd_create = {
	.name = "create",
	.summary = "create files and allocate their disk space by the best method available",
	.arguments = "FILE [FILE...] SIZE",
	.values = "<file>",
	.purpose = "Create each FILE with SIZE bytes, and allocate its disk space by the best "
		   "method available. Existing data is kept; a file is never shortened.",
	.examples = "  alloc-perf create disk.img 20G            instead of fallocate -l, dd, "
		    "truncate -s\n"
		    "  alloc-perf create --durable a.db b.db 512M\n"
		    "  alloc-perf create --idle --rate 20M disk.img 20G\n"
		    "  alloc-perf create --json big 1G | jq .path\n",
	.exit_status =
		"0 success, 1 a file could not be created, 2 invalid usage, 130 interrupted.",
	.options = options,
	.run = run_create,
};
