/* SPDX-License-Identifier: MIT */
/*
 * promises DIRECTORY: what prealloc.h promises, kept on the file system of a directory?
 *
 * For where the other tests cannot go: a guest, another user, another C library,
 * another processor.  So it needs nothing but the library and a C library; prints TAP.
 * As process 1 (a guest's init) it mounts first: the kernel's command line has
 * type=TYPE, and /modules names the modules to load.  With quota=usrquota, grpquota or
 * prjquota the promises are kept as an ordinary user under such a quota, with nfs=VERSION
 * on the volume as NFS serves it, with keep_room= the volume is not filled up.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/quota.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "prealloc.h"
#include "served.h"

/* We run as USER, and he, or his group, or PROJECT may have 20 MiB; no more is this. */
static int quota_error;

enum { USER = 65534, PROJECT = 42, QUOTA_KIB = 20480 };

enum { KIB = 1024, MIB = 1024 * KIB, LARGE = 16 * MIB };

#define TEXT(x) #x
#define LINE(x) TEXT(x)
#define REQUIRE(condition)                                             \
	do                                                             \
		if (!(condition))                                      \
			return "line " LINE(__LINE__) ": " #condition; \
	while (0)

static int new_file(int flags)
{
	int fd, other;

	unlink("file");
	fd = open("file", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || flags == 0)
		return fd;
	other = open("file", flags | O_CLOEXEC);
	close(fd);
	return other;
}

static uint64_t size_of(int fd)
{
	struct stat status;

	return fstat(fd, &status) < 0 ? UINT64_MAX : (uint64_t)status.st_size;
}

static uint64_t block_bytes(int fd)
{
	struct stat status;

	return fstat(fd, &status) < 0 ? 0 : (uint64_t)status.st_blocks * 512;
}

/* Bytes that tell where they belong, and are never zero. */
static int put(int fd, uint64_t offset, size_t bytes)
{
	unsigned char data[4096];

	for (size_t i = 0; i < bytes; i++)
		data[i] = (unsigned char)((offset + i) % 251 + 1);
	return pwrite(fd, data, bytes, (off_t)offset) == (ssize_t)bytes;
}

static int is_put(int fd, uint64_t offset, size_t bytes)
{
	unsigned char data[4096];

	if (pread(fd, data, bytes, (off_t)offset) != (ssize_t)bytes)
		return 0;
	for (size_t i = 0; i < bytes; i++)
		if (data[i] != (unsigned char)((offset + i) % 251 + 1))
			return 0;
	return 1;
}

static int is_zero(int fd, uint64_t offset, uint64_t bytes)
{
	static char data[64 * KIB];
	static const char zeroes[64 * KIB];

	for (size_t piece; bytes > 0; bytes -= piece, offset += piece) {
		piece = bytes < sizeof(data) ? (size_t)bytes : sizeof(data);
		if (pread(fd, data, piece, (off_t)offset) != (ssize_t)piece ||
		    memcmp(data, zeroes, piece) != 0)
			return 0;
	}
	return 1;
}

/* Some bytes at the start, in the middle of a hole, and at the end. */
static uint64_t make_sparse(int fd)
{
	return put(fd, 10, 100) && put(fd, 3 * MIB + 17, 4096) && put(fd, 6 * MIB, 77)
		       ? 6 * MIB + 77
		       : 0;
}

static int is_sparse_still(int fd)
{
	return is_zero(fd, 0, 10) && is_put(fd, 10, 100) && is_zero(fd, 110, 3 * MIB + 17 - 110) &&
	       is_put(fd, 3 * MIB + 17, 4096) &&
	       is_zero(fd, 3 * MIB + 17 + 4096, 3 * MIB - 17 - 4096) && is_put(fd, 6 * MIB, 77);
}

static const char *a_new_file_is_filled(int fd)
{
	struct prealloc_options options = { .size = sizeof(options), .flags = PREALLOC_DURABLE };
	struct prealloc_result result = { .size = sizeof(result) };

	errno = 77;
	REQUIRE(prealloc(fd, 0, LARGE + 5, &options, &result) == 0);
	REQUIRE(errno == 77);
	REQUIRE(size_of(fd) == LARGE + 5);
	REQUIRE(result.reserved_bytes == LARGE + 5 && result.new_bytes == LARGE + 5);
	REQUIRE(block_bytes(fd) >= LARGE);
	REQUIRE(is_zero(fd, 0, LARGE + 5));
	printf("# %s, risks %u\n", prealloc_path_name(result.path), (unsigned)result.risks);
	return NULL;
}

