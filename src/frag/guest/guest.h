/* SPDX-License-Identifier: MIT */
/*
 * A scan inside of a guest, for images of file systems that only a kernel can read.  The guest
 * runs the ordinary scan and sends each file as a row; the host adds the rows up, so that all
 * output is the same as without a guest.  One JSON value per line:
 *
 *	guest -> host	{"event": "ready"}
 *	host  -> guest	the request, {"scan": {...}} with what frag_guest_request() made
 *	guest -> host	{"event": "volume", ...}, before the first file
 *	guest -> host	["path", ...], a file
 *	guest -> host	{"event": "tick", "files": N}
 *	guest -> host	{"event": "result", ...} or {"event": "failed", ...}, the last
 *
 * Bytes of names are written as the characters U+0001 to U+00FF, since a name need not be UTF-8.
 */
#ifndef FRAG_GUEST_H
#define FRAG_GUEST_H

#include <jansson.h>
#include <stdio.h>

#include "frag/frag.h"

/* ---- host ---- */

/* The settings that the guest needs.  `facts`: of the image.  NULL: out of memory. */
json_t *frag_guest_request(const struct frag_settings *settings,
			   const struct filesystem_facts *facts);

struct frag_guest {
	const struct frag_settings *settings;
	struct frag_result *result; /* initialised; gets what the guest sends */
	uint64_t files;
	char *stage; /* at which the guest failed, with `error`; NULL: it did not */
	int error;
};

/*
 * Takes one line.  1: it was the last; 0: more will follow; -EPROTO: it is invalid; -ENOMEM, or
 * what settings->each returned.
 */
int frag_guest_receive(struct frag_guest *guest, const char *line);

void frag_guest_clear(struct frag_guest *guest);

/* ---- guest ---- */

/* Writes one event as a line, and flushes.  Takes over `event`.  0, -EIO or -ENOMEM. */
int frag_guest_send(FILE *to, json_t *event);

/* Sends {"event": "failed"} with the stage and a positive errno. */
int frag_guest_send_failure(FILE *to, const char *stage, int error);

/* Scans the file system that is mounted at `directory`, by `request`.  0 or -errno. */
int frag_guest_serve(const json_t *request, const char *directory, const char *note, FILE *to);

/* ---- shared (row.c) ---- */

json_t *frag_guest_text(const char *bytes);

/* NULL: invalid, or out of memory.  The caller frees it. */
char *frag_guest_bytes(const json_t *text);

/* Writes a file as a line, with that path (may be NULL).  0 or -EIO. */
int frag_guest_put_row(FILE *to, const struct frag_file *file, const char *path);

/*
 * Reads the row of a file of `result`, whose model and facts are known.  The caller frees the path
 * of *ret, which may be NULL.  0, or -EPROTO.
 */
int frag_guest_row_read(const json_t *row, const struct frag_result *result, struct frag_file *ret);

#endif
