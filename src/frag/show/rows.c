/* SPDX-License-Identifier: MIT */
/*
 * A row per file, for people and as CSV.  The name comes last in a row, so that no name, however
 * wide or odd, can move the figures out of their columns.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>

#include "base/cleanup.h"
#include "base/csv.h"
#include "base/quote.h"
#include "frag/account/file.h"
#include "frag/show/show.h"
#include "base/size.h"
#include "frag/scan/one_file.h"

void show_files_header(FILE *to)
{
	fprintf(to, "%10s %9s %9s %7s %9s %9s %9s %9s %9s %7s %8s  %s\n", "size", "extents",
		"fragments", "minimum", "largest", "mean", "unwritten", "shared", "encoded",
		"holes", "seeks", "file");
}

static void put_bytes(FILE *to, int width, double bytes)
{
	char text[SIZE_TEXT_MAX];

	if (isnan(bytes))
		fprintf(to, "%*s ", width, "n/a");
	else
		fprintf(to, "%*s ", width, bytes == 0 ? "0" : size_human(bytes, text));
}

static void put_count(FILE *to, int width, double count)
{
	if (isnan(count))
		fprintf(to, "%*s ", width, "n/a");
	else
		fprintf(to, "%*.0f ", width, count);
}

static double known(const struct frag_file *file, uint64_t value)
{
	return frag_file_is_known(file) ? (double)value : NAN;
}

const char *show_fragments(const struct frag_file *file, char text[static SHOW_FRAGMENTS_MAX])
{
	uint64_t fragments = file->layout.fragments;

	if (frag_file_is_known(file))
		snprintf(text, SHOW_FRAGMENTS_MAX, "%" PRIu64, fragments);
	else if (fragments > 1)
		snprintf(text, SHOW_FRAGMENTS_MAX, ">=%" PRIu64, fragments);
	else
		return "n/a";
	return text;
}

static double mean_bytes(const struct frag_file *file)
{
	const struct layout *layout = &file->layout;

	if (!frag_file_is_known(file))
		return NAN;
	return layout->fragments ? (double)layout->mapped_bytes / (double)layout->fragments : 0;
}

void show_file(FILE *to, const struct frag_file *file)
{
	CLEANUP(freep) char *name = file->path ? quote_name(file->path) : NULL;
	const struct layout *layout = &file->layout;
	char text[SIZE_TEXT_MAX], fragments[SHOW_FRAGMENTS_MAX];

	put_bytes(to, 10, (double)file->size_bytes);
	put_count(to, 9, (double)layout->extents);
	fprintf(to, "%9s ", show_fragments(file, fragments));
	put_count(to, 7, (double)file->ideal_fragments);
	put_bytes(to, 9, known(file, layout->largest_bytes));
	put_bytes(to, 9, mean_bytes(file));
	put_bytes(to, 9, (double)layout->unwritten_bytes);
	put_bytes(to, 9, (double)layout->shared_bytes);
	put_bytes(to, 9, (double)layout->encoded_bytes);
	put_count(to, 7, (double)layout->holes);
	fprintf(to, "%8s  ",
		frag_file_is_known(file) ? duration_human(file->extra_seconds, text) : "n/a");
	if (name)
		fprintf(to, "%s\n", name);
	else
		fprintf(to, "inode %" PRIu64 "\n", file->inode);
}

void show_swap(FILE *to, const struct frag_file *file)
{
	CLEANUP(freep) char *name = quote_name(file->path);
	const struct frag_swap *swap = file->swap;

	fprintf(to, "%s: %s", name ? name : "?",
		swap->is_swap ? "swap space" : "no swap space yet (mkswap makes it)");
	if (swap->obstacle) {
		fprintf(to, "; %s: not usable as swap\n", swap->obstacle);
		return;
	}
	fprintf(to, "; usable as swap");
	if (swap->no_offset)
		fprintf(to, "; no resume_offset: %s\n", swap->no_offset);
	else
		fprintf(to, "; to resume from hibernation: resume=%s resume_offset=%" PRIu64 "\n",
			swap->device ? swap->device : "(its device)", swap->offset_pages);
}

static void put_part(FILE *to, const struct frag_parts *parts, unsigned i, uint64_t most,
		     bool ascii)
{
	const struct frag_part *part = &parts->part[i];
	unsigned columns = most ? (unsigned)(40 * part->fragments / most) : 0;
	char from[SIZE_TEXT_MAX], cost[SIZE_TEXT_MAX];

	fprintf(to, "%12s %9" PRIu64 " %9s%s",
		i ? size_human((double)(i * parts->part_bytes), from) : "0", part->fragments,
		duration_human(part->extra_seconds, cost), columns ? "  " : "");
	for (unsigned column = 0; column < columns; column++)
		fputs(ascii ? "#" : "█", to);
	fputc('\n', to);
}

void show_parts(FILE *to, const struct frag_file *file, bool ascii)
{
	CLEANUP(freep) char *name = quote_name(file->path);
	const struct frag_parts *parts = file->parts;
	char bytes[SIZE_TEXT_MAX];
	uint64_t most = 0;

	if (!frag_file_is_known(file) || parts->count == 0) {
		fprintf(to, "%s: no fragments with a known start\n", name ? name : "?");
		return;
	}
	for (unsigned i = 0; i < parts->count; i++)
		if (parts->part[i].fragments > most)
			most = parts->part[i].fragments;
	fprintf(to, "%s: where its fragments start, in parts of %s\n%12s %9s %9s\n",
		name ? name : "?", size_human((double)parts->part_bytes, bytes), "from",
		"fragments", "cost");
	for (unsigned i = 0; i < parts->count; i++)
		put_part(to, parts, i, most, ascii);
}

/* ---- CSV: the name as it is, since any byte is allowed there ---- */

int show_csv_header(FILE *to)
{
	struct csv csv = { .to = to };

	for (unsigned i = 0; i < frag_column_count; i++)
		csv_plain(&csv, "%s", frag_columns[i].name);
	csv_plain(&csv, "path");
	csv_end_row(&csv);
	return ferror(to) ? -EIO : 0;
}

int show_csv_file(FILE *to, const struct frag_file *file)
{
	struct csv csv = { .to = to };

	for (unsigned i = 0; i < frag_column_count; i++) {
		double value = frag_columns[i].of(file);

		if (isnan(value))
			csv_text(&csv, NULL);
		else
			csv_plain(&csv, value == floor(value) ? "%.0f" : "%.6g", value);
	}
	csv_text(&csv, file->path);
	csv_end_row(&csv);
	return ferror(to) ? -EIO : 0;
}
