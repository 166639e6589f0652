/* SPDX-License-Identifier: MIT */
/*
 * An entry takes about twenty bytes: inode, directory and name one after the other in blocks that
 * never move, found by hashing the inode, with four bytes per slot.  After 32 MiB (a million and
 * a half entries) no more are kept, and their files are shown by inode number.
 *
 * Each directory is read once, after it was kept, so that directories of a damaged volume that
 * contain one another are no endless loop.  A path ends where its buffer does.
 */
#include "frag/scan/inode_paths.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/hashmap.h"
#include "frag/frag.h"
#include "frag/account/file.h"

enum {
	BLOCK_BYTES = 1 << 20,
	BLOCKS_MAX = 32,
	NAME_MAX_BYTES = 255,
	RECORD_MAX = 10 + 10 + 1 + NAME_MAX_BYTES,
	DIRECTORIES_BETWEEN_LOOKS = 256,
};

struct inode_paths {
	uint64_t root;
	const char *top;
	char *blocks[BLOCKS_MAX];
	uint32_t end;	      /* of the records */
	struct hashmap index; /* by inode: a record's place plus 1 */
	bool is_full;

	uint64_t *wanted; /* inodes, sorted; NULL: all */
	size_t wanted_count, missing;

	uint64_t *directories; /* still to be read, in the order in which they were met */
	size_t directory_count;
};

/* ---- records ---- */

struct record {
	uint64_t inode, directory;
	const char *name;
	size_t name_bytes;
};

static char *put_number(char *to, uint64_t number)
{
	for (; number >= 0x80; number >>= 7)
		*to++ = (char)(number | 0x80);
	*to++ = (char)number;
	return to;
}

static const char *get_number(const char *from, uint64_t *ret)
{
	unsigned shift = 0;

	*ret = 0;
	do {
		*ret |= (uint64_t)(*from & 0x7f) << shift;
		shift += 7;
	} while (*from++ & 0x80);
	return from;
}

static struct record record_at(const struct inode_paths *paths, uint32_t place)
{
	const char *from = paths->blocks[place / BLOCK_BYTES] + place % BLOCK_BYTES;
	struct record record;

	from = get_number(from, &record.inode);
	from = get_number(from, &record.directory);
	record.name_bytes = (unsigned char)*from++;
	record.name = from;
	return record;
}

/* Room for a record, which has to fit into one block.  -ENOSPC: there is none. */
static int make_room(struct inode_paths *paths, char **ret)
{
	uint32_t block = paths->end / BLOCK_BYTES;

	if (paths->end % BLOCK_BYTES > BLOCK_BYTES - RECORD_MAX)
		paths->end = ++block * BLOCK_BYTES;
	if (block >= BLOCKS_MAX)
		return -ENOSPC;
	if (!paths->blocks[block])
		paths->blocks[block] = malloc(BLOCK_BYTES);
	if (!paths->blocks[block])
		return -ENOMEM;
	*ret = paths->blocks[block] + paths->end % BLOCK_BYTES;
	return 0;
}

/* ---- the index ---- */

static bool is_used(const void *slot)
{
	return *(const uint32_t *)slot != 0;
}

static uint64_t hash_record(const void *slot, const void *paths)
{
	return hash_number(record_at(paths, *(const uint32_t *)slot - 1).inode);
}

static bool is_of_inode(const void *slot, const void *inode, const void *paths)
{
	return record_at(paths, *(const uint32_t *)slot - 1).inode == *(const uint64_t *)inode;
}

static const struct hashmap_kind index_kind = { sizeof(uint32_t), is_used, hash_record,
						is_of_inode };

/* 1: kept, 0: it is there already, -ENOSPC, -ENOMEM. */
static int keep(struct inode_paths *paths, const struct record *record)
{
	uint64_t hash = hash_number(record->inode);
	char *to, *end;
	void *slot;
	int r;

	if (hashmap_find(&paths->index, hash, &record->inode))
		return 0;
	r = make_room(paths, &to);
	if (r == 0)
		r = hashmap_add(&paths->index, hash, &record->inode, &slot);
	if (r < 0)
		return r;
	*(uint32_t *)slot = paths->end + 1;
	end = put_number(to, record->inode);
	end = put_number(end, record->directory);
	*end++ = (char)record->name_bytes;
	memcpy(end, record->name, record->name_bytes);
	paths->end += (uint32_t)(end - to + (ptrdiff_t)record->name_bytes);
	return 1;
}

