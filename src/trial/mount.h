/* SPDX-License-Identifier: MIT */
/* Mounting a volume with the options of the catalogue. */
#ifndef TRIAL_MOUNT_H
#define TRIAL_MOUNT_H

/* 0 or -errno. */
int mount_volume(const char *device, const char *directory, const char *type, const char *options);

/* Tries for a while where somebody still looks at it (EBUSY).  0 or -errno. */
int mount_release(const char *directory);

/* The options of what is mounted there, as the kernel reports them; NULL: not found.  The caller
 * frees. */
char *mount_options_of(const char *directory);

#endif
