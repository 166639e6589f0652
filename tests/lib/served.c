/* SPDX-License-Identifier: MIT */
/*
 * The server's own programs (rpc.mountd, exportfs) only answer what the kernel asks of
 * its caches of exports; here the answers are put there beforehand.  What is left is that
 * version 3 insists on telling rpcbind of its port, and that its clients ask mountd for
 * the root: both are played here, on one port, by saying yes to all.
 */
#include "served.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

/* The export of number 0: of version 4 it is the root, of version 3 the handle tells. */
static const struct {
	const char *path, *text;
} settings[] = {
	/* class, address, good until, who that is */
	{ "/proc/net/rpc/auth.unix.ip/channel", "nfsd 127.0.0.1 2147483647 all\n" },
	/* insecure ports, no check of subtrees, a number; root is root */
	{ "/proc/net/rpc/nfsd.export/channel", "all /mnt 2147483647 9218 65534 65534 0\n" },
	{ "/proc/net/rpc/nfsd.fh/channel", "all 1 \\x00000000 2147483647 /mnt\n" },
	/* nobody comes back after a restart whose locks would have to be waited for */
	{ "/proc/sys/fs/nfs/nlm_grace_period", "1\n" },
	{ "/proc/fs/nfsd/nfsv4gracetime", "10\n" },
	{ "/proc/fs/nfsd/portlist", "tcp 2049\n" },
	{ "/proc/fs/nfsd/threads", "2\n" },
	{ "/proc/fs/nfsd/v4_end_grace", "Y\n" },
};

static int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), r = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		r = -errno;
	close(fd);
	return r;
}

static int raise_loopback(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), r;

	if (fd < 0)
		return -errno;
	r = ioctl(fd, SIOCSIFFLAGS, &request) < 0 ? -errno : 0;
	close(fd);
	return r;
}

/* Accepted (RFC 5531), and `result`. */
static int answer(int fd, uint32_t id, const uint32_t *result, size_t count)
{
	uint32_t words[16] = { 0, id, 1 };
	const size_t head = 7;

	words[0] = 0x80000000u | (uint32_t)(4 * (head - 1 + count));
	memcpy(words + head, result, count * sizeof(*result));
	for (size_t i = 0; i < head + count; i++)
		if (i != 1)
			words[i] = htonl(words[i]);
	return send(fd, words, 4 * (head + count), MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* RPC over a stream. */
static void *say_yes(void *context)
{
	static const uint32_t yes[] = { 1 };
	/* Handle: version 1, no authentication, named by a number, the root: 0.  AUTH_SYS. */
	static const uint32_t root[] = { 0, 8, 0x01000100, 0, 1, 1 };
	enum { MOUNTD = 100005 };
	int fd = (int)(intptr_t)context, r = 0;
	uint32_t call[2048], mark;

	while (r == 0 && recv(fd, &mark, sizeof(mark), MSG_WAITALL) == sizeof(mark)) {
		uint32_t bytes = ntohl(mark) & 0x7fffffff;

		if (bytes > sizeof(call) || recv(fd, call, bytes, MSG_WAITALL) != (ssize_t)bytes)
			break;
		if (ntohl(call[3]) == MOUNTD)
			r = answer(fd, call[0], root, sizeof(root) / sizeof(root[0]));
		else
			r = answer(fd, call[0], yes, 1);
	}
	close(fd);
	return NULL;
}

static void *take_calls(void *context)
{
	int fd = (int)(intptr_t)context, call_fd;
	pthread_t thread;

	while ((call_fd = accept(fd, NULL, NULL)) >= 0)
		if (pthread_create(&thread, NULL, say_yes, (void *)(intptr_t)call_fd) == 0)
			pthread_detach(thread);
	return NULL;
}

static int start_rpcbind(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(111) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pthread_t thread;

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, 8) < 0)
		return -errno;
	return -pthread_create(&thread, NULL, take_calls, (void *)(intptr_t)fd);
}

static int mount_served(const char *version, const char *directory)
{
	const char *options =
		version[0] == '3'
			? "vers=3,nolock,tcp,port=2049,addr=127.0.0.1,mountaddr=127.0.0.1,"
			  "mountproto=tcp,mountport=111"
			: "vers=4.2,addr=127.0.0.1,clientaddr=127.0.0.1";

	return mount("127.0.0.1:/", directory, version[0] == '3' ? "nfs" : "nfs4", 0, options) < 0
		       ? -errno
		       : 0;
}

int served_mount(const char *version, const char *directory)
{
	int r = raise_loopback();

	if (r == 0)
		r = start_rpcbind();
	if (r == 0 && mount("nfsd", "/proc/fs/nfsd", "nfsd", 0, NULL) < 0)
		r = -errno;
	for (size_t i = 0; r == 0 && i < sizeof(settings) / sizeof(settings[0]); i++)
		r = put(settings[i].path, settings[i].text);
	return r < 0 ? r : mount_served(version, directory);
}

int served_unmount(const char *directory)
{
	if (umount(directory) < 0)
		return -errno;
	return put("/proc/fs/nfsd/threads", "0\n");
}
