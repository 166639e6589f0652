/* SPDX-License-Identifier: MIT */
/*
 * Volume sources are tried in turn; each knows at once whether it can read the file system.  If
 * none can, for lack of permission or of a source, a mounted file system is walked, and the
 * result says so.
 */
#include "frag/scan/source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "frag/frag.h"
#include "frag/scan/image.h"
#include "frag/account/free_space.h"
#include "frag/account/file.h"
#include "extent/extent_kernel.h"

static const struct volume_source *const sources[] = { &volume_source_ext, &volume_source_xfs,
						       &volume_source_btrfs };

/* ---- the walk ---- */

struct single {
	const char *path;
};

static int next_single(void *context, const char **ret_name)
{
	struct single *single = context;

	*ret_name = TAKE_PTR(single->path);
	return *ret_name != NULL;
}

static int walk(const struct frag_settings *settings, const struct scan_target *target,
		struct frag_result *ret, struct problem *problem)
{
	struct frag_settings one_filesystem = *settings;
	struct single single = { target->mount.point ? target->mount.point : target->path };
	int r;

	one_filesystem.one_filesystem = true;
	r = frag_walk(&one_filesystem, &(struct frag_names) { next_single, &single }, ret, problem);
	if (r < 0)
		return r;
	ret->free = calloc(1, sizeof(*ret->free));
	if (!ret->free)
		return -ENOMEM;
	if (free_space_by_fsmap(&extent_running_kernel, target->fd, target->facts.device,
				ret->free) < 0)
		free(TAKE_PTR(ret->free));
	return frag_result_note(
		ret, target->device
			     ? "The file system was scanned file by file, because its device "
			       "could not be read (no permission, or an unsupported type)."
			     : "The file system was scanned file by file, because it has no "
			       "block device.");
}

/* ---- the target ---- */

static int open_target(struct scan_target *target, struct problem *problem)
{
	CLEANUP(fd_closep) int fd = frag_open(AT_FDCWD, target->path, true);
	struct stat status;

	if (fd < 0)
		return problem_set(problem, PROBLEM_VERDICT, -fd, "%s: cannot be opened: %s",
				   target->path, strerror(-fd));
	if (fstat(fd, &status) < 0 || filesystem_read(fd, &target->facts) < 0)
		return problem_set(problem, PROBLEM_VERDICT, errno, "%s: %s", target->path,
				   strerror(errno));
	if (S_ISDIR(status.st_mode)) {
		target->fd = TAKE_FD(fd);
		if (filesystem_mount(target->fd, &target->mount) < 0)
			return -ENOMEM;
		target->device = target->mount.device;
		return 0;
	}
	if (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode))
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "%s is not a mount point, a device or an image", target->path);
	if (S_ISBLK(status.st_mode))
		target->facts.is_flash = filesystem_rotates(status.st_rdev) <= 0;
	target->device = target->path;
	return 0;
}

static void target_closep(struct scan_target *target)
{
	target->fd = fd_close(target->fd);
	filesystem_mount_clear(&target->mount);
}

int frag_volume(const struct frag_settings *settings, const char *path, struct frag_result *ret,
		struct problem *problem)
{
	CLEANUP(target_closep) struct scan_target target = { .path = path, .fd = -1 };
	int r = open_target(&target, problem);

	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		*ret = (struct frag_result) {
			.source = sources[i]->name,
			.paths_inside = target.fd < 0,
		};
		r = frag_result_init(ret, settings);
		if (r == 0)
			r = sources[i]->scan(settings, &target, ret, problem);
		totals_finish(&ret->totals);
		if (r == 0 && target.fd < 0)
			r = image_note_member(path, ret);
		/* A mounted file system can still be walked. */
		if (r != -EOPNOTSUPP && r != -EACCES && r != -EPERM &&
		    (r != -EBADMSG || target.fd < 0))
			return r;
		frag_result_clear(ret);
	}
	if (target.fd >= 0)
		return walk(settings, &target, ret, problem);
	/* A source has said why it cannot be read. */
	if (problem && problem->message)
		return -EOPNOTSUPP;
	if (r != -EOPNOTSUPP)
		return problem_set(problem, PROBLEM_VERDICT, -r, "%s: cannot be opened: %s", path,
				   strerror(-r));
	return image_refuse(path, problem);
}
