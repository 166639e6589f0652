/* SPDX-License-Identifier: MIT */
/*
 * Crash cases: what a careful program does with a file, step by step, and for the steps that
 * fsync() has confirmed a mark.  The host examines each state that a power cut can leave.
 */
#include "promise/sequence.h"

#include <errno.h>
#include <fcntl.h>
#include <prealloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "promise/cases.h"
#include "promise/crash.h"
#include "workload/pattern.h"

/* A case under way.  Its functions return 0, or -errno with run->text set. */
struct sequence {
	struct promise_run *run;
	int fd, directory_fd;
};

#define SEQUENCE_NONE(run) ((struct sequence) { run, -1, -1 })

static void sequence_clear(struct sequence *sequence)
{
	sequence->fd = fd_close(sequence->fd);
	sequence->directory_fd = fd_close(sequence->directory_fd);
}

static int start(struct sequence *sequence)
{
	struct promise_run *run = sequence->run;

	sequence->directory_fd = open(run->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (sequence->directory_fd >= 0)
		sequence->fd = openat(sequence->directory_fd, sequence_names[PROMISE_NAME_FIRST],
				      O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
	return sequence->fd < 0 ? promise_fault(run, errno, "creating the file") : 0;
}

/* From one part of the file to another; what is written there is the same in all cases. */
static int write_parts(struct sequence *sequence, unsigned from, unsigned to)
{
	CLEANUP(pattern_clear) struct pattern pattern = { 0 };
	struct promise_run *run = sequence->run;
	uint64_t end = run->file_bytes / PROMISE_PARTS * to;
	int r = pattern_init(&pattern, run->seed, 0, PROMISE_BLOCK_BYTES);

	for (uint64_t at = run->file_bytes / PROMISE_PARTS * from; r == 0 && at < end;
	     at += PROMISE_BLOCK_BYTES) {
		const void *block = pattern_block(&pattern, 0, at / PROMISE_BLOCK_BYTES, at);

		if (pwrite(sequence->fd, block, PROMISE_BLOCK_BYTES, (off_t)at) !=
		    PROMISE_BLOCK_BYTES)
			r = promise_fault(run, errno, "writing");
	}
	return r;
}

/* Makes file and directory durable, and sends the mark. */
static int confirm(struct sequence *sequence, const char *mark)
{
	struct promise_run *run = sequence->run;
	int r;

	if (fsync(sequence->fd) < 0 || fsync(sequence->directory_fd) < 0)
		return promise_fault(run, errno, "fsync");
	r = run->mark(mark, run->context);
	return r < 0 ? promise_fault(run, -r, "sending a mark") : 0;
}

/* By the method.  A refusal is the verdict n/a. */
static int allocate(struct sequence *sequence)
{
	struct method_outcome outcome = { .path = METHOD_PATH_NATIVE };
	struct promise_run *run = sequence->run;
	int r = method_run(run->method, sequence->fd, run->file_bytes, &outcome);

	if (r == 0)
		return 0;
	if (method_unsupported(r))
		return promise_na(run, "%s: %s", outcome.refused_by, strerror(-r));
	return promise_fault(run, -r, outcome.refused_by);
}

static int rename_file(struct sequence *sequence)
{
	int fd = sequence->directory_fd;

	return renameat(fd, sequence_names[PROMISE_NAME_FIRST], fd,
			sequence_names[PROMISE_NAME_FINAL]) < 0
		       ? promise_fault(sequence->run, errno, "renaming the file")
		       : 0;
}

/* ---- each method: allocated, half of it written, renamed ---- */

static const struct promise_mark synced_marks[] = {
	{ "allocated", .allocated = 4, .length = 4 },
	{ "written", .data = 2, .allocated = 4, .length = 4 },
	{ "renamed", .data = 2, .allocated = 4, .length = 4, .is_renamed = true },
	{ 0 },
};

static int run_synced(struct promise_run *run)
{
	CLEANUP(sequence_clear) struct sequence sequence = SEQUENCE_NONE(run);
	int r = start(&sequence);

	if (r == 0)
		r = allocate(&sequence);
	if (r < 0 || run->verdict)
		return r;
	r = confirm(&sequence, "allocated");
	if (r == 0)
		r = write_parts(&sequence, 0, 2);
	if (r == 0)
		r = confirm(&sequence, "written");
	if (r == 0)
		r = rename_file(&sequence);
	return r < 0 ? r : confirm(&sequence, "renamed");
}

const struct promise_case promise_crash_synced = {
	.name = "synced",
	.summary = "power cuts while the file is allocated, synced, half written, synced, renamed",
	.promises = 1u << PROMISE_NO_STALE | 1u << PROMISE_DURABLE,
	.crash = true,
	.run = run_synced,
};

/* ---- each method, nothing synced ---- */

/*
 * Another file of the same file system, which commits the journal, and in it what the case did
 * with its file.
 */
static int sync_another(struct sequence *sequence)
{
	CLEANUP(fd_closep)
	int fd = openat(sequence->directory_fd, "another", O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC,
			0600);

	if (fd < 0 || write(fd, sequence_names[PROMISE_NAME_FIRST], 1) != 1 || fsync(fd) < 0)
		return promise_fault(sequence->run, errno, "syncing another file");
	return 0;
}

static int run_unsynced(struct promise_run *run)
{
	CLEANUP(sequence_clear) struct sequence sequence = SEQUENCE_NONE(run);
	int r = start(&sequence);

	if (r == 0)
		r = allocate(&sequence);
	if (r < 0 || run->verdict)
		return r;
	r = write_parts(&sequence, 0, 2);
	if (r == 0)
		r = sync_another(&sequence);
	sync();
	return r;
}

const struct promise_case promise_crash_unsynced = {
	.name = "unsynced",
	.summary = "power cuts while the file is allocated, half written, and another one is "
		   "synced",
	.promises = 1u << PROMISE_NO_STALE,
	.crash = true,
	.run = run_unsynced,
};

/* ---- libprealloc behind what the file holds ---- */

/* The first part of the file exists before the call. */
static int start_with_data(struct sequence *sequence)
{
	int r = start(sequence);

	if (r == 0)
		r = write_parts(sequence, 0, 1);
	return r < 0 ? r : confirm(sequence, "data");
}

static int append(struct sequence *sequence, const struct prealloc_options *options)
{
	uint64_t bytes = sequence->run->file_bytes, from = bytes / PROMISE_PARTS;

	return prealloc(sequence->fd, (int64_t)from, bytes - from, options, NULL);
}

static const struct promise_mark append_marks[] = {
	{ "data", .data = 1, .length = 1 },
	{ "allocated", .data = 1, .allocated = 4, .length = 4 },
	{ 0 },
};

static int run_append(struct promise_run *run)
{
	CLEANUP(sequence_clear) struct sequence sequence = SEQUENCE_NONE(run);
	int r = start_with_data(&sequence);

	if (r < 0)
		return r;
	r = append(&sequence, NULL);
	return r < 0 ? promise_fault(run, -r, "prealloc") : confirm(&sequence, "allocated");
}

const struct promise_case promise_crash_append = {
	.name = "append",
	.summary = "power cuts while libprealloc allocates behind data that are durable",
	.promises = 1u << PROMISE_NO_STALE | 1u << PROMISE_DURABLE,
	.methods = "prealloc",
	.crash = true,
	.run = run_append,
};

/* ---- cancelled ---- */

static const struct promise_mark cancel_marks[] = {
	{ "data", .data = 1, .length = 1 },
	{ "cancelled", .data = 1, .length = 1, .is_exact = true },
	{ 0 },
};

/* After the first step, or where there is only one, after the last. */
static int cancel(uint64_t done_bytes, uint64_t total_bytes, void *context)
{
	(void)total_bytes;
	(void)context;
	return done_bytes > 0;
}

static int run_cancelled(struct promise_run *run)
{
	CLEANUP(sequence_clear) struct sequence sequence = SEQUENCE_NONE(run);
	const struct prealloc_options options = { .size = sizeof(options), .progress = cancel };
	int r = start_with_data(&sequence);

	if (r < 0)
		return r;
	r = append(&sequence, &options);
	if (r != -ECANCELED)
		return promise_fault(run, r < 0 ? -r : EPROTO, "cancelling prealloc");
	return confirm(&sequence, "cancelled");
}

const struct promise_case promise_crash_cancelled = {
	.name = "cancelled",
	.summary = "power cuts while libprealloc allocates, is cancelled and restores the file",
	.promises = 1u << PROMISE_NO_STALE | 1u << PROMISE_DURABLE,
	.methods = "prealloc",
	.crash = true,
	.run = run_cancelled,
};

/* ---- killed ---- */

static const struct promise_mark killed_marks[] = {
	{ "data", .data = 1, .length = 1 },
	{ 0 },
};

static int die(uint64_t done_bytes, uint64_t total_bytes, void *context)
{
	(void)total_bytes;
	(void)context;
	return done_bytes > 0 ? kill(getpid(), SIGKILL) : 0;
}

static int run_killed(struct promise_run *run)
{
	CLEANUP(sequence_clear) struct sequence sequence = SEQUENCE_NONE(run);
	const struct prealloc_options options = { .size = sizeof(options), .progress = die };
	int r = start_with_data(&sequence), status = 0;
	pid_t child;

	if (r < 0)
		return r;
	child = fork();
	if (child == 0) {
		(void)append(&sequence, &options);
		_exit(0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		return promise_fault(run, errno, "killing a process that allocates");
	sync();
	return WIFSIGNALED(status) ? 0 : promise_fault(run, EPROTO, "killing prealloc");
}

const struct promise_case promise_crash_killed = {
	.name = "killed",
	.summary = "power cuts while libprealloc allocates, and its process is killed",
	.promises = 1u << PROMISE_NO_STALE | 1u << PROMISE_DURABLE,
	.methods = "prealloc",
	.crash = true,
	.run = run_killed,
};

/* ---- marks ---- */

const struct promise_mark *promise_marks(const struct promise_case *promise_case)
{
	static const struct {
		const struct promise_case *promise_case;
		const struct promise_mark *marks;
	} rows[] = {
		{ &promise_crash_synced, synced_marks },
		{ &promise_crash_append, append_marks },
		{ &promise_crash_cancelled, cancel_marks },
		{ &promise_crash_killed, killed_marks },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i].promise_case == promise_case)
			return rows[i].marks;
	return NULL;
}
