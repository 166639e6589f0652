/* SPDX-License-Identifier: MIT */
/* Names for the few files that have to be shown, where the reader saw only inodes. */
#ifndef FRAG_NAMES_H
#define FRAG_NAMES_H

#include "frag.h"

/*
 * Gives the worst files their paths, as far as they can be found: reads the
 * directories of the file system that is mounted at `top`, until all are named.
 * Stops when settings->cancel_fd asks for it.
 */
void names_find(const struct frag_settings *settings, const char *top, uint64_t device,
		struct worst *worst);

#endif
