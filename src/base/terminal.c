/* SPDX-License-Identifier: MIT */
#include "base/terminal.h"

#include <langinfo.h>
#include <limits.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/text.h"

enum { COLUMNS_ASSUMED = 80 };

struct terminal_size terminal_size(int fd)
{
	const char *wanted = getenv("COLUMNS");
	struct winsize size;
	unsigned long columns;

	if (ioctl(fd, TIOCGWINSZ, &size) == 0)
		return (struct terminal_size) { size.ws_col, size.ws_row };
	columns = wanted ? strtoul(wanted, NULL, 10) : 0;
	return (struct terminal_size) { columns <= USHRT_MAX ? (unsigned)columns : 0, 0 };
}

bool terminal_can_draw(int fd)
{
	const char *type = getenv("TERM");

	return isatty(fd) && !(type && strcmp(type, "dumb") == 0);
}

/* Uses a separate locale object: setlocale() would change how the program sorts names. */
bool terminal_is_utf8(void)
{
	static int answer = -1;
	locale_t locale;

	if (answer >= 0)
		return answer;
	locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
	answer = locale && strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0;
	if (locale)
		freelocale(locale);
	return answer;
}

/* ---- the line of progress ---- */

void progress_line_start(struct progress_line *line, bool quiet, uint64_t delay_ns,
			 uint64_t interval_ns)
{
	*line = (struct progress_line) {
		.enabled = !quiet && terminal_can_draw(STDERR_FILENO),
		.interval_ns = interval_ns,
		.next_ns = io_now_ns() + delay_ns,
	};
}

bool progress_line_is_due(const struct progress_line *line)
{
	return line->enabled && io_now_ns() >= line->next_ns;
}

/* The number of bytes of a text that fit into this many columns. */
static int bytes_within(const char *text, unsigned columns)
{
	const char *at = text;

	for (; *at; at++)
		if ((*at & 0xc0) != 0x80 && columns-- == 0)
			break;
	return (int)(at - text);
}

void progress_line_show(struct progress_line *line, const char *format, ...)
{
	CLEANUP(freep) char *text = NULL;
	unsigned columns = terminal_size(STDERR_FILENO).columns;
	va_list arguments;

	if (!line->enabled)
		return;
	va_start(arguments, format);
	text = text_vformat(format, arguments);
	va_end(arguments);
	if (!text)
		return;
	for (char *at = text; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = ' ';
	fprintf(stderr, "\r%.*s\033[K",
		bytes_within(text, (columns ? columns : COLUMNS_ASSUMED) - 1), text);
	line->shown = true;
	line->next_ns = io_now_ns() + line->interval_ns;
}

void progress_line_wipe(struct progress_line *line)
{
	if (line->shown)
		fputs("\r\033[K", stderr);
	line->shown = false;
}
