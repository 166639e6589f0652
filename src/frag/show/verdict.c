/* SPDX-License-Identifier: MIT */
/*
 * The answer in words: what the fragments cost.  Half a second per backup is no reason to rewrite
 * anything; commands are printed only if there is a reason.
 *
 * They are printed and never run: each of them copies data, and on btrfs unshares extents of
 * snapshots.  A path inside of a volume that is not mounted is printed below MOUNTPOINT, since
 * another file of this machine may have that path.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/quote.h"
#include "base/size.h"
#include "base/text.h"
#include "base/words.h"
#include "frag/account/file.h"
#include "frag/account/filesystem.h"
#include "frag/account/free_space.h"
#include "frag/frag.h"
#include "frag/show/show.h"

/* All costly files together have to cost this share of the time to read everything. */
static const double share_that_matters = 0.01;
static const double seconds_that_matter = 1;

/* The same for all other files, none of which is costly by itself. */
static const double small_share = 0.1, small_seconds = 60;

/* Random reads are mostly smaller, and need one fragment. */
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

/* How many files the verdict is not about. */
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

/* The mean fragment of files that have more than one. */
static double mean_fragment(const struct totals *totals, const struct tally *tally)
{
	uint64_t bytes = tally->mapped_bytes, fragments = tally->fragments;

	if (tally == &totals->all) {
		bytes -= totals->by_count[0].mapped_bytes + totals->by_count[1].mapped_bytes;
		fragments -= totals->by_count[1].fragments;
	}
	return fragments ? (double)bytes / (double)fragments : LARGE_FRAGMENT;
}

/* A full read pays for each fragment once; random access hardly does. */
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
	/* Virtual disks report rotation, whatever they are made of. */
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

/* ---- commands ---- */

enum { COMMANDS_SHOWN = 3, TARGET_LEAST = 128 << 10 /* what btrfs compresses at once */ };

static const char mount_point[] = "MOUNTPOINT";

/* The kind of the file's own file system: a tree may contain several. */
static const struct filesystem_kind *kind_of(const struct frag_result *result,
					     const struct frag_file *file)
{
	const struct filesystem_facts *facts =
		result->filesystems ? filesystems_facts(result->filesystems, file->device) : NULL;

	return facts ? facts->kind : result->facts.kind;
}

/* Paths of btrfs start at its top, which is not always what mount(8) takes. */
static const char *mount_options(const struct filesystem_kind *kind)
{
	return strcmp(kind->name, "btrfs") == 0 ? " with -o subvolid=5" : "";
}

int show_argument(FILE *to, const char *path, bool is_inside)
{
	if (is_inside)
		path += strspn(path, "/");
	return fprintf(to, "%s%s", *path == '-' ? "./" : "", path) < 0 ? -EIO : 0;
}

/* Quoted for a shell; NULL: out of memory. */
static char *quote_argument(const char *path, bool is_inside)
{
	CLEANUP(freep) char *argument = NULL;

	if (is_inside)
		argument = text_path(mount_point, path + strspn(path, "/"));
	else
		argument = text_format("%s%s", *path == '-' ? "./" : "", path);
	return argument ? quote_name(argument) : NULL;
}

/* ---- what would help ---- */

uint64_t show_target_bytes(const struct frag_result *result, uint64_t device)
{
	const struct free_space *space =
		result->filesystems ? filesystems_space(result->filesystems, device) : NULL;
	uint64_t target = seek_target_bytes(result->model);

	while (space && target > TARGET_LEAST && target > space->largest_bytes)
		target /= 2;
	return target;
}

/* NULL: out of memory. */
static char *command_of(const struct frag_result *result, const struct filesystem_kind *kind,
			uint64_t device)
{
	char size[SIZE_TEXT_MAX];

	if (!kind->target)
		return strdup(kind->command);
	return text_format("%s %s %s", kind->command, kind->target,
			   size_name(show_target_bytes(result, device), size));
}

/* Prints the command for a file.  Its kind, or NULL if there is none. */
static const struct filesystem_kind *put_command(FILE *to, const struct frag_result *result,
						 const struct frag_file *file)
{
	const struct filesystem_kind *kind = kind_of(result, file);
	CLEANUP(freep) char *name = NULL, *command = NULL;

	if (!file->path || !file->is_worth || frag_path_is_unreachable(file->path))
		return NULL;
	name = quote_argument(file->path, result->paths_inside);
	if (!name)
		return NULL;
	if (kind->command)
		command = command_of(result, kind, file->device);
	if (command)
		fprintf(to, "    %s %s\n", command, name);
	else
		fprintf(to, "    cp -p --sparse=always %1$s %1$s.new && mv %1$s.new %1$s\n", name);
	return kind;
}

