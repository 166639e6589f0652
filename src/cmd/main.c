/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"
#include "base/program.h"

static const struct verb verbs[] = {
	{ "run", "measure methods on freshly formatted file systems", cmd_run },
	{ "report", "show results as a table, a chart, a web page or CSV", cmd_report },
	{ "diff", "show which differences between two results are larger than the noise",
	  cmd_diff },
	{ "frag", "show how fragmented files, trees and file systems are", cmd_frag },
	{ "history", "store results and show how they changed over time", cmd_history },
	{ "list", "list methods, file systems and testbeds, and what can be used on this machine",
	  cmd_list },
	{ "create", "create files and allocate their disk space by the best method available",
	  cmd_create },
	{ 0 },
};

static const struct program program = {
	.name = "alloc-perf",
	.purpose = "Measures the allocation of disk space for files: how long each method takes, "
		   "how much\n"
		   "is written to the disk, and how many fragments the file has.\n",
	.examples = "  alloc-perf run                         a first look, no root needed\n"
		    "  alloc-perf run --fs ext4,xfs --size 1G --on loop\n"
		    "  alloc-perf run --on dir:/srv --methods fallocate,chunk-4096\n"
		    "  alloc-perf report --chart time -o time.svg results.jsonl\n"
		    "  alloc-perf diff old.jsonl new.jsonl\n"
		    "  alloc-perf frag -x /srv                how fragmented are existing files?\n",
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
