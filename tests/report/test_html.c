/* SPDX-License-Identifier: MIT */
/* What is put into the page; what it shows is looked at in a browser (tests/cli/html.bats). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/cleanup.h"
#include "report/report.h"
#include "results.h"
#include "stats/cell.h"

#define EVIL "</script><!--<script>alert(1)</script>\"'><img src=x>&\x1b"

static char *page_with(const struct results *results, const struct report_options *options)
{
	CLEANUP(grids_clear) struct grids grids = { 0 };
	char *text = NULL;
	size_t bytes;
	FILE *memory = open_memstream(&text, &bytes);

	must_be_0(grids_build(results, &grids));
	assert_int_equal(report_format_find("html")->print(memory, &grids, options), 0);
	assert_int_equal(fclose(memory), 0);
	return text;
}

static char *page(const struct results *results)
{
	return page_with(results, &(struct report_options) { 0 });
}

/* The document in it. */
static json_t *data_of(const char *text)
{
	const char *start = strstr(text, "id=\"data\">");
	json_t *json;

	assert_non_null(start);
	start += strlen("id=\"data\">");
	json = json_loadb(start, (size_t)(strstr(start, "</script>") - start), 0, NULL);
	assert_non_null(json);
	return json;
}

static json_t *data_with(const struct results *results, const struct report_options *options)
{
	CLEANUP(freep) char *text = page_with(results, options);

	return data_of(text);
}

static json_t *data(const struct results *results)
{
	return data_with(results, &(struct report_options) { 0 });
}

/* The value at the end of a path of keys and indices, of which none is NULL: "conditions 0 cells".
 */
static const json_t *at(const json_t *json, const char *path)
{
	CLEANUP(freep) char *copy = strdup(path);
	char *rest = copy;

	for (char *key; (key = strsep(&rest, " "));) {
		json = json_is_array(json) ? json_array_get(json, (size_t)atoi(key))
					   : json_object_get(json, key);
		if (!json)
			fail_msg("no %s in %s", key, path);
	}
	return json;
}

static const char *text_at(const json_t *json, const char *path)
{
	return json_string_value(at(json, path));
}

/* The strings of an array: "fallocate mmap". */
#define assert_names(json, path, wanted)                               \
	do {                                                           \
		char names[256] = "";                                  \
		const json_t *array = at(json, path);                  \
		for (size_t i = 0; i < json_array_size(array); i++) {  \
			const json_t *name = json_array_get(array, i); \
			strcat(names, i ? " " : "");                   \
			strcat(names, json_string_value(name));        \
		}                                                      \
		assert_string_equal(names, wanted);                    \
	} while (0)

static void set_layout(struct record *record, const struct field_run *run, size_t count)
{
	record->layout = (struct field_runs) { malloc(count * sizeof(*run)), (int64_t)count };
	assert_non_null(record->layout.run);
	memcpy(record->layout.run, run, count * sizeof(*run));
}

static size_t count_of(const char *text, const char *what)
{
	size_t count = 0;

	for (; (text = strstr(text, what)); text++)
		count++;
	return count;
}

#define assert_has(text, what)                               \
	do {                                                 \
		if (!strstr(text, what))                     \
			fail_msg("no \"%s\" in it", (what)); \
	} while (0)

static void add_evil(struct results *results)
{
	struct environment *environment = results_add_environment(results);
	struct record *record = results_add_figures(results, EVIL, EVIL, 1, 1);

	for (size_t i = 0; i < environment_field_count; i++)
		if (environment_fields[i].type == FIELD_TEXT)
			set_text((char **)((char *)environment + environment_fields[i].offset),
				 EVIL);
	set_text(&record->label, EVIL);
	set_text(&record->kernel, EVIL);
	set_text(&record->testbed, EVIL);
	set_text(&record->path, EVIL);
	set_text(&record->fallbacks, EVIL);
	set_layout(record, &(struct field_run) { 0, 4096, 4096, 0 }, 1);
	record_refuse(results_add(results, EVIL, "mmap"), STATUS_FAILED, EVIL, EVIL);
	results_add(results, "of other conditions", "mmap");
}

static void foreign_text_is_escaped_everywhere(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(freep) char *text = NULL;
	CLEANUP(json_decrefp) json_t *json = NULL;
	(void)state;

	add_evil(&results);
	text = page(&results);
	assert_null(strstr(text, "<script>alert"));
	assert_null(strstr(text, "<img"));
	assert_null(strstr(text, "<!--"));
	assert_null(strchr(text, '\x1b'));
	/* That of the data, and the one that draws. */
	assert_int_equal(count_of(text, "<script"), 2);
	assert_int_equal(count_of(text, "</script"), 2);
	assert_has(text,
		   "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&gt;&lt;img src=x&gt;&amp; ");
	json = data_of(text);
	assert_string_equal(text_at(json, "conditions 0 label"), EVIL);
	assert_string_equal(text_at(json, "environments 0 command"), EVIL);
}

