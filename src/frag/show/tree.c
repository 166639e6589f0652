/* SPDX-License-Identifier: MIT */
/*
 * The report of a scan, which is read from top to bottom until the question is answered: first
 * sums and verdict, then the details.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "frag/account/free_space.h"
#include "base/quote.h"
#include "frag/show/show.h"
#include "base/size.h"
#include "base/words.h"
#include "frag/frag.h"
#include "frag/account/file.h"

enum { BAR_COLUMNS = 40, EXTENSIONS_SHOWN = 10 };

/* ---- bars ---- */

/* The logarithm, since ten thousand files with one fragment beside ten with many are the rule. */
static void put_bar(FILE *to, uint64_t value, uint64_t largest, const struct show_options *options)
{
	static const char *const eighths[] = { "", "▏", "▎", "▍", "▌", "▋", "▊", "▉" };
	double share = largest > 1 ? log((double)value + 1) / log((double)largest + 1) : 1;
	unsigned length = value ? (unsigned)(share * BAR_COLUMNS * 8) : 0;

	for (unsigned i = 0; i < length / 8; i++)
		fputs(options->ascii ? "#" : "█", to);
	if (!options->ascii)
		fputs(eighths[length % 8], to);
	fputc('\n', to);
}

static void show_histogram(FILE *to, const struct totals *totals,
			   const struct show_options *options)
{
	uint64_t largest = 0;
	unsigned last = 0;

	for (unsigned i = 0; i < COUNT_CLASSES; i++) {
		if (totals->by_count[i].files > largest)
			largest = totals->by_count[i].files;
		if (totals->by_count[i].files)
			last = i;
	}
	fprintf(to, "\nFragments per file (log scale)\n");
	for (unsigned i = 0; i <= last; i++) {
		uint64_t from, until;
		char range[48], bytes[SIZE_TEXT_MAX];

		totals_count_class(i, &from, &until);
		if (from == until)
			snprintf(range, sizeof(range), "%" PRIu64, from);
		else
			snprintf(range, sizeof(range), "%" PRIu64 "-%" PRIu64, from, until);
		fprintf(to, "%16s %10" PRIu64 " %-5s %10s  ", range, totals->by_count[i].files,
			totals->by_count[i].files == 1 ? "file" : "files",
			size_human((double)totals->by_count[i].mapped_bytes, bytes));
		put_bar(to, totals->by_count[i].files, largest, options);
	}
}

/* ---- classes ---- */

static void put_tally_header(FILE *to, const char *title)
{
	fprintf(to, "\n%-16s %10s %10s %10s %10s %10s %9s\n", title, "files", "fragmented", "size",
		"fragments", "minimum", "seeks");
}

static void put_tally(FILE *to, const char *name, const struct tally *tally)
{
	char bytes[SIZE_TEXT_MAX], seconds[SIZE_TEXT_MAX];

	fprintf(to, "%-16s %10" PRIu64 " %10" PRIu64 " %10s %10" PRIu64 " %10" PRIu64 " %9s\n",
		name, tally->files, tally->fragmented_files,
		size_human((double)tally->size_bytes, bytes), tally->fragments,
		tally->ideal_fragments, duration_human(tally->extra_seconds, seconds));
}

static void show_sizes(FILE *to, const struct totals *totals)
{
	put_tally_header(to, "By size");
	for (unsigned i = 0; i < SIZE_CLASSES; i++) {
		uint64_t below = totals_size_class(i);
		char name[48] = "empty", bytes[SIZE_TEXT_MAX];

		if (totals->by_size[i].files == 0)
			continue;
		if (i == 1)
			snprintf(name, sizeof(name), "up to 4 KiB");
		else if (i == SIZE_CLASSES - 1)
			snprintf(name, sizeof(name), "larger");
		else if (i)
			snprintf(name, sizeof(name), "below %s", size_human((double)below, bytes));
		put_tally(to, name, &totals->by_size[i]);
	}
}

static void show_extensions(FILE *to, const struct totals *totals)
{
	unsigned shown = 0;

	for (size_t i = 0; i < totals->extensions.count && shown < EXTENSIONS_SHOWN; i++) {
		const struct named_tally *extension = &totals->extensions.rows[i];

		if (extension->tally.fragmented_files == 0)
			continue;
		if (shown++ == 0)
			put_tally_header(to, "By extension");
		put_tally(to, *extension->name ? extension->name : "(none)", &extension->tally);
	}
}

