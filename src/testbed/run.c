/* SPDX-License-Identifier: MIT */
/*
 * One trial on the host, the same for every testbed: a fresh volume, an agent on it, its record,
 * and the image if it is to be kept.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <time.h>

#include "base/cleanup.h"
#include "testbed/connection.h"
#include "base/io.h"
#include "base/size.h"
#include "base/text.h"
#include "testbed/recording.h"
#include "testbed/testbed.h"
#include "testbed/volume.h"

/*
 * The agent reports the kernel.  If none was started, it is the kernel that would have been used.
 * A named kernel has its name.
 */
static void describe_kernel(const struct testbed_session *session, const struct plan_trial *trial,
			    struct record *record)
{
	CLEANUP(plan_kernel_clear) struct plan_kernel guest = { 0 };
	struct utsname names;

	if (trial->kernel)
		field_set_text(&record->kernel, trial->kernel->label);
	else if (record->kernel)
		return;
	else if (session->testbed->guest_kernel &&
		 session->testbed->guest_kernel(&session->options, &guest) == 0)
		record->kernel = TAKE_PTR(guest.label);
	else if (uname(&names) == 0)
		field_set_text(&record->kernel, names.release);
}

static void describe_promise(const struct plan_trial *trial, struct record *record)
{
	const char *colon = trial->promise_name ? strchr(trial->promise_name, ':') : NULL;

	if (!colon)
		return;
	record->promise = strndup(trial->promise_name, (size_t)(colon - trial->promise_name));
	field_set_text(&record->promise_case, colon + 1);
}

/* At the end, since the agent's record replaces the earlier one. */
static void describe_trial(const struct testbed_session *session, const struct plan_trial *trial,
			   time_t start, struct record *record)
{
	const struct filesystem *filesystem = trial->filesystem;
	char started[32];

	strftime(started, sizeof(started), "%Y-%m-%dT%H:%M:%SZ", gmtime(&start));
	describe_kernel(session, trial, record);
	field_set_text(&record->started, started);
	field_set_text(&record->filesystem, filesystem ? filesystem->name : session->testbed->name);
	field_set_text(&record->method, trial->method.name);
	field_set_text(&record->testbed, session->testbed->name);
	field_set_text(&record->workload, trial->workload->phases);
	describe_promise(trial, record);
	record->file_bytes = (int64_t)trial->file_bytes;
	record->files = (int64_t)trial->workload->files;
	record->mixed_sizes = trial->workload->mixed;
	record->run = trial->run;
	record->place = (int64_t)trial->place;
	if (!filesystem)
		return;
	record->volume_bytes = (int64_t)trial->volume_bytes;
	field_set_text(&record->type, filesystem->type);
	field_set_text(&record->mkfs, filesystem->mkfs);
	field_set_text(&record->base_filesystem, filesystem->base);
	field_set_text(&record->added_mount_options, filesystem->added_mount_options);
	field_set_text(&record->added_mkfs_options, filesystem->added_mkfs_options);
}

static int fill_request(const struct plan_trial *trial, struct trial_request *request)
{
	const struct filesystem *filesystem = trial->filesystem;
	int r = field_set_text(&request->method, trial->method.name);

	request->file_bytes = (int64_t)trial->file_bytes;
	request->files = (int64_t)trial->workload->files;
	request->mixed = trial->workload->mixed;
	request->seed = (int64_t)trial->seed;
	request->largest_run = 0;
	if (r == 0)
		r = field_set_text(&request->workload, trial->workload->phases);
	if (r == 0)
		r = field_set_text(&request->promise_case, trial->promise_name);
	if (r < 0 || !filesystem)
		return r;
	request->largest_run = (int64_t)filesystem_largest_run(filesystem, trial->volume_bytes);
	r = field_set_text(&request->type, filesystem->type);
	if (r == 0)
		r = field_set_text(&request->mount_options, filesystem->mount_options);
	return r;
}

static void conclude(struct record *record, const char *status, const char *stage, int error,
		     const struct problem *problem)
{
	field_set_text(&record->stage, stage);
	record_conclude(record, status, -error, "%s",
			problem->message ? problem->message : strerror(-error));
}

/*
 * A failure of mkfs is the result of the trial and does not end the run.  -EINVAL: it refuses the
 * added options.
 */
static int format(const struct testbed_session *session, const struct plan_trial *trial,
		  const struct volume *volume, bool is_recorded, struct record *record)
{
	CLEANUP(problem_clear) struct problem problem = { 0 };
	uint64_t before = io_now_ns();
	int r;

	session->stage("format", session->context);
	r = volume_format(volume, trial->filesystem, session->cancel_fd, &problem);
	if (r == 0 && !is_recorded)
		r = volume_flush(volume, &problem);
	record->format.wall_ns = (int64_t)(io_now_ns() - before);
	if (r < 0 && r != -ECANCELED)
		conclude(record, r == -EINVAL ? STATUS_UNSUPPORTED : STATUS_FAILED, "format", r,
			 &problem);
	return r;
}

