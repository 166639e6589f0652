/* SPDX-License-Identifier: MIT */
/*
 * Files whose fragments are not known have a tally of their own: a compressed
 * file counted as one fragment would make a tree look better than it is, counted
 * by its extents a lot worse.
 *
 * Extensions are anybody's: after the first five hundred different ones the rest
 * goes into one row.
 */
#include "totals.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

/* ---- what the worst are sorted by ---- */

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
const unsigned frag_sort_count = ARRAY_SIZE(frag_sorts);

const struct frag_sort *frag_sort_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(frag_sorts); i++)
		if (strcmp(frag_sorts[i].name, name) == 0)
			return &frag_sorts[i];
	return NULL;
}

/* ---- classes ---- */

static unsigned count_class_of(uint64_t fragments)
{
	unsigned class;

	if (fragments <= 2)
		return (unsigned)fragments;
	/* 3 and 4 are class 3, 5 to 8 class 4: two more than the power of two below. */
	class = 65 - (unsigned)__builtin_clzll(fragments - 1);
	return class < COUNT_CLASSES ? class : COUNT_CLASSES - 1;
}

void totals_count_class(unsigned number, uint64_t *ret_from, uint64_t *ret_to)
{
	if (number <= 2) {
		*ret_from = *ret_to = number;
		return;
	}
	*ret_from = (1ull << (number - 2)) + 1;
	*ret_to = number == COUNT_CLASSES - 1 ? UINT64_MAX : 1ull << (number - 1);
}

uint64_t totals_size_class(unsigned number)
{
	static const uint64_t limits[SIZE_CLASSES] = { 1,	   4097,       1 << 16,
						       1 << 20,	   1 << 24,    1 << 28,
						       1ull << 32, 1ull << 36, UINT64_MAX };

	return limits[number];
}

static unsigned size_class_of(uint64_t bytes)
{
	unsigned class = 0;

	while (class < SIZE_CLASSES - 1 && bytes >= totals_size_class(class))
		class ++;
	return class;
}

/* "tar.gz" is "gz"; a leading dot hides a file and ends no name. */
static void extension_of(const char *path, char name[EXTENSION_BYTES])
{
	const char *base = strrchr(path, '/'), *dot;
	size_t bytes;

	base = base ? base + 1 : path;
	dot = strrchr(base, '.');
	name[0] = '\0';
	if (!dot || dot == base)
		return;
	bytes = strlen(++dot);
	if (bytes == 0 || bytes >= EXTENSION_BYTES)
		return;
	for (size_t i = 0; i <= bytes; i++) {
		if (dot[i] && !isalnum((unsigned char)dot[i]) && !strchr("_-+~", dot[i])) {
			name[0] = '\0';
			return;
		}
		name[i] = (char)tolower((unsigned char)dot[i]);
	}
}

static size_t hash_of(const char *name)
{
	uint32_t hash = 2166136261u;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619u;
	return hash % EXTENSIONS_MAX;
}

/* A slot is free if it has no files; three quarters at most are used, so it ends. */
static struct tally *extension_tally(struct totals *totals, const char *name)
{
	size_t slot = hash_of(name);

	for (;; slot = (slot + 1) % EXTENSIONS_MAX) {
		struct extension *extension = &totals->extensions[slot];

		if (extension->tally.files && strcmp(extension->name, name) != 0)
			continue;
		if (extension->tally.files)
			return &extension->tally;
		if (totals->extension_count >= EXTENSIONS_MAX / 4 * 3)
			return &totals->extensions[EXTENSIONS_MAX].tally;
		totals->extension_count++;
		strcpy(extension->name, name);
		return &extension->tally;
	}
}

/* ---- tallies ---- */

static void tally_add(struct tally *tally, const struct frag_file *file)
{
	tally->files++;
	tally->fragmented_files += frag_file_is_fragmented(file);
	tally->size_bytes += file->size_bytes;
	tally->mapped_bytes += file->layout.mapped_bytes;
	tally->extents += file->layout.extents;
	tally->fragments += file->layout.fragments;
	tally->ideal_fragments += file->ideal_fragments;
	tally->sequential_seconds += file->sequential_seconds;
	tally->extra_seconds += file->extra_seconds;
}

