/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/cleanup.h"
#include "results/history.h"
#include "base/io.h"
#include "results.h"
#include "tree.h"

static char *store;

static int set_up(void **state)
{
	if (tree_make(state) < 0)
		return -1;
	store = tree_path("history.sqlite");
	return 0;
}

static int tear_down(void **state)
{
	freep(&store);
	return tree_remove(state);
}

/* `trials` of one run that began at `started`. */
static void add_run(struct results *results, const char *started, size_t trials)
{
	set_text(&results_add_environment(results)->started, started);
	for (size_t i = 0; i < trials; i++) {
		struct record *record = results_add_figures(results, i % 2 ? "xfs" : "ext4", "mmap",
							    (double)i + 1, (int64_t)i);

		record->run = (int64_t)i / 2 + 1;
		set_text(&record->started, started);
	}
}

static struct history_added add(const char *path, const struct results *results)
{
	CLEANUP(problem_clear) struct problem problem = { 0 };
	CLEANUP(history_closep) struct history *history = NULL;
	struct history_added added = { 0 };

	if (history_open(path, HISTORY_ADD, &history, &problem) != 0 ||
	    history_add(history, results, &added, &problem) != 0)
		fail_msg("%s", problem.message ? problem.message : "?");
	return added;
}

static void read_all(const char *path, const struct history_filter *filter, struct results *results)
{
	CLEANUP(problem_clear) struct problem problem = { 0 };
	CLEANUP(history_closep) struct history *history = NULL;

	if (history_open(path, HISTORY_READ, &history, &problem) != 0 ||
	    history_read(history, filter, results, &problem) != 0)
		fail_msg("%s", problem.message ? problem.message : "?");
}

static size_t count_trials(const char *path)
{
	CLEANUP(results_clear) struct results results = { 0 };

	read_all(path, &(struct history_filter) { 0 }, &results);
	return results.record_count;
}

static void assert_refused(const char *path, enum history_mode mode, int error, const char *words)
{
	CLEANUP(problem_clear) struct problem problem = { 0 };
	struct history *history = NULL;

	assert_int_equal(history_open(path, mode, &history, &problem), -error);
	assert_null(history);
	assert_non_null(problem.message);
	if (!strstr(problem.message, words))
		fail_msg("\"%s\" instead of \"%s\"", problem.message, words);
}

