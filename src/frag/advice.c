/* SPDX-License-Identifier: MIT */
/*
 * The commands that would help.  They are printed and never run: each of them
 * copies data, and on btrfs takes away what snapshots share.
 *
 * A path inside of a volume that is not mounted is not a path of this machine,
 * where another file may have that name: it is printed below MOUNTPOINT.
 */
#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "quote.h"
#include "show.h"

enum { COMMANDS_SHOWN = 3 };

static const char mount_point[] = "MOUNTPOINT";

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
	CLEANUP(file_closep) FILE *to = NULL;
	size_t bytes;

	to = open_memstream(&argument, &bytes);
	if (!to)
		return NULL;
	if (is_inside)
		fprintf(to, "%s/%s", mount_point, path + strspn(path, "/"));
	else
		show_argument(to, path, false);
	if (fclose(TAKE_PTR(to)) != 0)
		return NULL;
	return quote_name(argument);
}

/* 1 if there is one. */
static unsigned put_command(FILE *to, const struct frag_result *result,
			    const struct frag_file *file)
{
	const struct filesystem_kind *kind = result->facts.kind;
	CLEANUP(freep) char *name = NULL;

	if (!file->path || !frag_file_is_worth(file) || frag_path_is_unreachable(file->path))
		return 0;
	name = quote_argument(file->path, result->paths_inside);
	if (!name)
		return 0;
	if (kind->command)
		fprintf(to, "    %s %s\n", kind->command, name);
	else
		fprintf(to, "    cp -p --sparse=always %1$s %1$s.new && mv %1$s.new %1$s\n", name);
	return 1;
}

void show_advice(FILE *to, const struct frag_result *result)
{
	const struct worst *worst = &result->totals.worst;
	const struct filesystem_kind *kind = result->facts.kind;
	unsigned shown = 0;

	if (result->paths_inside)
		fprintf(to, "  These files are inside of the volume. Mount it%s, then:\n",
			mount_options(kind));
	for (size_t i = 0; i < worst->count && shown < COMMANDS_SHOWN; i++)
		shown += put_command(to, result, &worst->file[i]);
	if (shown && result->totals.worth.files > shown)
		fprintf(to, "    ... for all: alloc-perf frag --names -0 %s | xargs -0 -n1 %s\n",
			result->paths_inside ? mount_point : "DIR",
			kind->command ? kind->command : "(a copy of each)");
	fprintf(to, "  (not done here; %s)\n", kind->caveat);
}
