/* SPDX-License-Identifier: MIT */
/*
 * How a file is given its space: one `struct method` per way, all of them in
 * the table of method.c.
 */
#ifndef METHOD_METHOD_H
#define METHOD_METHOD_H

#include <stddef.h>
#include <stdint.h>

struct problem;

enum { METHOD_NAME_MAX = 64, METHOD_FALLBACKS_MAX = 4 };

/* The path that an allocation really took. */
enum method_path {
	METHOD_PATH_NONE,     /* nothing was done: see the error */
	METHOD_PATH_NATIVE,   /* the file system allocated by itself */
	METHOD_PATH_EMULATED, /* the C library, or we just like it, wrote a byte a block */
	METHOD_PATH_WRITTEN,  /* we wrote the bytes */
	METHOD_PATH_SPARSE,   /* nothing was reserved */
};

/* "native", "emulated", "written", "sparse", "none". */
const char *method_path_name(enum method_path path);

struct method_request {
	uint64_t bytes;	    /* how long the file shall become; more than 0 */
	size_t chunk_bytes; /* bytes a write; only for methods that take them */
	unsigned depth;	    /* requests in flight; only for methods that take it */
};

/* A way that was tried first and refused. */
struct method_fallback {
	const char *call; /* "fallocate", a static string */
	int error;	  /* positive errno */
};

struct method_outcome {
	enum method_path path;
	uint64_t calls; /* system calls (for mmap: mappings) that allocated */
	/*
	 * Bytes handed to the kernel by those calls, or stored into the mapping.
	 * O_DIRECT pads the last sector; of what the C library writes nothing is known: 0.
	 */
	uint64_t written_bytes;
	const char *refused_by; /* on failure: the call that failed, a static string */
	size_t fallbacks;
	struct method_fallback fallback[METHOD_FALLBACKS_MAX];
};

/* Which parameters stand behind the name: `chunk-4096`, `uring-1048576-8`. */
enum method_parameters {
	METHOD_PLAIN,	    /* NAME */
	METHOD_CHUNK,	    /* NAME-BYTES */
	METHOD_STEP,	    /* NAME-BYTES, of a step in which a file grows */
	METHOD_CHUNK_DEPTH, /* NAME-BYTES[-DEPTH] */
};

struct method {
	const char *name; /* key on the command line and in results; never changes */
	const char *summary;
	enum method_parameters parameters;
	size_t chunk_multiple; /* a chunk must be a multiple of this; 0: any */
	/*
	 * Allocates req->bytes in `fd`, open for reading and writing, empty.
	 * Afterwards the file has the size that length() tells.
	 * Returns 0 or -errno; on failure the file may be partly allocated,
	 * and ret->refused_by says which call failed.  `ret` comes zeroed and is
	 * filled either way.  Never a signal: mmap on a full volume is -ENOSPC.
	 */
	int (*allocate)(int fd, const struct method_request *req, struct method_outcome *ret);
	/* Can this kernel do it at all?  NULL: always.  0 or -errno, and a sentence why not. */
	int (*probe)(const char **ret_why);
	uint64_t (*length)(
		const struct method_request *req); /* size afterwards; NULL: req->bytes */
	int sparse;				   /* by design reserves nothing */
	/*
	 * For a file that a workload fills, in place of allocate(): the next step, of chunk_bytes
	 * or what is left of the file, just before bytes in it are written.  0 or -errno.
	 * NULL: the file is allocated before anything is written.
	 */
	int (*grow)(int fd, uint64_t from, uint64_t bytes);
	/* Once the workload has ended: gives up the rest.  0 or -errno.  NULL: nothing. */
	int (*finish)(int fd);
};

/* All methods, in the order of `alloc-perf list`; ends with a NULL. */
extern const struct method *const method_table[];

/* A name as typed, taken apart. */
struct method_choice {
	const struct method *method;
	char name[METHOD_NAME_MAX];  /* key in results: "direct-1048576" also for "direct-1M" */
	char title[METHOD_NAME_MAX]; /* for people: "direct-1M"; method_parse() takes both */
	size_t chunk_bytes;
	unsigned depth;
};

/*
 * "posix-fallocate", "chunk-65536", "chunk-64K", "uring-1M-8".  Returns 0,
 * -ENOENT (no such method), -EINVAL (the parameters do not fit), both with a
 * sentence that has the nearest name if there is one, or -ENOMEM.
 */
int method_parse(const char *spec, struct method_choice *ret, struct problem *problem);

enum method_parameter { METHOD_VARY_CHUNK, METHOD_VARY_STEP, METHOD_VARY_DEPTH };

/*
 * Names, separated by commas, in which those that have the parameter are replaced by one with each
 * of the values.  One without any parameter ("chunk") gets the values as its size.  The
 * caller frees *ret.  0, -ENOMEM, or -errno with a sentence, also if none has the parameter.
 */
int method_vary(const char *list, enum method_parameter parameter, char *const *values, char **ret,
		struct problem *problem);

/* Runs it: allocate() with the parameters of the choice. */
int method_run(const struct method_choice *choice, int fd, uint64_t bytes,
	       struct method_outcome *ret);

/* Of a file that grows in steps. */
struct method_growth {
	uint64_t allocated_bytes; /* from the start */
	uint64_t calls;
};

/*
 * Before bytes up to `to` are written into a file that will have `bytes`: makes the steps that are
 * missing.  Only for methods that have grow().  0 or -errno.
 */
int method_grow(const struct method_choice *choice, int fd, uint64_t to, uint64_t bytes,
		struct method_growth *growth);

/* The size that the file has to have afterwards. */
uint64_t method_length(const struct method_choice *choice, uint64_t bytes);

/*
 * Does this error of allocate(), as -errno or errno, mean "not supported here"
 * and no failure?
 */
int method_unsupported(int error);

#endif