static void put_caveats(FILE *to, const struct filesystem_kind *const kinds[COMMANDS_SHOWN])
{
	for (unsigned i = 0; i < COMMANDS_SHOWN && kinds[i]; i++) {
		bool is_new = true;

		for (unsigned before = 0; before < i; before++)
			is_new = is_new && kinds[before] != kinds[i];
		if (is_new)
			fprintf(to, "  (not done here; %s)\n", kinds[i]->caveat);
	}
}

/* There is one command for all only if they are all on one kind of file system. */
static void put_command_for_all(FILE *to, const struct frag_result *result,
				const struct filesystem_kind *kind, unsigned shown)
{
	CLEANUP(freep)
	char *command = kind->command ? command_of(result, kind, result->facts.device) : NULL;

	if (result->totals.worth.files > shown)
		fprintf(to, "    ... for all: alloc-perf frag --names -0 %s | xargs -0 -n1 %s\n",
			result->paths_inside ? mount_point : "DIR",
			command ? command : "(a copy of each)");
}

static void put_commands(FILE *to, const struct frag_result *result)
{
	const struct worst_files *worst = &result->totals.worst;
	const struct filesystem_kind *kinds[COMMANDS_SHOWN] = { NULL };
	bool is_one_kind = true;
	unsigned shown = 0;

	if (result->paths_inside)
		fprintf(to, "  These files are on the volume. Mount it%s, then:\n",
			mount_options(result->facts.kind));
	for (size_t i = 0; i < worst->count && shown < COMMANDS_SHOWN; i++) {
		kinds[shown] = put_command(to, result, &worst->file[i]);
		if (!kinds[shown])
			continue;
		is_one_kind = is_one_kind && kinds[shown] == kinds[0];
		shown++;
	}
	if (shown && is_one_kind)
		put_command_for_all(to, result, kinds[0], shown);
	put_caveats(to, kinds);
}

/* ---- what would not ---- */

static void put_room_of(FILE *to, const struct frag_result *result, const struct frag_file *file)
{
	const struct free_space *space = filesystems_space(result->filesystems, file->device);
	CLEANUP(freep) char *name = file->path ? quote_name(file->path) : NULL;
	char bytes[SIZE_TEXT_MAX], fragments[SHOW_FRAGMENTS_MAX];

	if (name)
		fprintf(to, "    %s: ", name);
	else
		fprintf(to, "    inode %" PRIu64 ": ", file->inode);
	fprintf(to, "%s in %s fragments; ", size_human((double)file->layout.mapped_bytes, bytes),
		show_fragments(file, fragments));
	if (file->possible_fragments == 0)
		fprintf(to, "a second copy does not fit into the free space\n");
	else
		fprintf(to, "still %" PRIu64 " at best: the largest free run has %s\n",
			file->possible_fragments,
			space ? size_human((double)space->largest_bytes, bytes) : "less");
}

static void put_no_room(FILE *to, const struct frag_result *result)
{
	const struct tally *tally = &result->totals.no_room;
	const struct worst_files *worst = &result->totals.worst;
	char bytes[SIZE_TEXT_MAX];
	unsigned shown = 0;

	fprintf(to,
		"  %" PRIu64
		" file%s (%s) cannot be improved now: the free space is too small or in "
		"too many runs\n",
		tally->files, words_plural(tally->files),
		size_human((double)tally->mapped_bytes, bytes));
	for (size_t i = 0; i < worst->count && shown < COMMANDS_SHOWN; i++)
		if (worst->file[i].has_no_room) {
			put_room_of(to, result, &worst->file[i]);
			shown++;
		}
	fprintf(to, "  (free some space first, or move them to another file system and back; a "
		    "defragmenter can report success and change nothing)\n");
}

static void show_advice(FILE *to, const struct frag_result *result)
{
	if (result->totals.worth.files)
		put_commands(to, result);
	if (result->totals.no_room.files)
		put_no_room(to, result);
}

/* ---- all of it ---- */

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
