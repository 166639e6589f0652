/* SPDX-License-Identifier: MIT */
#include "promise/promise.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "promise/cases.h"

const struct promise_row promise_table[PROMISE_COUNT] = {
	[PROMISE_RESERVED] = { "reserved", "a later write into the range cannot run out of space" },
	[PROMISE_NO_STALE] = { "no-stale",
			       "the range never shows old data of others, also after a power cut" },
	[PROMISE_DURABLE] = { "durable", "what fsync() has confirmed survives a power cut" },
	[PROMISE_AS_BEFORE] = { "as-before", "a call that fails leaves the file as it was" },
};

const struct promise_case *const promise_cases[] = {
	&promise_reserved_overwrite,
	&promise_reserved_mmap,
	&promise_reserved_reopened,
	&promise_reserved_hole,
	&promise_reserved_reflink,
	&promise_reserved_snapshot,
	&promise_reserved_compress,
	&promise_reserved_nocow,
	&promise_reserved_nocow_snapshot,
	&promise_reserved_quota_user,
	&promise_reserved_quota_group,
	&promise_reserved_quota_project,
	&promise_as_before_enospc,
	&promise_as_before_edquot,
	&promise_as_before_efbig,
	&promise_as_before_sigkill,
	&promise_as_before_cancel,
	&promise_crash_synced,
	&promise_crash_unsynced,
	&promise_crash_append,
	&promise_crash_cancelled,
	&promise_crash_killed,
	NULL,
};

enum promise promise_find(const char *name)
{
	enum promise promise = 0;

	while (promise < PROMISE_COUNT && strcmp(promise_table[promise].name, name) != 0)
		promise++;
	return promise;
}

/*
 * Whoever writes zeroes expects space as whoever calls fallocate().  Only libprealloc documents
 * that a failed call leaves the file as it was.
 */
bool promise_is_made(enum promise promise, const struct method *method)
{
	if (promise == PROMISE_AS_BEFORE)
		return strcmp(method->name, "prealloc") == 0;
	return promise == PROMISE_NO_STALE || !method->sparse;
}

/* ---- cases ---- */

static bool is_listed(const char *list, const char *name)
{
	size_t bytes = strlen(name);

	for (const char *at = list; (at = strstr(at, name)); at += bytes)
		if ((at == list || at[-1] == ' ') && (at[bytes] == ' ' || at[bytes] == '\0'))
			return true;
	return false;
}

const struct promise_case *promise_case_find(const char *name, enum promise *ret_promise,
					     struct problem *problem)
{
	const char *colon = strchr(name, ':');
	CLEANUP(freep) char *promise_name = colon ? strndup(name, (size_t)(colon - name)) : NULL;
	enum promise promise = promise_name ? promise_find(promise_name) : PROMISE_COUNT;

	for (size_t i = 0; promise < PROMISE_COUNT && promise_cases[i]; i++) {
		if (!(promise_cases[i]->promises & 1u << promise) ||
		    strcmp(promise_cases[i]->name, colon + 1) != 0)
			continue;
		*ret_promise = promise;
		return promise_cases[i];
	}
	problem_set(problem, PROBLEM_USAGE, ENOENT,
		    "\"%s\" is not a case: use PROMISE:CASE, such as reserved:overwrite", name);
	return NULL;
}

const struct promise_options *promise_case_options(const struct promise_case *promise_case,
						   const char *type)
{
	const struct promise_options *row = promise_case->options;

	while (row && row->type && strcmp(row->type, type) != 0)
		row++;
	return row && row->type ? row : NULL;
}

bool promise_case_applies(const struct promise_case *promise_case, const char *type,
			  const struct method *method)
{
	return (!promise_case->types || (type && is_listed(promise_case->types, type))) &&
	       (!promise_case->methods || is_listed(promise_case->methods, method->name));
}

/* ---- verdicts ---- */

static int conclude(struct promise_run *run, const char *verdict, const char *format,
		    va_list arguments)
{
	char *text = NULL;

	if (format && vasprintf(&text, format, arguments) < 0)
		return -ENOMEM;
	free(run->text);
	run->text = text;
	run->verdict = verdict;
	return 0;
}

int promise_keep(struct promise_run *run)
{
	free(TAKE_PTR(run->text));
	run->verdict = VERDICT_KEPT;
	return 0;
}

int promise_break(struct promise_run *run, enum promise promise, const char *format, ...)
{
	bool is_made = promise_is_made(promise, run->method->method);
	va_list arguments;
	int r;

	va_start(arguments, format);
	r = conclude(run, is_made ? VERDICT_BROKEN : VERDICT_NOT_PROMISED, format, arguments);
	va_end(arguments);
	return r;
}

int promise_miss(struct promise_run *run, const char *format, ...)
{
	va_list arguments;
	int r;

	va_start(arguments, format);
	r = conclude(run, VERDICT_NOT_PROMISED, format, arguments);
	va_end(arguments);
	return r;
}

int promise_na(struct promise_run *run, const char *format, ...)
{
	va_list arguments;
	int r;

	va_start(arguments, format);
	r = conclude(run, VERDICT_NA, format, arguments);
	va_end(arguments);
	return r;
}

int promise_fault(struct promise_run *run, int error, const char *what)
{
	char *text = text_format("%s: %s", what, strerror(error));

	free(run->text);
	run->text = text;
	return -error;
}