/* Names are last, since they have any width. */
static void show_directories(FILE *to, const struct totals *totals)
{
	size_t shown = 0, more = 0;

	if (totals->depth == 0)
		return;
	fprintf(to, "\n%10s %10s %10s %10s %10s %9s  directory\n", "files", "fragmented", "size",
		"fragments", "minimum", "cost");
	for (size_t i = 0; i < totals->by_directory.count; i++) {
		const struct named_tally *row = &totals->by_directory.rows[i];
		const struct tally *tally = &row->tally;
		CLEANUP(freep) char *name = row->name ? quote_name(row->name) : NULL;
		char bytes[SIZE_TEXT_MAX], seconds[SIZE_TEXT_MAX];

		more += tally->files && shown == totals->worst.room;
		if (tally->files == 0 || shown == totals->worst.room)
			continue;
		fprintf(to,
			"%10" PRIu64 " %10" PRIu64 " %10s %10" PRIu64 " %10" PRIu64 " %9s  %s\n",
			tally->files, tally->fragmented_files,
			size_human((double)tally->size_bytes, bytes), tally->fragments,
			tally->ideal_fragments, duration_human(tally->extra_seconds, seconds),
			name ? name : "?");
		shown++;
	}
	if (more)
		fprintf(to, "%10zu more (--worst %zu shows all)\n", more, shown + more);
}

/* ---- the worst ---- */

static void show_worst(FILE *to, const struct worst_files *worst, const char *what)
{
	if (worst->count == 0)
		return;
	fprintf(to, "\nThe worst%s, by %s\n%9s %10s %7s %10s  file\n", what, worst->sort->name,
		"seeks", "fragments", "minimum", "size");
	for (size_t i = 0; i < worst->count; i++) {
		const struct frag_file *file = &worst->file[i];
		CLEANUP(freep) char *name = file->path ? quote_name(file->path) : NULL;
		char bytes[SIZE_TEXT_MAX], seconds[SIZE_TEXT_MAX], fragments[SHOW_FRAGMENTS_MAX];

		fprintf(to, "%9s %10s %7" PRIu64 " %10s  ",
			duration_human(file->extra_seconds, seconds),
			show_fragments(file, fragments), file->ideal_fragments,
			size_human((double)file->size_bytes, bytes));
		if (name)
			fprintf(to, "%s\n", name);
		else
			fprintf(to, "inode %" PRIu64 "\n", file->inode);
	}
}

static void show_own_directories(FILE *to, const struct totals *totals)
{
	const struct tally *own = &totals->own_directories;
	char size[SIZE_TEXT_MAX], cost[SIZE_TEXT_MAX];

	fprintf(to,
		"\nDirectories themselves: %" PRIu64 ", %" PRIu64 " fragmented, %s, %" PRIu64
		" fragment%s (minimum %" PRIu64 "), cost %s\n",
		own->files, own->fragmented_files, size_human((double)own->size_bytes, size),
		own->fragments, words_plural(own->fragments), own->ideal_fragments,
		duration_human(own->extra_seconds, cost));
	if (totals->directories > own->files)
		fprintf(to,
			"%12" PRIu64 " more, on file systems that do not report where they are\n",
			totals->directories - own->files);
	if (own->fragmented_files)
		fprintf(to, "  (e2fsck -fD compacts the directories of an unmounted file system; "
			    "not done here)\n");
	show_worst(to, &totals->worst_directories, " directories");
}

/* ---- free space ---- */

static void put_class(FILE *to, const struct free_space *space, unsigned i, bool ascii)
{
	const struct free_class *class = &space->by_size[i];
	double share = space->bytes ? (double)class->bytes / (double)space->bytes : 0;
	char from[SIZE_TEXT_MAX], bytes[SIZE_TEXT_MAX];

	fprintf(to, "%16s %10" PRIu64 " %-4s  %10s  %5.1f %% ",
		size_human((double)(1ull << i), from), class->runs,
		class->runs == 1 ? "run" : "runs", size_human((double)class->bytes, bytes),
		100 * share);
	for (int column = 0; column < (int)(40 * share + 0.5); column++)
		fputs(ascii ? "#" : "█", to);
	fputc('\n', to);
}

static void show_free(FILE *to, const struct free_space *space, bool ascii)
{
	const uint64_t gib = 1ull << 30;
	uint64_t fragments = free_space_fragments(space, gib);
	char bytes[SIZE_TEXT_MAX], largest[SIZE_TEXT_MAX];

	fprintf(to, "\nFree space: %s in %" PRIu64 " run%s; the largest has %s\n",
		size_human((double)space->bytes, bytes), space->runs, words_plural(space->runs),
		size_human((double)space->largest_bytes, largest));
	if (fragments)
		fprintf(to, "A file of 1 GiB would get %" PRIu64 " fragment%s at best.\n",
			fragments, words_plural(fragments));
	else
		fprintf(to, "A file of 1 GiB would not fit.\n");
	fprintf(to, "Free runs by size, from\n");
	for (unsigned i = 0; i < FREE_CLASSES; i++)
		if (space->by_size[i].runs)
			put_class(to, space, i, ascii);
}

/* ---- sums ---- */

