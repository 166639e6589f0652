/* SPDX-License-Identifier: MIT */
/*
 * The commands that would help.  They are printed and never run: each of them
 * copies data, and on btrfs takes away what snapshots share.
 *
 * A path inside of a volume that is not mounted is not a path of this machine,
 * where another file may have that name: it is printed below MOUNTPOINT.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/quote.h"
#include "frag/show/show.h"
#include "base/size.h"
#include "base/words.h"
#include "base/text.h"
#include "frag/frag.h"
#include "frag/account/file.h"
#include "frag/account/filesystem.h"
#include "frag/account/free_space.h"

enum { COMMANDS_SHOWN = 3, TARGET_LEAST = 128 << 10 /* what btrfs compresses at once */ };

static const char mount_point[] = "MOUNTPOINT";

/* Of the file's own file system: a tree may go over several. */
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

/* As a shell takes it; NULL: out of memory. */
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

/* The file's kind if there is a command, or NULL. */
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

/* One command for all is known only where they are all on one kind of file system. */
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

void show_advice(FILE *to, const struct frag_result *result)
{
	if (result->totals.worth.files)
		put_commands(to, result);
	if (result->totals.no_room.files)
		put_no_room(to, result);
}
