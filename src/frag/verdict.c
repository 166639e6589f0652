/* SPDX-License-Identifier: MIT */
/*
 * The answer in words.  The command is printed and never run: each of them
 * copies data, and on btrfs takes away what snapshots share.
 */
#include <inttypes.h>
#include <string.h>

#include "cleanup.h"
#include "quote.h"
#include "show.h"
#include "size.h"

enum { COMMANDS_SHOWN = 3 };

/* Of all the reading: what all files worth rewriting cost together, to be worth a word. */
static const double share_that_matters = 0.01;

static void put_reading(FILE *to, const struct tally *tally)
{
	char without[SIZE_TEXT_MAX], with[SIZE_TEXT_MAX];

	fprintf(to, "reading takes %s instead of %s",
		duration_human(tally->sequential_seconds + tally->extra_seconds, with),
		duration_human(tally->sequential_seconds, without));
}

/* Only files that the verdict is about. */
static void put_commands(FILE *to, const struct frag_result *result)
{
	const struct worst *worst = &result->totals.worst;
	const struct filesystem_kind *kind = result->facts.kind;
	unsigned shown = 0;

	for (size_t i = 0; i < worst->count && shown < COMMANDS_SHOWN; i++) {
		const struct frag_file *file = &worst->file[i];
		CLEANUP(freep) char *name = NULL;

		if (!file->path || !frag_file_is_worth(file))
			continue;
		name = quote_name(file->path);
		if (kind->command)
			fprintf(to, "    %s %s\n", kind->command, name ? name : "?");
		else
			fprintf(to, "    cp -p --sparse=always %1$s %1$s.new && mv %1$s.new %1$s\n",
				name ? name : "?");
		shown++;
	}
	if (shown && result->totals.worth.files > shown)
		fprintf(to, "    ... for all: alloc-perf frag --names -0 DIR | xargs -0 -n1 %s\n",
			kind->command ? kind->command : "(a copy of each)");
	fprintf(to, "  (not done here; %s)\n", kind->caveat);
}

/* Of all files, those that nothing is said about. */
static void put_unclear(FILE *to, const struct totals *totals)
{
	fprintf(to, "cannot tell for %" PRIu64 " of %" PRIu64 " files",
		totals->unclear_files + totals->silent_files,
		totals->all.files + totals->unknown.files + totals->silent_files);
}

static void show_unclear(FILE *to, const struct frag_result *result)
{
	const struct totals *totals = &result->totals;

	fprintf(to, "Verdict: ");
	if (totals->unclear_files + totals->silent_files)
		put_unclear(to, totals);
	else
		fprintf(to, "cannot tell: nothing could be read");
	fputc('\n', to);
}

/* Nothing but such as is not known. */
static bool is_unclear(const struct totals *totals)
{
	return totals->all.files + totals->worth.files == 0 &&
	       totals->unclear_files + totals->silent_files + totals->unreadable_count;
}

static bool is_fine(const struct totals *totals)
{
	double reading = totals->all.sequential_seconds + totals->all.extra_seconds +
			 totals->unknown.sequential_seconds + totals->unknown.extra_seconds;

	return totals->worth.extra_seconds < share_that_matters * reading ||
	       totals->worth.files == 0;
}

void show_verdict(FILE *to, const struct frag_result *result)
{
	const struct totals *totals = &result->totals;
	bool has_unclear = totals->unclear_files + totals->silent_files;
	char bytes[SIZE_TEXT_MAX];

	if (is_unclear(totals)) {
		show_unclear(to, result);
		return;
	}
	if (is_fine(totals)) {
		fprintf(to, "Verdict: ");
		if (has_unclear)
			put_unclear(to, totals);
		fprintf(to, "%s; all in all, ", has_unclear ? "; the others are fine" : "fine");
		put_reading(to, &totals->all);
		fprintf(to, "\n  (model: %s, %s)\n", result->model->name, result->model->summary);
		if (totals->worth.files)
			fprintf(to, "  %" PRIu64 " files (%s) could be rewritten all the same:\n",
				totals->worth.files,
				size_human((double)totals->worth.mapped_bytes, bytes));
	} else {
		fprintf(to, "Verdict: worth rewriting: %" PRIu64 " file%s, %s; of these, ",
			totals->worth.files, totals->worth.files == 1 ? "" : "s",
			size_human((double)totals->worth.mapped_bytes, bytes));
		put_reading(to, &totals->worth);
		if (has_unclear) {
			fprintf(to, "; ");
			put_unclear(to, totals);
		}
		fprintf(to, "\n  (model: %s, %s)\n", result->model->name, result->model->summary);
	}
	if (totals->worth.files)
		put_commands(to, result);
}
