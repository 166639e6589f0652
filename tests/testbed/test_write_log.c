/* SPDX-License-Identifier: MIT */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "testbed/recording.h"
#include "testbed/write_log.h"

struct sector {
	union {
		struct write_log_super super;
		struct write_log_entry entry;
		char bytes[WRITE_LOG_SECTOR];
	};
};

static int new_log(void)
{
	char path[] = "/tmp/alloc-perf-test-XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(unlink(path), 0);
	return fd;
}

static void put(int fd, const struct sector *sector)
{
	assert_int_equal(io_write_all(fd, sector, sizeof(*sector)), 0);
}

static void put_super(int fd, uint64_t magic, uint64_t entries)
{
	put(fd, &(struct sector) { .super = { htole64(magic), htole64(WRITE_LOG_VERSION),
					      htole64(entries), htole32(WRITE_LOG_SECTOR) } });
}

static void put_entry(int fd, uint64_t sector, uint64_t sectors, uint64_t flags)
{
	put(fd,
	    &(struct sector) { .entry = { htole64(sector), htole64(sectors), htole64(flags), 0 } });
}

static void put_data(int fd, uint64_t sectors)
{
	struct sector data;

	memset(&data, 'd', sizeof(data));
	while (sectors--)
		put(fd, &data);
}

static void assert_end(int fd, struct write_log_place *place, uint64_t sectors, uint64_t entries)
{
	assert_int_equal(write_log_find_end(fd, place), 0);
	assert_int_equal(place->bytes, sectors * WRITE_LOG_SECTOR);
	assert_int_equal(place->entries, entries);
}

static void the_end_moves_on(void **state)
{
	CLEANUP(fd_closep) int fd = new_log();
	struct write_log_place place = { 0 };

	(void)state;
	assert_end(fd, &place, 1, 0); /* nothing is there yet */
	put_super(fd, WRITE_LOG_MAGIC, 0);
	assert_end(fd, &place, 1, 0);
	put_entry(fd, 8, 2, 0);
	assert_end(fd, &place, 1, 0); /* without its data */
	put_data(fd, 2);
	assert_end(fd, &place, 4, 1);
	put_entry(fd, 0, 0, WRITE_LOG_FLUSH);
	put_entry(fd, 0, 1000, WRITE_LOG_DISCARD);
	put_entry(fd, 0, 1, WRITE_LOG_FUA);
	put_data(fd, 1);
	assert_end(fd, &place, 8, 4);
	/* QEMU's log is larger than what it holds. */
	assert_int_equal(ftruncate(fd, 1 << 20), 0);
	assert_end(fd, &place, 8, 4);
}

static void what_is_no_log_is_refused(void **state)
{
	CLEANUP(fd_closep) int none = new_log();
	CLEANUP(fd_closep) int damaged = new_log();
	CLEANUP(fd_closep) int incomplete = new_log();
	struct write_log_place place = { 0 };

	(void)state;
	put_super(none, 1, 0);
	assert_int_equal(write_log_find_end(none, &place), -EPROTO);
	put_super(damaged, WRITE_LOG_MAGIC, 0);
	put_entry(damaged, 0, UINT64_MAX / WRITE_LOG_SECTOR, 0);
	assert_int_equal(write_log_find_end(damaged, &place), -EPROTO);
	put_super(incomplete, ~WRITE_LOG_MAGIC, 0);
	assert_int_equal(write_log_find_end(incomplete, &place), -ENOSPC);
	assert_int_equal(place.bytes, 0);
}

static void an_entry_that_is_counted_is_awaited(void **state)
{
	CLEANUP(fd_closep) int fd = new_log();
	struct write_log_place place = { 0 };

	(void)state;
	put_super(fd, WRITE_LOG_MAGIC, 2);
	put_entry(fd, 0, 0, WRITE_LOG_FLUSH);
	assert_int_equal(write_log_find_end(fd, &place), -ETIME);
	put_entry(fd, 0, 0, WRITE_LOG_FLUSH);
	assert_end(fd, &place, 3, 2);
}

static void the_number_of_entries_is_set_at_the_end(void **state)
{
	CLEANUP(fd_closep) int fd = new_log();
	struct write_log_super super;

	(void)state;
	put_super(fd, WRITE_LOG_MAGIC, 0);
	assert_int_equal(write_log_finish(fd), -ENODATA);
	put_entry(fd, 0, 0, WRITE_LOG_FLUSH);
	assert_int_equal(write_log_finish(fd), 0);
	assert_int_equal(io_read_at(fd, 0, &super, sizeof(super)), 0);
	assert_int_equal(le64toh(super.entries), 1);
}

static void what_was_read_is_forgotten(void **state)
{
	CLEANUP(fd_closep) int fd = new_log();
	struct write_log_place place = { 0 };

	(void)state;
	put_super(fd, WRITE_LOG_MAGIC, 0);
	put_entry(fd, 0, 31, 0);
	put_data(fd, 31);
	assert_end(fd, &place, 33, 1);
	write_log_forget(fd, WRITE_LOG_SECTOR, place.bytes);
	put_entry(fd, 0, 0, WRITE_LOG_FLUSH);
	assert_end(fd, &place, 34, 2);
}

/* ---- mkfs ---- */

static void assert_mkfs(const char *type, const char *mkfs, const char *expected)
{
	const struct filesystem filesystem = { .type = (char *)type, .mkfs = (char *)mkfs };
	CLEANUP(freep) char *text = recording_mkfs(&filesystem);

	assert_string_equal(text, expected);
}

static void mkfs_leaves_free_blocks_alone(void **state)
{
	(void)state;
	assert_mkfs("ext2", "mkfs.ext2 -F", "mkfs.ext2 -F -E nodiscard -b 4096");
	assert_mkfs("ext4", "mkfs.ext4 -E a=0,b=0 -q", "mkfs.ext4 -E nodiscard,a=0,b=0 -q -b 4096");
	assert_mkfs("ext4", "mkfs.ext4 -E a -b 1024 -E b", "mkfs.ext4 -E a -b 1024 -E nodiscard,b");
	assert_mkfs("xfs", "mkfs.xfs -f", "mkfs.xfs -f -K");
	assert_mkfs("btrfs", "mkfs.btrfs", "mkfs.btrfs -K");
	assert_mkfs("f2fs", "mkfs.f2fs", "mkfs.f2fs -t 0");
	assert_mkfs("jfs", "mkfs.jfs -q", "mkfs.jfs -q");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_end_moves_on),
		cmocka_unit_test(what_is_no_log_is_refused),
		cmocka_unit_test(an_entry_that_is_counted_is_awaited),
		cmocka_unit_test(the_number_of_entries_is_set_at_the_end),
		cmocka_unit_test(what_was_read_is_forgotten),
		cmocka_unit_test(mkfs_leaves_free_blocks_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
