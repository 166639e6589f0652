/* SPDX-License-Identifier: MIT */
/*
 * alloc-perf frag: its options.  If only files are given, each has a row; otherwise sums are
 * printed.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/terminal.h"
#include "base/cleanup.h"
#include "cmd/cmd.h"
#include "cmd/frag_request.h"
#include "base/io.h"
#include "base/command.h"
#include "base/words.h"
#include "frag/account/file.h"

enum {
	WORST_DEFAULT = 10,
	WORST_MAX = 100000,
	COLUMNS_ASSUMED = 80,
	DEPTH_MAX = 100,
	PARTITION_MAX = 1024,
	THREADS_MAX = 64,
};

#define NO_DEPTH UINT_MAX
#define SETS(kind, member) OPTION_INTO(kind, struct frag_request, member)
#define SETS_FORMAT(bit) .value = (bit), SETS(OPTION_BITS, format)

static int take_newer(void *input, const struct option_row *row, const char *argument,
		      struct problem *problem)
{
	struct frag_request *request = input;
	struct tm date = { .tm_isdst = -1 };
	struct stat status;
	const char *end;

	if (stat(argument, &status) == 0) {
		request->settings.newer = status.st_mtime;
		return 0;
	}
	end = strptime(argument, "%Y-%m-%d", &date);
	if (end && *end)
		end = strptime(end, " %H:%M", &date);
	if (!end || *end)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "invalid file or date \"%s\" for --%s: use an existing file, or "
				   "a date such as 2026-01-31",
				   argument, row->name);
	request->settings.newer = mktime(&date);
	return 0;
}

static int take_seconds(void *input, const struct option_row *row, const char *argument,
			struct problem *problem)
{
	char *end;
	double seconds = strtod(argument, &end);

	if (end == argument || *end || !(seconds >= 0.01 && seconds <= 86400))
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "invalid number of seconds \"%s\" for --%s: use 0.01 to 86400",
				   argument, row->name);
	((struct frag_request *)input)->watch_seconds = seconds;
	return 0;
}

static const struct option_row options[] = {
	{ .help = "What to scan:", .group = 1 },
	{ "volume", 0, NULL, "the whole mounted file system, device or image, with its free space",
	  .group = 1, SETS(OPTION_FLAG, is_volume) },
	{ "partition", 0, "N", "with --volume: the number of a partition in a disk image",
	  .group = 1, .least = 1, .most = PARTITION_MAX, SETS(OPTION_NUMBER, partition) },
	{ "files-from", 0, "FILE", "read names from FILE, one per line; - is standard input",
	  .group = 1, .values = "<file>", SETS(OPTION_TEXT, files_from) },
	{ "null", '0', NULL, "names that are read and printed end with a NUL byte", .group = 1,
	  SETS(OPTION_FLAG, zero) },
	{ "one-file-system", 'x', NULL, "do not cross mount points", .group = 1,
	  SETS(OPTION_FLAG, settings.one_filesystem) },
	{ "min-size", 0, "SIZE", "skip smaller files", .group = 1, .values = "64K 1M 1G",
	  SETS(OPTION_SIZE, settings.min_bytes) },
	{ "newer", 0, "FILE|DATE",
	  "skip files that were not modified after FILE was, or after a date such as 2026-01-31",
	  .group = 1, .values = "<file>", .take = take_newer },
	{ "exact", 0, NULL,
	  "also open files of one block, to see whether they are unwritten or shared", .group = 1,
	  SETS(OPTION_FLAG, settings.exact) },
	{ "extensions", 0, NULL,
	  "with --volume: also sums by extension, which needs to read all directories", .group = 1,
	  SETS(OPTION_FLAG, extensions) },
	{ "sync", 0, NULL, "flush each file first; this causes writes", .group = 1,
	  SETS(OPTION_FLAG, settings.sync) },
	{ "threads", 0, "N", "number of scanner threads", .group = 1, .most = THREADS_MAX,
	  .fallback = "several per CPU", SETS(OPTION_NUMBER, settings.threads) },
	{ .help = "What to show:", .group = 2 },
	{ "verbose", 'v', NULL, "for files: the table of extents, as printed by filefrag -v",
	  .group = 2, SETS(OPTION_FLAG, verbose) },
	{ "swap", 0, NULL,
	  "for files: whether swapon accepts them, and resume_offset for hibernation; swap files "
	  "show it by default",
	  .group = 2, SETS(OPTION_FLAG, swap) },
	{ "where", 0, NULL, "for files: in which parts the fragments start", .group = 2,
	  SETS(OPTION_FLAG, settings.with_parts) },
	{ "map", 'm', NULL, "a picture of the location on the volume", .group = 2,
	  SETS(OPTION_FLAG, settings.with_map) },
	{ "output", 'o', "FILE", "write the picture to FILE: .svg or .html", .group = 2,
	  .values = "<file>", SETS(OPTION_TEXT, output) },
	{ "force", 0, NULL, "also replace a result file", .group = 2, SETS(OPTION_FLAG, force) },
	{ "worst", 'n', "N", "how many of the worst files, and of directories, to show", .group = 2,
	  .most = WORST_MAX, .fallback = "10", SETS(OPTION_NUMBER, settings.worst_count) },
	{ "depth", 'd', "N",
	  "sums by directory, down to N levels below each DIR or the top of the volume", .group = 2,
	  .most = DEPTH_MAX, .values = "0 1 2", SETS(OPTION_NUMBER, depth) },
	{ "directories", 0, NULL, "include the blocks of directories themselves (ext2, ext3, ext4)",
	  .group = 2, SETS(OPTION_FLAG, settings.with_directories) },
	{ "sort", 's', "KEY", "sort the worst files by this", .group = 2, .fallback = "cost",
	  OPTION_FROM(frag_sorts, frag_sort_count, struct frag_request, settings.sort) },
	{ "model", 0, "MODEL", "the cost model", .group = 2, .fallback = "as the device reports",
	  OPTION_FROM(seek_models, seek_model_count, struct frag_request, settings.model) },
	{ "json", 0, NULL, "one JSON document with all results", .group = 2,
	  SETS_FORMAT(FRAG_JSON) },
	{ "each", 0, NULL, "one JSON object per file and line", .group = 2,
	  SETS_FORMAT(FRAG_EACH) },
	{ "csv", 0, NULL, "one CSV row per file", .group = 2, SETS_FORMAT(FRAG_CSV) },
	{ "names", 0, NULL,
	  "only the names of files worth rewriting; for an image, relative to its top", .group = 2,
	  SETS_FORMAT(FRAG_NAMES) },
	{ "diff", 0, "BEFORE", "compare with BEFORE, which --json wrote", .group = 2,
	  .values = "<file>", SETS(OPTION_TEXT, diff) },
	{ "watch", 0, "SECONDS",
	  "check a file at this interval, and print a row when it has changed, until Ctrl-C",
	  .group = 2, .take = take_seconds },
	{ "ascii", 0, NULL, "use only ASCII characters", .group = 2,
	  SETS(OPTION_FLAG, show.ascii) },
	{ "quiet", 'q', NULL, "no progress", .group = 2, SETS(OPTION_FLAG, quiet) },
	{ 0 },
};

/* Sets what an option implies for others. */
static void settle(struct frag_request *request, char **names)
{
	struct frag_settings *settings = &request->settings;

	request->names = names;
	request->name_count = words_count(names);
	settings->exact |= settings->with_map;
	request->show.with_directories = settings->with_directories;
	request->show.model_chosen = settings->model != NULL;
	if (request->depth != NO_DEPTH)
		settings->depth = request->depth + 1;
	settings->with_names = request->extensions || settings->with_directories || settings->depth;
}

