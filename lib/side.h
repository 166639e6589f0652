/* SPDX-License-Identifier: MIT */
/*
 * How the file is read and written: through the caller's descriptor, and where that
 * one does not allow it, through a second one.  A second one is avoided, because
 * others see it:
 *   - opening breaks the lease (F_SETLEASE) of the process itself, whose default
 *     signal ends it; so none is opened while a lease is held;
 *   - closing one that was open for writing is a "close after write" (inotify's
 *     IN_CLOSE_WRITE, a FUSE file system's release): watchers take the file for
 *     complete.  So reading and seeking get a read-only one, and all that needs
 *     writing shares one that is closed when the call ends.
 */
#ifndef PREALLOC_SIDE_H
#define PREALLOC_SIDE_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#ifndef RWF_APPEND
#define RWF_APPEND 0x10
#endif
#ifndef RWF_NOAPPEND
#define RWF_NOAPPEND 0x20
#endif

enum { SIDE_BUFFER_BYTES = 64 * 1024 };

/* What a descriptor is needed for, and when the caller's does not do. */
enum side_use {
	SIDE_READ,   /* O_WRONLY, O_DIRECT */
	SIDE_SEEK,   /* never: it has a position */
	SIDE_MAP,    /* O_WRONLY */
	SIDE_PLACE,  /* O_DIRECT, and O_APPEND before Linux 6.9 */
	SIDE_APPEND, /* O_DIRECT, and where the kernel has no RWF_APPEND */
	SIDE_DIRECT, /* without O_DIRECT */
	SIDE_USES
};

struct side_files {
	int caller_fd;
	int fd[SIDE_USES];   /* -1: none yet */
	int read_only_fd;    /* second descriptor, read-only; -1: none */
	int work_fd;	     /* second descriptor, for writing; -1: none */
	int place_flags;     /* RWF_NOAPPEND or 0, for SIDE_PLACE */
	int no_append_calls; /* RWF_APPEND is not supported */
	uint64_t align;	     /* what O_DIRECT requires, bytes */
	int journalled;	     /* data goes through the file system's journal */
	uint64_t end;	     /* of the file, after the last append */
	char *zeroes;	     /* SIDE_BUFFER_BYTES, aligned */
	char *scratch;	     /* SIDE_BUFFER_BYTES, for reading */
};

struct side;

/* Opens nothing yet, and starts no thread.  0 or -errno. */
int side_open(int fd, struct side **ret);

/* NULL-safe. */
void side_close(struct side *side);

struct side_files *side_files(struct side *side);

/*
 * Makes sure that there is a descriptor for this use.  0, or -errno: then side_fd()
 * is the caller's, and the kernel may refuse what is done with it.
 */
int side_want(struct side *side, enum side_use use);

/* Starts the helper thread, so that side_begin() returns at once.  0 or -errno. */
int side_start(struct side *side);

/* The descriptor to use; to be called in a side_fn only. */
int side_fd(const struct side_files *files, enum side_use use);

/* What side_run() runs and returns; the meaning of the numbers is the function's own. */
typedef int64_t (*side_fn)(struct side_files *files, uint64_t offset, uint64_t bytes);

/* In the helper thread if there is one, else in the calling thread. */
int64_t side_run(struct side *side, side_fn function, uint64_t offset, uint64_t bytes);

/* The same in two halves, to do something else meanwhile. */
void side_begin(struct side *side, side_fn function, uint64_t offset, uint64_t bytes);
int64_t side_end(struct side *side);

/* Reads up to SIDE_BUFFER_BYTES into `scratch`: how many, or -errno. */
int64_t side_read(struct side *side, uint64_t offset, uint64_t bytes);

/* Runs a function that calls side_place(). */
int64_t side_run_placing(struct side *side, side_fn function, uint64_t offset, uint64_t bytes);

/* A side_fn: writes zeroes, SIDE_BUFFER_BYTES at most. */
int64_t side_place(struct side_files *files, uint64_t offset, uint64_t bytes);

/* pwritev2(): -1 and ENOSYS or EOPNOTSUPP where a flag is not known. */
ssize_t side_write(int fd, const struct iovec *vector, int count, off_t at, int flags);

static inline int side_lacks_flag(int64_t error)
{
	return error == -ENOSYS || error == -EOPNOTSUPP;
}

/* lseek() with SEEK_DATA, SEEK_HOLE.  -EOPNOTSUPP if only the caller's position is there. */
int64_t side_seek(struct side *side, uint64_t offset, int whence);

#endif
