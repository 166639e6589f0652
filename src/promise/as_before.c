/* SPDX-License-Identifier: MIT */
/*
 * As before: the method is called where it must fail, on an empty file and, if it keeps data, on
 * one that has data and a hole.  Afterwards length, data, blocks and free space are compared.
 */
#include <errno.h>
#include <prealloc.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/size.h"
#include "promise/cases.h"
#include "promise/fill.h"
#include "promise/quota.h"
#include "promise/state.h"
#include "promise/subject.h"

static const char *const contents[] = { "an empty file", "a file with data" };

/* A call that is to fail. */
struct attempt {
	const struct method_choice *method;
	int fd;
	uint64_t bytes;
	rlim_t length_most; /* RLIMIT_FSIZE; 0: none */
	bool as_user;	    /* SUBJECT_USER, whom quotas stop */
};

/* Makes the next call on that file fail.  0 or -errno; n/a as the verdict if that cannot be done.
 */
typedef int provocation(struct promise_run *run, struct attempt *attempt);

/* ---- the call, in a child ---- */

static int limit_length(rlim_t length)
{
	struct rlimit limit = { length, length };

	signal(SIGXFSZ, SIG_IGN);
	return length > 0 && setrlimit(RLIMIT_FSIZE, &limit) < 0 ? -errno : 0;
}

static void call_method(void *context, struct subject_call *call)
{
	const struct attempt *attempt = context;
	struct method_outcome outcome = { .path = METHOD_PATH_NATIVE };
	int r = limit_length(attempt->length_most);

	outcome.refused_by = "setrlimit";
	if (r == 0 && attempt->as_user) {
		outcome.refused_by = "setresuid";
		r = subject_become_user();
	}
	if (r == 0)
		r = method_run(attempt->method, attempt->fd, attempt->bytes, &outcome);
	call->call = outcome.refused_by;
	call->error = -r;
}

/* ---- the verdict ---- */

static int conclude(struct promise_run *run, const struct attempt *attempt, const char *content,
		    const struct subject_call *call, const struct state *before)
{
	CLEANUP(state_difference_clear) struct state_difference difference = { 0 };
	char asked[SIZE_TEXT_MAX];
	int r = state_compare(run, attempt->fd, before, &difference);

	if (r < 0 || !difference.text)
		return r;
	return promise_break(run, PROMISE_AS_BEFORE, "%s asked for on %s: %s: %s; afterwards %s",
			     size_human((double)attempt->bytes, asked), content, call->call,
			     strerror(call->error), difference.text);
}

/* One call on one file. */
static int try_on(struct promise_run *run, provocation *provoke, bool with_data)
{
	CLEANUP(state_clear) struct state before = { 0 };
	CLEANUP(fd_closep) int fd = -1;
	struct attempt attempt = { .method = run->method, .bytes = run->file_bytes };
	struct subject_call call = { 0 };
	int r = subject_create(run, NULL, &fd);

	if (r == 0 && with_data)
		r = subject_write_parts(run, fd);
	attempt.fd = fd;
	if (r == 0)
		r = provoke(run, &attempt);
	if (r == 0 && !run->verdict)
		r = state_read(run, fd, &before);
	if (r == 0 && !run->verdict)
		r = subject_in_child(run, call_method, &attempt, &call);
	if (r < 0 || run->verdict)
		return r;
	if (call.error == 0)
		return promise_na(run, "the call succeeds, %s",
				  run->method->method->sparse ? "since it allocates nothing"
							      : "although it asks for too much");
	if (method_unsupported(call.error))
		return promise_na(run, "%s: %s", call.call, strerror(call.error));
	return conclude(run, &attempt, contents[with_data], &call, &before);
}

static int try_all(struct promise_run *run, provocation *provoke)
{
	int r = try_on(run, provoke, false);

	if (r == 0 && !run->verdict && run->method->method->keeps_data)
		r = try_on(run, provoke, true);
	return r < 0 || run->verdict ? r : promise_keep(run);
}

/* ---- no space ---- */

static int exceed_space(struct promise_run *run, struct attempt *attempt)
{
	struct statvfs volume;

	if (statvfs(run->directory, &volume) < 0)
		return promise_fault(run, errno, "statvfs");
	attempt->bytes += (uint64_t)volume.f_bfree * volume.f_frsize;
	return 0;
}

/* Most of the volume is taken before, so that methods that write zeroes take no longer than others.
 */
static int run_enospc(struct promise_run *run)
{
	CLEANUP(fill_clear) struct fill fill = { 0 };
	int r;

	if (!fill_is_allowed(run))
		return 0;
	r = fill_leave(run->directory, 2 * run->file_bytes, &fill);
	return r < 0 ? promise_fault(run, -r, "filling the volume") : try_all(run, exceed_space);
}

