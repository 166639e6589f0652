/* SPDX-License-Identifier: MIT */
/*
 * Read while a guest writes it: an entry counts when all of its data are in the file.  Only
 * pread() and pwrite() are used, since the recorder shares the descriptor's position.
 */
#include "testbed/write_log.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"

enum {
	LENGTH_MOST = 1 << 30, /* of one entry; more is damage */
	AWAIT_TRIES = 1000,
	AWAIT_PAUSE_MS = 5,
	ROOM_BYTES = 4 << 20,
};

/* *ret_entries is not changed where there is none yet. */
static int read_super(int fd, uint64_t *ret_entries)
{
	struct write_log_super super;
	int r = io_read_at(fd, 0, &super, sizeof(super));

	if (r == -EIO || (r == 0 && super.magic == 0))
		return 0;
	if (r < 0)
		return r;
	if (le64toh(super.magic) == ~WRITE_LOG_MAGIC)
		return -ENOSPC;
	if (le64toh(super.magic) != WRITE_LOG_MAGIC ||
	    le64toh(super.version) != WRITE_LOG_VERSION ||
	    le32toh(super.sector_bytes) != WRITE_LOG_SECTOR)
		return -EPROTO;
	*ret_entries = le64toh(super.entries);
	return 0;
}

/* The bytes of the entry with its data; 0: there is none, or not all of it; -EPROTO or -errno. */
static int64_t entry_bytes(int fd, uint64_t position, uint64_t file_bytes)
{
	static const struct write_log_entry none;
	struct write_log_entry entry;
	uint64_t bytes = WRITE_LOG_SECTOR;
	int r;

	if (position + WRITE_LOG_SECTOR > file_bytes)
		return 0;
	r = io_read_at(fd, position, &entry, sizeof(entry));
	if (r < 0)
		return r;
	if (memcmp(&entry, &none, sizeof(entry)) == 0)
		return 0;
	if (!(le64toh(entry.flags) & WRITE_LOG_DISCARD)) {
		if (le64toh(entry.sectors) > LENGTH_MOST / WRITE_LOG_SECTOR)
			return -EPROTO;
		bytes += le64toh(entry.sectors) * WRITE_LOG_SECTOR;
	}
	return position + bytes > file_bytes ? 0 : (int64_t)bytes;
}

static int walk(int fd, struct write_log_place *place)
{
	struct stat status;
	int64_t bytes;

	if (fstat(fd, &status) < 0)
		return -errno;
	while ((bytes = entry_bytes(fd, place->bytes, (uint64_t)status.st_size)) > 0) {
		place->bytes += (uint64_t)bytes;
		place->entries++;
	}
	return (int)bytes;
}

/* QEMU tells its guest that there was no space, and leaves a part of the entry. */
static bool has_room(int fd)
{
	struct statvfs status;

	return fstatvfs(fd, &status) < 0 || status.f_bavail * status.f_frsize >= ROOM_BYTES;
}

int write_log_find_end(int fd, struct write_log_place *place)
{
	const struct timespec pause = { .tv_nsec = AWAIT_PAUSE_MS * 1000000L };
	struct write_log_place end = *place;
	uint64_t begun = 0;
	int r = read_super(fd, &begun);

	if (!end.bytes)
		end.bytes = WRITE_LOG_SECTOR;
	if (r == 0 && !has_room(fd))
		r = -ENOSPC;
	if (r == 0)
		r = walk(fd, &end);
	for (int i = 0; r == 0 && end.entries < begun; i++) {
		if (i == AWAIT_TRIES)
			return -ETIME;
		nanosleep(&pause, NULL);
		r = walk(fd, &end);
	}
	if (r == 0)
		*place = end;
	return r;
}

int write_log_finish(int fd)
{
	struct write_log_place end = { 0 };
	uint64_t entries;
	int r = write_log_find_end(fd, &end);

	if (r == 0 && end.entries == 0)
		r = -ENODATA;
	if (r < 0)
		return r;
	entries = htole64(end.entries);
	if (pwrite(fd, &entries, sizeof(entries), offsetof(struct write_log_super, entries)) < 0)
		return -errno;
	return 0;
}

void write_log_forget(int fd, uint64_t start, uint64_t end)
{
	(void)fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)start,
			(off_t)(end - start));
}
