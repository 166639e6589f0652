/* SPDX-License-Identifier: MIT */
/*
 * The other end may be a guest that panics, hangs or prints rubbish, so nothing
 * it says is taken for granted, lines have a longest length, and every wait has
 * a deadline.
 */
#include "testbed/converse.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/json.h"

enum {
	LINE_MAX_BYTES = 1 << 20,
	CONSOLE_BYTES = 4096, /* of the end of the console; about its last twenty lines are kept */
	CONSOLE_LINES = 20,
	TICK_MS = 200,
	END_SECONDS = 10, /* from the record to the end of the agent */
};

struct conversation {
	const struct testbed_session *session;
	struct testbed_process *process;
	const struct trial_request *request;
	struct record *record;
	char *line; /* what has come of the next line */
	size_t used;
	char console[CONSOLE_BYTES + 1]; /* the end of it */
	size_t console_used;
	struct child flusher; /* of the volume, the last one */
	uint64_t deadline_ns;
	int asked; /* the request was sent */
	int heard; /* the record has come */
	int done;  /* it has, or there will be none */
};

static uint64_t seconds_from_now(uint64_t seconds)
{
	return io_now_ns() + seconds * 1000000000u;
}

/* ---- an end without a record ---- */

/* The last lines of the console, without the rest of a cut one. */
static const char *console_end(struct conversation *talk)
{
	char *at = talk->console + talk->console_used;
	int lines = 0;

	talk->console[talk->console_used] = '\0';
	while (at > talk->console && (at[-1] != '\n' || ++lines <= CONSOLE_LINES))
		at--;
	return at;
}

