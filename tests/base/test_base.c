/* SPDX-License-Identifier: MIT */
/* The toolbox: strings, vectors, hash tables, and the forms of output that all areas share. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/csv.h"
#include "base/hashmap.h"
#include "base/json.h"
#include "base/pairs.h"
#include "base/strbuf.h"
#include "base/terminal.h"
#include "base/text.h"
#include "base/text_table.h"

/* ---- strings ---- */

static void strbuf_grows_and_is_taken(void **state)
{
	CLEANUP(strbuf_clear) struct strbuf buffer = { 0 };
	CLEANUP(freep) char *text = NULL;
	(void)state;

	for (int i = 0; i < 1000; i++)
		strbuf_printf(&buffer, "%d,", i % 10);
	strbuf_cut(&buffer, 4);
	strbuf_cut(&buffer, 400);
	strbuf_join(&buffer, " and ", "more");
	text = strbuf_take(&buffer);
	assert_string_equal("0,1, and more", text);
	assert_null(buffer.text);
}

static void strbuf_of_nothing_is_empty(void **state)
{
	CLEANUP(strbuf_clear) struct strbuf buffer = { 0 };
	CLEANUP(freep) char *text = NULL;
	(void)state;

	strbuf_join(&buffer, ", ", "");
	text = strbuf_take(&buffer);
	assert_string_equal("", text);
}

static void strbuf_remembers_a_failure(void **state)
{
	CLEANUP(strbuf_clear) struct strbuf buffer = { .failed = true };
	(void)state;

	strbuf_puts(&buffer, "a");
	assert_null(strbuf_take(&buffer));
}

static void strbuf_takes_a_stream(void **state)
{
	CLEANUP(strbuf_clear) struct strbuf buffer = { 0 };
	FILE *to = strbuf_stream(&buffer);
	(void)state;

	for (int i = 0; i < 5000; i++)
		fputs("ab", to);
	assert_int_equal(0, fclose(to));
	assert_int_equal(10000, buffer.bytes);
	assert_int_equal('b', buffer.text[9999]);
}

static void text_is_appended(void **state)
{
	CLEANUP(freep) char *list = NULL;
	CLEANUP(freep) char *path = text_path("/a", "b");
	(void)state;

	assert_int_equal(0, text_join(&list, ", ", "one"));
	assert_int_equal(0, text_join(&list, ", ", "two"));
	assert_int_equal(0, text_append(&list, " (%d)", 2));
	assert_string_equal("one, two (2)", list);
	assert_string_equal("/a/b", path);
}

/* What `print` prints, of which the caller frees the text. */
#define PRINTED(statement)                           \
	({                                           \
		struct strbuf printed_ = { 0 };      \
		FILE *to = strbuf_stream(&printed_); \
		statement;                           \
		fclose(to);                          \
		strbuf_take(&printed_);              \
	})

static void text_wraps_at_blanks(void **state)
{
	CLEANUP(freep) char *narrow = PRINTED(text_wrap(to, " one two  three\tfour", 10, 2, 4));
	CLEANUP(freep) char *wide = PRINTED(text_wrap(to, "a\033[2J b", 0, 0, 4));
	CLEANUP(freep) char *letters = PRINTED(text_wrap(to, "ää öö", 5, 0, 0));
	(void)state;

	assert_string_equal("one two\n    three\n    four\n", narrow);
	assert_string_equal("a [2J b\n", wide);
	assert_string_equal("ää öö\n", letters);
	assert_int_equal(2, text_width("ä€"));
}

/* ---- vector and hash table ---- */

static void array_counts(void **state)
{
	CLEANUP(freep) int *numbers = NULL;
	size_t count = 0;
	(void)state;

	for (int i = 0; i < 100; i++)
		assert_int_equal(0, ARRAY_ADD(numbers, count, i * i));
	assert_int_equal(100, count);
	assert_int_equal(99 * 99, numbers[99]);
}

struct entry {
	uint64_t key, value;
};

static bool entry_is_used(const void *slot)
{
	return ((const struct entry *)slot)->key != 0;
}

static uint64_t entry_hash(const void *slot, const void *context)
{
	(void)context;
	return hash_number(((const struct entry *)slot)->key);
}

static bool entry_matches(const void *slot, const void *key, const void *context)
{
	(void)context;
	return ((const struct entry *)slot)->key == *(const uint64_t *)key;
}

