/* SPDX-License-Identifier: MIT */
/*
 * File systems of the catalogue with added options, to compare options without a plan file.  The
 * name of a variant is a key of results: the name in the catalogue, and the added options.
 *
 *	ext4                       nothing
 *	ext4+nodelalloc+data=journal   mount options: nodelalloc,data=journal
 *	ext4+-Obigalloc+-C65536    mkfs options: -O bigalloc -C 65536
 *	xfs+noatime+-mreflink=0    both
 *
 * It can be a word of a list and a part of a file name: a comma becomes "+", the value of an option
 * follows its letter directly, or after "=" if it is a long option, and all characters other than
 * letters, digits and - _ . = ^ : become % and two hexadecimal digits.  Names are unique, since
 * mount options cannot start with "-", and names of the catalogue have no "+".
 */
#include "plan/selection.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "base/words.h"

void filesystem_clear(struct filesystem *filesystem)
{
	char *const members[] = {
		filesystem->name,
		filesystem->type,
		filesystem->mkfs,
		filesystem->package,
		filesystem->summary,
		filesystem->mount_options,
		filesystem->base,
		filesystem->added_mount_options,
		filesystem->added_mkfs_options,
	};

	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		free(members[i]);
	*filesystem = (struct filesystem) { 0 };
}

void filesystems_clear(struct filesystem *filesystems, size_t count)
{
	for (size_t i = 0; i < count; i++)
		filesystem_clear(&filesystems[i]);
	free(filesystems);
}

/* ---- names ---- */

/* A comma before "-" is encoded, so that it cannot be taken for the start of the next option. */
static void add_encoded(struct strbuf *name, const char *word)
{
	for (const unsigned char *at = (const unsigned char *)word; *at; at++)
		if (isalnum(*at) || strchr("-_.=^:", *at))
			strbuf_add(name, at, 1);
		else if (*at == ',' && at[1] != '-')
			strbuf_puts(name, "+");
		else
			strbuf_printf(name, "%%%02X", *at);
}

static int refuse_mount(const char *options, struct problem *problem)
{
	return problem_set(problem, PROBLEM_USAGE, EINVAL,
			   "invalid mount options \"%s\": separate them by commas, without -o, "
			   "such as nodelalloc,noatime",
			   options);
}

static int name_mount(struct strbuf *name, const char *options, struct problem *problem)
{
	CLEANUP(freep) char **words = words_split(options, ",");

	if (!words)
		return -ENOMEM;
	if (strpbrk(options, " \t"))
		return refuse_mount(options, problem);
	for (char **word = words; *word; word++) {
		if (**word == '-')
			return refuse_mount(options, problem);
		strbuf_puts(name, "+");
		add_encoded(name, *word);
	}
	return 0;
}

/* Whether the next word can be the value of this option. */
static int takes_value(const char *option)
{
	return option[0] == '-' && option[1] &&
	       (option[1] == '-' ? option[2] && !strchr(option, '=') : !option[2]);
}

static int name_mkfs(struct strbuf *name, const char *options, struct problem *problem)
{
	CLEANUP(freep) char **words = words_split(options, " \t");

	if (!words)
		return -ENOMEM;
	for (size_t i = 0; words[i]; i++) {
		const char *word = words[i], *before = i > 0 ? words[i - 1] : "";

		if (word[0] == '-' && word[1])
			strbuf_puts(name, "+");
		else if (!takes_value(before))
			return problem_set(problem, PROBLEM_USAGE, EINVAL,
					   "invalid mkfs options \"%s\": \"%s\" is neither an "
					   "option nor the value of one; use a form such as -O "
					   "bigalloc -C 65536",
					   options, word);
		else if (before[1] == '-')
			strbuf_puts(name, "=");
		add_encoded(name, word);
	}
	return 0;
}

static int name_variant(struct filesystem *variant, struct problem *problem)
{
	CLEANUP(strbuf_clear) struct strbuf name = { 0 };
	const char *mount = variant->added_mount_options, *mkfs = variant->added_mkfs_options;
	int r = 0;

	strbuf_puts(&name, variant->base);
	if (mount)
		r = name_mount(&name, mount, problem);
	if (r == 0 && mkfs)
		r = name_mkfs(&name, mkfs, problem);
	if (r < 0)
		return r;
	if (name.bytes > VARIANT_NAME_MAX)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "the options \"%s\" make the name of the variant longer than %d "
				   "characters; give it a short one as a section of a plan file",
				   mount ? mount : mkfs, VARIANT_NAME_MAX);
	variant->name = strbuf_take(&name);
	return variant->name ? 0 : -ENOMEM;
}

/* ---- adding options ---- */

/*
 * mke2fs uses only the last -E, which would lose the option of the catalogue to initialise all
 * tables.  Returns the letter of an option whose values are merged into one list; 0: none.
 */
static char list_letter(const struct filesystem *filesystem, const char *word)
{
	if (strncmp(filesystem->type, "ext", 3) != 0 || word[0] != '-')
		return 0;
	return word[1] == 'E' || word[1] == 'O' ? word[1] : 0;
}

/* Extends the list of that option in the command, or adds the option.  0 or -ENOMEM. */
static int extend_list(char **command, char letter, const char *value)
{
	const char option[] = { ' ', '-', letter, ' ', '\0' };
	const char *list = strstr(*command, option);
	size_t end;
	char *extended;

	if (!list)
		return text_append(command, "%s%s", option, value);
	end = (size_t)(list - *command) + strlen(option);
	end += strcspn(*command + end, " ");
	extended = text_format("%.*s,%s%s", (int)end, *command, value, *command + end);
	if (!extended)
		return -ENOMEM;
	free(*command);
	*command = extended;
	return 0;
}

