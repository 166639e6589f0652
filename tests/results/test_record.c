/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "results/resultfile.h"

#define ENVIRONMENT "{\"type\":\"environment\",\"schema\":1,\"testbed\":\"uml\"}\n"
#define TRIAL                                                                                  \
	"{\"type\":\"trial\",\"filesystem\":\"ext4\",\"method\":\"mmap\",\"file_bytes\":4096," \
	"\"run\":1,\"status\":\"ok\",\"fragments\":3}\n"

static void fill_runs(struct field_runs *runs)
{
	static const struct field_run run[] = { { 0, 1ll << 40, 4096, 0 },
						{ 8192, 4096, INT64_MAX - 8192, 1 } };

	*runs = (struct field_runs) { malloc(sizeof(run)), ARRAY_SIZE(run) };
	assert_non_null(runs->run);
	memcpy(runs->run, run, sizeof(run));
}

/* A value of its own for each field, so that two swapped ones show. */
static void fill(const struct field *fields, size_t count, void *object);

static void fill_histogram(struct field_histogram *histogram)
{
	static const int64_t number[] = { 0, INT64_MAX, 64, 1, INT64_MAX, 2 };

	*histogram = (struct field_histogram) { malloc(sizeof(number)), ARRAY_SIZE(number) };
	assert_non_null(histogram->number);
	memcpy(histogram->number, number, sizeof(number));
}

static void fill_list(struct field_list *list, const struct field_table *elements)
{
	for (int i = 0; i < 3; i++) {
		void *element = field_list_add(list, elements);

		assert_non_null(element);
		if (i != 1)
			fill(elements->fields, elements->count, element);
	}
}

static void assert_same_runs(const struct field_runs *one, const struct field_runs *other)
{
	assert_int_equal(one->count, other->count);
	for (int64_t i = 0; i < one->count; i++) {
		assert_int_equal(one->run[i].logical, other->run[i].logical);
		assert_int_equal(one->run[i].physical, other->run[i].physical);
		assert_int_equal(one->run[i].bytes, other->run[i].bytes);
		assert_int_equal(one->run[i].unwritten, other->run[i].unwritten);
	}
}

static void fill(const struct field *fields, size_t count, void *object)
{
	for (size_t i = 0; i < count; i++) {
		char *member = (char *)object + fields[i].offset;
		char text[64];

		snprintf(text, sizeof(text), "text \"%zu\" \xc3\xa9\n", i);
		if (fields[i].type == FIELD_TEXT)
			assert_int_equal(field_set_text((char **)member, text), 0);
		else if (fields[i].type == FIELD_RUNS)
			fill_runs((struct field_runs *)member);
		else if (fields[i].type == FIELD_HISTOGRAM)
			fill_histogram((struct field_histogram *)member);
		else if (fields[i].type == FIELD_LIST)
			fill_list((struct field_list *)member, fields[i].elements);
		else
			*(int64_t *)member = (int64_t)i * 1000000007;
	}
}

static void assert_same(const struct field *fields, size_t count, const void *one,
			const void *other);

static void assert_same_histogram(const struct field_histogram *one,
				  const struct field_histogram *other)
{
	assert_int_equal(one->count, other->count);
	for (int64_t i = 0; i < one->count; i++)
		assert_int_equal(one->number[i], other->number[i]);
}

static void assert_same_list(const struct field_list *one, const struct field_list *other,
			     const struct field_table *elements)
{
	assert_int_equal(one->count, other->count);
	for (int64_t i = 0; i < one->count; i++)
		assert_same(elements->fields, elements->count,
			    (char *)one->element + (size_t)i * elements->bytes,
			    (char *)other->element + (size_t)i * elements->bytes);
}

