/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "report/html.h"
#include "lack.h"
#include "results.h"

#define EVIL "<script>alert(1)</script>\"'><img src=x>&\x1b"

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
	return page_with(results, &(struct report_options) { .no_charts = 1 });
}

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

static void assert_harmless(const char *text)
{
	assert_null(strstr(text, "<script>alert"));
	assert_null(strstr(text, "<img"));
	assert_null(strchr(text, '\x1b'));
	assert_has(text,
		   "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&gt;&lt;img src=x&gt;&amp; ");
	assert_int_equal(count_of(text, "<script"), 1);
}

static void foreign_text_is_escaped_everywhere(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(freep) char *text = NULL;
	(void)state;

	add_evil(&results);
	text = page(&results);
	assert_harmless(text);
	/* The label of the picture, the head, two footnotes, ... */
	assert_true(count_of(text, "&lt;script&gt;") > 20);
}

static void foreign_text_is_escaped_in_charts(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(freep) char *text = NULL;
	(void)state;

	require_program("gnuplot");
	add_evil(&results);
	text = page_with(&results, &(struct report_options) { 0 });
	assert_null(strstr(text, "There are no charts here"));
	assert_has(text, "<svg class=\"chart\"");
	assert_harmless(text);
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
}

static void charts_need_gnuplot_and_the_page_does_not(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(freep) char *text = NULL, *path = strdup(getenv("PATH"));
	(void)state;

	results_add_figures(&results, "ext4", "mmap", 1, 1);
	setenv("PATH", "/nonexistent", 1);
	text = page_with(&results, &(struct report_options) { 0 });
	setenv("PATH", path, 1);
	assert_has(text,
		   "There are no charts here: gnuplot, which draws the charts, is not installed");
	assert_null(strstr(text, "<svg class=\"chart\""));
	assert_has(text, "<table");
	assert_has(text, "</html>");
}

/* ---- what to take ---- */

static void the_fastest_is_best_and_the_slowest_has_a_price(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(freep) char *text = NULL;
	(void)state;

	results_add_figures(&results, "ext4", "mmap", 80, 7);
	results_add_figures(&results, "ext4", "fallocate", 0.5, 1);
	results_add_figures(&results, "ext4", "chunk-4096", 40, 9);
	text = page(&results);
	assert_has(text, "<p class=\"best\">fallocate</p>");
	assert_has(text, "<b>500&nbsp;ms</b> · 1 fragment</p>");
	assert_has(text, "Worst: <b>mmap</b> takes <b>160&nbsp;×</b> as long (80&nbsp;s), leaves 7 "
			 "fragments.");
	assert_has(text, "In most pieces: <b>chunk-4096</b>, 9 fragments.");
}

static void of_equals_the_one_in_fewest_pieces_is_best(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(freep) char *text = NULL;
	(void)state;

	results_add_figures(&results, "xfs", "mmap", 1.0, 3);
	results_add_figures(&results, "xfs", "chunk-8192", 1.04, 2);
	text = page(&results);
	assert_has(text, "<p class=\"best\">chunk-8192 <small>and within 5&nbsp;%: mmap</small>");
	assert_has(text, "All methods take about as long.");
}

static void what_reserves_nothing_does_not_compete(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(freep) char *text = NULL;
	(void)state;

	set_text(&results_add_figures(&results, "xfs", "ftruncate", 0.001, 0)->path, "sparse");
	results_add_figures(&results, "xfs", "mmap", 1, 1);
	record_refuse(results_add(&results, "jfs", "mmap"), STATUS_UNSUPPORTED, "mount", "no jfs");
	text = page(&results);
	assert_has(text, "<p class=\"best\">mmap</p>");
	assert_has(text, "The only method that reserved the space here.");
	assert_has(text, "ftruncate reserves no space and so is not compared.");
	assert_has(text, "No method reserved the space and has a time");
}

/* ---- where the files lie ---- */

