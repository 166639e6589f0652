/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/problem.h"
#include "workload/pattern.h"
#include "workload/workload.h"

enum { SEED = 7 };

static void names_have_one_spelling(void **state)
{
	static const struct {
		const char *typed, *name, *title;
	} cases[] = {
		{ "write-seq-1M", "write-seq-1048576", "write-seq-1M" },
		{ "write-rand-16384", "write-rand-16384", "write-rand-16K" },
		{ "append-8K+fdatasync", "append-8192+fdatasync", "append-8192+fdatasync" },
		{ "write-seq-4K+fsync/1", "write-seq-4096+fsync", "write-seq-4096+fsync" },
		{ "write-rand-64K+fsync/16-direct-x10", "write-rand-65536-x10-direct+fsync/16",
		  "write-rand-64K-x10-direct+fsync/16" },
		{ "append-128-x5,append-128", "append-128-x5,append-128",
		  "append-128-x5,append-128" },
		{ "write-seq-4K, overwrite-rand-4K read-rand-4K-direct",
		  "write-seq-4096,overwrite-rand-4096,read-rand-4096-direct",
		  "write-seq-4096,overwrite-rand-4096,read-rand-4096-direct" },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(problem_clear) struct problem problem = { 0 };
		CLEANUP(freep) char *name = NULL, *title = NULL, *again = NULL;
		struct phase_chain chain;

		if (phase_chain_parse(cases[i].typed, &chain, &problem) < 0)
			fail_msg("%s: %s", cases[i].typed, problem.message);
		name = phase_chain_text(&chain, false);
		title = phase_chain_text(&chain, true);
		assert_string_equal(name, cases[i].name);
		assert_string_equal(title, cases[i].title);
		assert_int_equal(phase_chain_parse(name, &chain, NULL), 0);
		again = phase_chain_text(&chain, false);
		assert_string_equal(again, name);
		assert_int_equal(phase_chain_parse(title, &chain, NULL), 0);
	}
}

static void wrong_phases_get_a_sentence(void **state)
{
	static const struct {
		const char *typed, *said;
	} cases[] = {
		{ "", "no phase is given" },
		{ "write-rnd-16K",
		  "unknown phase \"write-rnd-16K\"; did you mean \"write-rand-N\"?" },
		{ "qqq", "`alloc-perf list workloads` shows them all" },
		{ "write-seq", "needs the bytes of a call" },
		{ "write-seq-", "needs the bytes of a call" },
		{ "write-seq-4Q", "\"4Q\" is not a size" },
		{ "write-seq-7", "from 64 bytes to 64M" },
		{ "write-seq-68", "a multiple of 8" },
		{ "write-seq-1G", "from 64 bytes to 64M" },
		{ "write-seq-4K+sync", "use fsync or fdatasync" },
		{ "write-seq-4K+fsync/0", "a whole number from 1" },
		{ "write-seq-4K+fsync+fsync", "after the size use" },
		{ "write-seq-4K-x0", "a whole number from 1" },
		{ "write-seq-4K-x99999999999", "a whole number from 1" },
		{ "write-seq-4K-dircet", "after the size use" },
		{ "write-seq-72-direct", "a multiple of 512" },
		{ "write-seq-4K,read-seq-4K+fsync", "nothing to sync" },
		{ "read-seq-4K", "nothing has been written before" },
		{ "overwrite-rand-4K", "nothing has been written before" },
		{ "write-rand-4K,append-4K", "the file is full" },
		{ "append-4K,append-4K", "the file is full" },
		{ "append-4K,overwrite-seq-4K,append-4K", "the file is full" },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(problem_clear) struct problem problem = { 0 };
		struct phase_chain chain;

		assert_int_equal(phase_chain_parse(cases[i].typed, &chain, &problem), -EINVAL);
		assert_int_equal(problem.kind, PROBLEM_USAGE);
		if (!strstr(problem.message, cases[i].said))
			fail_msg("\"%s\" lacks \"%s\"", problem.message, cases[i].said);
	}
}

/* ---- on files in memory ---- */

static void open_files(struct workload_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		set->file[i].fd = memfd_create("file", MFD_CLOEXEC);
		assert_true(set->file[i].fd >= 0);
	}
}

static void close_files(struct workload_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		close(set->file[i].fd);
	workload_set_clear(set);
}

static void run_phase(struct workload_set *set, const struct phase *phase,
		      struct workload_outcome *ret)
{
	CLEANUP(workload_job_freep) struct workload_job *job = NULL;
	CLEANUP(freep) struct histogram *latency = calloc(1, sizeof(*latency));

