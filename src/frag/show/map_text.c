/* SPDX-License-Identifier: MIT */
/*
 * A character a cell, from the start of the volume to its end.  The shade says
 * how much of the cell the files take; a letter, that fragments begin there: the
 * breaks are what one looks for.
 */
#include <inttypes.h>

#include "frag/show/show.h"
#include "base/size.h"
#include "frag/account/map.h"

enum { ROWS = 16, COLUMNS_LEAST = 16, COLUMNS_MOST = 128 };

struct cell {
	uint64_t bytes, breaks;
};

static struct cell cell_of(const struct map *map, unsigned bins, unsigned cells, unsigned number)
{
	unsigned from = (unsigned)((uint64_t)number * bins / cells);
	unsigned to = (unsigned)((uint64_t)(number + 1) * bins / cells);
	struct cell cell = { 0, 0 };

	for (unsigned i = from; i < to; i++) {
		cell.bytes += map->bins[i].bytes;
		cell.breaks += map->bins[i].breaks;
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

	if (cell->breaks >= 100)
		fputc('X', to);
	else if (cell->breaks >= 10)
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
	unsigned columns = options->columns > 24 ? options->columns - 20 : COLUMNS_LEAST;
	unsigned cells;
	double cell_bytes;
	char text[SIZE_TEXT_MAX];

	columns = columns > COLUMNS_MOST ? COLUMNS_MOST : columns;
	cells = columns * ROWS < bins ? columns * ROWS : bins;
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
