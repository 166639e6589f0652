/* SPDX-License-Identifier: MIT */
/*
 * A User-Mode Linux guest: a complete kernel as an ordinary process, with file systems that the
 * running kernel lacks, for users without privileges.
 *
 * Processes of UML leave the process group of their parent, so it runs in a PID namespace of its
 * own (base/child.h).  `uml_dir` points to a path where nothing can be created: otherwise UML
 * would leave a directory in the user's home.  The guest's memory is an unnamed file in a
 * directory that UML takes from TMPDIR.  If there is not enough space for it, the guest hangs in
 * SIGBUS, and /dev/shm of a container has 64 MiB, so the directory is chosen here.  Its disk drops
 * flushes (6.1 to 7.2: a request without data never reaches the thread's do_io() in
 * arch/um/drivers/ubd_kern.c), so the agent asks the host for them.  The image of a scan is below
 * a layer in the format of UML's own copy-on-write files (struct cow_header_v3 in
 * arch/um/drivers/cow_user.c), which is also unnamed.
 *
 * ubda would become the root file system; the volume is ubdb.  The serial line ssl0 carries the
 * protocol, the console the kernel's messages.
 */
#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/text.h"
#include "testbed/guest.h"
#include "testbed/kernel.h"
#include "testbed/testbed.h"
#include "testbed/volume.h"
#include "testbed/write_log.h"

enum { MEMORY_MIB = 512 };

/* The file is executed as well. */
static int holds_memory(const char *directory)
{
	struct statvfs status;

	return access(directory, W_OK | X_OK) == 0 && statvfs(directory, &status) == 0 &&
	       !(status.f_flag & ST_NOEXEC) &&
	       (uint64_t)status.f_bavail * status.f_frsize >= (uint64_t)MEMORY_MIB << 20;
}

/* The first is in memory on most machines; NULL: none is suitable. */
static const char *memory_directory(void)
{
	const char *const directories[] = { "/dev/shm", getenv("TMPDIR"), "/var/tmp", "/tmp" };

	for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
		if (directories[i] && holds_memory(directories[i]))
			return directories[i];
	return NULL;
}

static int find_image(const struct testbed_options *options, struct kernel_image *ret,
		      struct problem *problem)
{
	return kernel_image_find_uml(options->argument, options->modules, ret, problem);
}

static int uml_probe(const struct testbed_options *options, struct problem *problem)
{
	CLEANUP(kernel_image_clear) struct kernel_image image = { 0 };
	int r = guest_probe(problem);

	if (r == 0)
		r = find_image(options, &image, problem);
	if (r == 0 && !memory_directory())
		return problem_set(problem, PROBLEM_LACK, ENOSPC,
				   "a guest's memory needs a directory with %d MiB free and not "
				   "mounted noexec: /dev/shm, $TMPDIR, /var/tmp or /tmp",
				   MEMORY_MIB);
	return r;
}

static int uml_kernel(const struct testbed_options *options, struct plan_kernel *ret)
{
	CLEANUP(kernel_image_clear) struct kernel_image image = { 0 };
	int r = find_image(options, &image, NULL);

	if (r == 0)
		ret->label = TAKE_PTR(image.label);
	return r;
}

/* Its disk needs no drivers. */
static int find_modules(const struct kernel_image *image, const char *type, char **ret_modules,
			struct problem *problem)
{
	static const char *const drivers[] = { NULL };

	return guest_modules(image, drivers, type, ret_modules, problem);
}

static int uml_supports(const struct testbed_options *options, const char *type,
			struct problem *problem)
{
	CLEANUP(kernel_image_clear) struct kernel_image image = { 0 };
	CLEANUP(freep) char *modules = NULL;
	int r = find_image(options, &image, problem);

	return r < 0 ? r : find_modules(&image, type, &modules, problem);
}

/* ---- a layer above an image ---- */

enum { LAYER_MAGIC = 0x4f4f4f4d, LAYER_VERSION = 3, LAYER_SECTOR = 512, LAYER_ALIGN = 4096 };

/* Big endian.  A bitmap of the sectors and the sectors follow, both aligned. */
struct layer_header {
	uint32_t magic, version, modified;
	uint64_t bytes;
	uint32_t sector_bytes, alignment, format;
	char below[4096];
} __attribute__((packed));

/* A descriptor or -errno. */
static int layer_create(const char *directory, int image_fd)
{
	CLEANUP(volume_clear) struct volume layer = VOLUME_NONE;
	struct layer_header header = {
		.magic = htobe32(LAYER_MAGIC),
		.version = htobe32(LAYER_VERSION),
		.sector_bytes = htobe32(LAYER_SECTOR),
		.alignment = htobe32(LAYER_ALIGN),
	};
	off_t bytes = lseek(image_fd, 0, SEEK_END) / LAYER_SECTOR * LAYER_SECTOR;
	uint64_t bitmap_bytes = (uint64_t)bytes / LAYER_SECTOR / 8 + 1;
	struct stat status;
	int r;

	if (bytes < 0 || fstat(image_fd, &status) < 0)
		return -errno;
	header.modified = htobe32((uint32_t)status.st_mtime);
	header.bytes = htobe64((uint64_t)lseek(image_fd, 0, SEEK_END));
	snprintf(header.below, sizeof(header.below), "/proc/self/fd/%d", image_fd);
	r = volume_create(directory, (uint64_t)bytes + bitmap_bytes + 4 * LAYER_ALIGN, 0, &layer,
			  NULL);
	if (r == 0)
		r = io_write_all(layer.fd, &header, sizeof(header));
	return r < 0 ? r : TAKE_FD(layer.fd);
}