static bool are_all_files(const struct frag_request *request)
{
	struct stat status;

	for (size_t i = 0; i < request->name_count; i++)
		if (stat(request->names[i], &status) == 0 && S_ISDIR(status.st_mode))
			return false;
	return !request->files_from;
}

static bool is_picture(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot && (strcmp(dot, ".svg") == 0 || strcmp(dot, ".html") == 0);
}

/* The options that exclude each other; NULL: none. */
static const char *find_conflict(const struct frag_request *request)
{
	const struct frag_settings *settings = &request->settings;
	bool only_files = !request->is_volume && are_all_files(request);

	if (request->name_count == 0 && !request->files_from)
		return "give a file, a directory, or a file system with --volume";
	if (request->format & (request->format - 1))
		return "use only one of --json, --each, --csv and --names";
	if (request->is_volume && (request->name_count != 1 || request->files_from))
		return "--volume takes one mount point, device or image";
	if (request->partition && !request->is_volume)
		return "--partition needs --volume";
	if (request->partition && settings->with_directories)
		return "--directories and --partition cannot be combined";
	if (request->watch_seconds > 0 && (request->name_count != 1 || request->is_volume))
		return "--watch takes one file";
	if (settings->with_directories && only_files)
		return "--directories takes directories, or --volume";
	if (settings->depth && only_files)
		return "--depth takes directories, or --volume";
	if (request->extensions && !request->is_volume)
		return "--extensions needs --volume; trees show them by default";
	if ((request->swap || settings->with_parts) && !only_files)
		return request->swap ? "--swap takes files" : "--where takes files";
	if (request->output && !settings->with_map)
		return "--output is for the picture; add --map";
	if (request->output && !is_picture(request->output))
		return "--output takes a name that ends in .svg or .html";
	if (request->diff && request->format != FRAG_TABLE && request->format != FRAG_JSON)
		return "--diff prints a table, or JSON with --json; omit the other format";
	if (request->zero && !request->files_from && request->format != FRAG_NAMES)
		return "--null is for --files-from and --names";
	return NULL;
}

