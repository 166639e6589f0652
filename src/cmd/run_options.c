/* SPDX-License-Identifier: MIT */
/* Values of plan keys are parsed by the plan, as those of a plan file. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/command.h"
#include "cmd/run.h"
#include "base/text.h"

enum { TRIAL_SECONDS = 3600 };

/* The member for a key of the plan that an option sets. */
#define SETS_KEY(name) OPTION_INTO(OPTION_TEXT, struct run_options, given.name), .key = #name
#define ADDS(member) .take = take_added, .offset = offsetof(struct run_options, member)
#define SETS(option_kind, member) OPTION_INTO(option_kind, struct run_options, member)

int run_take_kernel(void *input, const struct option_row *row, const char *argument,
		    struct problem *problem)
{
	struct run_options *run = input;

	(void)row;
	if (!*argument || *argument == '=' || strchr(argument, ','))
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "invalid kernel \"%s\" for --kernel: use one name or path; for "
				   "a path with a comma, a symbolic link",
				   argument);
	return text_join(&run->kernels, ",", argument);
}

/* The same for options of mount and mkfs; "" adds none. */
static int take_added(void *input, const struct option_row *row, const char *argument,
		      struct problem *problem)
{
	char **list = (char **)((char *)input + row->offset);

	if (strchr(argument, '\n'))
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "--%s contains a line break; give the option several times "
				   "to compare several",
				   row->name);
	return text_join(list, "\n", *argument ? argument : PLAN_NO_OPTIONS);
}

static int take_phase(void *input, const struct option_row *row, const char *argument,
		      struct problem *problem)
{
	struct run_options *run = input;

	(void)row;
	(void)problem;
	return text_join(&run->workload, ",", argument);
}

/* One per line, parsed after all options. */
static int take_vary(void *input, const struct option_row *row, const char *argument,
		     struct problem *problem)
{
	struct run_options *run = input;

	if (strchr(argument, '\n') || !strchr(argument, '='))
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "invalid argument \"%s\" for --%s: use KEY=LIST, such as "
				   "chunk=4K,64K,1M",
				   argument, row->name);
	return text_join(&run->vary, "\n", argument);
}

