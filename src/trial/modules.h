/* SPDX-License-Identifier: MIT */
/* Kernel modules that a guest needs for a file system. */
#ifndef TRIAL_MODULES_H
#define TRIAL_MODULES_H

/*
 * Loads `files` (names below `root`, separated by spaces, in this order).  The
 * guest sees the host's directory `root` through hostfs, read-only.  What is
 * loaded already is skipped.  0 or -errno.
 */
int modules_load(const char *root, const char *files);

#endif