static void put_count_if(FILE *to, uint64_t count, const char *one, const char *many)
{
	if (count)
		fprintf(to, "%12" PRIu64 " %s\n", count, count == 1 ? one : many);
}

static void put_bytes_if(FILE *to, uint64_t bytes, const char *what)
{
	char text[SIZE_TEXT_MAX];

	if (bytes)
		fprintf(to, "%12s %s\n", size_human((double)bytes, text), what);
}

static void show_sums(FILE *to, const struct frag_result *result)
{
	const struct totals *totals = &result->totals;
	const struct tally *all = &totals->all, *unknown = &totals->unknown;
	const char *at_least = unknown->files ? " at least" : "";
	uint64_t files = all->files + unknown->files;
	uint64_t fragmented = all->fragmented_files + unknown->fragmented_files;
	uint64_t fragments = all->fragments + unknown->fragments;
	uint64_t extents = all->extents + unknown->extents;
	char size[SIZE_TEXT_MAX], disk[SIZE_TEXT_MAX];

	fprintf(to, "%12" PRIu64 " file%s, %s, on %s (source: %s)\n", files, words_plural(files),
		size_human((double)all->size_bytes + (double)unknown->size_bytes, size),
		result->facts.kind ? result->facts.kind->name : "nothing", result->source);
	fprintf(to, "%12" PRIu64 " fragmented%s (%.1f %%)\n", fragmented, at_least,
		files ? 100.0 * (double)fragmented / (double)files : 0);
	fprintf(to, "%12" PRIu64 " fragment%s%s in %" PRIu64 " extent%s; minimum %" PRIu64 "\n",
		fragments, words_plural(fragments), at_least, extents, words_plural(extents),
		all->ideal_fragments + unknown->ideal_fragments);
	fprintf(to, "%12s in extents of files\n",
		size_human((double)all->mapped_bytes + (double)unknown->mapped_bytes, disk));
	put_count_if(
		to, unknown->files,
		"file is compressed or not written out yet: of its fragments only some are known",
		"files are compressed or not written out yet: of their fragments only "
		"some are known");
	put_count_if(to, totals->blockless_files, "file without blocks", "files without blocks");
	put_bytes_if(to, totals->unwritten_bytes, "allocated but unwritten");
	put_bytes_if(to, totals->shared_bytes, "in extents shared with other files");
	if (totals->shared_bytes)
		put_bytes_if(to, totals->shared_distinct_bytes,
			     "of that, each extent counted once");
	put_bytes_if(to, totals->encoded_bytes, "compressed or encrypted");
	put_bytes_if(to, totals->delayed_bytes, "delayed allocation (--sync flushes it)");
	put_count_if(to, totals->linked_again, "hard link to a file already counted",
		     "hard links to files already counted");
	put_count_if(to, totals->special_files, "symbolic link or special file left out",
		     "symbolic links and special files left out");
	put_count_if(to, totals->filtered_files, "file left out by --min-size or --newer",
		     "files left out by --min-size or --newer");
	put_count_if(to, totals->skipped_mounts, "mount left out", "mounts left out");
	put_count_if(to, totals->vanished_files, "file disappeared during the scan",
		     "files disappeared during the scan");
	put_count_if(to, totals->silent_files, "on a file system that does not report extents",
		     "on file systems that do not report extents");
}

static void show_unreadable(FILE *to, const struct totals *totals)
{
	if (totals->unreadable_count == 0)
		return;
	fprintf(to, "\nCould not be read: %" PRIu64 "\n", totals->unreadable_count);
	for (size_t i = 0; i < UNREADABLE_MAX && i < totals->unreadable_count; i++) {
		CLEANUP(freep) char *name = quote_name(totals->unreadable[i].path);

		fprintf(to, "  %s: %s\n", name ? name : "?", strerror(totals->unreadable[i].error));
	}
	if (totals->unreadable_count > UNREADABLE_MAX)
		fprintf(to, "  ... and %" PRIu64 " more\n",
			totals->unreadable_count - UNREADABLE_MAX);
}

void show_tree(FILE *to, const struct frag_result *result, const struct show_options *options)
{
	const struct totals *totals = &result->totals;

	if (result->partial)
		fprintf(to, "Interrupted: this is PARTIAL.\n\n");
	show_sums(to, result);
	fputc('\n', to);
	show_verdict(to, result, options);
	show_histogram(to, totals, options);
	show_sizes(to, totals);
	show_extensions(to, totals);
	show_directories(to, totals);
	show_worst(to, &totals->worst, "");
	if (options->with_directories)
		show_own_directories(to, totals);
	if (result->free)
		show_free(to, result->free, options->ascii);
	show_unreadable(to, totals);
	if (result->linked_full)
		fprintf(to, "\nThere were too many hard links to remember; some files may be "
			    "counted more than once.\n");
	if (result->note)
		fprintf(to, "\n%s\n", result->note);
}
