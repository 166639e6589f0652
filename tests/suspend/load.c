/* SPDX-License-Identifier: MIT */
/*
 * A session at work on one file system, and the look afterwards at what was promised.
 *
 *	load DIRECTORY COUNTER		works until it is killed
 *	load --verify DIRECTORY N	what had been promised up to number N is there
 *
 * Four kinds of processes keep the journal busy in different ways: appends nobody waits for,
 * renames over old names, pages dirtied through a mapping, and files that are promised.
 * A promise is a file of known content that was fsynced, as was its directory, before
 * the next one was begun; its number is then written to COUNTER, which lies in memory.
 * So after a power cut the newest file is no older than what COUNTER said, and all but the
 * newest are whole.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"

enum {
	KEPT = 128,	   /* promised files at a time */
	FILE_BYTES = 6000, /* not a whole block */
	APPENDED_BYTES = 65536,
	APPENDED_LIMIT = 8 << 20,
	MAPPED_BYTES = 1 << 20,
	NAMES = 16,
};

static void dir_closep(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static int fail(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	return 1;
}

static void fill(uint32_t number, char content[static FILE_BYTES])
{
	for (uint32_t i = 0; i < FILE_BYTES; i++)
		content[i] = (char)((number * 2654435761U + i * 40503U) >> 13);
}

static int write_file(int directory, const char *name, uint32_t number, int durable)
{
	CLEANUP(fd_closep) int fd = openat(directory, name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	char content[FILE_BYTES];

	fill(number, content);
	if (fd < 0 || io_write_all(fd, content, sizeof(content)) < 0)
		return -1;
	return durable ? fsync(fd) : 0;
}

static const char *name_of(uint32_t number)
{
	static char name[32];

	snprintf(name, sizeof(name), "%u", number);
	return name;
}

static int promise(int directory, int counter)
{
	for (uint32_t number = 1;; number++) {
		if (write_file(directory, name_of(number), number, 1) < 0 || fsync(directory) < 0)
			return fail("promise");
		if (lseek(counter, 0, SEEK_SET) < 0 || dprintf(counter, "%u\n", number) < 0)
			return fail("counter");
		if (number > KEPT)
			unlinkat(directory, name_of(number - KEPT), 0);
	}
}

static int append(int directory)
{
	CLEANUP(fd_closep)
	int fd = openat(directory, "appended", O_WRONLY | O_CREAT | O_APPEND, 0644);
	static char data[APPENDED_BYTES];

	for (off_t bytes = 0;; bytes += APPENDED_BYTES) {
		if (io_write_all(fd, data, sizeof(data)) < 0)
			return fail("append");
		if (bytes % APPENDED_LIMIT == 0 && ftruncate(fd, 0) < 0)
			return fail("truncate");
		usleep(20000);
	}
}

static int rename_over(int directory)
{
	for (uint32_t number = 0;; number++) {
		if (write_file(directory, "new", number, 0) < 0 ||
		    renameat(directory, "new", directory, name_of(number % NAMES)) < 0)
			return fail("rename");
		usleep(5000);
	}
}

static int map(int directory)
{
	CLEANUP(fd_closep) int fd = openat(directory, "mapped", O_RDWR | O_CREAT, 0644);
	char *pages;

	if (ftruncate(fd, MAPPED_BYTES) < 0)
		return fail("mapped");
	pages = mmap(NULL, MAPPED_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (pages == MAP_FAILED)
		return fail("mmap");
	for (uint32_t i = 0;; i++) {
		pages[i * 4096 * 7 % MAPPED_BYTES]++;
		usleep(2000);
	}
}

/* A new directory, or what is left of the last one. */
static int enter(int parent, const char *name)
{
	if (mkdirat(parent, name, 0755) < 0 && errno != EEXIST)
		return -1;
	return openat(parent, name, O_RDONLY | O_DIRECTORY);
}

static int work(const char *path, const char *counter_path)
{
	CLEANUP(fd_closep) int counter = open(counter_path, O_WRONLY | O_CREAT, 0644);
	CLEANUP(fd_closep) int top = open(path, O_RDONLY | O_DIRECTORY);
	CLEANUP(fd_closep) int kept = enter(top, "kept");
	CLEANUP(fd_closep) int others = enter(top, "others");

	if (counter < 0 || kept < 0 || others < 0)
		return fail(path);
	if (fork() == 0)
		return append(others);
	if (fork() == 0)
		return rename_over(others);
	if (fork() == 0)
		return map(others);
	return promise(kept, counter);
}

/* 1: it is there and whole, 0: there, -1: not there. */
static int whole(const char *directory, uint32_t number)
{
	CLEANUP(freep) char *path = NULL;
	CLEANUP(freep) char *content = NULL;
	char expected[FILE_BYTES];
	size_t bytes;

	if (asprintf(&path, "%s/kept/%u", directory, number) < 0 ||
	    io_read_file(path, FILE_BYTES + 1, &content, &bytes) < 0)
		return -1;
	fill(number, expected);
	return bytes == FILE_BYTES && memcmp(content, expected, FILE_BYTES) == 0;
}

/* The highest number among the names; 0: none. */
static uint32_t newest_in(const char *directory)
{
	CLEANUP(freep) char *path = NULL;
	CLEANUP(dir_closep) DIR *dir = NULL;
	uint32_t newest = 0;

	if (asprintf(&path, "%s/kept", directory) < 0)
		return 0;
	dir = opendir(path);
	for (struct dirent *entry = dir ? readdir(dir) : NULL; entry; entry = readdir(dir)) {
		uint32_t number = (uint32_t)strtoul(entry->d_name, NULL, 10);

		newest = number > newest ? number : newest;
	}
	return newest;
}

static int verify(const char *directory, uint32_t promised)
{
	uint32_t newest = newest_in(directory), broken = newest < promised;

	if (broken)
		printf("%s: %u was promised, %u is the newest\n", directory, promised, newest);
	for (uint32_t i = newest > KEPT ? newest - KEPT + 1 : 1; i <= newest; i++) {
		int state = whole(directory, i);

		/* The power may have gone before the fsync of the newest. */
		if (state == 1 || (i == newest && newest > promised))
			continue;
		printf("%s/kept/%u is %s\n", directory, i,
		       state < 0 ? "missing" : "not what was written");
		broken++;
	}
	return broken != 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "--verify") == 0)
		return verify(argv[2], (uint32_t)strtoul(argv[3], NULL, 10));
	if (argc == 3)
		return work(argv[1], argv[2]);
	fprintf(stderr, "Usage: load DIRECTORY COUNTER | load --verify DIRECTORY N\n");
	return 2;
}
