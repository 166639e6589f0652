/* SPDX-License-Identifier: MIT */
/*
 * The keys of [plan].  A row gives a key its member in `struct plan` and in `struct plan_request`,
 * its line in a plan file and in the plan that a result file holds, and with that what
 * `run --resume` continues.
 */
#ifndef PLAN_KEYS_H
#define PLAN_KEYS_H

/* How a value stands in a plan file, whose lines are short. */
enum plan_form {
	PLAN_LINE,  /* on one line */
	PLAN_WORDS, /* words on several lines, separated by commas or blanks */
	PLAN_PATHS, /* the same, but a blank can be part of a word */
	PLAN_ITEMS, /* one value per line */
};

/* The value of PLAN_ITEMS that adds no options: a line of a plan file cannot be empty. */
#define PLAN_NO_OPTIONS "\"\""

/* X(key, form) */
#define PLAN_KEYS(X)                                                                               \
	X(filesystems, PLAN_WORDS)   /* names */                                                   \
	X(mount_options, PLAN_ITEMS) /* added to each file system, one after the other */          \
	X(mkfs_options, PLAN_ITEMS)  /* the same */                                                \
	X(methods, PLAN_WORDS)	     /* as for method_parse() */                                   \
	X(sizes, PLAN_WORDS)	     /* as for size_parse() */                                     \
	X(files, PLAN_LINE)	     /* a number, or "mixed-" and a number; NULL: 1 */             \
	X(workload, PLAN_WORDS)	     /* as for phase_chain_parse(); NULL: the allocation alone */  \
	X(volume,                                                                                  \
	  PLAN_WORDS)	   /* NULL: PLAN_VOLUME_FACTOR times the file, at least PLAN_VOLUME_MIN */ \
	X(runs, PLAN_LINE) /* a number, or "auto"; NULL: 1 */                                      \
	X(seed, PLAN_LINE) /* of the order within each round; NULL: the order of the plan */       \
	X(precision, PLAN_LINE) /* percent, for auto; NULL: PLAN_PRECISION_PERCENT */              \
	X(max_time, PLAN_LINE)	/* as for duration_parse(), for auto; NULL: PLAN_SECONDS_MOST */   \
	X(on, PLAN_LINE)	/* the testbed: "uml", "dir:/srv"; NULL: the default */            \
	X(kernels, PLAN_PATHS)	/* for guests; NULL: one, which the testbed chooses */             \
	X(modules, PLAN_LINE)	/* directory of their modules; NULL: none was named */             \
	X(drive_throttle, PLAN_LINE) /* limits of a guest's drive; NULL: none */                   \
	X(program, PLAN_LINE)	     /* as for --as; NULL: none */                                 \
	X(scenario, PLAN_LINE)	     /* as for --scenario; NULL: none */                           \
	X(label, PLAN_LINE)	     /* NULL: none */

#define PLAN_KEY_NUMBER(name, form) PLAN_KEY_##name,
enum plan_key { PLAN_KEYS(PLAN_KEY_NUMBER) PLAN_KEY_COUNT };

#endif