const struct promise_case promise_as_before_enospc = {
	.name = "enospc",
	.summary = "the method asks for more than is free",
	.promises = 1u << PROMISE_AS_BEFORE,
	.run = run_enospc,
};

/* ---- quota ---- */

static int exceed_quota(struct promise_run *run, struct attempt *attempt)
{
	int r = quota_own(run, attempt->fd, QUOTA_USER);

	if (r == 0 && !run->verdict)
		r = fsync(attempt->fd) < 0 ? promise_fault(run, errno, "fsync") : 0;
	if (r == 0 && !run->verdict)
		r = quota_limit(run, QUOTA_USER, run->file_bytes / 4);
	attempt->as_user = true;
	return r;
}

static int run_edquot(struct promise_run *run)
{
	return try_all(run, exceed_quota);
}

const struct promise_case promise_as_before_edquot = {
	.name = "edquot",
	.summary = "the method asks for more than the quota of its user",
	.promises = 1u << PROMISE_AS_BEFORE,
	.types = "ext4 xfs",
	.options = quota_options,
	.run = run_edquot,
};

/* ---- length ---- */

static int exceed_limit(struct promise_run *run, struct attempt *attempt)
{
	attempt->length_most = (rlim_t)run->file_bytes / 2;
	return 0;
}

/* No file of ext2, ext3 or ext4 with blocks of up to 4 KiB is that long. */
static int exceed_longest(struct promise_run *run, struct attempt *attempt)
{
	(void)run;
	attempt->bytes = 17ull << 40;
	return 0;
}

/* Other methods than libprealloc would fill the volume. */
static int run_efbig(struct promise_run *run)
{
	const char *type = run->type ? run->type : "";
	int r = try_all(run, exceed_limit);
	bool is_kept = r == 0 && strcmp(run->verdict, VERDICT_KEPT) == 0;

	if (!is_kept || strncmp(type, "ext", 3) != 0 ||
	    strcmp(run->method->method->name, "prealloc") != 0)
		return r;
	run->verdict = NULL;
	return try_all(run, exceed_longest);
}

const struct promise_case promise_as_before_efbig = {
	.name = "efbig",
	.summary = "the method exceeds RLIMIT_FSIZE, or the longest file of the file system",
	.promises = 1u << PROMISE_AS_BEFORE,
	.run = run_efbig,
};

/* ---- cancelled ---- */

static int count_down(uint64_t done_bytes, uint64_t total_bytes, void *context)
{
	(void)done_bytes;
	(void)total_bytes;
	return (*(unsigned *)context)-- == 0;
}

/* At each call of its callback in turn, until it is no longer cancelled. */
static int cancel_at(struct promise_run *run, int fd, unsigned step, bool *ret_cancelled)
{
	CLEANUP(state_clear) struct state before = { 0 };
	CLEANUP(state_difference_clear) struct state_difference difference = { 0 };
	unsigned left = step;
	struct prealloc_result result = { .size = sizeof(result) };
	struct prealloc_options options = { .size = sizeof(options),
					    .progress = count_down,
					    .context = &left };
	int r = state_read(run, fd, &before);

	if (r < 0)
		return r;
	r = prealloc(fd, 0, run->file_bytes, &options, &result);
	*ret_cancelled = r == -ECANCELED;
	if (r < 0 && r != -ECANCELED)
		return promise_fault(run, -r, "prealloc");
	if (r == 0)
		return 0;
	r = state_compare(run, fd, &before, &difference);
	if (r < 0 || !difference.text)
		return r;
	if (difference.only_left_bytes && difference.only_left_bytes <= result.left_bytes)
		return promise_miss(
			run,
			"cancelled at call %u of the callback; afterwards %s, as the "
			"library reports: this file system frees no range within a file",
			step + 1, difference.text);
	return promise_break(run, PROMISE_AS_BEFORE,
			     "cancelled at call %u of the callback; afterwards %s", step + 1,
			     difference.text);
}

static int run_cancel(struct promise_run *run)
{
	CLEANUP(fd_closep) int fd = -1;
	bool cancelled = true;
	int r = subject_create(run, NULL, &fd);

	if (r == 0)
		r = subject_write_parts(run, fd);
	for (unsigned step = 0; r == 0 && !run->verdict && cancelled; step++)
		r = cancel_at(run, fd, step, &cancelled);
	return r < 0 || run->verdict ? r : promise_keep(run);
}

const struct promise_case promise_as_before_cancel = {
	.name = "cancel",
	.summary = "the callback of libprealloc cancels the call, at each step in turn",
	.promises = 1u << PROMISE_AS_BEFORE,
	.methods = "prealloc",
	.run = run_cancel,
};