static void assert_same_field(const struct field *field, const void *one, const void *other)
{
	switch (field->type) {
	case FIELD_TEXT:
		if (field_text(field, one) && field_text(field, other))
			assert_string_equal(field_text(field, one), field_text(field, other));
		else
			assert_ptr_equal(field_text(field, one), field_text(field, other));
		break;
	case FIELD_COUNT:
		assert_int_equal(field_count(field, one), field_count(field, other));
		break;
	case FIELD_RUNS:
		assert_same_runs(field_runs(field, one), field_runs(field, other));
		break;
	case FIELD_HISTOGRAM:
		assert_same_histogram(field_histogram(field, one), field_histogram(field, other));
		break;
	case FIELD_LIST:
		assert_same_list(field_list(field, one), field_list(field, other), field->elements);
		break;
	}
}

static void assert_same(const struct field *fields, size_t count, const void *one,
			const void *other)
{
	for (size_t i = 0; i < count; i++)
		assert_same_field(&fields[i], one, other);
}

static void every_field_survives_json(void **state)
{
	struct record record, record_read;
	struct environment environment, environment_read;
	json_t *json;
	(void)state;

	record_init(&record);
	fill(record_fields, record_field_count, &record);
	json = record_to_json(&record);
	assert_string_equal(json_string_value(json_object_get(json, "type")), "trial");
	assert_int_equal(json_object_size(json), record_field_count + 1);
	assert_int_equal(record_from_json(json, &record_read, NULL), 0);
	assert_same(record_fields, record_field_count, &record, &record_read);
	json_decref(json);
	record_clear(&record);
	record_clear(&record_read);

	environment_init(&environment);
	fill(environment_fields, environment_field_count, &environment);
	json = environment_to_json(&environment);
	assert_string_equal(json_string_value(json_object_get(json, "type")), "environment");
	assert_int_equal(json_object_size(json), environment_field_count + 1);
	assert_int_equal(environment_from_json(json, &environment_read, NULL), 0);
	assert_same(environment_fields, environment_field_count, &environment, &environment_read);
	json_decref(json);
	environment_clear(&environment);
	environment_clear(&environment_read);
}

static void tables_cover_the_structs(void **state)
{
	(void)state;

	/* Texts and counts are eight bytes each, arrays are sixteen: a member without a row shows
	 * here. */
	assert_int_equal((record_field_count + 2) * 8, sizeof(struct record));
	assert_int_equal((phase_table.count + 1) * 8, sizeof(struct phase_record));
	assert_int_equal(phase_table.bytes, sizeof(struct phase_record));
	assert_int_equal(environment_field_count * 8, sizeof(struct environment));
}

static void stages_have_six_costs_each(void **state)
{
	struct record record;
	json_t *json;
	(void)state;

	record_init(&record);
	record.allocate = (struct stage_cost) { 1, 2, 3, 4, 5, 6 };
	record.inspect.read_bytes = 7;
	json = record_to_json(&record);
	assert_int_equal(json_integer_value(json_object_get(json, "allocate_ns")), 1);
	assert_int_equal(json_integer_value(json_object_get(json, "allocate_user_ns")), 2);
	assert_int_equal(json_integer_value(json_object_get(json, "allocate_system_ns")), 3);
	assert_int_equal(json_integer_value(json_object_get(json, "allocate_written_bytes")), 4);
	assert_int_equal(json_integer_value(json_object_get(json, "allocate_write_requests")), 5);
	assert_int_equal(json_integer_value(json_object_get(json, "allocate_read_bytes")), 6);
	assert_int_equal(json_integer_value(json_object_get(json, "inspect_read_bytes")), 7);
	assert_true(json_is_null(json_object_get(json, "mount_ns")));
	json_decref(json);
	record_clear(&record);
}

static void unknown_is_null_both_ways(void **state)
{
	struct record record;
	json_t *json;
	(void)state;

	record_init(&record);
	json = record_to_json(&record);
	for (size_t i = 0; i < record_field_count; i++)
		assert_true(json_is_null(json_object_get(json, record_fields[i].name)));
	assert_int_equal(record_from_json(json, &record, NULL), 0);
	assert_int_equal(record.fragments, FIELD_UNKNOWN);
	assert_null(record.method);
	json_decref(json);

	json = json_pack("{s:i, s:s}", "fragments", 5, "of a later version", "x");
	assert_int_equal(record_from_json(json, &record, NULL), 0);
	assert_int_equal(record.fragments, 5);
	assert_int_equal(record.extents, FIELD_UNKNOWN);
	json_decref(json);
	record_clear(&record);
}

