/* SPDX-License-Identifier: MIT */
/*
 * Optimal string alignment distance.  Names have at most NAME_LETTERS letters, so three rows on
 * the stack are sufficient.
 */
#include "base/suggest.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

enum { NAME_LETTERS = 64 };

static size_t least(size_t a, size_t b, size_t c)
{
	size_t smaller = a < b ? a : b;

	return smaller < c ? smaller : c;
}

static int is_same(char one, char other)
{
	return tolower((unsigned char)one) == tolower((unsigned char)other);
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
			size_t differs = !is_same(one[i - 1], other[j - 1]);

			row[j] = least(above[j] + 1, row[j - 1] + 1, above[j - 1] + differs);
			if (i > 1 && j > 1 && is_same(one[i - 1], other[j - 2]) &&
			    is_same(one[i - 2], other[j - 1]))
				row[j] = least(row[j], before[j - 2] + 1, row[j]);
		}
		before = above;
		above = row;
		row = spare;
	}
	return above[width];
}

/* The first letter is rarely mistyped: "zfs" is another file system, not a misspelled "xfs". */
static int begins_alike(const char *typed, const char *candidate)
{
	return is_same(typed[0], candidate[0]) ||
	       (candidate[0] && is_same(typed[0], candidate[1])) ||
	       (typed[0] && is_same(typed[1], candidate[0]));
}

/*
 * 0: equal except for case; 1: the first word, as "ext3" of "ext3-ordered"; 3: the start of a
 * word; otherwise 2 per differing letter.  SIZE_MAX: too different.
 */
static size_t cost_of(const char *typed, const char *candidate)
{
	enum { BEGINNING_LETTERS = 3 };
	size_t letters = strlen(candidate), beginning = strlen(typed);
	size_t distance = suggest_distance(typed, candidate);

	if (distance == 0)
		return 0;
	if (beginning >= BEGINNING_LETTERS && strncasecmp(typed, candidate, beginning) == 0)
		return candidate[beginning] == '-' ? 1 : 3;
	if (!begins_alike(typed, candidate) || distance > (letters < 6 ? 1 : letters / 3))
		return SIZE_MAX;
	return 2 * distance;
}

void suggest_consider(const char *typed, const char *candidate, const char **nearest)
{
	size_t cost = cost_of(typed, candidate);

	if (cost < SIZE_MAX && (!*nearest || cost < cost_of(typed, *nearest)))
		*nearest = candidate;
}
