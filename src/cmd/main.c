/* SPDX-License-Identifier: MIT */
/*
 * Finds the verb and hands over.  Every verb has its own options, help and man
 * page, as in git.
 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>

#include "cleanup.h"
#include "cmd.h"
#include "io.h"
#include "suggest.h"

static const struct verb {
	const char *name;
	const char *summary;
	int (*run)(int argc, char **argv);
} verbs[] = {
	{ "run", "measure methods on freshly formatted file systems", cmd_run },
	{ "report", "show results as a table, a chart, a page or csv", cmd_report },
	{ "diff", "tell what differs between two results beyond the noise", cmd_diff },
	{ "frag", "show how fragmented files, trees and file systems are", cmd_frag },
	{ "history", "keep results over time, and show how they went", cmd_history },
	{ "list", "show methods, file systems and testbeds, and what is usable here", cmd_list },
	{ "create", "create files with their disk space, by the best way there is", cmd_create },
};

static void print_help(void)
{
	printf("Usage: alloc-perf VERB [OPTION...]\n"
	       "Measures how a file is given its disk space: how long each way takes, how much\n"
	       "reaches the disk, and in how many fragments the file ends up.\n\n");
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		printf("  %-8s %s\n", verbs[i].name, verbs[i].summary);
	printf("\nExamples:\n"
	       "  alloc-perf run                         a first look, no root needed\n"
	       "  alloc-perf run --fs ext4,xfs --size 1G --on loop\n"
	       "  alloc-perf run --on dir:/srv --methods fallocate,chunk-4096\n"
	       "  alloc-perf report --chart time -o time.svg results.jsonl\n"
	       "  alloc-perf diff old.jsonl new.jsonl\n\n"
	       "  alloc-perf frag -x /srv                how fragmented is what is there?\n\n"
	       "`alloc-perf VERB --help` tells more, and so does alloc-perf(1).\n");
}

int cmd_complain(const struct problem *problem, int error)
{
	if (problem->message)
		fprintf(stderr, "alloc-perf: %s\n", problem->message);
	else
		fprintf(stderr, "alloc-perf: %s\n", strerror(-error));
	return problem->message ? (int)problem->kind : PROBLEM_VERDICT;
}

int cmd_catch_signals(void)
{
	sigset_t signals;
	int fd;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
		return -errno;
	fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

int cmd_write(const char *path, const char *text, size_t bytes, struct problem *problem)
{
	CLEANUP(fd_closep)
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)
		      : fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
	int r = fd < 0 ? -errno : io_write_all(fd, text, bytes);

	if (r == 0 && close(TAKE_FD(fd)) < 0)
		r = -errno;
	/* Who closes the pipe has seen enough. */
	if (r == 0 || (!path && r == -EPIPE))
		return 0;
	return problem_set(problem, PROBLEM_USAGE, -r, "cannot write %s: %s",
			   path ? path : "standard output", strerror(-r));
}

int cmd_print(const char *path, cmd_print_fn print, void *context, struct problem *problem)
{
	CLEANUP(freep) char *text = NULL;
	size_t bytes;
	FILE *memory = open_memstream(&text, &bytes);
	int r;

	if (!memory)
		return -ENOMEM;
	r = print(memory, context, problem);
	if (fclose(memory) != 0 && r == 0)
		r = -ENOMEM;
	return r < 0 ? r : cmd_write(path, text, bytes, problem);
}

unsigned cmd_columns(void)
{
	struct winsize size;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

static int unknown_verb(const char *typed)
{
	const char *nearest = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		suggest_consider(typed, verbs[i].name, &nearest);
	fprintf(stderr, "alloc-perf: unknown verb \"%s\"", typed);
	if (nearest)
		fprintf(stderr, "; did you mean \"%s\"?\n", nearest);
	else
		fprintf(stderr, "; `alloc-perf --help` shows them\n");
	return PROBLEM_USAGE;
}

static int run_verb(const struct verb *verb, int argc, char **argv)
{
	CLEANUP(freep) char *name = NULL;

	if (asprintf(&name, "alloc-perf %s", verb->name) >= 0)
		argv[0] = name;
	return verb->run(argc, argv);
}

/*
 * A file that got the number of a closed stream would be printed into.  What
 * takes its place fails with EBADF, as the stream itself would.
 */
static void occupy_streams(void)
{
	int fd;

	do
		fd = open("/dev/null", O_PATH);
	while (fd >= 0 && fd <= STDERR_FILENO);
	fd_close(fd);
}

int main(int argc, char **argv)
{
	occupy_streams();
	argp_err_exit_status = PROBLEM_USAGE;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* beyond `ulimit -f` a write fails with EFBIG */
	if (argc < 2) {
		fprintf(stderr, "alloc-perf: no verb; `alloc-perf --help` shows them\n");
		return PROBLEM_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
		print_help();
		return 0;
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("alloc-perf %s\n", ALLOC_PERF_VERSION);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (strcmp(verbs[i].name, argv[1]) == 0)
			return run_verb(&verbs[i], argc - 1, argv + 1);
	return unknown_verb(argv[1]);
}