static const char *data_stays_and_holes_are_filled(int fd)
{
	uint64_t size = make_sparse(fd);

	REQUIRE(size > 0);
	REQUIRE(lseek(fd, 3, SEEK_SET) == 3);
	REQUIRE(prealloc(fd, 1, LARGE, NULL, NULL) == 0);
	REQUIRE(lseek(fd, 0, SEEK_CUR) == 3);
	REQUIRE(size_of(fd) == LARGE + 1);
	REQUIRE(is_sparse_still(fd));
	REQUIRE(is_zero(fd, size, LARGE + 1 - size));
	REQUIRE(fsync(fd) == 0 && block_bytes(fd) >= LARGE);
	return NULL;
}

static const char *past_4_gib(int fd)
{
	const uint64_t offset = 5ull * 1024 * MIB + 123;

	REQUIRE(put(fd, 0, 50));
	REQUIRE(prealloc(fd, offset, MIB, NULL, NULL) == 0);
	REQUIRE(size_of(fd) == offset + MIB);
	REQUIRE(is_put(fd, 0, 50) && is_zero(fd, 50, MIB) && is_zero(fd, offset, MIB));
	REQUIRE(fsync(fd) == 0 && block_bytes(fd) < LARGE);
	return NULL;
}

static int count_down(uint64_t done_bytes, uint64_t total_bytes, void *context)
{
	(void)done_bytes, (void)total_bytes;
	return (*(int *)context)-- == 0;
}

static const char *a_cancel_leaves_the_file_as_it_was(int fd)
{
	uint64_t size = make_sparse(fd);
	int r = -ECANCELED;

	for (int after = 0; r == -ECANCELED; after++) {
		int left = after;
		struct prealloc_options options = { .size = sizeof(options),
						    .progress = count_down,
						    .context = &left };

		r = prealloc(fd, 0, LARGE, &options, NULL);
		REQUIRE(r == 0 || (r == -ECANCELED && size_of(fd) == size));
		REQUIRE(is_sparse_still(fd));
	}
	REQUIRE(r == 0 && size_of(fd) == LARGE);
	return NULL;
}

static const char *too_much_leaves_the_file_as_it_was(int fd)
{
	uint64_t size = make_sparse(fd);
	struct prealloc_result result = { .size = sizeof(result) };
	struct statvfs volume;
	int r;

	if (getenv("keep_room"))
		return NULL;
	REQUIRE(fsync(fd) == 0 && fstatvfs(fd, &volume) == 0);
	r = prealloc(fd, 0, (uint64_t)volume.f_bfree * volume.f_frsize + 64 * MIB, NULL, &result);
	REQUIRE(r == -ENOSPC || r == -EDQUOT);
	REQUIRE(size_of(fd) == size && is_sparse_still(fd));
	return NULL;
}

/* A server has a file that was removed open for a while longer. */
static void wait_for_room(void)
{
	struct statvfs volume;

	/* (A project's quota would look like a full volume for ever.) */
	for (int i = 0; i < 600 && !quota_error; i++) {
		if (statvfs(".", &volume) == 0 &&
		    (uint64_t)volume.f_bavail * volume.f_frsize > 2 * (uint64_t)LARGE)
			break;
		usleep(100000);
	}
}

