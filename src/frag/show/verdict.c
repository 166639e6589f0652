/* SPDX-License-Identifier: MIT */
/*
 * The answer in words: what the fragments cost, and whom.  Half a second in a
 * backup is no reason to rewrite anything; the commands (advice.c) follow only
 * where there is one.
 */
#include <inttypes.h>

#include "frag/show/show.h"
#include "base/size.h"
#include "base/words.h"
#include "frag/frag.h"
#include "frag/account/file.h"

/* Of all the reading: what all costly files cost together, to be worth a word. */
static const double share_that_matters = 0.01;
static const double seconds_that_matter = 1;

/* Of the rest, in which no file is costly by itself. */
static const double small_share = 0.1, small_seconds = 60;

/* Random reads are mostly smaller than that, and meet one fragment. */
enum { LARGE_FRAGMENT = 32 << 10 };

enum frag_verdict frag_verdict_of(const struct frag_result *result)
{
	const struct totals *totals = &result->totals;
	const struct tally *all = &totals->all, *unknown = &totals->unknown;
	double costly = totals->worth.extra_seconds + totals->no_room.extra_seconds;
	double reading = all->sequential_seconds + all->extra_seconds +
			 unknown->sequential_seconds + unknown->extra_seconds;

	if (all->files + totals->worth.files + totals->no_room.files == 0 &&
	    totals->unclear_files + totals->silent_files + totals->unreadable_count)
		return FRAG_VERDICT_UNCLEAR;
	if (costly >= seconds_that_matter && costly >= share_that_matters * reading)
		return totals->worth.files ? FRAG_VERDICT_WORTH : FRAG_VERDICT_NO_ROOM;
	if (all->extra_seconds >= small_seconds &&
	    all->extra_seconds >= small_share * all->sequential_seconds)
		return FRAG_VERDICT_MANY_SMALL;
	return FRAG_VERDICT_FINE;
}

const char *frag_verdict_name(enum frag_verdict verdict)
{
	static const char *const names[] = { "unclear", "fine", "many-small", "worth-rewriting",
					     "no-room" };

	return names[verdict];
}

/* ---- sentences ---- */

/* Of all files, those that nothing is said about. */
static void put_unclear(FILE *to, const struct totals *totals)
{
	fprintf(to, "unknown for %" PRIu64 " of %" PRIu64 " files",
		totals->unclear_files + totals->silent_files,
		totals->all.files + totals->unknown.files + totals->silent_files);
}

static void show_unclear(FILE *to, const struct totals *totals)
{
	fprintf(to, "Verdict: ");
	if (totals->unclear_files + totals->silent_files)
		put_unclear(to, totals);
	else
		fprintf(to, "unknown: nothing could be read");
	fputc('\n', to);
}

/* Of the files that have more than one. */
static double mean_fragment(const struct totals *totals, const struct tally *tally)
{
	uint64_t bytes = tally->mapped_bytes, fragments = tally->fragments;

	if (tally == &totals->all) {
		bytes -= totals->by_count[0].mapped_bytes + totals->by_count[1].mapped_bytes;
		fragments -= totals->by_count[1].fragments;
	}
	return fragments ? (double)bytes / (double)fragments : LARGE_FRAGMENT;
}

/* Whoever reads it all pays once; whoever reads here and there, hardly. */
static void put_cost(FILE *to, const struct totals *totals, const struct tally *tally,
		     const char *of_what)
{
	char extra[SIZE_TEXT_MAX], with[SIZE_TEXT_MAX], without[SIZE_TEXT_MAX];
	double mean = mean_fragment(totals, tally);

	fprintf(to, "the fragments cost at most %s, once, per full read%s (%s instead of %s); ",
		duration_human(tally->extra_seconds, extra), of_what,
		duration_human(tally->sequential_seconds + tally->extra_seconds, with),
		duration_human(tally->sequential_seconds, without));
	if (mean >= LARGE_FRAGMENT)
		fprintf(to, "random access is hardly affected");
	else
		fprintf(to, "random access is affected if it reads more than a fragment (%s)",
			size_human(mean, extra));
}

static void put_model(FILE *to, const struct frag_result *result,
		      const struct show_options *options)
{
	fprintf(to, "\n  (model: %s, %s)\n", result->model->name, result->model->summary);
	/* Virtual disks say so, whatever is behind them. */
	if (!options->model_chosen && result->model->reads_through &&
	    result->totals.all.extra_seconds > 0)
		fprintf(to,
			"  (the device%s reports that it is a rotating disk; if it is not: --model "
			"flash)\n",
			result->paths_inside ? " below" : "");
}

static void put_fine(FILE *to, const struct frag_result *result)
{
	const struct totals *totals = &result->totals;
	const struct tally *all = &totals->all;

	fprintf(to, "Verdict: ");
	if (totals->unclear_files + totals->silent_files) {
		put_unclear(to, totals);
		fprintf(to, "; the others are fine: ");
	} else {
		fprintf(to, "fine: ");
	}
	if (all->extra_seconds <= 0) {
		fprintf(to, "the fragments cost nothing");
		return;
	}
	put_cost(to, totals, all, "");
	fprintf(to, ": look elsewhere");
}

void show_verdict(FILE *to, const struct frag_result *result, const struct show_options *options)
{
	const struct totals *totals = &result->totals;
	enum frag_verdict verdict = frag_verdict_of(result);
	char bytes[SIZE_TEXT_MAX];

	switch (verdict) {
	case FRAG_VERDICT_UNCLEAR:
		show_unclear(to, totals);
		return;
	case FRAG_VERDICT_FINE:
		put_fine(to, result);
		break;
	case FRAG_VERDICT_MANY_SMALL:
		fprintf(to, "Verdict: no file is worth rewriting by itself, but together ");
		put_cost(to, totals, &totals->all, " of everything (for example a backup)");
		fprintf(to, "; a copy of the whole tree would have fewer");
		break;
	case FRAG_VERDICT_WORTH:
		fprintf(to,
			"Verdict: worth rewriting: %" PRIu64 " file%s, %s: ", totals->worth.files,
			words_plural(totals->worth.files),
			size_human((double)totals->worth.mapped_bytes, bytes));
		put_cost(to, totals, &totals->worth, " of them");
		break;
	case FRAG_VERDICT_NO_ROOM:
		fprintf(to, "Verdict: rewriting would not help now: ");
		put_cost(to, totals, &totals->no_room, "");
		break;
	}
	if (verdict != FRAG_VERDICT_FINE && totals->unclear_files + totals->silent_files) {
		fprintf(to, "; ");
		put_unclear(to, totals);
	}
	put_model(to, result, options);
	if (verdict == FRAG_VERDICT_WORTH || verdict == FRAG_VERDICT_NO_ROOM)
		show_advice(to, result);
}
