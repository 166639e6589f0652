/* SPDX-License-Identifier: MIT */
/*
 * Records a trial and examines the states that its writes leave:
 *
 *	power-cuts TESTBED[:KERNEL] FILE-SYSTEM METHOD BYTES VOLUME FOLDER [SECONDS [cancel]]
 *
 * FOLDER gets `before`, `log` and `after`, which others replay.  Then each prefix of the log is
 *made below a guest, looked at and undone.  Prints the number of writes, and of the states that
 *could be mounted; what was undone has to be the image before.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/json.h"
#include "base/text.h"
#include "testbed/examiner.h"
#include "testbed/recording.h"
#include "testbed/volume.h"
#include "testbed/write_log.h"

enum { TRIAL_SECONDS = 300, BLOCK_BYTES = 1 << 20, LOOK_BYTES = 4 << 20 };

static uint64_t answer_seconds = 60;

static _Noreturn void fail(const char *what, const char *reason)
{
	fprintf(stderr, "%s: %s\n", what, reason ? reason : "");
	exit(1);
}

static void check(int r, const char *what, const struct problem *problem)
{
	if (r < 0)
		fail(what, problem && problem->message ? problem->message : strerror(-r));
}

static void ignore_stage(const char *stage, void *context)
{
	(void)stage;
	(void)context;
}

static void ignore_tick(void *context)
{
	(void)context;
}

/* ---- files ---- */

static void copy_range(int from_fd, int to_fd, uint64_t at, uint64_t bytes)
{
	static char buffer[BLOCK_BYTES];

	while (bytes) {
		size_t part = bytes < BLOCK_BYTES ? (size_t)bytes : BLOCK_BYTES;

		check(io_read_at(from_fd, at, buffer, part), "read", NULL);
		if (pwrite(to_fd, buffer, part, (off_t)at) != (ssize_t)part)
			fail("write", strerror(errno));
		at += part;
		bytes -= part;
	}
}

static void save(int fd, uint64_t bytes, const char *folder, const char *name)
{
	CLEANUP(freep) char *path = text_path(folder, name);
	CLEANUP(file_closep) FILE *to = fopen(path, "w");

	if (!to)
		fail(path, strerror(errno));
	copy_range(fd, fileno(to), 0, bytes);
}

/* ---- the log ---- */

static struct write_log_entry read_entry(int log_fd, uint64_t at)
{
	struct write_log_entry entry;

	check(io_read_at(log_fd, at, &entry, sizeof(entry)), "log", NULL);
	return entry;
}

static uint64_t entry_end(const struct write_log_entry *entry, uint64_t at)
{
	uint64_t data = entry->flags & WRITE_LOG_DISCARD ? 0 : entry->sectors * WRITE_LOG_SECTOR;

	return at + WRITE_LOG_SECTOR + data;
}

static void apply(int log_fd, uint64_t at, const struct write_log_entry *entry, int image_fd)
{
	static char buffer[BLOCK_BYTES];
	uint64_t bytes = entry->sectors * WRITE_LOG_SECTOR;

	for (uint64_t done = 0; done < bytes; done += BLOCK_BYTES) {
		size_t part = bytes - done < BLOCK_BYTES ? (size_t)(bytes - done) : BLOCK_BYTES;

		memset(buffer, 0, part);
		if (!(entry->flags & WRITE_LOG_DISCARD))
			check(io_read_at(log_fd, at + WRITE_LOG_SECTOR + done, buffer, part), "log",
			      NULL);
		if (pwrite(image_fd, buffer, part,
			   (off_t)(entry->sector * WRITE_LOG_SECTOR + done)) != (ssize_t)part)
			fail("image", strerror(errno));
	}
}

/* Puts back from `golden` what the guest wrote since *place. */
static void undo(int log_fd, struct write_log_place *place, int golden_fd, int image_fd)
{
	uint64_t at = place->bytes, start = at;

	check(write_log_find_end(log_fd, place), "log of the examiner", NULL);
	while (at < place->bytes) {
		struct write_log_entry entry = read_entry(log_fd, at);

		copy_range(golden_fd, image_fd, entry.sector * WRITE_LOG_SECTOR,
			   entry.sectors * WRITE_LOG_SECTOR);
		at = entry_end(&entry, at);
	}
	write_log_forget(log_fd, start, at);
}

/* ---- the states ---- */

static bool is_mounted(struct testbed_examiner *examiner)
{
	CLEANUP(json_decrefp) json_t *answer = NULL;
	CLEANUP(freep) char *reason = NULL;
	json_t *look =
		json_pack("{sI sI}", "seed", (json_int_t)1, "file_bytes", (json_int_t)LOOK_BYTES);
	int r = testbed_examiner_ask(examiner, look, answer_seconds, &answer, &reason);

	check(r, "a state", &(struct problem) { .message = reason });
	return json_integer_value(json_object_get(answer, "mount_error")) == 0;
}

