/* SPDX-License-Identifier: MIT */
/*
 * Only the last line can be incomplete, since each line is on the disk before the next trial.  So
 * an invalid last line is ignored, but any other one is an error: a table must not silently lack a
 * trial.
 *
 * Lines of an unknown type are ignored: a later version may add some without incrementing the
 * schema.
 */
#include "results/resultfile.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "base/json.h"

/* The file that is read. */
struct reading {
	struct results *results;
	struct problem *problem;
	const char *name;
	FILE *file;
	size_t line;	    /* number of the current line */
	size_t environment; /* index of the file's latest environment */
};

void results_clear(struct results *results)
{
	for (size_t i = 0; i < results->environment_count; i++)
		environment_clear(&results->environments[i]);
	for (size_t i = 0; i < results->record_count; i++)
		record_clear(&results->records[i]);
	free(results->environments);
	free(results->records);
	free(results->environment_of);
	for (size_t i = 0; i < results->warning_count; i++)
		warning_clear(&results->warnings[i]);
	free(results->warnings);
	free(results->warning_of);
	*results = (struct results) { 0 };
}

static int reject(const struct reading *reading, const char *why)
{
	return problem_set(reading->problem, PROBLEM_USAGE, EINVAL, "%s:%zu: %s", reading->name,
			   reading->line, why);
}

static int reject_read(const struct reading *reading, int r, const char *field)
{
	if (r == -EINVAL)
		return problem_set(reading->problem, PROBLEM_USAGE, EINVAL,
				   "%s:%zu: the field \"%s\" is not valid (see doc/record.md)",
				   reading->name, reading->line, field);
	return problem_set(reading->problem, PROBLEM_LACK, -r, "%s:%zu: %s", reading->name,
			   reading->line, strerror(-r));
}

static int add_environment(struct reading *reading, const json_t *json)
{
	struct results *results = reading->results;
	const json_t *schema = json_object_get(json, "schema");
	const char *field = NULL;
	int r;

	if (!json_is_integer(schema) || json_integer_value(schema) < 1)
		return reject(reading, "the description of the run has no valid \"schema\"");
	if (json_integer_value(schema) > RECORD_SCHEMA)
		return problem_set(reading->problem, PROBLEM_USAGE, EPROTO,
				   "%s was written by a later version of alloc-perf (schema "
				   "%" JSON_INTEGER_FORMAT
				   ", this version reads up to %d); use the later version",
				   reading->name, json_integer_value(schema), RECORD_SCHEMA);
	r = ARRAY_ROOM(results->environments, results->environment_count);
	if (r == 0)
		r = environment_from_json(json, &results->environments[results->environment_count],
					  &field);
	if (r < 0)
		return reject_read(reading, r, field);
	reading->environment = results->environment_count++;
	return 0;
}

static const char *missing_field(const struct record *record)
{
	if (!record->filesystem || !record->method)
		return "a trial without a file system or method";
	if (record->file_bytes <= 0)
		return "a trial without the size of its file";
	if (!record->status || (strcmp(record->status, STATUS_OK) != 0 &&
				strcmp(record->status, STATUS_UNSUPPORTED) != 0 &&
				strcmp(record->status, STATUS_FAILED) != 0))
		return "a trial whose \"status\" is not ok, unsupported or failed";
	return NULL;
}

static int add_record(struct reading *reading, const json_t *json)
{
	struct results *results = reading->results;
	struct record *record;
	const char *field = NULL, *missing;
	int r;

	r = ARRAY_ROOM(results->records, results->record_count);
	if (r == 0)
		r = ARRAY_ROOM(results->environment_of, results->record_count);
	if (r < 0)
		return reject_read(reading, r, NULL);
	record = &results->records[results->record_count];
	r = record_from_json(json, record, &field);
	if (r < 0)
		return reject_read(reading, r, field);
	missing = missing_field(record);
	if (missing) {
		record_clear(record);
		return reject(reading, missing);
	}
	results->environment_of[results->record_count++] = reading->environment;
	return 0;
}

static int add_warning(struct reading *reading, const json_t *json)
{
	struct results *results = reading->results;
	struct warning *warning;
	const char *field = NULL;
	int r = ARRAY_ROOM(results->warnings, results->warning_count);

	if (r == 0)
		r = ARRAY_ROOM(results->warning_of, results->warning_count);
	if (r < 0)
		return reject_read(reading, r, NULL);
	warning = &results->warnings[results->warning_count];
	r = warning_from_json(json, warning, &field);
	if (r < 0)
		return reject_read(reading, r, field);
	if (!warning->kind || !warning->text) {
		warning_clear(warning);
		return reject(reading, "a warning without its kind or text");
	}
	results->warning_of[results->warning_count++] = reading->environment;
	return 0;
}

static int add_line(struct reading *reading, const json_t *json)
{
	const char *type = json_string_value(json_object_get(json, "type"));
	int first = reading->line == 1;

	if (first && (!type || strcmp(type, "environment") != 0))
		return reject(
			reading,
			"not a result file of alloc-perf: the first line does not describe a run");
	if (!type)
		return reject(reading, "a line without a \"type\"");
	if (strcmp(type, "environment") == 0)
		return add_environment(reading, json);
	if (strcmp(type, "trial") == 0)
		return add_record(reading, json);
	if (strcmp(type, "warning") == 0)
		return add_warning(reading, json);
	return 0;
}

