/* SPDX-License-Identifier: MIT */
/*
 * The workload: each phase with its own clock, counters, latencies and layout.  A phase that writes
 * ends with fsync() of all files, so that the next phase does not have that cost.  Before a phase
 * that reads, the files are removed from the page cache.  It counts as cold only if, by the
 * counters of the device, the data came from there.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "trial/stage.h"

/* The minimum share of the data that a cold phase reads from the device. */
enum { COLD_PERCENT = 95 };

static const char no_flushes[] =
	"flushes of this guest do not reach the host's disk (uml); use qemu or loop";

/* ---- before a phase ---- */

/* A file in a directory has no name, so it cannot be closed and opened again. */
static int empty_caches(struct trial *trial)
{
	int r;

	if (!trial->request->device) {
		for (size_t i = 0; i < trial->files.count; i++)
			(void)posix_fadvise(trial->files.file[i].fd, 0, 0, POSIX_FADV_DONTNEED);
		(void)trial_drop_caches();
		return 0;
	}
	r = trial_close_files(trial);
	if (r < 0)
		return trial_failed(trial, "close", -r);
	r = trial_unmount(trial);
	(void)trial_drop_caches();
	return r < 0 ? r : trial_remount(trial, O_RDWR);
}

/* Writes of an unmount count for the phase before it, reads of a mount for none. */
static int empty_caches_between(struct trial *trial)
{
	struct phase_record *phases = trial->record->phases.element;
	int64_t *written = &phases[trial->record->phases.count - 2].cost.written_bytes;
	struct cost_reading before = trial->border;
	int r = empty_caches(trial);

	cost_read(trial->counters_fd, &trial->border);
	if (*written != FIELD_UNKNOWN && trial->border.written_bytes != FIELD_UNKNOWN)
		*written += trial->border.written_bytes - before.written_bytes;
	return r;
}

/* ---- what it cost ---- */

static int record_latency(struct phase_record *to, const struct histogram *latency)
{
	int64_t *number, used = 0;

	for (unsigned i = 0; i < HISTOGRAM_INTERVALS; i++)
		used += 2 * (latency->count[i] > 0);
	number = calloc((size_t)used + 1, sizeof(*number));
	if (!number)
		return -ENOMEM;
	to->latency = (struct field_histogram) { number, used };
	for (unsigned i = 0; i < HISTOGRAM_INTERVALS; i++)
		if (latency->count[i]) {
			*number++ = (int64_t)histogram_lower(i);
			*number++ = (int64_t)latency->count[i];
		}
	to->latency_min_ns = (int64_t)latency->minimum;
	to->latency_max_ns = (int64_t)latency->maximum;
	return 0;
}

/* The device has to deliver what was written, and need not deliver the holes between. */
static int64_t is_cold(const struct phase_record *phase, const struct workload_outcome *outcome)
{
	int64_t delivered = phase->cost.read_bytes;

	if (delivered == FIELD_UNKNOWN)
		return FIELD_UNKNOWN;
	if (delivered >= phase->bytes / 100 * COLD_PERCENT)
		return 1;
	return delivered < (int64_t)outcome->stored_bytes / 100 * COLD_PERCENT ? 0 : FIELD_UNKNOWN;
}

static int record_phase(struct trial *trial, const struct phase *phase,
			const struct workload_outcome *outcome, struct phase_record *to)
{
	to->calls = (int64_t)outcome->calls;
	to->bytes = (int64_t)outcome->bytes;
	to->syncs = (int64_t)outcome->syncs;
	if (!phase_writes(phase))
		to->cold = is_cold(to, outcome);
	if (trial->request->host_flushes == 1 && outcome->syncs) {
		/* The time of the phase is as wrong as those of its calls. */
		to->cost.wall_ns = FIELD_UNKNOWN;
		return field_set_text(&to->latency_refused, no_flushes);
	}
	return record_latency(to, outcome->latency);
}

/* Syncs the files, and reads the counters of the device after it. */
static int finish_writes(struct trial *trial, struct phase_record *to)
{
	struct cost_reading before, after;
	int r;

	cost_read(trial->counters_fd, &before);
	r = workload_sync(&trial->files);
	cost_read(trial->counters_fd, &after);
	if (r < 0)
		return trial_failed(trial, "fsync", -r);
	to->sync_ns = after.wall_ns - before.wall_ns;
	return trial->request->host_flushes == 1 ? trial_flush_below(trial, &to->sync_ns) : 0;
}

/* ---- a phase ---- */

