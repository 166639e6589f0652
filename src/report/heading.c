/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "report/format.h"
#include "report/sheet.h"
#include "results/resultfile.h"
#include "stats/cell.h"

/* "" is any path. */
static int on_this_path(const struct cell *cell, const char *path)
{
	for (size_t i = 0; i < cell->count; i++) {
		const struct record *record = cell->records[i];

		if (strcmp(record->status, STATUS_OK) != 0)
			continue;
		if (!*path || (record->path && strcmp(record->path, path) == 0))
			return 1;
	}
	return 0;
}

static size_t count_on_path(const struct grid *grid, size_t method, const char *path)
{
	size_t found = 0;

	for (size_t i = 0; i < grid->filesystem_count; i++)
		found += on_this_path(grid_cell(grid, i, method), path) != 0;
	return found;
}

/* Adds "; mmap on ext2, xfs" or "; mmap on all".  Returns the number of file systems. */
static size_t put_method_on_path(struct strbuf *to, const struct grid *grid, size_t method,
				 const char *path, const char *separator)
{
	size_t found = count_on_path(grid, method, path);

	if (found == 0)
		return 0;
	strbuf_printf(to, "%s%s on ", separator, grid->methods[method]);
	if (found > 1 && found == count_on_path(grid, method, "")) {
		strbuf_puts(to, "all");
		return found;
	}
	separator = "";
	for (size_t i = 0; i < grid->filesystem_count; i++)
		if (on_this_path(grid_cell(grid, i, method), path)) {
			strbuf_printf(to, "%s%s", separator, grid->filesystems[i]);
			separator = ", ";
		}
	return found;
}

/* The cells that were allocated in another way than the name of the method suggests. */
static int emit_path(const struct grid *grid, const char *path, const char *meaning,
		     int (*emit)(const char *line, void *context), void *context)
{
	CLEANUP(strbuf_clear) struct strbuf line = { 0 };
	size_t found = 0;

	strbuf_puts(&line, meaning);
	for (size_t i = 0; i < grid->method_count; i++)
		found += put_method_on_path(&line, grid, i, path, found ? "; " : ": ");
	if (line.failed)
		return -ENOMEM;
	return found > 0 ? emit(line.text, context) : 0;
}

static int emit_conditions(const struct grid *grid, int (*emit)(const char *line, void *context),
			   void *context)
{
	CLEANUP(strbuf_clear) struct strbuf line = { 0 };
	FILE *to = strbuf_stream(&line);

	if (!to)
		return -ENOMEM;
	put_sizes(to, grid);
	fputs("; ", to);
	put_conditions(to, grid);
	put_interval(to, grid);
	fclose(to);
	if (line.failed)
		return -ENOMEM;
	if (strcmp(line.text + line.bytes - 2, "; ") == 0)
		strbuf_cut(&line, line.bytes - 2);
	return emit(line.text, context);
}

static size_t count_kind(const struct grid *grid, const char *kind, size_t from)
{
	size_t count = 0;

	for (size_t i = from; i < grid->warning_count; i++)
		count += strcmp(grid->warnings[i]->kind, kind) == 0;
	return count;
}

enum { WARNINGS_AT_ONCE = 3 };

/* "10 warnings (8 load, 2 outliers)", instead of many warnings. */
static int count_warnings(const struct grid *grid, int (*emit)(const char *line, void *context),
			  void *context)
{
	CLEANUP(strbuf_clear) struct strbuf line = { 0 };
	const char *separator = "";

	strbuf_printf(&line, "%zu warnings (", grid->warning_count);
	for (size_t i = 0; i < grid->warning_count; i++) {
		const char *kind = grid->warnings[i]->kind;
		size_t count = count_kind(grid, kind, 0);

		if (count_kind(grid, kind, i) < count)
			continue;
		strbuf_printf(&line, "%s%zu %s", separator, count, kind);
		separator = ", ";
	}
	strbuf_puts(&line, "); --all shows them.");
	return line.failed ? -ENOMEM : emit(line.text, context);
}

static int emit_warnings(const struct grid *grid, int (*emit)(const char *line, void *context),
			 void *context)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < grid->warning_count; i++) {
		CLEANUP(freep) char *line = text_format("Warning: %s", grid->warnings[i]->text);

		r = line ? emit(line, context) : -ENOMEM;
	}
	return r;
}

/* Why the latencies of a phase are unknown; NULL: all are known. */
static const char *why_no_latency(const struct grid *grid)
{
	for (size_t i = 0; i < grid->filesystem_count * grid->method_count; i++)
		for (size_t j = 0; j < grid->cells[i].count; j++) {
			const struct record *record = grid->cells[i].records[j];
			const struct phase_record *phases = record->phases.element;

			for (int64_t k = 0; k < record->phases.count; k++)
				if (phases[k].latency_refused)
					return phases[k].latency_refused;
		}
	return NULL;
}

static int emit_no_latency(const struct grid *grid, int (*emit)(const char *line, void *context),
			   void *context)
{
	const char *why = why_no_latency(grid);
	CLEANUP(freep)
	char *line = why ? text_format("No times and latencies of synced writes: %s", why) : NULL;

	if (!why)
		return 0;
	return line ? emit(line, context) : -ENOMEM;
}

int heading_each(const struct grid *grid, bool all, int (*emit)(const char *line, void *context),
		 void *context)
{
	const char *note = grid->environment->testbed_note;
	int r = emit_conditions(grid, emit, context);

	if (r == 0 && note && *note)
		r = emit(note, context);
	if (r == 0)
		r = (all || grid->warning_count <= WARNINGS_AT_ONCE
			     ? emit_warnings
			     : count_warnings)(grid, emit, context);
	if (r == 0)
		r = emit_no_latency(grid, emit, context);
	if (r == 0)
		r = emit_path(grid, "emulated", "Written by the C library instead of the kernel",
			      emit, context);
	if (r == 0)
		r = emit_path(grid, "sparse", "Nothing reserved (sparse)", emit, context);
	return r;
}
