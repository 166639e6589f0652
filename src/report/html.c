/* SPDX-License-Identifier: MIT */
/*
 * One file that holds all it needs and asks nothing of any network: the page is
 * meant to be attached to a mail or put beside a patch.  A policy in its head
 * makes browsers keep to that.
 *
 * data/html/page.html is the page; each {{name}} in it is replaced by one of the
 * parts below.  Foreign text is either escaped, or in the JSON, where no "<" is left that could
 * end the element that holds it.
 */
#include "report/html.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/format.h"

/* Files of data/html/, put into the program by scripts/embed. */
extern const char embedded_page[], embedded_style[], embedded_script[];

static const char *entity_of(char letter)
{
	switch (letter) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

void html_put_text(FILE *to, const char *text)
{
	for (; *text; text++) {
		const char *entity = entity_of(*text);

		if (entity)
			fputs(entity, to);
		else if (*text == '\n' || *text == '\t')
			putc(*text, to);
		else
			putc((unsigned char)*text < ' ' || *text == 0x7f ? ' ' : *text, to);
	}
}

/* ---- the parts of the template ---- */

struct parts {
	const struct grids *grids;
	const struct report_options *options;
	const json_t *data;
};

static int put_title(FILE *to, const struct parts *parts)
{
	html_put_text(to, json_string_value(json_object_get(parts->data, "title")));
	return 0;
}

static int put_style(FILE *to, const struct parts *parts)
{
	(void)parts;
	fputs(embedded_style, to);
	return 0;
}

static int put_script(FILE *to, const struct parts *parts)
{
	(void)parts;
	fputs(embedded_script, to);
	return 0;
}

static int put_version(FILE *to, const struct parts *parts)
{
	(void)parts;
	fputs(ALLOC_PERF_VERSION, to);
	return 0;
}

static int put_plain(FILE *to, const struct parts *parts)
{
	return html_put_plain(to, parts->grids, parts->options);
}

static int put_data(FILE *to, const struct parts *parts)
{
	CLEANUP(freep) char *text = json_dumps(parts->data, JSON_COMPACT | JSON_REAL_PRECISION(9));

	if (!text)
		return -ENOMEM;
	for (const char *at = text; *at;) {
		size_t bytes = strcspn(at, "<");

		fwrite(at, 1, bytes, to);
		at += bytes;
		if (*at && at++)
			fputs("\\u003c", to);
	}
	return 0;
}

static const struct {
	const char *name;
	int (*put)(FILE *to, const struct parts *parts);
} part_table[] = {
	{ "{{title}}", put_title }, { "{{style}}", put_style }, { "{{script}}", put_script },
	{ "{{plain}}", put_plain }, { "{{data}}", put_data },	{ "{{version}}", put_version },
};

/* The part whose name is at `text`, and behind it `*ret_end`. */
static int put_part(FILE *to, const char *text, const struct parts *parts, const char **ret_end)
{
	for (size_t i = 0; i < ARRAY_SIZE(part_table); i++) {
		size_t bytes = strlen(part_table[i].name);

		if (strncmp(text, part_table[i].name, bytes) == 0) {
			*ret_end = text + bytes;
			return part_table[i].put(to, parts);
		}
	}
	return -EINVAL;
}

int html_print(FILE *to, const struct grids *grids, const struct report_options *options)
{
	CLEANUP(json_decrefp) json_t *data = html_data(grids, options);
	struct parts parts = { grids, options, data };
	const char *text = embedded_page, *place;

	if (!data)
		return -ENOMEM;
	while ((place = strstr(text, "{{"))) {
		int r;

		fwrite(text, 1, (size_t)(place - text), to);
		r = put_part(to, place, &parts, &text);
		if (r < 0)
			return r;
	}
	fputs(text, to);
	return 0;
}