static int run_measured(struct trial *trial, const struct phase *phase, struct workload_job *job,
			struct workload_outcome *outcome, struct phase_record *to)
{
	struct cost_reading border = trial->border, before, end;
	int r;

	cost_read(trial->counters_fd, &before);
	r = workload_run(job, outcome);
	if (r < 0)
		return trial_refused(trial, outcome->failed_call, -r);
	if (phase_writes(phase))
		r = finish_writes(trial, to);
	cost_read(trial->counters_fd, &end);
	to->cost = cost_between(&border, &before, &end);
	to->cost.wall_ns = (int64_t)outcome->ns;
	trial->border = end;
	return r;
}

static int run_phase(struct trial *trial, const struct phase *phase)
{
	CLEANUP(workload_job_freep) struct workload_job *job = NULL;
	CLEANUP(freep) struct histogram *latency = calloc(1, sizeof(*latency));
	struct workload_outcome outcome = { .latency = latency };
	struct phase_record *to = field_list_add(&trial->record->phases, &phase_table);
	int r = latency && to ? field_set_text(&to->phase, phase->name) : -ENOMEM;

	if (r == 0)
		r = workload_prepare(&trial->files, phase, &job);
	if (r == -ENODATA) {
		record_conclude(trial->record, STATUS_FAILED, ENODATA,
				"%s: the phases before it left it no block to use", phase->title);
		return r;
	}
	if (r < 0)
		return trial_failed(trial, phase->title, -r);
	if (!phase_writes(phase))
		r = empty_caches_between(trial);
	if (r < 0)
		return r;
	r = run_measured(trial, phase, job, &outcome, to);
	if (r < 0)
		return r;
	if (record_phase(trial, phase, &outcome, to) < 0)
		return trial_failed(trial, phase->title, ENOMEM);
	inspect_count(&trial->files, &to->extents, &to->fragments);
	return 0;
}

/* ---- the stages ---- */

static void record_growth(struct trial *trial)
{
	for (size_t i = 0; i < trial->files.count; i++)
		trial->record->calls += (int64_t)trial->files.file[i].growth.calls;
	trial->record->user_bytes = (int64_t)trial->files.written_bytes;
}

static int finish_files(struct trial *trial)
{
	const struct method *method = trial->choice.method;

	for (size_t i = 0; method->finish && i < trial->files.count; i++) {
		int r = method->finish(trial->files.file[i].fd);

		if (r < 0)
			return trial_failed(trial, "giving up what was allocated beyond the end",
					    -r);
	}
	return 0;
}

/* Read here, so that the memory of the workload does not count as the method's. */
int phases_run(struct trial *trial)
{
	int r = 0;

	trial->record->peak_memory_bytes = cost_peak_bytes();
	for (size_t i = 0; r == 0 && i < trial->chain.count; i++) {
		const struct phase *phase = &trial->chain.phase[i];

		trial->host->stage(phase->title, trial->host->context);
		r = run_phase(trial, phase);
		if (r < 0)
			field_set_text(&trial->record->stage, phase->title);
	}
	record_growth(trial);
	return r < 0 ? r : finish_files(trial);
}

static int report_mismatch(struct trial *trial, const struct workload_mismatch *found)
{
	char wanted[64];

	snprintf(wanted, sizeof(wanted), "%s wrote 0x%02x", found->writer ? found->writer : "",
		 found->wanted);
	if (!found->writer)
		snprintf(wanted, sizeof(wanted), "nothing was written");
	if (found->found < 0)
		record_conclude(trial->record, STATUS_FAILED, EIO,
				"file %zu ends at byte %llu, before what was written to it",
				found->file + 1, (unsigned long long)found->offset);
	else
		record_conclude(trial->record, STATUS_FAILED, EIO,
				"file %zu has 0x%02x at byte %llu, where %s", found->file + 1,
				(unsigned)found->found, (unsigned long long)found->offset, wanted);
	return -EIO;
}

int phases_verify(struct trial *trial)
{
	struct workload_mismatch found = { 0 };
	int r;

	for (size_t i = 0; !trial->request->device && i < trial->files.count; i++)
		(void)posix_fadvise(trial->files.file[i].fd, 0, 0, POSIX_FADV_DONTNEED);
	r = workload_verify(&trial->files, &found);
	trial->record->verified_bytes = (int64_t)trial->files.verified_bytes;
	if (r == -EILSEQ)
		return report_mismatch(trial, &found);
	return r < 0 ? trial_failed(trial, "reading what was written", -r) : 0;
}
