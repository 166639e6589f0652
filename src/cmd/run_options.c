/* SPDX-License-Identifier: MIT */
/*
 * What argp alone can judge is judged here; what a name or a size means is left
 * to the plan, which takes the same words from a file.
 */
#include <argp.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/program.h"
#include "cmd/run.h"
#include "base/size.h"
#include "base/text.h"

enum { TRIAL_SECONDS = 3600 };

enum option_key {
	OPTION_FS = 'f',
	OPTION_METHODS = 'm',
	OPTION_SIZE = 's',
	OPTION_VOLUME = 'v',
	OPTION_RUNS = 'r',
	OPTION_OUTPUT = 'o',
	OPTION_QUIET = 'q',
	OPTION_DRY_RUN = 'n',
	OPTION_ON = 256,
	OPTION_KERNEL,
	OPTION_MODULES,
	OPTION_DRIVE_THROTTLE,
	OPTION_LABEL,
	OPTION_PRESET,
	OPTION_PLAN,
	OPTION_FORCE,
	OPTION_RESUME,
	OPTION_KEEP_IMAGES,
	OPTION_SCRATCH,
	OPTION_TIMEOUT,
	OPTION_SEED,
	OPTION_PRECISION,
	OPTION_MAX_TIME,
	OPTION_DESTROY,
	OPTION_OVERWRITE_SIGNATURE,
	OPTION_SAME_DISK,
};

static const struct argp_option options[] = {
	{ NULL, 0, NULL, 0, "What to measure:", 1 },
	{ "fs", OPTION_FS, "NAME,...", 0, "file systems; `alloc-perf list filesystems` shows them",
	  1 },
	{ "methods", OPTION_METHODS, "NAME,...", 0, "methods; `alloc-perf list methods` shows them",
	  1 },
	{ "size", OPTION_SIZE, "SIZE,...", 0, "file sizes, such as 64M or 4G (binary units)", 1 },
	{ "volume", OPTION_VOLUME, "SIZE", 0,
	  "size of the volume (default: 5 times the file, at least 512M)", 1 },
	{ "runs", OPTION_RUNS, "N|auto", 0,
	  "number of rounds, each in a random order; results are medians; auto: until they are "
	  "precise (default: auto, for 50 s at most, in a guest 100 s)",
	  1 },
	{ "precision", OPTION_PRECISION, "PERCENT", 0,
	  "for auto: largest distance of the 95 % interval from the median of the time (default: "
	  "5)",
	  1 },
	{ "max-time", OPTION_MAX_TIME, "DURATION", 0,
	  "for auto: time limit, such as 90s, 10m or 2h (default: 1h)", 1 },
	{ "seed", OPTION_SEED, "N", 0, "use the order of an earlier run", 1 },
	{ "preset", OPTION_PRESET, "NAME", 0, "2009 (the original experiment), demo or default",
	  1 },
	{ "plan", OPTION_PLAN, "FILE", 0, "plan file, with your own file systems and options", 1 },
	{ "label", OPTION_LABEL, "TEXT", 0, "description of the conditions, such as \"desktop on\"",
	  1 },
	{ NULL, 0, NULL, 0, "Where:", 2 },
	{ "on", OPTION_ON, "TESTBED", 0,
	  "uml[:KERNEL], loop, qemu[:KERNEL], device:PATH or dir:PATH; auto (default): the first "
	  "of loop, "
	  "qemu on KVM "
	  "and "
	  "uml that can be used",
	  2 },
	{ "kernel", OPTION_KERNEL, "[NAME=]KERNEL", 0,
	  "on qemu, a kernel in /boot or the path of a bzImage; on uml, the path of a linux.uml; "
	  "can be given several times",
	  2 },
	{ "modules", OPTION_MODULES, "DIR", 0,
	  "modules of these kernels (default: next to the kernel, or those of the machine)", 2 },
	{ "drive-throttle", OPTION_DRIVE_THROTTLE, "LIMITS", 0,
	  "limits of the disk on qemu, such as iops=120,bps=80M", 2 },
	{ "scratch", OPTION_SCRATCH, "DIR", 0,
	  "directory for images (default: $TMPDIR or /var/tmp)", 2 },
	{ "keep-images", OPTION_KEEP_IMAGES, "DIR", 0, "keep the image of each trial in DIR", 2 },
	{ "destroy", OPTION_DESTROY, "PATH", 0,
	  "for device: the device again, to confirm that its data may be lost; without a terminal, "
	  "its name in /dev/disk/by-id or its serial number",
	  2 },
	{ "overwrite-signature", OPTION_OVERWRITE_SIGNATURE, "TYPE", 0,
	  "for device: type that may be overwritten, such as ext4", 2 },
	{ "same-disk", OPTION_SAME_DISK, NULL, 0,
	  "for device: allow a partition of the disk with /, /boot, scratch directory or results",
	  2 },
	{ "timeout", OPTION_TIMEOUT, "SECONDS", 0, "time limit of a trial (default: 3600)", 2 },
	{ NULL, 0, NULL, 0, "Results:", 3 },
	{ "output", OPTION_OUTPUT, "FILE", 0,
	  "result file, - for stdout (default: alloc-perf-DATE-TIME.jsonl)", 3 },
	{ "force", OPTION_FORCE, NULL, 0, "overwrite an existing result file", 3 },
	{ "resume", OPTION_RESUME, "FILE", 0, "continue an interrupted run", 3 },
	{ "dry-run", OPTION_DRY_RUN, NULL, 0, "print the trials and change nothing", 3 },
	{ "quiet", OPTION_QUIET, NULL, 0, "no progress and no table", 3 },
	{ 0 },
};

