/* SPDX-License-Identifier: MIT */
/*
 * Each file-system module has the alias "fs-TYPE", also where it is built in or
 * serves several types (ext4 for ext3), so libkmod's tables answer without a
 * mount or a boot.
 */
#include "testbed/kernel.h"

#include <errno.h>
#include <libkmod.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/words.h"
#include "base/text.h"

enum { WISHES_DEEP = 8 };

struct search {
	struct kmod_ctx *kmod;
	const char *directory;
};

static void kmod_unrefp(struct kmod_ctx **kmod)
{
	if (*kmod)
		kmod_unref(*kmod);
}

static void kmod_listp(struct kmod_list **list)
{
	kmod_module_unref_list(*list);
}

static void kmod_iterp(struct kmod_config_iter **iterator)
{
	if (*iterator)
		kmod_config_iter_free_iter(*iterator);
}

static void kmod_modulep(struct kmod_module **module)
{
	if (*module)
		kmod_module_unref(*module);
}

static int is_listed(const char *files, const char *path)
{
	size_t length = strlen(path);

	for (const char *at = files; at && (at = strstr(at, path)); at += length)
		if ((at == files || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
			return 1;
	return 0;
}

/* Appends the module's file; its path begins with `directory`, which is cut off. */
static int append_file(struct kmod_module *module, const char *directory, char **files)
{
	const char *path = kmod_module_get_path(module);

	if (!path)
		return 0; /* built in */
	if (directory && strncmp(path, directory, strlen(directory)) == 0)
		path += strlen(directory) + 1;
	if (is_listed(*files, path))
		return 0;
	return text_join(files, " ", path);
}

static int append_with_needs(const struct search *search, struct kmod_module *module, int depth,
			     char **files);

/* By its name or an alias; the first that has it.  0, also if none has, or -ENOMEM. */
static int append_wish(const struct search *search, const char *name, int depth, char **files)
{
	CLEANUP(kmod_listp) struct kmod_list *found = NULL;
	CLEANUP(kmod_modulep) struct kmod_module *module = NULL;

	if (kmod_module_new_from_lookup(search->kmod, name, &found) < 0 || !found)
		return 0;
	module = kmod_module_get_module(found);
	return append_with_needs(search, module, depth, files);
}

/* "pre: one anotherpost: third", in which libkmod leaves out a blank: those before "post:". */
static int append_wishes(const struct search *search, const char *text, int depth, char **files)
{
	const char *end = strstr(text, "post:");
	CLEANUP(freep) char *before = strndup(text, end ? (size_t)(end - text) : strlen(text));
	CLEANUP(freep) char **words = before ? words_split(before, " ") : NULL;
	int r = words ? 0 : -ENOMEM;

	for (char **word = words; r == 0 && *word; word++)
		if (strcmp(*word, "pre:") != 0)
			r = append_wish(search, *word, depth, files);
	return r;
}

/*
 * What the module asks the kernel to load only when it is used ("softdep f2fs
 * pre: crc32") comes first: a guest has no modprobe that the kernel could call.
 * A module may have several such lines, of which kmod_module_get_softdeps() knows
 * the first, and they may name an alias (btrfs: "crypto-crc32c", seen on 6.16).
 */
static int append_after_wishes(const struct search *search, struct kmod_module *module, int depth,
			       char **files)
{
	CLEANUP(kmod_iterp) struct kmod_config_iter *lines = kmod_config_get_softdeps(search->kmod);

	while (lines && kmod_config_iter_next(lines)) {
		int r = 0;

		if (strcmp(kmod_config_iter_get_key(lines), kmod_module_get_name(module)) == 0)
			r = append_wishes(search, kmod_config_iter_get_value(lines), depth + 1,
					  files);
		if (r < 0)
			return r;
	}
	return append_file(module, search->directory, files);
}

/* The module after all that it needs; libkmod gives these in the order in which they are loaded. */
static int append_with_needs(const struct search *search, struct kmod_module *module, int depth,
			     char **files)
{
	CLEANUP(kmod_listp) struct kmod_list *needed = kmod_module_get_dependencies(module);
	struct kmod_list *entry;

	if (depth > WISHES_DEEP)
		return 0; /* two that wish for each other */
	kmod_list_foreach(entry, needed)
	{
		CLEANUP(kmod_modulep) struct kmod_module *one = kmod_module_get_module(entry);
		int r = append_after_wishes(search, one, depth, files);

		if (r < 0)
			return r;
	}
	return append_after_wishes(search, module, depth, files);
}

/* In /proc/filesystems, whose lines are "nodev\tTYPE" or "\tTYPE". */
static int is_registered(const char *type)
{
	CLEANUP(freep) char *table = NULL;
	CLEANUP(freep) char *row = NULL;

	if (io_read_file("/proc/filesystems", 1 << 16, &table, NULL) < 0)
		return 0;
	row = text_format("\t%s\n", type);
	return row && strstr(table, row);
}

int kernel_add_modules(const char *directory, const char *name, char **modules)
{
	static const char *const no_configuration[] = { NULL };
	CLEANUP(kmod_unrefp) struct kmod_ctx *kmod = kmod_new(directory, no_configuration);
	CLEANUP(kmod_listp) struct kmod_list *found = NULL;
	CLEANUP(kmod_modulep) struct kmod_module *module = NULL;

	if (!kmod)
		return -ENOMEM;
	kmod_set_log_priority(kmod, 0);
	if (kmod_module_new_from_lookup(kmod, name, &found) < 0 || !found)
		return -ENODEV;
	module = kmod_module_get_module(found);
	return append_with_needs(&(struct search) { kmod, directory }, module, 0, modules);
}

int kernel_add_filesystem(const char *directory, const char *type, char **modules)
{
	CLEANUP(freep) char *alias = text_format("fs-%s", type);

	return alias ? kernel_add_modules(directory, alias, modules) : -ENOMEM;
}

int kernel_has_filesystem(const char *type)
{
	CLEANUP(freep) char *modules = NULL;

	return is_registered(type) ? 0 : kernel_add_filesystem(NULL, type, &modules);
}
