/* SPDX-License-Identifier: MIT */
/* The user's terminal: its size, its character set, and a progress line. */
#ifndef BASE_TERMINAL_H
#define BASE_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>

struct terminal_size {
	unsigned columns, rows; /* 0: not known */
};

/*
 * The size of the terminal `fd`.  If it is not a terminal, the columns are from COLUMNS of the
 * environment.
 */
struct terminal_size terminal_size(int fd);

/* Whether `fd` is a terminal that can move its cursor. */
bool terminal_can_draw(int fd);

/*
 * Whether the terminal displays UTF-8, according to LC_ALL, LC_CTYPE or LANG.  If not, only ASCII
 * is safe.
 */
bool terminal_is_utf8(void);

/*
 * A line on stderr that is rewritten in place, by one thread at a time.  It appears only on a
 * terminal, and not before `delay_ns`.
 */
struct progress_line {
	bool enabled, shown;
	uint64_t interval_ns; /* the minimum time between two updates */
	uint64_t next_ns;     /* time of the next update, on the clock of io_now_ns() */
};

void progress_line_start(struct progress_line *line, bool quiet, uint64_t delay_ns,
			 uint64_t interval_ns);

/* Whether an update is due.  Cheap enough to be called per file. */
bool progress_line_is_due(const struct progress_line *line);

/* Shows the text, cut to the width of the terminal. */
void progress_line_show(struct progress_line *line, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Clears the line and moves the cursor to its start. */
void progress_line_wipe(struct progress_line *line);

#endif
