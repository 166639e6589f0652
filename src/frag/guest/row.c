/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/cleanup.h"
#include "frag/guest/guest.h"
#include "frag/account/file.h"

/* More than it takes to read any file. */
#define SECONDS_MAX 1e15

/* ---- names ---- */

json_t *frag_guest_text(const char *bytes)
{
	CLEANUP(freep) char *text = malloc(2 * strlen(bytes) + 1);
	char *at = text;

	if (!text)
		return NULL;
	for (; *bytes; bytes++) {
		unsigned char byte = (unsigned char)*bytes;

		if (byte >= 0x80)
			*at++ = (char)(0xc0 | byte >> 6);
		*at++ = (char)(byte >= 0x80 ? 0x80 | (byte & 0x3f) : byte);
	}
	*at = '\0';
	return json_string(text);
}

char *frag_guest_bytes(const json_t *text)
{
	const unsigned char *from = (const unsigned char *)json_string_value(text);
	CLEANUP(freep) char *bytes = from ? malloc(json_string_length(text) + 1) : NULL;
	char *to = bytes;

	if (!bytes)
		return NULL;
	for (; *from; from++) {
		/* jansson has checked that this is UTF-8. */
		if (*from >= 0xc4)
			return NULL;
		*to++ = (char)(*from >= 0x80 ? (from[0] & 3) << 6 | (from[1] & 0x3f) : *from);
		from += *from >= 0x80;
	}
	*to = '\0';
	return TAKE_PTR(bytes);
}

/* ---- files ---- */

#define PLACE(member) offsetof(struct frag_file, member)

static const size_t counts[] = {
	PLACE(inode),
	PLACE(size_bytes),
	PLACE(disk_bytes),
	PLACE(layout.extents),
	PLACE(layout.fragments),
	PLACE(layout.mapped_bytes),
	PLACE(layout.unwritten_bytes),
	PLACE(layout.shared_bytes),
	PLACE(layout.encoded_bytes),
	PLACE(layout.largest_bytes),
	PLACE(layout.gap_bytes),
	PLACE(layout.holes),
	PLACE(layout.first_physical),
	PLACE(delayed_bytes),
	PLACE(inline_bytes),
	PLACE(ideal_fragments),
};

enum {
	AT_PATH,
	AT_COUNTS,
	AT_KNOWN = AT_COUNTS + ARRAY_SIZE(counts),
	AT_SEQUENTIAL,
	AT_EXTRA,
	COLUMNS,
	COUNTS_UNOPENED = 4
};

/* ---- writing, by hand: a guest's time goes into it ---- */

static void put_path(FILE *to, const char *path)
{
	if (!path) {
		fputs_unlocked("null", to);
		return;
	}
	putc_unlocked('"', to);
	for (; *path; path++) {
		unsigned char byte = (unsigned char)*path;

		if (byte < ' ' || byte > '~' || byte == '"' || byte == '\\')
			fprintf(to, "\\u%04x", byte);
		else
			putc_unlocked(byte, to);
	}
	putc_unlocked('"', to);
}

static void put_count(FILE *to, uint64_t count)
{
	char digits[24], *at = digits + sizeof(digits);

	/* Integers of JSON are signed. */
	if (count > INT64_MAX)
		count = INT64_MAX;
	do {
		*--at = (char)('0' + count % 10);
		count /= 10;
	} while (count);
	*--at = ',';
	fwrite_unlocked(at, 1, (size_t)(digits + sizeof(digits) - at), to);
}

static uint64_t bits_of(double seconds)
{
	uint64_t bits;

	memcpy(&bits, &seconds, sizeof(bits));
	return bits;
}

/* Sums of many files have to stay finite, as JSON has no other numbers. */
static double seconds_of(uint64_t bits)
{
	double seconds;

	memcpy(&seconds, &bits, sizeof(seconds));
	return seconds >= 0 && seconds <= SECONDS_MAX ? seconds : 0;
}

/* Of a file that was not opened the first counts are enough. */
int frag_guest_put_row(FILE *to, const struct frag_file *file, const char *path)
{
	size_t count = file->opened ? ARRAY_SIZE(counts) : COUNTS_UNOPENED;

	putc_unlocked('[', to);
	put_path(to, path);
	for (size_t i = 0; i < count; i++)
		put_count(to, *(const uint64_t *)((const char *)file + counts[i]));
	if (file->opened) {
		put_count(to, (uint64_t)file->layout.addresses_known);
		put_count(to, bits_of(file->sequential_seconds));
		put_count(to, bits_of(file->extra_seconds));
	}
	return fputs_unlocked("]\n", to) == EOF ? -EIO : 0;
}

/* ---- reading ---- */

static uint64_t count_at(const json_t *row, size_t at)
{
	return (uint64_t)json_integer_value(json_array_get(row, at));
}

int frag_guest_row_read(const json_t *row, const struct frag_result *result, struct frag_file *ret)
{
	size_t columns = json_array_size(row);
	bool opened = columns == COLUMNS;
	const json_t *path = json_array_get(row, AT_PATH);
	struct frag_file file = { 0 };

	if (!opened && columns != AT_COUNTS + COUNTS_UNOPENED)
		return -EPROTO;
	for (size_t i = 0; i < (opened ? ARRAY_SIZE(counts) : COUNTS_UNOPENED); i++)
		*(uint64_t *)((char *)&file + counts[i]) = count_at(row, AT_COUNTS + i);
	file.opened = opened;
	file.layout.addresses_known = count_at(row, AT_KNOWN) != 0;
	file.sequential_seconds = seconds_of(count_at(row, AT_SEQUENTIAL));
	file.extra_seconds = seconds_of(count_at(row, AT_EXTRA));
	if (!opened)
		frag_file_of_one_block(result->model, &result->facts, file.layout.extents, &file);
	if (json_is_string(path)) {
		file.path = frag_guest_bytes(path);
		if (!file.path)
			return -EPROTO;
	}
	*ret = file;
	return 0;
}