static void pictures_are_to_scale(void **state)
{
	/* A quarter of the way into the volume; behind a gap as long as the rest, unwritten. */
	static const struct field_run runs[] = { { 0, 5ll << 30, 1ll << 30, 0 },
						 { 1ll << 30, 7ll << 30, 1ll << 30, 1 } };
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(freep) char *text = NULL;
	struct record *record = results_add_figures(&results, "ext4", "mmap", 1, 2);
	(void)state;

	set_layout(record, runs, ARRAY_SIZE(runs));
	record->unwritten_bytes = 1ll << 30;
	record->layout_left_out = 12;
	record->layout_left_out_bytes = 1 << 20;
	text = page(&results);
	assert_has(text, "<rect class=\"w\" x=\"25%\" y=\"0\" width=\"5%\"");
	assert_has(text, "<rect class=\"u\" x=\"35%\" y=\"0\" width=\"5%\"");
	assert_has(text, "<rect class=\"w\" x=\"0%\" y=\"16\" width=\"33.33%\"");
	assert_has(text, "<rect class=\"u\" x=\"66.67%\" y=\"16\" width=\"33.33%\"");
	assert_int_equal(count_of(text, "<rect class=\"m\" x=\"0%\""), 1);
	assert_int_equal(count_of(text, "<rect class=\"m\" x=\"66.67%\""), 1);
	assert_has(text, "aria-label=\"mmap: 2 fragments, from 5&nbsp;GiB to 8&nbsp;GiB of "
			 "20&nbsp;GiB; 1&nbsp;GiB "
			 "unwritten; not drawn: 12 shorter runs of 1&nbsp;MiB together\"");
}

static void a_fragment_that_is_partly_unwritten_has_one_mark(void **state)
{
	static const struct field_run runs[] = { { 0, 0, 4096, 0 }, { 4096, 4096, 4096, 1 } };
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(freep) char *text = NULL;
	struct record *record = results_add_figures(&results, "ext4", "mmap", 1, 1);
	(void)state;

	/* In a directory: nobody knows how large the volume is. */
	record->volume_bytes = FIELD_UNKNOWN;
	set_layout(record, runs, ARRAY_SIZE(runs));
	text = page(&results);
	/* Another is in the legend. */
	assert_int_equal(count_of(text, "<rect class=\"m\""), 2);
	assert_has(text, "aria-label=\"mmap: 1 fragment, from 0&nbsp;B to 8&nbsp;KiB\"");
	assert_null(strstr(text, "class=\"z\""));
}

static void without_layouts_there_is_a_word_in_their_place(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(freep) char *text = NULL;
	(void)state;

	results_add_figures(&results, "ext4", "mmap", 1, 1);
	set_layout(results_add_figures(&results, "ext4", "ftruncate", 1, 0),
		   &(struct field_run) { 0 }, 1);
	results.records[1].layout.count = 0;
	text = page(&results);
	assert_has(text, "No trial says where its file lies.");
}

static void runs_too_close_to_be_told_apart_are_one(void **state)
{
	enum { RUNS = 1000 };
	static struct field_run runs[RUNS];
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(freep) char *text = NULL;
	(void)state;

	for (int64_t i = 0; i < RUNS; i++)
		runs[i] = (struct field_run) { i * 4096, i * 8192, 4096, 0 };
	set_layout(results_add_figures(&results, "ext2", "mmap", 1, RUNS), runs, RUNS);
	text = page(&results);
	/* On the whole volume they are one. */
	assert_int_equal(count_of(text, "class=\"w\" x=\"0%\" y=\"0\""), 1);
	assert_int_equal(count_of(text, "y=\"0\" width=\"0.03"), 1);
}

/* ---- tables ---- */

static void each_reason_is_noted_once(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(freep) char *text = NULL;
	(void)state;

	for (size_t i = 0; i < 2; i++)
		record_refuse(results_add(&results, i ? "ext3" : "ext2", "fallocate"),
			      STATUS_UNSUPPORTED, "allocate", "not there");
	set_text(&results_add_figures(&results, "ext2", "posix-fallocate", 1, 1)->path, "emulated");
	text = page(&results);
	assert_int_equal(count_of(text, "unsupported: not there"), 1);
	assert_int_equal(count_of(text, "href=\"#note-0-1\""), 2);
	assert_has(text, "emulated: the C library wrote in place of the kernel");
	assert_has(text, "<li id=\"note-0-3\">not measured");
}

