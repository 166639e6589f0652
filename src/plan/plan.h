/* SPDX-License-Identifier: MIT */
/*
 * What to measure: the catalogue of file-system variants, what a run selects of it,
 * and the ordered list of trials that follows from both.  The form of a plan
 * file is in alloc-perf-plan(5).
 */
#ifndef PLAN_PLAN_H
#define PLAN_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "method/method.h"
#include "base/problem.h"
#include "plan/keys.h"
#include "workload/phase.h"

/* One variant: a section of the catalogue or of a plan file, or what options make of one. */
struct filesystem {
	char *name; /* key on the command line and in results */
	char *base; /* of a trial: the name without added options */
	char *added_mount_options, *added_mkfs_options; /* of a trial; NULL: none */
	char *type;					/* for mount(2) */
	char *mkfs;					/* command; the volume is appended */
	char *mount_options;				/* comma separated; NULL: none */
	char *package;					/* what has the command; NULL: not known */
	char *summary;					/* NULL: none */
	uint64_t largest_run; /* bytes; with run_is_share the volume divided by it; 0: no limit */
	int run_is_share;
	uint64_t min_volume; /* bytes; 0: no limit */
};

/* Keys that the command line sets; NULL: it does not. */
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
		char *values[PLAN_KEY_COUNT]; /* the same; NULL: it is not set */
	};
};

enum { PLAN_VOLUME_FACTOR = 5, PLAN_RUNS_MAX = 10000 };
enum { PLAN_PRECISION_PERCENT = 5, PLAN_SECONDS_MOST = 3600 };
#define PLAN_VOLUME_MIN ((uint64_t)512 << 20)

/* One of several that trials are made on in turn. */
struct plan_kernel {
	char *name;  /* as the plan has it: "6.1.0-9-amd64", "new=/src/bzImage"; "": any */
	char *label; /* by which results are told apart; NULL until somebody has found it out */
	char *build; /* as uname -v; NULL as long, and where it cannot be known */
};

void plan_kernel_clear(struct plan_kernel *kernel); /* for CLEANUP(), too */

enum { PLAN_FILES_MAX = 1000 };

/* What a trial does besides allocating one file; all trials of a plan do the same. */
struct plan_workload {
	char *phases; /* canonical names, separated by ","; NULL: the allocation alone */
	struct phase_chain chain; /* the same; empty: the allocation alone */
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
	int names_volume;      /* the plan has several: names of the trial have to say which */
	unsigned run;	       /* 1, 2, ... */
	uint64_t seed; /* of what the phases do at random; all trials of a round have the same */
	size_t place;  /* in the plan's order of a round, from 0 */
};

/* The compiled-in catalogue, nothing chosen.  0 or -ENOMEM. */
int plan_init(struct plan *plan);
void plan_clear(struct plan *plan);
void plan_clearp(struct plan *plan); /* for CLEANUP() */

/*
 * Adds the text of a plan file; what it sets replaces what was there.  `source`
 * stands before line numbers in messages.  -EINVAL with a sentence.
 */
int plan_read(struct plan *plan, const char *text, const char *source, struct problem *problem);

/* The same from a file. */
int plan_read_file(struct plan *plan, const char *path, struct problem *problem);

/* The same from a compiled-in plan: "default", "demo", "2009". */
int plan_read_preset(struct plan *plan, const char *name, struct problem *problem);

/* The names of these, ends with NULL. */
extern const char *const plan_presets[];

const char *plan_key_name(enum plan_key key);
enum plan_form plan_key_form(enum plan_key key);
const char *plan_key_separator(enum plan_key key); /* between the lines of a value */
enum plan_key plan_key_find(const char *name);	   /* PLAN_KEY_COUNT: there is none of that name */

/* Sets one key of the section [plan]: "filesystems", "methods", "sizes", ...  -EINVAL with a
 * sentence. */
int plan_set(struct plan *plan, const char *key, const char *value, struct problem *problem);

/* Sets all keys of the request.  -EINVAL with a sentence. */
int plan_apply(struct plan *plan, const struct plan_request *request, struct problem *problem);

/* Sets those keys that are not set and that have a value here.  -EINVAL with a sentence. */
int plan_fill_values(struct plan *plan, char *const values[PLAN_KEY_COUNT],
		     struct problem *problem);

/*
 * Sets the keys that are not set: by the plan's program, then by its scenario, which the program
 * may have named, then by the preset.  -EINVAL with a sentence that has the nearest name.
 */
int plan_fill(struct plan *plan, const char *preset, struct problem *problem);

/* NULL: no such variant. */
const struct filesystem *plan_find_filesystem(const struct plan *plan, const char *name);

/* Longest run on a volume of that size; 0: no limit. */
uint64_t filesystem_largest_run(const struct filesystem *filesystem, uint64_t volume_bytes);

/* Of all files of a trial. */
static inline uint64_t plan_trial_bytes(const struct plan_trial *trial)
{
	return trial->file_bytes * trial->workload->files;
}

struct trial_list {
	struct plan_trial *trial;
	struct plan_workload *workload; /* to which the trials refer */
	size_t count;
	struct plan_kernel *kernels; /* to which the trials refer */
	size_t kernel_count;
	struct filesystem *filesystems; /* likewise, with the options of the plan */
	size_t filesystem_count;
	size_t round_count;    /* trials of one round; the first ones are the first round */
	int automatic;	       /* rounds are to be added until the figures are precise */
	double precision;      /* for that: part of the median, 0.05 for 5 % */
	uint64_t seconds_most; /* for that */
	int shuffled;	       /* each round by `seed` and its number */
	uint64_t seed;
};

/*
 * All trials, rounds outermost, within a round sizes, volumes, file systems, kernels, methods as in
 * 2009, or if the plan has a seed shuffled: the same seed gives the same order.
 * With "auto" it is one round.  With `in_directory` file
 * systems and volume are left out.  -EINVAL with a sentence: an unknown name (and
 * the nearest one), a size that is none or exceeds the volume.
 */
int plan_expand(const struct plan *plan, int in_directory, struct trial_list *ret,
		struct problem *problem);
void trial_list_clear(struct trial_list *list);

/* 0 or -ENOMEM. */
int trial_list_add_round(struct trial_list *list);

/* Is it the first of all trials with its file system? */
int trial_list_is_first(const struct trial_list *list, size_t index);

/*
 * The plan as the text of a plan file, with the sections of all that it names,
 * so that plan_read() on an empty plan gives the same trials.  The caller frees
 * it; NULL: out of memory.
 */
char *plan_text(const struct plan *plan);

#endif
