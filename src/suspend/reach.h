/* SPDX-License-Identifier: MIT */
/* Opening the file system of a mount, and no other. */
#ifndef SUSPEND_REACH_H
#define SUSPEND_REACH_H

#include "suspend/mounts.h"

/* The path by which it is opened from here; NULL: out of memory.  The caller frees it. */
char *reach_name(const struct mount *mount);

/* fd for FIFREEZE and FITHAW; -ESTALE: another mount is there now; -errno. */
int reach_open(const struct mount *mount);

#endif