static void give_up(struct conversation *talk, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void give_up(struct conversation *talk, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	record_vconclude(talk->record, STATUS_FAILED, EPROTO, format, arguments);
	va_end(arguments);
	if (talk->console_used)
		field_set_text(&talk->record->console, console_end(talk));
	talk->done = 1;
}

/* ---- what the agent says ---- */

static void send_request(struct conversation *talk)
{
	int r = json_write_line(talk->process->to_fd, trial_request_to_json(talk->request));

	if (r == -ENOMEM) {
		give_up(talk, "out of memory");
		return;
	}
	talk->asked = 1;
	talk->deadline_ns = seconds_from_now(talk->session->trial_seconds);
	if (r < 0)
		give_up(talk, "the agent exited before it received its request");
}

static void take_record(struct conversation *talk, const json_t *event)
{
	const char *field = NULL;
	struct record record;

	record_init(&record);
	if (record_from_json(json_object_get(event, "record"), &record, &field) < 0) {
		give_up(talk, "the agent's record cannot be read (%s)",
			field ? field : "no object");
		return;
	}
	record_clear(talk->record);
	*talk->record = record;
	talk->heard = talk->done = 1;
}

/* In the child; what it answers is one write, which the pipe takes whole. */
static void flush_and_answer(const struct testbed_process *process)
{
	uint64_t start = io_now_ns();
	int failed = fdatasync(process->flush_fd) < 0;
	char answer[64];

	snprintf(answer, sizeof(answer),
		 failed ? "{\"error\": %" PRIu64 "}\n" : "{\"flush_ns\": %" PRIu64 "}\n",
		 failed ? (uint64_t)errno : io_now_ns() - start);
	(void)io_write_all(process->to_fd, answer, strlen(answer));
}

/* In a child, since a disk may take minutes, in which we follow the trial and can be ended. */
static void flush_volume(struct conversation *talk)
{
	int r;

	child_kill(&talk->flusher); /* it has answered, or the agent would not ask again */
	r = child_fork(&talk->flusher, 0);
	if (r < 0)
		give_up(talk, "the volume cannot be flushed: %s", strerror(-r));
	if (r != 0)
		return;
	flush_and_answer(talk->process);
	_exit(0);
}

static void hear_line(struct conversation *talk, const char *line)
{
	json_t *event = json_loads(line, 0, NULL);
	const char *name = json_string_value(json_object_get(event, "event"));
	const char *stage = json_string_value(json_object_get(event, "stage"));

	if (!name) {
		give_up(talk, "the agent sent an invalid event");
	} else if (strcmp(name, "ready") == 0 && !talk->asked) {
		send_request(talk);
	} else if (strcmp(name, "stage") == 0 && stage) {
		field_set_text(&talk->record->stage, stage);
		talk->session->stage(stage, talk->session->context);
	} else if (strcmp(name, "flush") == 0 && talk->asked && talk->process->flush_fd >= 0) {
		flush_volume(talk);
	} else if (strcmp(name, "record") == 0 && talk->asked) {
		take_record(talk, event);
	} else {
		give_up(talk, "the agent sent \"%s\" at the wrong time", name);
	}
	json_decref(event);
}

static void hear_lines(struct conversation *talk)
{
	char *start = talk->line, *end;

	while (!talk->done &&
	       (end = memchr(start, '\n', talk->used - (size_t)(start - talk->line)))) {
		*end = '\0';
		hear_line(talk, start);
		start = end + 1;
	}
	talk->used -= (size_t)(start - talk->line);
	memmove(talk->line, start, talk->used);
}

/* Returns 0 at the end of the stream. */
static int hear(struct conversation *talk)
{
	ssize_t bytes =
		read(talk->process->from_fd, talk->line + talk->used, LINE_MAX_BYTES - talk->used);

	if (bytes < 0 && errno == EINTR)
		return 1;
	if (bytes <= 0)
		return 0;
	talk->used += (size_t)bytes;
	hear_lines(talk);
	if (talk->used == LINE_MAX_BYTES && !talk->done)
		give_up(talk, "the agent sent more than %d bytes without a newline",
			LINE_MAX_BYTES);
	return 1;
}

static void hear_console(struct conversation *talk)
{
	char text[1024];
	ssize_t bytes = read(talk->process->console_fd, text, sizeof(text));
	size_t more = bytes > 0 ? (size_t)bytes : 0;

	if (bytes == 0 || (bytes < 0 && errno != EINTR))
		talk->process->console_fd = fd_close(talk->process->console_fd);
	if (talk->console_used + more > CONSOLE_BYTES) {
		size_t drop = talk->console_used + more - CONSOLE_BYTES;

		memmove(talk->console, talk->console + drop, talk->console_used - drop);
		talk->console_used -= drop;
	}
	/* It becomes a text; serial lines end in \r\n. */
	for (size_t i = 0; i < more; i++)
		if (text[i] != '\r')
			talk->console[talk->console_used++] = text[i] ? text[i] : '?';
}

/* ---- waiting ---- */

/* The rest of the console may explain what has happened. */
static void drain_console(struct conversation *talk)
{
	while (talk->process->console_fd >= 0) {
		struct pollfd console = { .fd = talk->process->console_fd, .events = POLLIN };

		if (poll(&console, 1, TICK_MS) <= 0)
			return;
		hear_console(talk);
	}
}

/* The end of a kernel, in its own words. */
static int tell_panic(struct conversation *talk)
{
	static const char words[] = "Kernel panic - not syncing: ";
	const char *found;

	talk->console[talk->console_used] = '\0';
	found = strstr(talk->console, words);
	if (!found)
		return 0;
	found += strlen(words);
	give_up(talk, "the kernel panicked: %.*s", (int)strcspn(found, "\r\n"), found);
	return 1;
}

static void ended(struct conversation *talk)
{
	int status = 0;

	drain_console(talk);
	if (tell_panic(talk))
		return;
	if (child_wait(&talk->process->child, -1, seconds_from_now(END_SECONDS), &status) < 0)
		give_up(talk, "the agent closed its connection but did not exit");
	else if (WIFSIGNALED(status))
		give_up(talk, "the agent was killed by signal %d (%s)", WTERMSIG(status),
			strsignal(WTERMSIG(status)));
	else
		give_up(talk, "the agent exited with status %d without a result",
			WEXITSTATUS(status));
}

static int wait_for_record(struct conversation *talk)
{
	const struct testbed_session *session = talk->session;

	while (!talk->done) {
		struct pollfd watched[] = {
			{ .fd = session->cancel_fd, .events = POLLIN },
			{ .fd = talk->process->from_fd, .events = POLLIN },
			{ .fd = talk->process->console_fd, .events = POLLIN },
		};
		int r = poll(watched, ARRAY_SIZE(watched), TICK_MS);

		if (r < 0 && errno != EINTR)
			return -errno;
		if (r > 0 && watched[0].revents)
			return -ECANCELED;
		if (r > 0 && watched[2].revents)
			hear_console(talk);
		if (r > 0 && watched[1].revents && !hear(talk))
			ended(talk);
		if (!talk->done && io_now_ns() > talk->deadline_ns)
			give_up(talk, talk->asked
					      ? "the trial took too long; use a longer --timeout"
					      : "the agent did not start in time");
		session->tick(session->context);
	}
	return 0;
}

/* Until the agent has to be ready: the start is a part of the trial. */
static uint64_t start_seconds(const struct testbed_session *session)
{
	uint64_t most = session->testbed->start_seconds;

	return most < session->trial_seconds ? most : session->trial_seconds;
}

int converse(const struct testbed_session *session, struct testbed_process *process,
	     const struct trial_request *request, struct record *record)
{
	CLEANUP(freep) char *line = malloc(LINE_MAX_BYTES);
	struct conversation talk = {
		.session = session,
		.process = process,
		.request = request,
		.record = record,
		.line = line,
		.flusher = CHILD_NONE,
		.deadline_ns = seconds_from_now(start_seconds(session)),
	};
	int r;

	if (!line)
		return -ENOMEM;
	r = wait_for_record(&talk);
	child_kill(&talk.flusher);
	if (r == 0 && talk.heard)
		r = child_wait(&process->child, session->cancel_fd, seconds_from_now(END_SECONDS),
			       NULL);
	return r == -ETIMEDOUT ? 0 : r; /* whoever clears the process kills it */
}
