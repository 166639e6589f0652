/* SPDX-License-Identifier: MIT */
/*
 * libprealloc: allocate disk space for a range of an open file, by the best method
 * that the file system supports.
 *
 *	struct prealloc_options options = { .size = sizeof(options) };
 *	struct prealloc_result result = { .size = sizeof(result) };
 *	int r = prealloc(fd, 0, 4ull << 30, &options, &result);
 *
 *	if (r < 0)
 *		errx(1, "cannot reserve 4 GiB: %s", strerror(-r));
 *
 * Offsets and lengths are in bytes. Functions return 0 or a negative errno value;
 * errno itself is not changed. Every struct begins with `size`, which the caller sets
 * to the struct's sizeof, so that later versions can add members at the end. A member
 * that is zero selects the default.
 *
 * Method
 *	fallocate(2) is tried first. Where the file system does not support it (ext2,
 *	ext3, many network and FUSE file systems), holes inside the file are filled by
 *	touching their pages, and the part past the end of the file by appending zeroes.
 *	If more than 64 MiB are appended, O_DIRECT and the page cache are both measured
 *	and the faster one is used; the other one is measured again from time to time.
 *	If the file system does not report holes, the range is read, and blocks that
 *	contain only zeroes are treated as holes.
 *
 * What is never changed
 *	Existing data, unwritten (preallocated) blocks, the file position, the flags of
 *	the descriptor, the process's record locks and leases (F_SETLEASE) on the file,
 *	signal handlers, and errno. `fd` may have any file position and any of the flags
 *	O_APPEND, O_DIRECT, O_SYNC and O_WRONLY. The library prints nothing, raises no
 *	signal, and has no global state.
 *
 * Watching the file
 *	The library uses the caller's descriptor wherever it can. Processes that watch
 *	the file (inotify's IN_CLOSE_WRITE, a FUSE server's release operation) are
 *	therefore not led to believe that the file is complete while it contains zeroes.
 *	The library opens a second descriptor for writing, and closes it at the end of
 *	the call, only if it has to write zeroes, and only in these cases:
 *	  - more than 64 MiB are appended on a local file system (for O_DIRECT);
 *	  - `fd` is O_WRONLY and the file has holes;
 *	  - `fd` is O_DIRECT and the end of the file or of the range is not aligned;
 *	  - `fd` is O_APPEND, the range starts past the end of the file, and the kernel
 *	    is older than Linux 6.9.
 *	A watcher sees each such descriptor as one close after writing. The library
 *	opens a second descriptor read-only if FIEMAP does not report holes (tmpfs, NFS,
 *	FUSE; not for a file that was empty), and to read a file whose `fd` is O_WRONLY.
 *	While the process holds a lease on the file, no second descriptor is opened.
 *
 * Concurrent writers
 *	A successful call does not overwrite data that others write to the file during
 *	the call, wherever they write:
 *	  - fallocate() and touching a page never change a byte;
 *	  - zeroes are only appended. They land behind data that others have appended,
 *	    never on it.
 *	The file can become longer than requested if another process appends between the
 *	library's last check of the file size and the kernel's lock, usually a matter of
 *	microseconds. The excess is at most what the other process appended, it occurs at
 *	most once, and it never exceeds 64 MiB. (Only RLIMIT_FSIZE, which applies to the
 *	whole process, could limit an append to a given file size.)
 *	These guarantees cover writers on the same machine. A network file system has no
 *	lock that clients on other machines would take; this also applies to appends.
 *	There are two exceptions, where the file system leaves no other way. The holes of
 *	a file that cannot be mapped (FUSE with direct_io, no read permission) are
 *	written, 64 KiB at a time, each checked immediately before. If `offset` is past
 *	the end of the file, the single byte at `offset` is written.
 *	A call that fails or is cancelled frees only blocks that nobody has written to;
 *	each is checked immediately before it is freed. Where zeroes were written, the
 *	part past the old end of the file belongs to the call until it returns: data that
 *	another process writes there is lost with it, unless the write made the file
 *	grow. If two calls allocate the same range, cancelling one also frees space that
 *	the other reserved.
 *
 * Failure
 *	After a failed or cancelled call, the file has its old length, and the blocks that
 *	the call allocated are freed. Blocks that cannot be freed (the file system cannot
 *	punch holes, or an indirect block of ext2, ext3 or ext4 is left over) are counted
 *	in `left_bytes`. The length of a file that cannot be shortened (chattr +a,
 *	F_SEAL_SHRINK) is changed last, after everything is allocated; zeroes that were
 *	appended to such a file remain.
 *	A full volume and the limits of a quota and of RLIMIT_FSIZE are detected before
 *	anything is written, if the kernel reports them; SIGXFSZ is never raised. On tmpfs
 *	and in a memfd, a request is refused if it exceeds the memory and swap space that
 *	is available to the machine or to a memory cgroup of the process, because the
 *	kernel would otherwise kill processes. Memory that others allocate during the
 *	call is not taken into account.
 *	EINTR does not end a call; the progress callback decides. If the process is killed
 *	during the call, existing data stay, and so does what is allocated by then.
 *
 * What is not checked
 *	The storage below an overlay, network or FUSE file system
 *	(PREALLOC_RISK_UNKNOWN); thin provisioning below the file system; space or memory
 *	that others use after the free space was compared. Blocks are not read back from
 *	the disk. The library does not detect the use of a job, a queue, or its
 *	descriptor after it was freed.
 *
 * Threads, signals, fork
 *	Any thread may call any function, and several threads may work on one file. The
 *	calling thread is not cancelled during the call, not even asynchronously:
 *	pthread_cancel(3) takes effect at the next cancellation point after it.
 *	prealloc_job_wait() and prealloc_queue_wait() are cancellation points. No function
 *	may be called from a signal handler. A forked child does not inherit jobs or
 *	queues.
 *
 * Memory
 *	16 bytes per hole of the range, allocated before the first block of the file. A
 *	call that writes zeroes, or that has to free blocks again, uses 128 KiB more. A
 *	call that opens a second descriptor starts a thread. That thread keeps the
 *	descriptor in a descriptor table of its own, which is why the process's record
 *	locks survive. A range of more than 8 MiB leaves the page cache as it was. A
 *	shorter range stays in the page cache, as after write(2), and the call does not
 *	wait for the disk.
 */
