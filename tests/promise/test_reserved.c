/* SPDX-License-Identifier: MIT */
/* What file systems of this kernel are known to reserve. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <prealloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/text.h"
#include "case.h"
#include "lack.h"
#include "loop.h"

static const struct case_row rows[] = {
	{ "ext4", "reserved:overwrite", "fallocate", VERDICT_KEPT, NULL },
	{ "ext4", "reserved:overwrite", "ftruncate", VERDICT_NOT_PROMISED, "first overwrite" },
	{ "ext4", "reserved:overwrite", "none", VERDICT_NOT_PROMISED,
	  "first overwrite, write 1 of 4096" },
	{ "xfs", "reserved:overwrite", "fallocate", VERDICT_KEPT, NULL },
	{ "btrfs", "reserved:overwrite", "fallocate", VERDICT_BROKEN, "second overwrite" },
	{ "btrfs", "reserved:overwrite", "chunk-64K", VERDICT_BROKEN, "first overwrite" },
	{ "ext4", "reserved:mmap", "fallocate", VERDICT_KEPT, NULL },
	{ "ext4", "reserved:mmap", "ftruncate", VERDICT_NOT_PROMISED, "page fault: SIGBUS" },
	{ "xfs", "reserved:mmap", "fallocate-keep-size", VERDICT_KEPT, NULL },
	{ "ext4", "reserved:reopened", "fallocate", VERDICT_KEPT, NULL },
	{ "btrfs", "reserved:reopened", "fallocate", VERDICT_BROKEN, "second overwrite" },
	{ "ext4", "reserved:hole", "fallocate", VERDICT_KEPT, NULL },
	{ "xfs", "reserved:hole", "chunk-64K", VERDICT_KEPT, NULL },
	{ "ext3", "reserved:hole", "chunk-64K", VERDICT_NA,
	  "allocating the hole again: Operation not" },
	{ "ext3", "reserved:hole", "prealloc", VERDICT_KEPT, NULL },
	{ "xfs", "reserved:reflink", "fallocate", VERDICT_KEPT, NULL },
	{ "xfs", "reserved:reflink", "chunk-64K", VERDICT_BROKEN, "first overwrite" },
	{ "btrfs", "reserved:reflink", "fallocate", VERDICT_BROKEN, "first overwrite" },
	{ "btrfs", "reserved:snapshot", "fallocate", VERDICT_BROKEN, "first overwrite" },
	{ "btrfs", "reserved:compress", "fallocate", VERDICT_BROKEN, "second overwrite" },
	{ "btrfs", "reserved:compress", "chunk-64K", VERDICT_BROKEN, "first overwrite" },
	{ "btrfs", "reserved:nocow", "fallocate", VERDICT_KEPT, NULL },
	{ "btrfs", "reserved:nocow", "chunk-64K", VERDICT_KEPT, NULL },
	{ "btrfs", "reserved:nocow-snapshot", "fallocate", VERDICT_BROKEN, "first overwrite" },
	{ "ext4", "reserved:quota-user", "fallocate", VERDICT_KEPT, NULL },
};

/* ---- the checker proves itself ---- */

/* Sets the length and says that it has allocated. */
static int claim(int fd, const struct method_request *request, struct method_outcome *ret)
{
	ret->path = METHOD_PATH_NATIVE;
	return ftruncate(fd, (off_t)request->bytes) < 0 ? -errno : 0;
}

/* Loses one block of what it has allocated. */
static int lose(int fd, const struct method_request *request, struct method_outcome *ret)
{
	ret->path = METHOD_PATH_NATIVE;
	if (fallocate(fd, 0, 0, (off_t)request->bytes) < 0 ||
	    fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 5 << 20, 4096) < 0)
		return -errno;
	return 0;
}

static void check_is_broken(int (*allocate)(int, const struct method_request *,
					    struct method_outcome *),
			    const char *name)
{
	static const char *const types[] = { "ext4", "xfs" };
	struct method method = { .name = "test", .allocate = allocate };
	struct method_choice choice = { .method = &method, .name = "test" };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		CLEANUP(case_result_clear) struct case_result result = { 0 };

		case_run(&(struct case_run) { types[i], name, &choice, NULL, 7 }, &result);
		assert_string_equal(result.verdict, VERDICT_BROKEN);
		assert_non_null(strstr(result.text, "first overwrite"));
		assert_non_null(strstr(result.text, "seed 7"));
	}
}

static void who_claims_and_reserves_nothing_is_found(void **state)
{
	(void)state;
	check_is_broken(claim, "reserved:overwrite");
	check_is_broken(claim, "reserved:mmap");
}

static void who_loses_a_block_is_found(void **state)
{
	(void)state;
	check_is_broken(lose, "reserved:overwrite");
	check_is_broken(lose, "reserved:reopened");
}

/* ---- what libprealloc reports as risks is what is found ---- */

static uint32_t risks;

