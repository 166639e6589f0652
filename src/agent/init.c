/* SPDX-License-Identifier: MIT */
/*
 * The init of a guest, and its only process: it prepares the guest, serves one request on the
 * serial line, and powers the machine off.  It is linked statically and is the whole initramfs.
 * The request is a trial, or a scan if the kernel's command line contains "scan=1", which the
 * kernel passes as an environment variable.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "agent/scan.h"
#include "base/cleanup.h"
#include "trial/agent.h"

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
