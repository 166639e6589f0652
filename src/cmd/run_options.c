/* SPDX-License-Identifier: MIT */
/*
 * What argp alone can judge is judged here; what a name or a size means is left
 * to the plan, which takes the same words from a file.
 */
#include <argp.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/command.h"
#include "cmd/run.h"
#include "base/size.h"
#include "base/text.h"

enum { TRIAL_SECONDS = 3600 };

enum option_key {
	KEY_FS = 'f',
	KEY_METHODS = 'm',
	KEY_SIZE = 's',
	KEY_VOLUME = 'v',
	KEY_RUNS = 'r',
	KEY_OUTPUT = 'o',
	KEY_QUIET = 'q',
	KEY_DRY_RUN = 'n',
	KEY_ON = 256,
	KEY_KERNEL,
	KEY_MODULES,
	KEY_DRIVE_THROTTLE,
	KEY_LABEL,
	KEY_PRESET,
	KEY_PLAN,
	KEY_FORCE,
	KEY_RESUME,
	KEY_KEEP_IMAGES,
	KEY_SCRATCH,
	KEY_TIMEOUT,
	KEY_SEED,
	KEY_PRECISION,
	KEY_MAX_TIME,
	KEY_DESTROY,
	KEY_OVERWRITE_SIGNATURE,
	KEY_SAME_DISK,
};

