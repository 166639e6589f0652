/* SPDX-License-Identifier: MIT */
/*
 * The stages are a table, in their order, each with its own clock and counters.  On a volume the
 * file is inspected after an unmount and a second mount, which prove that its extents are on the
 * disk.  In a directory, which cannot be unmounted, fsync() must suffice; there the file is created
 * without a name, so that nothing is left however the process ends.
 *
 * A trial that did not do what its name says has no results: the size and the reserved bytes are
 * checked, and a method that succeeds without reserving has failed.
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
#include "blockdev/mount.h"
#include "trial/cost.h"
#include "extent/extent.h"
#include "base/io.h"
#include "method/method.h"
#include "promise/promise.h"
#include "trial/modules.h"
#include "trial/stage.h"
#include "base/words.h"
#include "base/text.h"
#include "base/problem.h"

/* ---- outcomes ---- */

int trial_failed(struct trial *trial, const char *what, int error)
{
	record_conclude(trial->record, STATUS_FAILED, error, "%s: %s", what, strerror(error));
	return -error;
}

/* ---- stages ---- */

static int stage_modules(struct trial *trial)
{
	CLEANUP(freep) char *failed = NULL;
	int r = modules_load(trial->request->modules, &failed);

	if (r < 0 && failed)
		record_conclude(trial->record, STATUS_FAILED, -r,
				"loading the kernel module %s: %s", failed, strerror(-r));
	else if (r < 0)
		r = trial_failed(trial, "loading the kernel modules", -r);
	return r;
}

static int stage_device(struct trial *trial)
{
	const struct trial_request *request = trial->request;
	struct stat status;
	int r = mount_await_device(request->device, &status);

	if (r < 0)
		return trial_failed(trial, "finding the volume's device", -r);
	trial->counters_fd =
		cost_open_counters(request->counters, major(status.st_rdev), minor(status.st_rdev));
	return 0;
}

static int mount_retrying(struct trial *trial)
{
	const struct trial_request *request = trial->request;
	const char *options = request->mount_options ? request->mount_options : "";
	int r = mount_volume(request->device, request->directory, request->type, options);

	trial->mounted = r == 0;
	return r;
}

/* ESRCH: the kernel lacks the format of quotas. */
static bool is_refusal(int r)
{
	return r == -EINVAL || r == -ENODEV || r == -EOPNOTSUPP || r == -ESRCH;
}

/* A rejected option or an unknown file system is "unsupported"; any other error is a failure. */
static int stage_mount(struct trial *trial)
{
	const struct trial_request *request = trial->request;
	int r = mount_retrying(trial);

	if (r == 0) {
		trial->record->mount_options = mount_options_of(request->directory);
		return 0;
	}
	record_conclude(trial->record, is_refusal(r) ? STATUS_UNSUPPORTED : STATUS_FAILED, -r,
			"the kernel refuses mount -t %s%s%s: %s", request->type,
			request->mount_options ? " -o " : "",
			request->mount_options ? request->mount_options : "", strerror(-r));
	return r;
}

int trial_drop_caches(void)
{
	CLEANUP(fd_closep) int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	if (fd >= 0)
		sync();
	return fd >= 0 && io_write_all(fd, "3", 1) == 0;
}

/* So that cached blocks and other dirty pages are not part of the measurement. */
static int stage_drop_caches(struct trial *trial)
{
	trial->record->caches_dropped = trial_drop_caches();
	return 0;
}

/* The name of a file by its number.  The caller frees it. */
static char *file_path(const struct trial *trial, size_t number)
{
	const char *directory = trial->request->directory;

	return number ? text_format("%s/alloc-perf.file.%zu", directory, number + 1)
		      : text_format("%s/alloc-perf.file", directory);
}

static int create_file(const struct trial *trial, size_t number)
{
	CLEANUP(freep) char *path = file_path(trial, number);
	int fd;

	if (!path)
		return -ENOMEM;
	fd = trial->request->device ? open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600)
				    : io_open_unnamed(trial->request->directory, path);
	return fd < 0 ? -errno : fd;
}

