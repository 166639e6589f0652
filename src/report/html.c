/* SPDX-License-Identifier: MIT */
/*
 * One file that holds all it needs and asks nothing of any network: the page is
 * meant to be attached to a mail or put beside a patch.  A policy in its head
 * makes browsers keep to that.
 *
 * Everything that comes from a result file goes through html_put_text(): such
 * files are sent around, and a label is as good a place for a script as any.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/format.h"
#include "report/html.h"
#include "report/html_embedded.h"

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
		else
			putc((unsigned char)*text < ' ' || *text == 0x7f ? ' ' : *text, to);
	}
}

void html_put_figure(FILE *to, const char *figure)
{
	for (; *figure; figure++)
		if (*figure == ' ')
			fputs("&nbsp;", to);
		else
			putc(*figure, to);
}

/* As html_put_text(), with its lines kept: for what stands in <pre>. */
static void put_lines(FILE *to, const char *text)
{
	for (; *text; text++) {
		char letter[2] = { *text, '\0' };

		if (*text == '\n' || *text == '\t')
			putc(*text, to);
		else
			html_put_text(to, letter);
	}
}

int html_put_escaped(FILE *to, void (*put)(FILE *to, const struct grid *grid),
		     const struct grid *grid)
{
	CLEANUP(freep) char *text = NULL;
	size_t bytes;
	FILE *memory = open_memstream(&text, &bytes);

	if (!memory)
		return -ENOMEM;
	put(memory, grid);
	if (fclose(memory) != 0)
		return -ENOMEM;
	html_put_text(to, text);
	return 0;
}

/* ---- the head ---- */

static int put_head(FILE *to, const struct grids *grids)
{
	fputs(embedded_head, to);
	fputs("<title>", to);
	if (grids->count == 0)
		fputs("no results", to);
	else if (html_put_escaped(to, put_sizes, &grids->grid[0]) < 0)
		return -ENOMEM;
	fprintf(to, " - alloc-perf</title>\n<style>\n%s</style>\n<script>\n%s</script>\n</head>\n",
		embedded_style, embedded_script);
	return 0;
}

void html_put_warnings(FILE *to, const struct grid *grid, const char *whose)
{
	for (size_t i = 0; i < grid->warning_count; i++) {
		fputs("<p class=\"warning\"><b>Warning", to);
		if (*whose) {
			fputs(" of ", to);
			html_put_text(to, whose);
		}
		fputs(":</b> ", to);
		html_put_text(to, grid->warnings[i]->text);
		fputs("</p>\n", to);
	}
}

static int put_conditions_of(FILE *to, const struct grid *grid)
{
	const char *note = grid->environment->testbed_note;
	int r;

	fputs("<p class=\"conditions\">", to);
	r = html_put_escaped(to, put_conditions, grid);
	fputs("</p>\n", to);
	if (note && *note) {
		fputs("<p class=\"warning\">", to);
		html_put_text(to, note);
		fputs("</p>\n", to);
	}
	html_put_warnings(to, grid, "");
	return r;
}

/* Does the page begin with it side by side? */
static int is_compared(const struct grid *joined)
{
	return joined->join->count > 1;
}

static int put_compared(FILE *to, const struct grids *joined)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < joined->count; i++) {
		if (!is_compared(&joined->grid[i]))
			continue;
		fprintf(to, "<li><a href=\"#beside-%zu\">Side by side: ", i);
		r = html_put_escaped(to, put_sizes, &joined->grid[i]);
		fputs("</a></li>\n", to);
	}
	return r;
}

static int put_contents(FILE *to, const struct grids *grids, const struct grids *joined)
{
	if (grids->count < 2)
		return 0;
	fputs("<nav aria-label=\"Conditions\"><ul>\n", to);
	if (put_compared(to, joined) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < grids->count; i++) {
		fprintf(to, "<li><a href=\"#grid-%zu\">", i);
		if (html_put_escaped(to, put_sizes, &grids->grid[i]) < 0)
			return -ENOMEM;
		fputs("; ", to);
		if (html_put_escaped(to, put_conditions, &grids->grid[i]) < 0)
			return -ENOMEM;
		fputs("</a></li>\n", to);
	}
	fputs("</ul></nav>\n", to);
	return 0;
}

/* ---- the figures ---- */

static int put_charts(FILE *to, const struct grids *grids, size_t number, int compared)
{
	int r;

	fprintf(to, "<section aria-labelledby=\"charts-%zu\"><h3 id=\"charts-%zu\">Charts</h3>\n",
		number, number);
	if (compared)
		fputs("<p class=\"note\">What the bars above are made of; the other charts are "
		      "above, side by side.</p>\n",
		      to);
	r = html_put_charts(to, grids, number, compared);
	fputs("</section>\n", to);
	return r;
}