	*ret = (struct workload_outcome) { .latency = latency };
	assert_int_equal(workload_prepare(set, phase, &job), 0);
	assert_int_equal(workload_run(job, ret), 0);
	assert_int_equal(latency->total, ret->calls);
	ret->latency = NULL;
}

/* What the last phase did. */
static struct workload_outcome run_chain(struct workload_set *set, const char *text)
{
	struct workload_outcome outcome = { 0 };
	struct phase_chain chain;

	assert_int_equal(phase_chain_parse(text, &chain, NULL), 0);
	for (size_t i = 0; i < chain.count; i++)
		run_phase(set, &chain.phase[i], &outcome);
	assert_int_equal(workload_sync(set), 0);
	return outcome;
}

static void begin(struct workload_set *set, struct method_choice *choice, const char *method,
		  size_t files, uint64_t bytes, bool mixed)
{
	assert_int_equal(method_parse(method, choice, NULL), 0);
	assert_int_equal(workload_set_init(set, choice, files, bytes, mixed, SEED), 0);
	open_files(set);
}

static void files_hold_what_phases_wrote(void **state)
{
	static const struct {
		const char *method, *chain;
		size_t files;
		uint64_t bytes;
		bool mixed, full;
	} cases[] = {
		{ "none", "write-seq-4K", 1, 100000, false, true },
		{ "none", "write-rand-4K", 3, 100000, false, true },
		{ "none", "write-rand-16K,overwrite-rand-4K-x9,overwrite-seq-128-x77", 2, 262144,
		  true, true },
		{ "none", "append-8K-x5,append-200-x30,append-64K", 2, 300000, false, true },
		{ "none", "append-1000-x7", 1, 100000, false, false },
		{ "none", "append-8K-x5,overwrite-seq-16K,append-8K-x2", 2, 100000, false, false },
		{ "none", "append-8K-x5,overwrite-rand-4K-x3,append-8K", 2, 100000, false, true },
		{ "none", "write-rand-4K-x5,overwrite-seq-8K,overwrite-rand-1000", 3, 65536, false,
		  false },
		{ "none", "write-rand-4K-x5", 4, 65536, false, false },
		{ "fallocate-step-64K", "append-8K+fdatasync", 2, 200000, false, true },
		{ "fallocate-ahead-64K", "append-8K-x3+fsync/2", 2, 200000, false, false },
		{ "none", "write-seq-1M,read-rand-4K-x3,overwrite-rand-512", 1, 3 << 20, false,
		  true },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct method_choice choice;
		struct workload_set set;
		struct workload_mismatch found = { 0 };

		begin(&set, &choice, cases[i].method, cases[i].files, cases[i].bytes,
		      cases[i].mixed);
		run_chain(&set, cases[i].chain);
		if (workload_verify(&set, &found) != 0)
			fail_msg("case %zu: file %zu at %llu: %d for %d by %s", i, found.file,
				 (unsigned long long)found.offset, found.found, found.wanted,
				 found.writer ? found.writer : "nobody");
		assert_int_equal(workload_is_full(&set), cases[i].full);
		assert_true(set.verified_bytes >=
			    (cases[i].full ? cases[i].files * cases[i].bytes : 1));
		close_files(&set);
	}
}

static void assert_found(struct workload_set *set, size_t file, uint64_t offset, const char *writer)
{
	struct workload_mismatch found = { 0 };
	unsigned char byte;

	assert_int_equal(pread(set->file[file].fd, &byte, 1, (off_t)offset), 1);
	byte ^= 0x40;
	assert_int_equal(pwrite(set->file[file].fd, &byte, 1, (off_t)offset), 1);
	assert_int_equal(workload_verify(set, &found), -EILSEQ);
	assert_int_equal(found.file, file);
	assert_int_equal(found.offset, offset);
	assert_int_equal(found.found, byte);
	assert_int_equal(found.wanted, byte ^ 0x40);
	if (writer)
		assert_string_equal(found.writer, writer);
	else
		assert_null(found.writer);
	byte ^= 0x40;
	assert_int_equal(pwrite(set->file[file].fd, &byte, 1, (off_t)offset), 1);
	assert_int_equal(workload_verify(set, &found), 0);
}

