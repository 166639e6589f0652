/* SPDX-License-Identifier: MIT */
/*
 * Files whose fragments are not known have a tally of their own: counted as one fragment, a
 * compressed file would make a tree look better than it is, and much worse by its extents.
 */
#include "frag/account/totals.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "frag/account/file.h"
#include "frag/account/filesystem.h"

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

/* The last one: "gz" of "tar.gz".  A leading dot does not start an extension. */
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

/* The directory of the sums: at most `depth` - 1 levels below the one that the user named. */
static const char *directory_of(const struct totals *totals, const char *path, size_t *ret_bytes)
{
	size_t end = strnlen(path, totals->root_bytes);

	if (path[end] != '/')
		end = 0;
	for (unsigned level = 1; level < totals->depth; level++) {
		const char *next = strchr(path + end + (path[end] == '/'), '/');

		if (!next)
			break;
		end = (size_t)(next - path);
	}
	if (end == 0)
		path = *path == '/' ? "/" : ".";
	*ret_bytes = end ? end : 1;
	return path;
}

/* ---- tallies ---- */

/*
 * Rounds to 2^-30 s, so that sums of months are exact in a double and do not depend on the order in
 * which threads add files.
 */
static double in_steps(double seconds)
{
	const double rounder = 0x1.8p22;

	return seconds + rounder - rounder;
}

