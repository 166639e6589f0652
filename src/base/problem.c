/* SPDX-License-Identifier: MIT */
/*
 * The message travels beside the error number and not instead of it: callers
 * decide by the number, people read the sentence.
 */
#include "base/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

int problem_set(struct problem *problem, enum problem_kind kind, int error, const char *format, ...)
{
	va_list arguments;
	char *message = NULL;

	if (!problem)
		return -error;
	va_start(arguments, format);
	if (vasprintf(&message, format, arguments) < 0)
		message = NULL;
	va_end(arguments);
	free(problem->message);
	problem->message = message;
	problem->kind = kind;
	return -error;
}

void problem_clear(struct problem *problem)
{
	free(problem->message);
	*problem = (struct problem) { 0 };
}