/* What a test changes by hand. */
static void run_sql(const char *path, const char *sql)
{
	sqlite3 *database;

	assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
	assert_int_equal(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(database);
}

static int64_t ask(const char *path, const char *sql)
{
	sqlite3 *database;
	sqlite3_stmt *statement;
	int64_t number;

	assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(database, sql, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	number = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(database);
	return number;
}

/* ---- adding ---- */

static void adding_twice_changes_nothing(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	struct history_added added;
	(void)state;

	add_run(&results, "2009-04-01T00:00:00Z", 4);
	/* As results of dir: testbeds are. */
	results.records[2].volume_bytes = FIELD_UNKNOWN;
	added = add(store, &results);
	assert_int_equal(added.runs, 1);
	assert_int_equal(added.trials, 4);
	assert_int_equal(added.known_trials, 0);
	added = add(store, &results);
	assert_int_equal(added.runs, 0);
	assert_int_equal(added.trials, 0);
	assert_int_equal(added.known_trials, 4);
	assert_int_equal(count_trials(store), 4);
}

static void a_grown_file_adds_what_is_new(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	struct history_added added;
	(void)state;

	add_run(&results, "2009-04-01T00:00:00Z", 2);
	add(store, &results);
	add_run(&results, "2009-04-02T00:00:00Z", 3);
	added = add(store, &results);
	assert_int_equal(added.runs, 1);
	assert_int_equal(added.trials, 3);
	assert_int_equal(added.known_trials, 2);
}

static void fill(const struct field *fields, size_t count, void *object)
{
	for (size_t i = 0; i < count; i++) {
		char *member = (char *)object + fields[i].offset, text[32];

		snprintf(text, sizeof(text), "text '%zu' \xc3\xa9\n", i);
		if (fields[i].type == FIELD_TEXT)
			set_text((char **)member, text);
		else if (fields[i].type == FIELD_COUNT)
			*(int64_t *)member = (int64_t)i * 1000000007 + 1;
	}
}

static void fill_phases(struct field_list *phases)
{
	struct phase_record *phase = NULL;

	for (int i = 0; i < 2; i++) {
		phase = field_list_add(phases, &phase_table);
		assert_non_null(phase);
	}
	fill(phase_table.fields, phase_table.count, phase);
	phase->latency.number = calloc(2, sizeof(*phase->latency.number));
	phase->latency.number[1] = 7;
	phase->latency.count = 2;
}

static void every_field_survives(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 }, got = { 0 };
	struct record *record;
	json_t *before, *after;
	(void)state;

	fill(environment_fields, environment_field_count, results_add_environment(&results));
	record = results_add(&results, "ext4", "mmap");
	fill(record_fields, record_field_count, record);
	set_text(&record->status, STATUS_OK);
	set_text(&record->promise, NULL); /* the history has measurements only */
	record->layout.run = calloc(1, sizeof(*record->layout.run));
	record->layout.run[0] = (struct field_run) { 0, 1ll << 40, 4096, 1 };
	record->layout.count = 1;
	fill_phases(&record->phases);
	add(store, &results);
	read_all(store, &(struct history_filter) { .with_layout = 1 }, &got);
	assert_int_equal(got.record_count, 1);
	before = json_pack("[oo]", environment_to_json(&results.environments[0]),
			   record_to_json(&results.records[0]));
	after = json_pack("[oo]", environment_to_json(&got.environments[0]),
			  record_to_json(&got.records[0]));
	assert_true(json_equal(before, after));
	json_decref(before);
	json_decref(after);
	results_clear(&got);
	read_all(store, &(struct history_filter) { 0 }, &got);
	assert_int_equal(got.records[0].layout.count, FIELD_UNKNOWN);
	assert_int_equal(got.records[0].layout_left_out, record->layout_left_out);
	assert_int_equal(got.records[0].phases.count, 2);
}

/* One plan may have the same method with several workloads in the same second. */
static void trials_differ_by_workload_and_files(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	static const char *const workloads[] = { NULL, "write-seq-4096", "write-seq-4096",
						 "read-seq-4096" };
	struct history_added added;
	(void)state;

	results_add_environment(&results);
	for (size_t i = 0; i < ARRAY_SIZE(workloads); i++) {
		struct record *record = results_add(&results, "ext4", "mmap");

		assert_int_equal(field_set_text(&record->workload, workloads[i]), 0);
		record->files = i == 2 ? 8 : 1;
		record->run = 1;
	}
	added = add(store, &results);
	assert_int_equal(added.trials, ARRAY_SIZE(workloads));
	added = add(store, &results);
	assert_int_equal(added.known_trials, ARRAY_SIZE(workloads));
}

static void filters_leave_out(void **state)
{
	static const struct {
		struct history_filter filter;
		size_t trials;
	} rows[] = {
		{ { 0 }, 9 },
		{ { .run = 2 }, 5 },
		{ { .run = 3 }, 0 },
		{ { .filesystem = "xfs" }, 4 },
		{ { .method = "mmap" }, 9 },
		{ { .filesystem = "xfs", .method = "mmap", .run = 1 }, 2 },
		{ { .filesystem = "xf%" }, 0 },
		{ { .file_bytes = 4ll << 30 }, 9 },
		{ { .file_bytes = 1 }, 0 },
		{ { .testbed = "uml" }, 0 },
	};
	CLEANUP(results_clear) struct results results = { 0 };
	(void)state;

	add_run(&results, "2009-04-01T00:00:00Z", 4);
	add_run(&results, "2009-04-02T00:00:00Z", 5);
	add(store, &results);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(results_clear) struct results got = { 0 };

		print_message("# row %zu\n", i);
		read_all(store, &rows[i].filter, &got);
		assert_int_equal(got.record_count, rows[i].trials);
	}
}

static int take_run(const struct history_run *run, void *context)
{
	int64_t *trials = context;

	assert_true(run->id == 1 || run->id == 2);
	assert_int_equal(strlen(run->added), 20);
	trials[run->id] = run->trials;
	return 0;
}

static void runs_are_listed_with_their_trials(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(history_closep) struct history *history = NULL;
	int64_t trials[3] = { -1, -1, -1 };
	(void)state;

	add_run(&results, "2009-04-01T00:00:00Z", 4);
	add_run(&results, "2009-04-02T00:00:00Z", 0);
	add(store, &results);
	assert_int_equal(history_open(store, HISTORY_READ, &history, NULL), 0);
	assert_int_equal(history_list(history, take_run, trials, NULL), 0);
	assert_int_equal(trials[1], 4);
	assert_int_equal(trials[2], 0);
}

