/* SPDX-License-Identifier: MIT */
/*
 * The stages stand in one table, in the order in which they run, each with its
 * own clock and counters.  On a volume the file is looked at only after an
 * unmount and a second mount: before that, what the kernel says about it is a
 * promise.  In a directory that is not ours to unmount, fsync() has to do; there
 * the file has no name from the start, so that nothing is left however the
 * process ends.
 *
 * No figure is kept of a trial that did not do what its name says: the length
 * and the reserved bytes are checked, and a method that says yes but reserved
 * nothing has failed.
 */
#include "trial/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <time.h>

#include "base/cleanup.h"
#include "trial/cost.h"
#include "extent/extent.h"
#include "trial/inspect.h"
#include "base/io.h"
#include "method/method.h"
#include "trial/modules.h"
#include "trial/mount.h"
#include "base/words.h"
#include "base/text.h"
#include "base/problem.h"

static const char file_name[] = "alloc-perf.file";

enum { DEVICE_TRIES = 100, DEVICE_PAUSE_MS = 50 };

struct trial {
	const struct trial_request *request;
	const struct trial_host *host;
	struct record *record;
	struct method_choice choice;
	struct method_outcome outcome;
	char *path;		    /* of the file */
	int fd;			    /* of the file; -1: not open */
	int counters_fd;	    /* of the device; -1: none */
	struct cost_reading border; /* at the end of the last stage */
	int mounted;
};

/* ---- saying how it went ---- */

/* Concludes with a failed call, and returns -error. */
static int failed(struct trial *trial, const char *what, int error)
{
	record_conclude(trial->record, STATUS_FAILED, error, "%s: %s", what, strerror(error));
	return -error;
}

/* ---- stages ---- */

/* ENODEV: a faster way of something, for another processor; mount() tells if it was needed. */
static int stage_modules(struct trial *trial)
{
	const char *modules = trial->request->modules;
	CLEANUP(freep) char **files = words_split(modules ? modules : "", " ");

	for (char **file = files; file && *file; file++) {
		int r = module_load(*file);

		if (r == 0 || r == -ENODEV)
			continue;
		record_conclude(trial->record, STATUS_FAILED, -r,
				"loading the kernel module %s: %s", module_name(*file),
				strerror(-r));
		return r;
	}
	return files ? 0 : failed(trial, "loading the kernel modules", ENOMEM);
}

/* A driver may still be looking at the hardware when its module has been loaded. */
static int stage_device(struct trial *trial)
{
	const struct timespec pause = { .tv_nsec = DEVICE_PAUSE_MS * 1000000L };
	const struct trial_request *request = trial->request;
	struct stat status;

	for (int i = 0; stat(request->device, &status) < 0; i++) {
		if (errno != ENOENT || i == DEVICE_TRIES)
			return failed(trial, "finding the volume's device", errno);
		nanosleep(&pause, NULL);
	}
	trial->counters_fd =
		cost_open_counters(request->counters, major(status.st_rdev), minor(status.st_rdev));
	return 0;
}

static int mount_again(struct trial *trial)
{
	const struct trial_request *request = trial->request;
	const char *options = request->mount_options ? request->mount_options : "";
	int r = mount_volume(request->device, request->directory, request->type, options);

	trial->mounted = r == 0;
	return r;
}

/* A refused option or an absent file system is an answer; anything else is a fault. */
static int stage_mount(struct trial *trial)
{
	const struct trial_request *request = trial->request;
	int r = mount_again(trial);

	if (r == 0) {
		trial->record->mount_options = mount_options_of(request->directory);
		return 0;
	}
	record_conclude(trial->record,
			r == -EINVAL || r == -ENODEV || r == -EOPNOTSUPP ? STATUS_UNSUPPORTED
									 : STATUS_FAILED,
			-r, "the kernel refuses mount -t %s%s%s: %s", request->type,
			request->mount_options ? " -o " : "",
			request->mount_options ? request->mount_options : "", strerror(-r));
	return r;
}

/* So that neither cached blocks nor somebody's dirty pages are part of the measurement. */
static int stage_drop_caches(struct trial *trial)
{
	CLEANUP(fd_closep) int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	if (fd >= 0)
		sync();
	trial->record->caches_dropped = fd >= 0 && io_write_all(fd, "3", 1) == 0;
	return 0;
}

static int open_unnamed(const char *directory, const char *path)
{
	int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
		return fd;
	fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0 && unlink(path) < 0)
		return fd_close(fd);
	return fd;
}

static int stage_create(struct trial *trial)
{
	const struct trial_request *request = trial->request;
	struct stat status;

	trial->path = text_path(request->directory, file_name);
	if (!trial->path)
		return failed(trial, "creating the file", ENOMEM);
	trial->fd = request->device ? open(trial->path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600)
				    : open_unnamed(request->directory, trial->path);
	if (trial->fd < 0 || fstat(trial->fd, &status) < 0)
		return failed(trial, "creating the file", errno);
	if (!request->device)
		trial->counters_fd = cost_open_counters(request->counters, major(status.st_dev),
							minor(status.st_dev));
	return 0;
}

