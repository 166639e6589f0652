/* SPDX-License-Identifier: MIT */
/*
 * An error with a message for the user.  It is passed up to src/cmd/, which prints it.  A function
 * that fails for a reason worth a message takes a `struct problem *` and returns problem_set(...),
 * which is the -errno.
 */
#ifndef BASE_PROBLEM_H
#define BASE_PROBLEM_H

/* The values are the exit statuses of the program. */
enum problem_kind {
	PROBLEM_NONE = 0,
	PROBLEM_VERDICT = 1,	 /* an operation failed, or the result is negative */
	PROBLEM_USAGE = 2,	 /* invalid usage, plan or input file */
	PROBLEM_LACK = 3,	 /* a prerequisite is missing; the message says what to install */
	PROBLEM_INTERRUPT = 130, /* SIGINT, SIGTERM or SIGHUP */
};

struct problem {
	enum problem_kind kind;
	char *message; /* one sentence: the input, the operation, the reason, what to do */
};

/*
 * Sets `problem`, which may be NULL, and returns -error.  `error` is a positive errno.  An earlier
 * message is replaced.
 */
int problem_set(struct problem *problem, enum problem_kind kind, int error, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

void problem_clear(struct problem *problem);

#endif
