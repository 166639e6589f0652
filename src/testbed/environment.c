/* SPDX-License-Identifier: MIT */
/*
 * The properties of the machine that a reader of the results needs to know.  What cannot be
 * determined stays unknown; nothing here makes a run fail.
 */
#include <errno.h>
#include <gnu/libc-version.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <time.h>

#include "base/cleanup.h"
#include "blockdev/sysfs.h"
#include "base/io.h"
#include "blockdev/storage.h"
#include "testbed/testbed.h"
#include "base/words.h"
#include "base/text.h"

static void describe_machine(struct environment *environment)
{
	CLEANUP(freep) char *cpuinfo = NULL;
	struct sysinfo memory;
	struct utsname names;
	const char *model;

	environment->cpus = get_nprocs();
	if (sysinfo(&memory) == 0)
		environment->memory_bytes = (int64_t)memory.totalram * memory.mem_unit;
	if (uname(&names) == 0)
		field_set_text(&environment->machine, names.machine);
	environment->libc = text_format("glibc %s", gnu_get_libc_version());
	if (io_read_file("/proc/cpuinfo", 1 << 22, &cpuinfo, NULL) < 0)
		return;
	model = strstr(cpuinfo, "model name\t: ");
	if (model) {
		model += strlen("model name\t: ");
		free(environment->cpu);
		environment->cpu = strndup(model, strcspn(model, "\n"));
	}
}

/*
 * The first line with a digit in the output of `mkfs.TYPE -V`, the only option that all of them
 * have.
 */
static char *tool_version(const char *program)
{
	CLEANUP(freep) char *output = NULL;
	char *rest, *line;

	if (child_run((const char *[]) { program, "-V", NULL }, -1, &output) < 0 || !output)
		return NULL;
	for (rest = output; (line = strsep(&rest, "\n"));)
		if (strpbrk(line, "0123456789"))
			return strdup(line + strspn(line, " \t"));
	return NULL;
}

static int describe_tools(const struct trial_list *trials, struct environment *environment)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < trials->round_count; i++) {
		const struct filesystem *filesystem = trials->trial[i].filesystem;
		CLEANUP(freep) char **words = NULL;
		CLEANUP(freep) char *version = NULL;

		if (!filesystem || !trial_list_is_first(trials, i))
			continue;
		words = words_split(filesystem->mkfs, " \t");
		version = words && words[0] ? tool_version(words[0]) : NULL;
		if (version && (!environment->tools || !strstr(environment->tools, version)))
			r = text_join(&environment->tools, "; ", version);
	}
	return r;
}

static int describe_guests(const struct testbed_session *session, const struct trial_list *trials,
			   struct environment *environment)
{
	CLEANUP(plan_kernel_clear) struct plan_kernel guest = { 0 };
	int r = 0;

	if (trials->kernel_count == 0 &&
	    session->testbed->guest_kernel(&session->options, &guest) == 0)
		environment->guest_kernel = TAKE_PTR(guest.label);
	for (size_t i = 0; r == 0 && i < trials->kernel_count; i++) {
		const struct plan_kernel *kernel = &trials->kernels[i];

		r = text_join(&environment->guest_kernel, ", ", kernel->label);
		if (r == 0 && kernel->build)
			r = text_join(&environment->kernel_build, "; ", kernel->build);
	}
	return r;
}

int testbed_describe_kernels(const struct testbed_session *session, const struct trial_list *trials,
			     struct environment *environment)
{
	struct utsname names;
	int r = uname(&names) < 0 ? -errno : field_set_text(&environment->kernel, names.release);

	if (r < 0)
		return r;
	if (session->testbed->guest_kernel)
		return describe_guests(session, trials, environment);
	return field_set_text(&environment->kernel_build, names.version);
}

/* "none [mq-deadline] kyber": the one in brackets is active. */
static char *chosen_scheduler(dev_t number)
{
	CLEANUP(freep) char *text = sysfs_attribute("/sys", number, "queue/scheduler");
	char *start = text ? strchr(text, '[') : NULL;
	char *end = start ? strchr(start, ']') : NULL;

	return end ? strndup(start + 1, (size_t)(end - start - 1)) : NULL;
}

static void describe_disk(dev_t number, struct environment *environment)
{
	const dev_t disk = sysfs_disk("/sys", number);
	const struct {
		dev_t number;
		const char *file;
		int unit_bytes;
		int64_t *member;
	} counts[] = {
		{ disk, "size", 512, &environment->disk_bytes },
		{ number, "start", 512, &environment->partition_start_bytes },
		{ disk, "queue/logical_block_size", 1, &environment->logical_sector_bytes },
		{ disk, "queue/physical_block_size", 1, &environment->physical_sector_bytes },
		{ disk, "queue/rotational", 1, &environment->rotational },
	};
	long long discard = sysfs_count("/sys", disk, "queue/discard_max_bytes");

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		long long count = sysfs_count("/sys", counts[i].number, counts[i].file);

		if (count >= 0)
			*counts[i].member = count * counts[i].unit_bytes;
	}
	if (discard >= 0)
		environment->discard = discard > 0;
	environment->disk_model = sysfs_attribute("/sys", disk, "device/model");
	environment->write_cache = sysfs_attribute("/sys", disk, "queue/write_cache");
	environment->scheduler = chosen_scheduler(disk);
}

static int describe_place(const char *path, struct environment *environment)
{
	CLEANUP(storage_clear) struct storage storage = { 0 };
	char *device;
	int r = storage_find(path, &storage);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (!storage.type)
		device = strdup(storage.source);
	else
		device = text_format("%s (%s, %s)", storage.source ? storage.source : "?",
				     storage.type, storage.options ? storage.options : "");
	if (!device)
		return -ENOMEM;
	free(environment->device);
	environment->device = device;
	if (storage.number)
		describe_disk(storage.number, environment);
	return 0;
}

int testbed_describe(const struct testbed_session *session, const struct trial_list *trials,
		     struct environment *environment)
{
	const struct testbed *testbed = session->testbed;
	time_t now = time(NULL);
	char started[32];
	int r;

	strftime(started, sizeof(started), "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
	environment->schema = RECORD_SCHEMA;
	if (trials->shuffled)
		environment->seed = (int64_t)trials->seed;
	r = field_set_text(&environment->version, ALLOC_PERF_VERSION);
	if (r == 0)
		r = field_set_text(&environment->started, started);
	if (r == 0)
		r = field_set_text(&environment->testbed, testbed->name);
	if (r == 0)
		r = field_set_text(&environment->testbed_note, testbed->note);
	if (r == 0 && testbed->describe)
		r = testbed->describe(&session->options, environment);
	if (r == 0)
		r = testbed_describe_kernels(session, trials, environment);
	describe_machine(environment);
	if (r == 0)
		r = describe_tools(trials, environment);
	if (r == 0)
		r = describe_place(testbed_directory(session), environment);
	return r;
}
