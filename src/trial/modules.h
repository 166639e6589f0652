/* SPDX-License-Identifier: MIT */
/* Kernel modules that a guest needs. */
#ifndef TRIAL_MODULES_H
#define TRIAL_MODULES_H

/* Where the initramfs has them, without the first "/". */
extern const char module_directory[];

/* The name there of a module's file on the host: the last part of its path. */
const char *module_name(const char *file);

/* Loads the module of that file, unless it is loaded already.  0 or -errno. */
int module_load(const char *file);

#endif
