/* SPDX-License-Identifier: MIT */
/*
 * How the file is read and written: through the caller's descriptor, or through a second one where
 * the caller's does not allow it.  A second descriptor is avoided because other processes notice
 * it:
 * - opening it breaks a lease (F_SETLEASE) of the process itself, and the default action of that
 *   signal ends the process; so none is opened while a lease is held;
 * - closing a descriptor that was open for writing is reported as "close after write" (inotify's
 *   IN_CLOSE_WRITE, a FUSE file system's release), which watchers take for the completion of the
 *   file; so reading and seeking use a read-only descriptor, and everything that writes shares one
 *   that is closed when the call ends.
 */
#ifndef PREALLOC_HELPER_H
#define PREALLOC_HELPER_H

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

enum { HELPER_BUFFER_BYTES = 64 * 1024 };

/* The uses of a descriptor, and when the caller's is not suitable. */
enum helper_use {
	HELPER_READ,   /* O_WRONLY, O_DIRECT */
	HELPER_SEEK,   /* never suitable: it has a position */
	HELPER_MAP,    /* O_WRONLY */
	HELPER_WRITE,  /* O_DIRECT, and O_APPEND before Linux 6.9 */
	HELPER_APPEND, /* O_DIRECT, and where the kernel has no RWF_APPEND */
	HELPER_DIRECT, /* without O_DIRECT */
	HELPER_USES
};

struct helper_files {
	int caller_fd;
	int fd[HELPER_USES]; /* -1: none yet */
	int read_only_fd;    /* second descriptor, read-only; -1: none */
	int work_fd;	     /* second descriptor, for writing; -1: none */
	int write_flags;     /* RWF_NOAPPEND or 0, for HELPER_WRITE */
	int no_append_calls; /* RWF_APPEND is not supported */
	uint64_t align;	     /* the alignment that O_DIRECT requires, bytes */
	int journalled;	     /* the file system journals data */
	uint64_t end;	     /* the file's size after the last append */
	char *zeroes;	     /* HELPER_BUFFER_BYTES, aligned */
	char *scratch;	     /* HELPER_BUFFER_BYTES, the buffer for reading */
};

struct helper;

/* Opens no descriptor and starts no thread yet.  0 or -errno. */
int helper_open(int fd, struct helper **ret);

/* `helper` may be NULL. */
void helper_close(struct helper *helper);

struct helper_files *helper_files(struct helper *helper);

/*
 * Makes sure that there is a descriptor for this use.  0 or -errno; after an error helper_fd() is
 * the caller's, and the kernel may refuse the operation.
 */
int helper_acquire(struct helper *helper, enum helper_use use);

/* The same if the caller's descriptor has turned out to be unsuitable for this use. */
void helper_replace_callers(struct helper *helper, enum helper_use use);

/* Starts the helper thread, so that helper_submit() returns at once.  0 or -errno. */
int helper_start(struct helper *helper);

/* The descriptor to use.  Only for a helper_fn. */
int helper_fd(const struct helper_files *files, enum helper_use use);

/* A function for helper_run().  It defines the meaning of its arguments and its result. */
typedef int64_t (*helper_fn)(struct helper_files *files, uint64_t offset, uint64_t bytes);

/* Runs a function in the helper thread if there is one, else in the calling thread. */
int64_t helper_run(struct helper *helper, helper_fn function, uint64_t offset, uint64_t bytes);

/* The same in two parts, to do something else in between. */
void helper_submit(struct helper *helper, helper_fn function, uint64_t offset, uint64_t bytes);
int64_t helper_wait(struct helper *helper);

/* Reads up to HELPER_BUFFER_BYTES into `scratch`.  The number of bytes or -errno. */
int64_t helper_read(struct helper *helper, uint64_t offset, uint64_t bytes);

/* Runs a function that calls helper_write_zeroes(). */
int64_t helper_run_write(struct helper *helper, helper_fn function, uint64_t offset,
			 uint64_t bytes);

/* A helper_fn: writes at most HELPER_BUFFER_BYTES of zeroes. */
int64_t helper_write_zeroes(struct helper_files *files, uint64_t offset, uint64_t bytes);

/* pwritev2().  -1 with ENOSYS or EOPNOTSUPP if a flag is not supported. */
ssize_t helper_pwritev2(int fd, const struct iovec *vector, int count, off_t at, int flags);

static inline int helper_lacks_flag(int64_t error)
{
	return error == -ENOSYS || error == -EOPNOTSUPP;
}

/* lseek() with SEEK_DATA or SEEK_HOLE.  -EOPNOTSUPP if that would move the caller's position. */
int64_t helper_seek(struct helper *helper, uint64_t offset, int whence);

#endif
