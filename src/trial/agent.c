/* SPDX-License-Identifier: MIT */
/*
 * The request is awaited only after "ready" was said: a guest's serial line
 * echoes and swallows until the agent has set it to raw.
 */
#include "agent.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "io.h"
#include "trial.h"

static int say(int fd, json_t *json)
{
	CLEANUP(freep) char *line = json ? json_dumps(json, JSON_COMPACT) : NULL;
	int r;

	json_decref(json);
	if (!line)
		return -ENOMEM;
	r = io_write_all(fd, line, strlen(line));
	return r < 0 ? r : io_write_all(fd, "\n", 1);
}

static void say_stage(const char *stage, void *context)
{
	/* If the host is gone the next write or the death signal ends us. */
	(void)say(*(int *)context, json_pack("{s:s, s:s}", "event", "stage", "stage", stage));
}

static int hear_request(int fd, struct trial_request *ret)
{
	/* A descriptor of its own, since fclose() takes it along. */
	CLEANUP(file_closep) FILE *in = fdopen(dup(fd), "r");
	CLEANUP(freep) char *line = NULL;
	json_t *json;
	size_t room = 0;
	int r;

	if (!in)
		return -errno;
	if (getline(&line, &room, in) < 0)
		return -EPIPE;
	json = json_loads(line, 0, NULL);
	if (!json)
		return -EPROTO;
	r = trial_request_from_json(json, ret);
	json_decref(json);
	return r < 0 ? -EPROTO : 0;
}

int agent_serve(int in_fd, int out_fd)
{
	CLEANUP(trial_request_clear) struct trial_request request;
	CLEANUP(record_clear) struct record record;
	int r;

	trial_request_init(&request);
	record_init(&record);
	r = say(out_fd, json_pack("{s:s}", "event", "ready"));
	if (r == 0)
		r = hear_request(in_fd, &request);
	if (r < 0)
		return r;
	trial_run(&request, say_stage, &out_fd, &record);
	return say(out_fd,
		   json_pack("{s:s, s:o}", "event", "record", "record", record_to_json(&record)));
}
