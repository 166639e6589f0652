/* SPDX-License-Identifier: MIT */
/*
 * What went wrong, in a sentence for the user, carried up to src/cmd/, which
 * alone prints.  A function that can fail for a reason worth a sentence takes a
 * `struct problem *` and returns problem_set(...), which is the -errno.
 */
#ifndef BASE_PROBLEM_H
#define BASE_PROBLEM_H

/* The values are the exit statuses of the program. */
enum problem_kind {
	PROBLEM_NONE = 0,
	PROBLEM_VERDICT = 1, /* a trial or an operation failed */
	PROBLEM_USAGE = 2,   /* wrong usage, plan or input file */
	PROBLEM_LACK = 3,    /* this machine lacks something; the message says what to install */
	PROBLEM_INTERRUPT = 130, /* SIGINT, SIGTERM or SIGHUP */
};

struct problem {
	enum problem_kind kind;
	char *message; /* one sentence: the object, the operation, the reason, what to do */
};

/*
 * Fills `problem` (which may be NULL) and returns -error.  An earlier message
 * is replaced.  `error` is a positive errno.
 */
int problem_set(struct problem *problem, enum problem_kind kind, int error, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

void problem_clear(struct problem *problem);

#endif
