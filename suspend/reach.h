/* SPDX-License-Identifier: MIT */
/* Opening the file system of a mount, and no other. */
#ifndef SUSPEND_REACH_H
#define SUSPEND_REACH_H

#include "mounts.h"

/* fd for FIFREEZE and FITHAW; -ESTALE: another mount is there now; -errno. */
int reach_open(const struct mount *mount);

#endif