static int stage_create(struct trial *trial)
{
	struct workload_set *files = &trial->files;
	struct stat status;

	for (size_t i = 0; i < files->count; i++) {
		files->file[i].fd = create_file(trial, i);
		if (files->file[i].fd < 0)
			return trial_failed(trial, "creating the file", -files->file[i].fd);
	}
	if (fstat(files->file[0].fd, &status) < 0)
		return trial_failed(trial, "creating the file", errno);
	if (!trial->request->device)
		trial->counters_fd = cost_open_counters(trial->request->counters,
							major(status.st_dev), minor(status.st_dev));
	return 0;
}

static void record_fallbacks(struct record *record, const struct method_outcome *outcome)
{
	for (size_t i = 0; i < outcome->fallbacks; i++) {
		const struct method_fallback *fallback = &outcome->fallback[i];

		if (text_append(&record->fallbacks, "%s%s: %s", record->fallbacks ? "; " : "",
				fallback->call, strerror(fallback->error)) < 0)
			return;
	}
}

static void record_outcome(struct record *record, const struct method_outcome *outcome)
{
	if (record->calls == FIELD_UNKNOWN)
		record->calls = record->submitted_bytes = 0;
	record->calls += (int64_t)outcome->calls;
	record->submitted_bytes += (int64_t)outcome->written_bytes;
	field_set_text(&record->path, method_path_name(outcome->path));
	if (!record->fallbacks)
		record_fallbacks(record, outcome);
}

int trial_refused(struct trial *trial, const char *call, int error)
{
	field_set_text(&trial->record->refused_by, call);
	record_conclude(trial->record,
			method_unsupported(error) ? STATUS_UNSUPPORTED : STATUS_FAILED, error,
			"%s: %s", call ? call : trial->choice.name, strerror(error));
	return -error;
}

/* Files that grow are allocated during the phases. */
static int stage_allocate(struct trial *trial)
{
	struct method_outcome outcome = { .path = METHOD_PATH_NATIVE };

	if (trial->chain.count && trial->choice.method->grow) {
		record_outcome(trial->record, &outcome);
		return 0;
	}
	for (size_t i = 0; i < trial->files.count; i++) {
		const struct workload_file *file = &trial->files.file[i];
		int r = method_run(&trial->choice, file->fd, file->bytes, &outcome);

		record_outcome(trial->record, &outcome);
		if (r < 0)
			return trial_refused(trial, outcome.refused_by, -r);
	}
	return 0;
}

static int stage_sync(struct trial *trial)
{
	int r = workload_sync(&trial->files);

	return r < 0 ? trial_failed(trial, "fsync", -r) : 0;
}

static int64_t blocks_bytes(int fd)
{
	struct stat status;

	return fstat(fd, &status) < 0 ? FIELD_UNKNOWN : (int64_t)status.st_blocks * 512;
}

/* The blocks of all open files. */
static int64_t all_blocks_bytes(const struct trial *trial)
{
	int64_t sum = 0;

	for (size_t i = 0; i < trial->files.count; i++) {
		int64_t bytes = blocks_bytes(trial->files.file[i].fd);

		if (bytes == FIELD_UNKNOWN)
			return FIELD_UNKNOWN;
		sum += bytes;
	}
	return sum;
}

static int64_t blocks_by_path(const struct trial *trial)
{
	int64_t sum = 0;

	for (size_t i = 0; i < trial->files.count; i++) {
		CLEANUP(freep) char *path = file_path(trial, i);
		struct stat status;

		if (!path || stat(path, &status) < 0)
			return FIELD_UNKNOWN;
		sum += (int64_t)status.st_blocks * 512;
	}
	return sum;
}

int trial_close_files(struct trial *trial)
{
	int r = 0;

	for (size_t i = 0; i < trial->files.count; i++) {
		int fd = TAKE_FD(trial->files.file[i].fd);

		if (fd >= 0 && close(fd) < 0)
			r = -errno;
	}
	return r;
}

