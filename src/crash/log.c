/* SPDX-License-Identifier: MIT */
#include "crash/log.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/io.h"

enum { SECTOR_MAX = 1 << 20, KNOWN_FLAGS = 31 };

void crash_log_init(struct crash_log *log, int fd, uint64_t volume_bytes, bool in_order)
{
	*log = (struct crash_log) { .fd = fd, .volume_bytes = volume_bytes, .in_order = in_order };
}

void crash_log_forget(struct crash_log *log)
{
	for (size_t i = 0; i < log->mark_count; i++)
		free(log->marks[i].name);
	log->write_count = log->mark_count = 0;
	log->flushed = 0;
}

void crash_log_clear(struct crash_log *log)
{
	crash_log_forget(log);
	free(log->writes);
	free(log->marks);
	*log = (struct crash_log) { .fd = -1 };
}

static int mark_take(struct crash_log *log, char *name)
{
	return ARRAY_ADD(log->marks, log->mark_count,
			 ((struct crash_mark) { .name = name,
						.writes = (uint32_t)log->write_count,
						.flushed = log->flushed }));
}

int crash_log_mark(struct crash_log *log, const char *name)
{
	CLEANUP(freep) char *copy = strdup(name);
	int r = copy ? mark_take(log, copy) : -ENOMEM;

	if (r == 0)
		TAKE_PTR(copy);
	return r;
}

/* ---- reading ---- */

static int report_damage(const struct crash_log *log, struct problem *problem, const char *what)
{
	return problem_set(problem, PROBLEM_USAGE, EINVAL,
			   "the log of writes is damaged at byte %llu: %s",
			   (unsigned long long)log->end, what);
}

static int report_failure(struct problem *problem, int error)
{
	return problem_set(problem, PROBLEM_VERDICT, error, "cannot read the log of writes: %s",
			   strerror(error));
}

/* QEMU writes the superblock at the first flush: until then there are zeroes. */
static int read_super(struct crash_log *log, struct problem *problem)
{
	struct write_log_super super;
	uint32_t bytes = CRASH_SECTOR;
	int r = io_read_at(log->fd, 0, &super, sizeof(super));

	if (r < 0)
		return report_failure(problem, -r);
	if (super.magic) {
		if (le64toh(super.magic) != WRITE_LOG_MAGIC ||
		    le64toh(super.version) != WRITE_LOG_VERSION)
			return report_damage(log, problem,
					     "it is not in the format of dm-log-writes");
		bytes = le32toh(super.sector_bytes);
	}
	if (bytes < CRASH_SECTOR || bytes > SECTOR_MAX || bytes & (bytes - 1))
		return report_damage(log, problem, "invalid size of a sector");
	log->sector_bytes = bytes;
	log->end = bytes;
	return 0;
}

/* Reads the entry at the end of `log` and finds the next one.  NULL, or what is wrong with it. */
static const char *decode(const struct crash_log *log, const struct write_log_entry *entry,
			  struct crash_write *ret, uint64_t *ret_next)
{
	uint64_t flags = le64toh(entry->flags), offset, bytes, next;

	if (flags & ~(uint64_t)KNOWN_FLAGS)
		return "unknown flags";
	if (__builtin_mul_overflow(le64toh(entry->sector), log->sector_bytes, &offset) ||
	    __builtin_mul_overflow(le64toh(entry->sectors), log->sector_bytes, &bytes) ||
	    (bytes && (offset > log->volume_bytes || bytes > log->volume_bytes - offset)))
		return "a write beyond the end of the volume";
	if (flags & WRITE_LOG_MARK &&
	    le64toh(entry->data_bytes) > log->sector_bytes - sizeof(*entry))
		return "a mark that is too long";
	next = log->end + log->sector_bytes;
	*ret = (struct crash_write) { offset, bytes, next, (uint32_t)flags, 0 };
	*ret_next = next + (flags & WRITE_LOG_DISCARD ? 0 : bytes);
	return NULL;
}

static int add_mark(struct crash_log *log, const struct write_log_entry *entry)
{
	size_t bytes = le64toh(entry->data_bytes);
	CLEANUP(freep) char *name = calloc(1, bytes + 1);
	int r = name ? io_read_at(log->fd, log->end + sizeof(*entry), name, bytes) : -ENOMEM;

	if (r == 0)
		r = mark_take(log, name);
	if (r == 0)
		TAKE_PTR(name);
	return r;
}

static int add_write(struct crash_log *log, struct crash_write write)
{
	int r;

	if (write.flags & WRITE_LOG_FLUSH && !log->in_order)
		log->flushed = (uint32_t)log->write_count;
	if (!write.bytes)
		return 0;
	if (log->write_count == UINT32_MAX)
		return -EFBIG;
	write.flags &= ~(uint32_t)WRITE_LOG_FLUSH;
	write.flushed = log->flushed;
	r = ARRAY_ADD(log->writes, log->write_count, write);
	if (r == 0 && log->in_order)
		log->flushed = (uint32_t)log->write_count;
	return r;
}

static bool is_zero(const struct write_log_entry *entry)
{
	return !(entry->sector | entry->sectors | entry->flags | entry->data_bytes);
}

