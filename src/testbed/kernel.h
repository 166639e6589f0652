/* SPDX-License-Identifier: MIT */
/* Kernels that a guest can boot, and the modules of a kernel. */
#ifndef TESTBED_KERNEL_H
#define TESTBED_KERNEL_H

#include "base/problem.h"

struct kernel_image {
	char *path;    /* of the bzImage or of the User-Mode Linux program */
	char *release; /* as printed by uname -r */
	char *build;   /* as printed by uname -v; NULL: unknown */
	char *label;   /* the user's name for it, else the release */
	char *modules; /* the directory of its modules; NULL: it has none */
	int newest;    /* selected as the newest, which can be another one tomorrow */
};

/*
 * Finds the kernel "[LABEL=]KERNEL".  KERNEL is the path of a bzImage, a name in the directory
 * `boot` ("/boot"), or empty for the newest one there.  `spec` may be NULL.  Modules are searched
 * for below `modules`; if that is NULL, in lib/modules next to the kernel's directory and in
 * /lib/modules.  0, or -errno with *problem set.
 */
int kernel_image_find(const char *boot, const char *spec, const char *modules,
		      struct kernel_image *ret, struct problem *problem);

/*
 * The same for User-Mode Linux: "[LABEL=]PROGRAM".  PROGRAM is a path, a name in PATH, or empty
 * for linux.uml.  Its modules are in lib/uml/modules or lib/modules next to the program's
 * directory, or in /usr/lib/uml/modules.
 */
int kernel_image_find_uml(const char *spec, const char *modules, struct kernel_image *ret,
			  struct problem *problem);

/*
 * Names of the kernels in the directory, the newest first, terminated by NULL.  NULL: out of
 * memory.
 */
char **kernel_image_names(const char *boot);
void kernel_image_names_clear(char ***names); /* for CLEANUP() */

void kernel_image_clear(struct kernel_image *image); /* also for CLEANUP() */

/* ---- modules ---- */

/*
 * Finds a module by its name or an alias, built in or loadable.  `directory` is the kernel's
 * module directory (/lib/modules/RELEASE); NULL: that of the running kernel.  Appends the files to
 * load to *modules, relative to the directory, in the order of loading, separated by spaces,
 * without those already listed.  *modules is NULL at first; the caller frees it.  0, -ENODEV
 * (there is no such module) or -ENOMEM.
 */
int kernel_add_modules(const char *directory, const char *name, char **modules);

/* The same for a type of file system. */
int kernel_add_filesystem(const char *directory, const char *type, char **modules);

/* Whether the running kernel has the file system.  0, -ENODEV or -ENOMEM. */
int kernel_has_filesystem(const char *type);

#endif