/* `golden` is the state as it was made, `image` what the guest sees. */
static void examine(const struct testbed_examiner_setup *setup,
		    const struct testbed_recording *recording, int golden_fd)
{
	CLEANUP(testbed_examiner_clear) struct testbed_examiner *examiner = NULL;
	struct problem problem = { 0 };
	struct write_log_place end = { 0 }, own = { 0 };
	unsigned states = 0, mounted = 0, flushes = 0;
	uint64_t start;

	check(testbed_examiner_start(setup, &examiner, &problem), "examiner", &problem);
	check(write_log_find_end(recording->log_fd, &end), "log", NULL);
	check(write_log_find_end(testbed_examiner_log(examiner), &own), "log of the examiner",
	      NULL);
	start = io_now_ns();
	for (uint64_t at = WRITE_LOG_SECTOR; at < end.bytes;) {
		struct write_log_entry entry = read_entry(recording->log_fd, at);

		apply(recording->log_fd, at, &entry, golden_fd);
		apply(recording->log_fd, at, &entry, setup->image_fd);
		at = entry_end(&entry, at);
		flushes += entry.flags & WRITE_LOG_FLUSH;
		if (!entry.sectors)
			continue;
		mounted += is_mounted(examiner);
		states++;
		undo(testbed_examiner_log(examiner), &own, golden_fd, setup->image_fd);
	}
	fprintf(stderr, "%.1f ms a state\n",
		states ? (double)(io_now_ns() - start) / 1e6 / states : 0);
	printf("entries %" PRIu64 "\nflushes %u\nstates %u\nmounted %u\n", end.entries, flushes,
	       states, mounted);
}

/* ---- the trial ---- */

static void set(struct plan *plan, const char *key, const char *value)
{
	struct problem problem = { 0 };

	check(plan_set(plan, key, value, &problem), key, &problem);
}

int main(int argc, char **argv)
{
	CLEANUP(plan_clear) struct plan plan;
	CLEANUP(testbed_recording_clear)
	struct testbed_recording recording = TESTBED_RECORDING_NONE;
	CLEANUP(volume_clear) struct volume golden = VOLUME_NONE, image = VOLUME_NONE;
	CLEANUP(record_clear) struct record record;
	struct trial_list trials = { 0 };
	struct write_log_place end = { 0 };
	struct problem problem = { 0 };
	const struct plan_trial *trial;
	struct testbed_session session = {
		.cancel_fd = -1,
		.trial_seconds = TRIAL_SECONDS,
		.stage = ignore_stage,
		.tick = ignore_tick,
	};

	if (argc < 7 || argc > 9)
		fail("power-cuts", "wrong number of arguments");
	if (argc > 7)
		answer_seconds = strtoul(argv[7], NULL, 10);
	if (argc > 8)
		session.cancel_fd = STDIN_FILENO;
	signal(SIGPIPE, SIG_IGN);
	session.scratch = argv[6];
	record_init(&record);
	check(plan_init(&plan), "plan", NULL);
	check(testbed_parse(argv[1], &session.testbed, &session.options.argument, &problem),
	      "testbed", &problem);
	set(&plan, "filesystems", argv[2]);
	set(&plan, "methods", argv[3]);
	set(&plan, "sizes", argv[4]);
	set(&plan, "volume", argv[5]);
	check(plan_fill(&plan, "default", &problem), "plan", &problem);
	check(plan_expand(&plan, 0, &trials, &problem), "plan", &problem);
	trial = &trials.trial[0];
	check(testbed_record(&session, trial, &recording, &record, &problem), "record", &problem);
	if (strcmp(record.status, STATUS_OK) != 0)
		fail("trial", record.reason);
	check(write_log_find_end(recording.log_fd, &end), "log", NULL);
	save(recording.before_fd, trial->volume_bytes, argv[6], "before");
	save(recording.log_fd, end.bytes, argv[6], "log");
	save(recording.image_fd, trial->volume_bytes, argv[6], "after");
	check(volume_create(argv[6], trial->volume_bytes, 0, &golden, &problem), "golden",
	      &problem);
	check(volume_create(argv[6], trial->volume_bytes, 0, &image, &problem), "image", &problem);
	copy_range(recording.before_fd, golden.fd, 0, trial->volume_bytes);
	copy_range(recording.before_fd, image.fd, 0, trial->volume_bytes);
	examine(&(struct testbed_examiner_setup) { .testbed = session.testbed,
						   .options = &session.options,
						   .type = trial->filesystem->type,
						   .mount_options =
							   trial->filesystem->mount_options,
						   .directory = argv[6],
						   .image_fd = image.fd,
						   .cancel_fd = session.cancel_fd },
		&recording, golden.fd);
	save(golden.fd, trial->volume_bytes, argv[6], "replayed");
	save(image.fd, trial->volume_bytes, argv[6], "undone");
	trial_list_clear(&trials);
	return 0;
}
