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

/* What a descriptor is needed for, and when the caller's does not do. */
enum helper_use {
	HELPER_READ,   /* O_WRONLY, O_DIRECT */
	HELPER_SEEK,   /* never: it has a position */
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
	uint64_t align;	     /* what O_DIRECT requires, bytes */
	int journalled;	     /* data goes through the file system's journal */
	uint64_t end;	     /* of the file, after the last append */
	char *zeroes;	     /* HELPER_BUFFER_BYTES, aligned */
	char *scratch;	     /* HELPER_BUFFER_BYTES, for reading */
};

struct helper;

/* Opens nothing yet, and starts no thread.  0 or -errno. */
int helper_open(int fd, struct helper **ret);

/* NULL-safe. */
void helper_close(struct helper *helper);

struct helper_files *helper_files(struct helper *helper);

/*
 * Makes sure that there is a descriptor for this use.  0, or -errno: then helper_fd()
 * is the caller's, and the kernel may refuse what is done with it.
 */
int helper_acquire(struct helper *helper, enum helper_use use);

/* Starts the helper thread, so that helper_submit() returns at once.  0 or -errno. */
int helper_start(struct helper *helper);

/* The descriptor to use; to be called in a helper_fn only. */
int helper_fd(const struct helper_files *files, enum helper_use use);

/* What helper_run() runs and returns; the meaning of the numbers is the function's own. */
typedef int64_t (*helper_fn)(struct helper_files *files, uint64_t offset, uint64_t bytes);

/* In the helper thread if there is one, else in the calling thread. */
int64_t helper_run(struct helper *helper, helper_fn function, uint64_t offset, uint64_t bytes);

/* The same in two halves, to do something else meanwhile. */
void helper_submit(struct helper *helper, helper_fn function, uint64_t offset, uint64_t bytes);
int64_t helper_wait(struct helper *helper);

/* Reads up to HELPER_BUFFER_BYTES into `scratch`: how many, or -errno. */
int64_t helper_read(struct helper *helper, uint64_t offset, uint64_t bytes);

/* Runs a function that calls helper_write_zeroes(). */
int64_t helper_run_write(struct helper *helper, helper_fn function, uint64_t offset,
			 uint64_t bytes);

/* A helper_fn: writes zeroes, HELPER_BUFFER_BYTES at most. */
int64_t helper_write_zeroes(struct helper_files *files, uint64_t offset, uint64_t bytes);

/* pwritev2(): -1 and ENOSYS or EOPNOTSUPP where a flag is not known. */
ssize_t helper_pwritev2(int fd, const struct iovec *vector, int count, off_t at, int flags);

static inline int helper_lacks_flag(int64_t error)
{
	return error == -ENOSYS || error == -EOPNOTSUPP;
}

/* lseek() with SEEK_DATA, SEEK_HOLE.  -EOPNOTSUPP if only the caller's position is there. */
int64_t helper_seek(struct helper *helper, uint64_t offset, int whence);

#endif
