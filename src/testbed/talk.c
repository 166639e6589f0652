/* SPDX-License-Identifier: MIT */
#include "testbed/talk.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/io.h"

enum { CONSOLE_LINES = 20, TICK_MS = 200 };

uint64_t talk_seconds_from_now(uint64_t seconds)
{
	return io_now_ns() + seconds * 1000000000u;
}

/* ---- the console ---- */

const char *talk_console_end(struct talk *talk)
{
	char *at = talk->console + talk->console_used;
	int lines = 0;

	talk->console[talk->console_used] = '\0';
	while (at > talk->console && (at[-1] != '\n' || ++lines <= CONSOLE_LINES))
		at--;
	return at;
}

char *talk_panic(struct talk *talk)
{
	static const char words[] = "Kernel panic - not syncing: ";
	const char *found;

	talk->console[talk->console_used] = '\0';
	found = strstr(talk->console, words);
	if (!found)
		return NULL;
	found += strlen(words);
	return strndup(found, strcspn(found, "\r\n"));
}

static void hear_console(struct talk *talk)
{
	char text[1024];
	ssize_t bytes = read(talk->process->console_fd, text, sizeof(text));
	size_t more = bytes > 0 ? (size_t)bytes : 0;

	if (bytes == 0 || (bytes < 0 && errno != EINTR))
		talk->process->console_fd = fd_close(talk->process->console_fd);
	if (talk->console_used + more > TALK_CONSOLE_BYTES) {
		size_t drop = talk->console_used + more - TALK_CONSOLE_BYTES;

		memmove(talk->console, talk->console + drop, talk->console_used - drop);
		talk->console_used -= drop;
	}
	/* It becomes a text; serial lines end in \r\n. */
	for (size_t i = 0; i < more; i++)
		if (text[i] != '\r')
			talk->console[talk->console_used++] = text[i] ? text[i] : '?';
}

/* The rest of the console may explain what has happened. */
static void drain_console(struct talk *talk)
{
	while (talk->process->console_fd >= 0) {
		struct pollfd console = { .fd = talk->process->console_fd, .events = POLLIN };

		if (poll(&console, 1, TICK_MS) <= 0)
			return;
		hear_console(talk);
	}
}

/* ---- lines ---- */

static int hear_lines(struct talk *talk)
{
	char *start = talk->text, *end;
	int r = 0;

	while (r == 0 && (end = memchr(start, '\n', talk->used - (size_t)(start - talk->text)))) {
		*end = '\0';
		r = talk->line(start, talk->context);
		start = end + 1;
	}
	talk->used -= (size_t)(start - talk->text);
	memmove(talk->text, start, talk->used);
	return r == 0 && talk->used == TALK_LINE_BYTES ? -EMSGSIZE : r;
}

static int hear(struct talk *talk)
{
	ssize_t bytes =
		read(talk->process->from_fd, talk->text + talk->used, TALK_LINE_BYTES - talk->used);

	if (bytes < 0 && errno == EINTR)
		return 0;
	if (bytes <= 0) {
		drain_console(talk);
		return -EPIPE;
	}
	talk->used += (size_t)bytes;
	return hear_lines(talk);
}

static int listen_once(struct talk *talk)
{
	struct pollfd watched[] = {
		{ .fd = talk->cancel_fd, .events = POLLIN },
		{ .fd = talk->process->from_fd, .events = POLLIN },
		{ .fd = talk->process->console_fd, .events = POLLIN },
	};
	int r = poll(watched, ARRAY_SIZE(watched), TICK_MS);

	if (r < 0)
		return errno == EINTR ? 0 : -errno;
	if (watched[0].revents)
		return -ECANCELED;
	if (watched[2].revents)
		hear_console(talk);
	return watched[1].revents ? hear(talk) : 0;
}

int talk_listen(struct talk *talk)
{
	int r = 0;

	if (!talk->text)
		talk->text = malloc(TALK_LINE_BYTES);
	if (!talk->text)
		return -ENOMEM;
	while (r == 0) {
		r = listen_once(talk);
		if (r == 0 && io_now_ns() > talk->deadline_ns)
			r = -ETIME;
		if (talk->tick)
			talk->tick(talk->context);
	}
	return r;
}

void talk_clear(struct talk *talk)
{
	free(talk->text);
	talk->text = NULL;
}
