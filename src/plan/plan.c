/* SPDX-License-Identifier: MIT */
/*
 * A plan is text until it is expanded: the command line, a plan file, a preset and the plan in a
 * result file set the same keys, one after the other, and only the result has to be valid.
 *
 * inih truncates lines longer than its buffer silently, and calls the handler for each continuation
 * line.  So long lines are rejected first, and a list may continue on the next line.
 */
#include "plan/plan.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <string.h>

#include "base/cleanup.h"
#include "plan/selection.h"
#include "base/io.h"
#include "base/size.h"
#include "base/strbuf.h"
#include "base/words.h"
#include "base/array.h"
#include "base/text.h"

/* Files of data/, compiled in. */
extern const char embedded_filesystems[], embedded_default[], embedded_demo[], embedded_2009[];

enum { PLAN_FILE_LIMIT = 1 << 20, PLAN_LINE_MAX = 198 };

#define PLAN_SECTION "plan"

static const struct {
	const char *name;
	const char *text;
} presets[] = {
	{ "default", embedded_default },
	{ "demo", embedded_demo },
	{ "2009", embedded_2009 },
};

const char *const plan_presets[] = { "default", "demo", "2009", NULL };
_Static_assert(ARRAY_SIZE(plan_presets) == ARRAY_SIZE(presets) + 1, "a preset without its name");

/* ---- setting keys ---- */

static int set_text(char **member, const char *value)
{
	char *copy = strdup(value);

	if (!copy)
		return -ENOMEM;
	free(*member);
	*member = copy;
	return 0;
}

#define PLAN_KEY_ROW(name, form) { #name, form },
static const struct {
	const char *name;
	enum plan_form form;
} keys[] = { PLAN_KEYS(PLAN_KEY_ROW) };

const char *plan_key_name(enum plan_key key)
{
	return keys[key].name;
}

enum plan_form plan_key_form(enum plan_key key)
{
	return keys[key].form;
}

const char *plan_key_separator(enum plan_key key)
{
	return keys[key].form == PLAN_ITEMS ? "\n" : ",";
}

enum plan_key plan_key_find(const char *name)
{
	size_t key = 0;

	while (key < PLAN_KEY_COUNT && strcmp(keys[key].name, name) != 0)
		key++;
	return (enum plan_key)key;
}

static int unknown_key(const char *name, struct problem *problem)
{
	CLEANUP(strbuf_clear) struct strbuf known = { 0 };

	for (size_t i = 0; i < PLAN_KEY_COUNT; i++)
		strbuf_printf(&known, "%s%s",
			      i == 0		       ? ""
			      : i + 1 < PLAN_KEY_COUNT ? ", "
						       : " or ",
			      keys[i].name);
	return known.failed ? -ENOMEM
			    : problem_set(problem, PROBLEM_USAGE, EINVAL,
					  "unknown key \"%s\" in [plan]; use %s", name, known.text);
}

/* A value must be valid in a plan file, since result files contain the plan. */
static int check_value(const char *key, const char *value, struct problem *problem)
{
	const char *at = value;

	while (*at && (*at == '\t' || !iscntrl((unsigned char)*at)))
		at++;
	if (*at || strstr(value, " ;"))
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "the %s cannot be stored in a plan: it contains %s", key,
				   *at ? "a line break or control character"
				       : "\" ;\", which starts a comment");
	return 0;
}

/* Values that cannot continue on the next line. */
static int check_length(const char *key, const char *value, struct problem *problem)
{
	size_t most = PLAN_LINE_MAX - strlen(key) - strlen(" = ");

	if (strlen(value) <= most)
		return 0;
	return problem_set(problem, PROBLEM_USAGE, EINVAL, "the %s is longer than %zu characters",
			   key, most);
}

/* Checks a list with one value per line. */
static int check_each(const char *key, const char *value, const char *separators,
		      struct problem *problem)
{
	CLEANUP(freep) char **words = words_split(value, separators);
	int r = words ? 0 : -ENOMEM;

	for (char **word = words; r == 0 && *word; word++) {
		r = check_value(key, *word, problem);
		if (r == 0)
			r = check_length(key, *word, problem);
	}
	return r;
}

static int set_key(struct plan *plan, enum plan_key key, const char *value, struct problem *problem)
{
	const char *name = keys[key].name;
	int r = 0;

	if (keys[key].form == PLAN_ITEMS)
		r = check_each(name, value, "\n", problem);
	else
		r = check_value(name, value, problem);
	if (r == 0 && keys[key].form == PLAN_LINE)
		r = check_length(name, value, problem);
	if (r == 0 && keys[key].form == PLAN_PATHS)
		r = check_each(name, value, ",", problem);
	return r < 0 ? r : set_text(&plan->values[key], value);
}

