/* SPDX-License-Identifier: MIT */
/*
 * An entry takes about twenty bytes: inode, directory and name one after the other
 * in blocks that never move, found by hashing the inode, with four bytes a slot.
 * When 32 MiB are used up (a million and a half entries) no more are kept, and
 * their files stay numbers.
 *
 * A directory is read when it was kept, each once, so that a damaged volume whose
 * directories contain one another holds nobody; and the chain of directories
 * that makes a path ends where the buffer does.
 */
#include "frag/scan/names.h"

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

struct names {
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

static struct record record_at(const struct names *names, uint32_t place)
{
	const char *from = names->blocks[place / BLOCK_BYTES] + place % BLOCK_BYTES;
	struct record record;

	from = get_number(from, &record.inode);
	from = get_number(from, &record.directory);
	record.name_bytes = (unsigned char)*from++;
	record.name = from;
	return record;
}

/* Room for a record, which does not reach over the end of a block.  -ENOSPC: there is none. */
static int make_room(struct names *names, char **ret)
{
	uint32_t block = names->end / BLOCK_BYTES;

	if (names->end % BLOCK_BYTES > BLOCK_BYTES - RECORD_MAX)
		names->end = ++block * BLOCK_BYTES;
	if (block >= BLOCKS_MAX)
		return -ENOSPC;
	if (!names->blocks[block])
		names->blocks[block] = malloc(BLOCK_BYTES);
	if (!names->blocks[block])
		return -ENOMEM;
	*ret = names->blocks[block] + names->end % BLOCK_BYTES;
	return 0;
}

/* ---- the index ---- */

static bool is_used(const void *slot)
{
	return *(const uint32_t *)slot != 0;
}

static uint64_t hash_record(const void *slot, const void *names)
{
	return hash_number(record_at(names, *(const uint32_t *)slot - 1).inode);
}

static bool is_of_inode(const void *slot, const void *inode, const void *names)
{
	return record_at(names, *(const uint32_t *)slot - 1).inode == *(const uint64_t *)inode;
}

static const struct hashmap_kind index_kind = { sizeof(uint32_t), is_used, hash_record,
						is_of_inode };

/* 1: kept, 0: it is there already, -ENOSPC, -ENOMEM. */
static int keep(struct names *names, const struct record *record)
{
	uint64_t hash = hash_number(record->inode);
	char *to, *end;
	void *slot;
	int r;

	if (hashmap_find(&names->index, hash, &record->inode))
		return 0;
	r = make_room(names, &to);
	if (r == 0)
		r = hashmap_add(&names->index, hash, &record->inode, &slot);
	if (r < 0)
		return r;
	*(uint32_t *)slot = names->end + 1;
	end = put_number(to, record->inode);
	end = put_number(end, record->directory);
	*end++ = (char)record->name_bytes;
	memcpy(end, record->name, record->name_bytes);
	names->end += (uint32_t)(end - to + (ptrdiff_t)record->name_bytes);
	return 1;
}

/* ---- reading ---- */

static int by_number(const void *one, const void *other)
{
	uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;

	return a < b ? -1 : a > b;
}

static bool is_wanted(const struct names *names, uint64_t inode)
{
	return !names->wanted ||
	       bsearch(&inode, names->wanted, names->wanted_count, sizeof(inode), by_number);
}

static bool is_dots(const char *name, size_t bytes)
{
	return (bytes == 1 && name[0] == '.') || (bytes == 2 && memcmp(name, "..", 2) == 0);
}

int names_add(struct names *names, uint64_t directory, uint64_t inode, const char *name,
	      size_t name_bytes, bool is_directory)
{
	const struct record record = { inode, directory, name, name_bytes };
	int r;

	if (name_bytes == 0 || name_bytes > NAME_MAX_BYTES || inode == 0 || inode == names->root ||
	    is_dots(name, name_bytes) || memchr(name, '/', name_bytes) ||
	    memchr(name, '\0', name_bytes) || (!is_directory && !is_wanted(names, inode)))
		return 0;
	r = keep(names, &record);
	if (r == -ENOSPC) {
		names->is_full = true;
		return 1;
	}
	if (r <= 0)
		return r;
	if (!is_directory)
		return names->wanted && --names->missing == 0;
	return ARRAY_ADD(names->directories, names->directory_count, inode);
}

static int want(struct names *names, const struct worst_files *worst)
{
	names->wanted = calloc(worst->count + 1, sizeof(*names->wanted));
	if (!names->wanted)
		return -ENOMEM;
	for (size_t i = 0; i < worst->count; i++)
		if (!worst->file[i].path)
			names->wanted[names->wanted_count++] = worst->file[i].inode;
	names->missing = names->wanted_count;
	qsort(names->wanted, names->wanted_count, sizeof(*names->wanted), by_number);
	return 0;
}

static int read_all(const struct frag_settings *settings, const struct names_source *source,
		    struct names *names)
{
	struct pollfd cancel = { .fd = settings->cancel_fd, .events = POLLIN };
	int r = source->read_directory(names, source->root, source->context);

