/* SPDX-License-Identifier: MIT */
/*
 * What to measure: the catalogue of file-system variants, the selection for a run, and the ordered
 * list of trials that follows from both.  alloc-perf-plan(5) describes plan files.
 */
#ifndef PLAN_PLAN_H
#define PLAN_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "method/method.h"
#include "base/problem.h"
#include "workload/phase.h"

/* The form of a value in a plan file, whose lines are short. */
enum plan_form {
	PLAN_LINE,  /* on one line */
	PLAN_WORDS, /* words, separated by commas or blanks, on several lines */
	PLAN_PATHS, /* words, separated by commas, on several lines */
	PLAN_ITEMS, /* one value per line */
};

/* The value of PLAN_ITEMS for no options, since a line of a plan file cannot be empty. */
#define PLAN_NO_OPTIONS "\"\""

/*
 * The keys of [plan]: X(key, form).  From a row follow the key's member of `struct plan` and
 * `struct plan_request`, its line in plan files and in the plan of a result file, and thereby its
 * effect on `run --resume`.
 */
#define PLAN_KEYS(X)                                                                              \
	X(filesystems, PLAN_WORDS)   /* names */                                                  \
	X(mount_options, PLAN_ITEMS) /* each is added to each file system */                      \
	X(mkfs_options, PLAN_ITEMS)  /* the same */                                               \
	X(methods, PLAN_WORDS)	     /* as for method_parse() */                                  \
	X(sizes, PLAN_WORDS)	     /* as for size_parse() */                                    \
	X(files, PLAN_LINE)	     /* N or "mixed-N"; NULL: 1 */                                \
	X(workload, PLAN_WORDS)	     /* as for phase_chain_parse(); NULL: the allocation alone */ \
	X(volume,                                                                                 \
	  PLAN_WORDS) /* NULL: PLAN_VOLUME_FACTOR times the files, at least PLAN_VOLUME_MIN */    \
	X(runs, PLAN_LINE)	/* N or "auto"; NULL: 1 */                                        \
	X(seed, PLAN_LINE)	/* of the order within each round; NULL: the order of the plan */ \
	X(precision, PLAN_LINE) /* percent, for auto; NULL: PLAN_PRECISION_PERCENT */             \
	X(max_time, PLAN_LINE)	/* as for duration_parse(), for auto; NULL: PLAN_SECONDS_MOST */  \
	X(on, PLAN_LINE)	/* the testbed: "uml", "dir:/srv"; NULL: the default */           \
	X(kernels, PLAN_PATHS)	/* for guests; NULL: the testbed's choice */                      \
	X(modules, PLAN_LINE)	/* directory of their modules; NULL: none is given */             \
	X(drive_throttle, PLAN_LINE) /* limits of a guest's drive; NULL: none */                  \
	X(program, PLAN_LINE)	     /* as for --as; NULL: none */                                \
	X(scenario, PLAN_LINE)	     /* as for --scenario; NULL: none */                          \
	X(label, PLAN_LINE)	     /* NULL: none */

#define PLAN_KEY_NUMBER(name, form) PLAN_KEY_##name,
enum plan_key { PLAN_KEYS(PLAN_KEY_NUMBER) PLAN_KEY_COUNT };

/* One variant: a section of the catalogue or of a plan file, possibly with added options. */
struct filesystem {
	char *name; /* key on the command line and in results */
	char *base; /* of a trial: the name without added options */
	char *added_mount_options, *added_mkfs_options; /* of a trial; NULL: none */
	char *type;					/* for mount(2) */
	char *mkfs;	      /* the command, to which the volume is appended */
	char *mount_options;  /* comma separated; NULL: none */
	char *package;	      /* of the command; NULL: not known */
	char *summary;	      /* NULL: none */
	uint64_t largest_run; /* bytes; with run_is_share the volume divided by it; 0: no limit */
	int run_is_share;
	uint64_t min_volume; /* bytes; 0: no limit */
};

/* The keys that the command line sets; NULL: it does not. */
#define PLAN_REQUEST_MEMBER(name, form) const char *name;
struct plan_request {
	union {
		struct {
			PLAN_KEYS(PLAN_REQUEST_MEMBER)
		};
		const char *values[PLAN_KEY_COUNT];
	};
};

#define PLAN_MEMBER(name, form) char *name;
struct plan {
	struct filesystem *catalogue;
	size_t catalogue_count;
	union {
		struct {
			PLAN_KEYS(PLAN_MEMBER)
		};
		char *values[PLAN_KEY_COUNT]; /* the same, by enum plan_key; NULL: not set */
	};
};

enum { PLAN_VOLUME_FACTOR = 5, PLAN_RUNS_MAX = 10000 };
enum { PLAN_PRECISION_PERCENT = 5, PLAN_SECONDS_MOST = 3600 };
#define PLAN_VOLUME_MIN ((uint64_t)512 << 20)

/* A kernel on which trials are made. */
struct plan_kernel {
	char *name;  /* in the plan: "6.1.0-9-amd64", "new=/src/bzImage"; "": any */
	char *label; /* its name in results; NULL: not read yet */
	char *build; /* as uname -v; NULL: not read yet, or not known */
};

void plan_kernel_clear(struct plan_kernel *kernel); /* also for CLEANUP() */

enum { PLAN_FILES_MAX = 1000 };

/*
 * The files of a trial, and what is done with them after their allocation.  It is the same for all
 * trials of a plan.
 */
