/* SPDX-License-Identifier: MIT */
/* Which modules a kernel has. */
#ifndef TESTBED_KERNEL_H
#define TESTBED_KERNEL_H

/*
 * Looks for a module, by its name or an alias, among those that are built in or
 * can be loaded.  `directory` is that of the kernel's modules
 * (/lib/modules/RELEASE), NULL: the running kernel's.  Appends to *modules (NULL:
 * none so far; the caller frees it) the files to load, relative to the directory,
 * in order, separated by spaces, without those that are listed already.  0,
 * -ENODEV (it has none) or -ENOMEM.
 */
int kernel_add_modules(const char *directory, const char *name, char **modules);

/* The same for a type of file system. */
int kernel_add_filesystem(const char *directory, const char *type, char **modules);

/* Does the running kernel have it?  0, -ENODEV or -ENOMEM. */
int kernel_has_filesystem(const char *type);

#endif
