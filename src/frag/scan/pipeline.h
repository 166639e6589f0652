/* SPDX-License-Identifier: MIT */
/*
 * What happens to a regular file, whichever source has found it: it is left out or not, counted
 * once, read if its extents can say anything, summed, and handed out as a row.
 */
#ifndef FRAG_PIPELINE_H
#define FRAG_PIPELINE_H

#include "frag/scan/crew.h"
#include "frag/scan/source.h"

/*
 * 1: its extents are wanted: member->collector is to get them, frag_collected() to fill
 * member->file, and pipeline_end() to be called; 0: nothing more to do; -errno.
 */
int pipeline_begin(struct crew_member *member, const struct source_inode *inode);

/* `error`: why member->file could not be filled; 0: it was.  0 or -errno. */
int pipeline_end(struct crew_member *member, int error);

/* The same file once more, by another source. */
void pipeline_restart(struct crew_member *member);

/* What happens to single files is counted, not fatal; `path` is NULL if it is not known. */
int pipeline_note_error(struct crew_member *member, const char *path, uint64_t inode, int error);

#endif