static void assert_note(const char *testbed, const char *note, const char *expected)
{
	CLEANUP(environment_clear) struct environment environment;
	json_t *json = json_pack("{s:s, s:s?}", "testbed", testbed, "testbed_note", note);

	assert_int_equal(environment_from_json(json, &environment, NULL), 0);
	assert_string_equal(environment.testbed_note, expected);
	json_decref(json);
}

static void old_results_of_uml_say_that_nothing_was_flushed(void **state)
{
	(void)state;

	assert_note("uml", "In a guest.",
		    "In a guest. No flush reached the host's disk: times until on disk do not "
		    "include any.");
	assert_note("uml", "In a guest, for which the host flushes.",
		    "In a guest, for which the host flushes.");
	assert_note("qemu", "In a guest.", "In a guest.");
}

static void wrong_types_are_refused(void **state)
{
	(void)state;

	for (size_t i = 0; i < record_field_count; i++) {
		struct record record;
		const char *field = NULL;
		json_t *json = json_pack("{s:s}", "method", "mmap");

		json_object_set_new(json, record_fields[i].name,
				    record_fields[i].type == FIELD_TEXT ? json_integer(3)
									: json_real(3.5));
		assert_int_equal(record_from_json(json, &record, &field), -EINVAL);
		assert_string_equal(field, record_fields[i].name);
		assert_null(record.method);
		json_decref(json);
	}
}

static void runs_that_make_no_sense_are_refused(void **state)
{
	static const char *const layouts[] = {
		"[3]",
		"[[0, 0, 4096]]",
		"[[0, 0, 4096, 0, 0]]",
		"[[0, 0, 4096, 2]]",
		"[[0, 0, 4096, \"0\"]]",
		"[[0, 0, 0, 0]]",
		"[[-1, 0, 4096, 0]]",
		"[[0, -1, 4096, 0]]",
		"[[0, 4096, 4096, 0], [4096, 9223372036854775807, 1, 0]]",
		"[[9223372036854775807, 0, 1, 0]]",
		"{}",
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(layouts); i++) {
		struct record record;
		const char *field = NULL;
		json_t *json = json_pack("{s:s}", "method", "mmap");

		json_object_set_new(json, "layout", json_loads(layouts[i], 0, NULL));
		assert_int_equal(record_from_json(json, &record, &field), -EINVAL);
		assert_string_equal(field, "layout");
		assert_null(record.layout.run);
		json_decref(json);
	}
}

static void phases_that_make_no_sense_are_refused(void **state)
{
	static const struct {
		const char *phases, *field;
	} cases[] = {
		{ "[3]", "phases" },
		{ "[[]]", "phases" },
		{ "[null]", "phases" },
		{ "[{\"phase\": 3}]", "phase" },
		{ "[{}, {\"wall_ns\": \"3\"}]", "wall_ns" },
		{ "[{\"phase\": \"read-seq-4096\", \"latency\": [64, -1]}]", "latency" },
		{ "[{\"phase\": \"read-seq-4096\", \"latency\": [64, 1.5]}]", "latency" },
		{ "[{\"latency\": 5}]", "latency" },
		{ "[{\"latency\": [64]}]", "latency" },
		{ "[{\"latency\": [64, 1, 65]}]", "latency" },
		{ "[{\"latency\": [-1, 1]}]", "latency" },
		{ "[{\"latency\": [64, 0]}]", "latency" },
		{ "[{\"latency\": [64, 1, 64, 1]}]", "latency" },
		{ "[{\"latency\": [0, 1, 65, 1, 64, 1]}]", "latency" },
		{ "{}", "phases" },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct record record;
		const char *field = NULL;
		json_t *json = json_pack("{s:s}", "method", "mmap");

		json_object_set_new(json, "phases", json_loads(cases[i].phases, 0, NULL));
		assert_int_equal(record_from_json(json, &record, &field), -EINVAL);
		assert_string_equal(field, cases[i].field);
		assert_null(record.phases.element);
		json_decref(json);
	}
}

