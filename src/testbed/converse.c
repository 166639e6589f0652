/* SPDX-License-Identifier: MIT */
/*
 * The other end may be a guest that panics, hangs or prints rubbish (talk.h), so
 * nothing it says is taken for granted.
 */
#include "testbed/converse.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/json.h"
#include "testbed/talk.h"

struct conversation {
	const struct testbed_session *session;
	const struct trial_request *request;
	struct record *record;
	struct talk talk;
	struct child flusher; /* of the volume, the last one */
	int asked;	      /* the request was sent */
	int heard;	      /* the record has come */
	int done;	      /* it has, or there will be none */
};

/* ---- an end without a record ---- */

static void give_up(struct conversation *with, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void give_up(struct conversation *with, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	record_vconclude(with->record, STATUS_FAILED, EPROTO, format, arguments);
	va_end(arguments);
	if (with->talk.console_used)
		field_set_text(&with->record->console, talk_console_end(&with->talk));
	with->done = 1;
}

/* ---- what the agent says ---- */

static void send_request(struct conversation *with)
{
	int r = json_write_line(with->talk.process->to_fd, trial_request_to_json(with->request));

	if (r == -ENOMEM) {
		give_up(with, "out of memory");
		return;
	}
	with->asked = 1;
	with->talk.deadline_ns = talk_seconds_from_now(with->session->trial_seconds);
	if (r < 0)
		give_up(with, "the agent exited before it received its request");
}

static void take_record(struct conversation *with, const json_t *event)
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
static void flush_volume(struct conversation *with)
{
	int r;

	child_kill(&with->flusher); /* it has answered, or the agent would not ask again */
	r = child_fork(&with->flusher, 0);
	if (r < 0)
		give_up(with, "the volume cannot be flushed: %s", strerror(-r));
	if (r != 0)
		return;
	flush_and_answer(with->talk.process);
	_exit(0);
}

static int hear_line(const char *line, void *context)
{
	struct conversation *with = context;
	json_t *event = json_loads(line, 0, NULL);
	const char *name = json_string_value(json_object_get(event, "event"));
	const char *stage = json_string_value(json_object_get(event, "stage"));

	if (!name) {
		give_up(with, "the agent sent an invalid event");
	} else if (strcmp(name, "ready") == 0 && !with->asked) {
		send_request(with);
	} else if (strcmp(name, "stage") == 0 && stage) {
		field_set_text(&with->record->stage, stage);
		with->session->stage(stage, with->session->context);
	} else if (strcmp(name, "flush") == 0 && with->asked && with->talk.process->flush_fd >= 0) {
		flush_volume(with);
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
	const struct conversation *with = context;

	with->session->tick(with->session->context);
}

/* ---- waiting ---- */

static void ended(struct conversation *with)
{
	CLEANUP(freep) char *panic = talk_panic(&with->talk);
	int status = 0;

	if (panic)
		give_up(with, "the kernel panicked: %s", panic);
	else if (child_wait(&with->talk.process->child, -1, talk_seconds_from_now(TALK_END_SECONDS),
			    &status) < 0)
		give_up(with, "the agent closed its connection but did not exit");
	else if (WIFSIGNALED(status))
		give_up(with, "the agent was killed by signal %d (%s)", WTERMSIG(status),
			strsignal(WTERMSIG(status)));
	else
		give_up(with, "the agent exited with status %d without a result",
			WEXITSTATUS(status));
}

/* 0: the record is filled. */
static int wait_for_record(struct conversation *with)
{
	int r = talk_listen(&with->talk);

	if (r == -EPIPE)
		ended(with);
	else if (r == -ETIME)
		give_up(with, with->asked ? "the trial took too long; use a longer --timeout"
					  : "the agent did not start in time");
	else if (r == -EMSGSIZE)
		give_up(with, "the agent sent more than %d bytes without a newline",
			TALK_LINE_BYTES);
	return with->done ? 0 : r;
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
	struct conversation with = {
		.session = session,
		.request = request,
		.record = record,
		.talk = { .process = process,
			  .cancel_fd = session->cancel_fd,
			  .deadline_ns = talk_seconds_from_now(start_seconds(session)),
			  .line = hear_line,
			  .tick = tick,
			  .context = &with },
		.flusher = CHILD_NONE,
	};
	int r = wait_for_record(&with);

	talk_clear(&with.talk);
	child_kill(&with.flusher);
	if (r == 0 && with.heard)
		r = child_wait(&process->child, session->cancel_fd,
			       talk_seconds_from_now(TALK_END_SECONDS), NULL);
	return r == -ETIMEDOUT ? 0 : r; /* whoever clears the process kills it */
}
