/* SPDX-License-Identifier: MIT */
#include "suspend/cmd.h"

static const struct command *const commands[] = { &cmd_plan,	&cmd_run,	&cmd_freeze,
						  &cmd_thaw,	&cmd_status,	&cmd_recover,
						  &cmd_install, &cmd_uninstall, NULL };

static const struct command program = {
	.name = "suspend-freeze",
	.purpose = "Freezes file systems while the machine is suspended, so that they are clean if "
		   "the\npower fails.",
	.examples = "  suspend-freeze plan                    look first; this changes nothing\n"
		    "  suspend-freeze run -- sh -c 'echo mem >/sys/power/state'\n"
		    "  suspend-freeze install                 whenever systemd suspends\n",
	.page = "suspend-freeze(8)",
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
