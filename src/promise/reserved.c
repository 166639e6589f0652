/* SPDX-License-Identifier: MIT */
/*
 * Reserved: the file is allocated, something is done with it, the volume is filled to its last
 * block, and the range is written twice in random order.  The file system has to find room for each
 * block, which is there only if the allocation has reserved it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/fs.h>
#include <prealloc.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/random.h"
#include "base/size.h"
#include "promise/cases.h"
#include "promise/subject.h"
#include "promise/fill.h"
#include "promise/quota.h"
#include "workload/pattern.h"

enum { BLOCK_BYTES = 4096, PASSES = 2 };

static const char *const pass_names[PASSES] = { "first", "second" };

struct reserved_files {
	int fd;
	int copy_fd; /* which shares its blocks; -1: there is none */
};

static void files_close(struct reserved_files *files)
{
	files->fd = fd_close(files->fd);
	files->copy_fd = fd_close(files->copy_fd);
}

typedef int reserved_step(struct promise_run *run, struct reserved_files *files);

/* What a case does besides.  Each step returns 0 or -errno, and may set the verdict n/a. */
struct reserved_steps {
	reserved_step *before;	    /* with the empty file; NULL: nothing */
	reserved_step *after;	    /* once it is allocated; NULL: nothing */
	bool is_mapped;		    /* written through a mapping */
	enum quota_kind limited_by; /* stops the writes in place of a full volume */
};

/* ---- writing ---- */

struct writer {
	int fd;
	uint64_t seed;
	const uint32_t *order; /* of the blocks */
	size_t count;
	void *map; /* NULL: written by pwrite() */
	bool is_limited;
};

/* A random order of the blocks, the same for the same seed. */
static void shuffle(uint32_t *order, size_t count, uint64_t seed)
{
	for (size_t i = 0; i < count; i++)
		order[i] = (uint32_t)i;
	for (size_t i = count; i > 1; i--) {
		size_t other = random_mix(seed + i) % i;
		uint32_t last = order[i - 1];

		order[i - 1] = order[other];
		order[other] = last;
	}
}

/* Returns the call that failed; NULL: the block is on the disk. */
static const char *write_block(const struct writer *writer, const void *block, uint64_t offset)
{
	ssize_t written;

	if (writer->map) {
		memcpy((char *)writer->map + offset, block, BLOCK_BYTES);
		return msync((char *)writer->map + offset, BLOCK_BYTES, MS_SYNC) < 0 ? "msync"
										     : NULL;
	}
	do {
		written = pwrite(writer->fd, block, BLOCK_BYTES, (off_t)offset);
	} while (written < 0 && errno == EINTR);
	if (written >= 0 && written < BLOCK_BYTES)
		errno = ENOSPC;
	if (written < BLOCK_BYTES)
		return "pwrite";
	return fdatasync(writer->fd) < 0 ? "fdatasync" : NULL;
}

/* Each block once.  Stops where a call fails; *call is up to date when a signal ends it. */
static void write_pass(const struct writer *writer, unsigned pass, struct subject_call *call)
{
	CLEANUP(pattern_clear) struct pattern pattern = { 0 };

	if (pattern_init(&pattern, writer->seed, pass, BLOCK_BYTES) < 0) {
		call->call = "malloc";
		call->error = ENOMEM;
	}
	for (size_t i = 0; call->error == 0 && i < writer->count; i++) {
		uint64_t offset = (uint64_t)writer->order[i] * BLOCK_BYTES;

		call->number = i;
		call->block = writer->order[i];
		call->call = write_block(writer, pattern_block(&pattern, 0, call->block, offset),
					 offset);
		if (call->call)
			call->error = errno;
	}
}

/* In the child. */
static void write_passes(void *context, struct subject_call *call)
{
	const struct writer *writer = context;
	int r = writer->is_limited ? subject_become_user() : 0;

	if (r < 0) {
		call->call = "setresuid";
		call->error = -r;
	}
	for (call->pass = 0; call->error == 0 && call->pass < PASSES; call->pass++) {
		write_pass(writer, call->pass, call);
		if (call->error)
			return;
	}
}

