/* SPDX-License-Identifier: MIT */
/*
 * A file of a hundred million extents takes a minute, so the progress is told and
 * the wish to stop looked for in between, but not for each extent: that would be a
 * system call each.
 */
#include "frag/scan/named.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include "base/cleanup.h"

enum { EXTENTS_BETWEEN_LOOKS = 8192 };

struct watcher {
	const struct frag_settings *settings;
	const struct frag_file *file;
	uint64_t extents;
	extent_fn also;
	void *also_context;
};

void frag_named_close(struct frag_named *named)
{
	named->fd = fd_close(named->fd);
}

int frag_named_open(const struct frag_settings *settings, const char *path, struct frag_named *ret)
{
	struct frag_named named = { .fd = frag_open(AT_FDCWD, path, true) };
	struct stat status;
	int r = named.fd;

	if (r >= 0)
		r = fstat(named.fd, &status) < 0 ? -errno : 0;
	if (r == 0 && !S_ISREG(status.st_mode))
		r = S_ISDIR(status.st_mode) ? -EISDIR : -EINVAL;
	if (r == 0)
		r = filesystem_look(named.fd, &named.facts);
	if (r < 0) {
		frag_named_close(&named);
		return r;
	}
	named.model = frag_model_for(settings, &named.facts);
	named.file = (struct frag_file) {
		.path = path,
		.device = status.st_dev,
		.inode = status.st_ino,
		.size_bytes = (uint64_t)status.st_size,
		.disk_bytes = (uint64_t)status.st_blocks * 512,
	};
	*ret = named;
	return 0;
}

static int look_around(const struct watcher *watcher, const struct extent *extent)
{
	const struct frag_settings *settings = watcher->settings;
	struct pollfd cancel = { .fd = settings->cancel_fd, .events = POLLIN };

	if (settings->file_tick)
		settings->file_tick(watcher->file, watcher->extents,
				    extent->logical + extent->bytes, settings->tick_context);
	return poll(&cancel, 1, 0) > 0 ? -ECANCELED : 0;
}

static int watch(const struct extent *extent, void *context)
{
	struct watcher *watcher = context;

	if (++watcher->extents % EXTENTS_BETWEEN_LOOKS == 0 && look_around(watcher, extent) < 0)
		return -ECANCELED;
	return watcher->also ? watcher->also(extent, watcher->also_context) : 0;
}

int frag_named_read(const struct frag_settings *settings, struct frag_named *named,
		    struct totals *totals, extent_fn also, void *also_context)
{
	struct watcher watcher = { settings, &named->file, 0, also, also_context };
	struct frag_collector collector = {
		.model = named->model,
		.file_bytes = settings->map_in_order ? named->file.size_bytes : 0,
		.shared = totals ? &totals->shared : NULL,
		.map = totals ? totals->map : NULL,
		.parts = settings->with_parts ? &named->parts : NULL,
		.also = watch,
		.also_context = &watcher,
	};
	int r;

	parts_init(&named->parts, named->file.size_bytes, named->facts.block_bytes);
	r = frag_file_read(named->fd, &named->facts, settings->sync, &collector, &named->file);

	/* What comes behind is not known to be a hole. */
	if (r == -ECANCELED)
		collector.sums.logical_end = named->file.size_bytes;
	if (r == -ECANCELED)
		frag_collected(&collector, &named->facts, false, &named->file);
	if ((r == 0 || r == -ECANCELED) && totals) {
		int added = totals_add(totals, &named->file);

		r = added < 0 ? added : r;
	}
	return r;
}
