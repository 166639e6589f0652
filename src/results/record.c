/* SPDX-License-Identifier: MIT */
/*
 * The tables are the schema, from which JSON, csv and doc/record.md follow.  JSON is flat
 * ("allocate_ns", not "allocate": {"ns": ...}), so that a line can be read by any tool for keys and
 * values.
 *
 * "type" is the kind of the line, so the type of a file system is "filesystem_type".
 */
#include "results/record.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

/* clang-format off */
#define ROW(structure, member, name, type, unit, meaning) \
	{ name, type, unit, meaning, offsetof(struct structure, member), NULL }
#define LIST(structure, member, table, meaning) \
	{ #member, FIELD_LIST, "", meaning, offsetof(struct structure, member), table }

#define TEXT(member, meaning) ROW(phase_record, member, #member, FIELD_TEXT, "", meaning)
#define COUNT(member, unit, meaning) ROW(phase_record, member, #member, FIELD_COUNT, unit, meaning)
#define COST(member, unit, meaning) ROW(phase_record, cost.member, #member, FIELD_COUNT, unit, meaning)

static const struct field phase_fields[] = {
	TEXT(phase, "what was done, canonical name, as in alloc-perf-run(1)"),
	COST(wall_ns, "ns", "time of the calls, without the sync at the end of the phase"),
	COST(user_ns, "ns", "CPU time in user mode, sync included, and making what was written"),
	COST(system_ns, "ns", "CPU time in the kernel, sync included"),
	COST(written_bytes, "bytes", "bytes that reached the device, sync included"),
	COST(write_requests, "count", "write requests to the device, after merging, sync included"),
	COST(read_bytes, "bytes", "bytes read from the device"),
	COUNT(sync_ns, "ns", "time to fsync() all files at the end of a phase that writes; null for one that reads"),
	COUNT(calls, "count", "calls that wrote or read"),
	COUNT(bytes, "bytes", "bytes that they wrote or read"),
	COUNT(syncs, "count", "fsync() or fdatasync() calls between them"),
	ROW(phase_record, latency, "latency", FIELD_HISTOGRAM, "ns, count", "latencies of the calls, each with the sync that belongs to it: lower bound of an interval in ns, then how many were in it, in turn; below 64 ns an interval is 1 ns wide, above it is 1/64 of the power of two at or below its lower bound"),
	COUNT(latency_min_ns, "ns", "shortest latency"),
	COUNT(latency_max_ns, "ns", "longest latency"),
	TEXT(latency_refused, "why `latency` is null"),
	COUNT(cold, "1 or 0", "for a phase that reads: 1 if the device delivered what was asked for; if 0, caches did, and its times are not those of the disk; null if what was asked for has holes that no phase had written"),
	COUNT(extents, "count", "extents after the phase, of all files"),
	COUNT(fragments, "count", "fragments after the phase, of all files; null if an extent has no address"),
};
const struct field_table phase_table = { phase_fields, ARRAY_SIZE(phase_fields), sizeof(struct phase_record) };

#undef TEXT
#undef COUNT
#undef COST
#define TEXT(member, meaning) ROW(record, member, #member, FIELD_TEXT, "", meaning)
#define COUNT(member, unit, meaning) ROW(record, member, #member, FIELD_COUNT, unit, meaning)
#define COST(stage, member, name, unit, meaning) \
	ROW(record, stage.member, #stage "_" name, FIELD_COUNT, unit, meaning " while " #stage " lasted")
#define STAGE(stage, what) \
	ROW(record, stage.wall_ns, #stage "_ns", FIELD_COUNT, "ns", "time to " what), \
	COST(stage, user_ns, "user_ns", "ns", "CPU time in user mode"), \
	COST(stage, system_ns, "system_ns", "ns", "CPU time in the kernel"), \
	COST(stage, written_bytes, "written_bytes", "bytes", "bytes that reached the device"), \
	COST(stage, write_requests, "write_requests", "count", "write requests to the device, after merging,"), \
	COST(stage, read_bytes, "read_bytes", "bytes", "bytes read from the device")

const struct field record_fields[] = {
	TEXT(filesystem, "variant of the file system: its name in the catalogue, and with + the options that were added"),
	TEXT(method, "how the file was allocated, canonical name"),
	COUNT(file_bytes, "bytes", "requested size; of several files, of each; if their sizes differ, the mean"),
	COUNT(volume_bytes, "bytes", "size of the volume; null for an existing directory"),
	COUNT(run, "count", "number of the repetition, from 1"),
	COUNT(place, "count", "position in the plan's order of a round, from 0; tables use it, the trials run in a random order"),
	TEXT(workload, "what was done with the file after its allocation: phases, separated by commas; null: nothing"),
	TEXT(scenario, "scenario or program that the workload stands for; null: none"),
	COUNT(files, "count", "number of files that the trial allocated; null in old records: 1"),
	COUNT(mixed_sizes, "1 or 0", "the files have different sizes, whose mean is `file_bytes`"),

	TEXT(testbed, "testbed: uml, loop, qemu, dir, device, ..."),
	TEXT(kernel, "release of the kernel that the trial ran under, or the name it was given by run --kernel NAME=PATH"),
	TEXT(label, "label given by the user"),
	TEXT(base_filesystem, "name of the file system in the catalogue, without added options"),
	TEXT(added_mount_options, "mount options that the user added to those of the catalogue; null: none"),
	TEXT(added_mkfs_options, "options that the user added to the mkfs command of the catalogue; null: none"),
	ROW(record, type, "filesystem_type", FIELD_TEXT, "", "type of the file system for mount(2)"),
	TEXT(mkfs, "command that formatted the volume, without the volume"),
	TEXT(mount_options, "mount options as the kernel reports them"),
	TEXT(started, "start of the trial: UTC, ISO 8601"),

	TEXT(status, "ok, unsupported (by the kernel or the file system), or failed"),
	TEXT(stage, "stage in which the trial ended, if not ok"),
	TEXT(reason, "description of the error, if not ok"),
	TEXT(console, "last lines of a guest's console, if it ended without a record"),
	TEXT(refused_by, "system call that failed"),
	COUNT(error, "errno", "errno of that call, if not ok"),
	TEXT(path, "how the space was actually allocated: native, emulated, written, sparse or none"),
	TEXT(fallbacks, "ways that were tried before and failed, with the error of each"),
	COUNT(calls, "count", "system calls that allocated; mappings for mmap"),
	COUNT(submitted_bytes, "bytes", "bytes that those calls passed to the kernel"),

	STAGE(format, "make the file system, and flush it"),
	STAGE(mount, "mount it"),
	STAGE(create, "create the empty file"),
	STAGE(allocate, "allocate: the method's own calls"),
	STAGE(sync, "fsync() the file"),
	STAGE(close, "close the file"),
	STAGE(unmount, "unmount, which proves that the file is on the disk"),
	STAGE(remount, "mount again"),
	STAGE(inspect, "read the file's layout"),
	COUNT(host_flush_ns, "ns", "part of sync and unmount: time in which the host flushed the volume at their end, because the guest's kernel drops flushes (uml); null elsewhere, and in old records of uml, whose times include no flush of the host"),
	COUNT(caches_dropped, "1 or 0", "the page cache was dropped before the trial"),
	COUNT(peak_memory_bytes, "bytes", "largest resident memory of the process that allocated"),

	COUNT(size_bytes, "bytes", "size of the file after remount"),
	COUNT(blocks_before_close_bytes, "bytes", "st_blocks before close()"),
	COUNT(blocks_after_close_bytes, "bytes", "st_blocks after close()"),
	COUNT(blocks_after_remount_bytes, "bytes", "st_blocks after remount"),
	TEXT(extent_source, "ioctl that reported the layout: fiemap, fibmap or none"),
	COUNT(extents, "count", "extents as the kernel reports them"),
	COUNT(fragments, "count", "maximal runs of physically contiguous extents"),
	COUNT(ideal_fragments, "count", "minimum number of fragments on this file system"),
	COUNT(largest_fragment_bytes, "bytes", "largest fragment"),
	COUNT(median_fragment_bytes, "bytes", "median fragment"),
	COUNT(mapped_bytes, "bytes", "sum of all extents"),
	COUNT(unwritten_bytes, "bytes", "allocated and marked as reading zeroes"),
	COUNT(shared_bytes, "bytes", "shared with other files"),
	COUNT(encoded_bytes, "bytes", "compressed or encrypted"),
	COUNT(gap_bytes, "bytes", "sum of the distances from each fragment to the next"),
	COUNT(holes, "count", "holes before the last extent"),
	COUNT(addresses_known, "1 or 0", "1 if every extent had an address; if 0, fragments and gaps are lower bounds"),
	ROW(record, layout, "layout", FIELD_RUNS, "bytes", "location of the file (of several, the first): [offset in the file, offset on the volume, length, 1 if unwritten] of each contiguous run, in the order of the file; of more than 1000 runs, the longest"),
	COUNT(layout_left_out, "count", "number of runs that are not in `layout`: beyond the 1000 longest, or without an address"),
	COUNT(layout_left_out_bytes, "bytes", "total length of these"),
	COUNT(user_bytes, "bytes", "bytes that the workload wrote"),
	COUNT(verified_bytes, "bytes", "bytes that were read again at the end and compared with what had been written"),
	LIST(record, phases, &phase_table, "what each phase of the workload cost, in their order; null without a workload"),

	TEXT(promise, "promise that was tested: reserved, no-stale, durable or as-before; null: the trial is a measurement"),
	TEXT(promise_case, "case that tested it, as in alloc-perf-verify(1)"),
	TEXT(verdict, "kept, broken, not promised (it does not hold, and the method does not claim it) or n/a (it cannot be tested there, `counterexample` is the reason)"),
	TEXT(counterexample, "what was seen where the promise does not hold"),
	TEXT(repeat, "command that repeats the case, quoted for a shell"),
	COUNT(seed, "", "seed of the case's random orders"),
	COUNT(states, "count", "states a power cut can leave that were examined; null for a case without power cuts"),
	COUNT(states_possible, "count", "states a power cut can leave by the recorded writes, within the bounds of alloc-perf-verify(1)"),
	COUNT(states_broken, "count", "examined states in which the promise does not hold"),
};
const size_t record_field_count = ARRAY_SIZE(record_fields);

#undef TEXT
#undef COUNT
#define TEXT(member, meaning) ROW(environment, member, #member, FIELD_TEXT, "", meaning)
#define COUNT(member, unit, meaning) ROW(environment, member, #member, FIELD_COUNT, unit, meaning)

const struct field environment_fields[] = {
	COUNT(schema, "", "version of this format"),
	TEXT(version, "version of alloc-perf"),
	TEXT(started, "start of the run: UTC, ISO 8601"),
	TEXT(label, "label given by the user"),
	TEXT(testbed, "testbed of the trials: uml, loop, qemu, dir, device, ..."),
	TEXT(testbed_note, "limits of what is measured there"),
	TEXT(kernel, "release of the host's kernel"),
	TEXT(guest_kernel, "release of the guest's kernel, or the name it was given; of each, if there are several; null without a guest"),
	TEXT(kernel_build, "build of the kernel that ran the trials, as reported by uname -v; of each, if there are several; null if unknown"),
	TEXT(accelerator, "how qemu runs the guest's processor: kvm, or tcg (emulated); null elsewhere"),
	TEXT(drive, "how qemu provides the image to the guest; null elsewhere"),
	TEXT(drive_throttle, "limits of that drive: requests (iops) and bytes (bps) per second"),
	TEXT(libc, "C library and its version"),
	TEXT(machine, "architecture as uname -m names it"),
	TEXT(cpu, "model of the CPU"),
	COUNT(cpus, "count", "number of usable CPUs"),
	COUNT(memory_bytes, "bytes", "memory of the machine"),
	TEXT(tools, "versions of the mkfs programs"),
	TEXT(device, "file system of the volumes' images: source, type and mount options; or the device"),
	TEXT(disk_model, "model of the disk"),
	COUNT(disk_bytes, "bytes", "its size"),
	COUNT(partition_start_bytes, "bytes", "start of the device on the disk; null if it is not a partition"),
	COUNT(logical_sector_bytes, "bytes", "its logical sector"),
	COUNT(physical_sector_bytes, "bytes", "its physical sector"),
	TEXT(write_cache, "its write cache as the kernel treats it: write back or write through"),
	COUNT(discard, "1 or 0", "it supports discard"),
	TEXT(scheduler, "its I/O scheduler"),
	COUNT(rotational, "1 or 0", "it reports that it rotates"),
	TEXT(command, "command line, quoted for a shell"),
	TEXT(setup_command, "command that run --setup gave to a shell before everything; null: none"),
	TEXT(prepare_command, "command that run --prepare gave to a shell before each trial; null: none"),
	TEXT(cleanup_command, "command that run --cleanup gave to a shell at the end; null: none"),
	COUNT(seed, "", "seed of the random order of the trials within each round; null: in the plan's order"),
	TEXT(plan, "plan of the run in INI form, from which it can be resumed"),
};
const size_t environment_field_count = ARRAY_SIZE(environment_fields);

#undef TEXT
#define TEXT(member, meaning) ROW(warning, member, #member, FIELD_TEXT, "", meaning)

const struct field warning_fields[] = {
	TEXT(kind, "suspended, writers, load, frequency, full or outliers"),
	TEXT(text, "what happened, and how it affects the results"),
};
const size_t warning_field_count = ARRAY_SIZE(warning_fields);
/* clang-format on */

void record_init(struct record *record)
{
	field_init(record_fields, record_field_count, record);
}

void record_vconclude(struct record *record, const char *status, int error, const char *format,
		      va_list arguments)
{
	char *reason = text_vformat(format, arguments);

	free(record->reason);
	record->reason = reason;
	record->error = error;
	field_set_text(&record->status, status);
}

void record_conclude(struct record *record, const char *status, int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	record_vconclude(record, status, error, format, arguments);
	va_end(arguments);
}

void record_clear(struct record *record)
{
	field_clear(record_fields, record_field_count, record);
}

void environment_init(struct environment *environment)
{
	field_init(environment_fields, environment_field_count, environment);
}

void environment_clear(struct environment *environment)
{
	field_clear(environment_fields, environment_field_count, environment);
}

void warning_init(struct warning *warning)
{
	field_init(warning_fields, warning_field_count, warning);
}

void warning_clear(struct warning *warning)
{
	field_clear(warning_fields, warning_field_count, warning);
}

static json_t *line_new(const char *type, const struct field *fields, size_t count,
			const void *object)
{
	json_t *json = json_object();

	if (!json)
		return NULL;
	if (json_object_set_new(json, "type", json_string(type)) < 0 ||
	    field_to_json(fields, count, object, json) < 0) {
		json_decref(json);
		return NULL;
	}
	return json;
}

json_t *record_to_json(const struct record *record)
{
	return line_new("trial", record_fields, record_field_count, record);
}

json_t *environment_to_json(const struct environment *environment)
{
	return line_new("environment", environment_fields, environment_field_count, environment);
}

json_t *warning_to_json(const struct warning *warning)
{
	return line_new("warning", warning_fields, warning_field_count, warning);
}

int record_from_json(const json_t *json, struct record *ret, const char **ret_field)
{
	return field_from_json(record_fields, record_field_count, ret, json, ret_field);
}

/* In the first versions the host did not flush for guests of User-Mode Linux. */
static int add_to_note(struct environment *environment)
{
	const char *testbed = environment->testbed, *note = environment->testbed_note;

	if (!testbed || strcmp(testbed, "uml") != 0 || !note || strstr(note, "flush"))
		return 0;
	return text_append(
		&environment->testbed_note,
		" No flush reached the host's disk: times until on disk do not include any.");
}

int environment_from_json(const json_t *json, struct environment *ret, const char **ret_field)
{
	int r = field_from_json(environment_fields, environment_field_count, ret, json, ret_field);

	return r < 0 ? r : add_to_note(ret);
}

int warning_from_json(const json_t *json, struct warning *ret, const char **ret_field)
{
	return field_from_json(warning_fields, warning_field_count, ret, json, ret_field);
}
