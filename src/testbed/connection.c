/* SPDX-License-Identifier: MIT */
#include "testbed/connection.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/json.h"

enum { CONSOLE_LINES = 20, TICK_MS = 200 };

uint64_t connection_seconds_from_now(uint64_t seconds)
{
	return io_now_ns() + seconds * 1000000000u;
}

/* ---- the console ---- */

const char *connection_console_end(struct connection *connection)
{
	char *at = connection->console + connection->console_used;
	int lines = 0;

	connection->console[connection->console_used] = '\0';
	while (at > connection->console && (at[-1] != '\n' || ++lines <= CONSOLE_LINES))
		at--;
	return at;
}

char *connection_panic(struct connection *connection)
{
	static const char words[] = "Kernel panic - not syncing: ";
	const char *found;

	connection->console[connection->console_used] = '\0';
	found = strstr(connection->console, words);
	if (!found)
		return NULL;
	found += strlen(words);
	return strndup(found, strcspn(found, "\r\n"));
}

static void hear_console(struct connection *connection)
{
	char text[1024];
	ssize_t bytes = read(connection->process->console_fd, text, sizeof(text));
	size_t more = bytes > 0 ? (size_t)bytes : 0;

	if (bytes == 0 || (bytes < 0 && errno != EINTR))
		connection->process->console_fd = fd_close(connection->process->console_fd);
	if (connection->console_used + more > CONNECTION_CONSOLE_BYTES) {
		size_t drop = connection->console_used + more - CONNECTION_CONSOLE_BYTES;

		memmove(connection->console, connection->console + drop,
			connection->console_used - drop);
		connection->console_used -= drop;
	}
	/* Makes it a C string; serial lines end in \r\n. */
	for (size_t i = 0; i < more; i++)
		if (text[i] != '\r')
			connection->console[connection->console_used++] = text[i] ? text[i] : '?';
}

/* The rest of the console may explain the end. */
static void drain_console(struct connection *connection)
{
	while (connection->process->console_fd >= 0) {
		struct pollfd console = { .fd = connection->process->console_fd, .events = POLLIN };

		if (poll(&console, 1, TICK_MS) <= 0)
			return;
		hear_console(connection);
	}
}

/* ---- lines ---- */

static int hear_lines(struct connection *connection)
{
	char *start = connection->text, *end;
	int r = 0;

	while (r == 0 &&
	       (end = memchr(start, '\n', connection->used - (size_t)(start - connection->text)))) {
		*end = '\0';
		r = connection->line(start, connection->context);
		start = end + 1;
	}
	connection->used -= (size_t)(start - connection->text);
	memmove(connection->text, start, connection->used);
	return r == 0 && connection->used == CONNECTION_LINE_BYTES ? -EMSGSIZE : r;
}

static int hear(struct connection *connection)
{
	ssize_t bytes = read(connection->process->from_fd, connection->text + connection->used,
			     CONNECTION_LINE_BYTES - connection->used);

	if (bytes < 0 && errno == EINTR)
		return 0;
	if (bytes <= 0) {
		drain_console(connection);
		return -EPIPE;
	}
	connection->used += (size_t)bytes;
	return hear_lines(connection);
}

static int listen_once(struct connection *connection)
{
	struct pollfd watched[] = {
		{ .fd = connection->cancel_fd, .events = POLLIN },
		{ .fd = connection->process->from_fd, .events = POLLIN },
		{ .fd = connection->process->console_fd, .events = POLLIN },
	};
	int r = poll(watched, ARRAY_SIZE(watched), TICK_MS);

	if (r < 0)
		return errno == EINTR ? 0 : -errno;
	if (watched[0].revents)
		return -ECANCELED;
	if (watched[2].revents)
		hear_console(connection);
	return watched[1].revents ? hear(connection) : 0;
}

int connection_read_lines(struct connection *connection)
{
	int r = 0;

	if (!connection->text)
		connection->text = malloc(CONNECTION_LINE_BYTES);
	if (!connection->text)
		return -ENOMEM;
	while (r == 0) {
		r = listen_once(connection);
		if (r == 0 && io_now_ns() > connection->deadline_ns)
			r = -ETIME;
		if (connection->tick)
			connection->tick(connection->context);
	}
	return r;
}

void connection_clear(struct connection *connection)
{
	free(connection->text);
	connection->text = NULL;
}

/* ---- a trial ---- */

struct exchange {
	const struct testbed_session *session;
	const struct trial_request *request;
	struct record *record;
	struct connection connection;
	struct child flusher; /* the last flush of the volume */
	int asked;	      /* the request was sent */
	int heard;	      /* the record has come */
	int done;	      /* the record was received, or there will be none */
};

/* ---- an end without a record ---- */

