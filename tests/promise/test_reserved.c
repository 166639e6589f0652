/* SPDX-License-Identifier: MIT */
/* What file systems of this kernel are known to reserve. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "case.h"

static const struct row {
	const char *type, *name, *method, *verdict;
	const char *text; /* is part of the counterexample or reason; NULL: there is none */
} rows[] = {
	{ "ext4", "overwrite", "fallocate", VERDICT_KEPT, NULL },
	{ "ext4", "overwrite", "ftruncate", VERDICT_NOT_PROMISED, "first overwrite" },
	{ "ext4", "overwrite", "none", VERDICT_NOT_PROMISED, "first overwrite, write 1 of 4096" },
	{ "xfs", "overwrite", "fallocate", VERDICT_KEPT, NULL },
	{ "btrfs", "overwrite", "fallocate", VERDICT_BROKEN, "second overwrite" },
	{ "btrfs", "overwrite", "chunk-64K", VERDICT_BROKEN, "first overwrite" },
	{ "ext4", "mmap", "fallocate", VERDICT_KEPT, NULL },
	{ "ext4", "mmap", "ftruncate", VERDICT_NOT_PROMISED, "page fault: SIGBUS" },
	{ "xfs", "mmap", "fallocate-keep-size", VERDICT_KEPT, NULL },
	{ "ext4", "reopened", "fallocate", VERDICT_KEPT, NULL },
	{ "btrfs", "reopened", "fallocate", VERDICT_BROKEN, "second overwrite" },
	{ "ext4", "hole", "fallocate", VERDICT_KEPT, NULL },
	{ "xfs", "hole", "chunk-64K", VERDICT_KEPT, NULL },
	{ "ext3", "hole", "chunk-64K", VERDICT_NA, "allocating the hole again: Operation not" },
	{ "ext3", "hole", "prealloc", VERDICT_KEPT, NULL },
	{ "xfs", "reflink", "fallocate", VERDICT_KEPT, NULL },
	{ "xfs", "reflink", "chunk-64K", VERDICT_BROKEN, "first overwrite" },
	{ "btrfs", "reflink", "fallocate", VERDICT_BROKEN, "first overwrite" },
	{ "btrfs", "snapshot", "fallocate", VERDICT_BROKEN, "first overwrite" },
	{ "btrfs", "compress", "fallocate", VERDICT_BROKEN, "second overwrite" },
	{ "btrfs", "compress", "chunk-64K", VERDICT_BROKEN, "first overwrite" },
	{ "btrfs", "nocow", "fallocate", VERDICT_KEPT, NULL },
	{ "btrfs", "nocow", "chunk-64K", VERDICT_KEPT, NULL },
	{ "btrfs", "nocow-snapshot", "fallocate", VERDICT_BROKEN, "first overwrite" },
	{ "ext4", "quota-user", "fallocate", VERDICT_KEPT, NULL },
};

static void a_case_has_its_verdict(void **state)
{
	const struct row *row = *state;
	struct method_choice method = case_method(row->method);
	CLEANUP(freep) char *name = text_format("reserved:%s", row->name);
	CLEANUP(case_result_clear) struct case_result result = { 0 };

	case_run(&(struct case_run) { row->type, name, &method, NULL, 1 }, &result);
	if (strcmp(result.verdict, row->verdict) != 0 || !result.text != !row->text ||
	    (row->text && !strstr(result.text, row->text)))
		fail_msg("%s: %s", result.verdict, result.text);
	if (result.text)
		print_message("# %s: %s\n", result.verdict, result.text);
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(rows)];
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		tests[i] = (struct CMUnitTest) { text_format("%s: reserved:%s of %s", rows[i].type,
							     rows[i].name, rows[i].method),
						 a_case_has_its_verdict, NULL, NULL,
						 (void *)&rows[i] };
	r = _cmocka_run_group_tests("reserved", tests, ARRAY_SIZE(tests), NULL, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		free((char *)tests[i].name);
	return r;
}
