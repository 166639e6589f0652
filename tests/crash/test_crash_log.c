/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "crash/log.h"
#include "log_file.h"

enum { VOLUME = 1 << 20 };

static void assert_write(const struct crash_log *log, size_t i, uint64_t offset, uint64_t bytes,
			 uint32_t flags, uint32_t flushed)
{
	assert_true(i < log->write_count);
	assert_int_equal(log->writes[i].offset, offset);
	assert_int_equal(log->writes[i].bytes, bytes);
	assert_int_equal(log->writes[i].flags, flags);
	assert_int_equal(log->writes[i].flushed, flushed);
}

static void assert_mark(const struct crash_log *log, size_t i, const char *name, uint32_t writes,
			uint32_t flushed)
{
	assert_true(i < log->mark_count);
	assert_string_equal(log->marks[i].name, name);
	assert_int_equal(log->marks[i].writes, writes);
	assert_int_equal(log->marks[i].flushed, flushed);
}

/* Two writes, a flush, a mark, a discard, a write that flushes what is before it, a mark. */
static void fill(struct log_file *file, uint32_t sector_bytes)
{
	log_file_open(file, sector_bytes);
	log_file_write(file, 8, 2, 0, 1);
	log_file_write(file, 9, 1, WRITE_LOG_FUA | WRITE_LOG_METADATA, 2);
	log_file_flush(file);
	log_file_flush(file);
	log_file_header(file, 0, 0, WRITE_LOG_MARK, "allocated");
	log_file_write(file, 16, 64, WRITE_LOG_DISCARD, 0);
	log_file_write(file, 7, 3, WRITE_LOG_FLUSH | WRITE_LOG_FUA, 3);
	log_file_header(file, 0, 0, WRITE_LOG_MARK, "written");
}

static void assert_filled(const struct crash_log *log, uint64_t sector)
{
	assert_int_equal(log->write_count, 4);
	assert_write(log, 0, 8 * sector, 2 * sector, 0, 0);
	assert_write(log, 1, 9 * sector, sector, WRITE_LOG_FUA | WRITE_LOG_METADATA, 0);
	assert_write(log, 2, 16 * sector, 64 * sector, WRITE_LOG_DISCARD, 2);
	assert_write(log, 3, 7 * sector, 3 * sector, WRITE_LOG_FUA, 3);
	assert_int_equal(log->mark_count, 2);
	assert_mark(log, 0, "allocated", 2, 2);
	assert_mark(log, 1, "written", 4, 3);
	assert_int_equal(log->flushed, 3);
}

static void assert_data(const struct crash_log *log, size_t i, uint64_t seed)
{
	uint64_t word;

	assert_int_equal(io_read_at(log->fd, log->writes[i].position + 16, &word, 8), 0);
	assert_true(word == random_mix(seed + 2));
}

static void every_kind_of_entry_is_read(void **state)
{
	static const uint32_t sectors[] = { 512, 4096 };
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(sectors); i++) {
		CLEANUP(crash_log_clear) struct crash_log log;
		struct log_file file;

		fill(&file, sectors[i]);
		/* QEMU's log file is larger than what is written. */
		assert_int_equal(ftruncate(file.fd, 1 << 22), 0);
		crash_log_init(&log, file.fd, VOLUME, false);
		assert_int_equal(crash_log_read(&log, UINT64_MAX, NULL), 0);
		assert_filled(&log, sectors[i]);
		assert_data(&log, 1, 2);
		assert_data(&log, 3, 3);
		assert_int_equal(log.end, file.at);
		close(file.fd);
	}
}

static void without_flushes_each_write_is_durable_at_once(void **state)
{
	CLEANUP(crash_log_clear) struct crash_log log;
	struct log_file file;
	(void)state;

	fill(&file, 512);
	crash_log_init(&log, file.fd, VOLUME, true);
	assert_int_equal(crash_log_read(&log, UINT64_MAX, NULL), 0);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(log.writes[i].flushed, i);
	assert_mark(&log, 0, "allocated", 2, 2);
	assert_mark(&log, 1, "written", 4, 4);
	assert_int_equal(log.flushed, 4);
	close(file.fd);
}

