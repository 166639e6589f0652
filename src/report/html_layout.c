/* SPDX-License-Identifier: MIT */
/*
 * Where each file lies, to scale: the whole volume in a thin strip, and below it
 * the part between the file's lowest and highest address drawn out.  Places are
 * percentages and not pixels, so that one picture serves a telephone and a desk,
 * and patterns stay as they are.  What is closer together than a pixel of the
 * widest screen becomes one rectangle; a mark below says where fragments begin
 * even so.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/format.h"
#include "report/html.h"
#include "base/size.h"

/* Parts of a strip that can be told apart; no screen has so many pixels across. */
static const double finest = 1.0 / 4000;

enum { STRIP_Y = 0, STRIP_HEIGHT = 7, WEDGE_HEIGHT = 9, ZOOM_HEIGHT = 20, MARK_HEIGHT = 5 };
enum { ZOOM_Y = STRIP_HEIGHT + WEDGE_HEIGHT, MARK_Y = ZOOM_Y + ZOOM_HEIGHT + 1 };
enum { PICTURE_HEIGHT = MARK_Y + MARK_HEIGHT };

/* A file on its volume. */
struct place {
	const struct record *record;
	struct field_run *by_address; /* its runs in the order of the volume */
	size_t count;
	double low, high;    /* addresses of its first and last byte on the volume */
	double volume_bytes; /* 0: not known */
};

static int in_order_of_volume(const void *one, const void *other)
{
	const struct field_run *a = one, *b = other;

	return (a->physical > b->physical) - (a->physical < b->physical);
}

static void place_clear(struct place *place)
{
	free(place->by_address);
}

/* 0 or -ENOMEM. */
static int place_find(const struct record *record, struct place *ret)
{
	size_t count = (size_t)record->layout.count;
	struct field_run *run = calloc(count, sizeof(*run));

	if (!run)
		return -ENOMEM;
	memcpy(run, record->layout.run, count * sizeof(*run));
	qsort(run, count, sizeof(*run), in_order_of_volume);
	*ret = (struct place) { .record = record, .by_address = run, .count = count };
	ret->low = (double)run[0].physical;
	for (size_t i = 0; i < count; i++)
		ret->high = fmax(ret->high, (double)run[i].physical + (double)run[i].bytes);
	/* A volume that ends before the file does is none. */
	if (record->volume_bytes > 0 && (double)record->volume_bytes >= ret->high)
		ret->volume_bytes = (double)record->volume_bytes;
	return 0;
}

/* ---- rectangles ---- */

/* A stretch of a strip, from 0 to 1. */
struct stretch {
	double from, to;
	int unwritten;
	double shade; /* 1 at the file's beginning, fading to its end */
};

static void put_stretch(FILE *to, const struct stretch *stretch, int y, int height)
{
	fprintf(to, "<rect class=\"%s\" x=\"%.4g%%\" y=\"%d\" width=\"%.4g%%\" height=\"%d\"",
		stretch->unwritten ? "u" : "w", 100 * stretch->from, y,
		100 * fmax(stretch->to - stretch->from, finest), height);
	if (stretch->shade < 0.995)
		fprintf(to, " opacity=\"%.2f\"", stretch->shade);
	fputs("/>", to);
}

static struct stretch stretch_of(const struct place *place, const struct field_run *run, double low,
				 double high)
{
	double from = ((double)run->physical - low) / (high - low);

	return (struct stretch) {
		.from = from,
		.to = from + (double)run->bytes / (high - low),
		.unwritten = run->unwritten != 0,
		.shade = 1 -
			 0.65 * fmin((double)run->logical / (double)place->record->file_bytes, 1),
	};
}

/* The runs between two addresses; shaded by their order in the file if asked for. */
static void put_strip(FILE *to, const struct place *place, double low, double high, int y,
		      int height, int shaded)
{
	struct stretch last = { .from = -1 };

	for (size_t i = 0; i < place->count; i++) {
		struct stretch next = stretch_of(place, &place->by_address[i], low, high);

		if (!shaded)
			next.shade = 1;
		if (last.from >= 0 && next.from - last.to < finest &&
		    next.unwritten == last.unwritten && fabs(next.shade - last.shade) < 0.02) {
			last.to = fmax(last.to, next.to);
			continue;
		}
		if (last.from >= 0)
			put_stretch(to, &last, y, height);
		last = next;
	}
	if (last.from >= 0)
		put_stretch(to, &last, y, height);
}