/*
 * The path under which the image is kept; NULL: it is not.  Determined before anything is
 * measured.
 */
static int image_path(const struct testbed_session *session, const struct plan_trial *trial,
		      char **ret, struct problem *problem)
{
	CLEANUP(freep) char *path = NULL;
	char size[SIZE_TEXT_MAX], volume[SIZE_TEXT_MAX];

	if (!session->keep_images)
		return 0;
	path = text_format("%s/%s%s%s-%s-%s%s%s-%u.img", session->keep_images,
			   trial->filesystem->name, trial->kernel ? "-" : "",
			   trial->kernel ? trial->kernel->label : "", trial->method.name,
			   size_name(trial->file_bytes, size), trial->names_volume ? "-on-" : "",
			   trial->names_volume ? size_name(trial->volume_bytes, volume) : "",
			   trial->run);
	if (!path)
		return -ENOMEM;
	if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return problem_set(problem, PROBLEM_USAGE, EEXIST,
				   "%s exists; remove it, or choose another --keep-images", path);
	*ret = TAKE_PTR(path);
	return 0;
}

/* The testbed's options, with the kernel of this trial. */
static struct testbed_options options_of(const struct testbed_session *session,
					 const struct plan_trial *trial)
{
	struct testbed_options options = session->options;

	if (trial->kernel)
		options.argument = trial->kernel->name;
	return options;
}

/* Dirty pages would be flushed during the trial, as after mkfs. */
static int run_before(const struct testbed_session *session, const struct plan_trial *trial,
		      const struct volume *volume, struct problem *problem)
{
	int r;

	if (!session->before_trial)
		return 0;
	session->stage("prepare", session->context);
	r = session->before_trial(trial, volume, session->context, problem);
	return r == 0 && volume ? volume_flush(volume, problem) : r;
}

static int run_agent(const struct testbed_session *session, const struct plan_trial *trial,
		     const struct volume *volume, struct record *record, struct problem *problem)
{
	CLEANUP(testbed_process_clear) struct testbed_process process = TESTBED_PROCESS_NONE;
	CLEANUP(trial_request_clear) struct trial_request request;
	struct testbed_options options = options_of(session, trial);
	struct stage_cost formatted = record->format;
	int r;

	trial_request_init(&request);
	r = run_before(session, trial, volume, problem);
	if (r == 0)
		r = fill_request(trial, &request);
	if (r < 0)
		return r;
	session->stage("start", session->context);
	field_set_text(&record->stage, "start"); /* until the agent reports the next */
	r = session->testbed->start(&options, volume, &request, &process, problem);
	if (r < 0)
		return r;
	r = connection_run_trial(session, &process, &request, record);
	record->format = formatted;
	return r;
}

static void tell_image(const struct testbed_session *session, int fd)
{
	if (session->image)
		session->image(fd, session->context);
}

static int create_volume(const struct testbed_session *session, const struct plan_trial *trial,
			 bool is_kept, bool is_recorded, struct volume *ret,
			 struct problem *problem)
{
	CLEANUP(volume_clear) struct volume volume = VOLUME_NONE;
	int r = session->testbed->volume
			? session->testbed->volume(session, &volume, problem)
			: volume_create(testbed_directory(session), trial->volume_bytes, is_kept,
					&volume, problem);

	if (r == 0 && is_recorded)
		r = recording_fill(session, &volume, problem);
	if (r < 0)
		return r;
	*ret = volume;
	volume = VOLUME_NONE;
	return 0;
}

/* `recording`: NULL if nothing is recorded. */
static int run_recorded(const struct testbed_session *session, const struct plan_trial *trial,
			struct volume *volume, struct testbed_recording *recording,
			struct record *record, struct problem *problem)
{
	int r = recording ? recording_open(session, volume, recording, problem) : 0;

	if (r == 0)
		r = run_agent(session, trial, volume, record, problem);
	if (r == 0 && recording)
		r = recording_close(volume, recording, problem);
	return r;
}

/* As testbed_record(), or testbed_run() without a recording. */
static int run_on_volume(const struct testbed_session *session, const struct plan_trial *trial,
			 struct testbed_recording *recording, struct record *record,
			 struct problem *problem)
{
	CLEANUP(volume_clear) struct volume volume = VOLUME_NONE;
	CLEANUP(freep) char *path = NULL;
	int r = image_path(session, trial, &path, problem);

