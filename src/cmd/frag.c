/* SPDX-License-Identifier: MIT */
/*
 * alloc-perf frag: options.  What is named decides the way: only files get a row
 * each, anything else sums.
 */
#include <argp.h>
#include <errno.h>
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
#include "cmd/output.h"
#include "base/command.h"
#include "base/size.h"
#include "base/suggest.h"
#include "frag/show/file.h"

enum {
	WORST_DEFAULT = 10,
	WORST_MAX = 100000,
	COLUMNS_ASSUMED = 80,
	DEPTH_MAX = 100,
	PARTITION_MAX = 1024
};

enum option_key {
	KEY_VERBOSE = 'v',
	KEY_MAP = 'm',
	KEY_OUTPUT = 'o',
	KEY_WORST = 'n',
	KEY_SORT = 's',
	KEY_ONE = 'x',
	KEY_ZERO = '0',
	KEY_QUIET = 'q',
	KEY_DEPTH = 'd',
	KEY_VOLUME = 256,
	KEY_JSON,
	KEY_EACH,
	KEY_CSV,
	KEY_NAMES,
	KEY_MIN_SIZE,
	KEY_NEWER,
	KEY_FILES_FROM,
	KEY_EXACT,
	KEY_EXTENSIONS,
	KEY_SYNC,
	KEY_MODEL,
	KEY_THREADS,
	KEY_DIFF,
	KEY_WATCH,
	KEY_ASCII,
	KEY_FORCE,
	KEY_SWAP,
	KEY_WHERE,
	KEY_DIRECTORIES,
	KEY_PARTITION,
};

static const struct option_row options[] = {
	{ .help = "What to scan:", .group = 1 },
	{ "volume", KEY_VOLUME, NULL,
	  "The whole mounted file system, device or image, with its free space", .group = 1 },
	{ "partition", KEY_PARTITION, "N",
	  "With --volume: the number of a partition in a disk image", .group = 1 },
	{ "files-from", KEY_FILES_FROM, "FILE",
	  "Read names from FILE, one per line; - is standard input", .group = 1,
	  .values = "<file>" },
	{ "null", KEY_ZERO, NULL, "Names that are read and printed end with a NUL byte",
	  .group = 1 },
	{ "one-file-system", KEY_ONE, NULL, "Do not cross mount points", .group = 1 },
	{ "min-size", KEY_MIN_SIZE, "SIZE", "Skip smaller files", .group = 1,
	  .values = "64K 1M 1G" },
	{ "newer", KEY_NEWER, "FILE|DATE",
	  "Skip files that were not modified after FILE was, or after a date such as 2026-01-31",
	  .group = 1, .values = "<file>" },
	{ "exact", KEY_EXACT, NULL,
	  "Also open files of one block, to see whether they are unwritten or shared", .group = 1 },
	{ "extensions", KEY_EXTENSIONS, NULL,
	  "With --volume: also sums by extension, which needs to read all directories",
	  .group = 1 },
	{ "sync", KEY_SYNC, NULL, "Flush each file first; this causes writes", .group = 1 },
	{ "threads", KEY_THREADS, "N", "Number of scanner threads (default: several per CPU)",
	  .group = 1 },
	{ .help = "What to show:", .group = 2 },
	{ "verbose", KEY_VERBOSE, NULL,
	  "For files: the table of extents, as printed by filefrag -v", .group = 2 },
	{ "swap", KEY_SWAP, NULL,
	  "For files: whether swapon accepts them, and resume_offset for hibernation; swap files "
	  "show it by default",
	  .group = 2 },
	{ "where", KEY_WHERE, NULL, "For files: in which parts the fragments start", .group = 2 },
	{ "map", KEY_MAP, NULL, "A picture of the location on the volume", .group = 2 },
	{ "output", KEY_OUTPUT, "FILE", "Write the picture to FILE: .svg or .html", .group = 2,
	  .values = "<file>" },
	{ "force", KEY_FORCE, NULL, "Also replace a result file", .group = 2 },
	{ "worst", KEY_WORST, "N",
	  "How many of the worst files, and of directories, to show (default: 10)", .group = 2 },
	{ "depth", KEY_DEPTH, "N",
	  "Sums by directory, down to N levels below each DIR or the top of the volume", .group = 2,
	  .values = "0 1 2" },
	{ "directories", KEY_DIRECTORIES, NULL,
	  "Include the blocks of directories themselves (ext2, ext3, ext4)", .group = 2 },
	{ "sort", KEY_SORT, "KEY",
	  "Sort the worst files by cost (default), fragments, extents, size or density", .group = 2,
	  .values = "cost fragments extents size density" },
	{ "model", KEY_MODEL, "disk|flash",
	  "Cost model: disk or flash (default: as the device reports)", .group = 2,
	  .values = "disk flash" },
	{ "json", KEY_JSON, NULL, "One JSON document with all results", .group = 2 },
	{ "each", KEY_EACH, NULL, "One JSON object per file and line", .group = 2 },
	{ "csv", KEY_CSV, NULL, "One CSV row per file", .group = 2 },
	{ "names", KEY_NAMES, NULL,
	  "Only the names of files worth rewriting; for an image, relative to its top",
	  .group = 2 },
	{ "diff", KEY_DIFF, "BEFORE", "Compare with BEFORE, which --json wrote", .group = 2,
	  .values = "<file>" },
	{ "watch", KEY_WATCH, "SECONDS",
	  "Check a file at this interval, and print a row when it has changed, until Ctrl-C",
	  .group = 2 },
	{ "ascii", KEY_ASCII, NULL, "Use only ASCII characters", .group = 2 },
	{ "quiet", KEY_QUIET, NULL, "No progress", .group = 2 },
	{ 0 },
};

