/* SPDX-License-Identifier: MIT */
/*
 * The map of the volume, drawn on the terminal and as SVG.
 *
 * A cell shows by its shade how much of it the files take, and by a mark how many fragments
 * start in it.  SVG has a cell per bin; of a single file its colour runs from blue at the
 * start of the file to orange at its end, so that one sees the order as well.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>

#include "frag/show/show.h"
#include "base/size.h"
#include "base/words.h"
#include "frag/account/map.h"

/* ---- on the terminal ---- */

enum { TEXT_ROWS = 16, TEXT_COLUMNS_MIN = 16, TEXT_COLUMNS_MAX = 128 };

struct cell {
	uint64_t bytes, seeks;
};

static struct cell cell_of(const struct map *map, unsigned bins, unsigned cells, unsigned number)
{
	unsigned from = (unsigned)((uint64_t)number * bins / cells);
	unsigned to = (unsigned)((uint64_t)(number + 1) * bins / cells);
	struct cell cell = { 0, 0 };

	for (unsigned i = from; i < to; i++) {
		cell.bytes += map->bins[i].bytes;
		cell.seeks += map->bins[i].seeks;
	}
	return cell;
}

static void put_cell(FILE *to, const struct cell *cell, double cell_bytes, bool ascii)
{
	static const char *const shades[] = { "·", "░", "▒", "▓", "█" };
	static const char ascii_shades[] = ".:=%#";
	double share = (double)cell->bytes / cell_bytes;
	unsigned shade = cell->bytes == 0 ? 0
			 : share < 0.25	  ? 1
			 : share < 0.5	  ? 2
			 : share < 0.9	  ? 3
					  : 4;

	if (cell->seeks >= 100)
		fputc('X', to);
	else if (cell->seeks >= 10)
		fputc('x', to);
	else if (ascii)
		fputc(ascii_shades[shade], to);
	else
		fputs(shades[shade], to);
}

void show_map(FILE *to, const struct map *map, uint64_t volume_bytes,
	      const struct show_options *options)
{
	unsigned bins = map_used_bins(map, volume_bytes);
	unsigned columns = options->columns > 24 ? options->columns - 20 : TEXT_COLUMNS_MIN;
	unsigned cells;
	double cell_bytes;
	char text[SIZE_TEXT_MAX];

	columns = columns > TEXT_COLUMNS_MAX ? TEXT_COLUMNS_MAX : columns;
	cells = columns * TEXT_ROWS < bins ? columns * TEXT_ROWS : bins;
	cell_bytes = (double)map->bin_bytes * bins / cells;
	fprintf(to, "\nLocation on the volume; a cell is %s\n", size_human(cell_bytes, text));
	for (unsigned i = 0; i < cells; i++) {
		struct cell cell = cell_of(map, bins, cells, i);

		if (i % columns == 0)
			fprintf(to, "%s%10s ", i ? "\n" : "",
				i ? size_human(cell_bytes * i, text) : "0");
		put_cell(to, &cell, cell_bytes, options->ascii);
	}
	fprintf(to,
		"\n%11s%s none, %s some, %s full; x: 10 discontinuities or more, X: 100 or more\n",
		"", options->ascii ? "." : "·", options->ascii ? ":=%" : "░▒▓",
		options->ascii ? "#" : "█");
}

/* ---- SVG ---- */

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
	if (bin->seeks)
		fprintf(picture->to, " stroke=\"#c53030\" stroke-width=\"%.1f\"",
			fmin(0.6 + log10((double)bin->seeks), 3));
	fprintf(picture->to,
		"><title>at %s: ", size_human((double)picture->map->bin_bytes * number, text));
	fprintf(picture->to, "%s, %" PRIu64 " seek%s</title></rect>\n",
		size_human((double)bin->bytes, text), bin->seeks, words_plural(bin->seeks));
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