static int allocate_by_library(int fd, const struct method_request *request,
			       struct method_outcome *ret)
{
	struct prealloc_result result = { .size = sizeof(result) };
	int r = prealloc(fd, 0, request->bytes, NULL, &result);

	ret->refused_by = "prealloc";
	risks = result.risks;
	return r;
}

/* The second half of the file becomes a copy of the first, which shares its blocks. */
static int allocate_shared(int fd, const struct method_request *request, struct method_outcome *ret)
{
	uint64_t half = request->bytes / 2;
	struct file_clone_range range = { fd, 0, half, half };
	CLEANUP(freep) void *zeroes = calloc(1, half);

	ret->refused_by = "FICLONERANGE";
	if (io_write_at(fd, 0, zeroes, half) < 0 || fsync(fd) < 0 ||
	    ioctl(fd, FICLONERANGE, &range) < 0)
		return -errno;
	return allocate_by_library(fd, request, ret);
}

static void check_risks(const char *type, const char *name,
			int (*allocate)(int, const struct method_request *,
					struct method_outcome *),
			uint32_t expected)
{
	struct method method = { .name = "prealloc", .allocate = allocate };
	struct method_choice choice = { .method = &method, .name = "prealloc" };
	CLEANUP(case_result_clear) struct case_result result = { 0 };

	case_run(&(struct case_run) { type, name, &choice, NULL, 1 }, &result);
	if (risks != expected || strcmp(result.verdict, risks ? VERDICT_BROKEN : VERDICT_KEPT) != 0)
		fail_msg("%s %s: risks %u, %s: %s", type, name, (unsigned)risks, result.verdict,
			 result.text);
}

static void risks_of_the_library_are_those_found(void **state)
{
	static const char *const types[] = { "ext2", "ext3", "ext4", "xfs" };
	static const char *const names[] = { "reserved:overwrite", "reserved:mmap",
					     "reserved:reopened", "reserved:hole" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(types); j++)
			check_risks(types[j], names[i], allocate_by_library, 0);
		check_risks("btrfs", names[i], allocate_by_library, PREALLOC_RISK_COPY_ON_WRITE);
	}
	check_risks("btrfs", "reserved:compress", allocate_by_library, PREALLOC_RISK_COPY_ON_WRITE);
	check_risks("btrfs", "reserved:nocow", allocate_by_library, 0);
	check_risks("xfs", "reserved:reflink", allocate_by_library, 0);
	check_risks("xfs", "reserved:overwrite", allocate_shared, PREALLOC_RISK_SHARED);
}

/* ---- a directory ---- */

static char *verdict_in(const char *directory, const char *method_name)
{
	struct method_choice method = case_method(method_name);
	CLEANUP(freep) char *own = text_path(directory, "alloc-perf.test");
	struct promise_run run = {
		.method = &method, .directory = own, .file_bytes = 4 << 20, .seed = 1
	};
	enum promise promise;

	assert_int_equal(mkdir(own, 0700), 0);
	assert_int_equal(promise_case_find("reserved:reopened", &promise, NULL)->run(&run), 0);
	assert_int_equal(rmdir(own), 0); /* nothing is left in it */
	free(run.text);
	return strdup(run.verdict);
}

static void an_empty_file_system_of_ones_own_is_filled(void **state)
{
	CLEANUP(freep) char *directory = strdup("/var/tmp/promise-XXXXXX");
	CLEANUP(freep) char *kept = NULL;
	CLEANUP(freep) char *lost = NULL;
	CLEANUP(freep) char *other = NULL;
	CLEANUP(freep) char *foreign = NULL;
	int r = loop_enter_namespace();

	(void)state;
	assert_non_null(mkdtemp(directory));
	if (r == 0 && mount("tmpfs", directory, "tmpfs", 0, "size=16m") < 0)
		r = -errno;
	if (r < 0) {
		rmdir(directory);
		lack("loop", "no mounts here: %s", strerror(-r));
	}
	kept = verdict_in(directory, "fallocate");
	lost = verdict_in(directory, "ftruncate");
	foreign = text_path(directory, "somebody's");
	assert_int_equal(mkdir(foreign, 0700), 0);
	other = verdict_in(directory, "fallocate");
	assert_int_equal(umount(directory), 0);
	assert_int_equal(rmdir(directory), 0);
	assert_string_equal(kept, VERDICT_KEPT);
	assert_string_equal(lost, VERDICT_NOT_PROMISED);
	assert_string_equal(other, VERDICT_NA);
}

int main(void)
{
	const struct CMUnitTest others[] = {
		cmocka_unit_test(risks_of_the_library_are_those_found),
		cmocka_unit_test(an_empty_file_system_of_ones_own_is_filled),
		cmocka_unit_test(who_claims_and_reserves_nothing_is_found),
		cmocka_unit_test(who_loses_a_block_is_found),
	};

	return case_run_tests(rows, ARRAY_SIZE(rows), others, ARRAY_SIZE(others));
}
