/* SPDX-License-Identifier: MIT */
/*
 * By device number and never by name: /dev may hold any name for a device, and
 * sysfs has a folder for each number.
 */
#include "testbed/disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"

static char *path_of(const char *sys, dev_t number, const char *file)
{
	char *path;

	if (asprintf(&path, "%s/dev/block/%u:%u/%s", sys, major(number), minor(number), file) < 0)
		return NULL;
	return path;
}

static char *read_line(const char *sys, dev_t number, const char *file)
{
	CLEANUP(freep) char *path = path_of(sys, number, file);
	char *text = NULL;
	size_t length;

	if (!path || io_read_file(path, 4096, &text, NULL) < 0)
		return NULL;
	/* Disks pad their names with blanks. */
	length = strcspn(text, "\n");
	while (length > 0 && text[length - 1] == ' ')
		length--;
	text[length] = '\0';
	return text;
}

dev_t disk_number(const char *text)
{
	unsigned device_major, device_minor;

	if (!text || sscanf(text, "%u:%u", &device_major, &device_minor) != 2)
		return 0;
	return makedev(device_major, device_minor);
}

dev_t disk_of(const char *sys, dev_t number)
{
	CLEANUP(freep) char *mark = path_of(sys, number, "partition");
	CLEANUP(freep) char *parent = read_line(sys, number, "../dev");

	return mark && access(mark, F_OK) == 0 && disk_number(parent) ? disk_number(parent)
								      : number;
}

char *disk_attribute(const char *sys, dev_t number, const char *file)
{
	char *text = read_line(sys, number, file);

	return text ? text : read_line(sys, disk_of(sys, number), file);
}

long long disk_count(const char *sys, dev_t number, const char *file)
{
	CLEANUP(freep) char *text = disk_attribute(sys, number, file);
	char *end;
	long long count;

	if (!text)
		return -1;
	count = strtoll(text, &end, 10);
	return end == text ? -1 : count;
}

char *disk_name(const char *sys, dev_t number)
{
	CLEANUP(freep) char *link = path_of(sys, number, "");
	CLEANUP(freep) char *path = link ? realpath(link, NULL) : NULL;

	return path ? strdup(strrchr(path, '/') + 1) : NULL;
}