/* Also while the log grows, whatever is there of the next entry. */
static void marks_are_where_they_were_noted(void **state)
{
	CLEANUP(crash_log_clear) struct crash_log log;
	struct log_file file;
	uint64_t after_first, after_flush;
	(void)state;

	log_file_open(&file, 512);
	crash_log_init(&log, file.fd, VOLUME, false);
	assert_int_equal(crash_log_read(&log, 100, NULL), 0);
	assert_int_equal(log.end, 0);
	log_file_write(&file, 0, 1, 0, 1);
	after_first = file.at;
	log_file_write(&file, 1, 4, 0, 2);
	log_file_flush(&file);
	after_flush = file.at;
	log_file_write(&file, 2, 1, 0, 3);

	assert_int_equal(crash_log_read(&log, after_first + 512 + 2047, NULL), 0);
	assert_int_equal(log.end, after_first);
	assert_int_equal(crash_log_mark(&log, "early"), 0);
	assert_int_equal(crash_log_read(&log, after_first, NULL), 0);
	assert_int_equal(log.write_count, 1);
	assert_int_equal(crash_log_read(&log, after_flush - 1, NULL), 0);
	assert_int_equal(crash_log_mark(&log, "before the flush"), 0);
	assert_int_equal(crash_log_read(&log, after_flush, NULL), 0);
	assert_int_equal(crash_log_mark(&log, "after the flush"), 0);
	assert_int_equal(crash_log_read(&log, UINT64_MAX, NULL), 0);
	assert_int_equal(log.write_count, 3);
	assert_mark(&log, 0, "early", 1, 0);
	assert_mark(&log, 1, "before the flush", 2, 0);
	assert_mark(&log, 2, "after the flush", 2, 2);
	close(file.fd);
}

static void a_log_is_read_while_it_grows(void **state)
{
	CLEANUP(crash_log_clear) struct crash_log log;
	struct log_file file = { memfd_create("log", MFD_CLOEXEC), 512, 512 };
	(void)state;

	crash_log_init(&log, file.fd, VOLUME, false);
	assert_int_equal(crash_log_read(&log, UINT64_MAX, NULL), 0);
	assert_int_equal(log.write_count, 0);
	/* QEMU writes the superblock at the first flush. */
	log_file_write(&file, 0, 1, 0, 1);
	assert_int_equal(crash_log_read(&log, UINT64_MAX, NULL), 0);
	assert_int_equal(log.write_count, 1);
	crash_log_forget(&log);
	assert_int_equal(crash_log_read(&log, UINT64_MAX, NULL), 0);
	assert_int_equal(log.write_count, 0);
	log_file_write(&file, 5, 2, 0, 2);
	/* Torn: the last byte of its data is missing. */
	log_file_write(&file, 6, 2, 0, 3);
	assert_int_equal(ftruncate(file.fd, (off_t)file.at - 1), 0);
	assert_int_equal(crash_log_read(&log, UINT64_MAX, NULL), 0);
	assert_int_equal(log.write_count, 1);
	assert_write(&log, 0, 5 * 512, 1024, 0, 0);
	assert_int_equal(ftruncate(file.fd, (off_t)file.at), 0);
	assert_int_equal(crash_log_read(&log, UINT64_MAX, NULL), 0);
	assert_int_equal(log.write_count, 2);
	close(file.fd);
}

static void damage_gets_a_sentence(void **state)
{
	static const struct {
		uint64_t sector, sectors, flags, text_bytes;
		const char *said;
	} cases[] = {
		{ 0, 1, 32, 0, "unknown flags" },
		{ 0, 1, 1ull << 40, 0, "unknown flags" },
		{ VOLUME / 512, 1, 0, 0, "beyond the end of the volume" },
		{ VOLUME / 512 - 1, 2, 0, 0, "beyond the end of the volume" },
		{ 0, UINT64_MAX / 512, 0, 0, "beyond the end of the volume" },
		{ 0, UINT64_MAX, WRITE_LOG_DISCARD, 0, "beyond the end of the volume" },
		{ UINT64_MAX / 512 + 2, 1, 0, 0, "beyond the end of the volume" },
		{ 0, 0, WRITE_LOG_MARK, 481, "too long" },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(crash_log_clear) struct crash_log log;
		CLEANUP(problem_clear) struct problem problem = { 0 };
		const uint64_t header[] = { htole64(cases[i].sector), htole64(cases[i].sectors),
					    htole64(cases[i].flags), htole64(cases[i].text_bytes) };
		struct log_file file;

		log_file_open(&file, 512);
		log_file_write(&file, 0, 1, 0, 1);
		assert_int_equal(io_write_at(file.fd, file.at, header, sizeof(header)), 0);
		assert_int_equal(ftruncate(file.fd, VOLUME * 2), 0);
		crash_log_init(&log, file.fd, VOLUME, false);
		assert_int_equal(crash_log_read(&log, UINT64_MAX, &problem), -EINVAL);
		assert_int_equal(problem.kind, PROBLEM_USAGE);
		assert_non_null(strstr(problem.message, "damaged at byte 1536: "));
		if (!strstr(problem.message, cases[i].said))
			fail_msg("\"%s\" lacks \"%s\"", problem.message, cases[i].said);
		assert_int_equal(log.write_count, 1);
		close(file.fd);
	}
}