static int begins_fragment(const struct field_runs *runs, int64_t i)
{
	return i == 0 ||
	       runs->run[i - 1].physical + runs->run[i - 1].bytes != runs->run[i].physical;
}

static int ascending(const void *one, const void *other)
{
	const double *a = one, *b = other;

	return (*a > *b) - (*a < *b);
}

/* 0 or -ENOMEM. */
static int put_marks(FILE *to, const struct place *place)
{
	const struct field_runs *runs = &place->record->layout;
	CLEANUP(freep) double *marks = calloc(place->count, sizeof(*marks));
	double last = -1;
	size_t count = 0;

	if (!marks)
		return -ENOMEM;
	for (int64_t i = 0; i < runs->count; i++)
		if (begins_fragment(runs, i))
			marks[count++] = ((double)runs->run[i].physical - place->low) /
					 (place->high - place->low);
	qsort(marks, count, sizeof(*marks), ascending);
	for (size_t i = 0; i < count; i++) {
		if (last >= 0 && marks[i] - last < 4 * finest)
			continue;
		last = marks[i];
		fprintf(to, "<rect class=\"m\" x=\"%.4g%%\" y=\"%d\" width=\"1\" height=\"%d\"/>",
			100 * last, MARK_Y, MARK_HEIGHT);
	}
	return 0;
}

/* From the thin strip down to the part of it that is drawn out. */
static void put_wedge(FILE *to, const struct place *place)
{
	double low = 1000 * place->low / place->volume_bytes;
	double high = 1000 * place->high / place->volume_bytes;

	fprintf(to,
		"<svg y=\"%d\" width=\"100%%\" height=\"%d\" viewBox=\"0 0 1000 1\" "
		"preserveAspectRatio=\"none\"><polygon class=\"z\" points=\"%.4g,0 %.4g,0 1000,1 "
		"0,1\"/></svg>",
		STRIP_HEIGHT, WEDGE_HEIGHT, low, fmax(high, low + 1));
}

/* ---- words ---- */

static void put_size(FILE *to, double bytes)
{
	char text[SIZE_TEXT_MAX];

	html_put_figure(to, size_human(bytes, text));
}

static void put_count(FILE *to, int64_t count, const char *what)
{
	fprintf(to, "%lld %s%s", (long long)count, what, count == 1 ? "" : "s");
}

/* The picture in words, which are its text alternative as well. */
static void put_words(FILE *to, const struct place *place)
{
	const struct record *record = place->record;

	put_count(to, record->fragments != FIELD_UNKNOWN ? record->fragments : record->layout.count,
		  record->fragments != FIELD_UNKNOWN ? "fragment" : "run");
	if (record->largest_fragment_bytes > 0 && record->fragments > 1) {
		fputs(", the largest ", to);
		put_size(to, (double)record->largest_fragment_bytes);
	}
	fputs(", from ", to);
	put_size(to, place->low);
	fputs(" to ", to);
	put_size(to, place->high);
	if (place->volume_bytes > 0) {
		fputs(" of ", to);
		put_size(to, place->volume_bytes);
	}
	if (record->unwritten_bytes > 0) {
		fputs("; ", to);
		put_size(to, (double)record->unwritten_bytes);
		fputs(" unwritten", to);
	}
	if (record->layout_left_out > 0) {
		fputs("; not drawn: ", to);
		put_count(to, record->layout_left_out, "shorter run");
		fputs(" of ", to);
		put_size(to, (double)record->layout_left_out_bytes);
		fputs(" together", to);
	}
}

static void put_method(FILE *to, const struct record *record)
{
	CLEANUP(freep) char *title = strdup(record->method);

	if (!title)
		return;
	size_shorten(title);
	html_put_text(to, title);
}