static void values_stand_beside_their_texts(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(freep) char *text = NULL;
	const struct measure *measures[] = { measure_find("time"), measure_find("gap"), NULL };
	(void)state;

	results_add_figures(&results, "ext2", "mmap", 1.5, 3);
	text = page_with(&results,
			 &(struct report_options) { .measures = measures, .no_charts = 1 });
	assert_has(text, "<td class=\"n\" data-value=\"1.5\">1.50 s<td class=\"n\">n/a<td>");
	assert_null(strstr(text, ">peak memory</button>"));
}

static void all_commands_are_there(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(freep) char *text = NULL;
	(void)state;

	set_text(&results_add_environment(&results)->command, "alloc-perf run --fs 'a b'");
	results_add_figures(&results, "ext2", "mmap", 1.5, 3);
	set_text(&results_add_environment(&results)->command, "alloc-perf run --resume x");
	results_add_figures(&results, "ext2", "fallocate", 1.5, 3);
	text = page(&results);
	assert_has(text, "<code>alloc-perf run --fs &#39;a b&#39;</code>");
	assert_has(text, "<code>alloc-perf run --resume x</code>");
}

/* ---- pictures of gnuplot ---- */

static char *inlined(const char *svg)
{
	char *text = NULL;
	size_t bytes;
	FILE *memory = open_memstream(&text, &bytes);

	svg_put_inline(memory, svg, 4, 2, "a \"b\"");
	fclose(memory);
	return text;
}

static void only_what_draws_is_let_through(void **state)
{
	CLEANUP(freep) char *text = NULL;
	(void)state;

	text = inlined("<?xml version=\"1.0\"?><!DOCTYPE svg><svg viewBox=\"0 0 9 9\"><title>T "
		       "&lt;</title>"
		       "<defs><path id='p'/></defs>stray<script>alert(1)</script>"
		       "<g id=\"one\" fill=\"rgb( 10,  11,   3)\"><textarea/>"
		       "<path stroke='rgb(10,11,12)' d='M0,0'/><text>a&amp;b</text></g></svg>");
	assert_string_equal(text,
			    "<svg class=\"chart\" viewBox=\"0 0 4 2\" role=\"img\" "
			    "aria-label=\"a &quot;b&quot;\"><g fill=\"var(--c3)\">"
			    "<path stroke='var(--c12)' d='M0,0'/><text>a&amp;b</text></g></svg>\n");
}

static void a_picture_cut_short_is_no_trouble(void **state)
{
	static const char whole[] = "<svg><defs><g/></defs><g id='a' fill='rgb(10,11,1)'>"
				    "<text>x</text></g></svg>";
	(void)state;

	for (size_t i = 0; i < sizeof(whole); i++) {
		CLEANUP(freep) char *cut = strndup(whole, i), *text = inlined(cut);

		assert_has(text, "</svg>\n");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(foreign_text_is_escaped_everywhere),
		cmocka_unit_test(foreign_text_is_escaped_in_charts),
		cmocka_unit_test(a_page_asks_for_nothing),
		cmocka_unit_test(charts_need_gnuplot_and_the_page_does_not),
		cmocka_unit_test(the_fastest_is_best_and_the_slowest_has_a_price),
		cmocka_unit_test(of_equals_the_one_in_fewest_pieces_is_best),
		cmocka_unit_test(what_reserves_nothing_does_not_compete),
		cmocka_unit_test(pictures_are_to_scale),
		cmocka_unit_test(a_fragment_that_is_partly_unwritten_has_one_mark),
		cmocka_unit_test(without_layouts_there_is_a_word_in_their_place),
		cmocka_unit_test(runs_too_close_to_be_told_apart_are_one),
		cmocka_unit_test(each_reason_is_noted_once),
		cmocka_unit_test(values_stand_beside_their_texts),
		cmocka_unit_test(all_commands_are_there),
		cmocka_unit_test(only_what_draws_is_let_through),
		cmocka_unit_test(a_picture_cut_short_is_no_trouble),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
