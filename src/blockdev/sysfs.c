/* SPDX-License-Identifier: MIT */
#include "blockdev/sysfs.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/text.h"

enum { ATTRIBUTE_BYTES = 8192 };

char *sysfs_text(const char *path)
{
	char *text = NULL;
	size_t bytes;

	if (io_read_file(path, ATTRIBUTE_BYTES, &text, &bytes) < 0)
		return NULL;
	if (bytes && text[bytes - 1] == '\n')
		text[bytes - 1] = '\0';
	return text;
}

char *sysfs_path(const char *sys, dev_t number, const char *file)
{
	return text_format("%s/dev/block/%u:%u/%s", sys, major(number), minor(number), file);
}

static char *read_line(const char *sys, dev_t number, const char *file)
{
	CLEANUP(freep) char *path = sysfs_path(sys, number, file);
	char *text = path ? sysfs_text(path) : NULL;
	size_t length;

	if (!text)
		return NULL;
	/* Disks pad their names with blanks. */
	length = strcspn(text, "\n");
	while (length > 0 && text[length - 1] == ' ')
		length--;
	text[length] = '\0';
	return text;
}

dev_t sysfs_number(const char *text)
{
	unsigned device_major, device_minor;

	if (!text || sscanf(text, "%u:%u", &device_major, &device_minor) != 2)
		return 0;
	return makedev(device_major, device_minor);
}

dev_t sysfs_disk(const char *sys, dev_t number)
{
	CLEANUP(freep) char *mark = sysfs_path(sys, number, "partition");
	CLEANUP(freep) char *parent = read_line(sys, number, "../dev");
	dev_t disk = sysfs_number(parent);

	return mark && access(mark, F_OK) == 0 && disk ? disk : number;
}

char *sysfs_attribute(const char *sys, dev_t number, const char *file)
{
	char *text = read_line(sys, number, file);

	return text ? text : read_line(sys, sysfs_disk(sys, number), file);
}

long long sysfs_count(const char *sys, dev_t number, const char *file)
{
	CLEANUP(freep) char *text = sysfs_attribute(sys, number, file);
	char *end;
	long long count;

	if (!text)
		return -1;
	count = strtoll(text, &end, 10);
	return end == text ? -1 : count;
}

bool sysfs_is_zero(int fd)
{
	char text[32];
	ssize_t bytes = pread(fd, text, sizeof(text), 0);

	return bytes == 2 && memcmp(text, "0\n", 2) == 0;
}

char *sysfs_name(const char *sys, dev_t number)
{
	CLEANUP(freep) char *link = sysfs_path(sys, number, "");
	CLEANUP(freep) char *path = link ? realpath(link, NULL) : NULL;

	return path ? strdup(strrchr(path, '/') + 1) : NULL;
}

int sysfs_each(const char *directory, int (*call)(const char *name, void *context), void *context)
{
	DIR *entries = opendir(directory);
	const struct dirent *entry;
	int r = 0;

	if (!entries)
		return 0;
	while (r == 0 && (entry = readdir(entries)))
		if (entry->d_name[0] != '.')
			r = call(entry->d_name, context);
	closedir(entries);
	return r;
}