int trial_open_files(struct trial *trial, int flags)
{
	for (size_t i = 0; i < trial->files.count; i++) {
		CLEANUP(freep) char *path = file_path(trial, i);

		if (!path)
			return -ENOMEM;
		trial->files.file[i].fd = open(path, flags | O_CLOEXEC);
		if (trial->files.file[i].fd < 0)
			return -errno;
	}
	return 0;
}

static int stage_close(struct trial *trial)
{
	int r;

	trial->record->blocks_before_close_bytes = all_blocks_bytes(trial);
	r = trial_close_files(trial);
	if (r < 0)
		return trial_failed(trial, "close", -r);
	if (trial->request->device)
		trial->record->blocks_after_close_bytes = blocks_by_path(trial);
	return 0;
}

int trial_unmount(struct trial *trial)
{
	int r = mount_release(trial->request->directory);

	if (r < 0)
		return trial_failed(trial, "unmounting the volume", -r);
	trial->mounted = 0;
	return 0;
}

int trial_remount(struct trial *trial, int flags)
{
	int r = mount_retrying(trial);

	if (r < 0)
		return trial_failed(trial, "mounting the volume again", -r);
	r = trial_open_files(trial, flags);
	return r < 0 ? trial_failed(trial, "opening the file after the remount", -r) : 0;
}

static int stage_remount(struct trial *trial)
{
	int r = trial_remount(trial, O_RDONLY);

	if (r == 0)
		trial->record->blocks_after_remount_bytes = all_blocks_bytes(trial);
	return r;
}

/*
 * The space that is reserved for the files, by their extents, or else by their blocks: if the file
 * system does not report extents, or only by FIBMAP, for which a packed tail is a hole.
 */
static int64_t reserved_bytes(const struct trial *trial)
{
	const struct record *record = trial->record;
	int64_t blocks = all_blocks_bytes(trial);

	if (record->mapped_bytes == FIELD_UNKNOWN)
		return blocks;
	if (strcmp(record->extent_source, extent_source_name(EXTENT_SOURCE_FIBMAP)) == 0 &&
	    blocks > record->mapped_bytes)
		return blocks;
	return record->mapped_bytes;
}

/*
 * Checks the size of all files together, which follows from the method, or from the phases if they
 * have filled the files.  Others are checked by their contents (stage_verify()).
 */
static int64_t wanted_size(const struct trial *trial)
{
	int full = trial->chain.count && workload_is_full(&trial->files);
	int64_t sum = 0;

	if (trial->chain.count && !full)
		return FIELD_UNKNOWN;
	for (size_t i = 0; i < trial->files.count; i++) {
		uint64_t bytes = trial->files.file[i].bytes;

		sum += (int64_t)(full ? bytes : method_length(&trial->choice, bytes));
	}
	return sum;
}

static int must_be_reserved(const struct trial *trial)
{
	const struct method *method = trial->choice.method;

	if (method->sparse || (trial->chain.count && method->grow))
		return trial->chain.count && workload_is_full(&trial->files);
	return 1;
}

static int check_reserved(struct trial *trial)
{
	const struct record *record = trial->record;
	int64_t wanted = trial->request->file_bytes * (int64_t)trial->files.count;
	int64_t length = wanted_size(trial), reserved = reserved_bytes(trial);
	const char *what = trial->files.count > 1 ? "files have" : "file has";

	if (length != FIELD_UNKNOWN && record->size_bytes != length) {
		record_conclude(trial->record, STATUS_FAILED, EIO,
				"the %s %lld bytes instead of %lld", what,
				(long long)record->size_bytes, (long long)length);
		return -EIO;
	}
	if (must_be_reserved(trial) && reserved < wanted) {
		record_conclude(trial->record, STATUS_FAILED, EIO,
				"the call succeeded, but only %lld of %lld bytes are reserved",
				(long long)reserved, (long long)wanted);
		return -EIO;
	}
	return 0;
}

