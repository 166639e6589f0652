/* SPDX-License-Identifier: MIT */
#include "testbed/examiner.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "testbed/connection.h"
#include "testbed/recording.h"

struct testbed_examiner {
	const struct testbed_examiner_setup *setup;
	struct testbed_process process;
	struct connection connection;
	int log_fd;
	char *line; /* the last one */
};

/* ---- lines ---- */

static int take_line(const char *line, void *context)
{
	struct testbed_examiner *examiner = context;

	free(examiner->line);
	examiner->line = strdup(line);
	return examiner->line ? 1 : -ENOMEM;
}

static void tick(void *context)
{
	const struct testbed_examiner_setup *setup = ((struct testbed_examiner *)context)->setup;

	setup->tick(setup->context);
}

/* 0, or as connection_read_lines(). */
static int receive(struct testbed_examiner *examiner, uint64_t seconds)
{
	int r;

	examiner->connection.deadline_ns = connection_seconds_from_now(seconds);
	r = connection_read_lines(&examiner->connection);
	return r < 0 ? r : 0;
}

/* Takes the reference of `question`. */
static int converse(struct testbed_examiner *examiner, json_t *question, uint64_t seconds,
		    json_t **ret)
{
	json_t *answer;
	int r = json_write_line(examiner->process.to_fd, question);

	/* -EPIPE: the guest has ended, and its console has the reason. */
	if (r == 0 || r == -EPIPE)
		r = receive(examiner, seconds);
	if (r < 0)
		return r;
	answer = json_loads(examiner->line, 0, NULL);
	if (!json_is_object(answer)) {
		json_decref(answer);
		return -EPROTO;
	}
	*ret = answer;
	return 0;
}

/* NULL: out of memory, or the error needs no reason. */
static char *reason_of(struct testbed_examiner *examiner, int *error, uint64_t seconds)
{
	CLEANUP(freep) char *panic = NULL;

	if (*error == -ECANCELED || *error == -ENOMEM)
		return NULL;
	panic = connection_panic(&examiner->connection);
	if (panic)
		*error = -EIO;
	return panic		   ? text_format("the kernel panicked: %s", panic)
	       : *error == -ETIME  ? text_format("the kernel hung: no answer for %llu s",
						 (unsigned long long)seconds)
	       : *error == -EPIPE  ? strdup("the guest ended")
	       : *error == -EPROTO ? strdup("the guest sent no answer, but something else")
				   : strdup(strerror(-*error));
}

/* ---- start ---- */

static int send_setup(struct testbed_examiner *examiner, const struct trial_request *request)
{
	const struct testbed_examiner_setup *setup = examiner->setup;
	CLEANUP(json_decrefp) json_t *answer = NULL;
	json_t *question =
		json_pack("{s{ss ss ss ss ss}}", "examine", "device", request->device, "directory",
			  request->directory, "type", setup->type, "mount_options",
			  setup->mount_options ? setup->mount_options : "", "modules",
			  request->modules ? request->modules : "");
	int r = converse(examiner, question, setup->testbed->start_seconds, &answer);

	if (r == 0 && json_object_get(answer, "error"))
		r = -(int)json_integer_value(json_object_get(answer, "error"));
	return r;
}

static int greet(struct testbed_examiner *examiner, const struct trial_request *request,
		 struct problem *problem)
{
	CLEANUP(freep) char *reason = NULL;
	uint64_t seconds = examiner->setup->testbed->start_seconds;
	int r = receive(examiner, seconds);

	if (r == 0)
		r = send_setup(examiner, request);
	if (r == 0 || r == -ECANCELED || r == -ENOMEM)
		return r;
	reason = reason_of(examiner, &r, seconds);
	return problem_set(problem, PROBLEM_LACK, -r,
			   "the guest that is to examine disk states cannot be used: %s",
			   reason ? reason : strerror(-r));
}

static int start_guest(struct testbed_examiner *examiner, struct problem *problem)
{
	const struct testbed_examiner_setup *setup = examiner->setup;
	CLEANUP(trial_request_clear) struct trial_request request;
	const struct volume volume = { .fd = setup->image_fd, .log_fd = examiner->log_fd };
	int r;

	trial_request_init(&request);
	r = field_set_text(&request.type, setup->type);
	if (r == 0)
		r = setup->testbed->start(setup->options, &volume, &request, &examiner->process,
					  problem);
	return r < 0 ? r : greet(examiner, &request, problem);
}

int testbed_examiner_start(const struct testbed_examiner_setup *setup,
			   struct testbed_examiner **ret, struct problem *problem)
{
	CLEANUP(testbed_examiner_clear) struct testbed_examiner *examiner = NULL;
	int r = testbed_records(setup->testbed, problem);

	if (r < 0)
		return r;
	examiner = calloc(1, sizeof(*examiner));
	if (!examiner)
		return -ENOMEM;
	examiner->setup = setup;
	examiner->process = TESTBED_PROCESS_NONE;
	examiner->connection = (struct connection) {
		.process = &examiner->process,
		.cancel_fd = setup->cancel_fd,
		.line = take_line,
		.tick = setup->tick ? tick : NULL,
		.context = examiner,
	};
	examiner->log_fd = r = recording_log(setup->directory, problem);
	if (r >= 0)
		r = start_guest(examiner, problem);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(examiner);
	return 0;
}

/* ---- the conversation ---- */

int testbed_examiner_log(const struct testbed_examiner *examiner)
{
	return examiner->log_fd;
}

int testbed_examiner_ask(struct testbed_examiner *examiner, json_t *look, uint64_t seconds,
			 json_t **ret_answer, char **ret_reason)
{
	int r = converse(examiner, json_pack("{so}", "look", look), seconds, ret_answer);

	if (r == 0)
		return 0;
	*ret_reason = reason_of(examiner, &r, seconds);
	testbed_process_clear(&examiner->process);
	return r;
}

void testbed_examiner_clear(struct testbed_examiner **examiner)
{
	if (!*examiner)
		return;
	testbed_process_clear(&(*examiner)->process);
	connection_clear(&(*examiner)->connection);
	fd_close((*examiner)->log_fd);
	free((*examiner)->line);
	free(*examiner);
	*examiner = NULL;
}
