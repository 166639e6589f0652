/* SPDX-License-Identifier: MIT */
/*
 * Prints record.md from the field tables.  A test compares the file in the
 * repository with this output, so that the two cannot drift apart.
 */
#include <stdio.h>

#include "results/record.h"

static const char introduction[] =
	"# The result file\n"
	"\n"
	"<!-- Printed from the field tables in src/results/record.c by `ninja -C build "
	"update-record-doc`. -->\n"
	"\n"
	"JSON Lines: one JSON object a line, in UTF-8. The first line describes the run "
	"(`\"type\": "
	"\"environment\"`),\n"
	"each line after it is one trial (`\"type\": \"trial\"`), appended and forced to the disk "
	"before the next\n"
	"trial begins. A run that was killed can leave one unfinished line at the end; readers "
	"leave "
	"it out.\n"
	"A resumed run adds a description of its own, which holds for the trials after it.\n"
	"At its end, or when it is interrupted, a run adds a line for each thing that falsifies "
	"its "
	"figures\n"
	"(`\"type\": \"warning\"`); it is about the trials since the last description.\n"
	"\n"
	"Every key is always written; `null` means not known, or that it does not apply. Readers "
	"ignore keys and\n"
	"types of lines that they do not know. `schema` is raised when a key changes its meaning "
	"or "
	"goes.\n"
	"This is schema %d.\n";

static void print_table(const char *title, const struct field *fields, size_t count)
{
	static const char *const types[] = {
		[FIELD_TEXT] = "text",
		[FIELD_COUNT] = "integer",
		[FIELD_RUNS] = "array of arrays",
		[FIELD_HISTOGRAM] = "array of integers",
		[FIELD_LIST] = "array of objects",
	};

	printf("\n## %s\n\n| key | type | unit | meaning |\n| --- | --- | --- | --- |\n", title);
	for (size_t i = 0; i < count; i++)
		printf("| `%s` | %s | %s | %s |\n", fields[i].name, types[fields[i].type],
		       fields[i].unit, fields[i].meaning);
}

int main(void)
{
	printf(introduction, RECORD_SCHEMA);
	print_table("environment", environment_fields, environment_field_count);
	print_table("trial", record_fields, record_field_count);
	print_table("trial: the objects of `phases`", phase_table.fields, phase_table.count);
	print_table("warning", warning_fields, warning_field_count);
	return fflush(stdout) == 0 ? 0 : 1;
}
