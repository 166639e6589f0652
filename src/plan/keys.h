/* SPDX-License-Identifier: MIT */
/*
 * The keys of [plan].  From a row follow the key's member of `struct plan` and `struct
 * plan_request`, its line in plan files and in the plan of a result file, and thereby its effect on
 * `run --resume`.
 */
#ifndef PLAN_KEYS_H
#define PLAN_KEYS_H

/* The form of a value in a plan file, whose lines are short. */
enum plan_form {
	PLAN_LINE,  /* on one line */
	PLAN_WORDS, /* words, separated by commas or blanks, on several lines */
	PLAN_PATHS, /* words, separated by commas, on several lines */
	PLAN_ITEMS, /* one value per line */
};

/* The value of PLAN_ITEMS for no options, since a line of a plan file cannot be empty. */
#define PLAN_NO_OPTIONS "\"\""

/* X(key, form) */
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

#endif
