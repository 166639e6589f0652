/* SPDX-License-Identifier: MIT */
/*
 * The same picture as on the terminal, finer: the volume row by row, a rectangle
 * for each bin that holds something.  How dark it is says how full, a red edge
 * how many fragments begin there; for a single file the colour runs from blue at
 * its begin to orange at its end, so that one sees the order as well.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>

#include "frag/show/show.h"
#include "base/size.h"
#include "base/words.h"
#include "frag/account/map.h"

enum { CELL = 12, COLUMNS = 64, MARGIN = 24, HEAD = 56, LABELS = 76, FOOT = 40 };

struct picture {
	FILE *to;
	const struct map *map;
	unsigned bins;
	bool ordered; /* positions are known */
};

static void put_escaped(FILE *to, const char *text)
{
	for (; *text; text++) {
		if (*text == '&')
			fputs("&amp;", to);
		else if (*text == '<')
			fputs("&lt;", to);
		else if (*text == '>')
			fputs("&gt;", to);
		else if ((unsigned char)*text >= ' ')
			fputc(*text, to);
	}
}

/* From blue over green to orange. */
static void put_colour(const struct picture *picture, const struct map_bin *bin)
{
	double place = bin->bytes ? bin->position / (double)bin->bytes : 0;

	if (picture->ordered)
		fprintf(picture->to, "hsl(%.0f,70%%,48%%)", 215 - 185 * fmin(place, 1));
	else
		fputs("#2b6cb0", picture->to);
}

static void put_bin(const struct picture *picture, unsigned number)
{
	const struct map_bin *bin = &picture->map->bins[number];
	double share = fmin((double)bin->bytes / (double)picture->map->bin_bytes, 1);
	unsigned x = LABELS + number % COLUMNS * CELL, y = HEAD + number / COLUMNS * CELL;
	char text[SIZE_TEXT_MAX];

	fprintf(picture->to, "<rect x=\"%u\" y=\"%u\" width=\"%d\" height=\"%d\" fill=\"", x, y,
		CELL - 1, CELL - 1);
	put_colour(picture, bin);
	fprintf(picture->to, "\" fill-opacity=\"%.2f\"", 0.25 + 0.75 * share);
	if (bin->breaks)
		fprintf(picture->to, " stroke=\"#c53030\" stroke-width=\"%.1f\"",
			fmin(0.6 + log10((double)bin->breaks), 3));
	fprintf(picture->to,
		"><title>at %s: ", size_human((double)picture->map->bin_bytes * number, text));
	fprintf(picture->to, "%s, %" PRIu64 " seek%s</title></rect>\n",
		size_human((double)bin->bytes, text), bin->breaks, words_plural(bin->breaks));
}

static void put_labels(const struct picture *picture, unsigned rows)
{
	char text[SIZE_TEXT_MAX];

	for (unsigned row = 0; row<rows; row += rows> 16 ? 4 : 1)
		fprintf(picture->to,
			"<text x=\"%d\" y=\"%u\" text-anchor=\"end\" class=\"l\">%s</text>\n",
			LABELS - 8, HEAD + row * CELL + CELL - 2,
			row ? size_human((double)picture->map->bin_bytes * row * COLUMNS, text)
			    : "0");
}

static void put_legend(const struct picture *picture, unsigned y)
{
	char text[SIZE_TEXT_MAX];

	fprintf(picture->to,
		"<text x=\"%d\" y=\"%u\" class=\"l\">a cell is %s; the fuller, the darker; red "
		"edge: fragments start here%s</text>\n",
		LABELS, y, size_human((double)picture->map->bin_bytes, text),
		picture->ordered ? "; blue: start of the file, orange: its end" : "");
}

static void put_svg(const struct picture *picture, const char *title)
{
	unsigned rows = (picture->bins + COLUMNS - 1) / COLUMNS;
	unsigned width = LABELS + COLUMNS * CELL + MARGIN, height = HEAD + rows * CELL + FOOT;

	fprintf(picture->to,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" "
		"viewBox=\"0 0 %u %u\" font-family=\"sans-serif\">\n"
		"<style>.l{font-size:11px;fill:#555}</style>\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n<text x=\"%d\" y=\"28\" "
		"font-size=\"16\">",
		width, height, width, height, LABELS);
	put_escaped(picture->to, title);
	fprintf(picture->to,
		"</text>\n<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%u\" fill=\"#f0f0f0\"/>\n",
		LABELS, HEAD, COLUMNS * CELL, rows * CELL);
	for (unsigned i = 0; i < picture->bins; i++)
		if (picture->map->bins[i].bytes)
			put_bin(picture, i);
	put_labels(picture, rows);
	put_legend(picture, HEAD + rows * CELL + 20);
	fputs("</svg>\n", picture->to);
}

int show_map_svg(FILE *to, const struct map *map, uint64_t volume_bytes, const char *title,
		 bool html)
{
	struct picture picture = { to, map, map_used_bins(map, volume_bytes), false };

	for (unsigned i = 0; i < MAP_BINS && !picture.ordered; i++)
		picture.ordered = map->bins[i].position > 0;
	if (html) {
		fputs("<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>", to);
		put_escaped(to, title);
		fputs("</title><body>\n", to);
	}
	put_svg(&picture, title);
	if (html)
		fputs("</body></html>\n", to);
	return fflush(to) == 0 && !ferror(to) ? 0 : -EIO;
}
