/* SPDX-License-Identifier: MIT */
/* Start-up code of both programs.  It prints and ends the process for them. */
#include "base/command.h"

#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/suggest.h"

int command_complain(const char *program, const struct problem *problem, int error)
{
	fprintf(stderr, "%.*s: %s\n", (int)strcspn(program, " "), program,
		problem->message ? problem->message : strerror(-error));
	return problem->message ? (int)problem->kind : PROBLEM_VERDICT;
}

/* ---- output ---- */

static int is_abandoned(int fd)
{
	struct pollfd end = { .fd = fd, .events = POLLOUT };

	return poll(&end, 1, 0) > 0 && end.revents & POLLERR;
}

/*
 * Flushes the output.  Returns `status`, or that of an error.  A closed pipe is not an error,
 * since the reader has seen enough.  `name` may be followed by words.
 */
static int finish(const char *name, int status)
{
	/* An earlier failed flush left no error number. */
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

/*
 * Without this, a file that is opened with the number of a closed stream would receive its
 * output.  The replacement fails with EBADF, like the closed stream.
 */
static void occupy_streams(void)
{
	int fd;

	do
		fd = open("/dev/null", O_PATH);
	while (fd >= 0 && fd <= STDERR_FILENO);
	fd_close(fd);
}

/* ---- options that every command has: argp's own do not notice where they cannot be printed ----
 */

enum { KEY_HELP = 'h', KEY_HELP_TOO = '?', KEY_VERSION = 'V', KEY_USAGE = 0x1000, KEY_ROWS };

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

static const struct argp standard = { standard_options, parse_standard, 0, 0, 0, 0, 0 };

/* ---- the options of the table ---- */

static size_t count_rows(const struct option_row *rows)
{
	size_t count = 0;

	while (rows && (rows[count].name || rows[count].help))
		count++;
	return count;
}

static const struct option_row *row_at(const struct command *command, size_t index)
{
	size_t own = count_rows(command->options);

	if (index < own)
		return &command->options[index];
	return index - own < count_rows(command->shared) ? &command->shared[index - own] : NULL;
}

/* The key of an option in argp. */
static int key_of(const struct option_row *row, size_t index)
{
	return row->letter ? row->letter : KEY_ROWS + (int)index;
}

/* ---- argp ---- */

struct parsing {
	const struct command *command;
	void *input;
	char **words; /* the arguments */
};

static void take_option(struct parsing *parsing, const struct option_row *row, const char *argument,
			const char *name)
{
	CLEANUP(problem_clear) struct problem problem = { 0 };
	int r = option_set(row, argument, parsing->input, &problem);

	if (r < 0)
		exit(command_complain(name, &problem, r));
}

static error_t parse_row(int key, char *argument, struct argp_state *state)
{
	struct parsing *parsing = state->input;
	const struct option_row *row;

	if (key == ARGP_KEY_ARGS && !parsing->command->arguments)
		argp_error(state, "unexpected argument \"%s\"; %s", state->argv[state->next],
			   parsing->command->stray ? parsing->command->stray
						   : "this command takes none");
	if (key == ARGP_KEY_ARGS) {
		parsing->words = state->argv + state->next;
		return 0;
	}
	for (size_t i = 0; (row = row_at(parsing->command, i)); i++)
		if (row->name && key_of(row, i) == key) {
			take_option(parsing, row, argument, state->name);
			return 0;
		}
	return ARGP_ERR_UNKNOWN;
}

static void free_options(struct argp_option **options)
{
	for (struct argp_option *option = *options; option && option->doc; option++)
		free((char *)option->doc);
	free(*options);
}

static struct argp_option *make_options(const struct command *command)
{
	size_t count = count_rows(command->options) + count_rows(command->shared);
	CLEANUP(free_options) struct argp_option *options = calloc(count + 1, sizeof(*options));

	for (size_t i = 0; options && i < count; i++) {
		const struct option_row *row = row_at(command, i);

		options[i] =
			(struct argp_option) { row->name,	 row->name ? key_of(row, i) : 0,
					       row->argument,	 0,
					       option_help(row), row->group };
		if (!options[i].doc)
			return NULL;
	}
	return TAKE_PTR(options);
}

/* argp prints the text after \v below the options. */
static char *make_doc(const struct command *command)
{
	const char *notes = command->notes ? command->notes : "", *status = command->exit_status;
	char *doc;

	if (asprintf(&doc, "%s\v%s%sExamples:\n%s%s%s", command->purpose, notes,
		     *notes ? "\n\n" : "", command->examples, status ? "\nExit status: " : "",
		     status ? status : "") < 0)
		return NULL;
	return doc;
}

static error_t parse(struct parsing *parsing, int argc, char **argv)
{
	const struct command *command = parsing->command;
	const struct argp_child children[] = { { .argp = &standard }, { 0 } };
	CLEANUP(free_options) struct argp_option *options = make_options(command);
	CLEANUP(freep) char *doc = make_doc(command);
	const struct argp argp = {
		options, parse_row, command->arguments, doc, children, NULL, NULL
	};

	if (!options || !doc)
		return ENOMEM;
	return argp_parse(&argp, argc, argv, ARGP_NO_HELP | (command->in_order ? ARGP_IN_ORDER : 0),
			  NULL, parsing);
}

char **command_parse(const struct command *command, int argc, char **argv, void *input)
{
	struct parsing parsing = { command, input, argv + argc };
	error_t r = parse(&parsing, argc, argv);

	if (r)
		exit(command_complain(argv[0], &(struct problem) { 0 }, -r));
	return parsing.words;
}

/* ---- commands ---- */

static int is_one_of(const char *word, const char *const *words)
{
	while (*words && strcmp(word, *words) != 0)
		words++;
	return *words != NULL;
}

static int is_help(const char *word)
{
	static const char *const words[] = { "help", "--help", "-h", "-?", "--usage", NULL };

	return is_one_of(word, words);
}

static int is_version(const char *word)
{
	static const char *const words[] = { "version", "--version", "-V", NULL };

	return is_one_of(word, words);
}

/* The width of "name ARGUMENTS". */
static int usage_width(const struct command *command)
{
	const char *arguments = command->arguments;

	return (int)(strlen(command->name) + (arguments ? 1 + strcspn(arguments, "\n") : 0));
}

static void print_help(const struct command *command, const char *name)
{
	int nested = strchr(name, ' ') != NULL, width = 0;

	for (const struct command *const *sub = command->subcommands; *sub; sub++) {
		int columns = nested ? usage_width(*sub) : (int)strlen((*sub)->name);

		width = columns > width ? columns : width;
	}
	printf("Usage: %s COMMAND [OPTION...]\n%s\n\n", name, command->purpose);
	for (const struct command *const *sub = command->subcommands; *sub; sub++) {
		int used = printf(nested && (*sub)->arguments ? "  %s %s" : "  %s", (*sub)->name,
				  (*sub)->arguments);

		printf("%*s  %s\n", 2 + width - used, "", (*sub)->summary);
	}
	printf("\nExamples:\n%s\nSee `%s COMMAND --help` and %s.\n", command->examples, name,
	       command->page);
}

static int unknown(const struct command *command, const char *name, const char *typed)
{
	const char *nearest = NULL, *nested = strchr(name, ' ');

	for (const struct command *const *sub = command->subcommands; *sub; sub++)
		suggest_consider(typed, (*sub)->name, &nearest);
	fprintf(stderr, "%.*s: unknown%s command \"%s\"", (int)strcspn(name, " "), name,
		nested ? nested : "", typed);
	if (nearest)
		fprintf(stderr, "; did you mean \"%s\"?\n", nearest);
	else
		fprintf(stderr, "; `%s --help` lists them\n", name);
	return PROBLEM_USAGE;
}

static int dispatch(const struct command *command, int argc, char **argv);

static int enter(const struct command *command, int argc, char **argv)
{
	CLEANUP(freep) char *name = NULL;

	if (asprintf(&name, "%s %s", argv[0], command->name) < 0)
		return command_complain(argv[0], &(struct problem) { 0 }, -ENOMEM);
	argv[1] = name;
	return dispatch(command, argc - 1, argv + 1);
}

/* Turns "help run" into "run --help", and "help history trend" into "history trend --help". */
static int help_with(const struct command *command, int argc, char **argv)
{
	CLEANUP(freep) char **longer = calloc((size_t)argc + 1, sizeof(*longer));

	if (!longer)
		return command_complain(argv[0], &(struct problem) { 0 }, -ENOMEM);
	memcpy(longer + 1, argv + 2, ((size_t)argc - 2) * sizeof(*longer));
	longer[0] = argv[0];
	longer[argc - 1] = (char *)"--help";
	return dispatch(command, argc, longer);
}

static int dispatch(const struct command *command, int argc, char **argv)
{
	if (!command->subcommands)
		return command->run(command, argc, argv);
	if (argc < 2) {
		fprintf(stderr, "%s: no command given; `%s --help` lists them\n", argv[0], argv[0]);
		return PROBLEM_USAGE;
	}
	if (is_help(argv[1]) && argc > 2 && *argv[2] != '-')
		return help_with(command, argc, argv);
	if (is_help(argv[1])) {
		print_help(command, argv[0]);
		return 0;
	}
	if (is_version(argv[1])) {
		print_version(argv[0]);
		return 0;
	}
	for (const struct command *const *sub = command->subcommands; *sub; sub++)
		if (strcmp((*sub)->name, argv[1]) == 0)
			return enter(*sub, argc, argv);
	return unknown(command, argv[0], argv[1]);
}

/* ---- the table itself, for scripts/command-table ---- */

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

static void print_row(const struct option_row *row, const char *path)
{
	char letter[] = { (char)row->letter, '\0' };
	CLEANUP(freep) char *help = option_help(row), *values = option_values(row);

	printf("option\t%s\t%s\t%s\t%s\t%s\t%s\t%d\t%d\t%s\n", path, or_empty(row->name), letter,
	       or_empty(row->argument), or_empty(values), or_empty(row->key), row->group,
	       row->repeats, or_empty(help));
}

static void print_table(const struct command *command, const char *path)
{
	const struct option_row *row;

	printf("command\t%s\t%s\t%s\n", path, or_empty(command->summary),
	       or_empty(command->values));
	for (size_t i = 0; (row = row_at(command, i)); i++)
		print_row(row, path);
	for (const struct command *const *sub = command->subcommands; sub && *sub; sub++) {
		CLEANUP(freep) char *below = NULL;

		if (asprintf(&below, "%s%s%s", path, *path ? " " : "", (*sub)->name) >= 0)
			print_table(*sub, below);
	}
}

int command_main(const struct command *program, int argc, char **argv)
{
	static char buffer[65536]; /* until exit() has closed the stream */
	int status = 0;

	occupy_streams();
	/*
	 * If the help fits the buffer, the last flush writes it and knows the reason of a failure.
	 */
	if (!isatty(STDOUT_FILENO))
		setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	argp_err_exit_status = PROBLEM_USAGE;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* beyond `ulimit -f` a write fails with EFBIG */
	if (argc > 0)
		argv[0] = (char *)program->name;
	if (argc == 2 && strcmp(argv[1], "--print-table") == 0)
		print_table(program, "");
	else
		status = dispatch(program, argc, argv);
	return finish(program->name, status);
}