static void tally_add(struct tally *tally, const struct frag_file *file)
{
	tally->files++;
	tally->fragmented_files += frag_file_is_fragmented(file);
	tally->size_bytes += file->size_bytes;
	tally->mapped_bytes += file->layout.mapped_bytes;
	tally->extents += file->layout.extents;
	tally->fragments += file->layout.fragments;
	tally->ideal_fragments += file->ideal_fragments;
	tally->sequential_seconds += in_steps(file->sequential_seconds);
	tally->extra_seconds += in_steps(file->extra_seconds);
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

/* ---- tallies by name: extensions, directories ---- */

static bool is_used(const void *slot)
{
	return *(const uint32_t *)slot != 0;
}

static const char *name_of(const void *slot, const struct named_tallies *tallies)
{
	return tallies->rows[*(const uint32_t *)slot - 1].name;
}

static uint64_t hash_name(const void *slot, const void *context)
{
	const char *name = name_of(slot, context);

	return hash_bytes(name, strlen(name));
}

struct key {
	const char *name;
	size_t bytes;
};

static bool is_same(const void *slot, const void *wanted, const void *context)
{
	const char *name = name_of(slot, context);
	const struct key *key = wanted;

	return strncmp(name, key->name, key->bytes) == 0 && name[key->bytes] == '\0';
}

static const struct hashmap_kind index_kind = { sizeof(uint32_t), is_used, hash_name, is_same };

static int add_row(struct named_tallies *tallies, const char *name, size_t bytes)
{
	struct named_tally row = { .name = strndup(name, bytes) };

	if (row.name && ARRAY_ADD(tallies->rows, tallies->count, row) == 0)
		return 0;
	free(row.name);
	return -ENOMEM;
}

static int named_tallies_init(struct named_tallies *tallies, size_t rows_max)
{
	*tallies = (struct named_tallies) { .rows_max = rows_max, .index.kind = &index_kind };
	return add_row(tallies, "(others)", strlen("(others)"));
}

static void named_tallies_clear(struct named_tallies *tallies)
{
	for (size_t i = 0; i < tallies->count; i++)
		free(tallies->rows[i].name);
	free(tallies->rows);
	hashmap_clear(&tallies->index);
	*tallies = (struct named_tallies) { 0 };
}

/* The sums of a name of so many bytes; valid until the next call.  NULL: out of memory. */
static struct tally *named_tally(struct named_tallies *tallies, const char *name, size_t bytes)
{
	const struct key key = { name, bytes };
	uint64_t hash = hash_bytes(name, bytes);
	uint32_t *slot;
	void *found;

	tallies->index.context = tallies;
	slot = hashmap_find(&tallies->index, hash, &key);
	if (slot)
		return &tallies->rows[*slot - 1].tally;
	if (tallies->count > tallies->rows_max)
		return &tallies->rows[0].tally;
	if (add_row(tallies, name, bytes) < 0 ||
	    hashmap_add(&tallies->index, hash, &key, &found) < 0)
		return NULL;
	*(uint32_t *)found = (uint32_t)tallies->count;
	return &tallies->rows[tallies->count - 1].tally;
}

static int dearest_first(const void *one, const void *other)
{
	const struct named_tally *a = one, *b = other;
	double difference = b->tally.extra_seconds - a->tally.extra_seconds;

	if (difference != 0)
		return difference > 0 ? 1 : -1;
	if (a->tally.files != b->tally.files)
		return a->tally.files < b->tally.files ? 1 : -1;
	return strcmp(a->name, b->name);
}

/* Sorts by cost.  named_tally() must not be called any more. */
static void named_tallies_sort(struct named_tallies *tallies)
{
	qsort(tallies->rows, tallies->count, sizeof(*tallies->rows), dearest_first);
}

/* ---- totals ---- */

int totals_init(struct totals *totals, const struct frag_sort *sort, size_t worst_count,
		int with_map)
{
	*totals = (struct totals) { 0 };
	if (worst_files_init(&totals->worst, sort, worst_count) < 0 ||
	    worst_files_init(&totals->worst_directories, sort, worst_count) < 0 ||
	    named_tallies_init(&totals->extensions, EXTENSIONS_MAX) < 0)
		return -ENOMEM;
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
	worst_files_clear(&totals->worst);
	worst_files_clear(&totals->worst_directories);
	for (size_t i = 0; i < UNREADABLE_MAX; i++)
		free(totals->unreadable[i].path);
	named_tallies_clear(&totals->extensions);
	named_tallies_clear(&totals->by_directory);
	free(totals->map);
	ranges_clear(&totals->shared);
	*totals = (struct totals) { 0 };
}

int totals_set_depth(struct totals *totals, unsigned depth)
{
	totals->depth = depth;
	return depth ? named_tallies_init(&totals->by_directory, DIRECTORIES_MAX) : 0;
}

static int add_to(struct named_tallies *tallies, const char *name, size_t bytes,
		  const struct frag_file *file)
{
	struct tally *tally = named_tally(tallies, name, bytes);

	if (!tally)
		return -ENOMEM;
	tally_add(tally, file);
	return 0;
}

static int add_by_name(struct totals *totals, const struct frag_file *file)
{
	char extension[EXTENSION_BYTES] = "";
	const char *directory = "(no name)";
	size_t bytes = strlen(directory);
	int r = 0;

	if (file->path) {
		extension_of(file->path, extension);
		r = add_to(&totals->extensions, extension, strlen(extension), file);
		if (totals->depth)
			directory = directory_of(totals, file->path, &bytes);
	}
	if (r == 0 && totals->depth)
		r = add_to(&totals->by_directory, directory, bytes, file);
	return r;
}

static int add_known(struct totals *totals, const struct frag_file *file)
{
	totals->blockless_files += file->layout.extents == 0 || file->inline_bytes;
	tally_add(&totals->all, file);
	tally_add(&totals->by_count[count_class_of(file->layout.fragments)], file);
	tally_add(&totals->by_size[size_class_of(file->size_bytes)], file);
	return add_by_name(totals, file);
}

/* Whether rewriting would remove at least half of the fragments, or all that can be removed. */
static bool would_gain(const struct frag_file *file)
{
	uint64_t least = file->possible_fragments;

	if (least == FRAGMENTS_UNKNOWN)
		return true;
	return least && (least <= file->ideal_fragments || least <= file->layout.fragments / 2);
}

static void judge(const struct totals *totals, struct frag_file *file)
{
	bool is_costly = frag_file_is_costly(file);

	file->possible_fragments = FRAGMENTS_UNKNOWN;
	if (is_costly && totals->filesystems)
		file->possible_fragments = filesystems_least_fragments(
			totals->filesystems, file->device, file->layout.mapped_bytes);
	file->is_worth = is_costly && would_gain(file);
	file->has_no_room = is_costly && !file->is_worth;
}

int totals_add(struct totals *totals, struct frag_file *file)
{
	totals->unwritten_bytes += file->layout.unwritten_bytes;
	totals->shared_bytes += file->layout.shared_bytes;
	totals->encoded_bytes += file->layout.encoded_bytes;
	totals->delayed_bytes += file->delayed_bytes;
	totals->inline_bytes += file->inline_bytes;
	totals->holes += file->layout.holes;
	totals->unopened_files += !file->opened;
	if (!frag_file_is_known(file))
		tally_add(&totals->unknown, file);
	else if (add_known(totals, file) < 0)
		return -ENOMEM;
	judge(totals, file);
	if (file->is_worth)
		tally_add(&totals->worth, file);
	else if (file->has_no_room)
		tally_add(&totals->no_room, file);
	else
		totals->unclear_files += !frag_file_is_known(file);
	return worst_files_add(&totals->worst, file);
}

int totals_add_directory(struct totals *totals, const struct frag_file *directory)
{
	tally_add(&totals->own_directories, directory);
	return worst_files_add(&totals->worst_directories, directory);
}

int totals_wants_path(const struct totals *totals, const struct frag_file *file)
{
	return totals->depth || worst_files_wants(&totals->worst, file);
}

/*
 * Keeps the first hundred by name, so that the list does not depend on the order of the threads.
 * Takes over the path.
 */
static void keep_unreadable(struct totals *totals, char *path, int error)
{
	struct unreadable *rows = totals->unreadable;
	size_t count = totals->unreadable_count < UNREADABLE_MAX ? totals->unreadable_count
								 : UNREADABLE_MAX;
	size_t at = count;

	while (at && strverscmp(path, rows[at - 1].path) < 0)
		at--;
	totals->unreadable_count++;
	if (at == UNREADABLE_MAX) {
		free(path);
		return;
	}
	if (count == UNREADABLE_MAX)
		free(rows[--count].path);
	memmove(&rows[at + 1], &rows[at], (count - at) * sizeof(*rows));
	rows[at] = (struct unreadable) { path, error };
}

int totals_add_unreadable(struct totals *totals, const char *path, int error)
{
	char *copy = strdup(path);

	if (!copy)
		return -ENOMEM;
	keep_unreadable(totals, copy, error);
	return 0;
}

static void merge_unreadable(struct totals *to, struct totals *from)
{
	uint64_t more = from->unreadable_count;

	for (size_t i = 0; i < UNREADABLE_MAX && i < from->unreadable_count; i++, more--)
		keep_unreadable(to, TAKE_PTR(from->unreadable[i].path), from->unreadable[i].error);
	to->unreadable_count += more;
}

#define COUNTER(name, is_of_files)                                \
	{                                                         \
#name, offsetof(struct totals, name), is_of_files \
	}

const struct totals_counter totals_counters[] = {
	COUNTER(unwritten_bytes, true), COUNTER(shared_bytes, true),
	COUNTER(encoded_bytes, true),	COUNTER(delayed_bytes, true),
	COUNTER(inline_bytes, true),	COUNTER(holes, true),
	COUNTER(unopened_files, true),	COUNTER(table_files, true),
	COUNTER(blockless_files, true), COUNTER(directories, false),
	COUNTER(special_files, false),	COUNTER(vanished_files, false),
	COUNTER(linked_again, false),	COUNTER(skipped_mounts, false),
	COUNTER(silent_files, false),	COUNTER(filtered_files, false),
};
const size_t totals_counter_count = ARRAY_SIZE(totals_counters);

static void merge_counters(struct totals *to, const struct totals *from)
{
	for (size_t i = 0; i < ARRAY_SIZE(totals_counters); i++)
		*totals_count(to, &totals_counters[i]) +=
			*totals_count((struct totals *)from, &totals_counters[i]);
	to->unclear_files += from->unclear_files;
}

/* Merges tables by name, of which both or none were initialised. */
static int merge_named(struct named_tallies *to, const struct named_tallies *from)
{
	for (size_t i = 0; i < from->count; i++) {
		const struct named_tally *row = &from->rows[i];
		struct tally *tally =
			i ? named_tally(to, row->name, strlen(row->name)) : &to->rows[0].tally;

		if (!tally)
			return -ENOMEM;
		tally_merge(tally, &row->tally);
	}
	return 0;
}

int totals_merge(struct totals *to, struct totals *from)
{
	tally_merge(&to->all, &from->all);
	tally_merge(&to->unknown, &from->unknown);
	tally_merge(&to->worth, &from->worth);
	tally_merge(&to->no_room, &from->no_room);
	tally_merge(&to->own_directories, &from->own_directories);
	for (size_t i = 0; i < COUNT_CLASSES; i++)
		tally_merge(&to->by_count[i], &from->by_count[i]);
	for (size_t i = 0; i < SIZE_CLASSES; i++)
		tally_merge(&to->by_size[i], &from->by_size[i]);
	if (merge_named(&to->extensions, &from->extensions) < 0 ||
	    merge_named(&to->by_directory, &from->by_directory) < 0)
		return -ENOMEM;
	merge_counters(to, from);
	worst_files_merge(&to->worst, &from->worst);
	worst_files_merge(&to->worst_directories, &from->worst_directories);
	merge_unreadable(to, from);
	if (to->map && from->map)
		map_merge(to->map, from->map);
	return ranges_merge(&to->shared, &from->shared);
}

void totals_finish(struct totals *totals)
{
	totals->shared_distinct_bytes = ranges_bytes(&totals->shared);
	worst_files_finish(&totals->worst);
	worst_files_finish(&totals->worst_directories);
	named_tallies_sort(&totals->extensions);
	if (totals->depth)
		named_tallies_sort(&totals->by_directory);
}