const struct option_row run_option_rows[] = {
	{ .help = "What to measure:", .group = 1 },
	{ "fs", KEY_FS, "NAME,...", "file systems; `alloc-perf list filesystems` shows them",
	  .group = 1, .values = "`list --names filesystems`,", .key = "filesystems" },
	{ "methods", KEY_METHODS, "NAME,...", "methods; `alloc-perf list methods` shows them",
	  .group = 1, .values = "`list --names methods`,", .key = "methods" },
	{ "size", KEY_SIZE, "SIZE,...", "file sizes, such as 64M or 4G (binary units)", .group = 1,
	  .values = "256M 512M 1G 4G", .key = "sizes" },
	{ "volume", KEY_VOLUME, "SIZE",
	  "size of the volume (default: 5 times the file, at least 512M)", .group = 1,
	  .values = "1G 5G 20G", .key = "volume" },
	{ "runs", KEY_RUNS, "N|auto",
	  "number of rounds, each in a random order; results are medians; auto: until they are "
	  "precise (default: auto, for 50 s at most, in a guest 100 s)",
	  .group = 1, .values = "auto", .key = "runs" },
	{ "precision", KEY_PRECISION, "PERCENT",
	  "for auto: largest distance of the 95 % interval from the median of the time (default: "
	  "5)",
	  .group = 1, .key = "precision" },
	{ "max-time", KEY_MAX_TIME, "DURATION",
	  "for auto: time limit, such as 90s, 10m or 2h (default: 1h)", .group = 1,
	  .key = "max_time" },
	{ "seed", KEY_SEED, "N", "use the order of an earlier run", .group = 1, .key = "seed" },
	{ "preset", KEY_PRESET, "NAME", "2009 (the original experiment), demo or default",
	  .group = 1, .values = "default demo 2009" },
	{ "plan", KEY_PLAN, "FILE", "plan file, with your own file systems and options", .group = 1,
	  .values = "<file>" },
	{ "label", KEY_LABEL, "TEXT", "description of the conditions, such as \"desktop on\"",
	  .group = 1, .key = "label" },
	{ .help = "Where:", .group = 2 },
	{ "on", KEY_ON, "TESTBED",
	  "uml[:KERNEL], loop, qemu[:KERNEL], device:PATH or dir:PATH; auto (default): the first "
	  "of loop, qemu on KVM and uml that can be used",
	  .group = 2, .values = "<testbed>", .key = "on" },
	{ "kernel", KEY_KERNEL, "[NAME=]KERNEL",
	  "on qemu, a kernel in /boot or the path of a bzImage; on uml, the path of a linux.uml; "
	  "can be given several times",
	  .group = 2, .values = "<kernel>", .key = "kernels", .repeats = true },
	{ "modules", KEY_MODULES, "DIR",
	  "modules of these kernels (default: next to the kernel, or those of the machine)",
	  .group = 2, .values = "<directory>", .key = "modules" },
	{ "drive-throttle", KEY_DRIVE_THROTTLE, "LIMITS",
	  "limits of the disk on qemu, such as iops=120,bps=80M", .group = 2,
	  .values = "iops= bps=", .key = "drive_throttle" },
	{ "scratch", KEY_SCRATCH, "DIR", "directory for images (default: $TMPDIR or /var/tmp)",
	  .group = 2, .values = "<directory>" },
	{ "keep-images", KEY_KEEP_IMAGES, "DIR", "keep the image of each trial in DIR", .group = 2,
	  .values = "<directory>" },
	{ "destroy", KEY_DESTROY, "PATH",
	  "for device: the device again, to confirm that its data may be lost; without a terminal, "
	  "its name in /dev/disk/by-id or its serial number",
	  .group = 2, .values = "<file>" },
	{ "overwrite-signature", KEY_OVERWRITE_SIGNATURE, "TYPE",
	  "for device: type that may be overwritten, such as ext4", .group = 2,
	  .values = "ext2 ext3 ext4 xfs btrfs vfat ntfs swap" },
	{ "same-disk", KEY_SAME_DISK, NULL,
	  "for device: allow a partition of the disk with /, /boot, scratch directory or results",
	  .group = 2 },
	{ "timeout", KEY_TIMEOUT, "SECONDS", "time limit of a trial (default: 3600)", .group = 2 },
	{ .help = "Results:", .group = 3 },
	{ "output", KEY_OUTPUT, "FILE",
	  "result file, - for stdout (default: alloc-perf-DATE-TIME.jsonl)", .group = 3,
	  .values = "<file>" },
	{ "force", KEY_FORCE, NULL, "overwrite an existing result file", .group = 3 },
	{ "resume", KEY_RESUME, "FILE", "continue an interrupted run", .group = 3,
	  .values = "<file>" },
	{ "dry-run", KEY_DRY_RUN, NULL, "print the trials and change nothing", .group = 3 },
	{ "quiet", KEY_QUIET, NULL, "no progress and no table", .group = 3 },
	{ 0 },
};

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
		{ KEY_FS, &run->filesystems },
		{ KEY_METHODS, &run->methods },
		{ KEY_SIZE, &run->sizes },
		{ KEY_VOLUME, &run->volume },
		{ KEY_RUNS, &run->runs },
		{ KEY_ON, &run->testbed },
		{ KEY_LABEL, &run->label },
		{ KEY_PRESET, &run->preset },
		{ KEY_PLAN, &run->plan },
		{ KEY_OUTPUT, &run->output },
		{ KEY_RESUME, &run->resume },
		{ KEY_KEEP_IMAGES, &run->keep_images },
		{ KEY_SCRATCH, &run->scratch },
		{ KEY_SEED, &run->seed },
		{ KEY_PRECISION, &run->precision },
		{ KEY_MAX_TIME, &run->max_time },
		{ KEY_MODULES, &run->modules },
		{ KEY_DRIVE_THROTTLE, &run->drive_throttle },
		{ KEY_DESTROY, &run->consent.destroy },
		{ KEY_OVERWRITE_SIGNATURE, &run->consent.overwrite_signature },
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (texts[i].key == key) {
			*texts[i].member = argument;
			return 0;
		}
	switch (key) {
	case KEY_TIMEOUT:
		parse_timeout(argument, state, &run->trial_seconds);
		return 0;
	case KEY_KERNEL:
		add_kernel(argument, state, &run->kernels);
		return 0;
	case KEY_SAME_DISK:
		run->consent.same_disk = 1;
		return 0;
	case KEY_FORCE:
		run->force = 1;
		return 0;
	case KEY_DRY_RUN:
		run->dry_run = 1;
		return 0;
	case KEY_QUIET:
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

void run_parse(const struct command *self, int argc, char **argv, struct run_options *ret)
{
	*ret = (struct run_options) { .trial_seconds = TRIAL_SECONDS };
	command_parse_by(self, parse_option, argc, argv, ret);
}
