/* SPDX-License-Identifier: MIT */
/*
 * The request is sent after "ready": the serial line of a guest echoes and loses input until the
 * agent has set it to raw mode.
 */
#include "trial/agent.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/json.h"
#include "trial/examine.h"
#include "trial/trial.h"

/* The host of a trial: both directions of the connection. */
struct line {
	FILE *in;
	int out_fd;
};

/* If the host has ended, the next write or the death signal ends this process. */
static void say_stage(const char *stage, void *context)
{
	const struct line *line = context;

	(void)json_write_line(line->out_fd,
			      json_pack("{s:s, s:s}", "event", "stage", "stage", stage));
}

static int64_t ask_for_flush(void *context)
{
	const struct line *line = context;
	int r = json_write_line(line->out_fd, json_pack("{s:s}", "event", "flush"));
	json_int_t ns = -1, error = EPROTO;
	json_t *answer;

	if (r == 0)
		r = json_read_line(line->in, &answer);
	if (r < 0)
		return r;
	if (json_unpack(answer, "{s:I}", "flush_ns", &ns) < 0)
		(void)json_unpack(answer, "{s:I}", "error", &error);
	json_decref(answer);
	return ns >= 0 ? ns : -error;
}

/* The host answers when it has noted the mark. */
static int send_mark(const char *mark, void *context)
{
	const struct line *line = context;
	json_t *answer;
	int r = json_write_line(line->out_fd,
				json_pack("{s:s, s:s}", "event", "mark", "mark", mark));

	if (r == 0)
		r = json_read_line(line->in, &answer);
	if (r == 0)
		json_decref(answer);
	return r;
}

static int serve_trial(const json_t *json, struct line *line)
{
	CLEANUP(trial_request_clear) struct trial_request request;
	CLEANUP(record_clear) struct record record;
	const struct trial_host host = { say_stage, ask_for_flush, send_mark, line };

	trial_request_init(&request);
	record_init(&record);
	if (trial_request_from_json(json, &request) < 0)
		return -EPROTO;
	trial_run(&request, &host, &record);
	return json_write_line(line->out_fd, json_pack("{s:s, s:o}", "event", "record", "record",
						       record_to_json(&record)));
}

int agent_serve(int in_fd, int out_fd)
{
	/* Another descriptor, since fclose() closes it. */
	CLEANUP(file_closep) FILE *in = fdopen(dup(in_fd), "r");
	CLEANUP(json_decrefp) json_t *json = NULL;
	struct line line = { in, out_fd };
	const json_t *examine;
	int r;

	if (!in)
		return -errno;
	r = json_write_line(out_fd, json_pack("{s:s}", "event", "ready"));
	if (r == 0)
		r = json_read_line(in, &json);
	if (r < 0)
		return r;
	examine = json_object_get(json, "examine");
	return examine ? examine_serve(examine, in, out_fd) : serve_trial(json, &line);
}
