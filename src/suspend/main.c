/* SPDX-License-Identifier: MIT */
#include "suspend/cmd.h"
#include "base/program.h"

static const struct verb verbs[] = {
	{ "plan", "print what would be frozen, in which order, and what would not", cmd_plan },
	{ "run", "freeze, run the command that suspends, thaw", cmd_run },
	{ "freeze", "freeze for some seconds", cmd_freeze },
	{ "thaw", "thaw what `freeze` or `run` froze", cmd_thaw },
	{ "status", "print what is frozen, and by which processes", cmd_status },
	{ "recover", "thaw what killed processes left frozen", cmd_recover },
	{ "install", "make systemd freeze file systems when it suspends", cmd_install },
	{ "uninstall", "undo install", cmd_uninstall },
	{ 0 },
};

static const struct program program = {
	.name = "suspend-freeze",
	.purpose = "Freezes file systems while the machine is suspended, so that they are clean if "
		   "the\npower fails.\n",
	.examples = "  suspend-freeze plan                    look first; this changes nothing\n"
		    "  suspend-freeze run -- sh -c 'echo mem >/sys/power/state'\n"
		    "  suspend-freeze install                 whenever systemd suspends\n",
	.page = "suspend-freeze(8)",
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
