/* SPDX-License-Identifier: MIT */
/*
 * The check precedes the first file, so a file may not exist yet.  Then its directory is used, or
 * the nearest ancestor that exists.
 *
 * Files are opened in a thread with a descriptor table of its own, since closing them would drop
 * the record locks of the process on them (fcntl(2)).
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "task.h"
#include "util.h"
#include "thread.h"
#include "volume.h"

struct found {
	struct volume_identity identity;
	struct prealloc_volume volume;
};

struct fits_query {
	const struct prealloc_file *files;
	size_t count;
	struct found *found;
	size_t found_count;
	int outcome;
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* ---- one file ---- */

/* Structs of other versions have another size, but all of one array have the same. */
static const struct prealloc_file *file_at(const struct fits_query *query, size_t index)
{
	return (const struct prealloc_file *)((const char *)query->files +
					      index * query->files->size);
}

static int open_nearest_directory(const char *path)
{
	char *name = strdup(path), *directory = name;
	int fd;

	if (!name)
		return -ENOMEM;
	do {
		directory = dirname(directory);
		fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0 && errno == EACCES)
			fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	} while (fd < 0 && strcmp(directory, "/") && strcmp(directory, "."));
	fd = fd < 0 ? -errno : fd;
	free(name);
	return fd;
}

/* Opens the file, or its nearest directory if the file cannot be opened. */
static int open_for_reading(const char *path, int *ret_is_new)
{
	const int flags = O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	int fd = open(path, O_RDONLY | flags);

	if (fd < 0 && errno == EACCES)
		fd = open(path, O_WRONLY | flags);
	*ret_is_new = fd < 0 && errno == ENOENT;
	return fd < 0 ? open_nearest_directory(path) : fd;
}

static int needed_by_holes(int fd, uint64_t offset, uint64_t end, uint64_t *ret_bytes)
{
	struct task task = {
		.fd = fd,
		.offset = offset,
		.end = end,
		.granule = volume_granule(fd),
	};
	int r = survey_take(&task);

	if (r == 0)
		*ret_bytes = volume_needed(fd, survey_hole_bytes(&task));
	helper_close(task.helper);
	survey_clear(&task);
	return r;
}

static int needed(int fd, uint64_t offset, uint64_t end, uint64_t *ret_bytes)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -errno;
	if (S_ISDIR(status.st_mode) || (S_ISREG(status.st_mode) && status.st_blocks == 0))
		*ret_bytes = volume_needed_by_new(fd, offset, end);
	else if (S_ISREG(status.st_mode))
		return needed_by_holes(fd, offset, end, ret_bytes);
	else
		*ret_bytes = 0;
	return 0;
}

/* ---- all of them ---- */

/* Finds the entry of the file system, or adds one. */
static int find_volume(struct fits_query *query, int fd, size_t index, struct found **ret)
{
	struct found found = { .volume = { .size = sizeof(found.volume), .first_file = index } };
	struct volume_room room;
	struct found *larger;
	struct stat status;
	int r = volume_identify(fd, &found.identity);

	for (size_t i = 0; r == 0 && i < query->found_count; i++)
		if (!memcmp(&query->found[i].identity, &found.identity, sizeof(found.identity))) {
			*ret = &query->found[i];
			return 0;
		}
	if (r == 0)
		r = fstat(fd, &status) < 0 ? -errno : volume_room(fd, &room);
	if (r < 0)
		return r;
	larger = reallocarray(query->found, query->found_count + 1, sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	found.volume.device = status.st_dev;
	found.volume.available_bytes = room.bytes;
	found.volume.available_files = room.files;
	found.volume.is_estimate = !room.exact;
	query->found = larger;
	query->found[query->found_count] = found;
	*ret = &query->found[query->found_count++];
	return 0;
}

static int add_file(struct fits_query *query, size_t index)
{
	const struct prealloc_file *file = file_at(query, index);
	uint64_t bytes = 0;
	struct found *found = NULL;
	int is_new, r;
	CLEANUP(close_fd) int fd = open_for_reading(file->path, &is_new);

	if (fd < 0)
		return fd;
	r = find_volume(query, fd, index, &found);
	if (r == 0 && file->length > 0)
		r = needed(fd, file->offset, file->offset + file->length, &bytes);
	if (r < 0)
		return r;
	found->volume.files++;
	found->volume.needed_files += is_new ? 1 : 0;
	found->volume.needed_bytes += bytes;
	return 0;
}

static void *look(void *context)
{
	struct fits_query *query = context;
	int own_table = thread_leave_table(-1) == 0;

	for (size_t i = 0; query->outcome == 0 && i < query->count; i++)
		query->outcome = add_file(query, i);
	if (own_table)
		syscall(SYS_close_range, 0u, ~0u, 0);
	return NULL;
}

static int lacks(const struct prealloc_volume *volume)
{
	return volume->needed_bytes > volume->available_bytes ||
	       volume->needed_files > volume->available_files;
}

/*
 * Copies the results; file systems without enough space come first.  0, or -ENOSPC if there is
 * one.
 */
static int answer(const struct fits_query *query, struct prealloc_volume *volumes,
		  size_t *volume_count)
{
	size_t room = volume_count && volumes ? *volume_count : 0, used = 0;
	size_t size = room ? volumes->size : 0;
	int r = 0;

	for (int lacking = 1; lacking >= 0; lacking--)
		for (size_t i = 0; i < query->found_count; i++) {
			struct prealloc_volume *volume = &query->found[i].volume;
			char *to = (char *)volumes + used * size;

			if (lacks(volume) != lacking)
				continue;
			r = lacking ? -ENOSPC : r;
			if (used++ >= room)
				continue;
			memcpy(to, &size, sizeof(size));
			call_copy_out(volume, sizeof(*volume), to);
		}
	if (volume_count)
		*volume_count = query->found_count;
	return r;
}

static int check_arguments(const struct fits_query *query, const struct prealloc_volume *volumes,
			   const size_t *volume_count)
{
	if (volumes && volume_count && *volume_count && volumes->size < sizeof(size_t))
		return -EINVAL;
	for (size_t i = 0; i < query->count; i++) {
		const struct prealloc_file *file = file_at(query, i);

		if (file->size < offsetof(struct prealloc_file, options) ||
		    file->size != query->files->size || !file->path)
			return -EINVAL;
		if (file->offset > INT64_MAX || file->length > INT64_MAX - file->offset)
			return -EFBIG;
	}
	return 0;
}

int prealloc_fits(const struct prealloc_file *files, size_t count, struct prealloc_volume *volumes,
		  size_t *volume_count)
{
	struct fits_query query = { .files = files, .count = count };
	int r = check_arguments(&query, volumes, volume_count), cancellable;
	pthread_t thread;

	if (r < 0)
		return r;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancellable);
	r = thread_start(&thread, look, &query);
	if (r == 0)
		pthread_join(thread, NULL);
	pthread_setcancelstate(cancellable, &cancellable);
	if (r == 0)
		r = query.outcome;
	if (r == 0)
		r = answer(&query, volumes, volume_count);
	free(query.found);
	return r;
}
