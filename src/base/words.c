/* SPDX-License-Identifier: MIT */
#include "base/words.h"

#include <stdlib.h>
#include <string.h>

char **words_split(const char *text, const char *separators)
{
	size_t length = strlen(text), count = 0;
	/* At most every second byte starts a word.  The text is stored after the pointers. */
	size_t pointers = (length / 2 + 2) * sizeof(char *);
	char **words = malloc(pointers + length + 1);
	char *rest, *word;

	if (!words)
		return NULL;
	rest = memcpy((char *)words + pointers, text, length + 1);
	while ((word = strsep(&rest, separators)))
		if (*word)
			words[count++] = word;
	words[count] = NULL;
	return words;
}

size_t words_count(char *const *words)
{
	size_t count = 0;

	while (words[count])
		count++;
	return count;
}
