/* SPDX-License-Identifier: MIT */
/*
 * gnuplot's picture is a document of its own: it has ids, which would be there
 * twice with two pictures on a page, titles, which browsers show as tooltips
 * with gnuplot's commands in them, and fixed colours, which do not go dark with
 * the page.  So the picture is taken apart: tags that draw are let through and
 * nothing else, and each colour that begins with SVG_COLOUR becomes a property
 * of the style sheet.  gnuplot writes the same colour in more than one way.
 */
#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/html.h"

enum { COLOUR_RED = 0x0a, COLOUR_GREEN = 0x0b };

static const char *const drawing_tags[] = { "g", "path", "polygon", "text", "rect" };

/* The name of a tag from behind its "<" or "</". */
static int is_named(const char *name, const char *wanted)
{
	size_t length = strlen(wanted);

	return strncmp(name, wanted, length) == 0 && !isalnum((unsigned char)name[length]);
}

static int draws(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(drawing_tags); i++)
		if (is_named(name, drawing_tags[i]))
			return 1;
	return 0;
}

/* "rgb( 10,  11,   3)" at `text`: its length, and 3 in *ret_number; 0 if it is no such colour. */
static size_t colour_at(const char *text, unsigned *ret_number)
{
	unsigned red, green, blue;
	int length = 0;

	if (strncmp(text, "rgb(", 4) != 0 ||
	    sscanf(text, "rgb( %u , %u , %u )%n", &red, &green, &blue, &length) != 3 ||
	    length == 0 || red != COLOUR_RED || green != COLOUR_GREEN)
		return 0;
	*ret_number = blue;
	return (size_t)length;
}

/* An attribute " id=..." at `text`: its length; 0 if it is another. */
static size_t id_at(const char *text, const char *end)
{
	const char *closing;

	if (strncmp(text, " id=", 4) != 0 || text + 5 >= end)
		return 0;
	closing = memchr(text + 5, text[4], (size_t)(end - text - 5));
	return closing ? (size_t)(closing + 1 - text) : 0;
}

static void put_tag(FILE *to, const char *tag, const char *end)
{
	while (tag < end) {
		unsigned number;
		size_t colour = colour_at(tag, &number), id = id_at(tag, end);

		if (colour)
			fprintf(to, "var(--c%u)", number);
		else if (!id)
			putc(*tag, to);
		tag += colour ? colour : id ? id : 1;
	}
}

/* Behind the end of an element whose start tag ends at `end`. */
static const char *skip_element(const char *end, const char *closing)
{
	const char *behind = strstr(end, closing);

	return behind ? behind + strlen(closing) : end + strlen(end);
}

void svg_put_inline(FILE *to, const char *svg, int width, int height, const char *label)
{
	const char *at = svg;

	fprintf(to, "<svg class=\"chart\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", width,
		height);
	html_put_text(to, label);
	fputs("\">", to);
	while ((at = strchr(at, '<'))) {
		const char *name = at + 1 + (at[1] == '/'), *end = strchr(at, '>');

		if (!end)
			break;
		end++;
		if (is_named(name, "defs") || is_named(name, "title") || is_named(name, "desc")) {
			at = skip_element(end, is_named(name, "defs")	 ? "</defs>"
					       : is_named(name, "title") ? "</title>"
									 : "</desc>");
			continue;
		}
		if (draws(name))
			put_tag(to, at, end);
		if (at[1] != '/' && is_named(name, "text"))
			fprintf(to, "%.*s", (int)strcspn(end, "<"), end);
		at = end;
	}
	fputs("</svg>\n", to);
}