static void many_may_add_at_once(void **state)
{
	enum { PROCESSES = 6, ROUNDS = 5 };
	(void)state;

	for (int process = 0; process < PROCESSES; process++)
		if (fork() == 0) {
			for (int round = 0; round < ROUNDS; round++) {
				struct results results = { 0 };
				struct history *history = NULL;
				struct problem problem = { 0 };
				struct history_added added;
				char started[32];

				snprintf(started, sizeof(started), "%d of %d", round, process);
				add_run(&results, started, 4);
				/* Each makes the store, or waits for who does. */
				if (history_open(store, HISTORY_ADD, &history, &problem) != 0 ||
				    history_add(history, &results, &added, &problem) != 0 ||
				    added.trials != 4) {
					print_message("# %s\n", problem.message);
					_exit(1);
				}
				history_close(history);
				results_clear(&results);
			}
			_exit(0);
		}
	for (int process = 0; process < PROCESSES; process++) {
		int status;

		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(count_trials(store), PROCESSES * ROUNDS * 4);
}

/* A run on two kernels may make the same trial on both within a second. */
static void trials_of_two_kernels_are_two(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	(void)state;

	add_run(&results, "2009-04-01T00:00:00Z", 3);
	results.records[2].run = 1;
	set_text(&results.records[0].kernel, "2.6.29");
	set_text(&results.records[2].kernel, "2.6.30");
	assert_int_equal(add(store, &results).trials, 3);
	assert_int_equal(add(store, &results).known_trials, 3);
	assert_int_equal(ask(store, "PRAGMA user_version"), 4);
}

static void a_new_field_is_a_new_column(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 }, got = { 0 };
	(void)state;

	add_run(&results, "2009-04-01T00:00:00Z", 1);
	add(store, &results);
	/* As a version that did not have it yet left it. */
	run_sql(store, "ALTER TABLE trial DROP COLUMN gap_bytes");
	read_all(store, &(struct history_filter) { 0 }, &got);
	assert_int_equal(got.records[0].gap_bytes, FIELD_UNKNOWN);
	set_text(&results.environments[0].started, "2009-04-02T00:00:00Z");
	results.records[0].gap_bytes = 8192;
	add(store, &results);
	assert_int_equal(ask(store, "SELECT max(gap_bytes) FROM trial"), 8192);
}

/* ---- what is no store ---- */

static void other_versions_are_left_alone(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	(void)state;

	add_run(&results, "2009-04-01T00:00:00Z", 1);
	add(store, &results);
	for (int version = 3; version <= 5; version += 2) {
		char sql[64];

		snprintf(sql, sizeof(sql), "PRAGMA user_version = %d", version);
		run_sql(store, sql);
		assert_refused(store, HISTORY_ADD, EPROTO, "written by another version");
		assert_refused(store, HISTORY_READ, EPROTO, "written by another version");
		assert_int_equal(ask(store, "PRAGMA user_version"), version);
	}
}

static void other_databases_are_left_alone(void **state)
{
	(void)state;

	run_sql(store, "CREATE TABLE bookmark (url TEXT)");
	assert_refused(store, HISTORY_ADD, EINVAL, "not a history of alloc-perf");
	assert_int_equal(ask(store, "SELECT count(*) FROM sqlite_master"), 1);
}

/* Opens it both ways; the file has to stay as it is. */
static void assert_left_alone(const char *path, int error, const char *words)
{
	CLEANUP(freep) char *before = NULL, *after = NULL;
	size_t bytes_before, bytes_after;

	must_be_0(io_read_file(path, 16 << 20, &before, &bytes_before));
	assert_refused(path, HISTORY_ADD, error, words);
	must_be_0(io_read_file(path, 16 << 20, &after, &bytes_after));
	assert_int_equal(bytes_after, bytes_before);
	assert_memory_equal(after, before, bytes_before);
}