static void every_wrong_byte_is_found(void **state)
{
	struct method_choice choice;
	struct workload_set set;
	(void)state;

	begin(&set, &choice, "none", 2, 65536, false);
	run_chain(&set, "write-rand-4K,overwrite-seq-1K-x3");
	assert_found(&set, 0, 0, "overwrite-seq-1024-x3");
	assert_found(&set, 0, 2047, "overwrite-seq-1024-x3");
	assert_found(&set, 0, 2048, "write-rand-4096");
	assert_found(&set, 1, 1024, "write-rand-4096");
	assert_found(&set, 1, 65535, "write-rand-4096");
	close_files(&set);

	begin(&set, &choice, "none", 1, 65536, false);
	run_chain(&set, "append-1K-x2");
	assert_int_equal(ftruncate(set.file[0].fd, 65536), 0);
	assert_found(&set, 0, 2048, NULL);
	assert_found(&set, 0, 65535, NULL);
	close_files(&set);
}

/* Blocks that changed places, that are of an earlier pass or of another file. */
static void misplaced_blocks_are_found(void **state)
{
	char first[4096], second[4096];
	struct method_choice choice;
	struct workload_set set;
	struct workload_mismatch found = { 0 };
	(void)state;

	begin(&set, &choice, "none", 2, 1 << 20, false);
	run_chain(&set, "write-seq-4K");
	/* Blocks 0 and 64 are of the same part of the pool. */
	assert_int_equal(pread(set.file[0].fd, first, 4096, 0), 4096);
	assert_int_equal(pread(set.file[0].fd, second, 4096, 64 * 4096), 4096);
	assert_int_equal(pwrite(set.file[0].fd, second, 4096, 0), 4096);
	assert_int_equal(workload_verify(&set, &found), -EILSEQ);
	assert_true(found.offset < 8);
	assert_int_equal(pwrite(set.file[0].fd, first, 4096, 0), 4096);
	assert_int_equal(workload_verify(&set, &found), 0);
	assert_int_equal(pwrite(set.file[1].fd, first, 4096, 0), 4096);
	assert_int_equal(workload_verify(&set, &found), -EILSEQ);
	assert_int_equal(found.file, 1);
	run_chain(&set, "write-seq-4K");
	assert_int_equal(workload_verify(&set, &found), 0);
	assert_int_equal(pwrite(set.file[0].fd, first, 4096, 0), 4096);
	assert_int_equal(workload_verify(&set, &found), -EILSEQ);
	close_files(&set);
}

static void a_short_file_is_found(void **state)
{
	struct method_choice choice;
	struct workload_set set;
	struct workload_mismatch found = { 0 };
	(void)state;

	begin(&set, &choice, "none", 1, 65536, false);
	run_chain(&set, "write-seq-4K");
	assert_int_equal(ftruncate(set.file[0].fd, 65535), 0);
	assert_int_equal(workload_verify(&set, &found), -EILSEQ);
	assert_int_equal(found.found, -1);
	assert_int_equal(found.offset, 65535);
	close_files(&set);
}

static void calls_and_syncs_are_counted(void **state)
{
	static const struct {
		const char *chain;
		uint64_t calls, bytes, syncs;
	} cases[] = {
		{ "write-seq-4K", 50, 200000, 0 },
		{ "write-seq-4K+fdatasync", 50, 200000, 50 },
		/* Of each file, after every third call. */
		{ "write-seq-4K+fsync/3", 50, 200000, 16 },
		{ "write-rand-4K-x10+fdatasync/5", 10, 0, 2 },
		{ "write-seq-1M,read-seq-4K", 50, 200000, 0 },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct method_choice choice;
		struct workload_set set;
		struct workload_outcome outcome;
		size_t files = strstr(cases[i].chain, "x10") ? 1 : 2;

		begin(&set, &choice, "none", files, 100000, false);
		outcome = run_chain(&set, cases[i].chain);
		assert_int_equal(outcome.calls, cases[i].calls);
		assert_int_equal(outcome.syncs, cases[i].syncs);
		if (cases[i].bytes)
			assert_int_equal(outcome.bytes, cases[i].bytes);
		close_files(&set);
	}
}

