/* SPDX-License-Identifier: MIT */
/* The drop-in that makes systemd suspend through suspend-freeze. */
#ifndef SUSPEND_HOOK_H
#define SUSPEND_HOOK_H

#include "base/problem.h"

/* What install would write: where, and the text.  The caller frees both. */
struct hook {
	char *directory, *path, *text;
};

/*
 * For the machine below `root` ("" for this one); `program` is the path of suspend-freeze there. 0;
 * -ENOENT with a sentence: no systemd-sleep.
 */
int hook_make(const char *root, const char *program, struct hook *ret, struct problem *problem);

/* 0; 1: it was there already; -EEXIST with a sentence: somebody else's file; -errno. */
int hook_install(const struct hook *hook, struct problem *problem);

/* 0; 1: there was none; -EEXIST with a sentence: somebody else's file; -errno. */
int hook_uninstall(const struct hook *hook, struct problem *problem);

void hook_clear(struct hook *hook);

#endif
