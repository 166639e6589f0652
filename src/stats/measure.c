/* SPDX-License-Identifier: MIT */
/*
 * The cost of an allocation until it is on the disk is spread over several stages: a write()
 * returns at once, and fsync() or unmount does the work.  So these are summed.  Only a stage that
 * did not take place is left out (an existing directory is never unmounted).
 *
 * The phases of a workload are between the sync and the close.  Each ends with a flush of its own,
 * so the remaining work at the end belongs to the workload and not to the allocation.
 */
#include "stats/measure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/histogram.h"
#include "results/record.h"

enum { UNTIL_ON_DISK = 4, PHASES_AFTER = 2 };

static double known(int64_t count)
{
	return count == FIELD_UNKNOWN ? NAN : (double)count;
}

static double wall(const struct stage_cost *cost)
{
	return known(cost->wall_ns) / 1e9;
}

static double cpu(const struct stage_cost *cost)
{
	return (known(cost->user_ns) + known(cost->system_ns)) / 1e9;
}

static double written(const struct stage_cost *cost)
{
	return known(cost->written_bytes);
}

bool record_has_workload(const struct record *record)
{
	return record->phases.count > 0;
}

/* Also NaN if a stage that took place has no such value, or if nothing was flushed to the disk. */
static double sum_of_stages(const struct record *record, size_t from, size_t to,
			    double (*cost)(const struct stage_cost *))
{
	const struct stage_cost *stages[UNTIL_ON_DISK] = { &record->allocate, &record->sync,
							   &record->close, &record->unmount };
	double sum = 0;

	if (record->sync.wall_ns == FIELD_UNKNOWN && record->unmount.wall_ns == FIELD_UNKNOWN)
		return NAN;
	for (size_t i = from; i < to; i++)
		if (stages[i]->wall_ns != FIELD_UNKNOWN)
			sum += cost(stages[i]);
	return sum;
}

static double until_on_disk(const struct record *record, double (*cost)(const struct stage_cost *))
{
	return sum_of_stages(record, 0, record_has_workload(record) ? PHASES_AFTER : UNTIL_ON_DISK,
			     cost);
}

static double time_of(const struct record *record)
{
	return until_on_disk(record, wall);
}

static double allocate_of(const struct record *record)
{
	return wall(&record->allocate);
}

static double cpu_of(const struct record *record)
{
	return until_on_disk(record, cpu);
}

static double written_of(const struct record *record)
{
	return until_on_disk(record, written);
}

static double memory_of(const struct record *record)
{
	return known(record->peak_memory_bytes);
}

static double extents_of(const struct record *record)
{
	return known(record->extents);
}

static double unwritten_of(const struct record *record)
{
	return known(record->unwritten_bytes);
}

/* If an extent has no address, the value is only a bound. */
static double located(const struct record *record, int64_t count)
{
	return record->addresses_known == 0 ? NAN : known(count);
}

static double fragments_of(const struct record *record)
{
	return located(record, record->fragments);
}

static double gap_of(const struct record *record)
{
	return located(record, record->gap_bytes);
}

static double largest_of(const struct record *record)
{
	return located(record, record->largest_fragment_bytes);
}

/* ---- of a workload ---- */

static const struct phase_record *phase_at(const struct record *record, int64_t i)
{
	return (const struct phase_record *)record->phases.element + i;
}

static bool is_writing(const struct phase_record *phase)
{
	return phase->sync_ns != FIELD_UNKNOWN;
}

/* Until everything that was written is on the disk; reads cost nothing here. */
static double life_of(const struct record *record)
{
	double sum = sum_of_stages(record, 0, UNTIL_ON_DISK, wall);

	if (!record_has_workload(record))
		return NAN;
	for (int64_t i = 0; i < record->phases.count; i++)
		if (is_writing(phase_at(record, i)))
			sum += (known(phase_at(record, i)->cost.wall_ns) +
				known(phase_at(record, i)->sync_ns)) /
			       1e9;
	return sum;
}

