/* SPDX-License-Identifier: MIT */
/* Kernel modules that a guest needs. */
#ifndef TRIAL_MODULES_H
#define TRIAL_MODULES_H

/* Their directory in the initramfs, without the first "/". */
extern const char module_directory[];

/*
 * Loads those modules (separated by spaces; NULL: none) that are not loaded.  ENODEV is ignored: it
 * is an optimisation for another processor, and if it is needed, mount() fails.  0, or -errno with
 * the name of the module in *ret_failed, which the caller frees (NULL: out of memory).
 */
int modules_load(const char *files, char **ret_failed);

/* The name of a module there: the last component of its path on the host. */
const char *module_name(const char *file);

#endif