static void a_page_asks_for_nothing(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(freep) char *text = NULL;
	(void)state;

	results_add_figures(&results, "ext4", "mmap", 1, 1);
	text = page(&results);
	assert_has(text, "default-src 'none'");
	assert_null(strstr(text, "http:"));
	assert_null(strstr(text, "https:"));
	assert_null(strstr(text, " src="));
	assert_null(strstr(text, "@import"));
	assert_null(strstr(text, "{{"));
}

/* ---- what to take ---- */

/* `count` runs that vary by a few percent, in another order for each seed. */
static void add_runs(struct results *results, const char *method, double seconds, size_t count,
		     unsigned seed)
{
	for (size_t i = 0; i < count; i++) {
		double noise = (double)((i * 7 + seed) % count) / (double)count * 0.3;
		struct record *record =
			results_add_figures(results, "ext4", method, seconds * (1 + noise), 1);

		record->run = (int64_t)i + 1;
	}
}

static void what_no_test_tells_from_the_fastest_is_as_good(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(json_decrefp) json_t *json = NULL;
	(void)state;

	add_runs(&results, "chunk-4096", 4, 8, 1);
	add_runs(&results, "fallocate", 1.08, 8, 3);
	add_runs(&results, "posix-fallocate", 1, 8, 5);
	add_runs(&results, "mmap", 2, 8, 2);
	json = data(&results);
	assert_names(json, "conditions 0 summary filesystems 0 best", "posix-fallocate fallocate");
	assert_names(json, "conditions 0 summary filesystems 0 slower", "mmap chunk-4096");
	assert_string_equal(text_at(json, "conditions 0 summary filesystems 0 verdict"), "tested");
}

static void too_few_runs_tell_only_what_is_far_apart(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(json_decrefp) json_t *json = NULL;
	(void)state;

	add_runs(&results, "mmap", 80, 3, 7);
	add_runs(&results, "fallocate", 0.5, 3, 1);
	add_runs(&results, "posix-fallocate", 0.9, 3, 1);
	json = data(&results);
	assert_names(json, "conditions 0 summary filesystems 0 best", "fallocate posix-fallocate");
	assert_names(json, "conditions 0 summary filesystems 0 slower", "mmap");
	assert_string_equal(text_at(json, "conditions 0 summary filesystems 0 verdict"), "far");
}

static void what_reserves_nothing_does_not_compete(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(json_decrefp) json_t *json = NULL;
	(void)state;

	set_text(&results_add_figures(&results, "xfs", "ftruncate", 0.001, 0)->path, "sparse");
	results_add_figures(&results, "xfs", "fallocate-keep-size", 0.001, 1)->size_bytes = 0;
	results_add_figures(&results, "xfs", "mmap", 1, 1);
	record_refuse(results_add(&results, "jfs", "mmap"), STATUS_UNSUPPORTED, "mount", "no jfs");
	json = data(&results);
	assert_names(json, "conditions 0 summary filesystems 0 best", "mmap");
	assert_names(json, "conditions 0 summary filesystems 0 slower", "");
	assert_names(json, "conditions 0 summary filesystems 1 best", "");
	assert_string_equal(text_at(json, "conditions 0 summary excluded 0 method"), "ftruncate");
	assert_string_equal(text_at(json, "conditions 0 summary excluded 0 reason"),
			    "reserves no space");
	assert_string_equal(text_at(json, "conditions 0 summary excluded 1 method"),
			    "fallocate-keep-size");
	assert_string_equal(text_at(json, "conditions 0 summary excluded 1 reason"),
			    "leaves the size at 0");
}

/* ---- where the files lie ---- */

static void pictures_have_words(void **state)
{
	/* A quarter of the way into the volume; behind a gap as long as the rest, unwritten. */
	static const struct field_run runs[] = { { 0, 5ll << 30, 1ll << 30, 0 },
						 { 1ll << 30, 7ll << 30, 1ll << 30, 1 } };
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(freep) char *text = NULL;
	CLEANUP(json_decrefp) json_t *json = NULL;
	struct record *record = results_add_figures(&results, "ext4", "mmap", 1, 2);
	(void)state;

	set_layout(record, runs, ARRAY_SIZE(runs));
	record->unwritten_bytes = 1ll << 30;
	record->layout_left_out = 12;
	record->layout_left_out_bytes = 1 << 20;
	text = page(&results);
	json = data_of(text);
	assert_string_equal(text_at(json, "conditions 0 cells 0 layout words"),
			    "2 fragments, from 5 GiB to 8 GiB of 20 GiB; 1 GiB unwritten; not "
			    "drawn: 12 shorter runs of 1 MiB together");
	assert_int_equal(json_integer_value(at(json, "conditions 0 cells 0 layout runs 1 1")),
			 7ll << 30);
	assert_has(text, "<li>ext4, mmap: 2 fragments, from 5 GiB to 8 GiB of 20 GiB;");
}