static double per_byte_of(const struct record *record)
{
	double sum = sum_of_stages(record, 0, UNTIL_ON_DISK, written);

	if (!record_has_workload(record) || record->user_bytes <= 0)
		return NAN;
	for (int64_t i = 0; i < record->phases.count; i++)
		sum += known(phase_at(record, i)->cost.written_bytes);
	return sum / (double)record->user_bytes;
}

static double read_rate_of(const struct record *record)
{
	double bytes = 0, ns = 0;

	for (int64_t i = 0; i < record->phases.count; i++) {
		const struct phase_record *phase = phase_at(record, i);

		if (is_writing(phase))
			continue;
		bytes += phase->cold == 1 ? known(phase->bytes) : NAN;
		ns += known(phase->cost.wall_ns);
	}
	return ns > 0 ? bytes / ns * 1e9 : NAN;
}

/* Adds the calls of a phase.  False: they were not timed. */
static bool gather_latencies(const struct phase_record *phase, struct histogram *all)
{
	uint64_t most = all->maximum;

	if (phase->latency.count == FIELD_UNKNOWN || phase->latency_max_ns < 0)
		return false;
	for (int64_t i = 0; i + 1 < phase->latency.count; i += 2)
		histogram_add_counted(all, (uint64_t)phase->latency.number[i],
				      (uint64_t)phase->latency.number[i + 1]);
	all->maximum =
		most > (uint64_t)phase->latency_max_ns ? most : (uint64_t)phase->latency_max_ns;
	return true;
}

static double quantile_of(const struct histogram *all, double share)
{
	if (all->total == 0)
		return NAN;
	return (share < 1 ? histogram_quantile(all, share) : (double)all->maximum) / 1e9;
}

/* Of all phases that write. */
static double latency_of(const struct record *record, double share)
{
	CLEANUP(freep) struct histogram *all = calloc(1, sizeof(*all));

	for (int64_t i = 0; all && i < record->phases.count; i++)
		if (is_writing(phase_at(record, i)) && !gather_latencies(phase_at(record, i), all))
			return NAN;
	return all ? quantile_of(all, share) : NAN;
}

static double phase_latency(const struct phase_record *phase, double share)
{
	CLEANUP(freep) struct histogram *all = calloc(1, sizeof(*all));

	return all && gather_latencies(phase, all) ? quantile_of(all, share) : NAN;
}

static double p50_of(const struct record *record)
{
	return latency_of(record, 0.5);
}

static double p99_of(const struct record *record)
{
	return latency_of(record, 0.99);
}

static double p999_of(const struct record *record)
{
	return latency_of(record, 0.999);
}

static double slowest_of(const struct record *record)
{
	return latency_of(record, 1);
}

static double phase_seconds(const struct phase_record *phase)
{
	return known(phase->cost.wall_ns) / 1e9;
}

static double phase_flush(const struct phase_record *phase)
{
	return known(phase->sync_ns) / 1e9;
}

static double phase_device(const struct phase_record *phase)
{
	return known(is_writing(phase) ? phase->cost.written_bytes : phase->cost.read_bytes);
}

static double phase_p50(const struct phase_record *phase)
{
	return phase_latency(phase, 0.5);
}

static double phase_p99(const struct phase_record *phase)
{
	return phase_latency(phase, 0.99);
}

static double phase_longest(const struct phase_record *phase)
{
	return phase_latency(phase, 1);
}

static double phase_fragments(const struct phase_record *phase)
{
	return known(phase->fragments);
}

const struct phase_measure phase_measures[] = {
	{ "time", MEASURE_SECONDS, phase_seconds },	 { "flush", MEASURE_SECONDS, phase_flush },
	{ "device", MEASURE_BYTES, phase_device },	 { "p50", MEASURE_SECONDS, phase_p50 },
	{ "p99", MEASURE_SECONDS, phase_p99 },		 { "max", MEASURE_SECONDS, phase_longest },
	{ "fragments", MEASURE_COUNT, phase_fragments },
};
const size_t phase_measure_count = ARRAY_SIZE(phase_measures);

