/* SPDX-License-Identifier: MIT */
/*
 * What happens to a regular file, whichever source has found it: it is left out or not, counted
 * once, read if its extents can say anything, summed, and handed out as a row.
 */
#ifndef FRAG_PIPELINE_H
#define FRAG_PIPELINE_H

#include "frag/scan/thread_pool.h"
#include "frag/scan/source.h"

/*
 * 1: its extents are wanted: worker->collector is to get them, frag_collected() to fill
 * worker->file, and pipeline_end() to be called; 0: nothing more to do; -errno.
 */
int pipeline_begin(struct pool_worker *worker, const struct source_inode *inode);

/* `error`: why worker->file could not be filled; 0: it was.  0 or -errno. */
int pipeline_end(struct pool_worker *worker, int error);

/* The same file once more, by another source. */
void pipeline_restart(struct pool_worker *worker);

/* What happens to single files is counted, not fatal; `path` is NULL if it is not known. */
int pipeline_note_error(struct pool_worker *worker, const char *path, uint64_t inode, int error);

#endif