static void note_fallbacks(struct record *record, const struct method_outcome *outcome)
{
	for (size_t i = 0; i < outcome->fallbacks; i++) {
		const struct method_fallback *fallback = &outcome->fallback[i];

		if (text_append(&record->fallbacks, "%s%s: %s", record->fallbacks ? "; " : "",
				fallback->call, strerror(fallback->error)) < 0)
			return;
	}
}

static int stage_allocate(struct trial *trial)
{
	struct record *record = trial->record;
	struct method_outcome *outcome = &trial->outcome;
	int r = method_run(&trial->choice, trial->fd, (uint64_t)trial->request->file_bytes,
			   outcome);

	record->calls = (int64_t)outcome->calls;
	record->submitted_bytes = (int64_t)outcome->written_bytes;
	field_set_text(&record->path, method_path_name(outcome->path));
	note_fallbacks(record, outcome);
	if (r == 0)
		return 0;
	field_set_text(&record->refused_by, outcome->refused_by);
	record_conclude(trial->record, method_unsupported(-r) ? STATUS_UNSUPPORTED : STATUS_FAILED,
			-r, "%s: %s",
			outcome->refused_by ? outcome->refused_by : trial->choice.name,
			strerror(-r));
	return r;
}

static int stage_sync(struct trial *trial)
{
	return fsync(trial->fd) < 0 ? failed(trial, "fsync", errno) : 0;
}

static int64_t blocks_bytes(int fd)
{
	struct stat status;

	return fstat(fd, &status) < 0 ? FIELD_UNKNOWN : (int64_t)status.st_blocks * 512;
}

static int stage_close(struct trial *trial)
{
	int fd = trial->fd;
	struct stat status;

	trial->record->blocks_before_close_bytes = blocks_bytes(fd);
	trial->fd = -1;
	if (close(fd) < 0)
		return failed(trial, "close", errno);
	if (trial->request->device && stat(trial->path, &status) == 0)
		trial->record->blocks_after_close_bytes = (int64_t)status.st_blocks * 512;
	return 0;
}

static int stage_unmount(struct trial *trial)
{
	int r = mount_release(trial->request->directory);

	if (r < 0)
		return failed(trial, "unmounting the volume", -r);
	trial->mounted = 0;
	return 0;
}

static int stage_remount(struct trial *trial)
{
	int r = mount_again(trial);

	if (r < 0)
		return failed(trial, "mounting the volume again", -r);
	trial->fd = open(trial->path, O_RDONLY | O_CLOEXEC);
	if (trial->fd < 0)
		return failed(trial, "opening the file after the remount", errno);
	trial->record->blocks_after_remount_bytes = blocks_bytes(trial->fd);
	return 0;
}

/*
 * What is reserved for the file, by its extents, or by its blocks where nothing
 * tells extents, or only FIBMAP, to which a tail packed with others is a hole.
 */
static int64_t reserved_bytes(const struct record *record, int fd)
{
	int64_t blocks = blocks_bytes(fd);

	if (record->mapped_bytes == FIELD_UNKNOWN)
		return blocks;
	if (strcmp(record->extent_source, extent_source_name(EXTENT_SOURCE_FIBMAP)) == 0 &&
	    blocks > record->mapped_bytes)
		return blocks;
	return record->mapped_bytes;
}

static int check_promise(struct trial *trial)
{
	const struct record *record = trial->record;
	int64_t wanted = trial->request->file_bytes, reserved = reserved_bytes(record, trial->fd);
	int64_t length = (int64_t)method_length(&trial->choice, (uint64_t)wanted);

	if (record->size_bytes != length) {
		record_conclude(trial->record, STATUS_FAILED, EIO,
				"the file has %lld bytes instead of %lld",
				(long long)record->size_bytes, (long long)length);
		return -EIO;
	}
	if (!trial->choice.method->sparse && reserved < wanted) {
		record_conclude(trial->record, STATUS_FAILED, EIO,
				"the call succeeded, but only %lld of %lld bytes are reserved",
				(long long)reserved, (long long)wanted);
		return -EIO;
	}
	return 0;
}

static int stage_inspect(struct trial *trial)
{
	struct stat status;
	int r;

	if (fstat(trial->fd, &status) < 0)
		return failed(trial, "inspecting the file", errno);
	trial->record->size_bytes = status.st_size;
	r = inspect_extents(trial->fd, trial->request->largest_run, trial->record);
	if (r < 0 && r != -EOPNOTSUPP && r != -EPERM)
		return failed(trial, "reading the file's extents", -r);
	return check_promise(trial);
}

