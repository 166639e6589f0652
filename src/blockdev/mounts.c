/* SPDX-License-Identifier: MIT */
/*
 * The only parser of mount tables. libmount is no alternative: the guest's init is linked
 * statically, suspend-freeze may run in an initramfs, and distributions have no static libmount.
 * Only the text is used, so that the same text always gives the same table.
 */
#include "blockdev/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "base/text.h"
#include "blockdev/sysfs.h"

enum { TABLE_BYTES = 256 << 20 };

/* ---- escapes ---- */

static int is_octal(char letter)
{
	return letter >= '0' && letter <= '7';
}

void escape_resolve(char *text)
{
	char *to = text;

	for (const char *at = text; *at; to++) {
		int value;

		if (at[0] != '\\' || !is_octal(at[1]) || !is_octal(at[2]) || !is_octal(at[3])) {
			*to = *at++;
			continue;
		}
		value = (at[1] - '0') * 64 + (at[2] - '0') * 8 + (at[3] - '0');
		/* The kernel never writes these two; they would end the name, or are not a byte. */
		*to = value == 0 || value > 255 ? '?' : (char)value;
		at += 4;
	}
	*to = '\0';
}

char *escape_make(const char *text)
{
	char *escaped = malloc(strlen(text) * 4 + 2), *to = escaped;

	if (!escaped)
		return NULL;
	for (const char *at = text; *at; at++)
		if (strchr(" \t\n\\#", *at) || (*at == '-' && text[1] == '\0'))
			to += sprintf(to, "\\%03o", (unsigned char)*at);
		else
			*to++ = *at;
	*to = '\0';
	return escaped;
}

/* ---- the text ---- */

static char *next_word(char **rest)
{
	char *word = *rest ? strsep(rest, " ") : NULL;

	return word && *word ? word : NULL;
}

static int read_number(const char *word, char end, uint64_t *ret, const char **ret_after)
{
	char *after;

	if (!word || *word < '0' || *word > '9')
		return -EBADMSG;
	errno = 0;
	*ret = strtoull(word, &after, 10);
	if (errno || *after != end)
		return -EBADMSG;
	if (ret_after)
		*ret_after = after + 1;
	return 0;
}

static int read_device(const char *word, dev_t *ret)
{
	uint64_t major_number, minor_number;
	const char *after = NULL;

	if (read_number(word, ':', &major_number, &after) < 0 ||
	    read_number(after, '\0', &minor_number, NULL) < 0 || major_number > UINT32_MAX ||
	    minor_number > UINT32_MAX)
		return -EBADMSG;
	*ret = makedev((unsigned)major_number, (unsigned)minor_number);
	return 0;
}

/* Any number of fields precede the hyphen. */
static int skip_to_hyphen(char **rest)
{
	const char *word;

	while ((word = next_word(rest)))
		if (strcmp(word, "-") == 0)
			return 0;
	return -EBADMSG;
}

static int copy_word(const char *word, int resolve, char **ret)
{
	char *copy = word ? strdup(word) : NULL;

	if (!copy)
		return word ? -ENOMEM : -EBADMSG;
	if (resolve)
		escape_resolve(copy);
	*ret = copy;
	return 0;
}

void mount_clear(struct mount *mount)
{
	free(mount->root);
	free(mount->point);
	free(mount->type);
	free(mount->source);
	free(mount->mount_options);
	free(mount->options);
	free(mount->through);
	*mount = (struct mount) { 0 };
}

static int read_line(char *line, struct mount *mount)
{
	char *rest = line, *source;
	int r;

	if (read_number(next_word(&rest), '\0', &mount->id, NULL) < 0 ||
	    read_number(next_word(&rest), '\0', &mount->parent_id, NULL) < 0 ||
	    read_device(next_word(&rest), &mount->device) < 0)
		return -EBADMSG;
	r = copy_word(next_word(&rest), 1, &mount->root);
	if (r == 0)
		r = copy_word(next_word(&rest), 1, &mount->point);
	if (r == 0)
		r = copy_word(next_word(&rest), 0, &mount->mount_options);
	if (r == 0)
		r = skip_to_hyphen(&rest);
	if (r == 0)
		r = copy_word(next_word(&rest), 1, &mount->type);
	if (r < 0)
		return r;
	/* Only the source may be empty: mount("", ...). */
	source = rest ? strsep(&rest, " ") : NULL;
	r = copy_word(source, 1, &mount->source);
	return r < 0 ? r : copy_word(next_word(&rest), 0, &mount->options);
}

