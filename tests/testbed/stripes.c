/* SPDX-License-Identifier: MIT */
/*
 * Makes files of many extents: writes, or punches out, every second block of a
 * file.  A shell would need a process a block.
 *
 *	stripes write|punch FILE COUNT
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

enum { BLOCK = 4096 };

static int write_block(int fd, off_t at)
{
	static char block[BLOCK];

	memset(block, 'x', sizeof(block));
	return pwrite(fd, block, sizeof(block), at) == sizeof(block) ? 0 : -1;
}

static int punch_block(int fd, off_t at)
{
	return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, BLOCK);
}

static int make_stripes(int fd, bool punch, off_t count)
{
	for (off_t i = 0; i < count; i++)
		if ((punch ? punch_block : write_block)(fd, 2 * i * BLOCK) < 0)
			return -1;
	return fsync(fd);
}

int main(int argc, char **argv)
{
	CLEANUP(fd_closep) int fd = -1;

	if (argc != 4)
		return 2;
	fd = open(argv[2], O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0 || make_stripes(fd, strcmp(argv[1], "punch") == 0, atol(argv[3])) < 0) {
		perror(argv[2]);
		return 1;
	}
	return 0;
}
