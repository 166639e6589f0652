/* SPDX-License-Identifier: MIT */
/*
 * What main() does is no matter of the verbs' folders, and the same for each program of the
 * project; so this prints, as alone in this folder, and for them.
 */
#include "base/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/suggest.h"

static void print_help(const struct program *program)
{
	size_t width = 0;

	for (const struct verb *verb = program->verbs; verb->name; verb++)
		width = strlen(verb->name) > width ? strlen(verb->name) : width;
	printf("Usage: %s COMMAND [OPTION...]\n%s\n", program->name, program->purpose);
	for (const struct verb *verb = program->verbs; verb->name; verb++)
		printf("  %-*s  %s\n", (int)width, verb->name, verb->summary);
	printf("\nExamples:\n%s\nSee `%s COMMAND --help` and %s.\n", program->examples,
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

/*
 * Writes out what was printed.  The exit status of what has `status` otherwise: whoever closes a
 * pipe has seen enough, and anything else is an error.  `name` may have words behind it.
 */
static int finish(const char *name, int status)
{
	/* What failed at an earlier flush left no number behind. */
	int earlier = ferror(stdout), error = fflush(stdout) != 0 ? errno : earlier ? EIO : 0;

	if (error == 0 || is_abandoned(STDOUT_FILENO))
		return status;
	fprintf(stderr, "%.*s: cannot print: %s\n", (int)strcspn(name, " "), name, strerror(error));
	return status ? status : PROBLEM_VERDICT;
}

static void print_version(const char *name)
{
	printf("%.*s %s\n", (int)strcspn(name, " "), name, ALLOC_PERF_VERSION);
}

/* ---- options that every verb has: argp's own do not notice where they cannot be printed ---- */

enum { KEY_HELP = 'h', KEY_HELP_TOO = '?', KEY_VERSION = 'V', KEY_USAGE = 0x1000 };

static const struct argp_option standard_options[] = {
	{ "help", KEY_HELP, NULL, 0, "print this help", -1 },
	{ NULL, KEY_HELP_TOO, NULL, OPTION_HIDDEN, NULL, -1 },
	{ "usage", KEY_USAGE, NULL, 0, "print a short usage message", -1 },
	{ "version", KEY_VERSION, NULL, 0, "print the version", -1 },
	{ 0 },
};

static error_t parse_standard(int key, char *argument, struct argp_state *state)
{
	(void)argument;
	switch (key) {
	case KEY_HELP:
	case KEY_HELP_TOO:
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP & ~ARGP_HELP_EXIT_OK);
		exit(finish(state->name, 0));
	case KEY_USAGE:
		argp_state_help(state, stdout, ARGP_HELP_USAGE);
		exit(finish(state->name, 0));
	case KEY_VERSION:
		print_version(state->name);
		exit(finish(state->name, 0));
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

error_t program_parse(const struct argp *argp, int argc, char **argv, unsigned flags, void *input)
{
	enum { CHILDREN_MAX = 4 };
	static const struct argp standard = { standard_options, parse_standard, 0, 0, 0, 0, 0 };
	struct argp_child children[CHILDREN_MAX] = { 0 };
	struct argp all = *argp;
	size_t count = 0;

	for (; argp->children && argp->children[count].argp && count < CHILDREN_MAX - 2; count++)
		children[count] = argp->children[count];
	children[count].argp = &standard;
	all.children = children;
	return argp_parse(&all, argc, argv, flags | ARGP_NO_HELP, NULL, input);
}

int program_is_help(const char *word)
{
	static const char *const words[] = { "help", "--help", "-h", "-?", "--usage" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(word, words[i]) == 0)
			return 1;
	return 0;
}

/* ---- verbs ---- */

static int unknown_verb(const struct program *program, const char *typed)
{
	const char *nearest = NULL;

	for (const struct verb *verb = program->verbs; verb->name; verb++)
		suggest_consider(typed, verb->name, &nearest);
	fprintf(stderr, "%s: unknown command \"%s\"", program->name, typed);
	if (nearest)
		fprintf(stderr, "; did you mean \"%s\"?\n", nearest);
	else
		fprintf(stderr, "; `%s --help` lists them\n", program->name);
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

static int find_and_run(const struct program *program, int argc, char **argv)
{
	for (const struct verb *verb = program->verbs; verb->name; verb++)
		if (strcmp(verb->name, argv[0]) == 0)
			return run_verb(program, verb, argc, argv);
	return unknown_verb(program, argv[0]);
}

/* "help run" is "run --help", and "help history trend" is "history trend --help". */
static int help_with(const struct program *program, int argc, char **argv)
{
	CLEANUP(freep) char **longer = calloc((size_t)argc + 2, sizeof(*longer));

	if (!longer)
		return program_complain(program, &(struct problem) { 0 }, -ENOMEM);
	memcpy(longer, argv, (size_t)argc * sizeof(*longer));
	longer[argc] = (char *)"--help";
	return find_and_run(program, argc + 1, longer);
}

static int run(const struct program *program, int argc, char **argv)
{
	static const char *const versions[] = { "version", "--version", "-V" };

	if (argc < 2) {
		fprintf(stderr, "%s: no command given; `%s --help` lists them\n", program->name,
			program->name);
		return PROBLEM_USAGE;
	}
	if (program_is_help(argv[1]) && argc > 2 && *argv[2] != '-')
		return help_with(program, argc - 2, argv + 2);
	if (program_is_help(argv[1])) {
		print_help(program);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(versions); i++)
		if (strcmp(argv[1], versions[i]) == 0) {
			print_version(program->name);
			return 0;
		}
	return find_and_run(program, argc - 1, argv + 1);
}

int program_run(const struct program *program, int argc, char **argv)
{
	static char buffer[65536]; /* until exit() has closed the stream */

	occupy_streams();
	/* A help that fits is written by the last flush, which knows why it cannot be. */
	if (!isatty(STDOUT_FILENO))
		setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	argp_err_exit_status = PROBLEM_USAGE;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* beyond `ulimit -f` a write fails with EFBIG */
	return finish(program->name, run(program, argc, argv));
}