static const char help[] =
	"Measure the allocation of disk space: every method on every file system, each trial on a "
	"freshly formatted volume.\v"
	"Examples:\n"
	"  alloc-perf run                                    a first look, no root needed\n"
	"  alloc-perf run --fs ext4,xfs,btrfs --size 1G      other file systems\n"
	"  sudo alloc-perf run --on loop --runs 5 --fs ext4  the running kernel, five rounds\n"
	"  alloc-perf run --runs auto --precision 3 --max-time 30m --fs xfs\n"
	"  alloc-perf run --on dir:/srv -m fallocate,chunk-4K\n"
	"  alloc-perf run --kernel 6.1.0-9-amd64 --kernel new=bzImage --runs 10 --fs ext4\n"
	"  sudo alloc-perf run --on device:/dev/sdb1 --destroy /dev/sdb1   its data is lost\n"
	"  alloc-perf run --preset 2009 -o 2009.jsonl        4 GiB files; takes an hour or more\n"
	"  alloc-perf run --resume 2009.jsonl\n\n"
	"Exit status: 0 success, 1 a trial failed, 2 invalid usage or plan, 3 a prerequisite is "
	"missing, 130 interrupted.";

static void parse_timeout(const char *text, struct argp_state *state, uint64_t *ret_seconds)
{
	if (size_parse(text, ret_seconds) < 0 || *ret_seconds == 0 || *ret_seconds > 10000000)
		argp_error(state, "invalid number of seconds \"%s\" for --timeout", text);
}

/* They become a list. */
static void add_kernel(const char *name, struct argp_state *state, char **kernels)
{
	if (!*name || strchr(name, ','))
		argp_error(state,
			   "invalid kernel \"%s\"; for a path with a comma, use a symbolic link",
			   name);
	if (text_join(kernels, ",", name) < 0)
		argp_failure(state, PROBLEM_VERDICT, ENOMEM, "%s", name);
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct run_options *run = state->input;
	const struct {
		int key;
		const char **member;
	} texts[] = {
		{ OPTION_FS, &run->filesystems },
		{ OPTION_METHODS, &run->methods },
		{ OPTION_SIZE, &run->sizes },
		{ OPTION_VOLUME, &run->volume },
		{ OPTION_RUNS, &run->runs },
		{ OPTION_ON, &run->testbed },
		{ OPTION_LABEL, &run->label },
		{ OPTION_PRESET, &run->preset },
		{ OPTION_PLAN, &run->plan },
		{ OPTION_OUTPUT, &run->output },
		{ OPTION_RESUME, &run->resume },
		{ OPTION_KEEP_IMAGES, &run->keep_images },
		{ OPTION_SCRATCH, &run->scratch },
		{ OPTION_SEED, &run->seed },
		{ OPTION_PRECISION, &run->precision },
		{ OPTION_MAX_TIME, &run->max_time },
		{ OPTION_MODULES, &run->modules },
		{ OPTION_DRIVE_THROTTLE, &run->drive_throttle },
		{ OPTION_DESTROY, &run->consent.destroy },
		{ OPTION_OVERWRITE_SIGNATURE, &run->consent.overwrite_signature },
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (texts[i].key == key) {
			*texts[i].member = argument;
			return 0;
		}
	switch (key) {
	case OPTION_TIMEOUT:
		parse_timeout(argument, state, &run->trial_seconds);
		return 0;
	case OPTION_KERNEL:
		add_kernel(argument, state, &run->kernels);
		return 0;
	case OPTION_SAME_DISK:
		run->consent.same_disk = 1;
		return 0;
	case OPTION_FORCE:
		run->force = 1;
		return 0;
	case OPTION_DRY_RUN:
		run->dry_run = 1;
		return 0;
	case OPTION_QUIET:
		run->quiet = 1;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "unexpected argument \"%s\"; choose file systems with --fs",
			   argument);
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void run_parse(int argc, char **argv, struct run_options *ret)
{
	const struct argp argp = { options, parse_option, NULL, help, NULL, NULL, NULL };

	*ret = (struct run_options) { .trial_seconds = TRIAL_SECONDS };
	program_parse(&argp, argc, argv, 0, ret);
}
