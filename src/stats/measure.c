/* SPDX-License-Identifier: MIT */
/*
 * What an allocation costs until it is on the disk is spread over several
 * stages: a write() returns at once and is paid for by fsync() or unmount.  So
 * those are summed, and only a stage that did not take place (an existing
 * directory is never unmounted) is left out of the sum.
 */
#include "stats/measure.h"

#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "results/record.h"

enum { UNTIL_ON_DISK = 4 };

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

/* NaN as well where a stage that took place has no such figure, or nothing forced it to the disk.
 */
static double until_on_disk(const struct record *record, double (*cost)(const struct stage_cost *))
{
	const struct stage_cost *stages[UNTIL_ON_DISK] = { &record->allocate, &record->sync,
							   &record->close, &record->unmount };
	double sum = 0;

	if (record->sync.wall_ns == FIELD_UNKNOWN && record->unmount.wall_ns == FIELD_UNKNOWN)
		return NAN;
	for (size_t i = 0; i < UNTIL_ON_DISK; i++)
		if (stages[i]->wall_ns != FIELD_UNKNOWN)
			sum += cost(stages[i]);
	return sum;
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

/* Where an extent has no address, the figure is only a bound. */
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

const struct measure measure_table[] = {
	{ "time", "time until on disk", "allocate, sync, close and unmount together",
	  MEASURE_SECONDS, 0, time_of },
	{ "allocate", "time of the allocation alone",
	  "the method's own calls; what they left in memory is not on the disk yet",
	  MEASURE_SECONDS, 0, allocate_of },
	{ "written", "bytes written to the device",
	  "during allocate, sync, close and unmount, metadata and journal included", MEASURE_BYTES,
	  0, written_of },
	{ "fragments", "fragments of the file", "maximal runs of physically contiguous extents",
	  MEASURE_COUNT, 0, fragments_of },
	{ "extents", "extents of the file", "as the file system reports them", MEASURE_COUNT, 0,
	  extents_of },
	{ "cpu", "CPU time until on disk",
	  "user and system time during allocate, sync, close and unmount", MEASURE_SECONDS, 0,
	  cpu_of },
	{ "memory", "peak memory", "largest resident memory of the process that allocated",
	  MEASURE_BYTES, 0, memory_of },
	{ "unwritten", "unwritten bytes", "allocated, but still to be converted by the first write",
	  MEASURE_BYTES, 0, unwritten_of },
	{ "gap", "gaps between fragments", "sum of the distances from each fragment to the next",
	  MEASURE_BYTES, 0, gap_of },
	{ "largest", "largest fragment", "longest run of physically contiguous extents",
	  MEASURE_BYTES, 1, largest_of },
};
const size_t measure_count = ARRAY_SIZE(measure_table);

const struct measure *measure_find(const char *name)
{
	for (size_t i = 0; i < measure_count; i++)
		if (strcmp(measure_table[i].name, name) == 0)
			return &measure_table[i];
	return NULL;
}