static void a_phase_reads_as_it_stands_in_the_documentation(void **state)
{
	struct record record;
	const struct phase_record *phase;
	json_t *json = json_loads("{\"phases\": [{\"phase\": \"append-8192+fdatasync\", "
				  "\"wall_ns\": 1, \"sync_ns\": 2, \"written_bytes\": 3, "
				  "\"latency\": [64, 5, 128, 1], \"later\": 4}, {}]}",
				  0, NULL);
	(void)state;

	assert_int_equal(record_from_json(json, &record, NULL), 0);
	assert_int_equal(record.phases.count, 2);
	phase = record.phases.element;
	assert_string_equal(phase[0].phase, "append-8192+fdatasync");
	assert_int_equal(phase[0].cost.wall_ns, 1);
	assert_int_equal(phase[0].sync_ns, 2);
	assert_int_equal(phase[0].cost.written_bytes, 3);
	assert_int_equal(phase[0].latency.count, 4);
	assert_int_equal(phase[0].latency.number[2], 128);
	assert_int_equal(phase[1].latency.count, FIELD_UNKNOWN);
	assert_int_equal(phase[1].cost.wall_ns, FIELD_UNKNOWN);
	json_decref(json);
	record_clear(&record);
}

static void no_runs_are_not_unknown_runs(void **state)
{
	struct record record;
	json_t *json = json_pack("{s:[]}", "layout");
	(void)state;

	assert_int_equal(record_from_json(json, &record, NULL), 0);
	assert_int_equal(record.layout.count, 0);
	json_decref(json);
	json = record_to_json(&record);
	assert_true(json_is_array(json_object_get(json, "layout")));
	json_decref(json);
	record_clear(&record);
	json = record_to_json(&record);
	assert_true(json_is_null(json_object_get(json, "layout")));
	json_decref(json);
}

static void text_that_is_not_utf8_is_kept(void **state)
{
	struct record record;
	json_t *json;
	(void)state;

	record_init(&record);
	assert_int_equal(field_set_text(&record.label, "caf\xe9 on"), 0);
	json = record_to_json(&record);
	assert_non_null(json);
	assert_string_equal(json_string_value(json_object_get(json, "label")),
			    "caf\xef\xbf\xbd on");
	json_decref(json);
	record_clear(&record);
}

