/* SPDX-License-Identifier: MIT */
/*
 * Asked of a locale of its own: setlocale() would change what the rest of the
 * program takes for a letter, and how it sorts names.
 */
#include "base/charset.h"

#include <langinfo.h>
#include <locale.h>
#include <string.h>

int charset_is_utf8(void)
{
	static int answer = -1;
	locale_t locale;

	if (answer >= 0)
		return answer;
	locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
	answer = locale && strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0;
	if (locale)
		freelocale(locale);
	return answer;
}