const struct measure measure_table[] = {
	{ "time", "time until on disk", "allocate, sync, close and unmount together",
	  MEASURE_SECONDS, 0, 0, time_of },
	{ "allocate", "time of the allocation alone",
	  "the method's own calls; what they left in memory is not on the disk yet",
	  MEASURE_SECONDS, 0, 0, allocate_of },
	{ "written", "bytes written to the device",
	  "during allocate, sync, close and unmount, metadata and journal included", MEASURE_BYTES,
	  0, 0, written_of },
	{ "fragments", "fragments of the file", "maximal runs of physically contiguous extents",
	  MEASURE_COUNT, 0, 0, fragments_of },
	{ "extents", "extents of the file", "as the file system reports them", MEASURE_COUNT, 0, 0,
	  extents_of },
	{ "cpu", "CPU time until on disk",
	  "user and system time during allocate, sync, close and unmount", MEASURE_SECONDS, 0, 0,
	  cpu_of },
	{ "memory", "peak memory", "largest resident memory of the process that allocated",
	  MEASURE_BYTES, 0, 0, memory_of },
	{ "unwritten", "unwritten bytes", "allocated, but still to be converted by the first write",
	  MEASURE_BYTES, 0, 0, unwritten_of },
	{ "gap", "gaps between fragments", "sum of the distances from each fragment to the next",
	  MEASURE_BYTES, 0, 0, gap_of },
	{ "largest", "largest fragment", "longest run of physically contiguous extents",
	  MEASURE_BYTES, 1, 0, largest_of },
	{ "per-byte", "bytes written to the device for each byte of the user",
	  "from the allocation to the unmount, metadata and journal included", MEASURE_RATIO, 0, 1,
	  per_byte_of },
	{ "life", "time from the empty file to the last byte on disk",
	  "allocate, sync, all phases that write with their flushes, close and unmount",
	  MEASURE_SECONDS, 0, 1, life_of },
	{ "p50", "median latency of a write", "with the sync that follows it", MEASURE_SECONDS, 0,
	  1, p50_of },
	{ "p99", "latency that 1 % of the writes exceed", "with the sync that follows it",
	  MEASURE_SECONDS, 0, 1, p99_of },
	{ "p99.9", "latency that 0.1 % of the writes exceed", "with the sync that follows it",
	  MEASURE_SECONDS, 0, 1, p999_of },
	{ "max", "longest write", "with the sync that follows it", MEASURE_SECONDS, 0, 1,
	  slowest_of },
	{ "read-rate", "bytes read each second", "from the device, after a remount", MEASURE_RATE,
	  1, 1, read_rate_of },
};
const size_t measure_count = ARRAY_SIZE(measure_table);

const struct measure *measure_find(const char *name)
{
	for (size_t i = 0; i < measure_count; i++)
		if (strcmp(measure_table[i].name, name) == 0)
			return &measure_table[i];
	return NULL;
}

const struct measure *measure_at(bool with_workload, size_t i)
{
	for (size_t j = 0; j < measure_count; j++)
		if ((with_workload || !measure_table[j].of_workload) && i-- == 0)
			return &measure_table[j];
	return NULL;
}

const struct measure *measure_of_time(bool with_workload)
{
	return measure_find(with_workload ? "life" : "time");
}

const struct measure *const *measures_compared(bool with_workload)
{
	static const struct measure *lists[2][4];
	const struct measure **list = lists[with_workload];

	list[0] = measure_of_time(with_workload);
	list[1] = measure_find(with_workload ? "per-byte" : "written");
	list[2] = measure_find("fragments");
	return list;
}