/* What is left goes to another file, and then every byte is written. */
static const char *a_full_volume_takes_the_writes(int fd)
{
	static char data[64 * KIB];
	struct prealloc_result result = { .size = sizeof(result) };
	int rest_fd = open("rest", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	const char *outcome = NULL;

	if (getenv("keep_room")) {
		close(rest_fd);
		return NULL;
	}
	REQUIRE(rest_fd >= 0 && unlink("rest") == 0);
	REQUIRE(prealloc(fd, 0, LARGE, NULL, &result) == 0);
	memset(data, 'x', sizeof(data));
	for (size_t piece = sizeof(data); piece >= 4096; piece /= 2)
		while (write(rest_fd, data, piece) > 0)
			;
	fsync(rest_fd);
	for (uint64_t at = 0; at < LARGE && !outcome; at += 4096)
		if (!put(fd, at, 4096))
			outcome = "a write met an error";
	if (!outcome && (fsync(fd) < 0 || !is_put(fd, LARGE - 4096, 4096)))
		outcome = "fsync() met an error";
	close(rest_fd);
	wait_for_room();
	return result.risks & PREALLOC_RISK_COPY_ON_WRITE ? NULL : outcome;
}

static const char *any_descriptor_will_do(int fd)
{
	static const int flags[] = { O_WRONLY, O_RDWR | O_APPEND, O_RDWR | O_DIRECT,
				     O_WRONLY | O_APPEND | O_SYNC };

	(void)fd;
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		int other_fd = new_file(flags[i]), before = fcntl(other_fd, F_GETFL), same;

		if (other_fd < 0 && errno == EINVAL) /* O_DIRECT is refused */
			continue;
		REQUIRE(other_fd >= 0);
		REQUIRE(ftruncate(other_fd, MIB + 5) == 0);
		REQUIRE(prealloc(other_fd, 1000, 2 * MIB + 1, NULL, NULL) == 0);
		same = fcntl(other_fd, F_GETFL) == before && size_of(other_fd) == 2 * MIB + 1001;
		close(other_fd);
		REQUIRE(same);
	}
	return NULL;
}

static const char *record_locks_are_kept(int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int status = -1;
	pid_t pid;

	REQUIRE(fcntl(fd, F_SETLK, &lock) == 0);
	REQUIRE(prealloc(fd, 0, MIB, NULL, NULL) == 0);
	pid = fork();
	if (pid == 0) {
		fcntl(fd, F_GETLK, &lock);
		_exit(lock.l_type == F_WRLCK ? 0 : 1);
	}
	REQUIRE(waitpid(pid, &status, 0) == pid && status == 0);
	return NULL;
}

struct writer {
	int fd;
	atomic_int stop;
	unsigned count;
};

enum { SLOT = 64 * KIB + 4096 };

static void *write_slots(void *context)
{
	struct writer *writer = context;

	for (unsigned i = 0; i < LARGE / SLOT && !atomic_load(&writer->stop); i++) {
		if (!put(writer->fd, (uint64_t)i * SLOT + 300, 700))
			break;
		writer->count = i + 1;
	}
	return NULL;
}

/* By MADV_POPULATE_WRITE (Linux 5.14).  An emulator takes any advice, and follows none. */
static int holes_are_filled_safely(void)
{
	enum { POPULATE_WRITE = 23, NONSENSE = 9999 };
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int safely = page != MAP_FAILED && madvise(page, 4096, NONSENSE) < 0 &&
		     madvise(page, 4096, POPULATE_WRITE) == 0;

	munmap(page, 4096);
	return safely;
}

static const char *writers_lose_nothing(int fd)
{
	struct writer writer = { .fd = fd };
	pthread_t thread;
	int r;

	REQUIRE(ftruncate(fd, LARGE / 2) == 0);
	REQUIRE(pthread_create(&thread, NULL, write_slots, &writer) == 0);
	r = prealloc(fd, 0, LARGE, NULL, NULL);
	atomic_store(&writer.stop, 1);
	REQUIRE(pthread_join(thread, NULL) == 0);
	REQUIRE(r == 0 && size_of(fd) >= LARGE);
	for (unsigned i = 0; i < writer.count && holes_are_filled_safely(); i++)
		REQUIRE(is_put(fd, (uint64_t)i * SLOT + 300, 700));
	return NULL;
}

static const char *a_job_ends_and_says_so(int fd)
{
	struct prealloc_job *job = NULL;
	struct pollfd ended = { .events = POLLIN };
	uint64_t done_bytes = 0;

	REQUIRE(prealloc_job_start(fd, 0, LARGE, NULL, &job) == 0);
	ended.fd = prealloc_job_fd(job);
	REQUIRE(poll(&ended, 1, 120000) == 1);
	REQUIRE(prealloc_job_poll(job, &done_bytes) == 0 && done_bytes == LARGE);
	REQUIRE(prealloc_job_wait(job, NULL) == 0);
	REQUIRE(prealloc_job_free(job) == NULL);
	return NULL;
}