static void write_file(const char *path, const char *text, long offset)
{
	FILE *file = fopen(path, offset ? "r+" : "w");

	assert_non_null(file);
	assert_int_equal(fseek(file, offset, SEEK_SET), 0);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void other_files_are_left_alone(void **state)
{
	(void)state;

	write_file(store, "{\"type\":\"environment\"}\nwhat a user gave by mistake\n", 0);
	assert_left_alone(store, EINVAL, "not a history of alloc-perf");
	assert_refused(tree, HISTORY_ADD, EISDIR, "Is a directory");
	assert_refused("/dev/null", HISTORY_ADD, EINVAL, "cannot open the history /dev/null");
	assert_refused("/dev/null/x/history.sqlite", HISTORY_ADD, ENOTDIR, "Not a directory");
}

static void damaged_stores_are_not_written_to(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	(void)state;

	add_run(&results, "2009-04-01T00:00:00Z", 200);
	add(store, &results);
	for (long page = 3; page < 9; page++)
		write_file(store, "what a failing disk left here instead", page * 4096);
	assert_left_alone(store, EUCLEAN, "is damaged");
}

static void a_store_cut_short_is_not_written_to(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	struct stat status;
	(void)state;

	add_run(&results, "2009-04-01T00:00:00Z", 200);
	add(store, &results);
	must_be_0(stat(store, &status));
	must_be_0(truncate(store, status.st_size / 2 / 4096 * 4096));
	assert_left_alone(store, EUCLEAN, "is damaged");
}

static void there_is_no_history_yet(void **state)
{
	(void)state;

	assert_refused(store, HISTORY_READ, ENOENT, "create it with `alloc-perf history add FILE`");
	assert_int_equal(access(store, F_OK), -1);
	write_file(store, "", 0);
	assert_refused(store, HISTORY_READ, ENOENT, "is empty");
}

static void what_is_no_trial_is_not_shown(void **state)
{
	static const char *const changes[] = {
		"UPDATE trial SET status = 'fine'",
		"UPDATE trial SET layout = '[[1,2]]'",
		"UPDATE trial SET layout = 'x'",
		"UPDATE trial SET file_bytes = -1",
		"DELETE FROM run",
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		CLEANUP(results_clear) struct results results = { 0 }, got = { 0 };
		CLEANUP(history_closep) struct history *history = NULL;
		CLEANUP(problem_clear) struct problem problem = { 0 };

		print_message("# %s\n", changes[i]);
		unlink(store);
		add_run(&results, "2009-04-01T00:00:00Z", 1);
		add(store, &results);
		run_sql(store, changes[i]);
		assert_int_equal(history_open(store, HISTORY_READ, &history, &problem), 0);
		assert_int_equal(history_read(history,
					      &(struct history_filter) { .with_layout = 1 }, &got,
					      &problem),
				 -EUCLEAN);
		assert_non_null(strstr(problem.message, "contains an invalid trial record"));
	}
}

/* ---- where ---- */

static void assert_default(const char *data, const char *home, const char *expected)
{
	CLEANUP(freep) char *path = NULL;

	data ? setenv("XDG_DATA_HOME", data, 1) : unsetenv("XDG_DATA_HOME");
	home ? setenv("HOME", home, 1) : unsetenv("HOME");
	path = history_default_path();
	if (expected)
		assert_string_equal(path, expected);
	else
		assert_null(path);
}

static void the_default_is_where_data_goes(void **state)
{
	(void)state;

	assert_default("/d", "/h", "/d/alloc-perf/history.sqlite");
	assert_default(NULL, "/h", "/h/.local/share/alloc-perf/history.sqlite");
	assert_default("relative", "/h", "/h/.local/share/alloc-perf/history.sqlite");
	assert_default("", "/h", "/h/.local/share/alloc-perf/history.sqlite");
	assert_default(NULL, NULL, NULL);
}

#define STORING(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORING(adding_twice_changes_nothing),
		STORING(a_grown_file_adds_what_is_new),
		STORING(every_field_survives),
		STORING(trials_differ_by_workload_and_files),
		STORING(filters_leave_out),
		STORING(runs_are_listed_with_their_trials),
		STORING(many_may_add_at_once),
		STORING(trials_of_two_kernels_are_two),
		STORING(a_new_field_is_a_new_column),
		STORING(other_versions_are_left_alone),
		STORING(other_databases_are_left_alone),
		STORING(other_files_are_left_alone),
		STORING(damaged_stores_are_not_written_to),
		STORING(a_store_cut_short_is_not_written_to),
		STORING(there_is_no_history_yet),
		STORING(what_is_no_trial_is_not_shown),
		cmocka_unit_test(the_default_is_where_data_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
