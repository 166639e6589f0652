/* SPDX-License-Identifier: MIT */
/* What a device or an image holds that is no file system, or none that is read here. */
#ifndef FRAG_CONTENTS_H
#define FRAG_CONTENTS_H

#include "frag/frag.h"

/* Says in `problem` what `path` holds and what to do about it.  Returns -errno. */
int contents_refuse(const char *path, struct problem *problem);

/* Adds a note if `path`, which was read, also belongs to a RAID.  0 or -ENOMEM. */
int contents_note_member(const char *path, struct frag_result *result);

#endif