static const struct hashmap_kind entries = {
	.slot_bytes = sizeof(struct entry),
	.is_used = entry_is_used,
	.hash = entry_hash,
	.matches = entry_matches,
};

static int put_entry(struct hashmap *map, uint64_t key)
{
	struct entry *entry;
	int r = hashmap_add(map, hash_number(key), &key, (void **)&entry);

	if (r == 0)
		*entry = (struct entry) { key, key * 3 };
	return r;
}

static void hashmap_finds_what_was_added(void **state)
{
	CLEANUP(hashmap_clear) struct hashmap map = { .kind = &entries };
	uint64_t absent = 5000, sum = 0;
	(void)state;

	assert_null(hashmap_find(&map, hash_number(absent), &absent));
	for (uint64_t i = 1; i <= 1000; i++)
		assert_int_equal(0, put_entry(&map, i));
	assert_int_equal(1, put_entry(&map, 77));
	assert_int_equal(1000, map.used);
	for (uint64_t i = 1; i <= 1000; i++) {
		const struct entry *entry = hashmap_find(&map, hash_number(i), &i);

		assert_non_null(entry);
		assert_int_equal(3 * i, entry->value);
	}
	assert_null(hashmap_find(&map, hash_number(absent), &absent));
	for (size_t i = 0; i < map.slot_count; i++)
		if (hashmap_slot(&map, i))
			sum += ((const struct entry *)hashmap_slot(&map, i))->key;
	assert_int_equal(1000 * 1001 / 2, sum);
}

static void hashmap_keeps_to_its_limit(void **state)
{
	CLEANUP(hashmap_clear) struct hashmap map = { .kind = &entries, .slots_max = 64 };
	uint64_t added = 0;
	(void)state;

	while (put_entry(&map, added + 1) == 0)
		added++;
	assert_int_equal(48, added);
	assert_int_equal(-ENOSPC, put_entry(&map, 1000));
	assert_int_equal(1, put_entry(&map, 48));
}

/* ---- forms of output ---- */

static void pairs_match_by_key(void **state)
{
	CLEANUP(pairs_clear) struct pairs pairs = { 0 };
	static const char items[200];
	char key[16];
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(items); i++) {
		snprintf(key, sizeof(key), "%zu", i);
		assert_int_equal(pairs_add(&pairs, 0, key, &items[i]), 0);
	}
	assert_int_equal(pairs_add(&pairs, 1, "150", &items[1]), 0);
	assert_int_equal(pairs_add(&pairs, 1, "new", &items[2]), 0);
	/* A side has one item with a key; the first stays. */
	assert_int_equal(pairs_add(&pairs, 1, "150", &items[3]), -EEXIST);
	assert_int_equal(pairs.count, ARRAY_SIZE(items) + 1);
	assert_string_equal(pairs.pair[150].key, "150");
	assert_ptr_equal(pairs.pair[150].item[0], &items[150]);
	assert_ptr_equal(pairs.pair[150].item[1], &items[1]);
	assert_null(pairs.pair[0].item[1]);
	assert_string_equal(pairs.pair[200].key, "new");
	assert_null(pairs.pair[200].item[0]);
}

static void changes_are_relative(void **state)
{
	static const struct {
		double before, after;
		const char *text;
	} table[] = { { 100, 119, "+19 %" }, { 1000, 996, "-0.4 %" }, { 10000, 9999, "0.0 %" },
		      { 3, 3, "0 %" },	     { 0, 0, "0 %" },	      { 0, 2, "from 0" },
		      { 2, 0, "-100 %" } };
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		char text[CHANGE_TEXT_MAX];

		assert_string_equal(change_text(change_of(table[i].before, table[i].after), text),
				    table[i].text);
	}
}

static void csv_quotes_what_has_to_be(void **state)
{
	struct csv csv = { 0 };
	CLEANUP(freep)
	char *text = PRINTED({
		csv.to = to;
		csv_text(&csv, "a");
		csv_text(&csv, NULL);
		csv_plain(&csv, "%d", 3);
		csv_text(&csv, "b,\"c\"\n");
		csv_end_row(&csv);
		csv_text(&csv, "\xff");
		csv_end_row(&csv);
	});
	(void)state;

	assert_string_equal("a,,3,\"b,\"\"c\"\"\n\"\n\xff\n", text);
}

