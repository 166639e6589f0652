/* SPDX-License-Identifier: MIT */
/*
 * Processor time is that of this process and of its ended children, since the mmap method uses one.
 * It does not include kernel threads (writeback, journal).
 *
 * The counters are those of the whole device: exact on the volume of a trial, an upper bound in a
 * directory of a device that other processes use.
 */
#include "trial/cost.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "blockdev/sysfs.h"

enum { SECTOR_BYTES = 512 }; /* the unit of the stat file, independent of the device */

int cost_open_counters(const char *path, unsigned device_major, unsigned device_minor)
{
	CLEANUP(freep) char *found = NULL;

	if (!path) {
		found = sysfs_path("/sys", makedev(device_major, device_minor), "stat");
		if (!found)
			return -1;
		path = found;
	}
	return open(path, O_RDONLY | O_CLOEXEC);
}

static void read_counters(int fd, struct cost_reading *ret)
{
	int64_t read_sectors, write_requests, written_sectors;
	char text[512];
	ssize_t bytes = pread(fd, text, sizeof(text) - 1, 0);

	if (bytes <= 0)
		return;
	text[bytes] = '\0';
	if (sscanf(text, "%*d %*d %" SCNd64 " %*d %" SCNd64 " %*d %" SCNd64, &read_sectors,
		   &write_requests, &written_sectors) != 3)
		return;
	ret->read_bytes = read_sectors * SECTOR_BYTES;
	ret->write_requests = write_requests;
	ret->written_bytes = written_sectors * SECTOR_BYTES;
}

static int64_t timeval_ns(struct timeval time)
{
	return ((int64_t)time.tv_sec * 1000000 + time.tv_usec) * 1000;
}

void cost_read(int counters_fd, struct cost_reading *ret)
{
	struct rusage own, children;

	getrusage(RUSAGE_SELF, &own);
	getrusage(RUSAGE_CHILDREN, &children);
	*ret = (struct cost_reading) {
		.user_ns = timeval_ns(own.ru_utime) + timeval_ns(children.ru_utime),
		.system_ns = timeval_ns(own.ru_stime) + timeval_ns(children.ru_stime),
		.written_bytes = FIELD_UNKNOWN,
		.write_requests = FIELD_UNKNOWN,
		.read_bytes = FIELD_UNKNOWN,
	};
	if (counters_fd >= 0)
		read_counters(counters_fd, ret);
	ret->wall_ns = (int64_t)io_now_ns();
}

static int64_t difference(int64_t before, int64_t after)
{
	if (before == FIELD_UNKNOWN || after == FIELD_UNKNOWN)
		return FIELD_UNKNOWN;
	return after - before;
}

struct stage_cost cost_between(const struct cost_reading *border, const struct cost_reading *before,
			       const struct cost_reading *after)
{
	return (struct stage_cost) {
		.wall_ns = after->wall_ns - before->wall_ns,
		.user_ns = after->user_ns - before->user_ns,
		.system_ns = after->system_ns - before->system_ns,
		.written_bytes = difference(border->written_bytes, after->written_bytes),
		.write_requests = difference(border->write_requests, after->write_requests),
		.read_bytes = difference(border->read_bytes, after->read_bytes),
	};
}

void cost_reset_peak(void)
{
	/* Documentation/filesystems/proc.rst: 5 resets VmHWM. */
	CLEANUP(fd_closep) int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);

	if (fd >= 0)
		(void)io_write_all(fd, "5", 1);
}

int64_t cost_peak_bytes(void)
{
	CLEANUP(freep) char *status = NULL;
	struct rusage children;
	int64_t own_kib = 0;
	const char *line;

	getrusage(RUSAGE_CHILDREN, &children);
	if (io_read_file("/proc/self/status", 1 << 20, &status, NULL) < 0)
		return FIELD_UNKNOWN;
	line = strstr(status, "VmHWM:");
	if (!line || sscanf(line, "VmHWM: %" SCNd64, &own_kib) != 1)
		return FIELD_UNKNOWN;
	return 1024 * (own_kib > children.ru_maxrss ? own_kib : children.ru_maxrss);
}
