/* SPDX-License-Identifier: MIT */
/*
 * Prints what the walker and the figures say of a file, in the words of filefrag,
 * for the comparison with other readers.
 *
 *	extent-rows [--fibmap] [--batch=N] FILE		a row an extent: logical physical bytes
 *flags extent-rows --figures FILE			extents fragments mapped unwritten holes
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/cleanup.h"
#include "extent/layout.h"
#include "extent/extent_kernel.h"

struct arguments {
	bool fibmap, figures;
	struct extent_walk_options walk;
	const char *path;
};

static const struct {
	uint32_t flag;
	const char *name;
} flag_names[] = {
	{ EXTENT_LAST, "last" },	 { EXTENT_UNKNOWN, "unknown_loc" },
	{ EXTENT_DELALLOC, "delalloc" }, { EXTENT_ENCODED, "encoded" },
	{ EXTENT_INLINE, "inline" },	 { EXTENT_UNWRITTEN, "unwritten" },
	{ EXTENT_MERGED, "merged" },	 { EXTENT_SHARED, "shared" },
};

static int print_row(const struct extent *extent, void *context)
{
	const char *separator = "";
	(void)context;

	printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " ", extent->logical, extent->physical,
	       extent->bytes);
	for (size_t i = 0; i < ARRAY_SIZE(flag_names); i++)
		if (extent->flags & flag_names[i].flag) {
			printf("%s%s", separator, flag_names[i].name);
			separator = ",";
		}
	puts(*separator ? "" : "-");
	return 0;
}

static int print_figures(int fd, const struct extent_walk_options *options)
{
	CLEANUP(layout_builder_freep) struct layout_builder *builder = layout_builder_new();
	struct layout layout;
	int r;

	if (!builder)
		return -ENOMEM;
	r = extent_walk(fd, options, layout_builder_add, builder, NULL);
	if (r < 0)
		return r;
	layout_builder_finish(builder, &layout);
	printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", layout.extents,
	       layout.fragments, layout.mapped_bytes, layout.unwritten_bytes, layout.holes);
	return 0;
}

/* The running kernel, but for FIEMAP. */
static int control_without_fiemap(void *context, int fd, unsigned long request, void *argument)
{
	(void)context;
	if (request == FS_IOC_FIEMAP)
		return -EOPNOTSUPP;
	return ioctl(fd, request, argument) < 0 ? -errno : 0;
}

static int print(const struct arguments *arguments)
{
	static const struct extent_kernel old_kernel = { .control = control_without_fiemap };
	CLEANUP(fd_closep) int fd = open(arguments->path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (arguments->figures)
		return print_figures(fd, &arguments->walk);
	if (arguments->fibmap)
		return extent_walk_on(&old_kernel, fd, &arguments->walk, print_row, NULL, NULL);
	return extent_walk(fd, &arguments->walk, print_row, NULL, NULL);
}

static bool parse(int argc, char **argv, struct arguments *ret)
{
	static const struct option options[] = { { "fibmap", no_argument, NULL, 'b' },
						 { "figures", no_argument, NULL, 'f' },
						 { "batch", required_argument, NULL, 'n' },
						 { 0 } };
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0)
		switch (option) {
		case 'b':
			ret->fibmap = true;
			break;
		case 'f':
			ret->figures = true;
			break;
		case 'n':
			ret->walk.batch = (unsigned)strtoul(optarg, NULL, 10);
			break;
		default:
			return false;
		}
	ret->path = argv[optind];
	return argc == optind + 1;
}

int main(int argc, char **argv)
{
	struct arguments arguments = { 0 };
	int r;

	if (!parse(argc, argv, &arguments))
		return 2;
	r = print(&arguments);
	if (r < 0)
		fprintf(stderr, "%s: %s\n", arguments.path, strerror(-r));
	return r < 0 || fflush(stdout) != 0;
}
