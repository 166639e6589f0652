/* SPDX-License-Identifier: MIT */
/* A heap with the least of the worst files on top: most files are rejected by one comparison. */
#include "frag/account/totals.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "frag/account/file.h"

/* ---- what they are sorted by ---- */

static double by_cost(const struct frag_file *file)
{
	return file->extra_seconds;
}

static double by_fragments(const struct frag_file *file)
{
	return (double)file->layout.fragments;
}

static double by_extents(const struct frag_file *file)
{
	return (double)file->layout.extents;
}

static double by_size(const struct frag_file *file)
{
	return (double)file->size_bytes;
}

static double by_density(const struct frag_file *file)
{
	if (file->layout.mapped_bytes == 0)
		return 0;
	return (double)file->layout.fragments / (double)file->layout.mapped_bytes;
}

const struct frag_sort frag_sorts[] = {
	{ "cost", by_cost }, { "fragments", by_fragments }, { "extents", by_extents },
	{ "size", by_size }, { "density", by_density },
};
const size_t frag_sort_count = ARRAY_SIZE(frag_sorts);

/* ---- the heap ---- */

/* Above 0: `one` is worse.  Inodes decide between equals, so that the order of threads does not. */
static int compare(const struct frag_sort *sort, const struct frag_file *one,
		   const struct frag_file *other)
{
	double difference = sort->key(one) - sort->key(other);

	if (difference != 0)
		return difference > 0 ? 1 : -1;
	if (one->device != other->device)
		return one->device < other->device ? 1 : -1;
	return one->inode < other->inode ? 1 : one->inode > other->inode ? -1 : 0;
}

static void swap(struct frag_file *one, struct frag_file *other)
{
	struct frag_file copy = *one;

	*one = *other;
	*other = copy;
}

static void sift_down(struct worst_files *worst, size_t i)
{
	for (;;) {
		size_t least = i;

		for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < worst->count; child++)
			if (compare(worst->sort, &worst->file[child], &worst->file[least]) < 0)
				least = child;
		if (least == i)
			return;
		swap(&worst->file[i], &worst->file[least]);
		i = least;
	}
}

static void sift_up(struct worst_files *worst, size_t i)
{
	while (i && compare(worst->sort, &worst->file[i], &worst->file[(i - 1) / 2]) < 0) {
		swap(&worst->file[i], &worst->file[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
}

int worst_files_wants(const struct worst_files *worst, const struct frag_file *file)
{
	if (worst->room == 0 || !frag_file_is_fragmented(file))
		return 0;
	return worst->count < worst->room || compare(worst->sort, file, &worst->file[0]) > 0;
}

/* Takes over the path. */
static void keep(struct worst_files *worst, const struct frag_file *file)
{
	if (worst->count < worst->room) {
		worst->file[worst->count] = *file;
		sift_up(worst, worst->count++);
		return;
	}
	free((char *)worst->file[0].path);
	worst->file[0] = *file;
	sift_down(worst, 0);
}

int worst_files_add(struct worst_files *worst, const struct frag_file *file)
{
	struct frag_file copy = *file;

	if (!worst_files_wants(worst, file))
		return 0;
	if (file->path) {
		copy.path = strdup(file->path);
		if (!copy.path)
			return -ENOMEM;
	}
	keep(worst, &copy);
	return 0;
}

void worst_files_merge(struct worst_files *to, struct worst_files *from)
{
	for (size_t i = 0; i < from->count; i++) {
		if (worst_files_wants(to, &from->file[i]))
			keep(to, &from->file[i]);
		else
			free((char *)from->file[i].path);
	}
	from->count = 0;
}

static int greatest_first(const void *one, const void *other, void *context)
{
	const struct frag_file *a = one, *b = other;
	const struct frag_sort *sort = context;

	if (a->path && b->path && sort->key(a) == sort->key(b))
		return strcmp(a->path, b->path);
	return compare(sort, b, a);
}

void worst_files_finish(struct worst_files *worst)
{
	qsort_r(worst->file, worst->count, sizeof(*worst->file), greatest_first,
		(void *)worst->sort);
}

int worst_files_init(struct worst_files *worst, const struct frag_sort *sort, size_t room)
{
	*worst = (struct worst_files) { .sort = sort, .room = room };
	worst->file = calloc(room ? room : 1, sizeof(*worst->file));
	return worst->file ? 0 : -ENOMEM;
}

void worst_files_clear(struct worst_files *worst)
{
	for (size_t i = 0; i < worst->count; i++)
		free((char *)worst->file[i].path);
	free(worst->file);
	*worst = (struct worst_files) { 0 };
}
