/* SPDX-License-Identifier: MIT */
/*
 * Optimal string alignment distance.  Names are short (NAME_LETTERS at most),
 * so three rows on the stack do.
 */
#include "suggest.h"

#include <string.h>

enum { NAME_LETTERS = 64 };

static size_t least(size_t a, size_t b, size_t c)
{
	size_t smaller = a < b ? a : b;

	return smaller < c ? smaller : c;
}

size_t suggest_distance(const char *one, const char *other)
{
	size_t rows[3][NAME_LETTERS + 1];
	size_t *before = rows[0], *above = rows[1], *row = rows[2];
	size_t width = strnlen(other, NAME_LETTERS), height = strnlen(one, NAME_LETTERS);

	for (size_t j = 0; j <= width; j++)
		above[j] = j;
	for (size_t i = 1; i <= height; i++) {
		size_t *spare = before;

		row[0] = i;
		for (size_t j = 1; j <= width; j++) {
			size_t differs = one[i - 1] != other[j - 1];

			row[j] = least(above[j] + 1, row[j - 1] + 1, above[j - 1] + differs);
			if (i > 1 && j > 1 && one[i - 1] == other[j - 2] &&
			    one[i - 2] == other[j - 1])
				row[j] = least(row[j], before[j - 2] + 1, row[j]);
		}
		before = above;
		above = row;
		row = spare;
	}
	return above[width];
}

void suggest_consider(const char *typed, const char *candidate, const char **nearest)
{
	size_t distance = suggest_distance(typed, candidate);

	if (distance > strlen(candidate) / 3 + 1)
		return;
	if (!*nearest || distance < suggest_distance(typed, *nearest))
		*nearest = candidate;
}