#ifndef PREALLOC_H
#define PREALLOC_H

#include <stddef.h>
#include <stdint.h>

/* The version of this header. prealloc_version() returns that of the loaded library. */
#define PREALLOC_VERSION_MAJOR 0
#define PREALLOC_VERSION_MINOR 1
#define PREALLOC_VERSION_PATCH 0
#define PREALLOC_MAKE_VERSION(major, minor, patch) (1000000 * (major) + 1000 * (minor) + (patch))
/* A single number, for #if PREALLOC_VERSION >= PREALLOC_MAKE_VERSION(0, 2, 0) */
#define PREALLOC_VERSION                                                      \
	PREALLOC_MAKE_VERSION(PREALLOC_VERSION_MAJOR, PREALLOC_VERSION_MINOR, \
			      PREALLOC_VERSION_PATCH)

#ifdef __cplusplus
extern "C" {
#endif

enum prealloc_flags {
	/*
	 * Do not change the file size, even if the range goes past it. Past the end of the
	 * file, this needs fallocate(2).
	 */
	PREALLOC_KEEP_SIZE = 1 << 0,
	/*
	 * fsync() the file before returning, and also its directory, so that the name of a
	 * new file is on the disk (see PREALLOC_DID_SYNC_DIRECTORY).
	 */
	PREALLOC_DURABLE = 1 << 1,
	/* Use only fallocate(2), never write zeroes; -EOPNOTSUPP if it is not supported. */
	PREALLOC_REQUIRE_NATIVE = 1 << 2,
	/*
	 * Verify afterwards that the range is allocated, by the file's extents or, if the
	 * file system does not report them, by its block count. -EOPNOTSUPP if neither
	 * proves it (FUSE, most network file systems).
	 */
	PREALLOC_VERIFY = 1 << 3,
	/*
	 * Ask a copy-on-write file system to overwrite in place. On btrfs, this sets NOCOW
	 * on an empty file, which also disables its checksums. On XFS, this sets the extent
	 * size of a file without extents. It is not an error if the hint is not supported
	 * (see PREALLOC_DID_HINT).
	 */
	PREALLOC_HINT = 1 << 4
};

/*
 * The progress callback. The allocating thread calls it at the start, after every step
 * and at the end; the library chooses the size of its steps so that this is about every
 * 40 ms. `done_bytes` of the range's `total_bytes` are allocated; `context` is the one
 * of struct prealloc_options. Return 0 to continue, or another value to cancel the call
 * with -ECANCELED. The callback must return (no longjmp, no exception), and must not
 * call the library on the same job.
 */
typedef int (*prealloc_progress_fn)(uint64_t done_bytes, uint64_t total_bytes, void *context);

/* The I/O priority of the allocating threads during the call. It is never raised. */
enum prealloc_io_priority {
	PREALLOC_IO_SAME, /* as the calling thread */
	PREALLOC_IO_LOW,  /* the lowest best-effort level */
	PREALLOC_IO_IDLE  /* only while nobody else uses the disk */
};

struct prealloc_options {
	size_t size;		       /* sizeof(struct prealloc_options) */
	uint32_t flags;		       /* enum prealloc_flags */
	prealloc_progress_fn progress; /* NULL: none */
	void *context;		       /* passed to `progress` */
	uint64_t extent_bytes;	       /* the extent size of PREALLOC_HINT on XFS; 0: 1 MiB */
	/*
	 * Write at most this many bytes of zeroes per second; 0: no limit. fallocate(2)
	 * writes none and is not slowed down. While the call waits, the callback is called
	 * about every 40 ms.
	 */
	uint64_t write_bytes_per_second;
	/*
	 * enum prealloc_io_priority. Only some disk schedulers honour it (bfq,
	 * mq-deadline). It is not an error if it cannot be set (see
	 * PREALLOC_DID_IO_PRIORITY).
	 */
	uint32_t io_priority;
	uint32_t reserved; /* 0 */
};

enum prealloc_path {
	PREALLOC_NONE,	 /* nothing was allocated */
	PREALLOC_NATIVE, /* by fallocate(2) */
	PREALLOC_WRITTEN /* by writing zeroes or touching pages */
};

/*
 * Reasons why a later write into the range can still fail with ENOSPC. A snapshot or a
 * copy by reflink that is made after the call is not included.
 */
enum prealloc_risks {
	PREALLOC_RISK_COPY_ON_WRITE = 1 << 0, /* btrfs, ZFS, bcachefs, ... */
	PREALLOC_RISK_SHARED = 1 << 1,	      /* blocks shared with other files (reflink) */
	PREALLOC_RISK_UNKNOWN = 1 << 2 /* overlay, network, FUSE: the storage is not visible */
};

/* Which of the optional steps were done. */
enum prealloc_did {
	PREALLOC_DID_VERIFY = 1 << 0,
	/*
	 * Not set although PREALLOC_DURABLE was requested: the directory was not found
	 * (/proc is not mounted, or the file was renamed).
	 */
	PREALLOC_DID_SYNC_DIRECTORY = 1 << 1,
	PREALLOC_DID_HINT = 1 << 2,
	PREALLOC_DID_IO_PRIORITY = 1 << 3
};

/* What a call did. It is also filled in if the call fails. */
struct prealloc_result {
	size_t size;	/* sizeof(struct prealloc_result), set by the caller */
	uint32_t path;	/* enum prealloc_path */
	uint32_t risks; /* enum prealloc_risks; 0: later writes will not fail with ENOSPC */
	/* Allocated bytes of the range; 0 on failure, and on ZFS, which reserves nothing. */
	uint64_t reserved_bytes;
	/*
	 * Bytes of these that were holes before the call. If the file system does not report
	 * holes (FUSE, many network file systems), the bytes that were read as zeroes and
	 * then written; after fallocate(2), only the bytes past the old end of the file.
	 */
	uint64_t new_bytes;
	uint64_t written_bytes; /* bytes of zeroes passed to the kernel */
	/*
	 * On failure: bytes that were allocated and could not be freed again. If the file
	 * system does not report holes, an upper bound.
	 */
	uint64_t left_bytes;
	uint64_t calls;	      /* number of system calls that allocated */
	uint32_t did;	      /* enum prealloc_did */
	int32_t native_error; /* errno of fallocate(2) if it is not supported, else 0 */
};

/*
 * Allocates the bytes [offset, offset + length) of `fd`, which must be open for writing.
 * `options` may be NULL for the defaults. `result` may be NULL. Returns 0 or one of:
 *	-EINVAL		`length` is 0, a flag or the priority is unknown, or a `size` is
 *			not valid
 *	-EBADF		`fd` is not open for writing
 *	-ESPIPE		`fd` is a pipe or a socket
 *	-ENODEV		`fd` is not a regular file, or is a file of /proc, /sys or a similar
 *			file system
 *	-EFBIG		the range exceeds the limit of the file system or RLIMIT_FSIZE
 *	-ENOSPC		not enough space on the volume
 *	-EDQUOT		not enough space in the quota
 *	-EOPNOTSUPP	a flag requests something that the file system does not support
 *	-ECANCELED	the progress callback cancelled the call
 *	-EAGAIN		others kept punching holes into the range or truncating the file
 *	-ENOMEM, -EIO, -EPERM, -ETXTBSY, ...	as reported by the kernel
 */
int prealloc(int fd, uint64_t offset, uint64_t length, const struct prealloc_options *options,
	     struct prealloc_result *result);

/*
 * Returns the name of an enum prealloc_path: "native", "written" or "none". The string is
 * static and must not be freed.
 */
const char *prealloc_path_name(uint32_t path);

/* Returns the version of the loaded library, such as "0.1.0". Do not free the string. */
const char *prealloc_version(void);

/* ---- in the background ---- */

/* A prealloc() call in a thread of its own. That thread blocks all signals. */
struct prealloc_job;

/*
 * Starts a job with the parameters of prealloc(). `options` is copied. `fd` must stay open
 * until the job is freed. The callback runs in the job's thread. Returns 0 and stores the
 * job in *ret; the caller frees it with prealloc_job_free(). On failure returns -EINVAL,
 * -ENOMEM, -EMFILE, or -EAGAIN if no thread can be started.
 */
int prealloc_job_start(int fd, uint64_t offset, uint64_t length,
		       const struct prealloc_options *options, struct prealloc_job **ret);

/*
 * Returns a descriptor that becomes readable, as reported by poll(2), when the job ends,
 * and stays readable. The job owns it: do not read from it or close it.
 */
int prealloc_job_fd(const struct prealloc_job *job);

/*
 * Returns -EINPROGRESS while the job runs, then its result as prealloc() would return it.
 * Stores the number of bytes allocated so far in *ret_done_bytes, unless that is NULL.
 * Never blocks.
 */
int prealloc_job_poll(struct prealloc_job *job, uint64_t *ret_done_bytes);

/* Asks the job to stop after its current step. Never blocks. Any thread may call it. */
void prealloc_job_cancel(struct prealloc_job *job);

/*
 * Waits until the job has ended, and returns its result as prealloc() does: -ECANCELED if
 * it was cancelled before it was done. Fills *result, unless `result` is NULL. Several
 * threads may wait, and a thread may wait again. A cancellation point.
 */
int prealloc_job_wait(struct prealloc_job *job, struct prealloc_result *result);

/* Cancels the job if it runs, waits for it, and frees it. `job` may be NULL. Returns NULL. */
struct prealloc_job *prealloc_job_free(struct prealloc_job *job);

/* ---- many files ---- */

/*
 * A range of a file to be allocated. The file is named by its path, so that waiting files
 * need no descriptor. A relative path is resolved from the directory that is current when
 * the struct is passed to the library. "/proc/self/fd/N" names the file of an open
 * descriptor, which must stay open until the library has opened the file through it.
 */
struct prealloc_file {
	size_t size;				/* sizeof(struct prealloc_file) */
	const char *path;			/* created if it does not exist */
	uint64_t offset, length;		/* of the range, bytes */
	const struct prealloc_options *options; /* for this file; NULL: the defaults */
	void *tag;	   /* any value of the caller's; returned in struct prealloc_outcome */
	uint32_t mode;	   /* of a file that is created, before the umask; 0: 0666 */
	uint32_t reserved; /* 0 */
};

/* The requirements of a set of files on one file system. */
struct prealloc_volume {
	size_t size;		  /* sizeof(struct prealloc_volume), set by the caller */
	uint64_t device;	  /* st_dev of stat(2) */
	uint64_t needed_bytes;	  /* for the holes of the ranges, and for indirect blocks */
	uint64_t available_bytes; /* to the calling process */
	uint64_t needed_files;	  /* inodes for files that do not exist yet */
	uint64_t available_files; /* free inodes */
	uint64_t files;		  /* how many of the files are, or will be, on this volume */
	uint64_t first_file;	  /* index of the first of these in the caller's array */
	uint32_t is_estimate; /* 1: available_bytes is an estimate, as on btrfs and XFS; else 0 */
	uint32_t reserved;    /* 0 */
};

/*
 * Checks whether all ranges of the `count` files fit together into the free space of their
 * file systems. Nothing is allocated or created. Only holes need space; blocks that are
 * already allocated do not. A file that does not exist is counted on the file system of its
 * nearest existing directory. A file that cannot be opened is counted as if it were empty.
 * If a file is named more than once, its ranges should not overlap. All elements of `files`
 * have the same `size`.
 *
 * `volumes` is an array for the results, one element per file system; the caller sets the
 * `size` of its first element. *volume_count is the length of that array before the call,
 * and the number of file systems after it, which can be larger. File systems without enough
 * space come first. `volumes` and `volume_count` may both be NULL.
 *
 * The check does not include space that others use during or after the call, nor the
 * metadata of extents, directories and copy-on-write trees. It does not include limits that
 * the kernel reports only when they are exceeded, such as a quota on most file systems.
 *
 * Returns 0 if the ranges fit and -ENOSPC if they do not; -EINVAL, -EFBIG or -ENOMEM;
 * -EAGAIN if no thread can be started; or the error of a file that cannot be examined.
 */
int prealloc_fits(const struct prealloc_file *files, size_t count, struct prealloc_volume *volumes,
		  size_t *volume_count);

/*
 * A queue of jobs, each of which allocates a range of a file. Jobs start in the order in
 * which they were added, in up to `at_once` threads, which block all signals.
 *
 * A job opens its file when it starts, creates the file if it does not exist, and closes it
 * at its end. A job that fails or is cancelled removes the file that it created, if that
 * file is still empty. The threads of the queue keep these descriptors in descriptor tables
 * of their own: they do not count against the process's RLIMIT_NOFILE, no child inherits
 * them, and the process keeps its record locks (since Linux 5.9). The queue itself needs
 * one descriptor of the process, regardless of the number of jobs.
 *
 * The callbacks of all jobs are called in a single additional thread, one at a time. Any
 * thread may call any function, and so may callbacks, with two exceptions: a callback must
 * not call prealloc_queue_wait() or prealloc_queue_free(). A forked child cannot use the
 * queue: there, the functions return -ECHILD.
 */
struct prealloc_queue;

struct prealloc_queue_options {
	size_t size; /* sizeof(struct prealloc_queue_options) */
	/*
	 * The number of jobs that run at the same time, 1024 at most. 0 means 1, the best
	 * value for files on one disk: more jobs take as long and cause more fragments.
	 */
	uint32_t at_once;
	uint32_t io_priority; /* enum prealloc_io_priority of all jobs; a job can lower its own */
	uint64_t write_bytes_per_second; /* of all jobs together; 0: no limit */
};

/*
 * Creates a queue and stores it in *ret; the caller frees it with prealloc_queue_free().
 * `options` may be NULL for the defaults. Returns 0, -EINVAL, -ENOMEM or -EMFILE.
 */
int prealloc_queue_new(const struct prealloc_queue_options *options, struct prealloc_queue **ret);

/*
 * Returns a descriptor that is readable, as reported by poll(2), while there is an ended job
 * that prealloc_queue_next() has not returned yet. The queue owns it: do not read from it or
 * close it.
 */
int prealloc_queue_fd(const struct prealloc_queue *queue);

/*
 * Adds a job. `file`, its path and its options are copied. Stores the job's number in
 * *ret_id, unless that is NULL; it is never 0 and never reused. Returns 0, -EINVAL, -ENOMEM,
 * -ECHILD, or -EAGAIN if no thread can be started. Errors of the file or the range are
 * reported later, in the job's struct prealloc_outcome.
 */
int prealloc_queue_add(struct prealloc_queue *queue, const struct prealloc_file *file,
		       uint64_t *ret_id);

/* An ended job. */
struct prealloc_outcome {
	size_t size;	   /* sizeof(struct prealloc_outcome), set by the caller */
	uint64_t id;	   /* from prealloc_queue_add() */
	void *tag;	   /* from struct prealloc_file */
	int32_t error;	   /* 0, or the negative errno of prealloc() or open(2) */
	uint32_t reserved; /* 0 */
};

/*
 * Takes an ended job from the queue, in the order in which jobs end; each job is returned
 * once. Never blocks. Returns 0 and fills *ret, and *result unless `result` is NULL;
 * -EINPROGRESS if no job has ended yet; -ENOENT if no job is left; -EINVAL or -ECHILD.
 */
int prealloc_queue_next(struct prealloc_queue *queue, struct prealloc_outcome *ret,
			struct prealloc_result *result);

/* As prealloc_queue_next(), but waits until a job has ended. A cancellation point. */
int prealloc_queue_wait(struct prealloc_queue *queue, struct prealloc_outcome *ret,
			struct prealloc_result *result);

/*
 * Cancels the job `id`, or all jobs if `id` is 0. Never blocks. A waiting job ends at once,
 * a running job after its current step; the error of both is -ECANCELED. Returns 0, -ECHILD,
 * or -ENOENT if no waiting or running job has this id.
 */
int prealloc_queue_cancel(struct prealloc_queue *queue, uint64_t id);

struct prealloc_queue_status {
	size_t size;		   /* sizeof(struct prealloc_queue_status), set by the caller */
	uint64_t waiting, running; /* number of jobs */
	uint64_t ended;		   /* number of jobs that prealloc_queue_next() will return */
	uint64_t total_bytes;	   /* of all jobs ever added, except those that failed */
	uint64_t done_bytes;	   /* bytes of these that are allocated */
};

/* Fills *ret. Never blocks. Returns 0, -EINVAL or -ECHILD. */
int prealloc_queue_status(struct prealloc_queue *queue, struct prealloc_queue_status *ret);

/*
 * Cancels all jobs, waits for those that run, and frees the queue. Jobs that were not
 * returned yet are discarded. `queue` may be NULL. Returns NULL.
 */
struct prealloc_queue *prealloc_queue_free(struct prealloc_queue *queue);

#ifdef __cplusplus
}
#endif

#endif
