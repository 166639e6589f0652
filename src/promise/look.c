/* SPDX-License-Identifier: MIT */
/*
 * What a disk state shows of the file of a crash case.  The whole file is read, and each block is
 * compared with what the case writes there.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "extent/extent.h"
#include "promise/crash.h"
#include "promise/marker.h"
#include "promise/sequence.h"
#include "workload/pattern.h"

const char *const sequence_names[] = {
	[PROMISE_NAME_FIRST] = "alloc-perf.file",
	[PROMISE_NAME_FINAL] = "alloc-perf.final",
};

void promise_finding_clear(struct promise_finding *finding)
{
	free(finding->reason);
	free(finding->contents);
	free(finding->space);
	*finding = (struct promise_finding) { 0 };
}

/* ---- contents ---- */

static bool is_zero(const unsigned char *unit)
{
	return unit[0] == 0 && memcmp(unit, unit + 1, PROMISE_UNIT_BYTES - 1) == 0;
}

/* `wanted`: what the case writes into this block. */
static char classify(const unsigned char *block, const unsigned char *wanted, size_t bytes)
{
	size_t zeroes = 0, data = 0, units = 0;

	for (size_t at = 0; at + PROMISE_UNIT_BYTES <= bytes; at += PROMISE_UNIT_BYTES, units++) {
		if (promise_has_marker(block + at))
			return CONTENT_OLD;
		zeroes += is_zero(block + at);
		data += memcmp(block + at, wanted + at, PROMISE_UNIT_BYTES) == 0;
	}
	return zeroes == units		? CONTENT_ZEROES
	       : data == units		? CONTENT_DATA
	       : zeroes + data == units ? CONTENT_TORN
					: CONTENT_FOREIGN;
}

static int read_contents(int fd, uint64_t seed, uint64_t bytes, char **ret)
{
	CLEANUP(pattern_clear) struct pattern pattern = { 0 };
	size_t count = (size_t)((bytes + PROMISE_BLOCK_BYTES - 1) / PROMISE_BLOCK_BYTES);
	CLEANUP(freep) char *contents = calloc(1, count + 1);
	int r = contents ? pattern_init(&pattern, seed, 0, PROMISE_BLOCK_BYTES) : -ENOMEM;

	for (size_t i = 0; r == 0 && i < count; i++) {
		unsigned char block[PROMISE_BLOCK_BYTES] = { 0 };
		uint64_t offset = (uint64_t)i * PROMISE_BLOCK_BYTES;
		const void *wanted = pattern_block(&pattern, 0, i, offset);

		contents[i] = pread(fd, block, sizeof(block), (off_t)offset) < 0
				      ? CONTENT_UNREADABLE
				      : classify(block, wanted, sizeof(block));
	}
	if (r == 0)
		*ret = TAKE_PTR(contents);
	return r;
}

/* ---- space ---- */

struct space {
	char *blocks;
	uint64_t bytes;
};

static int note_extent(const struct extent *extent, void *context)
{
	struct space *space = context;
	uint64_t first = extent->logical / PROMISE_BLOCK_BYTES;
	uint64_t end = extent->logical + extent->bytes;

	for (uint64_t i = first;
	     i * PROMISE_BLOCK_BYTES < end && i * PROMISE_BLOCK_BYTES < space->bytes; i++)
		space->blocks[i] = SPACE_ALLOCATED;
	return 0;
}

static int read_space(int fd, uint64_t bytes, char **ret)
{
	size_t count = (size_t)(bytes / PROMISE_BLOCK_BYTES);
	CLEANUP(freep) char *blocks = calloc(1, count + 1);
	struct space space = { blocks, bytes };
	enum extent_source source;

	if (!blocks)
		return -ENOMEM;
	memset(blocks, SPACE_HOLE, count);
	if (extent_walk(fd, NULL, note_extent, &space, &source) == 0)
		*ret = TAKE_PTR(blocks);
	return 0;
}

/* ---- the file ---- */

int promise_look(const char *directory, uint64_t seed, uint64_t file_bytes,
		 struct promise_finding *ret)
{
	CLEANUP(promise_finding_clear) struct promise_finding finding = { 0 };
	CLEANUP(fd_closep) int fd = -1;
	struct stat status;
	int r;

	for (enum promise_name name = PROMISE_NAME_FIRST; fd < 0 && name <= PROMISE_NAME_FINAL;
	     name++) {
		CLEANUP(freep) char *path = text_path(directory, sequence_names[name]);

		if (!path)
			return -ENOMEM;
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 && errno == ENOENT)
			continue;
		finding.open_error = fd < 0 ? errno : 0;
		finding.name = name;
	}
	if (fd >= 0) {
		if (fstat(fd, &status) < 0)
			return -errno;
		finding.size_bytes = status.st_size;
		r = read_contents(fd, seed,
				  (uint64_t)status.st_size < file_bytes ? (uint64_t)status.st_size
									: file_bytes,
				  &finding.contents);
		if (r == 0)
			r = read_space(fd, file_bytes, &finding.space);
		if (r < 0)
			return r;
	}
	*ret = finding;
	finding = (struct promise_finding) { 0 };
	return 0;
}

/* ---- JSON ---- */

json_t *promise_finding_to_json(const struct promise_finding *finding)
{
	return json_pack("{si si si sI ss? ss?}", "mount_error", finding->mount_error, "name",
			 (int)finding->name, "open_error", finding->open_error, "size",
			 (json_int_t)finding->size_bytes, "contents", finding->contents, "space",
			 finding->space);
}

static bool is_text_of(const char *text, const char *characters, uint64_t count)
{
	return !text || (strlen(text) <= count && strspn(text, characters) == strlen(text));
}

static int copy_text(const char *text, char **ret)
{
	if (text && !(*ret = strdup(text)))
		return -ENOMEM;
	return 0;
}

int promise_finding_from_json(const json_t *json, uint64_t file_bytes, struct promise_finding *ret)
{
	CLEANUP(promise_finding_clear) struct promise_finding finding = { 0 };
	uint64_t blocks = file_bytes / PROMISE_BLOCK_BYTES;
	const char *contents = json_string_value(json_object_get(json, "contents"));
	const char *space = json_string_value(json_object_get(json, "space"));
	json_int_t size = 0;
	int name = 0, r;

	if (json_unpack((json_t *)json, "{si si si sI}", "mount_error", &finding.mount_error,
			"open_error", &finding.open_error, "name", &name, "size", &size) < 0 ||
	    name < PROMISE_NAME_NONE || name > PROMISE_NAME_FINAL || size < 0 ||
	    finding.mount_error < 0 || finding.open_error < 0 ||
	    !is_text_of(contents, "0dtm?e", blocks) || !is_text_of(space, "a-", blocks) ||
	    (space && strlen(space) != blocks) ||
	    (name != PROMISE_NAME_NONE && !finding.open_error && !contents))
		return -EPROTO;
	finding.name = (enum promise_name)name;
	finding.size_bytes = size;
	r = copy_text(contents, &finding.contents);
	if (r == 0)
		r = copy_text(space, &finding.space);
	if (r < 0)
		return r;
	*ret = finding;
	finding = (struct promise_finding) { 0 };
	return 0;
}
