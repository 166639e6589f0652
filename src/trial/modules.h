/* SPDX-License-Identifier: MIT */
/* Kernel modules that a guest needs. */
#ifndef TRIAL_MODULES_H
#define TRIAL_MODULES_H

/* Their directory in the initramfs, without the first "/". */
extern const char module_directory[];

/* The name of a module there: the last component of its path on the host. */
const char *module_name(const char *file);

/* Loads a module if it is not loaded.  0 or -errno. */
int module_load(const char *file);

#endif