/* The rest of a file that is filled in part may not be there. */
static void only_what_was_written_is_used(void **state)
{
	static const struct {
		const char *chain;
		uint64_t calls, bytes, stored_bytes;
	} cases[] = {
		{ "append-8K-x5,read-seq-4K", 10, 40960, 40960 },
		{ "append-8K-x5,read-rand-4K-x1000", 10, 40960, 40960 },
		{ "append-8K-x5,read-rand-4K-x3", 3, 12288, 12288 },
		{ "append-1000-x3,read-seq-64K", 2, 3000, 3000 },
		{ "write-seq-64K-x1,read-seq-4K", 16, 65536, 65536 },
		/* Holes are read as well. */
		{ "write-rand-64-x1,read-seq-64K", 1, 0, 64 },
		{ "append-8K-x5,overwrite-seq-4K", 10, 40960, 0 },
		{ "append-8K-x5,overwrite-rand-4K-x3", 3, 12288, 0 },
		{ "append-1000-x3,overwrite-rand-64K", 2, 3000, 0 },
		{ "append-8K-x5,overwrite-rand-4K-x3,read-seq-4K", 10, 40960, 40960 },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct method_choice choice;
		struct workload_set set;
		struct workload_outcome outcome;

		begin(&set, &choice, "none", 2, 100000, false);
		outcome = run_chain(&set, cases[i].chain);
		assert_int_equal(outcome.calls, cases[i].calls);
		if (cases[i].bytes)
			assert_int_equal(outcome.bytes, cases[i].bytes);
		assert_int_equal(outcome.stored_bytes, cases[i].stored_bytes);
		close_files(&set);
	}
}

static void a_phase_without_a_block_is_refused(void **state)
{
	static const char *const chains[] = { "append-64-x1,read-seq-512-direct",
					      "append-64-x9999,append-64" };
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(chains); i++) {
		CLEANUP(workload_job_freep) struct workload_job *job = NULL;
		struct workload_outcome outcome;
		struct method_choice choice;
		struct phase_chain chain;
		struct workload_set set;

		begin(&set, &choice, "none", 1, 8192, false);
		assert_int_equal(phase_chain_parse(chains[i], &chain, NULL), 0);
		run_phase(&set, &chain.phase[0], &outcome);
		assert_int_equal(workload_prepare(&set, &chain.phase[1], &job), -ENODATA);
		assert_null(job);
		close_files(&set);
	}
}

/* Each file is given its space in steps, ahead of what is written, and never beyond its end. */
static void growth_stays_ahead(void **state)
{
	struct method_choice choice;
	struct workload_set set;
	struct stat status;
	(void)state;

	begin(&set, &choice, "fallocate-step-64K", 1, 200000, false);
	run_chain(&set, "append-8K-x9");
	assert_int_equal(set.file[0].growth.calls, 2);
	assert_int_equal(set.file[0].growth.allocated_bytes, 131072);
	assert_int_equal(fstat(set.file[0].fd, &status), 0);
	assert_int_equal(status.st_size, 131072);
	run_chain(&set, "append-8K");
	assert_int_equal(set.file[0].growth.calls, 4);
	assert_int_equal(fstat(set.file[0].fd, &status), 0);
	assert_int_equal(status.st_size, 200000);
	close_files(&set);

	begin(&set, &choice, "fallocate-ahead-64K", 1, 200000, false);
	run_chain(&set, "append-8K-x9");
	assert_int_equal(set.file[0].growth.calls, 2);
	assert_int_equal(fstat(set.file[0].fd, &status), 0);
	assert_int_equal(status.st_size, 9 * 8192);
	assert_true(status.st_blocks * 512 >= 131072);
	assert_int_equal(choice.method->finish(set.file[0].fd), 0);
	assert_int_equal(fstat(set.file[0].fd, &status), 0);
	assert_true(status.st_blocks * 512 < 131072);
	close_files(&set);
}

static void mixed_sizes_add_up(void **state)
{
	struct method_choice choice;
	struct workload_set set;
	uint64_t sum = 0, different = 0;
	(void)state;

	begin(&set, &choice, "none", 8, 32 << 20, true);
	for (size_t i = 0; i < 8; i++) {
		assert_true(set.file[i].bytes > 0);
		sum += set.file[i].bytes;
		different += set.file[i].bytes != set.file[0].bytes;
	}
	assert_int_equal(sum, 8ull * 32 << 20);
	assert_true(different >= 3);
	close_files(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_have_one_spelling),
		cmocka_unit_test(wrong_phases_get_a_sentence),
		cmocka_unit_test(files_hold_what_phases_wrote),
		cmocka_unit_test(every_wrong_byte_is_found),
		cmocka_unit_test(misplaced_blocks_are_found),
		cmocka_unit_test(a_short_file_is_found),
		cmocka_unit_test(calls_and_syncs_are_counted),
		cmocka_unit_test(only_what_was_written_is_used),
		cmocka_unit_test(a_phase_without_a_block_is_refused),
		cmocka_unit_test(growth_stays_ahead),
		cmocka_unit_test(mixed_sizes_add_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
