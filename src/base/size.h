/* SPDX-License-Identifier: MIT */
/*
 * Sizes and times in the form that users write and read.  Sizes are binary and exact: 4G is 4 *
 * 2^30 bytes.
 */
#ifndef BASE_SIZE_H
#define BASE_SIZE_H

#include <stddef.h>
#include <stdint.h>

enum { SIZE_TEXT_MAX = 32 };

/*
 * Parses a size: "4096", "64K", "512M", "4G", "1T", also "4GiB", in either case.  Decimal units
 * ("KB", "MB") are refused, because many users mean the binary ones.  0, -EINVAL (not a size), or
 * -ERANGE (more than INT64_MAX, the kernel's limit of a file).
 */
int size_parse(const char *text, uint64_t *ret_bytes);

/* Formats a size as "4G", "64K" or "4097", which size_parse() reads back exactly. */
const char *size_name(uint64_t bytes, char text[static SIZE_TEXT_MAX]);

/*
 * Replaces sizes of 16K and more that follow a "-" in a name by their short form, in place:
 * "direct-1048576" becomes "direct-1M".  "chunk-4096" is unchanged, since it is a name from 2009.
 */
void size_shorten(char *name);

/* "4 GiB", "63.2 MiB", "512 B": three digits, for people. */
const char *size_human(double bytes, char text[static SIZE_TEXT_MAX]);

/* "0", "12 us", "3.42 ms", "1.27 s", "83.0 s", "12 min 5 s": for people. */
const char *duration_human(double seconds, char text[static SIZE_TEXT_MAX]);

/*
 * Parses a time: "90" and "90s", "10m", "2h", "1h30m".  The result is in seconds.  0, -EINVAL, or
 * -ERANGE (more than 68 years).
 */
int duration_parse(const char *text, uint64_t *ret_seconds);

#endif
