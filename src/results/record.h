/* SPDX-License-Identifier: MIT */
/*
 * The facts of a trial, and of the machine of a run, as one JSON object per line.  The field tables
 * are the schema, from which doc/record.md is printed.
 */
#ifndef RECORD_RECORD_H
#define RECORD_RECORD_H

#include <jansson.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "results/field.h"

/* Incremented if a field is removed or changes its meaning, not for new fields. */
enum { RECORD_SCHEMA = 1 };

/* The cost of a stage.  Counts are FIELD_UNKNOWN if the stage was skipped, or without a counter. */
struct stage_cost {
	int64_t wall_ns;
	int64_t user_ns;
	int64_t system_ns;
	int64_t written_bytes;	/* to the device, from its stat file in sysfs */
	int64_t write_requests; /* as merged by the block layer */
	int64_t read_bytes;
};

/* One phase of a workload. */
struct phase_record {
	char *phase;		/* canonical name: "overwrite-rand-4096+fsync/16" */
	struct stage_cost cost; /* wall_ns is without sync_ns; the device's counts include it */
	int64_t sync_ns;	/* of fsync() of all files at the end of a phase that writes */
	int64_t calls;		/* reads or writes */
	int64_t bytes;		/* read or written by them */
	int64_t syncs;		/* fsync() and fdatasync() calls, without those at the end */
	struct field_histogram latency; /* pairs of lower bound in ns and count: base/histogram.h */
	int64_t latency_min_ns;
	int64_t latency_max_ns;
	char *latency_refused; /* why it is unknown; NULL: it is known, or nothing was measured */
	int64_t cold;	       /* 1 or 0: a phase that reads read its data from the device */
	int64_t extents;       /* of all files, after the phase */
	int64_t fragments;
};

extern const struct field_table phase_table;

struct record {
	/* which trial; together its identity for --resume */
	char *filesystem; /* with the added options: "ext4-bigalloc+nodelalloc" */
	char *method;	  /* canonical name: "chunk-4096" */
	int64_t file_bytes;
	int64_t volume_bytes;
	int64_t run;	     /* 1, 2, ... */
	int64_t place;	     /* in the order of the plan, from 0; rounds may have others */
	char *workload;	     /* phases, separated by ","; NULL: only the allocation */
	char *scenario;	     /* that the workload is from; NULL: none */
	int64_t files;	     /* FIELD_UNKNOWN: one, in old records */
	int64_t mixed_sizes; /* 1, 0 */

	/* what was tested instead of measuring; all unknown of a measurement */
	char *promise;	      /* "reserved" */
	char *promise_case;   /* "overwrite" */
	char *verdict;	      /* one of the VERDICT_ words of promise/promise.h */
	char *counterexample; /* in words; of "kept": NULL */
	char *repeat;	      /* command that tests this alone */
	int64_t seed;	      /* of its random orders */
	int64_t states;	      /* that a power cut can leave: examined */
	int64_t states_possible;
	int64_t states_broken;

	/* where */
	char *testbed;
	char *kernel; /* uname -r, of the guest if there is one */
	char *label;
	char *base_filesystem;				/* name in the catalogue: "ext4-bigalloc" */
	char *added_mount_options, *added_mkfs_options; /* by the user; NULL: none */
	char *type;					/* type of the file system for mount(2) */
	char *mkfs;					/* the command, without the image */
	char *mount_options;				/* as the kernel reports them */
	char *started;					/* UTC, ISO 8601 */

	/* how it went */
	char *status; /* one of the STATUS_ words */
	char *stage;  /* the last one, if not ok */
	char *reason; /* a sentence, if not ok */
	char *refused_by;
	int64_t error;	 /* errno, if not ok */
	char *console;	 /* last lines, if a guest ended without a record */
	char *path;	 /* enum method_path by name */
	char *fallbacks; /* "fallocate: Operation not supported; ..." */
	int64_t calls;
	int64_t submitted_bytes;

	/* its cost */
	struct stage_cost format, mount, create, allocate, sync, close, unmount, remount, inspect;
	int64_t host_flush_ns;	/* of sync and unmount: flushes that the guest's kernel ignored */
	int64_t caches_dropped; /* 1, 0 */
	int64_t peak_memory_bytes;

