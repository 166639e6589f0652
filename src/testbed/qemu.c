/* SPDX-License-Identifier: MIT */
/*
 * A QEMU guest with a kernel of the user's choice.  Agent, memory and number of processors are
 * those of a User-Mode Linux guest, so that the two differ in the kernel only.
 *
 * Protocol and console are two serial lines, which need no kernel module: ttyS0 is QEMU's standard
 * input and output, ttyS1 its standard error, to which QEMU's own messages also go.  The volume is
 * a virtio disk.  The host's page cache is below it (cache=writeback), which works for every
 * image, and the guest's flushes reach the host's disk.  At boot Linux waits some milliseconds for
 * the timer, and takes it for broken, or panics, if the host is too busy to emulate it in time
 * (6.1); no_timer_check prevents that.
 *
 * /dev/kvm may exist, open, and make every guest hang forever (seen in nested virtual machines).
 * So one guest is booted with it, with a deadline; if that fails, the processor is emulated.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "testbed/guest.h"
#include "base/io.h"
#include "testbed/kernel.h"
#include "base/size.h"
#include "testbed/testbed.h"
#include "base/words.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "testbed/write_log.h"

enum { MEMORY_MIB = 512, PROOF_SECONDS = 5 };

static const char program[] = "qemu-system-x86_64";
static const char boot_folder[] = "/boot";
static const char kvm_device[] = "/dev/kvm";

static int find_image(const struct testbed_options *options, struct kernel_image *ret,
		      struct problem *problem)
{
	return kernel_image_find(boot_folder, options->argument, options->modules, ret, problem);
}

/* ---- the drive ---- */

/* "iops=N,bps=SIZE" as QEMU options, each part after a comma. */
static int throttle_parse(const char *text, char **ret, struct problem *problem)
{
	CLEANUP(freep) char **words = words_split(text ? text : "", ",");
	CLEANUP(freep) char *parts = strdup("");

	if (!words || !parts)
		return -ENOMEM;
	for (char **word = words; *word; word++) {
		int is_iops = strncmp(*word, "iops=", 5) == 0;
		int is_bps = strncmp(*word, "bps=", 4) == 0;
		uint64_t value = 0;

		if (!(is_iops || is_bps) || size_parse(strchr(*word, '=') + 1, &value) < 0 ||
		    value == 0)
			return problem_set(problem, PROBLEM_USAGE, EINVAL,
					   "invalid drive limit \"%s\": use iops=N, bps=SIZE or "
					   "both, such as iops=120,bps=80M",
					   text);
		if (text_append(&parts, ",throttling.%s-total=%" PRIu64, is_iops ? "iops" : "bps",
				value) < 0)
			return -ENOMEM;
	}
	*ret = TAKE_PTR(parts);
	return 0;
}

/*
 * The host's disk need not have what is logged, so nothing is flushed there.  The super block of
 * the log is updated with each entry.  Zeroes are written as data (LOGGED_DISK): the entry of a
 * write without data is torn apart by another one at the same time (7.2).
 */
static char *logged_drive(const struct volume *volume)
{
	return text_format("driver=blklogwrites,node-name=volume,log-sector-size=%d,"
			   "log-append=off,log-super-update-interval=1,"
			   "file.driver=file,file.filename=/proc/self/fd/%d,file.cache.no-flush=on,"
			   "log.driver=file,log.filename=/proc/self/fd/%d,log.cache.no-flush=on",
			   WRITE_LOG_SECTOR, volume->fd, volume->log_fd);
}

#define LOGGED_DISK "virtio-blk-pci,drive=volume,werror=report,discard=off,write-zeroes=off"

static char *drive_argument(const struct testbed_options *options, const struct volume *volume)
{
	CLEANUP(freep) char *throttle = NULL;

	if (volume->log_fd >= 0)
		return logged_drive(volume);
	if (throttle_parse(options->drive_throttle, &throttle, NULL) < 0)
		return NULL;
	return text_format("file=/proc/self/fd/%d,if=virtio,format=raw,cache=writeback%s%s",
			   volume->fd, volume->is_foreign ? ",snapshot=on" : "", throttle);
}

/* ---- can it be used ---- */

static int qemu_probe(const struct testbed_options *options, struct problem *problem)
{
	CLEANUP(kernel_image_clear) struct kernel_image image = { 0 };
	CLEANUP(freep) char *path = child_find_program(program);
	CLEANUP(freep) char *throttle = NULL;
	int r = guest_probe(problem);

	if (r == 0)
		r = throttle_parse(options->drive_throttle, &throttle, problem);
	if (r < 0)
		return r;
	if (!path)
		return problem_set(problem, PROBLEM_LACK, ENOENT,
				   "%s is missing; install qemu-system-x86, or use --on uml",
				   program);
	return find_image(options, &image, problem);
}

