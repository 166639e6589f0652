/* SPDX-License-Identifier: MIT */
/*
 * How disk space is allocated for a file: one `struct method` per way, all of them in the table of
 * method.c.
 */
#ifndef METHOD_METHOD_H
#define METHOD_METHOD_H

#include <stddef.h>
#include <stdint.h>

struct problem;

enum { METHOD_NAME_MAX = 64, METHOD_FALLBACKS_MAX = 4 };

/* How the space was really allocated. */
enum method_path {
	METHOD_PATH_NONE,     /* it was not: see the error */
	METHOD_PATH_NATIVE,   /* by the file system */
	METHOD_PATH_EMULATED, /* one byte was written per block, by the C library or as it does */
	METHOD_PATH_WRITTEN,  /* all bytes were written */
	METHOD_PATH_SPARSE,   /* no space was reserved */
};

/* "native", "emulated", "written", "sparse", "none". */
const char *method_path_name(enum method_path path);

struct method_request {
	uint64_t bytes;	    /* the size that the file is to have; more than 0 */
	size_t chunk_bytes; /* bytes per write; only for methods with this parameter */
	unsigned depth;	    /* requests in flight; only for methods with this parameter */
};

/* A call that was tried first and failed. */
struct method_fallback {
	const char *call; /* "fallocate", a static string */
	int error;	  /* positive errno */
};

struct method_outcome {
	enum method_path path;
	uint64_t calls; /* system calls (for mmap: mappings) that allocated */
	/*
	 * Bytes that were passed to the kernel by those calls, or stored in the mapping.  With
	 * O_DIRECT the last sector is padded.  0 for writes of the C library, which are not known.
	 */
	uint64_t written_bytes;
	const char *refused_by; /* on failure: the call that failed, a static string */
	size_t fallbacks;
	struct method_fallback fallback[METHOD_FALLBACKS_MAX];
};

/* The parameters that follow the name: `chunk-4096`, `uring-1048576-8`. */
enum method_parameters {
	METHOD_PLAIN,	    /* NAME */
	METHOD_CHUNK,	    /* NAME-BYTES */
	METHOD_STEP,	    /* NAME-BYTES, the step by which a file grows */
	METHOD_CHUNK_DEPTH, /* NAME-BYTES[-DEPTH] */
};

struct method {
	const char *name; /* key on the command line and in results; never changes */
	const char *summary;
	enum method_parameters parameters;
	size_t chunk_multiple; /* a chunk must be a multiple of this; 0: any */
	/*
	 * Allocates req->bytes in `fd`, an empty file that is open for reading and writing.
	 * Afterwards the file has the size that length() returns.  `ret` is initialised to zero by
	 * the caller, and is set also on failure.  0 or -errno; on failure the file may be partly
	 * allocated, and ret->refused_by is the call that failed.  Causes no signal: with mmap on a
	 * full volume it is -ENOSPC.
	 */
	int (*allocate)(int fd, const struct method_request *req, struct method_outcome *ret);
	/*
	 * Whether this kernel supports it.  0, or -errno with the reason in *ret_why, a static
	 * string.  NULL: always.
	 */
	int (*probe)(const char **ret_why);
	/* The size of the file afterwards.  NULL: req->bytes. */
	uint64_t (*length)(const struct method_request *req);
	int sparse;	/* reserves nothing, by design */
	int keeps_data; /* allocate() does not change data that a file already has */
	/*
	 * For a file that a workload fills, instead of allocate(): allocates the next step, of
	 * chunk_bytes or the rest of the file, just before the first write to it.  0 or -errno.
	 * NULL: the file is allocated before it is written.
	 */
	int (*grow)(int fd, uint64_t from, uint64_t bytes);
	/* Frees what is left after the workload.  0 or -errno.  NULL: nothing to do. */
	int (*finish)(int fd);
};

/* All methods, in the order of `alloc-perf list`; terminated by NULL. */
extern const struct method *const method_table[];

/* A method and its parameters. */
struct method_choice {
	const struct method *method;
	char name[METHOD_NAME_MAX];  /* key in results: "direct-1048576" also for "direct-1M" */
	char title[METHOD_NAME_MAX]; /* for users: "direct-1M"; method_parse() accepts both */
	size_t chunk_bytes;
	unsigned depth;
};

/*
 * Parses "posix-fallocate", "chunk-65536", "chunk-64K" or "uring-1M-8".  0, -ENOMEM, -ENOENT
 * (unknown method) or -EINVAL (invalid parameters), these with *problem set, which contains the
 * nearest name if there is one.
 */
int method_parse(const char *spec, struct method_choice *ret, struct problem *problem);

enum method_parameter { METHOD_VARY_CHUNK, METHOD_VARY_STEP, METHOD_VARY_DEPTH };

/*
 * In a list of names, separated by commas, replaces each one that has the parameter by one per
 * value.  A name without its parameters ("chunk") gets the values as its size.  The caller frees
 * *ret.  0, -ENOMEM, or -errno with *problem set, also if no name has the parameter.
 */
int method_vary(const char *list, enum method_parameter parameter, char *const *values, char **ret,
		struct problem *problem);

/* Calls allocate() with the parameters of the choice. */
int method_run(const struct method_choice *choice, int fd, uint64_t bytes,
	       struct method_outcome *ret);

/* The allocation of a file that grows in steps. */
struct method_growth {
	uint64_t allocated_bytes; /* from the start of the file */
	uint64_t calls;
};

/*
 * Allocates the missing steps before bytes up to `to` are written to a file that will have `bytes`.
 * Only for methods with grow().  0 or -errno.
 */
int method_grow(const struct method_choice *choice, int fd, uint64_t to, uint64_t bytes,
		struct method_growth *growth);

/* The size that the file must have afterwards. */
uint64_t method_length(const struct method_choice *choice, uint64_t bytes);

/* Whether this error of allocate(), as -errno or errno, means "not supported" and not "failed". */
int method_unsupported(int error);

#endif
