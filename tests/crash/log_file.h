/* SPDX-License-Identifier: MIT */
/* Logs in the format of dm-log-writes, in memory, for tests. */
#ifndef TESTS_CRASH_LOG_FILE_H
#define TESTS_CRASH_LOG_FILE_H

#include <endian.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "base/io.h"
#include "base/random.h"
#include "crash/log.h"

enum { LOG_FILE_WRITE_MAX = 1 << 16 };

struct log_file {
	int fd;
	uint32_t sector_bytes;
	uint64_t at; /* where the next entry goes */
};

/* A header sector; the data after it are up to the caller. */
static inline void log_file_header(struct log_file *file, uint64_t sector, uint64_t sectors,
				   uint64_t flags, const char *text)
{
	const uint64_t header[] = { htole64(sector), htole64(sectors), htole64(flags),
				    htole64(strlen(text)) };
	unsigned char bytes[4096] = { 0 };

	memcpy(bytes, header, sizeof(header));
	memcpy(bytes + sizeof(header), text, strlen(text));
	assert_int_equal(io_write_at(file->fd, file->at, bytes, file->sector_bytes), 0);
	file->at += file->sector_bytes;
}

/* A write of bytes that the seed determines; a discard has none. */
static inline void log_file_write(struct log_file *file, uint64_t sector, uint64_t sectors,
				  uint64_t flags, uint64_t seed)
{
	static uint64_t data[LOG_FILE_WRITE_MAX / sizeof(uint64_t)];
	size_t bytes = (size_t)sectors * file->sector_bytes;

	log_file_header(file, sector, sectors, flags, "");
	if (flags & WRITE_LOG_DISCARD)
		return;
	assert_true(bytes <= sizeof(data));
	for (size_t i = 0; i < bytes / sizeof(uint64_t); i++)
		data[i] = random_mix(seed + i);
	assert_int_equal(io_write_at(file->fd, file->at, data, bytes), 0);
	file->at += bytes;
}

static inline void log_file_flush(struct log_file *file)
{
	log_file_header(file, 0, 0, WRITE_LOG_FLUSH, "");
}

static inline void log_file_open(struct log_file *file, uint32_t sector_bytes)
{
	const uint64_t super[] = { htole64(0x6a736677736872), htole64(1), 0,
				   htole64(sector_bytes) };

	*file = (struct log_file) { memfd_create("log", MFD_CLOEXEC), sector_bytes, sector_bytes };
	assert_true(file->fd >= 0);
	assert_int_equal(io_write_at(file->fd, 0, super, sizeof(super)), 0);
}

#endif
