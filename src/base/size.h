/* SPDX-License-Identifier: MIT */
/*
 * Byte sizes and times as people write and read them.  Binary and exact:
 * 4G is 4 * 2^30 bytes.
 */
#ifndef BASE_SIZE_H
#define BASE_SIZE_H

#include <stddef.h>
#include <stdint.h>

enum { SIZE_TEXT_MAX = 32 };

/*
 * Reads "4096", "64K", "512M", "4G", "1T", also "4GiB", either case.  Decimal
 * units ("KB", "MB") are refused, since half of their users mean the binary
 * ones.  Returns 0, -EINVAL (not a size), -ERANGE (beyond INT64_MAX, the
 * kernel's limit of a file).
 */
int size_parse(const char *text, uint64_t *ret_bytes);

/* "4G", "64K", "4097": what size_parse() reads back as the same number. */
const char *size_name(uint64_t bytes, char text[static SIZE_TEXT_MAX]);

/*
 * Turns sizes of 16K and more that stand behind a "-" in a name into what size_name() makes of
 * them, in place: "direct-1048576" becomes "direct-1M", as people type it.  "chunk-4096" stays,
 * which is a name since 2009.
 */
void size_shorten(char *name);

/* "4 GiB", "63.2 MiB", "512 B": three digits, for people. */
const char *size_human(double bytes, char text[static SIZE_TEXT_MAX]);

/* "0", "12 us", "3.42 ms", "1.27 s", "83.0 s", "12 min 5 s": for people. */
const char *duration_human(double seconds, char text[static SIZE_TEXT_MAX]);

/*
 * Reads "90" and "90s", "10m", "2h", "1h30m" as seconds.  0, -EINVAL, or -ERANGE (beyond
 * 68 years).
 */
int duration_parse(const char *text, uint64_t *ret_seconds);

#endif
