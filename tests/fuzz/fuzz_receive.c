/* SPDX-License-Identifier: MIT */
/*
 * The input is what a guest sends, whose kernel a hostile image may have taken over.  It is
 * refused, or becomes a result that every form of output can print.
 *
 *	a line that starts with { or [	sent as it is
 *	any other byte			the kind of a line, made of the bytes that follow
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "frag/guest/guest.h"
#include "frag/account/file.h"
#include "frag/show/show.h"
#include "input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LINES_MAX = 64, TEXT_MAX = 32, ROW_OPENED = 19, ROW_UNOPENED = 4 };

/* ---- lines ---- */

static json_t *number(struct input *input)
{
	static const json_int_t turning[] = { 0,	 1,	    2,	       512,	  4095,
					      4096,	 1 << 20,   INT32_MAX, 1ll << 46, 1ll << 60,
					      1ll << 62, INT64_MAX, INT64_MIN, -1 };
	uint8_t code = input_byte(input);
	json_int_t any;

	if (code < 128)
		return json_integer(turning[code % ARRAY_SIZE(turning)]);
	input_take(input, &any, sizeof(any));
	return json_integer(any);
}

/* null where the bytes are no text. */
static json_t *text(struct input *input)
{
	char bytes[TEXT_MAX];
	size_t length = input_byte(input) % TEXT_MAX;
	json_t *json;

	input_take(input, bytes, length);
	json = json_stringn(bytes, length);
	return json ? json : json_null();
}

static void add_numbers(json_t *array, struct input *input, size_t count)
{
	while (count--)
		json_array_append_new(array, number(input));
}

/* Rows of so many numbers each. */
static json_t *rows(struct input *input, size_t columns)
{
	json_t *array = json_array();

	for (unsigned count = input_byte(input) % 8; count; count--) {
		json_t *row = json_array();

		add_numbers(row, input, columns);
		json_array_append_new(array, row);
	}
	return array;
}

static json_t *file(struct input *input)
{
	static const size_t counts[] = { ROW_OPENED, ROW_UNOPENED, ROW_OPENED, 7 };
	json_t *row = json_array();
	size_t count = counts[input_byte(input) % ARRAY_SIZE(counts)];

	json_array_append_new(row, text(input));
	add_numbers(row, input, count);
	return row;
}

static json_t *volume(struct input *input)
{
	static const char *const kinds[] = { "ext4", "btrfs", "xfs", "no such kind" };
	const char *kind = kinds[input_byte(input) % ARRAY_SIZE(kinds)];

	return json_pack("{ss ss so so so s{so so}}", "event", "volume", "kind", kind, "magic",
			 number(input), "block_bytes", number(input), "volume_bytes", number(input),
			 "free", "largest", number(input), "classes", rows(input, 2));
}

static json_t *unreadable(struct input *input)
{
	json_t *array = json_array();

	for (unsigned count = input_byte(input) % 8; count; count--)
		json_array_append_new(array, json_pack("[oo]", text(input), number(input)));
	return array;
}

static json_t *result(struct input *input)
{
	static const char *const sources[] = { "walk", "xfs-bulkstat", "no such source" };
	const char *source = sources[input_byte(input) % ARRAY_SIZE(sources)];

	return json_pack("{ss ss so so s{so so} so so s{so so so}}", "event", "result", "source",
			 source, "note", text(input), "shared_bytes", number(input), "counters",
			 "directories", number(input), "silent_files", number(input),
			 "unreadable_count", number(input), "unreadable", unreadable(input), "map",
			 "bin_bytes", number(input), "end_bytes", number(input), "bins",
			 rows(input, 3));
}

static json_t *failure(struct input *input)
{
	return json_pack("{ss so so}", "event", "failed", "stage", text(input), "error",
			 number(input));
}

static json_t *tick(struct input *input)
{
	return json_pack("{ss so}", "event", "tick", "files", number(input));
}

/* NULL: the input has ended. */
static char *next_line(struct input *input)
{
	static json_t *(*const kinds[])(struct input * input) = { volume, file,	   file, file,
								  result, failure, tick };
	CLEANUP(json_decrefp) json_t *line = NULL;
	const uint8_t *end = memchr(input->at, '\n', input->left);
	size_t bytes = end ? (size_t)(end - input->at) + 1 : input->left;
	char *copy;

	if (input->left == 0)
		return NULL;
	if (*input->at == '{' || *input->at == '[') {
		copy = strndup((const char *)input->at, bytes);
		input->at += bytes;
		input->left -= bytes;
		return copy;
	}
	line = kinds[input_byte(input) % ARRAY_SIZE(kinds)](input);
	must(line != NULL);
	return json_dumps(line, JSON_COMPACT);
}

/* ---- what becomes of them ---- */

/* CSV may hold any byte of a name. */
static int print_row(const struct frag_file *row, void *to)
{
	CLEANUP(file_closep) FILE *nowhere = fopen("/dev/null", "w");

	show_file(to, row);
	must(nowhere != NULL);
	return show_csv_file(nowhere, row);
}

static void print(FILE *to, const struct frag_result *scanned)
{
	const struct show_options options = { .columns = 80, .with_directories = true };
	uint64_t bytes = scanned->facts.volume_bytes;
	CLEANUP(json_decrefp) json_t *json = show_result_json(scanned);

	must(json != NULL && json_dumpf(json, to, JSON_COMPACT) == 0);
	show_tree(to, scanned, &options);
	show_map(to, scanned->totals.map, bytes, &options);
	must(show_map_svg(to, scanned->totals.map, bytes, "title", false) == 0);
}

/* A terminal is sent nothing but text. */
static void check(const char *printed, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		must((unsigned char)printed[i] >= ' ' || printed[i] == '\n');
}

static int receive(struct frag_guest *guest, struct input *input)
{
	int r = 0;

	for (unsigned i = 0; r == 0 && i < LINES_MAX; i++) {
		CLEANUP(freep) char *line = next_line(input);

		if (!line)
			break;
		r = frag_guest_receive(guest, line);
	}
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	char *printed = NULL;
	size_t bytes = 0;
	FILE *to = open_memstream(&printed, &bytes);
	const struct frag_settings settings = { .sort = &frag_sorts[0],
						.worst_count = 5,
						.depth = 1,
						.with_map = true,
						.each = print_row,
						.each_context = to,
						.cancel_fd = -1 };
	struct frag_result scanned = { .source = "guest", .model = &seek_models[0] };
	struct frag_guest guest = { .settings = &settings, .result = &scanned };
	int r;

	must(to && frag_result_init(&scanned, &settings) == 0);
	r = receive(&guest, &input);
	must(r == 0 || r == 1 || r == -EPROTO);
	totals_finish(&scanned.totals);
	if (guest.stage)
		fputs(guest.stage, to);
	if (r >= 0)
		print(to, &scanned);
	must(fclose(to) == 0);
	check(printed, bytes);
	free(printed);
	frag_guest_clear(&guest);
	frag_result_clear(&scanned);
	return 0;
}