/* 20 MiB may be had, 32 are wanted: at the end of a file, and in its holes. */
static const char *more_than_the_quota_leaves_the_file_as_it_was(int fd)
{
	struct prealloc_result result = { .size = sizeof(result) };
	uint64_t size, blocks;

	if (!quota_error)
		return NULL;
	for (int sparse = 0; sparse < 2; sparse++) {
		REQUIRE(ftruncate(fd, 0) == 0 && put(fd, 0, 100));
		REQUIRE(ftruncate(fd, sparse ? 2 * LARGE : 100) == 0 && fsync(fd) == 0);
		size = size_of(fd);
		blocks = block_bytes(fd);
		REQUIRE(prealloc(fd, 0, 2 * LARGE, NULL, &result) == -quota_error);
		/* Only of blocks that tell where the others are. */
		REQUIRE(result.left_bytes == 0 || result.left_bytes == block_bytes(fd) - blocks);
		REQUIRE(fsync(fd) == 0);
		REQUIRE(size_of(fd) == size && block_bytes(fd) <= blocks + 64 * KIB);
		REQUIRE(is_put(fd, 0, 100) && is_zero(fd, 100, size - 100));
	}
	REQUIRE(prealloc(fd, 0, 4 * MIB, NULL, NULL) == 0);
	return NULL;
}

static const char *a_queue_makes_what_fits(int fd)
{
	static const char *const paths[] = { "queued-a", "queued-b", "queued-c" };
	struct prealloc_queue_options options = { .size = sizeof(options), .at_once = 2 };
	struct prealloc_outcome outcome = { .size = sizeof(outcome) };
	struct prealloc_queue *queue = NULL;
	struct prealloc_file files[3];
	struct stat status;
	(void)fd;

	for (int i = 0; i < 3; i++)
		files[i] = (struct prealloc_file) { .size = sizeof(files[i]),
						    .path = paths[i],
						    .length = MIB };
	REQUIRE(prealloc_fits(files, 3, NULL, NULL) == 0);
	REQUIRE(prealloc_queue_new(&options, &queue) == 0);
	for (int i = 0; i < 3; i++)
		REQUIRE(prealloc_queue_add(queue, &files[i], NULL) == 0);
	while (prealloc_queue_wait(queue, &outcome, NULL) == 0)
		REQUIRE(outcome.error == 0);
	REQUIRE(outcome.id != 0 && !prealloc_queue_free(queue));
	for (int i = 0; i < 3; i++)
		REQUIRE(stat(paths[i], &status) == 0 && status.st_size == MIB &&
			unlink(paths[i]) == 0);
	files[0].length = INT64_MAX / 2;
	REQUIRE(prealloc_fits(files, 3, NULL, NULL) == -ENOSPC);
	return NULL;
}

static const struct {
	const char *name;
	const char *(*keeps)(int fd); /* NULL, or what does not hold */
} promises[] = {
	{ "a new file is filled", a_new_file_is_filled },
	{ "data stays and holes are filled", data_stays_and_holes_are_filled },
	{ "past 4 GiB", past_4_gib },
	{ "a cancel leaves the file as it was", a_cancel_leaves_the_file_as_it_was },
	{ "too much leaves the file as it was", too_much_leaves_the_file_as_it_was },
	{ "a full volume takes the writes", a_full_volume_takes_the_writes },
	{ "any descriptor will do", any_descriptor_will_do },
	{ "record locks are kept", record_locks_are_kept },
	{ "writers lose nothing", writers_lose_nothing },
	{ "a job ends and says so", a_job_ends_and_says_so },
	{ "a queue makes what fits", a_queue_makes_what_fits },
	{ "more than the quota leaves the file as it was",
	  more_than_the_quota_leaves_the_file_as_it_was },
};

static int keep_all(void)
{
	const size_t count = sizeof(promises) / sizeof(promises[0]);
	int broken = 0;

	printf("1..%zu\n", count);
	for (size_t i = 0; i < count; i++) {
		int fd = new_file(0);
		const char *why = fd < 0 ? strerror(errno) : promises[i].keeps(fd);

		/* XFS gives back to a quota what a removed file had when it has time. */
		if (fd >= 0 && ftruncate(fd, 0) == 0)
			close(fd);
		unlink("file");
		broken += why != NULL;
		printf("%s %zu - %s%s%s\n", why ? "not ok" : "ok", i + 1, promises[i].name,
		       why ? " # " : "", why ? why : "");
		fflush(stdout);
	}
	return broken != 0;
}