static int at_end(FILE *file)
{
	int letter = getc(file);

	return letter == EOF || ungetc(letter, file) == EOF;
}

/* A line that cannot be parsed: an incomplete last one, or an error. */
static int invalid_line(struct reading *reading, const json_error_t *error)
{
	int last = at_end(reading->file);

	if (reading->line == 1 && last)
		return reject(reading,
			      "not a result file of alloc-perf, or its only line is incomplete");
	if (reading->line == 1)
		return reject(
			reading,
			"not a result file of alloc-perf: the first line is not a JSON object");
	if (!last)
		return problem_set(reading->problem, PROBLEM_USAGE, EINVAL,
				   "%s:%zu: damaged, and not at the end of the file: %s",
				   reading->name, reading->line, error->text);
	reading->results->torn = 1;
	return 0;
}

static int read_line(struct reading *reading, const char *line, size_t bytes)
{
	json_error_t error = { .text = "the line ends too early" };
	CLEANUP(json_decrefp) json_t *json = NULL;
	int r;

	reading->line++;
	if (line[bytes - 1] == '\n')
		json = json_loadb(line, bytes, JSON_REJECT_DUPLICATES, &error);
	if (!json)
		return invalid_line(reading, &error);
	r = add_line(reading, json);
	if (r == 0)
		reading->results->whole_bytes += bytes;
	return r;
}

static int cannot_read(const struct reading *reading, int error)
{
	return problem_set(reading->problem, PROBLEM_USAGE, error, "cannot read %s: %s",
			   reading->name, strerror(error));
}

/* Checked before the first line, since a binary file may have no lines. */
static int check_start(struct reading *reading)
{
	int letter = getc(reading->file);

	if (letter == EOF && ferror(reading->file))
		return cannot_read(reading, errno);
	if (letter == EOF)
		return problem_set(reading->problem, PROBLEM_USAGE, EINVAL,
				   "%s is empty: it contains no results", reading->name);
	if (letter != '{')
		return problem_set(reading->problem, PROBLEM_USAGE, EINVAL,
				   "%s is not a result file of alloc-perf (those are JSON Lines)",
				   reading->name);
	ungetc(letter, reading->file);
	return 0;
}

static int read_lines(struct reading *reading)
{
	CLEANUP(freep) char *line = NULL;
	size_t room = 0;
	ssize_t bytes;
	int r = check_start(reading);

	if (r < 0)
		return r;
	while ((bytes = getline(&line, &room, reading->file)) > 0) {
		r = read_line(reading, line, (size_t)bytes);
		if (r < 0)
			return r;
	}
	return ferror(reading->file) || !feof(reading->file) ? cannot_read(reading, errno) : 0;
}

int results_read(struct results *results, const char *path, struct problem *problem)
{
	int standard = strcmp(path, "-") == 0;
	struct reading reading = { .results = results,
				   .problem = problem,
				   .name = standard ? "standard input" : path };
	CLEANUP(file_closep) FILE *opened = standard ? NULL : fopen(path, "re");

	results->torn = 0;
	results->whole_bytes = 0;
	reading.file = standard ? stdin : opened;
	if (!reading.file)
		return cannot_read(&reading, errno);
	return read_lines(&reading);
}

size_t results_measurements(const struct results *results)
{
	size_t count = 0;

	for (size_t i = 0; i < results->record_count; i++)
		count += !results->records[i].promise;
	return count;
}

int results_is_file(const char *path)
{
	CLEANUP(file_closep) FILE *file = fopen(path, "re");
	CLEANUP(json_decrefp) json_t *json = NULL;
	const char *type;

	/* A document of several lines, or a second one after it, is not an error. */
	if (file)
		json = json_loadf(file, JSON_DISABLE_EOF_CHECK, NULL);
	type = json_string_value(json_object_get(json, "type"));
	return type && strcmp(type, "environment") == 0;
}

int results_keep_environment(struct results *results, struct environment *environment)
{
	int r = ARRAY_ADD(results->environments, results->environment_count, *environment);

	if (r == 0)
		environment_init(environment);
	return r;
}

int results_keep(struct results *results, struct record *record)
{
	int r = ARRAY_ROOM(results->records, results->record_count);

	if (r == 0)
		r = ARRAY_ROOM(results->environment_of, results->record_count);
	if (r < 0)
		return r;
	results->records[results->record_count] = *record;
	results->environment_of[results->record_count++] = results->environment_count - 1;
	record_init(record);
	return 0;
}

int results_keep_warning(struct results *results, struct warning *warning)
{
	int r = ARRAY_ROOM(results->warnings, results->warning_count);

	if (r == 0)
		r = ARRAY_ROOM(results->warning_of, results->warning_count);
	if (r < 0)
		return r;
	results->warnings[results->warning_count] = *warning;
	results->warning_of[results->warning_count++] = results->environment_count - 1;
	warning_init(warning);
	return 0;
}

int resultfile_append(int fd, json_t *json)
{
	int r = json_write_line(fd, json);

	if (r < 0)
		return r;
	/* Pipes and terminals cannot be synced. */
	if (fsync(fd) < 0 && errno != EINVAL && errno != EROFS)
		return -errno;
	return 0;
}
