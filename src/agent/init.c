/* SPDX-License-Identifier: MIT */
/*
 * The init of a guest, and its only process: it prepares the guest, serves one request on the
 * serial line, and powers the machine off.  It is linked statically and is the whole initramfs.
 * The request is a trial, or a scan for `frag --volume` if the kernel's command line contains
 * "scan=1", which the kernel passes as an environment variable.
 *
 * A scan mounts the image read-only.  The log is replayed nevertheless, since the device, a layer
 * above the image, is writable.  jfs, whose log no kernel replays, cannot be mounted in another
 * way.  If the log is too damaged, the image is mounted without it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/blkpg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "blockdev/mount.h"
#include "frag/guest/guest.h"
#include "trial/agent.h"
#include "trial/modules.h"

/* ---- a scan ---- */

enum { LINE_BUFFER_BYTES = 1 << 15, PARTITION = 1, PARTITIONS_MAX = 15 };

static const char directory[] = "/mnt";

/* The option to ignore the log. */
static const struct {
	const char *type, *options;
} without_log[] = {
	{ "xfs", "norecovery" },	   { "ext3", "noload" },     { "ext4", "noload" },
	{ "btrfs", "rescue=nologreplay" }, { "f2fs", "norecovery" }, { "nilfs2", "norecovery" },
};

static const char note_without_log[] = "May be out of date: its log is damaged, and was not "
				       "replayed.";

struct scan_request {
	const char *device, *type, *modules;
	json_int_t start_bytes, bytes; /* of the partition; 0, 0: the whole device */
	json_t *settings;	       /* for frag_guest_serve(); borrowed */
};

static char *mounted_device; /* the one that there is */

/* ---- the device ---- */

static int control_partition(int fd, int operation, struct blkpg_partition *partition)
{
	struct blkpg_ioctl_arg argument = {
		.op = operation,
		.datalen = sizeof(*partition),
		.data = partition,
	};

	return ioctl(fd, BLKPG, &argument) < 0 ? -errno : 0;
}

/* The host has read the partition table; this kernel's partitions are removed. */
static int make_partition(const struct scan_request *request)
{
	CLEANUP(fd_closep) int fd = open(request->device, O_RDWR | O_CLOEXEC);
	struct blkpg_partition partition = { .start = request->start_bytes,
					     .length = request->bytes };

	if (fd < 0)
		return -errno;
	for (partition.pno = 1; partition.pno <= PARTITIONS_MAX; partition.pno++)
		(void)control_partition(fd, BLKPG_DEL_PARTITION, &partition);
	partition.pno = PARTITION;
	return control_partition(fd, BLKPG_ADD_PARTITION, &partition);
}

static int ready_device(const struct scan_request *request)
{
	CLEANUP(freep) char *failed = NULL;
	int r = modules_load(request->modules, &failed);

	if (r == 0)
		r = mount_await_device(request->device, NULL);
	if (r == 0 && request->bytes)
		r = make_partition(request);
	if (r < 0)
		return r;
	mounted_device = request->bytes ? text_format("%s%d", request->device, PARTITION)
					: strdup(request->device);
	return mounted_device ? mount_await_device(mounted_device, NULL) : -ENOMEM;
}

/* ---- mounting ---- */

static const char *options_without_log(const char *type)
{
	for (size_t i = 0; i < ARRAY_SIZE(without_log); i++)
		if (strcmp(without_log[i].type, type) == 0)
			return without_log[i].options;
	return NULL;
}

static int mount_with(const char *type, const char *more)
{
	/* All subvolumes, not only the default one; for a mirror one device is sufficient. */
	const char *own = strcmp(type, "btrfs") == 0 ? ",subvolid=5,degraded" : "";
	CLEANUP(freep)
	char *options = text_format("ro%s%s%s", own, more ? "," : "", more ? more : "");

	if (!options)
		return -ENOMEM;
	return mount_volume(mounted_device, directory, type, options);
}

static int mount_image(const char *type, const char **ret_note)
{
	const char *more = options_without_log(type);
	int r = mount_with(type, NULL);

	if (r == 0 || !more || mount_with(type, more) < 0)
		return r;
	*ret_note = note_without_log;
	return 0;
}

/* ---- the conversation ---- */

static int serve(const struct scan_request *request, FILE *to)
{
	const char *note = NULL;
	int r = ready_device(request);

	if (r < 0)
		return frag_guest_send_failure(to, "device", -r);
	r = mount_image(request->type, &note);
	if (r < 0)
		return frag_guest_send_failure(to, "mount", -r);
	return frag_guest_serve(request->settings, directory, note, to);
}

/* Serves the protocol of frag/guest/guest.h on `fd`.  0 or -errno. */
static int scan_serve(int fd)
{
	CLEANUP(file_closep) FILE *in = fdopen(dup(fd), "r");
	CLEANUP(file_closep) FILE *to = fdopen(dup(fd), "w");
	CLEANUP(json_decrefp) json_t *json = NULL;
	struct scan_request request;
	int r;

	if (!in || !to || setvbuf(to, NULL, _IOFBF, LINE_BUFFER_BYTES) != 0)
		return -ENOMEM;
	r = frag_guest_send(to, json_pack("{ss}", "event", "ready"));
	if (r == 0)
		r = json_read_line(in, &json);
	if (r < 0)
		return r;
	if (json_unpack(json, "{ss ss ss sI sI so}", "device", &request.device, "type",
			&request.type, "modules", &request.modules, "start_bytes",
			&request.start_bytes, "bytes", &request.bytes, "scan",
			&request.settings) < 0)
		return -EPROTO;
	return serve(&request, to);
}

/* ---- the guest ---- */

static const char serial_line[] = "/dev/ttyS0";

static const struct {
	const char *directory, *type;
} mounts[] = {
	{ "/proc", "proc" },
	{ "/sys", "sysfs" },
	{ "/dev", "devtmpfs" },
	{ "/mnt", NULL },
};

static void prepare_directories(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		mkdir(mounts[i].directory, 0755);
		if (mounts[i].type &&
		    mount("none", mounts[i].directory, mounts[i].type, 0, NULL) < 0)
			fprintf(stderr, "agent: cannot mount %s: %m\n", mounts[i].directory);
	}
}

/* Raw mode: no echo, no line discipline. */
static int open_line(void)
{
	int fd = open(serial_line, O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct termios settings;

	if (fd < 0 || tcgetattr(fd, &settings) < 0)
		return fd_close(fd);
	cfmakeraw(&settings);
	return tcsetattr(fd, TCSANOW, &settings) < 0 ? fd_close(fd) : fd;
}

int main(void)
{
	int fd, r;

	prepare_directories();
	fd = open_line();
	if (fd < 0)
		fprintf(stderr, "agent: cannot open %s: %m\n", serial_line);
	r = fd < 0 ? -1 : getenv("scan") ? scan_serve(fd) : agent_serve(fd, fd);
	if (fd >= 0) {
		if (r < 0)
			fprintf(stderr, "agent: the request cannot be served: %s\n", strerror(-r));
		tcdrain(fd);
	}
	reboot(RB_POWER_OFF);
	return 1;
}