/* Adds options to the mkfs command.  0 or -ENOMEM. */
static int add_mkfs(struct filesystem *variant, const char *options)
{
	CLEANUP(freep) char **words = words_split(options, " \t");
	int r = words ? 0 : -ENOMEM;

	for (char **word = words; r == 0 && *word; word++) {
		char letter = list_letter(variant, *word);

		if (letter && (*word)[2])
			r = extend_list(&variant->mkfs, letter, *word + 2);
		else if (letter && word[1])
			r = extend_list(&variant->mkfs, letter, *++word);
		else
			r = text_append(&variant->mkfs, " %s", *word);
	}
	return r;
}

static int copy_text(char **ret, const char *text)
{
	*ret = text ? strdup(text) : NULL;
	return text && !*ret ? -ENOMEM : 0;
}

/* Without its names. */
static int copy_values(const struct filesystem *base, struct filesystem *ret)
{
	int r = copy_text(&ret->type, base->type);

	ret->largest_run = base->largest_run;
	ret->run_is_share = base->run_is_share;
	ret->min_volume = base->min_volume;
	if (r == 0)
		r = copy_text(&ret->mkfs, base->mkfs);
	if (r == 0)
		r = copy_text(&ret->mount_options, base->mount_options);
	if (r == 0)
		r = copy_text(&ret->package, base->package);
	return r == 0 ? copy_text(&ret->summary, base->summary) : r;
}

static int add_options(struct filesystem *filesystem, const char *mount, const char *mkfs)
{
	int r = mount && *mount ? text_join(&filesystem->mount_options, ",", mount) : 0;

	return r == 0 && mkfs && *mkfs ? add_mkfs(filesystem, mkfs) : r;
}

int filesystem_copy(const struct filesystem *from, const char *mount, const char *mkfs,
		    struct filesystem *ret)
{
	struct filesystem copy = { 0 };
	int r = copy_values(from, &copy);

	if (r == 0)
		r = copy_text(&copy.name, from->name);
	if (r == 0)
		r = copy_text(&copy.base, from->base);
	if (r == 0)
		r = copy_text(&copy.added_mount_options, from->added_mount_options);
	if (r == 0)
		r = copy_text(&copy.added_mkfs_options, from->added_mkfs_options);
	if (r == 0)
		r = add_options(&copy, mount, mkfs);
	if (r == 0)
		*ret = copy;
	else
		filesystem_clear(&copy);
	return r;
}

/* "" adds no options. */
static int fill_variant(const struct filesystem *base, const char *mount, const char *mkfs,
			struct filesystem *ret, struct problem *problem)
{
	int r = copy_values(base, ret);

	if (r == 0)
		r = copy_text(&ret->base, base->name);
	if (r == 0 && *mount)
		r = copy_text(&ret->added_mount_options, mount);
	if (r == 0 && *mkfs)
		r = copy_text(&ret->added_mkfs_options, mkfs);
	if (r == 0)
		r = name_variant(ret, problem);
	return r == 0 ? add_options(ret, mount, mkfs) : r;
}

static int refuse_twice(const struct filesystem *variant, struct problem *problem)
{
	const char *mount = variant->added_mount_options, *mkfs = variant->added_mkfs_options;

	return problem_set(problem, PROBLEM_USAGE, EINVAL,
			   "the variant \"%s\" is given twice: mount options \"%s\", mkfs options "
			   "\"%s\"",
			   variant->name, mount ? mount : "", mkfs ? mkfs : "");
}

static int check_new(const struct filesystem *variants, size_t count, struct problem *problem)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(variants[i].name, variants[count].name) == 0)
			return refuse_twice(&variants[count], problem);
	return 0;
}

/* The values of a key, one per line; a single empty one if it is not set. */
static char **split_lines(const char *list)
{
	char **lines = words_split(list ? list : "", "\n");

	if (lines && !*lines) {
		free(lines);
		lines = words_split(PLAN_NO_OPTIONS, "\n");
	}
	return lines;
}

static const char *options_of(const char *line)
{
	return strcmp(line, PLAN_NO_OPTIONS) == 0 ? "" : line;
}

int variants_make(const struct plan *plan, const struct filesystem *const *bases, size_t count,
		  struct filesystem **ret, size_t *ret_count, struct problem *problem)
{
	CLEANUP(freep) char **mounts = split_lines(plan->mount_options);
	CLEANUP(freep) char **mkfs = split_lines(plan->mkfs_options);
	size_t mount_count = mounts ? words_count(mounts) : 0;
	size_t mkfs_count = mkfs ? words_count(mkfs) : 0;
	size_t total = count * mount_count * mkfs_count, made = 0;
	struct filesystem *variants = calloc(total, sizeof(*variants));
	int r = mounts && mkfs && variants ? 0 : -ENOMEM;

	for (; r == 0 && made < total; made++) {
		r = fill_variant(bases[made / mkfs_count / mount_count],
				 options_of(mounts[made / mkfs_count % mount_count]),
				 options_of(mkfs[made % mkfs_count]), &variants[made], problem);
		if (r == 0)
			r = check_new(variants, made, problem);
	}
	if (r < 0) {
		filesystems_clear(variants, made);
		return r;
	}
	*ret = variants;
	*ret_count = total;
	return 0;
}