/* A file can be shorter than its reservation, and past its end there is nothing to map. */
static int map_file(struct promise_run *run, int fd, void **ret)
{
	struct stat status;
	void *map;

	if (fstat(fd, &status) < 0)
		return promise_fault(run, errno, "fstat");
	if ((uint64_t)status.st_size < run->file_bytes && ftruncate(fd, (off_t)run->file_bytes) < 0)
		return promise_fault(run, errno, "ftruncate");
	map = mmap(NULL, run->file_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return promise_na(run, "mmap: %s", strerror(errno));
	*ret = map;
	return 0;
}

/* ---- the verdict ---- */

static int conclude(struct promise_run *run, const struct writer *writer,
		    const struct subject_call *call, const struct fill *fill)
{
	char beside[SIZE_TEXT_MAX];

	if (call->error == 0)
		return promise_keep(run);
	if (call->error != ENOSPC && call->error != EDQUOT && call->error != EFAULT)
		return promise_fault(run, call->error, call->call);
	return promise_break(
		run, PROMISE_RESERVED,
		"%s overwrite, write %zu of %zu (block %u of %d bytes, seed %llu): %s: %s, %s%s",
		pass_names[call->pass], call->number + 1, writer->count, call->block, BLOCK_BYTES,
		(unsigned long long)run->seed, call->call,
		call->error == EFAULT ? "SIGBUS" : strerror(call->error),
		writer->is_limited ? "at a quota of what was used before"
				   : "on a full volume: all other files have ",
		writer->is_limited ? "" : size_human((double)fill->bytes, beside));
}

static int write_range(struct promise_run *run, const struct reserved_steps *steps, int fd,
		       const struct fill *fill)
{
	size_t count = (size_t)(run->file_bytes / BLOCK_BYTES);
	CLEANUP(freep) uint32_t *order = calloc(count, sizeof(*order));
	struct writer writer = { fd, run->seed, order, count, NULL, steps->limited_by != 0 };
	struct subject_call call = { 0 };
	int r;

	if (!order)
		return -ENOMEM;
	shuffle(order, count, run->seed);
	r = steps->is_mapped ? map_file(run, fd, &writer.map) : 0;
	if (r == 0 && !run->verdict)
		r = subject_in_child(run, write_passes, &writer, &call);
	if (writer.map)
		munmap(writer.map, run->file_bytes);
	return r < 0 || run->verdict ? r : conclude(run, &writer, &call, fill);
}

static int prepare(struct promise_run *run, const struct reserved_steps *steps,
		   struct reserved_files *files)
{
	int r = steps->limited_by ? quota_own(run, files->fd, steps->limited_by) : 0;

	if (r == 0 && !run->verdict && steps->before)
		r = steps->before(run, files);
	if (r == 0 && !run->verdict)
		r = subject_allocate(run, files->fd);
	if (r == 0 && !run->verdict && steps->after)
		r = steps->after(run, files);
	return r;
}

/* From here on there is space only for what is allocated. */
static int use_up(struct promise_run *run, const struct reserved_steps *steps, struct fill *fill)
{
	int r;

	if (steps->limited_by)
		return quota_limit(run, steps->limited_by, 0);
	r = fill_volume(run->directory, fill);
	return r < 0 ? promise_fault(run, -r, "filling the volume") : 0;
}

static int run_steps(struct promise_run *run, const struct reserved_steps *steps)
{
	CLEANUP(fill_clear) struct fill fill = { 0 };
	CLEANUP(files_close) struct reserved_files files = { -1, -1 };
	int r;

	if (!steps->limited_by && !fill_is_allowed(run))
		return 0;
	r = subject_create(run, SUBJECT_NAME, &files.fd);
	if (r == 0)
		r = prepare(run, steps, &files);
	if (r == 0 && !run->verdict)
		r = use_up(run, steps, &fill);
	return r < 0 || run->verdict ? r : write_range(run, steps, files.fd, &fill);
}

/* The function of a case that has these steps. */
#define RUN_STEPS(name, ...)                                                           \
	static int name(struct promise_run *run)                                       \
	{                                                                              \
		return run_steps(run, &(const struct reserved_steps) { __VA_ARGS__ }); \
	}

/* ---- the file alone ---- */

RUN_STEPS(run_overwrite, NULL)

const struct promise_case promise_reserved_overwrite = {
	.name = "overwrite",
	.summary = "the volume is filled, then the range is written twice in random order",
	.promises = 1u << PROMISE_RESERVED,
	.run = run_overwrite,
};

RUN_STEPS(run_mmap, .is_mapped = true)

const struct promise_case promise_reserved_mmap = {
	.name = "mmap",
	.summary = "the same through a mapping, with msync()",
	.promises = 1u << PROMISE_RESERVED,
	.run = run_mmap,
};

static int reopen(struct promise_run *run, struct reserved_files *files)
{
	return subject_reopen(run, SUBJECT_NAME, &files->fd);
}

RUN_STEPS(run_reopened, .after = reopen)

const struct promise_case promise_reserved_reopened = {
	.name = "reopened",
	.summary = "the volume is unmounted and mounted before that, and the file opened again",
	.promises = 1u << PROMISE_RESERVED,
	.run = run_reopened,
};

/* libprealloc takes a range; for the other methods, fallocate() does. */
static int allocate_again(const struct method *method, int fd, uint64_t from, uint64_t bytes)
{
	if (strcmp(method->name, "prealloc") == 0)
		return prealloc(fd, from, bytes, NULL, NULL);
	return fallocate(fd, FALLOC_FL_KEEP_SIZE, (off_t)from, (off_t)bytes) < 0 ? -errno : 0;
}

/* Of half of the file. */
static int make_hole(struct promise_run *run, struct reserved_files *files)
{
	uint64_t from = run->file_bytes / 4, bytes = run->file_bytes / 2;
	int r;

	if (fallocate(files->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)from,
		      (off_t)bytes) < 0)
		return promise_na(run, "punching a hole: %s", strerror(errno));
	if (fsync(files->fd) < 0)
		return promise_fault(run, errno, "fsync");
	r = allocate_again(run->method->method, files->fd, from, bytes);
	if (r < 0)
		return promise_na(run, "allocating the hole again: %s", strerror(-r));
	return fsync(files->fd) < 0 ? promise_fault(run, errno, "fsync") : 0;
}

