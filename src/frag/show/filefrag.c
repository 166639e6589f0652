/* SPDX-License-Identifier: MIT */
/*
 * The table of `filefrag -v` (e2fsprogs 1.47), byte for byte: scripts read it, and
 * a reader can compare the two.  It has the same peculiarities: "expected" is
 * where the extent would continue, had the hole before it blocks of its own; one that
 * continues as if there were no hole is no discontinuity either; the number of extents in
 * the last line is that of discontinuities and one more.
 */
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "frag/show/show.h"
#include "frag/account/file.h"

enum { LOGICAL_WIDTH = 8, PHYSICAL_WIDTH = 10, ROW_BYTES = 256 };

/* As filefrag computes it, which is one less for 10^8 blocks. */
static int digits_but_one(uint64_t number)
{
	int count = 0;

	while (number /= 10)
		count++;
	return count;
}

static int at_least(int width, int least)
{
	return width > least ? width : least;
}

void filefrag_announce(FILE *to, const struct filesystem_facts *facts, bool block_mapped)
{
	/* Each group has a bitmap of one block. */
	uint64_t group = facts->block_bytes * 8;

	fprintf(to, "Filesystem type is: %" PRIx64 "\n", facts->magic);
	if (block_mapped)
		fprintf(to, "Filesystem cylinder groups approximately %" PRIu64 "\n",
			facts->blocks / group + (facts->blocks % group != 0));
}

void filefrag_begin(struct filefrag_table *table, FILE *to, const char *path,
		    const struct frag_file *file, const struct filesystem_facts *facts)
{
	uint64_t block = facts->block_bytes;
	uint64_t blocks = file->size_bytes / block + (file->size_bytes % block != 0);

	*table = (struct filefrag_table) {
		.to = to,
		.size_bytes = file->size_bytes,
		.block_bytes = block,
		.logical_width = at_least(digits_but_one(blocks), LOGICAL_WIDTH),
		.physical_width = at_least(digits_but_one(facts->blocks), PHYSICAL_WIDTH),
	};
	fprintf(to, "File size of %s is %" PRIu64 " (%" PRIu64 " block%s of %" PRIu64 " bytes)\n",
		path, file->size_bytes, blocks, blocks == 1 ? "" : "s", block);
}

static const struct {
	uint32_t flag;
	const char *word;
} words[] = {
	{ EXTENT_LAST, "last" },	   { EXTENT_UNKNOWN, "unknown_loc" },
	{ EXTENT_DELALLOC, "delalloc" },   { EXTENT_ENCODED, "encoded" },
	{ EXTENT_ENCRYPTED, "encrypted" }, { EXTENT_NOT_ALIGNED, "not_aligned" },
	{ EXTENT_INLINE, "inline" },	   { EXTENT_TAIL, "tail_packed" },
	{ EXTENT_UNWRITTEN, "unwritten" }, { EXTENT_MERGED, "merged" },
	{ EXTENT_SHARED, "shared" },
};

/* Each word has a comma; the last character is removed, even if it is a blank. */
static void put_words(const struct filefrag_table *table, const struct extent *extent,
		      uint64_t expected, char text[ROW_BYTES])
{
	uint32_t flags = extent->flags;
	int used;

	if (expected)
		used = snprintf(text, ROW_BYTES, "%*" PRIu64 ": ", table->physical_width, expected);
	else
		used = snprintf(text, ROW_BYTES, "%*s  ", table->physical_width, "");
	/* EXTENT_INLINE includes tails. */
	if (flags & EXTENT_TAIL)
		flags &= ~(uint32_t)EXTENT_INLINE;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (flags & words[i].flag)
			used += snprintf(text + used, ROW_BYTES - (size_t)used, "%s,",
					 words[i].word);
	text[used - 1] = '\0';
	if (extent->logical + extent->bytes >= table->size_bytes)
		strcat(text, ",eof");
}

static void print_header(const struct filefrag_table *table)
{
	fprintf(table->to, " ext: %*s %*s length: %*s flags:\n", 2 * table->logical_width + 3,
		"logical_offset:", 2 * table->physical_width + 3,
		"physical_offset:", table->physical_width + 1, "expected:");
}

static void print_row(const struct filefrag_table *table, const struct extent *extent,
		      uint64_t expected)
{
	/* Inline data is counted in bytes. */
	uint64_t block = extent->flags & EXTENT_INLINE ? 1 : table->block_bytes;
	uint64_t logical = extent->logical / block, physical = extent->physical / block;
	uint64_t blocks = extent->bytes / block;
	char text[ROW_BYTES];

	put_words(table, extent, expected / block, text);
	fprintf(table->to,
		"%4" PRIu64 ": %*" PRIu64 "..%*" PRIu64 ": %*" PRIu64 "..%*" PRIu64 ": %6" PRIu64
		": %s\n",
		table->rows, table->logical_width, logical, table->logical_width,
		logical + blocks - 1, table->physical_width, physical, table->physical_width,
		physical + blocks - 1, blocks, text);
}

int filefrag_row(const struct extent *extent, void *context)
{
	struct filefrag_table *table = context;
	uint64_t after_hole = table->expected_after_hole + extent->logical, expected = 0;

	if (table->rows == 0)
		print_header(table);
	if (extent->logical != 0 && extent->physical != table->expected &&
	    extent->physical != after_hole) {
		expected = after_hole;
		table->extents++;
	} else if (table->extents == 0) {
		table->extents = 1;
	}
	print_row(table, extent, expected);
	table->expected = extent->physical + extent->bytes;
	table->expected_after_hole = extent->physical - extent->logical;
	table->rows++;
	return 0;
}

void filefrag_end(struct filefrag_table *table, const char *path)
{
	fprintf(table->to, "%s: %" PRIu64 " extent%s found\n", path, table->extents,
		table->extents == 1 ? "" : "s");
}
