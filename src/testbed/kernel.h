/* SPDX-License-Identifier: MIT */
/* Kernels that a guest can boot, and the modules of a kernel. */
#ifndef TESTBED_KERNEL_H
#define TESTBED_KERNEL_H

#include "base/problem.h"

struct kernel_image {
	char *path;    /* of the bzImage, or of the program of User-Mode Linux */
	char *release; /* as uname -r will say */
	char *build;   /* as uname -v will say; NULL: the file does not tell */
	char *label;   /* the user's name for it, else the release */
	char *modules; /* the directory of its modules; NULL: it has none */
	int newest;    /* it was taken for being that, and may be another one tomorrow */
};

/*
 * Finds what `spec` means: "[LABEL=]KERNEL", where KERNEL is the path of a
 * bzImage or a name in the folder `boot` ("/boot"), and nothing the newest one
 * there.  `spec` may be NULL.  Modules are looked for below `modules`, or if
 * that is NULL in lib/modules beside the folder of the kernel and in
 * /lib/modules.  0, or -errno with a sentence.
 */
int kernel_image_find(const char *boot, const char *spec, const char *modules,
		      struct kernel_image *ret, struct problem *problem);

/*
 * The same of User-Mode Linux: "[LABEL=]PROGRAM", where PROGRAM is a path or a name in
 * PATH, and nothing is linux.uml.  Its modules are in lib/uml/modules or lib/modules beside
 * the program's folder, or in /usr/lib/uml/modules.
 */
int kernel_image_find_uml(const char *spec, const char *modules, struct kernel_image *ret,
			  struct problem *problem);

/* Names of the kernels in the folder, the newest first, ends with NULL; NULL: out of memory. */
char **kernel_image_names(const char *boot);
void kernel_image_names_clear(char ***names); /* for CLEANUP() */

void kernel_image_clear(struct kernel_image *image); /* for CLEANUP(), too */

/* ---- modules ---- */

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
