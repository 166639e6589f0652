/* SPDX-License-Identifier: MIT */
/*
 * The input is a result file.  Whatever it holds: reading it ends, what was
 * accepted can be shown in every form and written back, and what was refused
 * has a sentence.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "report/report.h"
#include "results/resultfile.h"
#include "stats/cell.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Not assert(): it has to hold in a build without that, too. */
static void must(int holds)
{
	if (!holds)
		abort();
}

/* Intervals that rise, none of them empty. */
static void check_latencies(const struct record *record)
{
	for (int64_t i = 0; i < record->phases.count; i++) {
		const struct phase_record *phase = record->phases.element;
		const struct field_histogram *latency = &phase[i].latency;

		must(latency->count == FIELD_UNKNOWN || latency->count % 2 == 0);
		for (int64_t j = 0; j < latency->count; j += 2)
			must(latency->number[j + 1] > 0 &&
			     latency->number[j] > (j ? latency->number[j - 2] : -1));
	}
}

static void write_back(const struct results *results)
{
	for (size_t i = 0; i < results->record_count; i++) {
		struct record record;
		json_t *json = record_to_json(&results->records[i]);

		check_latencies(&results->records[i]);
		must(json && record_from_json(json, &record, NULL) == 0);
		must(strcmp(record.status, results->records[i].status) == 0);
		record_clear(&record);
		json_decref(json);
	}
}

static void show(const struct results *results)
{
	CLEANUP(grids_clear) struct grids grids = { 0 };
	CLEANUP(freep) char *text = NULL;
	const struct report_options options = { 0 };
	size_t bytes;
	FILE *memory = open_memstream(&text, &bytes);

	must(memory && grids_build(results, &grids) == 0);
	for (size_t i = 0; i < report_format_count; i++)
		must(report_formats[i].print(memory, &grids, &options) == 0);
	for (size_t i = 0; i < measure_count; i++) {
		chart_script(memory, &grids, &(struct chart_options) { &measure_table[i] }, NULL);
		chart_script(memory, &grids,
			     &(struct chart_options) { &measure_table[i], .output = "a.svg" },
			     NULL);
	}
	fclose(memory);
}

static int read_input(const uint8_t *data, size_t size, struct results *results,
		      struct problem *problem)
{
	CLEANUP(fd_closep) int fd = memfd_create("results", MFD_CLOEXEC);
	char path[64];

	must(fd >= 0 && io_write_all(fd, data, size) == 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return results_read(results, path, problem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(problem_clear) struct problem problem = { 0 };

	if (read_input(data, size, &results, &problem) < 0)
		must(problem.message != NULL);
	else
		must(results.torn ? results.whole_bytes < size : results.whole_bytes == size);
	write_back(&results);
	show(&results);
	return 0;
}
