/* SPDX-License-Identifier: MIT */
#include "cmd/diff.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/size.h"
#include "base/strbuf.h"
#include "base/suggest.h"
#include "method/method.h"
#include "results/resultfile.h"

/* ---- division ---- */

static const struct environment *environment_of(const struct results *results, size_t record)
{
	return &results->environments[results->environment_of[record]];
}

static enum record_key single_key(unsigned by)
{
	enum record_key key = 0;

	while (key < RECORD_KEY_COUNT && by != 1u << key)
		key++;
	return key;
}

static char *name_of(const struct parts *parts, size_t record)
{
	const struct record *of = &parts->results->records[record];
	const struct environment *environment = environment_of(parts->results, record);
	enum record_key key = single_key(parts->by);

	return key < RECORD_KEY_COUNT ? record_key_text(key, of, environment)
				      : record_keys_text(parts->by, of, environment);
}

static int add_record(struct parts *parts, size_t record)
{
	CLEANUP(freep) char *name = name_of(parts, record);
	size_t i = 0;

	if (!name)
		return -ENOMEM;
	while (i < parts->count && strcmp(parts->part[i].name, name) != 0)
		i++;
	if (i == parts->count) {
		if (ARRAY_ADD(parts->part, parts->count, ((struct part) { name, record })) < 0)
			return -ENOMEM;
		name = NULL;
	}
	parts->of[record] = i;
	return 0;
}

/* ---- their order ---- */

/* The first place in the plan of the part's records of its first run. */
static int64_t place_of(const struct parts *parts, size_t part)
{
	const struct results *results = parts->results;
	size_t run = results->environment_of[parts->part[part].first];
	int64_t place = INT64_MAX;

	for (size_t i = 0; i < results->record_count; i++)
		if (parts->of[i] == part && results->environment_of[i] == run &&
		    results->records[i].place != FIELD_UNKNOWN && results->records[i].place < place)
			place = results->records[i].place;
	return place;
}

static const char *kernel_of(const struct parts *parts, size_t part)
{
	const char *kernel = parts->results->records[parts->part[part].first].kernel;

	return kernel ? kernel : "";
}

/* Whether a part of the same run is earlier, by the plan and the kernel: trials have a random
 * order. */
static bool is_earlier(const struct parts *parts, const int64_t *places, size_t one, size_t other)
{
	const size_t *run = parts->results->environment_of;

	if (run[parts->part[one].first] != run[parts->part[other].first])
		return false;
	if (places[one] != places[other])
		return places[one] < places[other];
	return strverscmp(kernel_of(parts, one), kernel_of(parts, other)) < 0;
}

/* Sets `order` to the numbers of the parts, the earliest first.  The order is stable. */
static void find_order(const struct parts *parts, const int64_t *places, size_t *order)
{
	for (size_t i = 0; i < parts->count; i++) {
		size_t at = i;

		for (; at > 0 && is_earlier(parts, places, i, order[at - 1]); at--)
			order[at] = order[at - 1];
		order[at] = i;
	}
}

static int sort(struct parts *parts)
{
	size_t count = parts->count ? parts->count : 1;
	CLEANUP(freep) int64_t *places = calloc(count, sizeof(*places));
	CLEANUP(freep) size_t *order = calloc(count, sizeof(*order));
	CLEANUP(freep) size_t *new_number = calloc(count, sizeof(*new_number));
	CLEANUP(freep) struct part *sorted = calloc(count, sizeof(*sorted));

	if (!places || !order || !new_number || !sorted)
		return -ENOMEM;
	for (size_t i = 0; i < parts->count; i++)
		places[i] = place_of(parts, i);
	find_order(parts, places, order);
	for (size_t i = 0; i < parts->count; i++) {
		sorted[i] = parts->part[order[i]];
		new_number[order[i]] = i;
	}
	for (size_t i = 0; i < parts->results->record_count; i++)
		if (parts->of[i] != PART_NONE)
			parts->of[i] = new_number[parts->of[i]];
	if (parts->count)
		memcpy(parts->part, sorted, parts->count * sizeof(*sorted));
	return 0;
}

int parts_make(struct parts *ret, const struct results *results, const char *source, unsigned by,
	       const size_t *left_out)
{
	CLEANUP(parts_clear)
	struct parts parts = { .results = results, .source = source, .by = by };
	int r = 0;

	parts.of = calloc(results->record_count ? results->record_count : 1, sizeof(*parts.of));
	if (!parts.of)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < results->record_count; i++) {
		parts.of[i] = PART_NONE;
		if (!left_out || left_out[i] != PART_NONE)
			r = add_record(&parts, i);
	}
	if (r == 0)
		r = sort(&parts);
	if (r < 0)
		return r;
	*ret = parts;
	parts = (struct parts) { 0 };
	return 0;
}