	/* the result on the disk */
	int64_t size_bytes;
	int64_t blocks_before_close_bytes;
	int64_t blocks_after_close_bytes;
	int64_t blocks_after_remount_bytes;
	char *extent_source;
	int64_t extents;
	int64_t fragments;
	int64_t ideal_fragments;
	int64_t largest_fragment_bytes;
	int64_t median_fragment_bytes;
	int64_t mapped_bytes;
	int64_t unwritten_bytes;
	int64_t shared_bytes;
	int64_t encoded_bytes;
	int64_t gap_bytes;
	int64_t holes;
	int64_t addresses_known;  /* 1, 0 */
	struct field_runs layout; /* of the first file */
	int64_t layout_left_out;
	int64_t layout_left_out_bytes;

	/* the workload; all unknown without one */
	int64_t user_bytes;	  /* of its writes */
	int64_t verified_bytes;	  /* read and compared after the last phase */
	struct field_list phases; /* of struct phase_record */
};

#define STATUS_OK "ok"
#define STATUS_UNSUPPORTED "unsupported" /* the method or an option is not supported here */
#define STATUS_FAILED "failed"

extern const struct field record_fields[];
extern const size_t record_field_count;

/* A line that describes a run; a result file starts with one. */
struct environment {
	int64_t schema;
	char *version; /* of alloc-perf */
	char *started;
	char *label;
	char *testbed;
	char *testbed_note; /* a limitation of its results */
	char *kernel;	    /* of the host */
	char *guest_kernel; /* separated by ", "; NULL: no guest */
	char *kernel_build; /* of these, separated by "; ", or of the host; NULL: not known */
	char *accelerator;  /* of a guest: "kvm", "tcg"; NULL: none */
	char *drive;	    /* of a guest; NULL: none */
	char *drive_throttle;
	char *libc;
	char *machine; /* uname -m */
	char *cpu;
	int64_t cpus;
	int64_t memory_bytes;
	char *tools;  /* versions of mkfs: "mke2fs 1.47.0; mkfs.xfs 6.1.0" */
	char *device; /* of the images: source, type, mount options; or the volume itself */
	/* its disk */
	char *disk_model;
	int64_t disk_bytes;
	int64_t partition_start_bytes; /* on the disk; FIELD_UNKNOWN: not a partition */
	int64_t logical_sector_bytes;
	int64_t physical_sector_bytes;
	char *write_cache;
	int64_t discard; /* 1, 0 */
	char *scheduler;
	int64_t rotational; /* 1, 0 */
	char *command;	    /* the command line, quoted for a shell */
	/* commands of the user: before the run, before each trial, after the run; NULL: none */
	char *setup_command, *prepare_command, *cleanup_command;
	int64_t seed; /* of the order within rounds */
	char *plan;   /* text of a plan file, for `run --resume` */
};

extern const struct field environment_fields[];
extern const size_t environment_field_count;

/* A line about an event that distorts the results of the run. */
struct warning {
	char *kind; /* a WARNING_ word, or one of a later version */
	char *text; /* a sentence */
};

#define WARNING_SUSPENDED "suspended" /* the machine was suspended */
#define WARNING_WRITERS "writers"     /* other processes wrote to the device */
#define WARNING_LOAD "load"	      /* more runnable tasks than cores */
#define WARNING_FREQUENCY "frequency" /* of the processor, not constant */
#define WARNING_FULL "full"	      /* the file system of the images is nearly full */
#define WARNING_OUTLIERS "outliers"   /* some runs differ much from the others */

extern const struct field warning_fields[];
extern const size_t warning_field_count;

void record_init(struct record *record);
void record_clear(struct record *record);

/* Sets the outcome of a trial: status, error (a positive errno) and reason. */
void record_conclude(struct record *record, const char *status, int error, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void record_vconclude(struct record *record, const char *status, int error, const char *format,
		      va_list arguments) __attribute__((format(printf, 4, 0)));

void environment_init(struct environment *environment);
void environment_clear(struct environment *environment);
void warning_init(struct warning *warning);
void warning_clear(struct warning *warning);

/* {"type": "trial", ...} and so on.  New references; NULL: out of memory. */
json_t *record_to_json(const struct record *record);
json_t *environment_to_json(const struct environment *environment);
json_t *warning_to_json(const struct warning *warning);

int record_from_json(const json_t *json, struct record *ret, const char **ret_field);
int environment_from_json(const json_t *json, struct environment *ret, const char **ret_field);
int warning_from_json(const json_t *json, struct warning *ret, const char **ret_field);

#endif
