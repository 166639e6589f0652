/* SPDX-License-Identifier: MIT */
/*
 * The message complements the error number: callers decide by the number, people read the message.
 */
#include "base/problem.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdlib.h>

int problem_set(struct problem *problem, enum problem_kind kind, int error, const char *format, ...)
{
	va_list arguments;
	char *earlier;

	if (!problem)
		return -error;
	/* The earlier message may be one of the arguments. */
	earlier = problem->message;
	va_start(arguments, format);
	problem->message = text_vformat(format, arguments);
	va_end(arguments);
	free(earlier);
	problem->kind = kind;
	return -error;
}

void problem_clear(struct problem *problem)
{
	free(problem->message);
	*problem = (struct problem) { 0 };
}
