/* SPDX-License-Identifier: MIT */
/*
 * A run on two kernels writes one file, so one file can be both sides.  Which of
 * its parts is which is never guessed at: where there are not just two, the user
 * is told what there is, and names them.
 */
#include "cmd/diff_sides.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "cmd/cmd.h"
#include "stats/condition.h"
#include "base/suggest.h"
#include "base/strbuf.h"

void sides_clear(struct sides *sides)
{
	view_clear(&sides->before);
	view_clear(&sides->after);
	for (size_t i = 0; i < ARRAY_SIZE(sides->grids); i++) {
		grids_clear(&sides->grids[i]);
		results_clear(&sides->results[i]);
	}
}

static int read_file(const char *path, struct results *results, struct grids *grids,
		     struct problem *problem)
{
	int r = cmd_read_results(path, results, problem);

	return r < 0 ? r : grids_build(results, grids);
}

/* ---- the parts of a file ---- */

struct parts {
	struct view first; /* the first grid of each */
	unsigned by;
};

static void parts_clear(struct parts *parts)
{
	view_clear(&parts->first);
}

/* "uml, 6.1.0, desktop on": of the conditions that tell the parts apart.  NULL: out of memory. */
static char *describe(const struct grid *grid, unsigned by)
{
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };

	for (enum record_key key = 0; key < RECORD_KEY_COUNT; key++) {
		const char *value = by & 1u << key ? condition_value(grid, key) : "";
		int repeated = key == RECORD_KEY_LABEL && text.bytes &&
			       strcmp(value, condition_value(grid, RECORD_KEY_KERNEL)) == 0;

		if (*value && !repeated)
			strbuf_join(&text, ", ", value);
	}
	if (!text.bytes)
		strbuf_puts(&text, "none");
	return strbuf_take(&text);
}

/* "6.1.0; 6.12.0".  NULL: out of memory. */
static char *describe_all(const struct parts *parts)
{
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };

	for (size_t i = 0; i < parts->first.count; i++) {
		CLEANUP(freep) char *part = describe(parts->first.grid[i], parts->by);

		strbuf_join(&text, "; ", part ? part : "?");
	}
	return strbuf_take(&text);
}

static const char *what_they_are(unsigned by)
{
	for (enum record_key key = 0; key < RECORD_KEY_COUNT; key++)
		if (by == 1u << key)
			return record_keys[key].name;
	return "condition";
}

static int matches(const struct grid *grid, unsigned by, const char *name)
{
	CLEANUP(freep) char *whole = describe(grid, by);
	int found = whole && strcmp(whole, name) == 0;

	for (enum record_key key = 0; key < RECORD_KEY_COUNT; key++)
		found |= (by & 1u << key) && strcmp(condition_value(grid, key), name) == 0;
	return found;
}

/* The one part that goes by the name. */
static int find_part(const struct parts *parts, const char *file, const char *name,
		     const struct grid **ret, struct problem *problem)
{
	CLEANUP(freep) char *all = describe_all(parts);
	size_t found = 0;

	for (size_t i = 0; i < parts->first.count; i++)
		if (matches(parts->first.grid[i], parts->by, name)) {
			*ret = parts->first.grid[i];
			found++;
		}
	if (found == 1)
		return 0;
	return problem_set(problem, PROBLEM_USAGE, EINVAL,
			   found ? "\"%2$s\" matches more than one %3$s of %1$s; it contains: %4$s"
				 : "%1$s contains no %3$s \"%2$s\"; it contains: %4$s",
			   file, name, what_they_are(parts->by), all ? all : "?");
}

static int refuse_count(const struct parts *parts, const char *file, struct problem *problem)
{
	CLEANUP(freep) char *all = describe_all(parts);
	const char *what = what_they_are(parts->by);

	if (!all)
		return -ENOMEM;
	if (parts->first.count == 0)
		return problem_set(problem, PROBLEM_USAGE, EINVAL, "%s contains no trial", file);
	if (parts->first.count == 1)
		return problem_set(
			problem, PROBLEM_USAGE, EINVAL,
			"%s contains results of only one %s (%s); give two files, OLD and NEW",
			file, what, all);
	return problem_set(
		problem, PROBLEM_USAGE, EINVAL,
		"%s contains results of %zu %ss; select two of them with --old and --new: %s", file,
		parts->first.count, what, all);
}

/* The only other one of two. */
static const struct grid *other_of_two(const struct parts *parts, const struct grid *one)
{
	return parts->first.count != 2	     ? NULL
	       : parts->first.grid[0] == one ? parts->first.grid[1]
					     : parts->first.grid[0];
}

static int choose(const struct parts *parts, const struct sides_request *request,
		  const struct grid **ret_before, const struct grid **ret_after,
		  struct problem *problem)
{
	const char *file = request->files[0];
	const struct grid *before = NULL, *after = NULL;
	int r = 0;

	if (parts->first.count < 2)
		return refuse_count(parts, file, problem);
	if (request->old_name)
		r = find_part(parts, file, request->old_name, &before, problem);
	if (r == 0 && request->new_name)
		r = find_part(parts, file, request->new_name, &after, problem);
	if (r < 0)
		return r;
	if (!before && !after && parts->first.count == 2)
		before = parts->first.grid[0];
	before = before ? before : other_of_two(parts, after);
	after = after ? after : other_of_two(parts, before);
	if (!before || !after)
		return refuse_count(parts, file, problem);
	if (before == after)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "--old and --new are the same; there is nothing to compare");
	*ret_before = before;
	*ret_after = after;
	return 0;
}

static int divide(struct sides *sides, const struct sides_request *request, struct problem *problem)
{
	CLEANUP(parts_clear) struct parts parts = { .by = request->by };
	CLEANUP(view_clear) struct view all = { 0 };
	const struct grid *before = NULL, *after = NULL;
	int r = view_all(&sides->grids[0], &all);

	if (r == 0)
		r = condition_list(&all, parts.by, &parts.first);
	if (r == 0)
		r = choose(&parts, request, &before, &after, problem);
	if (r == 0)
		r = condition_pick(&all, before, parts.by, &sides->before);
	return r < 0 ? r : condition_pick(&all, after, parts.by, &sides->after);
}

int sides_read(struct sides *sides, const struct sides_request *request, struct problem *problem)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < request->file_count; i++)
		r = read_file(request->files[i], &sides->results[i], &sides->grids[i], problem);
	if (r == 0 && request->file_count == 1)
		return divide(sides, request, problem);
	if (r == 0)
		r = view_all(&sides->grids[0], &sides->before);
	return r < 0 ? r : view_all(&sides->grids[1], &sides->after);
}

int sides_refuse(const struct sides *sides, const struct sides_request *request,
		 struct problem *problem)
{
	CLEANUP(parts_clear) struct parts parts = { .by = KEY_SET_CONDITIONS };
	CLEANUP(freep) char *all = NULL;
	size_t side = 0;
	int r = condition_list(&sides->before, parts.by, &parts.first);

	if (r == 0 && parts.first.count < 2) {
		parts_clear(&parts);
		side = 1;
		r = condition_list(&sides->after, parts.by, &parts.first);
	}
	all = r == 0 ? describe_all(&parts) : NULL;
	if (!all)
		return -ENOMEM;
	return problem_set(problem, PROBLEM_USAGE, EINVAL,
			   "%s, %s, contains results of several testbeds, kernels or labels (%s); "
			   "to compare two of them, use diff FILE --old NAME --new NAME",
			   side ? "NEW" : "OLD",
			   request->files[request->file_count == 1 ? 0 : side], all);
}
