/* SPDX-License-Identifier: MIT */
/* Which characters the user's terminal shows. */
#ifndef UTIL_CHARSET_H
#define UTIL_CHARSET_H

/* Is it UTF-8, by the environment (LC_ALL, LC_CTYPE, LANG)?  Else ASCII is all one can count on. */
int charset_is_utf8(void);

#endif
