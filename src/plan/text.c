/* SPDX-License-Identifier: MIT */
/*
 * A plan as the text of a plan file, which result files contain for `run --resume`.  Lists have one
 * word per line, since lines of inih are short.
 */
#include "plan/plan.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/size.h"
#include "base/words.h"
#include "base/strbuf.h"

static void print_key(struct strbuf *to, const char *key, const char *value)
{
	if (value)
		strbuf_printf(to, "%s = %s\n", key, value);
}

static int print_list(struct strbuf *to, const char *key, const char *list, const char *separators)
{
	CLEANUP(freep) char **words = words_split(list ? list : "", separators);

	if (!words)
		return -ENOMEM;
	for (char **word = words; *word; word++)
		strbuf_printf(to, word == words ? "%s = %s\n" : "%.0s\t%s\n", key, *word);
	return 0;
}

static int print_value(struct strbuf *to, enum plan_key key, const char *value)
{
	switch (plan_key_form(key)) {
	case PLAN_WORDS:
		return print_list(to, plan_key_name(key), value, ", ");
	case PLAN_PATHS:
		return print_list(to, plan_key_name(key), value, ",");
	case PLAN_ITEMS:
		return print_list(to, plan_key_name(key), value, "\n");
	default:
		print_key(to, plan_key_name(key), value);
		return 0;
	}
}

static void print_filesystem(struct strbuf *to, const struct filesystem *filesystem)
{
	char size[SIZE_TEXT_MAX];

	strbuf_printf(to, "[%s]\n", filesystem->name);
	print_key(to, "type", filesystem->type);
	print_key(to, "mkfs", filesystem->mkfs);
	print_key(to, "mount", filesystem->mount_options);
	print_key(to, "package", filesystem->package);
	print_key(to, "summary", filesystem->summary);
	strbuf_printf(to, "largest_run = %s%s\n", filesystem->run_is_share ? "volume/" : "",
		      size_name(filesystem->largest_run, size));
	strbuf_printf(to, "min_volume = %s\n", size_name(filesystem->min_volume, size));
}

static int print_filesystems(struct strbuf *to, const struct plan *plan)
{
	CLEANUP(freep) char **names = words_split(plan->filesystems ? plan->filesystems : "", ", ");

	if (!names)
		return -ENOMEM;
	for (char **name = names; *name; name++) {
		const struct filesystem *filesystem = plan_find_filesystem(plan, *name);

		if (filesystem)
			print_filesystem(to, filesystem);
	}
	return 0;
}

char *plan_text(const struct plan *plan)
{
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	struct strbuf *to = &text;
	int r = 0;

	strbuf_puts(to, "[plan]\n");
	for (size_t i = 0; r == 0 && i < PLAN_KEY_COUNT; i++)
		r = print_value(to, (enum plan_key)i, plan->values[i]);
	if (r == 0)
		r = print_filesystems(to, plan);
	return r < 0 ? NULL : strbuf_take(to);
}
