/* SPDX-License-Identifier: MIT */
/*
 * The facts of one trial, and of the machine on which a run was made.  One JSON
 * object a line; the field tables here are the schema (doc/record.md is printed
 * from them).
 */
#ifndef RECORD_RECORD_H
#define RECORD_RECORD_H

#include <jansson.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "results/field.h"

/* Raised when a field changes its meaning or goes; a new field leaves it alone. */
enum { RECORD_SCHEMA = 1 };

/* What a stage cost.  Every count may be FIELD_UNKNOWN: the stage did not take place, or no
 * counter. */
struct stage_cost {
	int64_t wall_ns;
	int64_t user_ns;
	int64_t system_ns;
	int64_t written_bytes;	/* that reached the device, from its stat file in sysfs */
	int64_t write_requests; /* after merging by the block layer */
	int64_t read_bytes;
};

/* One phase of a workload. */
struct phase_record {
	char *phase;		/* canonical name: "overwrite-rand-4096+fsync/16" */
	struct stage_cost cost; /* wall_ns is without sync_ns; the device's counts include it */
	int64_t sync_ns;	/* of the fsync() of all files at the end of a phase that writes */
	int64_t calls;		/* reads or writes */
	int64_t bytes;		/* that they moved */
	int64_t syncs;		/* fsync() and fdatasync() between them, without those at the end */
	struct field_numbers latency; /* base/histogram.h: lower bound in ns and count, in turn */
	int64_t latency_min_ns;
	int64_t latency_max_ns;
	char *latency_refused; /* why there is no latency; NULL: there is, or nothing was measured
				*/
	int64_t cold;	       /* 1, 0: a phase that reads read from the device what it asked for */
	int64_t extents;       /* afterwards, of all files together */
	int64_t fragments;
};

extern const struct field_table phase_table;

struct record {
	/* which trial: together the key of a resumed run */
	char *filesystem; /* with the added options: "ext4-bigalloc+nodelalloc" */
	char *method;	  /* canonical name: "chunk-4096" */
	int64_t file_bytes;
	int64_t volume_bytes;
	int64_t run;	/* 1, 2, ... */
	int64_t place;	/* in the plan's order of a round, from 0; trials are made in another */
	char *workload; /* phases, separated by ","; NULL: the allocation alone */
	char *scenario; /* by which the workload was chosen; NULL: none */
	int64_t files;	/* FIELD_UNKNOWN in old records: one */
	int64_t mixed_sizes; /* 1, 0 */

	/* what was tested instead of measuring; all unknown of a measurement */
	char *promise;	      /* "reserved" */
	char *promise_case;   /* "overwrite" */
	char *verdict;	      /* one of the VERDICT_ words of promise/promise.h */
	char *counterexample; /* in words; of "kept": NULL */
	int64_t seed;	      /* of its random orders */
	int64_t states;	      /* that a power cut can leave: examined */
	int64_t states_possible;
	int64_t states_broken;

	/* where it was made */
	char *testbed;
	char *kernel; /* uname -r where the trial ran */
	char *label;
	char *base_filesystem;				/* name in the catalogue: "ext4-bigalloc" */
	char *added_mount_options, *added_mkfs_options; /* to it, by the user; NULL: none */
	char *type;					/* type of the file system for mount(2) */
	char *mkfs;					/* the command, without the image */
	char *mount_options;				/* as the kernel reports them */
	char *started;					/* UTC, ISO 8601 */

	/* how it went */
	char *status; /* one of the STATUS_ words */
	char *stage;  /* where it ended, if not ok */
	char *reason; /* a sentence, if not ok */
	char *refused_by;
	int64_t error;	 /* errno, if not ok */
	char *console;	 /* its last lines, where a guest ended without a record */
	char *path;	 /* enum method_path by name */
	char *fallbacks; /* "fallocate: Operation not supported; ..." */
	int64_t calls;
	int64_t submitted_bytes;

	/* what it cost */
	struct stage_cost format, mount, create, allocate, sync, close, unmount, remount, inspect;
	int64_t host_flush_ns;	/* of sync and unmount: flushes that the guest's kernel drops */
	int64_t caches_dropped; /* 1, 0 */
	int64_t peak_memory_bytes;