static void json_holds_any_name(void **state)
{
	CLEANUP(json_decrefp) json_t *object = json_object();
	CLEANUP(freep) char *text = NULL;
	(void)state;

	assert_int_equal(0, json_set_name(object, "a", "\xff/b"));
	assert_int_equal(0, json_set_name(object, "c", "ä"));
	assert_int_equal(0, json_set_name(object, "d", NULL));
	assert_int_equal(0, json_object_set_new(object, "e", json_of_number(NAN)));
	text = PRINTED(json_put_line(to, object));
	assert_string_equal("{\"a\":\"\xef\xbf\xbd/b\",\"a_hex\":\"ff2f62\",\"c\":\"ä\",\"d\":null,"
			    "\"e\":null}\n",
			    text);
}

static void json_line_is_written_whole(void **state)
{
	char text[32] = "";
	int fds[2];
	(void)state;

	assert_int_equal(0, pipe(fds));
	assert_int_equal(0, json_write_line(fds[1], json_pack("{si}", "a", 1)));
	assert_int_equal(-ENOMEM, json_write_line(fds[1], NULL));
	assert_int_equal(8, read(fds[0], text, sizeof(text)));
	assert_string_equal("{\"a\":1}\n", text);
	close(fds[0]);
	close(fds[1]);
}

static void fill_table(struct text_table *table)
{
	static const char *const rows[][3] = {
		{ "name", "left", "right" },
		{ "ä", "", "1" },
		{ "long name", "b", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		text_table_add_row(table, rows[i]);
}

static void table_is_aligned(void **state)
{
	CLEANUP(text_table_clear) struct text_table table = { .columns = 3, .align = "llr" };
	CLEANUP(freep) char *text = NULL;
	(void)state;

	fill_table(&table);
	assert_int_equal(0, text_table_check(&table));
	text = PRINTED(text_table_print(to, &table));
	assert_string_equal("name       left  right\n"
			    "ä                    1\n"
			    "long name  b\n",
			    text);
	assert_int_equal(9 + 2 + 4 + 2 + 5, text_table_width(&table));
}

static void table_is_printed_in_parts(void **state)
{
	CLEANUP(text_table_clear) struct text_table table = { .columns = 3, .align = "lr" };
	CLEANUP(freep) char *text = NULL;
	(void)state;

	fill_table(&table);
	assert_int_equal(2, text_table_fitting(&table, 1, 3));
	assert_int_equal(2, text_table_fitting(&table, 1, 21));
	assert_int_equal(3, text_table_fitting(&table, 1, 22));
	text = PRINTED(text_table_print_part(to, &table, 2, 3, "|\n"));
	assert_string_equal("name       right|\n"
			    "ä              1|\n"
			    "long name|\n",
			    text);
}

static void table_remembers_a_failure(void **state)
{
	CLEANUP(text_table_clear)
	struct text_table table = { .columns = 1, .align = "l", .failed = true };
	(void)state;

	text_table_printf(&table, "%d", 1);
	assert_int_equal(-ENOMEM, text_table_check(&table));
}

static void terminal_without_one_asks_the_environment(void **state)
{
	int fds[2];
	(void)state;

	assert_int_equal(0, pipe(fds));
	setenv("COLUMNS", "91", 1);
	assert_int_equal(91, terminal_size(fds[1]).columns);
	setenv("COLUMNS", "99999999", 1);
	assert_int_equal(0, terminal_size(fds[1]).columns);
	assert_int_equal(0, terminal_size(fds[1]).rows);
	assert_false(terminal_can_draw(fds[1]));
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strbuf_grows_and_is_taken),
		cmocka_unit_test(strbuf_of_nothing_is_empty),
		cmocka_unit_test(strbuf_remembers_a_failure),
		cmocka_unit_test(strbuf_takes_a_stream),
		cmocka_unit_test(text_is_appended),
		cmocka_unit_test(text_wraps_at_blanks),
		cmocka_unit_test(array_counts),
		cmocka_unit_test(hashmap_finds_what_was_added),
		cmocka_unit_test(hashmap_keeps_to_its_limit),
		cmocka_unit_test(pairs_match_by_key),
		cmocka_unit_test(changes_are_relative),
		cmocka_unit_test(csv_quotes_what_has_to_be),
		cmocka_unit_test(json_holds_any_name),
		cmocka_unit_test(json_line_is_written_whole),
		cmocka_unit_test(table_is_aligned),
		cmocka_unit_test(table_is_printed_in_parts),
		cmocka_unit_test(table_remembers_a_failure),
		cmocka_unit_test(terminal_without_one_asks_the_environment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
