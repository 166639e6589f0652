/* SPDX-License-Identifier: MIT */
/* Finds the verb and hands over, as alloc-perf does. */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "cmd.h"
#include "quote.h"
#include "suggest.h"

static const struct verb {
	const char *name;
	const char *summary;
	int (*run)(int argc, char **argv);
} verbs[] = {
	{ "plan", "show what would be frozen, in which order, and what not and why", cmd_plan },
	{ "run", "freeze, run the command that suspends, thaw", cmd_run },
	{ "freeze", "freeze for some seconds", cmd_freeze },
	{ "thaw", "end what `freeze` or `run` holds frozen", cmd_thaw },
	{ "status", "show what is held frozen, and by whom", cmd_status },
	{ "recover", "thaw what killed processes left frozen", cmd_recover },
	{ "install", "have systemd freeze file systems when it suspends", cmd_install },
	{ "uninstall", "take that back", cmd_uninstall },
};

static void print_help(void)
{
	printf("Usage: suspend-freeze VERB [OPTION...]\n"
	       "Freezes file systems while the machine is suspended, so that they are clean if "
	       "the\n"
	       "power fails in its sleep.\n\n");
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		printf("  %-9s %s\n", verbs[i].name, verbs[i].summary);
	printf("\nExamples:\n"
	       "  suspend-freeze plan                    look first; this touches nothing\n"
	       "  suspend-freeze run -- sh -c 'echo mem >/sys/power/state'\n"
	       "  suspend-freeze install                 from now on whenever systemd suspends\n\n"
	       "`suspend-freeze VERB --help` tells more, and so does suspend-freeze(8).\n");
}

int cmd_complain(const struct problem *problem, int error)
{
	fprintf(stderr, "suspend-freeze: %s\n",
		problem->message ? problem->message : strerror(-error));
	return problem->message ? (int)problem->kind : PROBLEM_VERDICT;
}

char *cmd_quoted(const char *name)
{
	return quote_name(name);
}

static int unknown_verb(const char *typed)
{
	const char *nearest = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		suggest_consider(typed, verbs[i].name, &nearest);
	fprintf(stderr, "suspend-freeze: unknown verb \"%s\"", typed);
	if (nearest)
		fprintf(stderr, "; did you mean \"%s\"?\n", nearest);
	else
		fprintf(stderr, "; `suspend-freeze --help` shows them\n");
	return PROBLEM_USAGE;
}

static int run_verb(const struct verb *verb, int argc, char **argv)
{
	CLEANUP(freep) char *name = NULL;

	if (asprintf(&name, "suspend-freeze %s", verb->name) >= 0)
		argv[0] = name;
	return verb->run(argc, argv);
}

/* A file that got the number of a closed stream would be printed into. */
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
	if (argc < 2) {
		fprintf(stderr, "suspend-freeze: no verb; `suspend-freeze --help` shows them\n");
		return PROBLEM_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
		print_help();
		return 0;
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("suspend-freeze %s\n", ALLOC_PERF_VERSION);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (strcmp(verbs[i].name, argv[1]) == 0)
			return run_verb(&verbs[i], argc - 1, argv + 1);
	return unknown_verb(argv[1]);
}
