/* SPDX-License-Identifier: MIT */
/*
 * libprealloc: gives a range of an open file its disk space, for real, by the
 * best way that works there.
 *
 *	struct prealloc_options options = { .size = sizeof(options) };
 *	struct prealloc_result result = { .size = sizeof(result) };
 *	int r = prealloc(fd, 0, 4ull << 30, &options, &result);
 *
 *	if (r < 0)
 *		errx(1, "cannot reserve 4 GiB: %s", strerror(-r));
 *
 * Lengths and offsets are bytes, errors are 0 or -errno (errno itself is left
 * alone), `size` of a struct is its sizeof when the caller was compiled, so that
 * later versions can add members at the end.  What is zero has its default.
 *
 * How
 *	fallocate(2) first.  Where the file system has none (ext2, ext3, many
 *	network and FUSE ones), holes inside the file are filled by touching their
 *	pages, and the part past its end by appended zeroes.  Where more than 64 MiB are
 *	appended, O_DIRECT and the page cache are both tried, and what is faster there
 *	goes on; the other is tried again now and then.
 *	Where the file system does not report holes, the range is read, and what reads
 *	as zeroes is taken for a hole.
 *
 * What is never changed
 *	Data, unwritten (preallocated) blocks, the file position, the flags of the
 *	descriptor, the process's record locks on the file, signal handlers, errno.
 *	Any file position, any of O_APPEND, O_DIRECT, O_SYNC, O_WRONLY will do.
 *	Nothing is printed; there is no global state.  A lease on the file (F_SETLEASE)
 *	stays, and no signal is raised.
 *
 * Who watches the file
 *	The caller's descriptor is used wherever it can be, so that inotify's
 *	IN_CLOSE_WRITE and the release of a FUSE file system do not come while the file
 *	is zeroes.  Where zeroes are written, one more descriptor is opened for writing
 *	and closed when the call ends, which is seen as one such event:
 *	  - for O_DIRECT, if more than 64 MiB are appended on a local file system;
 *	  - if `fd` is O_WRONLY and the file has holes, or `fd` is O_DIRECT and the end
 *	    is not aligned, or `fd` is O_APPEND and the range begins past the end before
 *	    Linux 6.9.
 *	A read-only one is opened where holes are not shown by FIEMAP (tmpfs, NFS, FUSE;
 *	not for a file that was empty), and to read a file whose `fd` is O_WRONLY.
 *	None is opened while a lease is held.
 *
 * Others who write to the file meanwhile
 *	A call that succeeds loses nothing of theirs, wherever they write:
 *	  - fallocate() and touched pages never change a byte;
 *	  - zeroes are only appended, so they land behind what others have put at
 *	    the end, and never on it.
 *	The file may get longer than asked only by what another appends in the
 *	instant (usually microseconds) between the last look at the end and the kernel's
 *	lock: by so much at most, once, and never by more than 64 MiB.  Nothing but
 *	RLIMIT_FSIZE, which is the whole process's, ends an append at a given length.
 *	All this holds for those on the same machine.  Network file systems have no
 *	lock that the clients of other machines would take, for appending neither.
 *	Exceptions, where the file system makes it impossible: a file that cannot be
 *	mapped (FUSE with direct_io, no permission to read it) has its holes written,
 *	64 KiB at a time, each looked at immediately before; and when `offset` lies
 *	past the end, the one byte at `offset` is written.
 *	A call that fails or is cancelled gives back only what nobody has written
 *	to: each piece is looked at immediately before.  Where zeroes were written,
 *	the part past the old end belongs to the call until it returns: what another
 *	writes there goes with it, unless that made the file grow.  Of two calls for
 *	the same range, one that is cancelled so takes from the other, too.
 *
 * Failure
 *	The file is as it was: its length, and the blocks where they are new.  What
 *	could not be given back (a file system that cannot punch holes, a block of
 *	ext2, ext3 or ext4 that maps others) is counted in `left_bytes`.  A file that
 *	cannot be shortened (chattr +a, a seal) keeps its length until all is allocated;
 *	but zeroes that were appended to one stay.  A full volume, a quota's and RLIMIT_FSIZE's
 *bounds are found before anything is written where the kernel reports them; SIGXFSZ is never
 *raised.  In tmpfs and a memfd, so is what exceeds the memory available (with swap space) to the
 *machine or a memory cgroup of the process, which would end in the kernel killing processes; memory
 *that others take during the call is not foreseen.  EINTR does not end a call: the callback
 *decides.
 *
 * What is not checked
 *	What is below an overlay, a network or a FUSE file system
 *	(PREALLOC_RISK_UNKNOWN); thin provisioning below the file system; space or memory
 *	that others take after free space was compared.  Blocks are not read back from
 *	the disk.  A job, and the descriptor of one, must not be used after it was freed.
 *
 * Threads, signals, fork
 *	All functions may be called from any thread, several on one file too.  The
 *	calling thread cannot be cancelled meanwhile, asynchronously neither:
 *	pthread_cancel(3) takes effect at a cancellation point after the call.  (But
 *	prealloc_job_wait() and prealloc_queue_wait() are such points.)  None may be
 *	called from a signal handler.  A job or a queue does not exist in a forked
 *	child.
 *
 * Memory
 *	16 bytes a hole of the range, before the first block is allocated.  Where
 *	zeroes are written, and where something has to be given back, 128 KiB more.
 *	Where another descriptor is opened, a thread more: it holds that descriptor in a
 *	table of its own, which is why record locks survive.  The page cache is left
 *	as it was by ranges of more than 8 MiB; shorter ones stay in it, as what write()
 *	writes does, and the call does not wait for the disk.
 */