static void in_a_directory_the_volume_has_no_size(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(json_decrefp) json_t *json = NULL;
	struct record *record = results_add_figures(&results, "ext4", "mmap", 1, 1);
	(void)state;

	record->volume_bytes = FIELD_UNKNOWN;
	set_layout(record, &(struct field_run) { 0, 0, 8192, 0 }, 1);
	json = data(&results);
	assert_string_equal(text_at(json, "conditions 0 cells 0 layout words"),
			    "1 fragment, from 0 B to 8 KiB");
	assert_true(json_is_null(at(json, "conditions 0 cells 0 layout volume_bytes")));
}

/* ---- tables ---- */

static void reasons_and_ways_have_notes(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(json_decrefp) json_t *json = NULL;
	(void)state;

	record_refuse(results_add(&results, "ext2", "fallocate"), STATUS_UNSUPPORTED, "allocate",
		      "not there");
	set_text(&results_add_figures(&results, "ext2", "posix-fallocate", 1, 1)->path, "emulated");
	json = data(&results);
	assert_string_equal(text_at(json, "conditions 0 cells 0 note"), "unsupported: not there");
	assert_true(json_is_null(at(json, "conditions 0 cells 0 way_note")));
	assert_true(json_is_null(at(json, "conditions 0 cells 1 note")));
	assert_string_equal(text_at(json, "conditions 0 cells 1 way_note"),
			    "emulated: the C library wrote instead of the kernel");
}

static void figures_have_texts_and_columns_can_be_chosen(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(json_decrefp) json_t *json = NULL;
	const struct measure *measures[] = { measure_find("time"), measure_find("gap"), NULL };
	(void)state;

	results_add_figures(&results, "ext2", "mmap", 1.5, 3);
	json = data_with(&results, &(struct report_options) { .measures = measures });
	assert_names(json, "columns", "time gap");
	assert_string_equal(text_at(json, "conditions 0 cells 0 figures time text"),
			    "1.50 s (one run)");
	assert_null(json_object_get(at(json, "conditions 0 cells 0 figures"), "gap"));
	/* The charts show the others all the same. */
	assert_string_equal(text_at(json, "conditions 0 cells 0 figures fragments text"),
			    "3 (one run)");
}

static void parts_of_a_bar_are_those_of_one_run(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(json_decrefp) json_t *json = NULL;
	(void)state;

	for (int i = 0; i < 3; i++)
		results_add_figures(&results, "ext2", "mmap", 4 * (i + 1), 1)->run = i + 1;
	json = data(&results);
	assert_int_equal((int)json_real_value(at(json, "conditions 0 cells 0 parts time allocate")),
			 2);
	assert_int_equal((int)json_real_value(at(json, "conditions 0 cells 0 parts time unmount")),
			 6);
}

static void all_commands_are_there(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(freep) char *text = NULL;
	CLEANUP(json_decrefp) json_t *json = NULL;
	(void)state;

	set_text(&results_add_environment(&results)->command, "alloc-perf run --fs 'a b'");
	results_add_figures(&results, "ext2", "mmap", 1.5, 3);
	set_text(&results_add_environment(&results)->command, "alloc-perf run --resume x");
	results_add_figures(&results, "ext2", "fallocate", 1.5, 3);
	text = page(&results);
	json = data_of(text);
	assert_string_equal(text_at(json, "environments 0 command"), "alloc-perf run --fs 'a b'");
	assert_string_equal(text_at(json, "environments 1 command"), "alloc-perf run --resume x");
	assert_has(text, "<pre>alloc-perf run --fs &#39;a b&#39;</pre>");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(foreign_text_is_escaped_everywhere),
		cmocka_unit_test(a_page_asks_for_nothing),
		cmocka_unit_test(what_no_test_tells_from_the_fastest_is_as_good),
		cmocka_unit_test(too_few_runs_tell_only_what_is_far_apart),
		cmocka_unit_test(what_reserves_nothing_does_not_compete),
		cmocka_unit_test(pictures_have_words),
		cmocka_unit_test(in_a_directory_the_volume_has_no_size),
		cmocka_unit_test(reasons_and_ways_have_notes),
		cmocka_unit_test(figures_have_texts_and_columns_can_be_chosen),
		cmocka_unit_test(parts_of_a_bar_are_those_of_one_run),
		cmocka_unit_test(all_commands_are_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