	/* what is there afterwards */
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

	/* what the workload did; all unknown without one */
	int64_t user_bytes;	  /* that its writes handed over */
	int64_t verified_bytes;	  /* compared with what was written, after the last phase */
	struct field_list phases; /* of struct phase_record */
};

#define STATUS_OK "ok"
#define STATUS_UNSUPPORTED "unsupported" /* the method or an option is refused here */
#define STATUS_FAILED "failed"

extern const struct field record_fields[];
extern const size_t record_field_count;

/* Lines of a result file that describe the run; the first of each file is one. */
struct environment {
	int64_t schema;
	char *version; /* of alloc-perf */
	char *started;
	char *label;
	char *testbed;
	char *testbed_note; /* what its figures do not mean */
	char *kernel;	    /* of the host */
	char *guest_kernel; /* of several each, separated by ", "; NULL: no guest */
	char *kernel_build; /* of those, separated by "; ", or of the host's; NULL: not known */
	char *accelerator;  /* "kvm", "tcg"; NULL: no guest that has one */
	char *drive;	    /* of a guest; NULL: no guest that has one */
	char *drive_throttle;
	char *libc;
	char *machine; /* uname -m */
	char *cpu;
	int64_t cpus;
	int64_t memory_bytes;
	char *tools;  /* "mke2fs 1.47.0; mkfs.xfs 6.1.0": versions of what formatted */
	char *device; /* what holds the volumes: source, type, mount options; or is the volume */
	/* the disk below it */
	char *disk_model;
	int64_t disk_bytes;
	int64_t partition_start_bytes; /* on the disk; FIELD_UNKNOWN: it is no partition */
	int64_t logical_sector_bytes;
	int64_t physical_sector_bytes;
	char *write_cache;
	int64_t discard; /* 1, 0 */
	char *scheduler;
	int64_t rotational; /* 1, 0 */
	char *command;	    /* the command line, quoted for a shell */
	/* commands of the user, before everything, before each trial, at the end; NULL: none */
	char *setup_command, *prepare_command, *cleanup_command;
	int64_t seed; /* of the order of trials within each round */
	char *plan;   /* INI text from which `run --resume` goes on */
};

extern const struct field environment_fields[];
extern const size_t environment_field_count;

/* A line about what falsifies the figures of a run: those after the last description of one. */
struct warning {
	char *kind; /* one of the WARNING_ words, or of a later version */
	char *text; /* a sentence */
};

#define WARNING_SUSPENDED "suspended" /* the machine slept meanwhile */
#define WARNING_WRITERS "writers"     /* others wrote to the device */
#define WARNING_LOAD "load"	      /* more to do than there are cores */
#define WARNING_FREQUENCY "frequency" /* the processor's is scaled */
#define WARNING_FULL "full"	      /* what holds the volumes is nearly full */
#define WARNING_OUTLIERS "outliers"   /* some runs are far off the others */

extern const struct field warning_fields[];
extern const size_t warning_field_count;

void record_init(struct record *record);
void record_clear(struct record *record);

/* How the trial ended: status, error (a positive errno) and reason. */
void record_conclude(struct record *record, const char *status, int error, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void record_vconclude(struct record *record, const char *status, int error, const char *format,
		      va_list arguments) __attribute__((format(printf, 4, 0)));

void environment_init(struct environment *environment);
void environment_clear(struct environment *environment);
void warning_init(struct warning *warning);
void warning_clear(struct warning *warning);

/* New references; NULL: out of memory.  {"type": "trial", ...} and so on. */
json_t *record_to_json(const struct record *record);
json_t *environment_to_json(const struct environment *environment);
json_t *warning_to_json(const struct warning *warning);

int record_from_json(const json_t *json, struct record *ret, const char **ret_field);
int environment_from_json(const json_t *json, struct environment *ret, const char **ret_field);
int warning_from_json(const json_t *json, struct warning *ret, const char **ret_field);

#endif