#ifndef PREALLOC_H
#define PREALLOC_H

#include <stddef.h>
#include <stdint.h>

/* Of this header; prealloc_version() is the version of the library that runs. */
#define PREALLOC_VERSION_MAJOR 0
#define PREALLOC_VERSION_MINOR 1
#define PREALLOC_VERSION_PATCH 0
#define PREALLOC_MAKE_VERSION(major, minor, patch) (1000000 * (major) + 1000 * (minor) + (patch))
/* One number, for #if PREALLOC_VERSION >= PREALLOC_MAKE_VERSION(0, 2, 0) */
#define PREALLOC_VERSION                                                      \
	PREALLOC_MAKE_VERSION(PREALLOC_VERSION_MAJOR, PREALLOC_VERSION_MINOR, \
			      PREALLOC_VERSION_PATCH)

#ifdef __cplusplus
extern "C" {
#endif

enum prealloc_flags {
	/* Allocate past the end without making the file longer.  Needs fallocate(2) there. */
	PREALLOC_KEEP_SIZE = 1 << 0,
	/*
	 * fsync() the file before returning, and the directory that holds it, for a
	 * new file's name: see PREALLOC_DID_SYNC_DIRECTORY.
	 */
	PREALLOC_DURABLE = 1 << 1,
	/* fallocate(2) or -EOPNOTSUPP: write no zeroes. */
	PREALLOC_REQUIRE_NATIVE = 1 << 2,
	/*
	 * Have the file system show afterwards (extents, or where it has none the
	 * block count) that the range is allocated; -EOPNOTSUPP where it does not, and
	 * where a block count proves nothing (FUSE, most network file systems).
	 */
	PREALLOC_VERIFY = 1 << 3,
	/*
	 * Ask copy-on-write file systems to overwrite in place: btrfs NOCOW, for an
	 * empty file (which also means no checksums there); XFS extent size, for a
	 * file without extents.  No error where it cannot be had: see
	 * PREALLOC_DID_HINT.
	 */
	PREALLOC_HINT = 1 << 4
};

/*
 * Told the bytes of the range that are done, at the start, after every step, and
 * at the end, in the thread that allocates.  Steps are made so long that it is
 * called about every 40 ms.  Non-zero cancels: -ECANCELED.  It must return (no
 * longjmp, no exception), and may not call the library on the same job.
 */
typedef int (*prealloc_progress_fn)(uint64_t done_bytes, uint64_t total_bytes, void *context);

/* The I/O priority of the threads that allocate, during the call; never raised. */
enum prealloc_io_priority {
	PREALLOC_IO_SAME, /* the one that the calling thread has */
	PREALLOC_IO_LOW,  /* best effort, the lowest level */
	PREALLOC_IO_IDLE  /* only when nobody else uses the disk */
};

struct prealloc_options {
	size_t size;
	uint32_t flags; /* enum prealloc_flags */
	prealloc_progress_fn progress;
	void *context;
	uint64_t extent_bytes; /* PREALLOC_HINT on XFS; 0: 1 MiB */
	/*
	 * At most this many zeroes are written per second; 0: no limit.  fallocate(2)
	 * writes none, so it takes no longer.  While the call waits, the callback is
	 * called about every 40 ms.
	 */
	uint64_t write_bytes_per_second;
	/*
	 * enum prealloc_io_priority.  No error where it cannot be had: see
	 * PREALLOC_DID_IO_PRIORITY.  It has an effect on disks whose scheduler heeds
	 * it (bfq, mq-deadline).
	 */
	uint32_t io_priority;
	uint32_t reserved; /* 0 */
};

enum prealloc_path {
	PREALLOC_NONE,	 /* nothing was done: see the error */
	PREALLOC_NATIVE, /* fallocate(2) did it */
	PREALLOC_WRITTEN /* zeroes were written, or pages touched */
};

/* Why a later write into the range may still fail with ENOSPC. */
enum prealloc_risks {
	PREALLOC_RISK_COPY_ON_WRITE = 1 << 0, /* writes go elsewhere: btrfs, ZFS, bcachefs, ... */
	PREALLOC_RISK_SHARED = 1 << 1,	      /* other files use some of the blocks (reflink) */
	PREALLOC_RISK_UNKNOWN = 1 << 2 /* overlay, network, FUSE: what is below is not seen */
};

enum prealloc_did {
	PREALLOC_DID_VERIFY = 1 << 0,
	/* Unset after PREALLOC_DURABLE: the directory was not found (/proc is not there, renamed).
	 */
	PREALLOC_DID_SYNC_DIRECTORY = 1 << 1,
	PREALLOC_DID_HINT = 1 << 2,
	PREALLOC_DID_IO_PRIORITY = 1 << 3
};

/* Filled on failure too. */
struct prealloc_result {
	size_t size;
	uint32_t path;	/* enum prealloc_path */
	uint32_t risks; /* enum prealloc_risks; 0: writes into the range will not meet ENOSPC */
	uint64_t reserved_bytes; /* of the range; 0 on failure, and on ZFS, which only checks */
	/*
	 * Of these, in blocks that were holes before.  Where the file system does not
	 * report holes (FUSE, many network ones): what read as zeroes and was written;
	 * after fallocate(2) only what lies past the old end.
	 */
	uint64_t new_bytes;
	uint64_t written_bytes; /* zeroes handed to the kernel */
	/*
	 * On failure: allocated, and could not be given back.  Where the file system
	 * does not report holes, the most that it can be.
	 */
	uint64_t left_bytes;
	uint64_t calls;	      /* system calls that allocated */
	uint32_t did;	      /* enum prealloc_did */
	int32_t native_error; /* errno of a fallocate(2) that was not supported; 0: it was */
};

/*
 * Allocates [offset, offset + length) of fd, which is open for writing.  Both
 * structs may be NULL.  Returns 0, or
 *	-EINVAL		length is 0, an unknown flag or priority, a `size` that is none
 *	-EBADF		fd is not open for writing
 *	-ESPIPE, -ENODEV	fd is a pipe; no regular file, or one of /proc and its likes
 *	-EFBIG		past what the file system, or RLIMIT_FSIZE, allows
 *	-ENOSPC, -EDQUOT	no space left on the volume, in the quota
 *	-EOPNOTSUPP	what a flag asks for is not to be had here
 *	-ECANCELED	the callback cancelled
 *	-EAGAIN		others kept making holes in the range, or cutting the file
 *	-ENOMEM, -EIO, -EPERM, -ETXTBSY, ...	as the kernel says
 */
int prealloc(int fd, uint64_t offset, uint64_t length, const struct prealloc_options *options,
	     struct prealloc_result *result);

/* "native", "written", "none". */
const char *prealloc_path_name(uint32_t path);

/* "0.1.0": of the library that runs. */
const char *prealloc_version(void);

/* ---- the same in the background ---- */

/* A prealloc() on a thread of its own, which takes no signals. */
struct prealloc_job;

/*
 * Starts one.  `options` is copied; fd has to stay open until the job is freed.
 * The callback runs in the job's thread.  Returns 0, -EINVAL, -ENOMEM, -EMFILE
 * or -EAGAIN (no thread to be had).
 */
int prealloc_job_start(int fd, uint64_t offset, uint64_t length,
		       const struct prealloc_options *options, struct prealloc_job **ret);

/*
 * A descriptor that becomes readable for poll(2) when the job has ended, and
 * stays so.  It belongs to the job; do not read from it.
 */
int prealloc_job_fd(const struct prealloc_job *job);

/* Never blocks.  -EINPROGRESS, or the outcome; *ret_done_bytes may be NULL. */
int prealloc_job_poll(struct prealloc_job *job, uint64_t *ret_done_bytes);

/* Asks it to stop at its next step; never blocks, and may be called from any thread. */
void prealloc_job_cancel(struct prealloc_job *job);

/*
 * Waits until the job has ended, and returns as prealloc() does; -ECANCELED
 * after a cancel that came in time.  May be called by several threads, and again.
 */
int prealloc_job_wait(struct prealloc_job *job, struct prealloc_result *result);

/* Cancels it if it runs, waits, and frees it; NULL-safe.  Returns NULL. */
struct prealloc_job *prealloc_job_free(struct prealloc_job *job);

/* ---- many files ---- */

/*
 * A range of a file.  The file is named by its path, so that a thousand of them need no
 * descriptor before their turn comes.  A relative path is taken from the directory that
 * is the current one when it is handed over.  "/proc/self/fd/N" names the file of an
 * open descriptor, which has to stay open until the file is opened through it.
 */
struct prealloc_file {
	size_t size;
	const char *path;
	uint64_t offset, length;
	const struct prealloc_options *options; /* of this file; NULL: the defaults */
	void *tag;				/* the caller's own; comes back with the outcome */
	uint32_t mode;	   /* of a file that is created, less the umask; 0: 0666 */
	uint32_t reserved; /* 0 */
};

/* A file system, and what files need there. */
struct prealloc_volume {
	size_t size;
	uint64_t device;	  /* st_dev of stat(2) */
	uint64_t needed_bytes;	  /* for the holes of the ranges, and for pointer blocks */
	uint64_t available_bytes; /* to the calling process */
	uint64_t needed_files;	  /* inodes: files that are not there yet */
	uint64_t available_files;
	uint64_t files;	      /* of the question that are, or will be, there */
	uint64_t first_file;  /* the index of the first of these */
	uint32_t is_estimate; /* 1: available_bytes is one, as on btrfs and XFS */
	uint32_t reserved;    /* 0 */
};

/*
 * Do all of these ranges fit, in all together, as things stand?  Nothing is allocated or
 * created.  A file that is not there is counted where the nearest of its directories is,
 * one that cannot be opened as if it were empty.  Holes count, blocks that are there do
 * not; of a file that is named twice, the ranges should not overlap.
 *
 * *volume_count is the room in `volumes` before, and the number of file systems after the
 * call; those that lack something come first.  Both may be NULL.  All structs of an array
 * have the same `size`; of `volumes`, only that of the first is read.
 *
 * Not known are: what others take meanwhile, and the metadata of extents, directories and
 * copy-on-write trees.  A limit that prealloc() only learns when it meets it (a quota, as
 * on most file systems) is not seen.
 *
 * Returns 0 if they fit, -ENOSPC if not; -EINVAL, -EFBIG, -ENOMEM, -EAGAIN (no thread to
 * be had), or -errno of a file that cannot be looked at.
 */
int prealloc_fits(const struct prealloc_file *files, size_t count, struct prealloc_volume *volumes,
		  size_t *volume_count);

/*
 * Jobs that wait for their turn, and a few that run.  They start in the order in which
 * they were added, each in one of `at_once` threads that take no signals.
 *
 * A job opens its file when it starts, creates it if it is not there, and closes it
 * when it ends.  One that fails or is cancelled removes a file that it has created, if
 * that is still empty.  These descriptors are in tables of the threads' own: they do
 * not count against the process's RLIMIT_NOFILE, no child inherits them, and the
 * process keeps its record locks (not before Linux 5.9).  The queue has one descriptor
 * of the process, however many jobs there are.
 *
 * The callbacks of all jobs are called in one more thread, one after the other.  All
 * functions may be called from any thread, and from callbacks, except that
 * prealloc_queue_wait() and prealloc_queue_free() may not be called from there.  A queue
 * does not exist in a forked child: there, calls return -ECHILD.
 */
struct prealloc_queue;

struct prealloc_queue_options {
	size_t size;
	/*
	 * The most jobs that run at once, up to 1024; 0: 1, which is best for files on
	 * one disk: with more, they take as long and get more fragments.
	 */
	uint32_t at_once;
	uint32_t io_priority;		 /* enum prealloc_io_priority, at least, for each job */
	uint64_t write_bytes_per_second; /* of all jobs together; 0: no limit */
};

/* `options` may be NULL.  Returns 0, -EINVAL, -ENOMEM or -EMFILE. */
int prealloc_queue_new(const struct prealloc_queue_options *options, struct prealloc_queue **ret);

/*
 * A descriptor that is readable for poll(2) while there is a job that has ended and
 * that prealloc_queue_next() has not returned yet.  It belongs to the queue; do not
 * read from it.
 */
int prealloc_queue_fd(const struct prealloc_queue *queue);

/*
 * Adds a job; `file`, its path and its options are copied.  *ret_id, a number that is
 * never 0 and never used again, may be NULL.  Returns 0, -EINVAL, -ENOMEM, -ECHILD or
 * -EAGAIN (no thread to be had).  What is wrong with the file or the range is the
 * job's outcome.
 */
int prealloc_queue_add(struct prealloc_queue *queue, const struct prealloc_file *file,
		       uint64_t *ret_id);

struct prealloc_outcome {
	size_t size;
	uint64_t id;
	void *tag;	   /* of the struct prealloc_file */
	int32_t error;	   /* 0, or -errno of prealloc() or of open(2) */
	uint32_t reserved; /* 0 */
};

/*
 * Never blocks.  Returns each job once, in the order in which they end: 0 with *ret and
 * *result (which may be NULL) filled; -EINPROGRESS if none has ended, -ENOENT if none is
 * left.  Also -EINVAL, -ECHILD.
 */
int prealloc_queue_next(struct prealloc_queue *queue, struct prealloc_outcome *ret,
			struct prealloc_result *result);

/* The same, but waits instead of returning -EINPROGRESS.  A cancellation point. */
int prealloc_queue_wait(struct prealloc_queue *queue, struct prealloc_outcome *ret,
			struct prealloc_result *result);

/*
 * Cancels a job, or with 0 all that have not ended; never blocks.  One that waits ends
 * at once, one that runs at its next step, both with -ECANCELED.  Returns 0, -ECHILD, or
 * -ENOENT if no job with this id waits or runs.
 */
int prealloc_queue_cancel(struct prealloc_queue *queue, uint64_t id);

struct prealloc_queue_status {
	size_t size;
	uint64_t waiting, running; /* jobs */
	uint64_t ended;		   /* jobs that prealloc_queue_next() has not returned yet */
	uint64_t total_bytes;	   /* of all jobs so far, except those that failed */
	uint64_t done_bytes;	   /* of these */
};

/* Returns 0, -EINVAL or -ECHILD. */
int prealloc_queue_status(struct prealloc_queue *queue, struct prealloc_queue_status *ret);

/* Cancels all jobs, waits for those that run, and frees the queue; NULL-safe.  Returns NULL. */
struct prealloc_queue *prealloc_queue_free(struct prealloc_queue *queue);

#ifdef __cplusplus
}
#endif

#endif