int plan_set(struct plan *plan, const char *key, const char *value, struct problem *problem)
{
	enum plan_key found = plan_key_find(key);

	return found < PLAN_KEY_COUNT ? set_key(plan, found, value, problem)
				      : unknown_key(key, problem);
}

int plan_apply(struct plan *plan, const struct plan_request *request, struct problem *problem)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < PLAN_KEY_COUNT; i++)
		if (request->values[i])
			r = set_key(plan, (enum plan_key)i, request->values[i], problem);
	return r;
}

int plan_fill_values(struct plan *plan, char *const values[PLAN_KEY_COUNT], struct problem *problem)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < PLAN_KEY_COUNT; i++)
		if (values[i] && !plan->values[i])
			r = set_key(plan, (enum plan_key)i, values[i], problem);
	return r;
}

static int set_largest_run(struct filesystem *filesystem, const char *value)
{
	static const char share[] = "volume/";

	filesystem->run_is_share = strncmp(value, share, strlen(share)) == 0;
	if (filesystem->run_is_share)
		value += strlen(share);
	return size_parse(value, &filesystem->largest_run);
}

static int filesystem_set(struct filesystem *filesystem, const char *key, const char *value,
			  struct problem *problem)
{
	const struct {
		const char *key;
		char **member;
	} texts[] = {
		{ "type", &filesystem->type },		 { "mkfs", &filesystem->mkfs },
		{ "mount", &filesystem->mount_options }, { "package", &filesystem->package },
		{ "summary", &filesystem->summary },
	};
	int r = -ENOENT;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (strcmp(texts[i].key, key) == 0)
			return set_text(texts[i].member, value);
	if (strcmp(key, "largest_run") == 0)
		r = set_largest_run(filesystem, value);
	else if (strcmp(key, "min_volume") == 0)
		r = size_parse(value, &filesystem->min_volume);
	if (r == -ENOENT)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "unknown key \"%s\" in [%s]; use type, mkfs, mount, package, "
				   "largest_run, min_volume or summary",
				   key, filesystem->name);
	if (r < 0)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "invalid size \"%s\" for %s in [%s]", value, key,
				   filesystem->name);
	return 0;
}

/* ---- reading ---- */

static struct filesystem *find_filesystem(const struct plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->catalogue_count; i++)
		if (strcmp(plan->catalogue[i].name, name) == 0)
			return &plan->catalogue[i];
	return NULL;
}

const struct filesystem *plan_find_filesystem(const struct plan *plan, const char *name)
{
	return find_filesystem(plan, name);
}

static struct filesystem *add_filesystem(struct plan *plan, const char *name)
{
	struct filesystem filesystem = { .name = strdup(name) };

	if (filesystem.name && ARRAY_ADD(plan->catalogue, plan->catalogue_count, filesystem) == 0)
		return &plan->catalogue[plan->catalogue_count - 1];
	free(filesystem.name);
	return NULL;
}

/* The context of ini_parse_string(). */
struct reader {
	struct plan *plan;
	struct problem *problem;
	char *section, *key; /* the last ones, to detect a continuation line */
	int error;	     /* of the first invalid line */
};

/* Continues a list. */
static int append_line(struct reader *reader, const char *value)
{
	enum plan_key key = plan_key_find(reader->key);

	return text_join(&reader->plan->values[key], plan_key_separator(key), value);
}

/*
 * A name is a word of lists, and a part of file names of images.  "+" precedes added options
 * (variant.c).
 */
static int is_name(const char *section)
{
	if (!isalnum((unsigned char)*section))
		return 0;
	for (; *section; section++)
		if (!isalnum((unsigned char)*section) && !strchr("-_.", *section))
			return 0;
	return 1;
}

static int read_key(struct reader *reader, const char *section, const char *key, const char *value)
{
	struct filesystem *filesystem;

	if (!*section)
		return problem_set(reader->problem, PROBLEM_USAGE, EINVAL,
				   "\"%s\" is before the first [section]", key);
	if (strcmp(section, PLAN_SECTION) == 0) {
		int again = reader->key && strcmp(reader->section, section) == 0 &&
			    strcmp(reader->key, key) == 0;

		return again ? append_line(reader, value)
			     : plan_set(reader->plan, key, value, reader->problem);
	}
	if (!is_name(section))
		return problem_set(reader->problem, PROBLEM_USAGE, EINVAL,
				   "[%s] is not a valid name of a file system; use letters and "
				   "digits, and after the first also - _ .",
				   section);
	filesystem = find_filesystem(reader->plan, section);
	if (!filesystem)
		filesystem = add_filesystem(reader->plan, section);
	if (!filesystem)
		return -ENOMEM;
	return filesystem_set(filesystem, key, value, reader->problem);
}

