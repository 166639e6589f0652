/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"

static const struct command *const commands[] = { &cmd_run,  &cmd_verify, &cmd_report,
						  &cmd_diff, &cmd_frag,	  &cmd_history,
						  &cmd_list, &cmd_create, NULL };

static const struct command program = {
	.name = "alloc-perf",
	.purpose = "Measures the allocation of disk space for files: how long each method takes, "
		   "how much\n"
		   "is written to the disk, and how many fragments the file has.",
	.examples = "  alloc-perf run                         a first look, no root needed\n"
		    "  alloc-perf run --fs ext4,xfs --size 1G --on loop\n"
		    "  alloc-perf run --on dir:/srv --methods fallocate,chunk-4096\n"
		    "  alloc-perf report --chart time -o time.svg results.jsonl\n"
		    "  alloc-perf diff old.jsonl new.jsonl\n"
		    "  alloc-perf frag -x /srv                how fragmented are existing files?\n",
	.page = "alloc-perf(1)",
	.subcommands = commands,
};

int main(int argc, char **argv)
{
	return command_main(&program, argc, argv);
}

int cmd_complain(const struct problem *problem, int error)
{
	return command_complain(program.name, problem, error);
}