static int put_picture(FILE *to, const struct place *place)
{
	fputs("<svg class=\"layout\" role=\"img\" height=\"", to);
	fprintf(to, "%d\" aria-label=\"", PICTURE_HEIGHT);
	put_method(to, place->record);
	fputs(": ", to);
	put_words(to, place);
	fputs("\">", to);
	if (place->volume_bytes > 0) {
		fprintf(to, "<rect class=\"v\" y=\"%d\" width=\"100%%\" height=\"%d\" rx=\"2\"/>",
			STRIP_Y, STRIP_HEIGHT);
		put_strip(to, place, 0, place->volume_bytes, STRIP_Y, STRIP_HEIGHT, 0);
		put_wedge(to, place);
	}
	fprintf(to, "<rect class=\"v\" y=\"%d\" width=\"100%%\" height=\"%d\"/>", ZOOM_Y,
		ZOOM_HEIGHT);
	put_strip(to, place, place->low, place->high, ZOOM_Y, ZOOM_HEIGHT, 1);
	if (put_marks(to, place) < 0)
		return -ENOMEM;
	fputs("</svg>", to);
	return 0;
}

/* ---- the section ---- */

/* NULL: no run of it tells where the file lies. */
static const struct record *run_with_layout(const struct cell *cell)
{
	for (size_t i = 0; i < cell->count; i++)
		if (strcmp(cell->records[i]->status, STATUS_OK) == 0 &&
		    cell->records[i]->layout.count > 0)
			return cell->records[i];
	return NULL;
}

static int put_file(FILE *to, const struct cell *cell)
{
	CLEANUP(place_clear) struct place place = { 0 };
	const struct record *record = run_with_layout(cell);
	int r = place_find(record, &place);

	if (r < 0)
		return r;
	fputs("<figure><figcaption><b>", to);
	put_method(to, record);
	fputs("</b> <span>", to);
	if (cell->count > 1)
		fprintf(to, "run %lld: ", (long long)record->run);
	put_words(to, &place);
	fputs("</span></figcaption>", to);
	r = put_picture(to, &place);
	fputs("</figure>\n", to);
	return r;
}

/* How many of its files can be drawn. */
static size_t count_files(const struct grid *grid, size_t filesystem)
{
	size_t count = 0;

	for (size_t i = 0; i < grid->method_count; i++)
		count += run_with_layout(grid_cell(grid, filesystem, i)) != NULL;
	return count;
}

static int put_filesystem(FILE *to, const struct grid *grid, size_t filesystem)
{
	int r = 0;

	fputs("<section class=\"volume\"><h4>", to);
	html_put_text(to, grid->filesystems[filesystem]);
	fputs("</h4>\n", to);
	for (size_t i = 0; r == 0 && i < grid->method_count; i++)
		if (run_with_layout(grid_cell(grid, filesystem, i)))
			r = put_file(to, grid_cell(grid, filesystem, i));
	fputs("</section>\n", to);
	return r;
}

static const char legend[] =
	"<ul class=\"legend\"><li><svg width=\"18\" height=\"12\" aria-hidden=\"true\"><rect "
	"class=\"w\" width=\"18\" height=\"12\"/></svg>written"
	"<li><svg width=\"18\" height=\"12\" aria-hidden=\"true\"><rect class=\"u\" width=\"18\" "
	"height=\"12\"/></svg>unwritten: allocated, to be converted by the first write"
	"<li><svg width=\"18\" height=\"12\" aria-hidden=\"true\"><rect class=\"w\" width=\"9\" "
	"height=\"12\"/><rect class=\"w\" x=\"9\" width=\"9\" height=\"12\" "
	"opacity=\"0.35\"/></svg>"
	"beginning of the file, end of the file"
	"<li><svg width=\"18\" height=\"12\" aria-hidden=\"true\"><rect class=\"m\" x=\"8\" "
	"y=\"3\" "
	"width=\"1\" height=\"6\"/></svg>a fragment begins</ul>\n";

int html_put_layouts(FILE *to, const struct grid *grid)
{
	size_t files = 0;
	int r = 0;

	for (size_t i = 0; i < grid->filesystem_count; i++)
		files += count_files(grid, i);
	fputs("<section><h3>Where the files lie</h3>\n", to);
	if (files == 0) {
		fputs("<p class=\"note\">No trial says where its file lies.</p></section>\n", to);
		return 0;
	}
	fputs("<p class=\"note\">To scale. Above, the whole volume, where its size is known; "
	      "below, "
	      "the part "
	      "of it from the file's first to its last address, drawn out.</p>\n",
	      to);
	fprintf(to, "%s<div class=\"volumes\">\n", legend);
	for (size_t i = 0; r == 0 && i < grid->filesystem_count; i++)
		if (count_files(grid, i) > 0)
			r = put_filesystem(to, grid, i);
	fputs("</div></section>\n", to);
	return r;
}