const struct option_row run_option_rows[] = {
	{ .help = "What to measure:", .group = 1 },
	{ "fs", 'f', "NAME,...", "file systems; `alloc-perf list filesystems` shows them",
	  .group = 1, .values = "`list --names filesystems`,", SETS_KEY(filesystems) },
	{ "mount-options", 0, "OPTIONS",
	  "mount options to add to each file system, such as nodelalloc,noatime; given several "
	  "times they are compared, \"\" adds none",
	  .group = 1, .key = "mount_options", .repeats = true, ADDS(mount_options) },
	{ "mkfs-options", 0, "OPTIONS",
	  "options to add to the mkfs of each file system, such as \"-O bigalloc -C 64K\"; given "
	  "several times they are compared, \"\" adds none",
	  .group = 1, .key = "mkfs_options", .repeats = true, ADDS(mkfs_options) },
	{ "methods", 'm', "NAME,...", "methods; `alloc-perf list methods` shows them", .group = 1,
	  .values = "`list --names methods`,", SETS_KEY(methods) },
	{ "size", 's', "SIZE,...", "file sizes, such as 64M or 4G (binary units)", .group = 1,
	  .values = "256M 512M 1G 4G", SETS_KEY(sizes) },
	{ "files", 0, "N",
	  "number of files, each of that size, that grow in turn (default: 1); mixed-N: of "
	  "different sizes",
	  .group = 1, .values = "4 8 mixed-8", SETS_KEY(files) },
	{ "writers", 0, "N", "the same as --files", .group = 1, .values = "4 8", SETS_KEY(files) },
	{ "then", 0, "PHASE",
	  "what to do with the files after their allocation, such as write-rand-1M or read-seq-1M; "
	  "can be given several times; `alloc-perf list workloads` shows them",
	  .group = 1, .values = "`list --names workloads`", .key = "workload", .repeats = true,
	  .take = take_phase },
	{ "volume", 'v', "SIZE,...",
	  "sizes of the volume (default: 5 times the file, at least 512M)", .group = 1,
	  .values = "1G 5G 20G,", SETS_KEY(volume) },
	{ "runs", 'r', "N|auto",
	  "number of rounds, each in a random order; results are medians; auto: until they are "
	  "precise (default: auto, for 50 s at most, in a guest 100 s)",
	  .group = 1, .values = "auto", SETS_KEY(runs) },
	{ "precision", 0, "PERCENT",
	  "for auto: largest distance of the 95 % interval from the median of the time (default: "
	  "5)",
	  .group = 1, SETS_KEY(precision) },
	{ "max-time", 0, "DURATION", "for auto: time limit, such as 90s, 10m or 2h (default: 1h)",
	  .group = 1, SETS_KEY(max_time) },
	{ "seed", 0, "N", "use the order of an earlier run", .group = 1, SETS_KEY(seed) },
	{ "preset", 0, "NAME", "2009 (the original experiment), demo or default", .group = 1,
	  .values = "default demo 2009", SETS(OPTION_TEXT, preset) },
	{ "scenario", 0, "NAME",
	  "what is done to the files in their life, such as torrent or wal, with its methods and "
	  "sizes; `alloc-perf list scenarios` shows them",
	  .group = 1, .values = "`list --names scenarios`", SETS_KEY(scenario) },
	{ "as", 0, "PROGRAM",
	  "allocate as this program does, in its scenario; `alloc-perf list programs` shows them",
	  .group = 1, .values = "`list --names programs`", SETS_KEY(program) },
	{ "plan", 0, "FILE", "plan file, with your own file systems and options", .group = 1,
	  .values = "<file>", SETS(OPTION_TEXT, plan) },
	{ "label", 0, "TEXT", "description of the conditions, such as \"desktop on\"", .group = 1,
	  SETS_KEY(label) },
	{ "vary", 0, "KEY=LIST",
	  "compare values of chunk, step, depth, size, volume, fs, methods, kernel, mount-options "
	  "or "
	  "mkfs-options, such as chunk=4K,64K,1M; 4K..64M doubles from 4K on",
	  .group = 1, .repeats = true,
	  .values = "chunk= step= depth= size= volume= fs= methods= kernel= mount-options= "
		    "mkfs-options=",
	  .take = take_vary },
	{ "setup", 0, "COMMAND", "command for sh -c to run once before everything", .group = 1,
	  SETS(OPTION_TEXT, hooks[RUN_SETUP]) },
	{ "prepare", 0, "COMMAND",
	  "command to run before each trial, which is not timed; variables tell it which",
	  .group = 1, SETS(OPTION_TEXT, hooks[RUN_PREPARE]) },
	{ "cleanup", 0, "COMMAND",
	  "command to run once at the end, also after an error or an interrupt", .group = 1,
	  SETS(OPTION_TEXT, hooks[RUN_CLEANUP]) },
	{ .help = "Where:", .group = 2 },
	{ "on", 0, "TESTBED",
	  "uml[:KERNEL], loop, qemu[:KERNEL], device:PATH or dir:PATH; auto (default): the first "
	  "of loop, qemu on KVM and uml that can be used",
	  .group = 2, .values = "<testbed>", SETS_KEY(on) },
	{ "kernel", 0, "[NAME=]KERNEL",
	  "on qemu, a kernel in /boot or the path of a bzImage; on uml, the path of a linux.uml; "
	  "can be given several times",
	  .group = 2, .values = "<kernel>", .key = "kernels", .repeats = true,
	  .take = run_take_kernel },
	{ "modules", 0, "DIR",
	  "modules of these kernels (default: next to the kernel, or those of the machine)",
	  .group = 2, .values = "<directory>", SETS_KEY(modules) },
	{ "drive-throttle", 0, "LIMITS", "limits of the disk on qemu, such as iops=120,bps=80M",
	  .group = 2, .values = "iops= bps=", SETS_KEY(drive_throttle) },
	{ "scratch", 0, "DIR", "directory for images (default: $TMPDIR or /var/tmp)", .group = 2,
	  .values = "<directory>", SETS(OPTION_TEXT, scratch) },
	{ "keep-images", 0, "DIR", "keep the image of each trial in DIR", .group = 2,
	  .values = "<directory>", SETS(OPTION_TEXT, keep_images) },
	{ "destroy", 0, "PATH",
	  "for device: the device again, to confirm that its data may be lost; without a terminal, "
	  "its name in /dev/disk/by-id or its serial number",
	  .group = 2, .values = "<file>", SETS(OPTION_TEXT, consent.destroy) },
	{ "overwrite-signature", 0, "TYPE",
	  "for device: type that may be overwritten, such as ext4", .group = 2,
	  .values = "ext2 ext3 ext4 xfs btrfs vfat ntfs swap",
	  SETS(OPTION_TEXT, consent.overwrite_signature) },
	{ "same-disk", 0, NULL,
	  "for device: allow a partition of the disk with /, /boot, scratch directory or results",
	  .group = 2, SETS(OPTION_FLAG, consent.same_disk) },
	{ "timeout", 0, "DURATION", "time limit of a trial", .fallback = "1h", .group = 2,
	  .least = 1, .most = 10000000, SETS(OPTION_DURATION, trial_seconds) },
	{ .help = "Results:", .group = 3 },
	{ "output", 'o', "FILE", "result file, - for stdout (default: alloc-perf-DATE-TIME.jsonl)",
	  .group = 3, .values = "<file>", SETS(OPTION_TEXT, output) },
	{ "force", 0, NULL, "overwrite an existing result file", .group = 3,
	  SETS(OPTION_FLAG, force) },
	{ "resume", 0, "FILE", "continue an interrupted run", .group = 3, .values = "<file>",
	  SETS(OPTION_TEXT, resume) },
	{ "dry-run", 'n', NULL, "print the trials and change nothing", .group = 3,
	  SETS(OPTION_FLAG, dry_run) },
	{ "all", 0, NULL, "also print a table of each measure, and every warning", .group = 3,
	  SETS(OPTION_FLAG, all) },
	{ "measure", 0, "NAME,...", "print a table of each of these measures and no summary",
	  .group = 3, .choices = &choice_of_measures, .take = choice_take_measures,
	  SETS(OPTION_TAKEN, measures) },
	{ "quiet", 'q', NULL, "no progress and no table", .group = 3, SETS(OPTION_FLAG, quiet) },
	{ 0 },
};

void run_parse(const struct command *self, int argc, char **argv, struct run_options *ret)
{
	*ret = (struct run_options) { .trial_seconds = TRIAL_SECONDS };
	command_parse(self, argc, argv, ret);
	ret->given.kernels = ret->kernels;
	ret->given.workload = ret->workload;
	ret->given.mount_options = ret->mount_options;
	ret->given.mkfs_options = ret->mkfs_options;
}