/* ---- values ---- */

static void parse_sort(const char *text, struct argp_state *state, const struct frag_sort **ret)
{
	const char *nearest = NULL;

	*ret = frag_sort_find(text);
	if (*ret)
		return;
	for (unsigned i = 0; i < frag_sort_count; i++)
		suggest_consider(text, frag_sorts[i].name, &nearest);
	argp_error(state, "invalid sort key \"%s\"%s%s%s", text,
		   nearest ? "; did you mean \""
			   : "; use cost, fragments, extents, size or density",
		   nearest ? nearest : "", nearest ? "\"?" : "");
}

static void parse_model(const char *text, struct argp_state *state, const struct seek_model **ret)
{
	*ret = seek_model_find(text);
	if (!*ret)
		argp_error(state, "invalid model \"%s\": use disk or flash", text);
}

static unsigned parse_number(const char *option, const char *text, unsigned long most,
			     struct argp_state *state)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || number > most)
		argp_error(state, "invalid number \"%s\" for --%s: use 0 to %lu", text, option,
			   most);
	return (unsigned)number;
}

static unsigned parse_partition(const char *text, struct argp_state *state)
{
	unsigned number = parse_number("partition", text, PARTITION_MAX, state);

	if (number == 0)
		argp_error(state, "invalid number \"0\" for --partition: partitions start at 1");
	return number;
}

static void parse_size(const char *text, struct argp_state *state, uint64_t *ret)
{
	if (size_parse(text, ret) < 0)
		argp_error(state,
			   "invalid size \"%s\" for --min-size: use a number with K, M, G or T, "
			   "such as 64K",
			   text);
}

static void parse_newer(const char *text, struct argp_state *state, time_t *ret)
{
	struct tm date = { .tm_isdst = -1 };
	struct stat status;
	const char *end;

	if (stat(text, &status) == 0) {
		*ret = status.st_mtime;
		return;
	}
	end = strptime(text, "%Y-%m-%d", &date);
	if (end && *end)
		end = strptime(end, " %H:%M", &date);
	if (!end || *end)
		argp_error(state,
			   "invalid file or date \"%s\" for --newer: use an existing file, or a "
			   "date such as 2026-01-31",
			   text);
	*ret = mktime(&date);
}

static double parse_seconds(const char *text, struct argp_state *state)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end || !(seconds >= 0.01 && seconds <= 86400))
		argp_error(state, "invalid number of seconds \"%s\" for --watch", text);
	return seconds;
}

/* ---- options ---- */

static void set_format(struct frag_request *request, enum frag_format format,
		       struct argp_state *state)
{
	if (request->format != FRAG_TABLE && request->format != format)
		argp_error(state, "use only one of --json, --each, --csv and --names");
	request->format = format;
}

