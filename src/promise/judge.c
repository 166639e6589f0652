/* SPDX-License-Identifier: MIT */
/* Whether a promise holds in a disk state; pure functions. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "promise/crash.h"

/* Takes over the reason; NULL: it could not be allocated. */
static int broken(char *reason, char **ret_text)
{
	if (!reason)
		return -ENOMEM;
	*ret_text = reason;
	return 0;
}

static int judge_no_stale(const struct promise_finding *finding, char **ret_text)
{
	static const char stale[] = { CONTENT_OLD, CONTENT_FOREIGN, '\0' };
	const char *first = finding->contents ? strpbrk(finding->contents, stale) : NULL;
	size_t count = 0;

	for (const char *at = first; at && *at; at++)
		count += strchr(stale, *at) != NULL;
	if (!first)
		return 1;
	return broken(text_format("%zu of %zu blocks show %s, the first at byte %zu", count,
				  strlen(finding->contents),
				  *first == CONTENT_OLD ? "old data of the volume"
							: "what nobody wrote into the file",
				  (size_t)(first - finding->contents) * PROMISE_BLOCK_BYTES),
		      ret_text);
}

static uint64_t part(const struct promise_expectation *expectation, unsigned parts)
{
	return expectation->file_bytes / PROMISE_PARTS * parts;
}

static int judge_length(const struct promise_expectation *expectation,
			const struct promise_finding *finding, char **ret_text)
{
	const struct promise_mark *mark = expectation->mark;
	uint64_t data = part(expectation, mark->data);
	uint64_t length = mark->length == PROMISE_PARTS ? expectation->method_length
							: part(expectation, mark->length);
	uint64_t size = (uint64_t)finding->size_bytes;

	if (length < data)
		length = data;
	if (size == length || (size > length && !mark->is_exact))
		return 1;
	return broken(text_format("the file has %llu bytes instead of %llu",
				  (unsigned long long)size, (unsigned long long)length),
		      ret_text);
}

static int judge_data(const struct promise_expectation *expectation,
		      const struct promise_finding *finding, char **ret_text)
{
	size_t count = (size_t)(part(expectation, expectation->mark->data) / PROMISE_BLOCK_BYTES);
	size_t whole = strspn(finding->contents, (const char[]) { CONTENT_DATA, '\0' });

	if (whole >= count)
		return 1;
	return broken(
		text_format("what was written at byte %zu is %s", whole * PROMISE_BLOCK_BYTES,
			    finding->contents[whole] == CONTENT_UNREADABLE ? "unreadable" : "lost"),
		ret_text);
}

static int judge_space(const struct promise_expectation *expectation,
		       const struct promise_finding *finding, char **ret_text)
{
	size_t count =
		(size_t)(part(expectation, expectation->mark->allocated) / PROMISE_BLOCK_BYTES);
	size_t whole;

	if (!finding->space || expectation->is_sparse)
		return 1;
	whole = strspn(finding->space, (const char[]) { SPACE_ALLOCATED, '\0' });
	if (whole >= count)
		return 1;
	return broken(
		text_format("the allocation has a hole at byte %zu", whole * PROMISE_BLOCK_BYTES),
		ret_text);
}

static int judge_durable(const struct promise_expectation *expectation,
			 const struct promise_finding *finding, char **ret_text)
{
	const struct promise_mark *mark = expectation->mark;
	int r;

	if (finding->mount_error)
		return broken(text_format("the file system cannot be mounted: %s",
					  finding->reason ? finding->reason
							  : strerror(finding->mount_error)),
			      ret_text);
	if (!mark)
		return 1;
	if (finding->name == PROMISE_NAME_NONE)
		return broken(strdup("the file does not exist"), ret_text);
	if (finding->open_error)
		return broken(
			text_format("the file cannot be opened: %s", strerror(finding->open_error)),
			ret_text);
	if (mark->is_renamed && finding->name != PROMISE_NAME_FINAL)
		return broken(strdup("the file has its old name"), ret_text);
	r = judge_length(expectation, finding, ret_text);
	if (r == 1)
		r = judge_data(expectation, finding, ret_text);
	if (r == 1)
		r = judge_space(expectation, finding, ret_text);
	return r;
}

int promise_judge(enum promise promise, const struct promise_expectation *expectation,
		  const struct promise_finding *finding, char **ret_text)
{
	return promise == PROMISE_NO_STALE ? judge_no_stale(finding, ret_text)
					   : judge_durable(expectation, finding, ret_text);
}