static int check(const struct frag_request *request, struct problem *problem)
{
	const char *const others[] = { request->files_from, request->diff };
	const char *conflict = find_conflict(request);
	int r = 0;

	if (conflict)
		return problem_set(problem, PROBLEM_USAGE, EINVAL, "%s", conflict);
	if (!request->output)
		return 0;
	for (size_t i = 0; r == 0 && i < request->name_count; i++)
		r = output_check_input(request->output, request->names[i], problem);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(others); i++)
		if (others[i])
			r = output_check_input(request->output, others[i], problem);
	return r < 0 ? r : output_check(request->output, request->force, problem);
}

static void read_terminal(struct show_options *show)
{
	unsigned columns = terminal_size(STDOUT_FILENO).columns;

	if (!terminal_is_utf8())
		show->ascii = true;
	show->columns = columns ? columns : COLUMNS_ASSUMED;
}

static int run_frag(const struct command *self, int argc, char **argv)
{
	struct frag_request request = {
		.settings = { .sort = &frag_sorts[0],
			      .worst_count = WORST_DEFAULT,
			      .cancel_fd = -1 },
		.depth = NO_DEPTH,
		.start_ns = io_now_ns(),
	};
	CLEANUP(problem_clear) struct problem problem = { 0 };
	int status, r;

	read_terminal(&request.show);
	settle(&request, command_parse(self, argc, argv, &request));
	progress_line_start(&request.progress, request.quiet, 500000000, 200000000);
	r = check(&request, &problem);
	if (r < 0)
		return cmd_complain(&problem, r);
	request.settings.cancel_fd = cmd_catch_signals();
	if (request.settings.cancel_fd < 0)
		return cmd_complain(&(struct problem) { 0 }, request.settings.cancel_fd);
	if (request.watch_seconds > 0)
		status = frag_watch(&request);
	else if (request.is_volume)
		status = frag_whole_volume(&request);
	else if (are_all_files(&request))
		status = frag_files(&request);
	else
		status = frag_tree(&request);
	fd_close(request.settings.cancel_fd);
	return status;
}

const struct command cmd_frag = {
	.name = "frag",
	.summary = "show how fragmented files, trees and file systems are",
	.arguments = "FILE...\nDIR...\n--volume MOUNTPOINT|IMAGE",
	.values = "<file>",
	.purpose = "Show how fragmented files, trees and whole file systems are, whether it "
		   "matters, and what would help.  Nothing is written, unless --sync asks for it.",
	.examples =
		"  alloc-perf frag /var/lib/mysql/ibdata1       a file\n"
		"  alloc-perf frag -v ibdata1                   its extents\n"
		"  alloc-perf frag --map -o ibdata1.svg ibdata1\n"
		"  alloc-perf frag --where ibdata1              which part is fragmented?\n"
		"  alloc-perf frag --swap /swapfile             usable? where for hibernation?\n"
		"  alloc-perf frag --directories /var/mail      are directories fragmented?\n"
		"  alloc-perf frag -x -d 1 /srv                 which directory below it?\n"
		"  alloc-perf frag -x /srv                      a tree\n"
		"  sudo alloc-perf frag --volume /srv           the file system, and its free "
		"space\n"
		"  alloc-perf frag --volume root.img            an image, without root\n"
		"  alloc-perf frag --volume --partition 1 disk.img\n"
		"  alloc-perf frag --json /srv >before.json     and later\n"
		"  alloc-perf frag --diff before.json /srv\n"
		"  alloc-perf frag --names -0 /srv | xargs -0 -n1 e4defrag\n",
	.exit_status = "0 success, 1 something could not be read, or --diff found it worse, 2 "
		       "invalid usage, 3 a prerequisite is missing, 130 interrupted.",
	.options = options,
	.run = run_frag,
};