static error_t parse_flag(int key, struct frag_request *request, struct argp_state *state)
{
	switch (key) {
	case KEY_VERBOSE:
		request->verbose = true;
		return 0;
	case KEY_MAP:
		request->settings.with_map = request->settings.exact = true;
		return 0;
	case KEY_ONE:
		request->settings.one_filesystem = true;
		return 0;
	case KEY_ZERO:
		request->zero = true;
		return 0;
	case KEY_QUIET:
		request->quiet = true;
		return 0;
	case KEY_ASCII:
		request->show.ascii = true;
		return 0;
	case KEY_FORCE:
		request->force = true;
		return 0;
	case KEY_EXACT:
		request->settings.exact = true;
		return 0;
	case KEY_EXTENSIONS:
		request->settings.with_names = request->extensions = true;
		return 0;
	case KEY_SYNC:
		request->settings.sync = true;
		return 0;
	case KEY_DIRECTORIES:
		request->settings.with_directories = request->show.with_directories = true;
		request->settings.with_names = true;
		return 0;
	case KEY_WHERE:
		request->settings.with_parts = true;
		return 0;
	case KEY_SWAP:
		request->swap = true;
		return 0;
	case KEY_JSON:
	case KEY_EACH:
	case KEY_CSV:
	case KEY_NAMES:
		set_format(request, FRAG_JSON + (enum frag_format)(key - KEY_JSON), state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static bool are_all_files(const struct frag_request *request)
{
	struct stat status;

	for (size_t i = 0; i < request->name_count; i++)
		if (stat(request->names[i], &status) == 0 && S_ISDIR(status.st_mode))
			return false;
	return !request->files_from;
}

/* What does not go together. */
static void check(const struct frag_request *request, struct argp_state *state)
{
	if (request->name_count == 0 && !request->files_from)
		argp_error(state, "give a file, a directory, or a file system with --volume");
	if (request->is_volume && (request->name_count != 1 || request->files_from))
		argp_error(state, "--volume takes one mount point, device or image");
	if (request->partition && !request->is_volume)
		argp_error(state, "--partition needs --volume");
	if (request->partition && request->show.with_directories)
		argp_error(state, "--directories and --partition cannot be combined");
	if (request->watch_seconds > 0 && (request->name_count != 1 || request->is_volume))
		argp_error(state, "--watch takes one file");
	if (request->show.with_directories && !request->is_volume && are_all_files(request))
		argp_error(state, "--directories takes directories, or --volume");
	if (request->settings.depth && !request->is_volume && are_all_files(request))
		argp_error(state, "--depth takes directories, or --volume");
	if (request->extensions && !request->is_volume)
		argp_error(state, "--extensions needs --volume; trees show them by default");
	if ((request->swap || request->settings.with_parts) &&
	    (request->is_volume || !are_all_files(request)))
		argp_error(state, "--%s takes files", request->swap ? "swap" : "where");
	if (request->output && !request->settings.with_map)
		argp_error(state, "--output is for the picture; add --map");
	if (request->diff && request->format != FRAG_TABLE)
		argp_error(state, "--diff prints a table; omit the other format");
	if (request->zero && !request->files_from && request->format != FRAG_NAMES)
		argp_error(state, "--null is for --files-from and --names");
}

static void check_output(const char *path, struct argp_state *state)
{
	const char *dot = strrchr(path, '.');

	if (!dot || (strcmp(dot, ".svg") != 0 && strcmp(dot, ".html") != 0))
		argp_error(state, "--output takes a name that ends in .svg or .html");
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct frag_request *request = state->input;
	struct frag_settings *settings = &request->settings;

	switch (key) {
	case KEY_VOLUME:
		request->is_volume = true;
		return 0;
	case KEY_PARTITION:
		request->partition = parse_partition(argument, state);
		return 0;
	case KEY_FILES_FROM:
		request->files_from = argument;
		return 0;
	case KEY_MIN_SIZE:
		parse_size(argument, state, &settings->min_bytes);
		return 0;
	case KEY_NEWER:
		parse_newer(argument, state, &settings->newer);
		return 0;
	case KEY_THREADS:
		settings->threads = parse_number("threads", argument, 64, state);
		return 0;
	case KEY_OUTPUT:
		check_output(argument, state);
		request->output = argument;
		return 0;
	case KEY_WORST:
		settings->worst_count = parse_number("worst", argument, WORST_MAX, state);
		return 0;
	case KEY_SORT:
		parse_sort(argument, state, &settings->sort);
		return 0;
	case KEY_DEPTH:
		settings->depth = parse_number("depth", argument, DEPTH_MAX, state) + 1;
		settings->with_names = true;
		return 0;
	case KEY_MODEL:
		parse_model(argument, state, &settings->model);
		return 0;
	case KEY_DIFF:
		request->diff = argument;
		return 0;
	case KEY_WATCH:
		request->watch_seconds = parse_seconds(argument, state);
		return 0;
	case ARGP_KEY_ARGS:
		request->names = state->argv + state->next;
		request->name_count = (size_t)(state->argc - state->next);
		return 0;
	case ARGP_KEY_END:
		check(request, state);
		return 0;
	default:
		return parse_flag(key, request, state);
	}
}

static int check_output_replaces(const struct frag_request *request, struct problem *problem)
{
	const char *const others[] = { request->files_from, request->diff };
	int r = 0;

	if (!request->output)
		return 0;
	for (size_t i = 0; r == 0 && i < request->name_count; i++)
		r = output_check_input(request->output, request->names[i], problem);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(others); i++)
		if (others[i])
			r = output_check_input(request->output, others[i], problem);
	return r < 0 ? r : output_check(request->output, request->force, problem);
}

/* ---- the way ---- */

static void look_at_terminal(struct show_options *show)
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
		.start_ns = io_now_ns(),
	};
	CLEANUP(problem_clear) struct problem problem = { 0 };
	int status, r;

	look_at_terminal(&request.show);
	command_parse_by(self, parse_option, argc, argv, &request);
	progress_line_start(&request.progress, request.quiet, 500000000, 200000000);
	r = check_output_replaces(&request, &problem);
	if (r < 0)
		return cmd_complain(&problem, r);
	request.show.model_chosen = request.settings.model != NULL;
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