/* The handler for inih: 1 is success. */
static int read_line(void *context, const char *section, const char *key, const char *value)
{
	struct reader *reader = context;
	int r;

	if (reader->error)
		return 1;
	r = read_key(reader, section, key, value);
	if (r == 0 && (set_text(&reader->section, section) < 0 || set_text(&reader->key, key) < 0))
		r = -ENOMEM;
	reader->error = r;
	return r == 0;
}

static int refuse_long_lines(const char *text, const char *source, struct problem *problem)
{
	int line = 1;

	for (const char *at = text; *at; line++) {
		size_t length = strcspn(at, "\n");

		if (length > PLAN_LINE_MAX)
			return problem_set(problem, PROBLEM_USAGE, EINVAL,
					   "%s:%d: the line is longer than %d characters; continue "
					   "a list on the next line, indented",
					   source, line, PLAN_LINE_MAX);
		at += length + (at[length] == '\n');
	}
	return 0;
}

/* A section needs at least the keys to create and mount the file system. */
static int require_keys(const struct plan *plan, const char *source, struct problem *problem)
{
	for (size_t i = 0; i < plan->catalogue_count; i++) {
		const struct filesystem *filesystem = &plan->catalogue[i];

		int typed = filesystem->type && *filesystem->type;

		if (!typed || !filesystem->mkfs || !*filesystem->mkfs)
			return problem_set(problem, PROBLEM_USAGE, EINVAL, "%s: [%s] has no %s",
					   source, filesystem->name, typed ? "mkfs" : "type");
	}
	return 0;
}

int plan_read(struct plan *plan, const char *text, const char *source, struct problem *problem)
{
	struct problem found = { 0 };
	struct reader reader = { .plan = plan, .problem = &found };
	int line, r = refuse_long_lines(text, source, problem);

	if (r < 0)
		return r;
	line = ini_parse_string(text, read_line, &reader);
	free(reader.section);
	free(reader.key);
	r = reader.error;
	if (r == 0 && line == 0)
		return require_keys(plan, source, problem);
	if (r != -ENOMEM && line != -2) /* -2: inih is out of memory */
		r = problem_set(problem, PROBLEM_USAGE, EINVAL, "%s:%d: %s", source, line,
				found.message ? found.message
					      : "expected [section] or key = value");
	problem_clear(&found);
	return r ? r : -ENOMEM;
}

int plan_read_file(struct plan *plan, const char *path, struct problem *problem)
{
	CLEANUP(freep) char *text = NULL;
	size_t bytes = 0;
	int r = io_read_file(path, PLAN_FILE_LIMIT, &text, &bytes);

	if (r < 0)
		return problem_set(problem, PROBLEM_USAGE, -r, "cannot read the plan %s: %s", path,
				   strerror(-r));
	if (strlen(text) != bytes)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "%s is not a plan file: it contains NUL bytes", path);
	return plan_read(plan, text, path, problem);
}

int plan_read_preset(struct plan *plan, const char *name, struct problem *problem)
{
	for (size_t i = 0; i < ARRAY_SIZE(presets); i++)
		if (strcmp(presets[i].name, name) == 0)
			return plan_read(plan, presets[i].text, name, problem);
	return problem_set(problem, PROBLEM_USAGE, EINVAL,
			   "unknown preset \"%s\": use default, demo or 2009", name);
}

int plan_init(struct plan *plan)
{
	*plan = (struct plan) { 0 };
	return plan_read(plan, embedded_filesystems, "the catalogue", NULL);
}

void plan_clear(struct plan *plan)
{
	filesystems_clear(plan->catalogue, plan->catalogue_count);
	for (size_t i = 0; i < PLAN_KEY_COUNT; i++)
		free(plan->values[i]);
	*plan = (struct plan) { 0 };
}

uint64_t filesystem_largest_run(const struct filesystem *filesystem, uint64_t volume_bytes)
{
	if (!filesystem->run_is_share || filesystem->largest_run == 0)
		return filesystem->largest_run;
	return volume_bytes / filesystem->largest_run;
}