/* ---- reading ---- */

static int by_number(const void *one, const void *other)
{
	uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;

	return a < b ? -1 : a > b;
}

static bool is_wanted(const struct inode_paths *paths, uint64_t inode)
{
	return !paths->wanted ||
	       bsearch(&inode, paths->wanted, paths->wanted_count, sizeof(inode), by_number);
}

static bool is_dots(const char *name, size_t bytes)
{
	return (bytes == 1 && name[0] == '.') || (bytes == 2 && memcmp(name, "..", 2) == 0);
}

int inode_paths_add(struct inode_paths *paths, uint64_t directory, uint64_t inode, const char *name,
		    size_t name_bytes, bool is_directory)
{
	const struct record record = { inode, directory, name, name_bytes };
	int r;

	if (name_bytes == 0 || name_bytes > NAME_MAX_BYTES || inode == 0 || inode == paths->root ||
	    is_dots(name, name_bytes) || memchr(name, '/', name_bytes) ||
	    memchr(name, '\0', name_bytes) || (!is_directory && !is_wanted(paths, inode)))
		return 0;
	r = keep(paths, &record);
	if (r == -ENOSPC) {
		paths->is_full = true;
		return 1;
	}
	if (r <= 0)
		return r;
	if (!is_directory)
		return paths->wanted && --paths->missing == 0;
	return ARRAY_ADD(paths->directories, paths->directory_count, inode);
}

static int want(struct inode_paths *paths, const struct worst_files *worst)
{
	paths->wanted = calloc(worst->count + 1, sizeof(*paths->wanted));
	if (!paths->wanted)
		return -ENOMEM;
	for (size_t i = 0; i < worst->count; i++)
		if (!worst->file[i].path)
			paths->wanted[paths->wanted_count++] = worst->file[i].inode;
	paths->missing = paths->wanted_count;
	qsort(paths->wanted, paths->wanted_count, sizeof(*paths->wanted), by_number);
	return 0;
}

static int read_all(const struct frag_settings *settings, const struct directory_reader *source,
		    struct inode_paths *paths)
{
	struct pollfd cancel = { .fd = settings->cancel_fd, .events = POLLIN };
	int r = source->read_directory(paths, source->root, source->context);

	for (size_t i = 0; r == 0 && i < paths->directory_count; i++) {
		if (i % DIRECTORIES_BETWEEN_LOOKS == 0 && poll(&cancel, 1, 0) > 0)
			break;
		r = source->read_directory(paths, paths->directories[i], source->context);
	}
	free(TAKE_PTR(paths->directories));
	return r < 0 ? r : 0;
}

int inode_paths_read(const struct frag_settings *settings, const struct directory_reader *source,
		     const struct worst_files *worst, struct inode_paths **ret)
{
	CLEANUP(inode_paths_freep) struct inode_paths *paths = calloc(1, sizeof(*paths));
	int r = 0;

	if (!paths)
		return -ENOMEM;
	paths->index = (struct hashmap) { .kind = &index_kind, .context = paths };
	paths->root = source->root;
	paths->top = strcmp(source->top, "/") == 0 ? "" : source->top;
	if (worst)
		r = want(paths, worst);
	if (r == 0 && !(worst && paths->missing == 0))
		r = read_all(settings, source, paths);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(paths);
	return 0;
}

void inode_paths_freep(struct inode_paths **paths)
{
	if (!*paths)
		return;
	for (size_t i = 0; i < BLOCKS_MAX; i++)
		free((*paths)->blocks[i]);
	hashmap_clear(&(*paths)->index);
	free((*paths)->wanted);
	free((*paths)->directories);
	free(*paths);
}

/* ---- paths ---- */

