/* SPDX-License-Identifier: MIT */
/* Inside of this folder: what the parts of the walk share. */
#ifndef FRAG_WALKER_H
#define FRAG_WALKER_H

#include <pthread.h>
#include <sys/stat.h>

#include "frag/scan/crew.h"
#include "frag/scan/folder.h"
#include "frag/frag.h"

struct source;
struct source_inode;
struct source_reader;
struct source_volume;

enum {
	WALK_CHUNK_BYTES = 32768,
	WALK_FILESYSTEMS_MAX = 64,
	WALK_NAMES_MAX = WALK_CHUNK_BYTES / 24, /* the shortest entry of a directory */
};

/* A file system that was met. */
struct walk_filesystem {
	struct filesystem_facts facts;
	const struct source *source;
	struct source_volume *volume; /* NULL: there is none, or nobody looked yet */
	bool looked_for_volume;
};

struct walk {
	struct crew crew;
	const struct frag_settings *settings;
	const struct frag_names *names;
	struct frag_result *result;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct folder *work; /* stack */
	bool names_ended, names_busy;
	unsigned busy;

	pthread_mutex_t filesystems_lock;
	struct walk_filesystem filesystems[WALK_FILESYSTEMS_MAX];
	unsigned filesystem_count;
};

/* A name in a chunk of a directory. */
struct walk_name {
	uint64_t inode;
	const char *name;
	bool is_done;
};

struct worker {
	struct walk *walk;
	struct crew_member *member;
	struct totals *totals;		    /* the member's */
	const char *name;		    /* of the file in hand */
	struct filesystem_facts facts;	    /* of the device last met */
	struct walk_filesystem *filesystem; /* the same; NULL: there was no room for it */
	struct folder_path path;
	struct source_reader *reader; /* NULL: none yet */
	const struct walk_filesystem *reader_of;
	char chunk[WALK_CHUNK_BYTES] __attribute__((aligned(8)));
	struct walk_name listed[WALK_NAMES_MAX];
	uint64_t inodes[WALK_NAMES_MAX];
};

/* ---- walk.c ---- */

/* Leaves the folder for whoever has nothing to do; takes over one use of it. */
void walk_push(struct walk *walk, struct folder *folder);

/* ---- walk_filesystem.c ---- */

/* Makes worker->facts those of `device`, which `fd` is on.  0 or -errno. */
int walk_use_facts(struct worker *worker, uint64_t device, int fd);

/* Whether inodes of the file system that `fd` is on may be read by worker->reader. */
bool walk_use_source(struct worker *worker, int fd);

/* Before the volumes are closed. */
void walk_free_reader(struct worker *worker);

/* ---- walk_folder.c ---- */

/* Opens the folder.  1: go on and read it, 0: it is left out, -errno. */
int walk_enter(struct worker *worker, struct folder *folder, bool follow);

/* Enters the folder or reads the next chunk of it; takes over one use.  0 or -errno. */
int walk_folder(struct worker *worker, struct folder *folder);

/* ---- walk_file.c ---- */

/* What happens to single files is counted, not fatal.  0 or -ENOMEM. */
int walk_note_error(struct worker *worker, const char *name, int error);

/* A regular file, by the kernel.  0 or -errno. */
int walk_file(struct worker *worker, int directory, const char *name, const struct statx *status);

/* The same in two steps, the first of them as pipeline_begin(). */
int walk_begin_file(struct worker *worker, const char *name, const struct source_inode *inode);
int walk_ask_kernel(struct worker *worker, int directory);

/* For a crew_namer; context is the worker. */
int walk_name_file(void *worker, const struct frag_file *file, bool whole, const char **ret);

#endif
