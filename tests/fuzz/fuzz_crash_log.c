/* SPDX-License-Identifier: MIT */
/*
 * The input is a log of writes.  Reading it ends; what was accepted lies within the volume and the
 * file, and reads the same after it was written anew.
 */
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "crash/log.h"
#include "input.h"

enum { VOLUME = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct crash_log *log, size_t size)
{
	uint32_t flushed = 0;

	for (size_t i = 0; i < log->write_count; i++) {
		const struct crash_write *write = &log->writes[i];

		must(write->bytes && write->offset <= VOLUME &&
		     write->bytes <= VOLUME - write->offset);
		must(write->flags & WRITE_LOG_DISCARD ||
		     (write->position <= size && write->bytes <= size - write->position));
		must(write->flushed >= flushed && write->flushed <= i);
		flushed = write->flushed;
	}
	must(log->flushed <= log->write_count);
}

static void check_same(const struct crash_log *log, const struct crash_log *again)
{
	must(log->write_count == again->write_count && log->mark_count == again->mark_count);
	for (size_t i = 0; i < log->write_count; i++) {
		const struct crash_write *one = &log->writes[i], *other = &again->writes[i];

		must(one->offset == other->offset && one->bytes == other->bytes &&
		     one->flags == other->flags && one->flushed == other->flushed);
	}
	for (size_t i = 0; i < log->mark_count; i++)
		must(strcmp(log->marks[i].name, again->marks[i].name) == 0 &&
		     log->marks[i].writes == again->marks[i].writes);
}

static void check_saved(const struct crash_log *log)
{
	CLEANUP(crash_log_clear) struct crash_log again = { 0 };
	CLEANUP(fd_closep) int fd = memfd_create("saved", MFD_CLOEXEC);

	must(crash_log_save(log, fd) == 0);
	crash_log_init(&again, fd, VOLUME, log->in_order);
	must(crash_log_read(&again, UINT64_MAX, NULL) == 0);
	check_same(log, &again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(crash_log_clear) struct crash_log log = { 0 };
	CLEANUP(problem_clear) struct problem problem = { 0 };
	CLEANUP(fd_closep) int fd = memfd_create("log", MFD_CLOEXEC);

	must(fd >= 0 && io_write_all(fd, data, size) == 0);
	crash_log_init(&log, fd, VOLUME, size & 1);
	if (crash_log_read(&log, size / 2, &problem) == 0)
		must(crash_log_mark(&log, "half") == 0);
	if (crash_log_read(&log, UINT64_MAX, &problem) < 0)
		must(problem.message != NULL);
	check(&log, size);
	check_saved(&log);
	return 0;
}
