/* SPDX-License-Identifier: MIT */
/*
 * Sizes are always binary.  A tool that compares file systems divides by blocks and block groups,
 * and a "4GB" that is not a multiple of 4096 would make many results odd.
 */
#include "base/size.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { DURATION_MOST = INT32_MAX / 86400 * 86400 };

static const char unit_letters[] = "KMGTPE";

/* The power of 1024 of a suffix: 0 for none, -1 for an invalid one. */
static int suffix_power(const char *suffix)
{
	const char *letter;

	if (!*suffix)
		return 0;
	letter = strchr(unit_letters, toupper((unsigned char)*suffix));
	if (!letter || (suffix[1] && strcasecmp(suffix + 1, "iB") != 0))
		return -1;
	return (int)(letter - unit_letters) + 1;
}

int size_parse(const char *text, uint64_t *ret_bytes)
{
	uint64_t number = 0;
	const char *at = text;
	int power;

	if (!isdigit((unsigned char)*at))
		return -EINVAL;
	for (; isdigit((unsigned char)*at); at++)
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, (uint64_t)(*at - '0'), &number))
			return -ERANGE;
	power = suffix_power(at);
	if (power < 0)
		return -EINVAL;
	if (number > (uint64_t)INT64_MAX >> (10 * power))
		return -ERANGE;
	*ret_bytes = number << (10 * power);
	return 0;
}

const char *size_name(uint64_t bytes, char text[static SIZE_TEXT_MAX])
{
	int power = 0;

	while (bytes && bytes % 1024 == 0 && unit_letters[power]) {
		bytes /= 1024;
		power++;
	}
	if (power)
		snprintf(text, SIZE_TEXT_MAX, "%llu%c", (unsigned long long)bytes,
			 unit_letters[power - 1]);
	else
		snprintf(text, SIZE_TEXT_MAX, "%llu", (unsigned long long)bytes);
	return text;
}

void size_shorten(char *name)
{
	enum { LEAST = 16384 };
	char *at = name;

	while ((at = strchr(at, '-'))) {
		char size[SIZE_TEXT_MAX], *end;
		unsigned long long bytes = strtoull(++at, &end, 10);

		if (!isdigit((unsigned char)*at) || (*end && !strchr("-,+", *end)) ||
		    bytes < LEAST || bytes > INT64_MAX || bytes % 1024)
			continue;
		size_name(bytes, size);
		memmove(at + strlen(size), end, strlen(end) + 1);
		memcpy(at, size, strlen(size));
	}
}

/* The number of decimals for three digits in total. */
static int decimals(double value)
{
	if (value == floor(value) || value >= 99.95)
		return 0;
	return value >= 9.995 ? 1 : 2;
}

const char *size_human(double bytes, char text[static SIZE_TEXT_MAX])
{
	int power = 0;

	while (bytes >= 1023.5 && unit_letters[power]) {
		bytes /= 1024;
		power++;
	}
	if (power)
		snprintf(text, SIZE_TEXT_MAX, "%.*f %ciB", decimals(bytes), bytes,
			 unit_letters[power - 1]);
	else
		snprintf(text, SIZE_TEXT_MAX, "%.0f B", bytes);
	return text;
}

const char *duration_human(double seconds, char text[static SIZE_TEXT_MAX])
{
	if (seconds <= 0)
		snprintf(text, SIZE_TEXT_MAX, "0");
	else if (seconds < 1e-3)
		snprintf(text, SIZE_TEXT_MAX, "%.0f us", fmax(seconds * 1e6, 1));
	else if (seconds < 1)
		snprintf(text, SIZE_TEXT_MAX, "%.*f ms", decimals(seconds * 1e3), seconds * 1e3);
	else if (seconds < 120)
		snprintf(text, SIZE_TEXT_MAX, "%.*f s", decimals(seconds), seconds);
	else
		snprintf(text, SIZE_TEXT_MAX, "%.0f min %.0f s", floor(seconds / 60),
			 floor(fmod(seconds, 60)));
	return text;
}

/* The seconds of a unit's letter; 0: not a unit. */
static uint64_t unit_seconds(char letter)
{
	switch (tolower((unsigned char)letter)) {
	case 's':
	case '\0':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 3600;
	case 'd':
		return 86400;
	default:
		return 0;
	}
}

int duration_parse(const char *text, uint64_t *ret_seconds)
{
	uint64_t total = 0, before = UINT64_MAX;
	const char *at = text;

	do {
		uint64_t number = 0, unit;

		if (!isdigit((unsigned char)*at))
			return -EINVAL;
		for (; isdigit((unsigned char)*at); at++) {
			number = number * 10 + (uint64_t)(*at - '0');
			if (number > DURATION_MOST)
				return -ERANGE;
		}
		unit = unit_seconds(*at);
		/* Smaller units follow larger ones.  Only a single number may be without a unit. */
		if (unit == 0 || unit >= before || (*at == '\0' && before != UINT64_MAX))
			return -EINVAL;
		total += number * unit;
		if (number * unit > DURATION_MOST || total > DURATION_MOST)
			return -ERANGE;
		before = unit;
		at += *at != '\0';
	} while (*at);
	*ret_seconds = total;
	return 0;
}
