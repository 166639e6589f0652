/* SPDX-License-Identifier: MIT */
/*
 * cmocka tells no reason for a skip.  It is printed here as a comment, and
 * tests/tap moves it to where readers of TAP look.
 */
#include "lack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/child.h"
#include "base/cleanup.h"

/* Of one line, as a comment has to be. */
static void spell_reason(char reason[static 512], const char *format, va_list arguments)
{
	vsnprintf(reason, 512, format, arguments);
	reason[strcspn(reason, "\n")] = '\0';
}

static void skip_saying(const char *reason)
{
	print_message("# %s\n", reason);
	skip();
}

bool lack_is_failure(const char *what)
{
	const char *at = getenv("ALLOC_PERF_REQUIRE");
	size_t bytes = strlen(what);

	for (; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (!strncmp(at, what, bytes) && (at[bytes] == ',' || at[bytes] == '\0'))
			return true;
	}
	return false;
}

void lack(const char *what, const char *format, ...)
{
	char reason[512];
	va_list arguments;

	va_start(arguments, format);
	spell_reason(reason, format, arguments);
	va_end(arguments);
	if (lack_is_failure(what))
		fail_msg("ALLOC_PERF_REQUIRE names %s, but: %s", what, reason);
	skip_saying(reason);
}

void skip_because(const char *format, ...)
{
	char reason[512];
	va_list arguments;

	va_start(arguments, format);
	spell_reason(reason, format, arguments);
	va_end(arguments);
	skip_saying(reason);
}

void require_program(const char *name)
{
	CLEANUP(freep) char *path = child_find_program(name);

	if (!path)
		lack("programs", "%s is not installed", name);
}