static int stage_release(struct trial *trial)
{
	trial->fd = fd_close(trial->fd);
	return stage_unmount(trial);
}

/* ---- the table ---- */

enum stage_where {
	ON_VOLUME = 1 << 0,
	IN_DIRECTORY = 1 << 1,
	ANYWHERE = ON_VOLUME | IN_DIRECTORY,
	TO_THE_DISK = 1 << 2, /* it ends with a flush of the device */
};

static const struct stage {
	const char *name;
	unsigned where;
	int (*run)(struct trial *trial);
	size_t cost; /* offset of its stage_cost in the record; 0: not kept */
} stages[] = {
	{ "modules", ON_VOLUME, stage_modules, 0 },
	{ "device", ON_VOLUME, stage_device, 0 },
	{ "mount", ON_VOLUME, stage_mount, offsetof(struct record, mount) },
	{ "drop caches", ANYWHERE, stage_drop_caches, 0 },
	{ "create", ANYWHERE, stage_create, offsetof(struct record, create) },
	{ "allocate", ANYWHERE, stage_allocate, offsetof(struct record, allocate) },
	{ "sync", ANYWHERE | TO_THE_DISK, stage_sync, offsetof(struct record, sync) },
	{ "inspect", IN_DIRECTORY, stage_inspect, offsetof(struct record, inspect) },
	{ "close", ANYWHERE, stage_close, offsetof(struct record, close) },
	{ "unmount", ON_VOLUME | TO_THE_DISK, stage_unmount, offsetof(struct record, unmount) },
	{ "remount", ON_VOLUME, stage_remount, offsetof(struct record, remount) },
	{ "inspect", ON_VOLUME, stage_inspect, offsetof(struct record, inspect) },
	{ "release", ON_VOLUME, stage_release, 0 },
};

/*
 * User-Mode Linux accepts flushes and drops them (6.1 to 7.2), so what a stage has written is
 * then in the host's page cache.  The time of the flush is the host's: asking for it costs none.
 */
static int flush_below(struct trial *trial, struct stage_cost *cost)
{
	struct record *record = trial->record;
	int64_t ns = trial->host->flush(trial->host->context);

	if (ns < 0)
		return failed(trial, "flushing the volume on the host", (int)-ns);
	cost->wall_ns += ns;
	record->host_flush_ns =
		ns + (record->host_flush_ns == FIELD_UNKNOWN ? 0 : record->host_flush_ns);
	return 0;
}

static int run_stage(struct trial *trial, const struct stage *stage)
{
	struct cost_reading before, after;
	struct stage_cost *cost = (void *)((char *)trial->record + stage->cost);
	int r;

	cost_read(trial->counters_fd, &before);
	r = stage->run(trial);
	cost_read(trial->counters_fd, &after);
	if (stage->cost)
		*cost = cost_between(&trial->border, &before, &after);
	trial->border = after;
	if (r == 0 && stage->where & TO_THE_DISK && trial->request->host_flushes == 1)
		r = flush_below(trial, cost);
	if (r < 0)
		field_set_text(&trial->record->stage, stage->name);
	return r;
}

/* ---- begin and end ---- */

static int begin(struct trial *trial)
{
	const struct trial_request *request = trial->request;
	CLEANUP(problem_clear) struct problem problem = { 0 };
	struct utsname names;

	if (uname(&names) == 0)
		field_set_text(&trial->record->kernel, names.release);
	if (method_parse(request->method, &trial->choice, &problem) < 0) {
		record_conclude(trial->record, STATUS_FAILED, EINVAL, "%s",
				problem.message ? problem.message : "unknown method");
		return -EINVAL;
	}
	return 0;
}

static void end(struct trial *trial)
{
	trial->fd = fd_close(trial->fd);
	if (trial->mounted)
		mount_release(trial->request->directory);
	trial->counters_fd = fd_close(trial->counters_fd);
	free(trial->path);
}

void trial_run(const struct trial_request *request, const struct trial_host *host,
	       struct record *record)
{
	struct trial trial = {
		.request = request, .host = host, .record = record, .fd = -1, .counters_fd = -1
	};
	unsigned where = request->device ? ON_VOLUME : IN_DIRECTORY;
	int r = begin(&trial);

	cost_reset_peak();
	cost_read(trial.counters_fd, &trial.border);
	for (const struct stage *stage = stages; r == 0 && stage < stages + ARRAY_SIZE(stages);
	     stage++) {
		if (!(stage->where & where))
			continue;
		host->stage(stage->name, host->context);
		r = run_stage(&trial, stage);
	}
	record->peak_memory_bytes = cost_peak_bytes();
	if (r == 0)
		field_set_text(&record->status, STATUS_OK);
	end(&trial);
}