static void other_files_get_a_sentence(void **state)
{
	static const struct {
		uint64_t super[4];
		const char *said;
	} cases[] = {
		{ { 1, 1, 0, 512 }, "format of dm-log-writes" },
		{ { 0x6a736677736872, 2, 0, 512 }, "format of dm-log-writes" },
		{ { 0x6a736677736872, 1, 0, 0 }, "size of a sector" },
		{ { 0x6a736677736872, 1, 0, 256 }, "size of a sector" },
		{ { 0x6a736677736872, 1, 0, 513 }, "size of a sector" },
		{ { 0x6a736677736872, 1, 0, 1u << 31 }, "size of a sector" },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(crash_log_clear) struct crash_log log;
		CLEANUP(problem_clear) struct problem problem = { 0 };
		CLEANUP(fd_closep) int fd = memfd_create("log", MFD_CLOEXEC);
		uint64_t super[4];

		for (size_t k = 0; k < 4; k++)
			super[k] = htole64(cases[i].super[k]);
		assert_int_equal(io_write_at(fd, 0, super, sizeof(super)), 0);
		assert_int_equal(ftruncate(fd, 4096), 0);
		crash_log_init(&log, fd, VOLUME, false);
		assert_int_equal(crash_log_read(&log, UINT64_MAX, &problem), -EINVAL);
		if (!strstr(problem.message, cases[i].said))
			fail_msg("\"%s\" lacks \"%s\"", problem.message, cases[i].said);
	}
}

static void a_failed_read_gets_a_sentence(void **state)
{
	CLEANUP(crash_log_clear) struct crash_log log;
	CLEANUP(problem_clear) struct problem problem = { 0 };
	(void)state;

	crash_log_init(&log, -1, VOLUME, false);
	assert_int_equal(crash_log_read(&log, UINT64_MAX, &problem), -EBADF);
	assert_non_null(strstr(problem.message, "cannot read the log of writes: "));
}

static void a_saved_log_reads_the_same(void **state)
{
	static const uint32_t sectors[] = { 512, 4096 };
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(sectors); i++) {
		CLEANUP(crash_log_clear) struct crash_log log, again;
		CLEANUP(fd_closep) int fd = memfd_create("saved", MFD_CLOEXEC);
		struct log_file file;
		uint64_t entries;

		fill(&file, sectors[i]);
		crash_log_init(&log, file.fd, VOLUME, false);
		assert_int_equal(crash_log_read(&log, UINT64_MAX, NULL), 0);
		assert_int_equal(crash_log_save(&log, fd), 0);
		crash_log_init(&again, fd, VOLUME, false);
		assert_int_equal(crash_log_read(&again, UINT64_MAX, NULL), 0);
		assert_filled(&again, sectors[i]);
		assert_data(&again, 1, 2);
		assert_data(&again, 3, 3);
		/* Four writes, two flushes, two marks. */
		assert_int_equal(io_read_at(fd, 16, &entries, 8), 0);
		assert_int_equal(le64toh(entries), 8);
		close(file.fd);
	}
}

/* A mark before a flush stays before it, and no flush is made up. */
static void a_saved_log_keeps_the_order(void **state)
{
	static const bool orders[] = { false, true };
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
		CLEANUP(crash_log_clear) struct crash_log log, again;
		CLEANUP(fd_closep) int fd = memfd_create("saved", MFD_CLOEXEC);
		struct log_file file;

		log_file_open(&file, 512);
		log_file_write(&file, 0, 1, 0, 1);
		if (!orders[i])
			log_file_flush(&file);
		log_file_write(&file, 1, 1, 0, 2);
		crash_log_init(&log, file.fd, VOLUME, orders[i]);
		assert_int_equal(crash_log_read(&log, UINT64_MAX, NULL), 0);
		assert_int_equal(crash_log_mark(&log, "before"), 0);
		if (!orders[i])
			log_file_flush(&file);
		assert_int_equal(crash_log_read(&log, UINT64_MAX, NULL), 0);
		assert_int_equal(crash_log_mark(&log, "after"), 0);
		assert_int_equal(crash_log_save(&log, fd), 0);
		crash_log_init(&again, fd, VOLUME, false);
		assert_int_equal(crash_log_read(&again, UINT64_MAX, NULL), 0);
		assert_mark(&again, 0, "before", 2, orders[i] ? 0 : 1);
		assert_mark(&again, 1, "after", 2, orders[i] ? 0 : 2);
		close(file.fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_entry_is_read),
		cmocka_unit_test(without_flushes_each_write_is_durable_at_once),
		cmocka_unit_test(marks_are_where_they_were_noted),
		cmocka_unit_test(a_log_is_read_while_it_grows),
		cmocka_unit_test(damage_gets_a_sentence),
		cmocka_unit_test(other_files_get_a_sentence),
		cmocka_unit_test(a_failed_read_gets_a_sentence),
		cmocka_unit_test(a_saved_log_reads_the_same),
		cmocka_unit_test(a_saved_log_keeps_the_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