/* A file in memory, by a name that can be opened any number of times. */
static const char *file_with(const char *text, size_t bytes, int *ret_fd)
{
	static char path[64];

	*ret_fd = memfd_create("results", 0);
	assert_true(*ret_fd >= 0);
	assert_int_equal(io_write_all(*ret_fd, text, bytes), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", *ret_fd);
	return path;
}

static int read_text(struct results *results, const char *text, struct problem *problem)
{
	CLEANUP(fd_closep) int fd = -1;

	return results_read(results, file_with(text, strlen(text), &fd), problem);
}

static void files_add_up(void **state)
{
	struct results results = { 0 };
	(void)state;

	assert_int_equal(read_text(&results, ENVIRONMENT TRIAL TRIAL, NULL), 0);
	assert_int_equal(read_text(&results, ENVIRONMENT TRIAL ENVIRONMENT TRIAL, NULL), 0);
	assert_int_equal(results.environment_count, 3);
	assert_int_equal(results.record_count, 4);
	assert_int_equal(results.environment_of[1], 0);
	assert_int_equal(results.environment_of[2], 1);
	assert_int_equal(results.environment_of[3], 2);
	assert_int_equal(results.records[3].fragments, 3);
	assert_int_equal(results.torn, 0);
	assert_int_equal(results.whole_bytes, 2 * strlen(ENVIRONMENT TRIAL));
	results_clear(&results);
	assert_int_equal(results.record_count, 0);
}

static void lines_of_later_types_are_passed_over(void **state)
{
	struct results results = { 0 };
	(void)state;

	assert_int_equal(read_text(&results, ENVIRONMENT "{\"type\":\"summary\"}\n" TRIAL, NULL),
			 0);
	assert_int_equal(results.record_count, 1);
	results_clear(&results);
}

/* Wherever a file is cut within its last line: all trials before it are there. */
static void a_torn_end_is_left_out(void **state)
{
	static const char text[] = ENVIRONMENT TRIAL TRIAL;
	size_t whole = strlen(ENVIRONMENT TRIAL);
	(void)state;

	for (size_t bytes = whole + 1; bytes < strlen(text); bytes++) {
		CLEANUP(fd_closep) int fd = -1;
		struct results results = { 0 };

		assert_int_equal(results_read(&results, file_with(text, bytes, &fd), NULL), 0);
		assert_int_equal(results.record_count, 1);
		assert_int_equal(results.torn, 1);
		assert_int_equal(results.whole_bytes, whole);
		results_clear(&results);
	}
}

static void a_garbled_end_is_left_out(void **state)
{
	static const char zeroes[] = ENVIRONMENT TRIAL "\0\0\0\0\0\0\0\0";
	CLEANUP(fd_closep) int fd = -1;
	struct results results = { 0 };
	(void)state;

	assert_int_equal(read_text(&results, ENVIRONMENT TRIAL "{\"type\":\"tr}\n", NULL), 0);
	assert_int_equal(results.torn, 1);
	assert_int_equal(results.record_count, 1);
	assert_int_equal(results_read(&results, file_with(zeroes, sizeof(zeroes), &fd), NULL), 0);
	assert_int_equal(results.torn, 1);
	assert_int_equal(results.record_count, 2);
	results_clear(&results);
}

static void bad_files_get_a_sentence(void **state)
{
	static const struct {
		const char *text;
		int error;
		const char *said;
	} cases[] = {
		{ "", EINVAL, " is empty" },
		{ "\x7f\x45LF\x02\x01", EINVAL, " is not a result file" },
		{ "filesystem,method\n", EINVAL, " is not a result file" },
		{ "{\n\t\"title\": 1\n}\n", EINVAL, ":1: not a result file" },
		{ "{\"type\":\"envir", EINVAL, ":1: not a result file of alloc-perf, or its only" },
		{ "{\"type\":\"environment\",\"schema\":1}", EINVAL,
		  "its only line is incomplete" },
		{ TRIAL ENVIRONMENT, EINVAL,
		  ":1: not a result file of alloc-perf: the first line" },
		{ "{\"type\":\"environment\"}\n" TRIAL, EINVAL, ":1: the description" },
		{ "{\"type\":\"environment\",\"schema\":\"1\"}\n" TRIAL, EINVAL, "\"schema\"" },
		{ "{\"type\":\"environment\",\"schema\":99}\n" TRIAL, EPROTO,
		  "later version of alloc-perf (schema 99, this version reads up to 1)" },
		{ ENVIRONMENT "{\"type\":\n" TRIAL, EINVAL, ":2: damaged" },
		{ ENVIRONMENT TRIAL "\n" TRIAL, EINVAL, ":3: damaged" },
		{ ENVIRONMENT "{\"filesystem\":\"ext4\"}\n", EINVAL,
		  ":2: a line without a \"type\"" },
		{ ENVIRONMENT "[1]\n", EINVAL, ":2: a line without a \"type\"" },
		{ ENVIRONMENT "{\"type\":\"trial\",\"fragments\":\"3\"}\n", EINVAL,
		  ":2: the field \"fragments\" is not valid" },
		{ ENVIRONMENT TRIAL "{\"type\":\"trial\",\"phases\":[{\"latency\":[64]}]}\n",
		  EINVAL, ":3: the field \"latency\" is not valid" },
		{ ENVIRONMENT "{\"type\":\"trial\",\"filesystem\":\"x\"}\n", EINVAL,
		  ":2: a trial without a file system or method" },
		{ ENVIRONMENT "{\"type\":\"trial\",\"filesystem\":\"x\",\"method\":\"m\"}\n",
		  EINVAL, ":2: a trial without the size" },
		{ ENVIRONMENT "{\"type\":\"trial\",\"filesystem\":\"x\",\"method\":\"m\","
			      "\"file_bytes\":1,\"status\":\"fine\"}\n",
		  EINVAL, ":2: a trial whose \"status\"" },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct results results = { 0 };
		struct problem problem = { 0 };

		assert_int_equal(read_text(&results, cases[i].text, &problem), -cases[i].error);
		assert_int_equal(problem.kind, PROBLEM_USAGE);
		if (!strstr(problem.message, cases[i].said))
			fail_msg("\"%s\" lacks \"%s\"", problem.message, cases[i].said);
		problem_clear(&problem);
		results_clear(&results);
	}
}

static void files_that_cannot_be_read_get_a_sentence(void **state)
{
	struct results results = { 0 };
	struct problem problem = { 0 };
	(void)state;

	assert_int_equal(results_read(&results, "/", &problem), -EISDIR);
	assert_string_equal(problem.message, "cannot read /: Is a directory");
	assert_int_equal(results_read(&results, "/no/such", &problem), -ENOENT);
	assert_string_equal(problem.message, "cannot read /no/such: No such file or directory");
	/* Endless and without a line. */
	assert_int_equal(results_read(&results, "/dev/zero", &problem), -EINVAL);
	problem_clear(&problem);
	results_clear(&results);
}

static void appended_lines_read_back(void **state)
{
	CLEANUP(fd_closep) int fd = -1;
	const char *path = file_with("", 0, &fd);
	struct results results = { 0 };
	struct environment environment;
	struct record record;
	(void)state;

	environment_init(&environment);
	environment.schema = RECORD_SCHEMA;
	record_init(&record);
	record.file_bytes = 4096;
	assert_int_equal(field_set_text(&record.filesystem, "xfs"), 0);
	assert_int_equal(field_set_text(&record.method, "mmap"), 0);
	assert_int_equal(field_set_text(&record.reason, "two\nlines"), 0);
	assert_int_equal(field_set_text(&record.status, STATUS_FAILED), 0);
	assert_int_equal(resultfile_append(fd, environment_to_json(&environment)), 0);
	assert_int_equal(resultfile_append(fd, record_to_json(&record)), 0);
	assert_int_equal(resultfile_append(fd, record_to_json(&record)), 0);
	assert_int_equal(results_read(&results, path, NULL), 0);
	assert_int_equal(results.record_count, 2);
	assert_string_equal(results.records[1].reason, "two\nlines");
	record_clear(&record);
	environment_clear(&environment);
	results_clear(&results);
}

static void appending_says_what_failed(void **state)
{
	CLEANUP(fd_closep) int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	int ends[2];
	(void)state;

	assert_true(full >= 0);
	assert_int_equal(resultfile_append(full, json_object()), -ENOSPC);
	assert_int_equal(resultfile_append(-1, json_object()), -EBADF);
	assert_int_equal(resultfile_append(full, NULL), -ENOMEM);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(resultfile_append(ends[1], json_object()), 0);
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_survives_json),
		cmocka_unit_test(tables_cover_the_structs),
		cmocka_unit_test(stages_have_six_costs_each),
		cmocka_unit_test(unknown_is_null_both_ways),
		cmocka_unit_test(old_results_of_uml_say_that_nothing_was_flushed),
		cmocka_unit_test(wrong_types_are_refused),
		cmocka_unit_test(runs_that_make_no_sense_are_refused),
		cmocka_unit_test(phases_that_make_no_sense_are_refused),
		cmocka_unit_test(a_phase_reads_as_it_stands_in_the_documentation),
		cmocka_unit_test(no_runs_are_not_unknown_runs),
		cmocka_unit_test(text_that_is_not_utf8_is_kept),
		cmocka_unit_test(files_add_up),
		cmocka_unit_test(lines_of_later_types_are_passed_over),
		cmocka_unit_test(a_torn_end_is_left_out),
		cmocka_unit_test(a_garbled_end_is_left_out),
		cmocka_unit_test(bad_files_get_a_sentence),
		cmocka_unit_test(files_that_cannot_be_read_get_a_sentence),
		cmocka_unit_test(appended_lines_read_back),
		cmocka_unit_test(appending_says_what_failed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