/* ---- the table ---- */

static int compare_parents(const void *one, const void *other, void *context)
{
	const struct mount *all = context;
	size_t a = *(const size_t *)one, b = *(const size_t *)other;

	if (all[a].parent_id != all[b].parent_id)
		return all[a].parent_id < all[b].parent_id ? -1 : 1;
	return a < b ? -1 : a > b;
}

static int order_by_parent(struct mounts *mounts)
{
	size_t *by_parent = calloc(mounts->count + 1, sizeof(*by_parent));

	if (!by_parent)
		return -ENOMEM;
	free(mounts->by_parent);
	mounts->by_parent = by_parent;
	for (size_t i = 0; i < mounts->count; i++)
		mounts->by_parent[i] = i;
	qsort_r(mounts->by_parent, mounts->count, sizeof(*mounts->by_parent), compare_parents,
		mounts->all);
	return 0;
}

static int read_lines(char *text, struct mounts *mounts)
{
	char *rest = text, *line;

	while ((line = strsep(&rest, "\n"))) {
		struct mount mount = { 0 };
		int r;

		if (!*line)
			continue;
		r = read_line(line, &mount);
		if (r == 0)
			r = ARRAY_ADD(mounts->all, mounts->count, mount);
		if (r < 0) {
			mount_clear(&mount);
			return r;
		}
	}
	return 0;
}

int mounts_parse(const char *text, struct mounts *ret)
{
	CLEANUP(freep) char *copy = strdup(text);
	struct mounts mounts = { 0 };
	int r = copy ? read_lines(copy, &mounts) : -ENOMEM;

	if (r == 0)
		r = order_by_parent(&mounts);
	if (r < 0) {
		mounts_clear(&mounts);
		return r;
	}
	*ret = mounts;
	return 0;
}

int mounts_read(const char *path, struct mounts *ret)
{
	CLEANUP(freep) char *text = NULL;
	int r = io_read_file(path, TABLE_BYTES, &text, NULL);

	return r < 0 ? r : mounts_parse(text, ret);
}

int mounts_add(struct mounts *mounts, struct mount *mount)
{
	int r = ARRAY_ADD(mounts->all, mounts->count, *mount);

	if (r < 0)
		mount_clear(mount);
	*mount = (struct mount) { 0 };
	return r < 0 ? r : order_by_parent(mounts);
}

void mounts_clear(struct mounts *mounts)
{
	for (size_t i = 0; i < mounts->count; i++)
		mount_clear(&mounts->all[i]);
	free(mounts->all);
	free(mounts->by_parent);
	*mounts = (struct mounts) { 0 };
}

/* ---- questions ---- */

const struct mount *mounts_by_id(const struct mounts *mounts, uint64_t id)
{
	for (size_t i = 0; i < mounts->count; i++)
		if (mounts->all[i].id == id)
			return &mounts->all[i];
	return NULL;
}