struct plan_workload {
	char *phases; /* canonical names, separated by ","; NULL: the allocation alone */
	struct phase_chain chain; /* the same, parsed; empty: the allocation alone */
	size_t files;
	bool mixed; /* they have different sizes */
};

struct plan_trial {
	/* Promise and case that is tested, "reserved:overwrite"; NULL: the trial is a measurement.
	 */
	const char *promise_name;
	const struct plan_workload *workload;
	const struct plan_kernel *kernel;    /* NULL: the plan names none */
	const struct filesystem *filesystem; /* of the list; NULL: a directory */
	struct method_choice method;
	uint64_t file_bytes;   /* of each file; their mean if they are mixed */
	uint64_t volume_bytes; /* 0: a directory */
	int names_volume; /* the plan has several volume sizes, so a name of the trial includes it
			   */
	unsigned run;	  /* 1, 2, ... */
	uint64_t seed;	  /* of the workload; the same for all trials of a round */
	size_t place;	  /* in the plan's order of a round, from 0 */
};

/* Reads the compiled-in catalogue; no key is set.  0 or -ENOMEM. */
int plan_init(struct plan *plan);
void plan_clear(struct plan *plan); /* also for CLEANUP() */

/*
 * Adds the text of a plan file, which replaces earlier values.  `source` precedes line numbers in
 * messages.  0, -ENOMEM, or -EINVAL with *problem set.
 */
int plan_read(struct plan *plan, const char *text, const char *source, struct problem *problem);

/* The same from a file. */
int plan_read_file(struct plan *plan, const char *path, struct problem *problem);

/* The same from a compiled-in plan: "default", "demo", "2009". */
int plan_read_preset(struct plan *plan, const char *name, struct problem *problem);

/* Their names, terminated by NULL. */
extern const char *const plan_presets[];

const char *plan_key_name(enum plan_key key);
enum plan_form plan_key_form(enum plan_key key);
const char *plan_key_separator(enum plan_key key); /* between the lines of a value */
enum plan_key plan_key_find(const char *name);	   /* PLAN_KEY_COUNT: there is no such key */

/*
 * Sets one key of the section [plan]: "filesystems", "methods", "sizes", ...  0, -ENOMEM, or
 * -EINVAL with *problem set.
 */
int plan_set(struct plan *plan, const char *key, const char *value, struct problem *problem);

/* Sets all keys of the request.  Returns the same. */
int plan_apply(struct plan *plan, const struct plan_request *request, struct problem *problem);

/* Sets the keys that have a value here and are not set.  Returns the same. */
int plan_fill_values(struct plan *plan, char *const values[PLAN_KEY_COUNT],
		     struct problem *problem);

/*
 * Sets the keys that are not set: first from the plan's program, then from its scenario, which may
 * be the program's, then from the preset.  Returns the same; *problem contains the nearest name if
 * there is one.
 */
int plan_fill(struct plan *plan, const char *preset, struct problem *problem);

/* NULL: there is no such variant. */
const struct filesystem *plan_find_filesystem(const struct plan *plan, const char *name);

/*
 * A copy with these options (NULL: none) added to its mount options and its mkfs command, and with
 * the same name.  The caller clears it with filesystem_clear().  0 or -ENOMEM.
 */
int filesystem_copy(const struct filesystem *from, const char *mount, const char *mkfs,
		    struct filesystem *ret);
void filesystem_clear(struct filesystem *filesystem);

/* The longest contiguous run on a volume of that size, in bytes; 0: no limit. */
uint64_t filesystem_largest_run(const struct filesystem *filesystem, uint64_t volume_bytes);

/* The size of all files of a trial. */
static inline uint64_t plan_trial_bytes(const struct plan_trial *trial)
{
	return trial->file_bytes * trial->workload->files;
}

struct trial_list {
	struct plan_trial *trial;
	struct plan_workload *workload; /* of all trials */
	size_t count;
	struct plan_kernel *kernels; /* referred to by the trials */
	size_t kernel_count;
	struct filesystem *filesystems; /* the same; with the options of the plan */
	size_t filesystem_count;
	size_t round_count;    /* trials per round */
	int automatic;	       /* rounds are added until the statistics are precise */
	double precision;      /* for `automatic`: relative to the median, 0.05 is 5 % */
	uint64_t seconds_most; /* for `automatic` */
	int shuffled;	       /* each round, by `seed` and its number */
	uint64_t seed;
};

/*
 * Creates all trials, with rounds outermost.  Within a round they are in the order of sizes,
 * volumes, file systems, kernels and methods, as in 2009, or if the plan has a seed, in a random
 * order that the seed determines.  With "auto" it is one round.  With `in_directory` file systems
 * and volumes are ignored.  0, -ENOMEM, or -EINVAL with *problem set: an unknown name, an invalid
 * size, or a file that does not fit on its volume.
 */
int plan_expand(const struct plan *plan, int in_directory, struct trial_list *ret,
		struct problem *problem);
void trial_list_clear(struct trial_list *list);

/* Adds another round.  0 or -ENOMEM. */
int trial_list_add_round(struct trial_list *list);

/* Whether it is the first trial with its file system. */
int trial_list_is_first(const struct trial_list *list, size_t index);

/*
 * The plan as the text of a plan file, with the sections of its file systems, so that plan_read()
 * into an empty plan gives the same trials.  The caller frees it; NULL: out of memory.
 */
char *plan_text(const struct plan *plan);

#endif