/* The newest kernel is named explicitly, for the rest of the run and for its resumption. */
static int qemu_kernel(const struct testbed_options *options, struct plan_kernel *ret)
{
	CLEANUP(kernel_image_clear) struct kernel_image image = { 0 };
	int r = find_image(options, &image, NULL);

	if (r == 0 && image.newest &&
	    !(ret->name = text_format("%s%s", options->argument ? options->argument : "",
				      image.path))) {
		r = -ENOMEM;
	}
	if (r < 0)
		return r;
	ret->label = TAKE_PTR(image.label);
	ret->build = TAKE_PTR(image.build);
	return 0;
}

static int find_modules(const struct kernel_image *image, const char *type, char **ret_modules,
			struct problem *problem)
{
	static const char *const drivers[] = { "virtio_pci", "virtio_blk", NULL };

	return guest_modules(image, drivers, type, ret_modules, problem);
}

static int qemu_supports(const struct testbed_options *options, const char *type,
			 struct problem *problem)
{
	CLEANUP(kernel_image_clear) struct kernel_image image = { 0 };
	CLEANUP(freep) char *modules = NULL;
	int r = find_image(options, &image, problem);

	return r < 0 ? r : find_modules(&image, type, &modules, problem);
}

/* ---- a guest ---- */

#define KERNEL_LINE "console=ttyS1 earlyprintk=ttyS1 panic=-1 oops=panic quiet no_timer_check"

static int spawn_guest(const struct testbed_options *options, const struct kernel_image *image,
		       const struct volume *volume, int guest_fd, const struct guest_lines *lines,
		       struct child *ret)
{
	CLEANUP(freep) char *initrd = NULL;
	CLEANUP(freep) char *memory = NULL;
	CLEANUP(freep) char *drive = volume ? drive_argument(options, volume) : NULL;
	int is_logged = volume && volume->log_fd >= 0;
	const int keep[] = { guest_fd, volume ? volume->fd : -1, is_logged ? volume->log_fd : -1,
			     -1 };

	if ((volume && !drive) || !(memory = text_format("%d", MEMORY_MIB)) ||
	    !(initrd = text_format("/proc/self/fd/%d", guest_fd)))
		return -ENOMEM;
	return child_spawn(ret,
			   &(struct child_command) {
				   .argv = (const char *[]) { program,
							      "-no-user-config",
							      "-nodefaults",
							      "-display",
							      "none",
							      "-no-reboot",
							      "-machine",
							      "q35",
							      "-accel",
							      options->accelerated ? "kvm" : "tcg",
							      "-cpu",
							      "max",
							      "-m",
							      memory,
							      "-kernel",
							      image->path,
							      "-initrd",
							      initrd,
							      "-append",
							      volume && volume->is_foreign
								      ? KERNEL_LINE " scan=1"
								      : KERNEL_LINE,
							      "-chardev",
							      "stdio,id=agent,signal=off",
							      "-serial",
							      "chardev:agent",
							      "-serial",
							      "file:/dev/stderr",
							      !drive	  ? NULL
							      : is_logged ? "-blockdev"
									  : "-drive",
							      drive,
							      is_logged ? "-device" : NULL,
							      LOGGED_DISK,
							      NULL },
				   .in_fd = lines->request[0],
				   .out_fd = lines->events[1],
				   .err_fd = lines->console[1],
				   .keep = keep,
				   .flags = CHILD_PID_NAMESPACE,
			   });
}

static int boot(const struct testbed_options *options, const struct kernel_image *image,
		const struct volume *volume, const char *modules, struct testbed_process *process)
{
	CLEANUP(guest_lines_clear) struct guest_lines lines = GUEST_LINES_NONE;
	CLEANUP(fd_closep) int guest_fd = guest_initramfs(image->modules, modules);
	int r = guest_fd < 0 ? guest_fd : guest_lines_open(&lines);

	if (r == 0)
		r = spawn_guest(options, image, volume, guest_fd, &lines, &process->child);
	if (r == 0)
		guest_lines_hand_over(&lines, process);
	return r;
}

static int qemu_start(const struct testbed_options *options, const struct volume *volume,
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
	r = field_set_text(&request->device, "/dev/vda");
	if (r == 0)
		r = field_set_text(&request->directory, "/mnt");
	if (r == 0)
		r = boot(options, &image, volume, request->modules, ret);
	if (r < 0)
		return problem_set(problem, PROBLEM_LACK, -r,
				   "cannot start %s with the kernel %s: %s", program, image.label,
				   strerror(-r));
	return 0;
}

