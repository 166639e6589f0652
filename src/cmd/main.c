/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"
#include "base/program.h"

static const struct verb verbs[] = {
	{ "run", "measure methods on freshly formatted file systems", cmd_run },
	{ "report", "show results as a table, a chart, a page or csv", cmd_report },
	{ "diff", "tell what differs between two results beyond the noise", cmd_diff },
	{ "frag", "show how fragmented files, trees and file systems are", cmd_frag },
	{ "history", "keep results over time, and show how they went", cmd_history },
	{ "list", "show methods, file systems and testbeds, and what is usable here", cmd_list },
	{ "create", "create files with their disk space, by the best way there is", cmd_create },
	{ 0 },
};

static const struct program program = {
	.name = "alloc-perf",
	.purpose =
		"Measures how a file is given its disk space: how long each way takes, how much\n"
		"reaches the disk, and in how many fragments the file ends up.\n",
	.examples = "  alloc-perf run                         a first look, no root needed\n"
		    "  alloc-perf run --fs ext4,xfs --size 1G --on loop\n"
		    "  alloc-perf run --on dir:/srv --methods fallocate,chunk-4096\n"
		    "  alloc-perf report --chart time -o time.svg results.jsonl\n"
		    "  alloc-perf diff old.jsonl new.jsonl\n"
		    "  alloc-perf frag -x /srv                how fragmented is what is there?\n",
	.page = "alloc-perf(1)",
	.verbs = verbs,
};

int main(int argc, char **argv)
{
	return program_run(&program, argc, argv);
}

int cmd_complain(const struct problem *problem, int error)
{
	return program_complain(&program, problem, error);
}
