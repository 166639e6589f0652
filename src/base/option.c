/* SPDX-License-Identifier: MIT */
#include "base/option.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/size.h"
#include "base/strbuf.h"
#include "base/suggest.h"
#include "base/text.h"
#include "base/words.h"

/* ---- choices ---- */

static const char *const *entry_at(const struct option_choices *choices, size_t index)
{
	return (const void *)((const char *)choices->entries + index * choices->entry_bytes);
}

/* NULL: it cannot be chosen. */
static const char *name_at(const struct option_choices *choices, size_t index)
{
	return !choices->set || choices->set & 1u << index ? *entry_at(choices, index) : NULL;
}

/* "kernel, date or label", with these separators. */
static char *join_names(const struct option_choices *choices, const char *comma, const char *last)
{
	CLEANUP(strbuf_clear) struct strbuf names = { 0 };
	const char *held = NULL;

	for (size_t i = 0; i < *choices->count; i++) {
		const char *name = name_at(choices, i);

		if (held && name)
			strbuf_join(&names, comma, held);
		held = name ? name : held;
	}
	if (held)
		strbuf_join(&names, last, held);
	return strbuf_take(&names);
}

static int refuse_choice(const struct option_choices *choices, const char *subject,
			 const char *nearest, struct problem *problem)
{
	CLEANUP(freep) char *names = NULL;

	if (nearest)
		return problem_set(problem, PROBLEM_USAGE, EINVAL, "%s; did you mean \"%s\"?",
				   subject, nearest);
	if (choices->list)
		return problem_set(problem, PROBLEM_USAGE, EINVAL, "%s; `%s` lists them", subject,
				   choices->list);
	names = join_names(choices, ", ", " or ");
	if (!names)
		return -ENOMEM;
	return problem_set(problem, PROBLEM_USAGE, EINVAL, "%s: use %s", subject, names);
}

int option_choose(const struct option_choices *choices, const char *option, const char *word,
		  const void **ret, struct problem *problem)
{
	CLEANUP(freep) char *subject = NULL;
	const char *nearest = NULL;

	for (size_t i = 0; i < *choices->count; i++) {
		const char *name = name_at(choices, i);

		if (name && strcmp(name, word) == 0) {
			*ret = entry_at(choices, i);
			return 0;
		}
		if (name)
			suggest_consider(word, name, &nearest);
	}
	subject = option ? text_format("invalid value \"%s\" for --%s", word, option)
			 : text_format("invalid argument \"%s\"", word);
	return subject ? refuse_choice(choices, subject, nearest, problem) : -ENOMEM;
}

/* ---- kinds ---- */

/* memcpy() sets a pointer to any type. */
static int set_choice(const struct option_row *row, const char *argument, void *member,
		      struct problem *problem)
{
	const void *entry;
	int r = option_choose(row->choices, row->name, argument, &entry, problem);

	if (r == 0)
		memcpy(member, &entry, sizeof(entry));
	return r;
}

static int set_position(const struct option_row *row, const struct option_choices *choices,
			const char *argument, unsigned *ret, struct problem *problem)
{
	const void *entry;
	int r = option_choose(choices, row->name, argument, &entry, problem);

	if (r == 0)
		*ret = (unsigned)(row->least +
				  (size_t)((const char *)entry - (const char *)choices->entries) /
					  choices->entry_bytes);
	return r;
}

static int set_word(const struct option_row *row, const char *argument, unsigned *ret,
		    struct problem *problem)
{
	CLEANUP(freep) char **words = row->choices ? NULL : words_split(row->values, " ");
	size_t count = words ? words_count(words) : 0;
	const struct option_choices few = { words, sizeof(*words), &count, NULL, 0 };

	if (row->choices)
		return set_position(row, row->choices, argument, ret, problem);
	return words ? set_position(row, &few, argument, ret, problem) : -ENOMEM;
}

static int set_words(const char *argument, char ***ret)
{
	char **words = words_split(argument, ",");

	if (!words)
		return -ENOMEM;
	free(*ret);
	*ret = words;
	return 0;
}