/* The position in by_parent of the first mount below this one. */
static size_t first_below(const struct mounts *mounts, uint64_t parent_id)
{
	size_t low = 0, high = mounts->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (mounts->all[mounts->by_parent[middle]].parent_id < parent_id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Whether `path` is `point` or below it. */
static int leads_through(const char *path, const char *point)
{
	size_t length = strlen(point);

	if (length == 1 && *point == '/')
		return *path == '/';
	return strncmp(path, point, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

/* The next mount of a path walk.  Several mounts at one point are ordered by their parents. */
static const struct mount *next_on_path(const struct mounts *mounts, const struct mount *current,
					const char *path)
{
	const struct mount *next = NULL;

	for (size_t i = first_below(mounts, current->id); i < mounts->count; i++) {
		const struct mount *mount = &mounts->all[mounts->by_parent[i]];

		if (mount->parent_id != current->id)
			break;
		if (mount != current && leads_through(path, mount->point) &&
		    (!next || strlen(mount->point) <= strlen(next->point)))
			next = mount;
	}
	return next;
}

static const struct mount *root_of(const struct mounts *mounts)
{
	for (size_t i = 0; i < mounts->count; i++) {
		const struct mount *mount = &mounts->all[i];

		if (!mount->through && strcmp(mount->point, "/") == 0 &&
		    (mount->parent_id == mount->id || !mounts_by_id(mounts, mount->parent_id)))
			return mount;
	}
	return NULL;
}

const struct mount *mounts_find(const struct mounts *mounts, const char *path)
{
	const struct mount *current = root_of(mounts), *next;

	/* An invalid table could contain a cycle. */
	for (size_t steps = 0; current && steps < mounts->count; steps++) {
		next = next_on_path(mounts, current, path);
		if (!next)
			break;
		current = next;
	}
	return current;
}

int mount_id_of_fd(int fd, uint64_t *ret)
{
	CLEANUP(freep) char *text = NULL;
	unsigned long long id;
	const char *line;
	char path[64];
	int r;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	r = io_read_file(path, 1 << 16, &text, NULL);
	if (r < 0)
		return r;
	line = strstr(text, "mnt_id:");
	if (!line || sscanf(line, "mnt_id: %llu", &id) != 1)
		return -EBADMSG;
	*ret = id;
	return 0;
}

const struct mount *mounts_by_fd(const struct mounts *mounts, int fd)
{
	uint64_t id;

	return mount_id_of_fd(fd, &id) < 0 ? NULL : mounts_by_id(mounts, id);
}

/* ---- namespaces ---- */

struct namespaces {
	const char *proc;
	int (*call)(const char *process, bool is_ours, void *context);
	void *context;
	ino_t *met;
	size_t count;
};

/* 1: for the first time; 0; or -ENOMEM. */
static int meet(struct namespaces *namespaces, const char *process)
{
	CLEANUP(freep) char *path = text_path(process, "ns/mnt");
	struct stat status;

	if (!path)
		return -ENOMEM;
	if (stat(path, &status) < 0)
		return 0;
	for (size_t i = 0; i < namespaces->count; i++)
		if (namespaces->met[i] == status.st_ino)
			return 0;
	return ARRAY_ADD(namespaces->met, namespaces->count, status.st_ino) < 0 ? -ENOMEM : 1;
}

static int visit(struct namespaces *namespaces, const char *name, bool is_ours)
{
	CLEANUP(freep) char *process = text_path(namespaces->proc, name);
	int r = process ? meet(namespaces, process) : -ENOMEM;

	return r == 1 ? namespaces->call(process, is_ours, namespaces->context) : r;
}

static int visit_process(const char *name, void *context)
{
	return *name >= '1' && *name <= '9' ? visit(context, name, false) : 0;
}

int mounts_each_namespace(const char *proc,
			  int (*call)(const char *process, bool is_ours, void *context),
			  void *context)
{
	struct namespaces namespaces = { .proc = proc, .call = call, .context = context };
	int r = visit(&namespaces, "self", true);

	if (r == 0 && namespaces.count == 0)
		r = -ENOENT;
	if (r == 0)
		r = sysfs_each(proc, visit_process, &namespaces);
	free(namespaces.met);
	return r;
}

/* ---- one mount ---- */

dev_t mount_block_device(const struct mount *mount)
{
	struct stat status;

	if (major(mount->device))
		return mount->device;
	/* The source of an overlay, of proc and so on is not a path. */
	if (mount->source[0] != '/' || stat(mount->source, &status) < 0 || !S_ISBLK(status.st_mode))
		return 0;
	return status.st_rdev;
}

char *mount_all_options(const struct mount *mount)
{
	/* Both start with "ro" or "rw"; the superblock may be read-only under a mount that is not.
	 */
	bool read_only = mount_has_option(mount, "ro");
	const char *rest = strchr(mount->options, ',');
	const char *own =
		strncmp(mount->mount_options, "rw", 2) == 0 ? mount->mount_options + 2 : NULL;

	char *all = text_format("%s%s%s",
				own && read_only ? "ro"
				: own		 ? "rw"
						 : "",
				own ? own : mount->mount_options, rest ? rest : "");

	if (all)
		escape_resolve(all);
	return all;
}

bool mount_has_option(const struct mount *mount, const char *word)
{
	size_t length = strlen(word);
	const char *at = mount->options;

	while (at && *at) {
		size_t here = strcspn(at, ",");

		if (here == length && strncmp(at, word, length) == 0)
			return true;
		at += here + (at[here] == ',');
	}
	return false;
}

char *mount_option(const struct mount *mount, const char *name)
{
	size_t length = strlen(name);
	const char *at = mount->options;

	while (at && *at) {
		size_t here = strcspn(at, ",");

		if (here > length && at[length] == '=' && strncmp(at, name, length) == 0) {
			char *value = strndup(at + length + 1, here - length - 1);

			if (value)
				escape_resolve(value);
			return value;
		}
		at += here + (at[here] == ',');
	}
	return NULL;
}
