/* SPDX-License-Identifier: MIT */
/* The answer in words; the commands that would help follow (advice.c). */
#include <inttypes.h>

#include "show.h"
#include "size.h"

/* Of all the reading: what all files worth rewriting cost together, to be worth a word. */
static const double share_that_matters = 0.01;

static void put_reading(FILE *to, const struct tally *tally)
{
	char without[SIZE_TEXT_MAX], with[SIZE_TEXT_MAX];

	fprintf(to, "reading takes %s instead of %s",
		duration_human(tally->sequential_seconds + tally->extra_seconds, with),
		duration_human(tally->sequential_seconds, without));
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

	double costly = totals->worth.extra_seconds + totals->no_room.extra_seconds;

	return costly < share_that_matters * reading || costly == 0;
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
	} else if (totals->worth.files == 0) {
		fprintf(to, "Verdict: rewriting would not help now: ");
		put_reading(to, &totals->no_room);
		fprintf(to, "\n  (model: %s, %s)\n", result->model->name, result->model->summary);
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
	show_advice(to, result);
}