	if (r == 0)
		r = create_volume(session, trial, path, recording, &volume, problem);
	if (r < 0)
		return r;
	tell_image(session, volume.fd);
	r = format(session, trial, &volume, recording, record);
	if (r == -ECANCELED) {
		tell_image(session, -1);
		return r;
	}
	if (r == 0)
		r = run_recorded(session, trial, &volume, recording, record, problem);
	else
		r = 0; /* the record says so */
	tell_image(session, -1);
	if (r < 0)
		return r;
	return path && volume_keep(&volume, path, problem) < 0;
}

static int run(const struct testbed_session *session, const struct plan_trial *trial,
	       struct testbed_recording *recording, struct record *record, struct problem *problem)
{
	CLEANUP(problem_clear) struct problem lack = { 0 };
	struct testbed_options options = options_of(session, trial);
	time_t start = time(NULL);
	int r = trial->filesystem
			? testbed_usable(session->testbed, &options, trial->filesystem, &lack)
			: 0;

	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		conclude(record, STATUS_UNSUPPORTED, "format", r, &lack);
		r = 0;
	} else if (trial->filesystem) {
		r = run_on_volume(session, trial, recording, record, problem);
	} else {
		r = run_agent(session, trial, NULL, record, problem);
	}
	if (r >= 0)
		describe_trial(session, trial, start, record);
	return r;
}

int testbed_run(const struct testbed_session *session, const struct plan_trial *trial,
		struct record *record, struct problem *problem)
{
	return run(session, trial, NULL, record, problem);
}

int testbed_record(const struct testbed_session *session, const struct plan_trial *trial,
		   struct testbed_recording *recording, struct record *record,
		   struct problem *problem)
{
	CLEANUP(freep) char *mkfs = NULL;
	struct filesystem filesystem;
	struct plan_trial recorded = *trial;
	int r = testbed_records(session->testbed, problem);

	if (r < 0)
		return r;
	mkfs = recording_mkfs(trial->filesystem);
	if (!mkfs)
		return -ENOMEM;
	filesystem = *trial->filesystem;
	filesystem.mkfs = mkfs;
	recorded.filesystem = &filesystem;
	return run(session, &recorded, recording, record, problem);
}

int testbed_claim(struct testbed_session *session, struct trial_list *trials,
		  struct problem *problem)
{
	uint64_t least_bytes = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < trials->count; i++) {
		const struct plan_trial *trial = &trials->trial[i];
		uint64_t volume_bytes = trial->filesystem->min_volume;

		if (volume_bytes < plan_trial_bytes(trial))
			volume_bytes = plan_trial_bytes(trial);
		if (least_bytes < volume_bytes)
			least_bytes = volume_bytes;
		r = guard_filesystem(trial->filesystem, problem);
	}
	if (r == 0)
		r = session->testbed->claim(session, least_bytes, problem);
	for (size_t i = 0; r == 0 && i < trials->count; i++)
		trials->trial[i].volume_bytes = session->volume_bytes;
	return r;
}

const char *testbed_directory(const struct testbed_session *session)
{
	if (session->testbed->in_directory || session->testbed->volume)
		return session->options.argument;
	return session->keep_images ? session->keep_images : session->scratch;
}

int testbed_check_room(const struct testbed_session *session, const struct trial_list *trials,
		       struct problem *problem)
{
	uint64_t needed = 0;

	for (size_t i = 0; i < trials->count; i++) {
		uint64_t bytes = plan_trial_bytes(&trials->trial[i]);

		needed = session->keep_images ? needed + bytes : bytes > needed ? bytes : needed;
	}
	return testbed_check_bytes(session, needed, problem);
}

int testbed_check_bytes(const struct testbed_session *session, uint64_t needed,
			struct problem *problem)
{
	const char *directory = testbed_directory(session);
	char free_text[SIZE_TEXT_MAX], needed_text[SIZE_TEXT_MAX];
	struct statvfs status;
	uint64_t free_bytes;

	if (session->testbed->volume)
		return 0; /* claim() has checked that */
	if (statvfs(directory, &status) < 0)
		return problem_set(problem, PROBLEM_LACK, errno,
				   "cannot examine %s: %s; create it, or choose another directory",
				   directory, strerror(errno));
	free_bytes = (uint64_t)status.f_bavail * status.f_frsize;
	if (free_bytes >= needed)
		return 0;
	return problem_set(problem, PROBLEM_LACK, ENOSPC,
			   "%s has %s free and the run can need %s; use a smaller --size, or "
			   "choose another directory%s",
			   directory, size_human((double)free_bytes, free_text),
			   size_human((double)needed, needed_text),
			   session->testbed->in_directory ? ""
			   : session->keep_images	  ? " for --keep-images"
							  : " with --scratch");
}