static int stage_inspect(struct trial *trial)
{
	int r;

	trial->record->size_bytes = 0;
	for (size_t i = 0; i < trial->files.count; i++) {
		struct stat status;

		if (fstat(trial->files.file[i].fd, &status) < 0)
			return trial_failed(trial, "inspecting the file", errno);
		trial->record->size_bytes += status.st_size;
	}
	r = inspect_files(&trial->files, trial->request->largest_run, trial->record);
	if (r < 0 && r != -EOPNOTSUPP && r != -EPERM)
		return trial_failed(trial, "reading the file's extents", -r);
	return check_reserved(trial);
}

/* Instead of a measurement. */
static int stage_promise(struct trial *trial)
{
	const struct trial_request *request = trial->request;
	struct record *record = trial->record;
	struct promise_run run = {
		.method = &trial->choice,
		.directory = request->directory,
		.device = request->device,
		.type = request->type,
		.mount_options = request->mount_options,
		.file_bytes = (uint64_t)request->file_bytes,
		.seed = (uint64_t)request->seed,
		.mark = trial->host->mark,
		.context = trial->host->context,
	};
	CLEANUP(problem_clear) struct problem problem = { 0 };
	enum promise promise;
	const struct promise_case *promise_case =
		promise_case_find(request->promise_case, &promise, &problem);
	int r = promise_case ? promise_case->run(&run) : -EINVAL;

	record->seed = request->seed;
	if (r == 0 && run.verdict)
		r = field_set_text(&record->verdict, run.verdict);
	if (r < 0)
		record_conclude(record, STATUS_FAILED, -r, "%s",
				run.text	  ? run.text
				: problem.message ? problem.message
						  : strerror(-r));
	record->counterexample = r < 0 ? NULL : TAKE_PTR(run.text);
	free(run.text);
	return r;
}

static int stage_release(struct trial *trial)
{
	(void)trial_close_files(trial);
	return trial_unmount(trial);
}

/* ---- the table ---- */

enum stage_where {
	ON_VOLUME = 1 << 0,
	IN_DIRECTORY = 1 << 1,
	ANYWHERE = ON_VOLUME | IN_DIRECTORY,
	TO_THE_DISK = 1 << 2,	/* ends with a flush of the device */
	WITH_WORKLOAD = 1 << 3, /* only with a workload */
	OWN_CLOCK = 1 << 4,	/* measures itself, and sets the border */
	ALSO_PROMISE = 1 << 5,	/* also if a promise is tested */
	ONLY_PROMISE = 1 << 6,	/* only then */
};

static const struct stage {
	const char *name;
	unsigned where;
	int (*run)(struct trial *trial);
	size_t cost; /* offset of its stage_cost in the record; 0: not recorded */
} stages[] = {
	{ "modules", ON_VOLUME | ALSO_PROMISE, stage_modules, 0 },
	{ "device", ON_VOLUME | ALSO_PROMISE, stage_device, 0 },
	{ "mount", ON_VOLUME | ALSO_PROMISE, stage_mount, offsetof(struct record, mount) },
	{ "promise", ANYWHERE | ONLY_PROMISE, stage_promise, 0 },
	{ "drop caches", ANYWHERE, stage_drop_caches, 0 },
	{ "create", ANYWHERE, stage_create, offsetof(struct record, create) },
	{ "allocate", ANYWHERE, stage_allocate, offsetof(struct record, allocate) },
	{ "sync", ANYWHERE | TO_THE_DISK, stage_sync, offsetof(struct record, sync) },
	{ "phases", ANYWHERE | WITH_WORKLOAD | OWN_CLOCK, phases_run, 0 },
	{ "inspect", IN_DIRECTORY, stage_inspect, offsetof(struct record, inspect) },
	{ "verify", IN_DIRECTORY | WITH_WORKLOAD, phases_verify, 0 },
	{ "close", ANYWHERE, stage_close, offsetof(struct record, close) },
	{ "unmount", ON_VOLUME | TO_THE_DISK, trial_unmount, offsetof(struct record, unmount) },
	{ "remount", ON_VOLUME, stage_remount, offsetof(struct record, remount) },
	{ "inspect", ON_VOLUME, stage_inspect, offsetof(struct record, inspect) },
	{ "verify", ON_VOLUME | WITH_WORKLOAD, phases_verify, 0 },
	{ "release", ON_VOLUME | ALSO_PROMISE, stage_release, 0 },
};