/* ---- as the init of a guest ---- */

static void load_modules(void)
{
	FILE *list = fopen("/modules", "re");
	char path[256];

	while (list && fscanf(list, "%255s", path) == 1) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);

		if (syscall(SYS_finit_module, fd, "", 0) < 0)
			printf("# %s: %s\n", path, strerror(errno));
		close(fd);
	}
}

static const struct quota_kind {
	const char *option; /* of mount */
	int type, id;	    /* for quotactl() */
} quota_kinds[] = {
	{ "usrquota", USRQUOTA, USER },
	{ "grpquota", GRPQUOTA, USER },
	{ "prjquota", 2, PROJECT },
};

/* New files belong to it. */
static int make_project(const char *directory)
{
	struct fsxattr attributes;
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;

	if (fd < 0)
		return -errno;
	if (ioctl(fd, FS_IOC_FSGETXATTR, &attributes) < 0)
		r = -errno;
	attributes.fsx_projid = PROJECT;
	attributes.fsx_xflags |= FS_XFLAG_PROJINHERIT;
	if (r == 0 && ioctl(fd, FS_IOC_FSSETXATTR, &attributes) < 0)
		r = -errno;
	close(fd);
	return r;
}

static int limit(const struct quota_kind *kind, const char *type)
{
	struct dqblk limit = { .dqb_bhardlimit = QUOTA_KIB, .dqb_valid = QIF_BLIMITS };
	int project = kind->id == PROJECT, r = project ? make_project("/mnt") : 0;

	/* XFS has a project's end look like the volume's. */
	quota_error = project && !strcmp(type, "xfs") ? ENOSPC : EDQUOT;
	if (r == 0 &&
	    quotactl(QCMD(Q_SETQUOTA, kind->type), "/dev/ubdb", kind->id, (char *)&limit) < 0)
		r = -errno;
	return r == 0 && chmod("/mnt", 0777) < 0 ? -errno : r;
}

/* `type`, `quota` and `nfs` are of the kernel's command line. */
static int mount_volume(void)
{
	const char *type = getenv("type"), *quota = getenv("quota"), *nfs = getenv("nfs");

	if (mount("none", "/dev", "devtmpfs", 0, NULL) < 0 ||
	    mount("none", "/proc", "proc", 0, NULL) < 0)
		return -errno;
	load_modules();
	if (mount("/dev/ubdb", "/mnt", type, 0, quota) < 0)
		return -errno;
	for (size_t i = 0; quota && i < sizeof(quota_kinds) / sizeof(quota_kinds[0]); i++)
		if (!strcmp(quota, quota_kinds[i].option))
			return limit(&quota_kinds[i], type);
	return nfs ? served_mount(nfs, "/nfs") : 0;
}

/* Under a quota by whom it binds: root is not. */
static void keep_as_user(void)
{
	pid_t pid;

	if (!quota_error) {
		keep_all();
		return;
	}
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(setgid(USER) < 0 || setuid(USER) < 0 || keep_all());
	waitpid(pid, NULL, 0);
}

static void be_init(void)
{
	int r = mount_volume(), served = getenv("nfs") != NULL;

	if (r < 0)
		printf("not ok - cannot mount: %s\n", strerror(-r));
	else if (chdir(served ? "/nfs" : "/mnt") == 0)
		keep_as_user();
	fflush(stdout);
	if (chdir("/") < 0 || (served && served_unmount("/nfs") < 0) || umount("/mnt") < 0)
		printf("not ok - the volume is busy: %s\n", strerror(errno));
	fflush(stdout);
	reboot(RB_POWER_OFF);
}

int main(int argc, char **argv)
{
	if (getpid() == 1)
		be_init();
	if (argc != 2 || chdir(argv[1]) < 0) {
		fprintf(stderr, "usage: promises DIRECTORY\n");
		return 2;
	}
	return keep_all();
}
