/* SPDX-License-Identifier: MIT */
/* One file that the user named, to be looked at on its own. */
#ifndef FRAG_NAMED_H
#define FRAG_NAMED_H

#include "extent/extent.h"
#include "frag/frag.h"
#include "frag/account/file.h"

struct frag_named {
	int fd;
	struct frag_file file; /* first what stat() tells, after frag_named_read() all */
	struct filesystem_facts facts;
	const struct seek_model *model;
	struct frag_parts parts; /* with settings->with_parts */
};

void frag_named_close(struct frag_named *named);

/* -EISDIR: a directory; -EINVAL: neither that nor a regular file; or as open(). */
int frag_named_open(const struct frag_settings *settings, const char *path, struct frag_named *ret);

/*
 * Reads the layout into named->file, and adds it to `totals` (may be NULL).
 * `also` (may be NULL) sees each extent.  -ECANCELED: settings->cancel_fd became
 * readable; named->file has what was seen until then.
 */
int frag_named_read(const struct frag_settings *settings, struct frag_named *named,
		    struct totals *totals, extent_fn also, void *also_context);

#endif