static char *prepend(char *begin, char *path, const char *text, size_t bytes)
{
	if ((size_t)(begin - path) < bytes + 1)
		return NULL;
	begin -= bytes;
	memcpy(begin, text, bytes);
	return begin;
}

const char *inode_paths_find(const struct inode_paths *paths, uint64_t inode,
			     char buffer[static INODE_PATH_BYTES])
{
	char *begin = buffer + INODE_PATH_BYTES - 1;

	*begin = '\0';
	while (begin && inode != paths->root) {
		const uint32_t *slot = hashmap_find(&paths->index, hash_number(inode), &inode);
		struct record record;

		if (!slot)
			return NULL;
		record = record_at(paths, *slot - 1);
		begin = prepend(begin, buffer, record.name, record.name_bytes);
		if (begin)
			*--begin = '/';
		inode = record.directory;
	}
	begin = begin ? prepend(begin, buffer, paths->top, strlen(paths->top)) : NULL;
	return begin && !*begin ? "/" : begin;
}

int inode_paths_note(const struct inode_paths *paths, struct frag_result *result)
{
	if (!paths->is_full)
		return 0;
	return frag_result_note(result, "There are too many names (more than 32 MiB): some files "
					"are shown by their inode numbers only.");
}

int inode_paths_give_worst(const struct frag_settings *settings,
			   const struct directory_reader *source, struct worst_files *worst)
{
	CLEANUP(inode_paths_freep) struct inode_paths *paths = NULL;
	CLEANUP(freep) char *buffer = malloc(INODE_PATH_BYTES);
	int r = buffer ? inode_paths_read(settings, source, worst, &paths) : -ENOMEM;

	for (size_t i = 0; r == 0 && i < worst->count; i++) {
		const char *path = worst->file[i].path
					   ? NULL
					   : inode_paths_find(paths, worst->file[i].inode, buffer);

		if (!path)
			continue;
		worst->file[i].path = strdup(path);
		r = worst->file[i].path ? 0 : -ENOMEM;
	}
	return r;
}

/*
 * ---- directories of a mounted file system ----
 *
 * readdir() reports the inode of each name, so that no file is opened.  Directories are opened by
 * their whole path: files below a path that is too long for the kernel are shown by inode number.
 */

static void dir_closep(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static DIR *open_directory(const struct mounted_directories *directories, const char *path)
{
	CLEANUP(fd_closep) int fd = frag_open(AT_FDCWD, path, false);
	struct stat status;
	DIR *dir;

	if (fd < 0 || fstat(fd, &status) < 0 || status.st_dev != directories->device)
		return NULL;
	dir = fdopendir(fd);
	if (dir)
		(void)TAKE_FD(fd);
	return dir;
}

/* Directories of old file systems do not contain the types of entries. */
static unsigned char type_of(DIR *dir, const struct dirent *entry)
{
	struct stat status;

	if (entry->d_type != DT_UNKNOWN ||
	    fstatat(dirfd(dir), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return entry->d_type;
	return (unsigned char)IFTODT(status.st_mode);
}

static int read_mounted(struct inode_paths *paths, uint64_t directory, void *context)
{
	struct mounted_directories *directories = context;
	const char *path = inode_paths_find(paths, directory, directories->path);
	CLEANUP(dir_closep) DIR *dir = path ? open_directory(directories, path) : NULL;
	const struct dirent *entry;
	int r = 0;

	while (r == 0 && dir && (entry = readdir(dir))) {
		unsigned char type = type_of(dir, entry);

		if (type == DT_DIR || type == DT_REG)
			r = inode_paths_add(paths, directory, entry->d_ino, entry->d_name,
					    strlen(entry->d_name), type == DT_DIR);
	}
	return r;
}

int mounted_directory_reader(struct mounted_directories *directories, const char *top,
			     struct directory_reader *ret)
{
	struct stat status;

	if (stat(top, &status) < 0)
		return -errno;
	directories->device = status.st_dev;
	*ret = (struct directory_reader) { read_mounted, directories, status.st_ino, top };
	return 0;
}