static void give_up(struct exchange *with, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void give_up(struct exchange *with, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	record_vconclude(with->record, STATUS_FAILED, EPROTO, format, arguments);
	va_end(arguments);
	if (with->connection.console_used)
		field_set_text(&with->record->console, connection_console_end(&with->connection));
	with->done = 1;
}

/* ---- events of the agent ---- */

static void send_request(struct exchange *with)
{
	int r = json_write_line(with->connection.process->to_fd,
				trial_request_to_json(with->request));

	if (r == -ENOMEM) {
		give_up(with, "out of memory");
		return;
	}
	with->asked = 1;
	with->connection.deadline_ns = connection_seconds_from_now(with->session->trial_seconds);
	if (r < 0)
		give_up(with, "the agent exited before it received its request");
}

static void take_record(struct exchange *with, const json_t *event)
{
	const char *field = NULL;
	struct record record;

	record_init(&record);
	if (record_from_json(json_object_get(event, "record"), &record, &field) < 0) {
		give_up(with, "the agent's record cannot be read (%s)",
			field ? field : "no object");
		return;
	}
	record_clear(with->record);
	*with->record = record;
	with->heard = with->done = 1;
}

/* In the child.  Its answer is a single write, which the pipe takes completely. */
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

/*
 * In a child, since a disk may take minutes, during which this process observes the trial and can
 * be stopped.
 */
static void flush_volume(struct exchange *with)
{
	int r;

	child_kill(&with->flusher); /* it has answered; otherwise the agent would not ask again */
	r = child_fork(&with->flusher, 0);
	if (r < 0)
		give_up(with, "the volume cannot be flushed: %s", strerror(-r));
	if (r != 0)
		return;
	flush_and_answer(with->connection.process);
	_exit(0);
}

/* The trial goes on when the mark is noted. */
static void note_mark(struct exchange *with, const char *mark)
{
	int r = with->session->mark(mark, with->session->context);

	if (r == 0)
		r = io_write_all(with->connection.process->to_fd, "{}\n", strlen("{}\n"));
	if (r < 0)
		give_up(with, "the mark \"%s\" cannot be noted: %s", mark, strerror(-r));
}

static int hear_line(const char *line, void *context)
{
	struct exchange *with = context;
	json_t *event = json_loads(line, 0, NULL);
	const char *name = json_string_value(json_object_get(event, "event"));
	const char *stage = json_string_value(json_object_get(event, "stage"));
	const char *mark = json_string_value(json_object_get(event, "mark"));

	if (!name) {
		give_up(with, "the agent sent an invalid event");
	} else if (strcmp(name, "ready") == 0 && !with->asked) {
		send_request(with);
	} else if (strcmp(name, "stage") == 0 && stage) {
		field_set_text(&with->record->stage, stage);
		with->session->stage(stage, with->session->context);
	} else if (strcmp(name, "flush") == 0 && with->asked &&
		   with->connection.process->flush_fd >= 0) {
		flush_volume(with);
	} else if (strcmp(name, "mark") == 0 && mark && with->asked && with->session->mark) {
		note_mark(with, mark);
	} else if (strcmp(name, "record") == 0 && with->asked) {
		take_record(with, event);
	} else {
		give_up(with, "the agent sent \"%s\" at the wrong time", name);
	}
	json_decref(event);
	return with->done;
}

static void tick(void *context)
{
	const struct exchange *with = context;

	with->session->tick(with->session->context);
}

/* ---- waiting ---- */

static void ended(struct exchange *with)
{
	CLEANUP(freep) char *panic = connection_panic(&with->connection);
	int status = 0;

	if (panic)
		give_up(with, "the kernel panicked: %s", panic);
	else if (child_wait(&with->connection.process->child, -1,
			    connection_seconds_from_now(CONNECTION_END_SECONDS), &status) < 0)
		give_up(with, "the agent closed its connection but did not exit");
	else if (WIFSIGNALED(status))
		give_up(with, "the agent was killed by signal %d (%s)", WTERMSIG(status),
			strsignal(WTERMSIG(status)));
	else
		give_up(with, "the agent exited with status %d without a result",
			WEXITSTATUS(status));
}

/* 0: the record is filled. */
static int wait_for_record(struct exchange *with)
{
	int r = connection_read_lines(&with->connection);

	if (r == -EPIPE)
		ended(with);
	else if (r == -ETIME)
		give_up(with, with->asked ? "the trial took too long; use a longer --timeout"
					  : "the agent did not start in time");
	else if (r == -EMSGSIZE)
		give_up(with, "the agent sent more than %d bytes without a newline",
			CONNECTION_LINE_BYTES);
	return with->done ? 0 : r;
}

/* The deadline for "ready", since the start is part of the trial. */
static uint64_t start_seconds(const struct testbed_session *session)
{
	uint64_t most = session->testbed->start_seconds;

	return most < session->trial_seconds ? most : session->trial_seconds;
}

int connection_run_trial(const struct testbed_session *session, struct testbed_process *process,
			 const struct trial_request *request, struct record *record)
{
	struct exchange with = {
		.session = session,
		.request = request,
		.record = record,
		.connection = { .process = process,
				.cancel_fd = session->cancel_fd,
				.deadline_ns = connection_seconds_from_now(start_seconds(session)),
				.line = hear_line,
				.tick = tick,
				.context = &with },
		.flusher = CHILD_NONE,
	};
	int r = wait_for_record(&with);

	connection_clear(&with.connection);
	child_kill(&with.flusher);
	if (r == 0 && with.heard)
		r = child_wait(&process->child, session->cancel_fd,
			       connection_seconds_from_now(CONNECTION_END_SECONDS), NULL);
	return r == -ETIMEDOUT ? 0 : r; /* clearing the process kills it */
}