static int put_grid(FILE *to, const struct grids *grids, size_t number, int compared,
		    const struct report_options *options)
{
	const struct grid *grid = &grids->grid[number];
	int r;

	fprintf(to, "<section id=\"grid-%zu\" class=\"grid\"><h2>", number);
	r = html_put_escaped(to, put_sizes, grid);
	fputs("</h2>\n", to);
	if (r == 0)
		r = put_conditions_of(to, grid);
	if (r == 0)
		r = html_put_summary(to, grid);
	if (r == 0 && !options->no_charts)
		r = put_charts(to, grids, number, compared);
	if (r == 0)
		r = html_put_layouts(to, grid);
	if (r == 0)
		r = html_put_table(to, grid, number, options);
	if (r == 0)
		r = html_put_beside(to, grid, options);
	fputs("</section>\n", to);
	return r;
}

/* ---- where they come from ---- */

/* Long ones, which stand in a place of their own. */
static int is_shown_elsewhere(const struct environment *environment, const struct field *field)
{
	const char *text = field->type == FIELD_TEXT ? field_text(field, environment) : NULL;

	return text && (text == environment->command || text == environment->plan);
}

static void put_fact(FILE *to, const struct environment *environment, const struct field *field)
{
	fprintf(to, "<dt title=\"%s\">%s</dt><dd>", field->meaning, field->name);
	if (field->type == FIELD_TEXT) {
		html_put_text(to, field_text(field, environment));
	} else if (strcmp(field->unit, "bytes") == 0) {
		char text[VALUE_TEXT_MAX];

		fputs(value_text((double)field_count(field, environment), MEASURE_BYTES, text), to);
	} else {
		fprintf(to, "%lld", (long long)field_count(field, environment));
	}
	fputs("</dd>\n", to);
}

static void put_environment(FILE *to, const struct environment *environment)
{
	fputs("<dl class=\"facts\">\n", to);
	for (size_t i = 0; i < environment_field_count; i++) {
		const struct field *field = &environment_fields[i];
		int known = field->type == FIELD_TEXT
				    ? field_text(field, environment) != NULL
				    : field_count(field, environment) != FIELD_UNKNOWN;

		if (known && !is_shown_elsewhere(environment, field))
			put_fact(to, environment, field);
	}
	fputs("</dl>\n", to);
}

static void put_command(FILE *to, const struct environment *environment)
{
	if (environment->command) {
		fputs("<pre tabindex=\"0\" aria-label=\"Command\"><code>", to);
		html_put_text(to, environment->command);
		fputs("</code></pre>\n", to);
	} else {
		fputs("<p>The result file does not hold its command.</p>\n", to);
	}
	if (environment->plan) {
		fputs("<details><summary>The plan behind it, for run --plan</summary>\n<pre "
		      "tabindex=\"0\" aria-label=\"Plan\"><code>",
		      to);
		put_lines(to, environment->plan);
		fputs("</code></pre></details>\n", to);
	}
}

static void put_origin(FILE *to, const struct results *results)
{
	fputs("<section><h2>How to reproduce it</h2>\n", to);
	for (size_t i = 0; i < results->environment_count; i++)
		put_command(to, &results->environments[i]);
	fputs("</section>\n<section><h2>Environment</h2>\n", to);
	for (size_t i = 0; i < results->environment_count; i++)
		put_environment(to, &results->environments[i]);
	fputs("</section>\n", to);
}

/* Is it one of those that the page begins with, side by side? */
static int is_above(const struct grids *joined, const struct grid *grid)
{
	for (size_t i = 0; i < joined->count; i++)
		for (size_t j = 0; j < joined->grid[i].join->count; j++)
			if (joined->grid[i].join->members[j] == grid)
				return is_compared(&joined->grid[i]);
	return 0;
}

static int put_figures(FILE *to, const struct grids *grids, const struct report_options *options)
{
	CLEANUP(grids_clear) struct grids joined = { 0 };
	int r = grids_join(grids, &joined);

	if (r == 0)
		r = put_contents(to, grids, &joined);
	for (size_t i = 0; r == 0 && i < joined.count; i++)
		if (is_compared(&joined.grid[i]))
			r = html_put_comparison(to, &joined, i, options);
	for (size_t i = 0; r == 0 && i < grids->count; i++)
		r = put_grid(to, grids, i, is_above(&joined, &grids->grid[i]), options);
	return r;
}

int html_print(FILE *to, const struct grids *grids, const struct report_options *options)
{
	int r = put_head(to, grids);

	if (r < 0)
		return r;
	fputs(embedded_top, to);
	r = put_figures(to, grids, options);
	if (r < 0)
		return r;
	put_origin(to, grids->results);
	fprintf(to, "</main>\n<footer>Made by alloc-perf %s.</footer>\n</body>\n</html>\n",
		ALLOC_PERF_VERSION);
	return 0;
}