/* ---- hardware or emulation ---- */

/*
 * Whether it prints anything before the deadline.  0, -ETIMEDOUT, -ECANCELED, or -EIO (it ended).
 */
static int await_word(const struct testbed_process *process, int cancel_fd)
{
	struct pollfd watched[] = {
		{ .fd = cancel_fd, .events = POLLIN },
		{ .fd = process->from_fd, .events = POLLIN },
	};
	int r = poll(watched, ARRAY_SIZE(watched), PROOF_SECONDS * 1000);

	if (r < 0)
		return errno == EINTR ? -ECANCELED : -errno;
	if (r == 0)
		return -ETIMEDOUT;
	if (watched[0].revents)
		return -ECANCELED;
	return watched[1].revents & POLLIN ? 0 : -EIO;
}

static int prove_kvm(struct testbed_options *options, const struct kernel_image *image,
		     int cancel_fd)
{
	CLEANUP(testbed_process_clear) struct testbed_process process = TESTBED_PROCESS_NONE;
	CLEANUP(fd_closep) int fd = open(kvm_device, O_RDWR | O_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	options->accelerated = 1;
	r = boot(options, image, NULL, NULL, &process);
	if (r == 0)
		r = await_word(&process, cancel_fd);
	options->accelerated = r == 0;
	return r;
}

static int qemu_prepare(struct testbed_options *options, int cancel_fd, char **ret_remark,
			struct problem *problem)
{
	CLEANUP(kernel_image_clear) struct kernel_image image = { 0 };
	int r = find_image(options, &image, problem);

	if (r < 0)
		return r;
	r = prove_kvm(options, &image, cancel_fd);
	if (r == 0 || r == -ECANCELED || r == -ENOMEM)
		return r;
	*ret_remark =
		r == -ETIMEDOUT
			? text_format("a guest on %s did not start within %d s, so its processor "
				      "is emulated (TCG)",
				      kvm_device, PROOF_SECONDS)
		: r == -EIO
			? text_format("a guest on %s ended at once, so its processor is emulated "
				      "(TCG)",
				      kvm_device)
			: text_format("%s cannot be used: %s; so the guest's processor is emulated "
				      "(TCG)",
				      kvm_device, strerror(-r));
	return *ret_remark ? 0 : -ENOMEM;
}

static int qemu_describe(const struct testbed_options *options, struct environment *environment)
{
	const char *throttle = options->drive_throttle;
	char *note;
	int r = field_set_text(&environment->accelerator, options->accelerated ? "kvm" : "tcg");

	if (r == 0)
		r = field_set_text(&environment->drive, "virtio-blk, cache=writeback");
	if (r == 0)
		r = field_set_text(&environment->drive_throttle, throttle);
	if (r < 0 ||
	    !(note = text_format(
		      "Measured in a QEMU guest on a virtio disk with a write cache: fragments and "
		      "bytes are exact. %s%s%s%s",
		      options->accelerated
			      ? "On KVM: times include QEMU and the file system of the image."
			      : "Emulated (TCG): times are comparable only with each other.",
		      throttle ? " The drive is throttled to " : "", throttle ? throttle : "",
		      throttle ? "." : "")))
		return -ENOMEM;
	free(environment->testbed_note);
	environment->testbed_note = note;
	return 0;
}

static char *qemu_choices(void)
{
	CLEANUP(kernel_image_names_clear) char **names = kernel_image_names(boot_folder);
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };

	if (!names || !names[0])
		return NULL;
	strbuf_printf(&text, "kernels in %s:", boot_folder);
	for (char **name = names; *name; name++)
		strbuf_printf(&text, "%s %s", name == names ? "" : ",", *name);
	return strbuf_take(&text);
}

const struct testbed testbed_qemu = {
	.name = "qemu",
	.argument = "KERNEL",
	.argument_optional = 1,
	.boots_kernels = 1,
	.records_writes = 1,
	.chooses_kernel = 1,
	.throttles = 1,
	.summary = "a QEMU guest with any kernel (default: the newest in /boot); needs no root",
	.start_seconds = 120,
	.probe = qemu_probe,
	.choices = qemu_choices,
	.supports = qemu_supports,
	.guest_kernel = qemu_kernel,
	.prepare = qemu_prepare,
	.describe = qemu_describe,
	.start = qemu_start,
};
