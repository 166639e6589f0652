/* SPDX-License-Identifier: MIT */
/*
 * suspend-freeze plan: prints what would be frozen.  It opens no file system, so it can be used at
 * any time, even if a file system hangs.
 */
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "suspend/cmd.h"
#include "base/quote.h"
#include "suspend/targets.h"

struct plan_options {
	struct request request;
	bool all;
};

static const char *why_not_the_kernel(const struct plan_options *wanted,
				      const struct decision *decision)
{
	if (!decision->machine.has_setting)
		return "cannot freeze file systems during suspend by itself";
	if (wanted->request.selection.way == WAY_SELF)
		return "its own freezing was not requested";
	if (kernel_defect(decision->machine.kernel))
		return "its own freezing is defective";
	if (!decision->plan.kernel_agrees)
		return "its own freezing would use a wrong order";
	return "its own freezing covers everything and takes no names";
}

static void print_way(const struct plan_options *wanted, const struct decision *decision)
{
	const struct kernel *kernel = &decision->machine.kernel;

	printf("Linux %u.%u.%u: %s\n", kernel->major, kernel->minor, kernel->patch,
	       decision->way == WAY_KERNEL ? "freezes file systems itself, by " KERNEL_SETTING
					   : why_not_the_kernel(wanted, decision));
}

static void print_cgroups(const struct machine *machine)
{
	if (machine->cgroup_root) {
		printf("\ncgroups to freeze first (below %s):\n", machine->cgroup_root);
		for (size_t i = 0; i < machine->cgroups.count; i++) {
			CLEANUP(freep) char *path = quote_name(machine->cgroups.paths[i]);

			printf("  %s\n", path);
		}
		if (machine->root_writers > 0)
			printf("  " CGROUPS_FOR_ROOT
			       ", created for the %d processes of the root (%s%s)\n",
			       machine->root_writers, machine->root_writer,
			       machine->root_writers > 1 ? " and others" : "");
		else if (machine->cgroups.count == 0)
			printf("  none\n");
	}
	if (machine->writers)
		printf("\nProcesses that continue: %s.\n", machine->writers);
}

static void print_item(const struct plan_item *item, unsigned number)
{
	CLEANUP(freep) char *name = target_path(item->mount);
	CLEANUP(freep) char *point = name ? quote_name(name) : NULL;
	CLEANUP(freep) char *source = quote_name(item->mount->source);
	char position[16] = "-", device[32];

	if (number)
		snprintf(position, sizeof(position), "%u", number);
	snprintf(device, sizeof(device), "%u:%u", major(item->device), minor(item->device));
	printf("  %3s  %-8s %-9s %s", position, device, item->mount->type, source);
	if (strcmp(item->mount->source, item->mount->point) != 0)
		printf(" on %s", point);
	if (item->mounts > 1)
		printf(" (mounted %zu times)", item->mounts);
	if (*item->reason)
		printf("\n       %s", item->reason);
	printf("\n");
}

static void print_kinds(const struct plan *plan, bool all)
{
	unsigned number = 0;

	printf("\nfreeze or write out, in this order; thaw in the reverse:\n");
	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_item *item = &plan->items[i];

		if (item->kind != PLAN_LEAVE)
			print_item(item, item->kind == PLAN_FREEZE ? ++number : 0);
	}
	if (number == 0)
		printf("  nothing to freeze\n");
	printf("\nnot frozen:\n");
	for (size_t i = 0; i < plan->count; i++)
		if (plan->items[i].kind == PLAN_LEAVE && (all || plan->items[i].on_disk))
			print_item(&plan->items[i], 0);
}

static int print_plan(const struct plan_options *wanted)
{
	CLEANUP(problem_clear) struct problem problem = { 0 };
	CLEANUP(decision_clear) struct decision decision = { 0 };
	int r = decision_make(&wanted->request, &decision, &problem);

	if (r < 0)
		return cmd_complain(&problem, r);
	decision_warn(&decision);
	print_way(wanted, &decision);
	if (decision.way == WAY_SELF)
		print_cgroups(&decision.machine);
	print_kinds(&decision.plan, wanted->all);
	return 0;
}

static int run_plan(const struct command *self, int argc, char **argv)
{
	struct plan_options wanted = { .request = REQUEST_DEFAULTS };
	int status;

	command_parse(self, argc, argv, &wanted);
	status = print_plan(&wanted);
	request_clear(&wanted.request);
	return status;
}

static const struct option_row options[] = {
	{ "all", 'a', NULL, "also show file systems without a disk",
	  OPTION_INTO(OPTION_FLAG, struct plan_options, all) },
	{ 0 },
};

const struct command cmd_plan = {
	.name = "plan",
	.summary = "print what would be frozen, in which order, and what would not",
	.purpose = "Print what `freeze` and `run` would freeze, in which order, and what would not "
		   "be frozen and why. Nothing is changed.",
	.examples =
		"  suspend-freeze plan\n"
		"  suspend-freeze plan --except /media/stick\n"
		"  suspend-freeze plan --way self           without the kernel's own freezing\n",
	.exit_status = "0 success, 2 invalid usage, 3 a prerequisite is missing.",
	.options = options,
	.shared = cmd_request_options,
	.run = run_plan,
};