	for (size_t i = 0; r == 0 && i < names->directory_count; i++) {
		if (i % DIRECTORIES_BETWEEN_LOOKS == 0 && poll(&cancel, 1, 0) > 0)
			break;
		r = source->read_directory(names, names->directories[i], source->context);
	}
	free(TAKE_PTR(names->directories));
	return r < 0 ? r : 0;
}

int names_read(const struct frag_settings *settings, const struct names_source *source,
	       const struct worst_files *worst, struct names **ret)
{
	CLEANUP(names_freep) struct names *names = calloc(1, sizeof(*names));
	int r = 0;

	if (!names)
		return -ENOMEM;
	names->index = (struct hashmap) { .kind = &index_kind, .context = names };
	names->root = source->root;
	names->top = strcmp(source->top, "/") == 0 ? "" : source->top;
	if (worst)
		r = want(names, worst);
	if (r == 0 && !(worst && names->missing == 0))
		r = read_all(settings, source, names);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(names);
	return 0;
}

void names_freep(struct names **names)
{
	if (!*names)
		return;
	for (size_t i = 0; i < BLOCKS_MAX; i++)
		free((*names)->blocks[i]);
	hashmap_clear(&(*names)->index);
	free((*names)->wanted);
	free((*names)->directories);
	free(*names);
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

const char *names_path(const struct names *names, uint64_t inode,
		       char buffer[static NAMES_PATH_BYTES])
{
	char *begin = buffer + NAMES_PATH_BYTES - 1;

	*begin = '\0';
	while (begin && inode != names->root) {
		const uint32_t *slot = hashmap_find(&names->index, hash_number(inode), &inode);
		struct record record;

		if (!slot)
			return NULL;
		record = record_at(names, *slot - 1);
		begin = prepend(begin, buffer, record.name, record.name_bytes);
		if (begin)
			*--begin = '/';
		inode = record.directory;
	}
	begin = begin ? prepend(begin, buffer, names->top, strlen(names->top)) : NULL;
	return begin && !*begin ? "/" : begin;
}

int names_note(const struct names *names, struct frag_result *result)
{
	if (!names->is_full)
		return 0;
	return frag_result_note(result, "There are too many names (more than 32 MiB): some files "
					"are shown by their inode numbers only.");
}

int names_give_worst(const struct frag_settings *settings, const struct names_source *source,
		     struct worst_files *worst)
{
	CLEANUP(names_freep) struct names *names = NULL;
	CLEANUP(freep) char *buffer = malloc(NAMES_PATH_BYTES);
	int r = buffer ? names_read(settings, source, worst, &names) : -ENOMEM;

	for (size_t i = 0; r == 0 && i < worst->count; i++) {
		const char *path = worst->file[i].path
					   ? NULL
					   : names_path(names, worst->file[i].inode, buffer);

		if (!path)
			continue;
		worst->file[i].path = strdup(path);
		r = worst->file[i].path ? 0 : -ENOMEM;
	}
	return r;
}

/*
 * ---- directories of what is mounted ----
 *
 * They report the inode of each name, so that no file is looked at.  Each is opened by its
 * whole path: what lies deeper than the kernel takes a path stays a number.
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

/* Old file systems do not tell in the directory what an entry is. */
static unsigned char type_of(DIR *dir, const struct dirent *entry)
{
	struct stat status;

	if (entry->d_type != DT_UNKNOWN ||
	    fstatat(dirfd(dir), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return entry->d_type;
	return (unsigned char)IFTODT(status.st_mode);
}

static int read_mounted(struct names *names, uint64_t directory, void *context)
{
	struct mounted_directories *directories = context;
	const char *path = names_path(names, directory, directories->path);
	CLEANUP(dir_closep) DIR *dir = path ? open_directory(directories, path) : NULL;
	const struct dirent *entry;
	int r = 0;

	while (r == 0 && dir && (entry = readdir(dir))) {
		unsigned char type = type_of(dir, entry);

		if (type == DT_DIR || type == DT_REG)
			r = names_add(names, directory, entry->d_ino, entry->d_name,
				      strlen(entry->d_name), type == DT_DIR);
	}
	return r;
}

int mounted_names(struct mounted_directories *directories, const char *top,
		  struct names_source *ret)
{
	struct stat status;

	if (stat(top, &status) < 0)
		return -errno;
	directories->device = status.st_dev;
	*ret = (struct names_source) { read_mounted, directories, status.st_ino, top };
	return 0;
}