/* 1; 0: no further entry ends at `until` or before; or -errno. */
static int read_entry(struct crash_log *log, uint64_t until, struct problem *problem)
{
	struct write_log_entry entry;
	struct crash_write write;
	const char *damage;
	uint64_t next;
	int r;

	if (until < log->end || until - log->end < log->sector_bytes)
		return 0;
	r = io_read_at(log->fd, log->end, &entry, sizeof(entry));
	if (r < 0)
		return report_failure(problem, -r);
	if (is_zero(&entry))
		return 0;
	damage = decode(log, &entry, &write, &next);
	if (damage)
		return report_damage(log, problem, damage);
	if (next > until)
		return 0;
	r = write.flags & WRITE_LOG_MARK ? add_mark(log, &entry) : add_write(log, write);
	if (r < 0)
		return report_failure(problem, -r);
	log->end = next;
	return 1;
}

int crash_log_read(struct crash_log *log, uint64_t until, struct problem *problem)
{
	struct stat status;
	int r = 1;

	if (fstat(log->fd, &status) < 0)
		return report_failure(problem, errno);
	if (until > (uint64_t)status.st_size)
		until = (uint64_t)status.st_size;
	if (!log->sector_bytes) {
		if (until < CRASH_SECTOR)
			return 0;
		r = read_super(log, problem);
		if (r < 0)
			return r;
	}
	do
		r = read_entry(log, until, problem);
	while (r > 0);
	return r;
}

/* ---- writing ---- */

struct writer {
	const struct crash_log *log;
	int fd;
	uint32_t sector_bytes;
	uint64_t at, entries;
	uint32_t flushed;
	size_t marks;
};

static int write_sector(struct writer *writer, const void *data, size_t bytes, const char *text)
{
	size_t sector_bytes = writer->sector_bytes, text_bytes = text ? strlen(text) : 0;
	CLEANUP(freep) char *sector = calloc(1, sector_bytes);

	if (!sector)
		return -ENOMEM;
	memcpy(sector, data, bytes);
	if (text_bytes > sector_bytes - bytes)
		return -ENAMETOOLONG;
	if (text_bytes)
		memcpy(sector + bytes, text, text_bytes);
	return io_write_at(writer->fd, writer->at, sector, sector_bytes);
}

static int write_entry(struct writer *writer, const struct crash_write *write, const char *text)
{
	const struct write_log_entry entry = {
		.sector = htole64(write->offset / writer->sector_bytes),
		.sectors = htole64(write->bytes / writer->sector_bytes),
		.flags = htole64(write->flags),
		.data_bytes = htole64(text ? strlen(text) : 0),
	};
	uint64_t data_bytes = write->flags & WRITE_LOG_DISCARD ? 0 : write->bytes;
	int r = write_sector(writer, &entry, sizeof(entry), text);

	writer->at += writer->sector_bytes;
	if (r == 0)
		r = io_copy_at(writer->log->fd, write->position, writer->fd, writer->at,
			       data_bytes);
	writer->at += data_bytes;
	writer->entries++;
	return r;
}

/* Those that were noted after so many writes, when so many were durable. */
static int write_marks(struct writer *writer, size_t writes, uint32_t flushed)
{
	static const struct crash_write mark = { .flags = WRITE_LOG_MARK };
	const struct crash_log *log = writer->log;
	int r = 0;

	while (r == 0 && writer->marks < log->mark_count &&
	       log->marks[writer->marks].writes == writes &&
	       log->marks[writer->marks].flushed <= flushed)
		r = write_entry(writer, &mark, log->marks[writer->marks++].name);
	return r;
}

/* The flush and the marks that come after so many writes. */
static int write_between(struct writer *writer, size_t writes)
{
	static const struct crash_write flush = { .flags = WRITE_LOG_FLUSH };
	const struct crash_log *log = writer->log;
	uint32_t flushed = writes < log->write_count ? log->writes[writes].flushed : log->flushed;
	int r = write_marks(writer, writes, writer->flushed);

	if (r == 0 && !log->in_order && flushed > writer->flushed)
		r = write_entry(writer, &flush, NULL);
	writer->flushed = flushed;
	return r < 0 ? r : write_marks(writer, writes, flushed);
}

int crash_log_save(const struct crash_log *log, int to)
{
	uint32_t sector_bytes = log->sector_bytes ? log->sector_bytes : CRASH_SECTOR;
	struct writer writer = {
		.log = log, .fd = to, .sector_bytes = sector_bytes, .at = sector_bytes
	};
	struct write_log_super super = { .magic = htole64(WRITE_LOG_MAGIC),
					 .version = htole64(WRITE_LOG_VERSION) };
	int r = write_between(&writer, 0);

	for (size_t i = 0; r == 0 && i < log->write_count; i++) {
		r = write_entry(&writer, &log->writes[i], NULL);
		if (r == 0)
			r = write_between(&writer, i + 1);
	}
	super.entries = htole64(writer.entries);
	super.sector_bytes = htole32(sector_bytes);
	writer.at = 0;
	return r < 0 ? r : write_sector(&writer, &super, sizeof(super), NULL);
}
