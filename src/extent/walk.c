/* SPDX-License-Identifier: MIT */
/*
 * FIEMAP is tried first on every file system: a list of those that support it would be wrong with
 * the next kernel.  FIBMAP is used only if the first call fails, never in the middle, so that no
 * extent is reported twice.
 */
#include "extent/extent_kernel.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * More per call is not faster: from 512 to 65536 the ioctl itself is the limit (ext4, Linux 6.18).
 */
enum { BATCH_DEFAULT = 512, BATCH_MAX = 65536 };

static int running_kernel_control(void *context, int fd, unsigned long request, void *argument)
{
	(void)context;
	return ioctl(fd, request, argument) < 0 ? -errno : 0;
}

const struct extent_kernel extent_running_kernel = { .control = running_kernel_control };

int extent_control(const struct extent_request *request, unsigned long code, void *argument)
{
	const struct extent_kernel *kernel = request->kernel;
	int r;

	do
		r = kernel->control(kernel->context, request->fd, code, argument);
	while (r == -EINTR);
	return r;
}

static unsigned batch_of(const struct extent_walk_options *options)
{
	if (!options || !options->batch)
		return BATCH_DEFAULT;
	return options->batch < BATCH_MAX ? options->batch : BATCH_MAX;
}

static int walk_blocks(const struct extent_request *request)
{
	struct stat status;

	if (request->sync && fdatasync(request->fd) < 0)
		return -errno;
	if (fstat(request->fd, &status) < 0)
		return -errno;
	return fibmap_walk(request, (uint64_t)status.st_size);
}

int extent_walk_on(const struct extent_kernel *kernel, int fd,
		   const struct extent_walk_options *options, extent_fn each, void *context,
		   enum extent_source *ret_source)
{
	const struct extent_request request = {
		.kernel = kernel,
		.fd = fd,
		.sync = options && options->sync,
		.batch = batch_of(options),
		.each = each,
		.context = context,
	};
	bool refused = false;
	int r = fiemap_walk(&request, &refused);

	if (refused)
		r = walk_blocks(&request);
	if (r >= 0 && ret_source)
		*ret_source = refused ? EXTENT_SOURCE_FIBMAP : EXTENT_SOURCE_FIEMAP;
	return r;
}

int extent_walk(int fd, const struct extent_walk_options *options, extent_fn each, void *context,
		enum extent_source *ret_source)
{
	return extent_walk_on(&extent_running_kernel, fd, options, each, context, ret_source);
}

const char *extent_source_name(enum extent_source source)
{
	static const char *const names[] = {
		[EXTENT_SOURCE_NONE] = "none",
		[EXTENT_SOURCE_FIEMAP] = "fiemap",
		[EXTENT_SOURCE_FIBMAP] = "fibmap",
	};

	return names[source];
}