/* ---- a guest ---- */

/* Variables for the recorder; none if nothing is logged. */
struct recorder {
	int fd; /* the library; -1: none */
	char *preload, *numbers;
};

static void recorder_clear(struct recorder *recorder)
{
	recorder->fd = fd_close(recorder->fd);
	free(recorder->preload);
	free(recorder->numbers);
}

static int recorder_open(const struct volume *volume, struct recorder *ret)
{
	if (volume->log_fd < 0)
		return 0;
	ret->fd = guest_recorder();
	if (ret->fd < 0)
		return ret->fd;
	ret->preload = text_format("LD_PRELOAD=/proc/self/fd/%d", ret->fd);
	ret->numbers = text_format(WRITE_LOG_VARIABLE "=%d,%d", volume->log_fd, volume->fd);
	return ret->preload && ret->numbers ? 0 : -ENOMEM;
}

static int spawn_guest(const char *program, const struct volume *volume, int guest_fd,
		       const struct guest_lines *lines, struct child *ret)
{
	CLEANUP(recorder_clear) struct recorder recorder = { .fd = -1 };
	CLEANUP(fd_closep) int layer_fd = -1;
	CLEANUP(freep) char *initrd = NULL;
	CLEANUP(freep) char *disk = NULL;
	CLEANUP(freep) char *serial = NULL;
	CLEANUP(freep) char *memory = NULL;
	CLEANUP(freep) char *directory = NULL;
	const char *chosen = memory_directory();
	int r = chosen ? recorder_open(volume, &recorder) : -ENOSPC;

	if (r == 0 && volume->is_foreign)
		r = layer_fd = layer_create(chosen, volume->fd);
	if (r < 0)
		return r;
	if (!(memory = text_format("mem=%dM", MEMORY_MIB)) ||
	    !(directory = text_format("TMPDIR=%s", chosen)) ||
	    !(initrd = text_format("initrd=/proc/self/fd/%d", guest_fd)) ||
	    !(disk = text_format("ubdb=/proc/self/fd/%d", layer_fd >= 0 ? layer_fd : volume->fd)) ||
	    !(serial = text_format("ssl0=fd:%d,fd:%d", lines->request[0], lines->events[1])))
		return -ENOMEM;
	return child_spawn(
		ret,
		&(struct child_command) {
			.argv = (const char *[]) { program, memory, initrd, disk, serial,
						   "uml_dir=/dev/null/", "con=null",
						   "con0=null,fd:1", "quiet", "panic=-1",
						   "oops=panic",
						   volume->is_foreign ? "scan=1" : NULL, NULL },
			.in_fd = -1,
			.out_fd = lines->console[1],
			.err_fd = lines->console[1],
			/* What a scan reads is not logged. */
			.keep = (const int[]) { lines->request[0], lines->events[1], guest_fd,
						volume->fd, layer_fd >= 0 ? layer_fd : recorder.fd,
						volume->log_fd, -1 },
			.variables = (const char *const[]) { directory, recorder.preload,
							     recorder.numbers, NULL },
			.flags = CHILD_PID_NAMESPACE,
		});
}

static int boot(const struct kernel_image *image, const struct volume *volume, const char *modules,
		struct testbed_process *process)
{
	CLEANUP(guest_lines_clear) struct guest_lines lines = GUEST_LINES_NONE;
	CLEANUP(fd_closep) int guest_fd = guest_initramfs(image->modules, modules);
	int r = guest_fd < 0 ? guest_fd : guest_lines_open(&lines);

	if (r == 0)
		r = spawn_guest(image->path, volume, guest_fd, &lines, &process->child);
	if (r == 0)
		guest_lines_hand_over(&lines, process);
	return r;
}

static int uml_start(const struct testbed_options *options, const struct volume *volume,
		     struct trial_request *request, struct testbed_process *ret,
		     struct problem *problem)
{
	CLEANUP(kernel_image_clear) struct kernel_image image = { 0 };
	int r = find_image(options, &image, problem);

	if (r == 0)
		r = find_modules(&image, request->type, &request->modules, problem);
	if (r == 0)
		r = guest_add_quotas(&image, request->mount_options, &request->modules);
	if (r < 0)
		return r;
	r = field_set_text(&request->device, "/dev/ubdb");
	if (r == 0)
		r = field_set_text(&request->directory, "/mnt");
	request->host_flushes = 1;
	ret->flush_fd = volume->fd;
	if (r == 0)
		r = boot(&image, volume, request->modules, ret);
	if (r < 0)
		return problem_set(problem, PROBLEM_LACK, -r, "cannot start %s: %s", image.path,
				   strerror(-r));
	return 0;
}

const struct testbed testbed_uml = {
	.name = "uml",
	.argument = "KERNEL",
	.argument_optional = 1,
	.boots_kernels = 1,
	.records_writes = 1,
	.drops_flushes = 1,
	.summary = "a User-Mode Linux guest with its own file systems; needs no root",
	.note = "Measured in a User-Mode Linux guest: fragments and bytes are exact. Times are "
		"comparable only with each other, because system calls and page faults are much "
		"more expensive than on the host. The guest's kernel drops flushes, so the host "
		"flushes the image at the end of sync and unmount, as part of their time.",
	.start_seconds = 60,
	.probe = uml_probe,
	.supports = uml_supports,
	.guest_kernel = uml_kernel,
	.start = uml_start,
};