RUN_STEPS(run_hole, .after = make_hole)

const struct promise_case promise_reserved_hole = {
	.name = "hole",
	.summary = "a hole is punched into the range and allocated again before that",
	.promises = 1u << PROMISE_RESERVED,
	.run = run_hole,
};

/* ---- shared blocks ---- */

static int copy_by_reflink(struct promise_run *run, struct reserved_files *files)
{
	int r = subject_create(run, SUBJECT_NAME_COPY, &files->copy_fd);

	if (r < 0)
		return r;
	if (ioctl(files->copy_fd, FICLONE, files->fd) < 0)
		return promise_na(run, "FICLONE: %s", strerror(errno));
	return fsync(files->copy_fd) < 0 ? promise_fault(run, errno, "fsync") : 0;
}

RUN_STEPS(run_reflink, .after = copy_by_reflink)

const struct promise_case promise_reserved_reflink = {
	.name = "reflink",
	.summary = "a copy that shares the blocks is made before that, and kept",
	.promises = 1u << PROMISE_RESERVED,
	.types = "xfs btrfs",
	.run = run_reflink,
};

/* The name would outlive a process that is killed, so only on a volume. */
static int make_snapshot(struct promise_run *run, struct reserved_files *files)
{
	CLEANUP(fd_closep)
	int directory_fd = open(run->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct btrfs_ioctl_vol_args_v2 arguments = { .fd = directory_fd, .name = "snapshot" };

	(void)files;
	if (!run->device)
		return promise_na(run, "a snapshot needs a volume: use --on loop or --on uml");
	if (directory_fd < 0)
		return promise_fault(run, errno, "opening the volume's directory");
	if (ioctl(directory_fd, BTRFS_IOC_SNAP_CREATE_V2, &arguments) < 0)
		return promise_na(run, "BTRFS_IOC_SNAP_CREATE_V2: %s", strerror(errno));
	return syncfs(directory_fd) < 0 ? promise_fault(run, errno, "syncfs") : 0;
}

RUN_STEPS(run_snapshot, .after = make_snapshot)

const struct promise_case promise_reserved_snapshot = {
	.name = "snapshot",
	.summary = "a snapshot of the volume is made before that, and kept",
	.promises = 1u << PROMISE_RESERVED,
	.types = "btrfs",
	.run = run_snapshot,
};

/* ---- flags of the file ---- */

static int set_compress(struct promise_run *run, struct reserved_files *files)
{
	return subject_set_flag(run, files->fd, FS_COMPR_FL, 'c');
}

RUN_STEPS(run_compress, .before = set_compress)

const struct promise_case promise_reserved_compress = {
	.name = "compress",
	.summary = "in a file that is compressed (chattr +c)",
	.promises = 1u << PROMISE_RESERVED,
	.types = "btrfs",
	.run = run_compress,
};

static int set_nocow(struct promise_run *run, struct reserved_files *files)
{
	return subject_set_flag(run, files->fd, FS_NOCOW_FL, 'C');
}

RUN_STEPS(run_nocow, .before = set_nocow)

const struct promise_case promise_reserved_nocow = {
	.name = "nocow",
	.summary = "in a file without copy-on-write (chattr +C)",
	.promises = 1u << PROMISE_RESERVED,
	.types = "btrfs",
	.run = run_nocow,
};

RUN_STEPS(run_nocow_snapshot, .before = set_nocow, .after = make_snapshot)

const struct promise_case promise_reserved_nocow_snapshot = {
	.name = "nocow-snapshot",
	.summary = "in a file without copy-on-write, after a snapshot of the volume",
	.promises = 1u << PROMISE_RESERVED,
	.types = "btrfs",
	.run = run_nocow_snapshot,
};

/* ---- quotas ---- */

RUN_STEPS(run_quota_user, .limited_by = QUOTA_USER)

const struct promise_case promise_reserved_quota_user = {
	.name = "quota-user",
	.summary = "the quota of the file's user is what is used, then its owner writes",
	.promises = 1u << PROMISE_RESERVED,
	.types = "ext4 xfs",
	.options = quota_options,
	.run = run_quota_user,
};

RUN_STEPS(run_quota_group, .limited_by = QUOTA_GROUP)

const struct promise_case promise_reserved_quota_group = {
	.name = "quota-group",
	.summary = "the quota of the file's group is what is used, then its owner writes",
	.promises = 1u << PROMISE_RESERVED,
	.types = "ext4 xfs",
	.options = quota_options,
	.run = run_quota_group,
};

RUN_STEPS(run_quota_project, .limited_by = QUOTA_PROJECT)

const struct promise_case promise_reserved_quota_project = {
	.name = "quota-project",
	.summary = "the quota of the file's project is what is used, then its owner writes",
	.promises = 1u << PROMISE_RESERVED,
	.types = "ext4 xfs",
	.options = quota_options,
	.run = run_quota_project,
};