/* 0, or -ERANGE with *problem set; `unit` follows the numbers in it. */
static int check_range(const struct option_row *row, const char *what, const char *argument,
		       const char *unit, uint64_t number, struct problem *problem)
{
	if (number >= row->least && (!row->most || number <= row->most))
		return 0;
	if (!row->most)
		return problem_set(problem, PROBLEM_USAGE, ERANGE,
				   "invalid %s \"%s\" for --%s: use at least %lu%s", what, argument,
				   row->name, row->least, unit);
	return problem_set(problem, PROBLEM_USAGE, ERANGE,
			   "invalid %s \"%s\" for --%s: use %lu to %lu%s", what, argument,
			   row->name, row->least, row->most, unit);
}

static int set_number(const struct option_row *row, const char *argument, unsigned *ret,
		      struct problem *problem)
{
	struct option_row limited = *row;
	char *end;
	unsigned long number = strtoul(argument, &end, 10);
	int r;

	limited.most = row->most ? row->most : UINT_MAX;
	if (*argument < '0' || *argument > '9' || *end)
		number = ULONG_MAX;
	r = check_range(&limited, "number", argument, "", number, problem);
	if (r == 0)
		*ret = (unsigned)number;
	return r;
}

static int set_size(const struct option_row *row, const char *argument, uint64_t *ret,
		    struct problem *problem)
{
	const char *example = row->values ? row->values : "64M";
	uint64_t bytes;
	int r;

	if (size_parse(argument, &bytes) < 0)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "invalid size \"%s\" for --%s: use a number with K, M, G or "
				   "T, such as %.*s",
				   argument, row->name, (int)strcspn(example, " "), example);
	r = check_range(row, "size", argument, " byte", bytes, problem);
	if (r == 0)
		*ret = bytes;
	return r;
}

static int set_duration(const struct option_row *row, const char *argument, uint64_t *ret,
			struct problem *problem)
{
	uint64_t seconds;
	int r;

	if (duration_parse(argument, &seconds) < 0)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "invalid time \"%s\" for --%s: use seconds, or a time such as "
				   "90s, 10m or 1h30m",
				   argument, row->name);
	r = check_range(row, "time", argument, row->most ? " seconds" : " second", seconds,
			problem);
	if (r == 0)
		*ret = seconds * (row->value ? row->value : 1);
	return r;
}

int option_set(const struct option_row *row, const char *argument, void *input,
	       struct problem *problem)
{
	void *member = (char *)input + row->offset;

	switch (row->kind) {
	case OPTION_TEXT:
		*(const char **)member = argument;
		return 0;
	case OPTION_FLAG:
		*(bool *)member = true;
		return 0;
	case OPTION_BITS:
		*(unsigned *)member |= (unsigned)row->value;
		return 0;
	case OPTION_NUMBER:
		return set_number(row, argument, member, problem);
	case OPTION_SIZE:
		return set_size(row, argument, member, problem);
	case OPTION_DURATION:
		return set_duration(row, argument, member, problem);
	case OPTION_WORD:
		return set_word(row, argument, member, problem);
	case OPTION_CHOICE:
		return set_choice(row, argument, member, problem);
	case OPTION_WORDS:
		return set_words(argument, member);
	default:
		return row->take(input, row, argument, problem);
	}
}

/* ---- texts ---- */

char *option_help(const struct option_row *row)
{
	CLEANUP(strbuf_clear) struct strbuf help = { 0 };

	strbuf_printf(&help, "%s", row->help);
	if (row->choices && !row->choices->list) {
		CLEANUP(freep) char *names = join_names(row->choices, ", ", " or ");

		strbuf_printf(&help, ": %s", names ? names : "");
	}
	if (row->fallback)
		strbuf_printf(&help, " (default: %s)", row->fallback);
	return strbuf_take(&help);
}

char *option_values(const struct option_row *row)
{
	const struct option_choices *choices = row->choices;

	if (row->values || !choices)
		return strdup(row->values ? row->values : "");
	if (choices->list)
		return text_format("`%s`%s", strchr(choices->list, ' ') + 1,
				   strchr(row->argument, ',') ? "," : "");
	return join_names(choices, " ", " ");
}
