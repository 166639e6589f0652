/* SPDX-License-Identifier: MIT */
#include "stats/record_key.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/size.h"
#include "base/strbuf.h"
#include "results/record.h"

enum { DAY_LETTERS = sizeof("2009-04-01") - 1 };

/* NULL and "" are the same: not known. */
#define PUT_TEXT(name, value)                                                  \
	static void put_##name(struct strbuf *to, const struct record *record, \
			       const struct environment *environment)          \
	{                                                                      \
		(void)record;                                                  \
		(void)environment;                                             \
		strbuf_puts(to, (value) ? (value) : "");                       \
	}

PUT_TEXT(filesystem, record->filesystem)
/* What a run added to the catalogue.  Earlier versions added nothing, and kept no such fields:
 * there it is the whole command, and what the kernel reported. */
PUT_TEXT(base, record->base_filesystem ? record->base_filesystem : record->type)
PUT_TEXT(mkfs, record->base_filesystem ? record->added_mkfs_options : record->mkfs)
PUT_TEXT(mount, record->base_filesystem ? record->added_mount_options : record->mount_options)
PUT_TEXT(testbed, record->testbed)
PUT_TEXT(accelerator, environment->accelerator)
PUT_TEXT(throttle, environment->drive_throttle)
PUT_TEXT(kernel, record->kernel)
PUT_TEXT(label, record->label)

static void put_method(struct strbuf *to, const struct record *record,
		       const struct environment *environment)
{
	CLEANUP(freep) char *name = record->method ? strdup(record->method) : NULL;

	(void)environment;
	if (name)
		size_shorten(name);
	strbuf_puts(to, name ? name : "");
}

static void put_bytes(struct strbuf *to, int64_t bytes)
{
	char text[SIZE_TEXT_MAX];

	if (bytes != FIELD_UNKNOWN)
		strbuf_puts(to, size_name((uint64_t)bytes, text));
}

static void put_size(struct strbuf *to, const struct record *record,
		     const struct environment *environment)
{
	(void)environment;
	put_bytes(to, record->file_bytes);
}

static void put_volume(struct strbuf *to, const struct record *record,
		       const struct environment *environment)
{
	(void)environment;
	put_bytes(to, record->volume_bytes);
}

static void put_files(struct strbuf *to, const struct record *record,
		      const struct environment *environment)
{
	(void)environment;
	if (record->files > 1)
		strbuf_printf(to, "%s%lld", record->mixed_sizes == 1 ? "mixed-" : "",
			      (long long)record->files);
}

static void put_workload(struct strbuf *to, const struct record *record,
			 const struct environment *environment)
{
	CLEANUP(freep) char *workload = record->workload ? strdup(record->workload) : NULL;

	(void)environment;
	if (workload)
		size_shorten(workload);
	strbuf_puts(to, workload ? workload : "");
}

static void put_date(struct strbuf *to, const struct record *record,
		     const struct environment *environment)
{
	(void)environment;
	if (record->started)
		strbuf_add(to, record->started, strnlen(record->started, DAY_LETTERS));
}

#define ROW(number, ...) [RECORD_KEY_##number] = { __VA_ARGS__ },

const struct record_key_row record_keys[RECORD_KEY_COUNT] = {
	[RECORD_KEY_BASE] = { "base_filesystem", "filesystem", "unknown", false, put_base },
	RECORD_KEYS(ROW)
};

char *record_key_text(enum record_key key, const struct record *record,
		      const struct environment *environment)
{
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };

	record_keys[key].put(&text, record, environment);
	if (text.bytes == 0)
		strbuf_puts(&text, record_keys[key].absent);
	return strbuf_take(&text);
}

bool record_has_own_label(const struct record *record)
{
	return record->label && *record->label &&
	       !(record->kernel && strcmp(record->label, record->kernel) == 0);
}

char *record_keys_text(unsigned keys, const struct record *record,
		       const struct environment *environment)
{
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };

	if ((keys & KEY_SET(KERNEL)) && !record_has_own_label(record))
		keys &= ~KEY_SET(LABEL);
	for (enum record_key key = 0; key < RECORD_KEY_COUNT; key++) {
		CLEANUP(strbuf_clear) struct strbuf value = { 0 };

		if (keys & 1u << key)
			record_keys[key].put(&value, record, environment);
		if (value.bytes)
			strbuf_join(&text, ", ", value.text);
	}
	if (text.bytes == 0)
		strbuf_puts(&text, "none");
	return strbuf_take(&text);
}
