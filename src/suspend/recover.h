/* SPDX-License-Identifier: MIT */
/* Undoing what processes left that were all killed. */
#ifndef SUSPEND_RECOVER_H
#define SUSPEND_RECOVER_H

#include "suspend/state_file.h"

/*
 * Opens again what a hold that was read has pending.  A superblock without a mount is mounted
 * once more, at a directory in `directory` that nobody else sees.  Entries that cannot be opened
 * keep -1.
 */
int recover_open(struct state_file *state, const char *directory, struct problem *problem);

/* Thaws the file system on a device that is mounted nowhere.  0 or -errno with a sentence. */
int recover_device(const char *device, const char *directory, struct problem *problem);

#endif
