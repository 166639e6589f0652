/* SPDX-License-Identifier: MIT */
/* Which file systems a kernel has. */
#ifndef TESTBED_KERNEL_H
#define TESTBED_KERNEL_H

/*
 * Looks for a file system among a kernel's built-in and loadable modules.
 * `directory` is that of its modules (/lib/modules/RELEASE), NULL: the running
 * kernel's.  Returns 0 with *ret_modules the files to load, relative to the
 * directory, in order, separated by spaces (NULL: built in; the caller frees;
 * ret_modules may be NULL), or -ENODEV (it has none), -ENOMEM.
 */
int kernel_has_filesystem(const char *directory, const char *type, char **ret_modules);

#endif
