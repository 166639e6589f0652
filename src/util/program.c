/* SPDX-License-Identifier: MIT */
/*
 * What main() does is no matter of the verbs' folders, and the same for each program of the
 * project; so this prints, as alone in this folder, and for them.
 */
#include "program.h"

#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "suggest.h"

static void print_help(const struct program *program)
{
	size_t width = 0;

	for (const struct verb *verb = program->verbs; verb->name; verb++)
		width = strlen(verb->name) > width ? strlen(verb->name) : width;
	printf("Usage: %s VERB [OPTION...]\n%s\n", program->name, program->purpose);
	for (const struct verb *verb = program->verbs; verb->name; verb++)
		printf("  %-*s  %s\n", (int)width, verb->name, verb->summary);
	printf("\nExamples:\n%s\n`%s VERB --help` tells more, and so does %s.\n", program->examples,
	       program->name, program->page);
}

int program_complain(const struct program *program, const struct problem *problem, int error)
{
	fprintf(stderr, "%s: %s\n", program->name,
		problem->message ? problem->message : strerror(-error));
	return problem->message ? (int)problem->kind : PROBLEM_VERDICT;
}

static int is_abandoned(int fd)
{
	struct pollfd end = { .fd = fd, .events = POLLOUT };

	return poll(&end, 1, 0) > 0 && end.revents & POLLERR;
}

int program_flush(struct problem *problem)
{
	/* What failed at an earlier flush left no number behind. */
	int earlier = ferror(stdout), error = fflush(stdout) != 0 ? errno : earlier ? EIO : 0;

	if (error == 0 || is_abandoned(STDOUT_FILENO))
		return 0;
	return problem_set(problem, PROBLEM_VERDICT, error, "cannot print: %s", strerror(error));
}

static int unknown_verb(const struct program *program, const char *typed)
{
	const char *nearest = NULL;

	for (const struct verb *verb = program->verbs; verb->name; verb++)
		suggest_consider(typed, verb->name, &nearest);
	fprintf(stderr, "%s: unknown verb \"%s\"", program->name, typed);
	if (nearest)
		fprintf(stderr, "; did you mean \"%s\"?\n", nearest);
	else
		fprintf(stderr, "; `%s --help` shows them\n", program->name);
	return PROBLEM_USAGE;
}

static int run_verb(const struct program *program, const struct verb *verb, int argc, char **argv)
{
	CLEANUP(freep) char *name = NULL;

	if (asprintf(&name, "%s %s", program->name, verb->name) >= 0)
		argv[0] = name;
	else
		name = NULL;
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

int program_run(const struct program *program, int argc, char **argv)
{
	occupy_streams();
	argp_err_exit_status = PROBLEM_USAGE;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* beyond `ulimit -f` a write fails with EFBIG */
	if (argc < 2) {
		fprintf(stderr, "%s: no verb; `%s --help` shows them\n", program->name,
			program->name);
		return PROBLEM_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
		print_help(program);
		return 0;
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("%s %s\n", program->name, ALLOC_PERF_VERSION);
		return 0;
	}
	for (const struct verb *verb = program->verbs; verb->name; verb++)
		if (strcmp(verb->name, argv[1]) == 0)
			return run_verb(program, verb, argc - 1, argv + 1);
	return unknown_verb(program, argv[1]);
}