void parts_clear(struct parts *parts)
{
	for (size_t i = 0; i < parts->count; i++)
		free(parts->part[i].name);
	free(parts->part);
	free(parts->of);
	*parts = (struct parts) { 0 };
}

/* ---- choice ---- */

const char *parts_noun(unsigned by)
{
	enum record_key key = single_key(by);

	return key < RECORD_KEY_COUNT ? record_keys[key].name : "condition";
}

char *parts_names(const struct parts *parts)
{
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };

	for (size_t i = 0; i < parts->count; i++)
		strbuf_join(&text, "; ", parts->part[i].name);
	return strbuf_take(&text);
}

/* The canonical form of a value.  NULL: out of memory. */
static char *spell(unsigned by, const char *typed)
{
	CLEANUP(freep) char *name = NULL;
	struct method_choice choice;
	char text[SIZE_TEXT_MAX];
	uint64_t bytes;

	if (by == KEY_SET(METHOD) && method_parse(typed, &choice, NULL) == 0) {
		name = strdup(choice.name);
		if (name)
			size_shorten(name);
		return TAKE_PTR(name);
	}
	if (by & (KEY_SET(SIZE) | KEY_SET(VOLUME)) && size_parse(typed, &bytes) == 0) {
		return strdup(size_name(bytes, text));
	}
	return strdup(typed);
}

/* By its name, or by one of its values. */
static bool has_name(const struct parts *parts, size_t part, const char *name)
{
	const struct record *record = &parts->results->records[parts->part[part].first];
	const struct environment *environment =
		environment_of(parts->results, parts->part[part].first);

	if (strcmp(parts->part[part].name, name) == 0)
		return true;
	for (enum record_key key = 0; key < RECORD_KEY_COUNT; key++) {
		CLEANUP(freep)
		char *value =
			parts->by & 1u << key ? record_key_text(key, record, environment) : NULL;

		if (value && strcmp(value, name) == 0)
			return true;
	}
	return false;
}

static int refuse(const struct parts *parts, const char *name, size_t found,
		  struct problem *problem)
{
	CLEANUP(freep) char *all = parts_names(parts);
	const char *noun = parts_noun(parts->by), *nearest = NULL;

	if (!all)
		return -ENOMEM;
	if (parts->count == 0)
		return problem_set(problem, PROBLEM_USAGE, EINVAL, "%s no trial", parts->source);
	if (found)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "\"%s\" matches more than one %s; %s: %s", name, noun,
				   parts->source, all);
	for (size_t i = 0; i < parts->count; i++)
		suggest_consider(name, parts->part[i].name, &nearest);
	if (nearest)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "%s no %s \"%s\"; did you mean \"%s\"? All: %s", parts->source,
				   noun, name, nearest, all);
	return problem_set(problem, PROBLEM_USAGE, EINVAL, "%s no %s \"%s\", only: %s",
			   parts->source, noun, name, all);
}

int parts_find(const struct parts *parts, const char *name, size_t *ret, struct problem *problem)
{
	CLEANUP(freep) char *spelled = spell(parts->by, name);
	size_t found = 0, last = 0;

	if (!spelled)
		return -ENOMEM;
	for (size_t i = 0; i < parts->count; i++)
		if (has_name(parts, i, spelled)) {
			last = i;
			found++;
		}
	if (found != 1)
		return refuse(parts, name, found, problem);
	*ret = last;
	return 0;
}

/* The length of the first name in a list: the longest known one, else up to the comma. */
static size_t first_name(const struct parts *parts, const char *names)
{
	size_t longest = 0;

	for (size_t i = 0; i < parts->count; i++) {
		size_t bytes = strlen(parts->part[i].name);

		if (bytes > longest && strncmp(names, parts->part[i].name, bytes) == 0 &&
		    (names[bytes] == ',' || !names[bytes]))
			longest = bytes;
	}
	return longest ? longest : strcspn(names, ",");
}

int parts_find_all(const struct parts *parts, const char *names, size_t **ret, size_t *ret_count,
		   struct problem *problem)
{
	while (*names) {
		size_t bytes = first_name(parts, names), part;
		CLEANUP(freep) char *name = strndup(names, bytes);
		int r = name ? parts_find(parts, name, &part, problem) : -ENOMEM;

		for (size_t i = 0; r == 0 && i < *ret_count; i++)
			if ((*ret)[i] == part)
				r = problem_set(problem, PROBLEM_USAGE, EINVAL,
						"%s \"%s\" is given twice", parts_noun(parts->by),
						name);
		if (r == 0)
			r = ARRAY_ADD(*ret, *ret_count, part);
		if (r < 0)
			return r;
		names += bytes + (names[bytes] == ',');
	}
	return 0;
}