static void tally_merge(struct tally *to, const struct tally *from)
{
	to->files += from->files;
	to->fragmented_files += from->fragmented_files;
	to->size_bytes += from->size_bytes;
	to->mapped_bytes += from->mapped_bytes;
	to->extents += from->extents;
	to->fragments += from->fragments;
	to->ideal_fragments += from->ideal_fragments;
	to->sequential_seconds += from->sequential_seconds;
	to->extra_seconds += from->extra_seconds;
}

/* ---- the worst ---- */

static double key_of(const struct worst *worst, size_t i)
{
	return worst->sort->key(&worst->file[i]);
}

static void swap(struct frag_file *one, struct frag_file *other)
{
	struct frag_file copy = *one;

	*one = *other;
	*other = copy;
}

static void sift_down(struct worst *worst, size_t i)
{
	for (;;) {
		size_t least = i;

		for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < worst->count; child++)
			if (key_of(worst, child) < key_of(worst, least))
				least = child;
		if (least == i)
			return;
		swap(&worst->file[i], &worst->file[least]);
		i = least;
	}
}

static void sift_up(struct worst *worst, size_t i)
{
	while (i && key_of(worst, i) < key_of(worst, (i - 1) / 2)) {
		swap(&worst->file[i], &worst->file[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
}

int totals_wants_path(const struct totals *totals, const struct frag_file *file)
{
	const struct worst *worst = &totals->worst;

	if (worst->room == 0 || !frag_file_is_fragmented(file))
		return 0;
	return worst->count < worst->room || worst->sort->key(file) > key_of(worst, 0);
}

/* Takes over the path. */
static void keep(struct worst *worst, const struct frag_file *file)
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

static int add_to_worst(struct totals *totals, const struct frag_file *file)
{
	struct frag_file copy = *file;

	if (!totals_wants_path(totals, file))
		return 0;
	if (file->path) {
		copy.path = strdup(file->path);
		if (!copy.path)
			return -ENOMEM;
	}
	keep(&totals->worst, &copy);
	return 0;
}

/* ---- totals ---- */

int totals_init(struct totals *totals, const struct frag_sort *sort, size_t worst_count,
		int with_map)
{
	*totals = (struct totals) { .worst.sort = sort, .worst.room = worst_count };
	totals->extensions = calloc(EXTENSIONS_MAX + 1, sizeof(*totals->extensions));
	totals->worst.file = calloc(worst_count ? worst_count : 1, sizeof(*totals->worst.file));
	if (!totals->extensions || !totals->worst.file)
		return -ENOMEM;
	strcpy(totals->extensions[EXTENSIONS_MAX].name, "(others)");
	if (with_map) {
		totals->map = malloc(sizeof(*totals->map));
		if (!totals->map)
			return -ENOMEM;
		map_init(totals->map, 0);
	}
	return 0;
}

void totals_clear(struct totals *totals)
{
	for (size_t i = 0; i < totals->worst.count; i++)
		free((char *)totals->worst.file[i].path);
	for (size_t i = 0; i < UNREADABLE_MAX; i++)
		free(totals->unreadable[i].path);
	free(totals->worst.file);
	free(totals->extensions);
	free(totals->map);
	ranges_clear(&totals->shared);
	*totals = (struct totals) { 0 };
}

int totals_add(struct totals *totals, const struct frag_file *file)
{
	char extension[EXTENSION_BYTES] = "";

	totals->unwritten_bytes += file->layout.unwritten_bytes;
	totals->shared_bytes += file->layout.shared_bytes;
	totals->encoded_bytes += file->layout.encoded_bytes;
	totals->delayed_bytes += file->delayed_bytes;
	totals->inline_bytes += file->inline_bytes;
	totals->holes += file->layout.holes;
	totals->unopened_files += !file->opened;
	if (!frag_file_is_known(file)) {
		tally_add(&totals->unknown, file);
		return 0;
	}
	totals->blockless_files += file->layout.extents == 0 || file->inline_bytes;
	tally_add(&totals->all, file);
	tally_add(&totals->by_count[count_class_of(file->layout.fragments)], file);
	tally_add(&totals->by_size[size_class_of(file->size_bytes)], file);
	if (file->path) {
		extension_of(file->path, extension);
		tally_add(extension_tally(totals, extension), file);
	}
	if (frag_file_is_worth(file))
		tally_add(&totals->worth, file);
	return add_to_worst(totals, file);
}

int totals_add_unreadable(struct totals *totals, const char *path, int error)
{
	if (totals->unreadable_count < UNREADABLE_MAX) {
		struct unreadable *row = &totals->unreadable[totals->unreadable_count];

		row->path = strdup(path);
		row->error = error;
		if (!row->path)
			return -ENOMEM;
	}
	totals->unreadable_count++;
	return 0;
}

static void merge_worst(struct worst *to, struct worst *from)
{
	for (size_t i = 0; i < from->count; i++) {
		if (to->count < to->room || to->sort->key(&from->file[i]) > key_of(to, 0))
			keep(to, &from->file[i]);
		else
			free((char *)from->file[i].path);
	}
	from->count = 0;
}

static void merge_unreadable(struct totals *to, struct totals *from)
{
	for (size_t i = 0; i < UNREADABLE_MAX && i < from->unreadable_count; i++) {
		size_t place = to->unreadable_count + i;

		if (place >= UNREADABLE_MAX)
			break;
		to->unreadable[place] = from->unreadable[i];
		from->unreadable[i].path = NULL;
	}
	to->unreadable_count += from->unreadable_count;
}

static void merge_counters(struct totals *to, const struct totals *from)
{
	const struct {
		uint64_t *to, from;
	} counters[] = {
		{ &to->unwritten_bytes, from->unwritten_bytes },
		{ &to->shared_bytes, from->shared_bytes },
		{ &to->encoded_bytes, from->encoded_bytes },
		{ &to->delayed_bytes, from->delayed_bytes },
		{ &to->inline_bytes, from->inline_bytes },
		{ &to->holes, from->holes },
		{ &to->unopened_files, from->unopened_files },
		{ &to->blockless_files, from->blockless_files },
		{ &to->directories, from->directories },
		{ &to->special_files, from->special_files },
		{ &to->vanished_files, from->vanished_files },
		{ &to->linked_again, from->linked_again },
		{ &to->skipped_mounts, from->skipped_mounts },
		{ &to->silent_files, from->silent_files },
		{ &to->filtered_files, from->filtered_files },
	};

	for (size_t i = 0; i < ARRAY_SIZE(counters); i++)
		*counters[i].to += counters[i].from;
}

int totals_merge(struct totals *to, struct totals *from)
{
	tally_merge(&to->all, &from->all);
	tally_merge(&to->unknown, &from->unknown);
	tally_merge(&to->worth, &from->worth);
	for (size_t i = 0; i < COUNT_CLASSES; i++)
		tally_merge(&to->by_count[i], &from->by_count[i]);
	for (size_t i = 0; i < SIZE_CLASSES; i++)
		tally_merge(&to->by_size[i], &from->by_size[i]);
	for (size_t i = 0; i < EXTENSIONS_MAX; i++)
		if (from->extensions[i].tally.files)
			tally_merge(extension_tally(to, from->extensions[i].name),
				    &from->extensions[i].tally);
	tally_merge(&to->extensions[EXTENSIONS_MAX].tally, &from->extensions[EXTENSIONS_MAX].tally);
	merge_counters(to, from);
	merge_worst(&to->worst, &from->worst);
	merge_unreadable(to, from);
	if (to->map && from->map)
		map_merge(to->map, from->map);
	return ranges_merge(&to->shared, &from->shared);
}

static int greatest_first(const void *one, const void *other, void *context)
{
	const struct frag_file *a = one, *b = other;
	const struct frag_sort *sort = context;
	double difference = sort->key(b) - sort->key(a);

	if (difference != 0)
		return difference > 0 ? 1 : -1;
	if (a->path && b->path)
		return strcmp(a->path, b->path);
	return a->inode < b->inode ? -1 : a->inode > b->inode;
}

static int dearest_first(const void *one, const void *other)
{
	const struct extension *a = one, *b = other;
	double difference = b->tally.extra_seconds - a->tally.extra_seconds;

	if (difference != 0)
		return difference > 0 ? 1 : -1;
	if (a->tally.files != b->tally.files)
		return a->tally.files < b->tally.files ? 1 : -1;
	return strcmp(a->name, b->name);
}

void totals_finish(struct totals *totals)
{
	totals->shared_distinct_bytes = ranges_bytes(&totals->shared);
	qsort_r(totals->worst.file, totals->worst.count, sizeof(*totals->worst.file),
		greatest_first, (void *)totals->worst.sort);
	qsort(totals->extensions, EXTENSIONS_MAX + 1, sizeof(*totals->extensions), dearest_first);
}