/*
 * User-Mode Linux ignores flushes (6.1 to 7.2), so the data of a stage are then in the host's page
 * cache.  The time of the flush is measured by the host, without the request.
 */
int trial_flush_below(struct trial *trial, int64_t *wall_ns)
{
	int64_t ns = trial->host->flush(trial->host->context);

	if (ns < 0)
		return trial_failed(trial, "flushing the volume on the host", (int)-ns);
	*wall_ns += ns;
	return 0;
}

static int flush_stage(struct trial *trial, struct stage_cost *cost)
{
	int64_t *sum = &trial->record->host_flush_ns;

	if (*sum == FIELD_UNKNOWN)
		*sum = 0;
	*sum -= cost->wall_ns;
	if (trial_flush_below(trial, &cost->wall_ns) < 0)
		return -EIO;
	*sum += cost->wall_ns;
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
	if (!(stage->where & OWN_CLOCK))
		trial->border = after;
	if (r == 0 && stage->where & TO_THE_DISK && trial->request->host_flushes == 1)
		r = flush_stage(trial, cost);
	if (r < 0 && !trial->record->stage)
		field_set_text(&trial->record->stage, stage->name);
	return r;
}

/* ---- start and end ---- */

static int reject_request(struct trial *trial, const struct problem *problem)
{
	record_conclude(trial->record, STATUS_FAILED, EINVAL, "%s",
			problem->message ? problem->message : "out of memory");
	return -EINVAL;
}

static int begin(struct trial *trial)
{
	const struct trial_request *request = trial->request;
	CLEANUP(problem_clear) struct problem problem = { 0 };
	struct utsname names;
	int r;

	if (uname(&names) == 0)
		field_set_text(&trial->record->kernel, names.release);
	r = method_parse(request->method, &trial->choice, &problem);
	if (r == 0 && request->workload)
		r = phase_chain_parse(request->workload, &trial->chain, &problem);
	if (r == 0)
		r = workload_set_init(&trial->files, &trial->choice, (size_t)request->files,
				      (uint64_t)request->file_bytes, request->mixed == 1,
				      (uint64_t)request->seed);
	return r < 0 ? reject_request(trial, &problem) : 0;
}

static void end(struct trial *trial)
{
	(void)trial_close_files(trial);
	if (trial->mounted)
		mount_release(trial->request->directory);
	trial->counters_fd = fd_close(trial->counters_fd);
	workload_set_clear(&trial->files);
}

static int applies(const struct trial *trial, const struct stage *stage)
{
	unsigned where = trial->request->device ? ON_VOLUME : IN_DIRECTORY;

	if (trial->request->promise_case)
		return stage->where & where && stage->where & (ALSO_PROMISE | ONLY_PROMISE);
	return stage->where & where && !(stage->where & ONLY_PROMISE) &&
	       (!(stage->where & WITH_WORKLOAD) || trial->chain.count);
}

void trial_run(const struct trial_request *request, const struct trial_host *host,
	       struct record *record)
{
	struct trial trial = {
		.request = request, .host = host, .record = record, .counters_fd = -1
	};
	int r = begin(&trial);

	cost_reset_peak();
	cost_read(trial.counters_fd, &trial.border);
	for (const struct stage *stage = stages; r == 0 && stage < stages + ARRAY_SIZE(stages);
	     stage++) {
		if (!applies(&trial, stage))
			continue;
		host->stage(stage->name, host->context);
		r = run_stage(&trial, stage);
	}
	if (record->peak_memory_bytes == FIELD_UNKNOWN)
		record->peak_memory_bytes = cost_peak_bytes();
	if (r == 0)
		field_set_text(&record->status, STATUS_OK);
	end(&trial);
}
