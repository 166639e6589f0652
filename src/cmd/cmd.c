/* SPDX-License-Identifier: MIT */
/* Common parts of the commands. */
#include "cmd/cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/quote.h"
#include "base/terminal.h"
#include "base/text.h"
#include "base/strbuf.h"
#include "results/resultfile.h"

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

static int write_file(const char *path, const char *text, size_t bytes, struct problem *problem)
{
	CLEANUP(fd_closep)
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	int opened = fd >= 0, r = opened ? io_write_all(fd, text, bytes) : -errno;

	if (r == 0 && close(TAKE_FD(fd)) < 0)
		r = -errno;
	if (r == 0)
		return 0;
	return problem_set(problem, opened ? PROBLEM_VERDICT : PROBLEM_USAGE, -r,
			   "cannot write %s: %s", path, strerror(-r));
}

/* Without stdio, which loses the error of a long text. */
static int write_out(const char *text, size_t bytes, struct problem *problem)
{
	int r = fflush(stdout) == 0 ? io_write_all(STDOUT_FILENO, text, bytes) : 0;

	/*
	 * EPIPE is not an error: the reader has stopped.  program_run() reports errors of fflush().
	 */
	if (r == 0 || r == -EPIPE)
		return 0;
	return problem_set(problem, PROBLEM_VERDICT, -r, "cannot print: %s", strerror(-r));
}

int cmd_print(const char *path, cmd_print_fn print, void *context, struct problem *problem)
{
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	FILE *to = strbuf_stream(&text);
	int r;

	if (!to)
		return -ENOMEM;
	r = print(to, context, problem);
	fclose(to);
	if (r < 0 || text.failed)
		return r < 0 ? r : -ENOMEM;
	return path ? write_file(path, text.text, text.bytes, problem)
		    : write_out(text.text, text.bytes, problem);
}

int cmd_read_results(const char *path, struct results *results, struct problem *problem)
{
	int r = results_read(results, path, problem);

	if (r == 0 && results->torn)
		fprintf(stderr,
			"alloc-perf: warning: the last line of %s is incomplete and is ignored\n",
			strcmp(path, "-") == 0 ? "standard input" : path);
	return r;
}

void cmd_print_sentence(const char *text, int used, int indent)
{
	text_wrap(stdout, text, terminal_size(STDOUT_FILENO).columns, (size_t)used, (size_t)indent);
}

int cmd_put_patch_hint(FILE *to, char *const *files, size_t count)
{
	CLEANUP(freep) char *program = quote_name(program_invocation_name);
	CLEANUP(strbuf_clear) struct strbuf names = { 0 };

	for (size_t i = 0; i < count; i++) {
		CLEANUP(freep) char *name = quote_name(files[i]);

		if (!name)
			return -ENOMEM;
		if (strcmp(name, "-") == 0)
			return 0;
		strbuf_join(&names, " ", name);
	}
	if (!program || names.failed)
		return -ENOMEM;
	fprintf(to, "for a patch's description: %s report --format markdown %s\n", program,
		names.text);
	return 0;
}
