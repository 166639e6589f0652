/* SPDX-License-Identifier: MIT */
/*
 * Free runs are what a rewritten file is made of: where the largest one has 6 MiB, a
 * file of 120 MiB stays in pieces, and e4defrag reports success all the same.
 *
 * Reading them takes as long as reading all bitmaps of the volume, so that it is
 * left until a file is met that is worth it.  The kernel answers for ext4 and xfs;
 * btrfs has its own tree, which only root may read.  Of others, the sum is known.
 */
#include "frag/account/met.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/statfs.h>

#include "frag/btrfs/btrfs.h"
#include "base/cleanup.h"
#include "extent/extent_kernel.h"

enum { MET_MAX = 64 };

struct met_filesystem {
	struct filesystem_facts facts;
	int fd;
	struct free_space *space; /* NULL: not known, or not read yet */
	bool is_read;
};

struct met {
	pthread_mutex_t lock;
	int cancel_fd;
	struct met_filesystem filesystems[MET_MAX];
	unsigned count;
	const struct filesystem_facts *whole;
	const struct free_space *whole_space;
};

struct met *met_new(int cancel_fd)
{
	struct met *met = calloc(1, sizeof(*met));

	if (!met)
		return NULL;
	met->cancel_fd = cancel_fd;
	pthread_mutex_init(&met->lock, NULL);
	return met;
}

void met_free(struct met *met)
{
	for (unsigned i = 0; met && i < met->count; i++) {
		fd_close(met->filesystems[i].fd);
		free(met->filesystems[i].space);
	}
	if (met)
		pthread_mutex_destroy(&met->lock);
	free(met);
}

static struct met_filesystem *find(const struct met *met, uint64_t device)
{
	for (unsigned i = 0; i < met->count; i++)
		if (met->filesystems[i].facts.device == device)
			return (struct met_filesystem *)&met->filesystems[i];
	return NULL;
}

void met_add(struct met *met, const struct filesystem_facts *facts, int fd)
{
	pthread_mutex_lock(&met->lock);
	if (met->count < MET_MAX && !find(met, facts->device))
		met->filesystems[met->count++] = (struct met_filesystem) {
			.facts = *facts,
			.fd = fcntl(fd, F_DUPFD_CLOEXEC, 0),
		};
	pthread_mutex_unlock(&met->lock);
}

void met_set_whole(struct met *met, const struct filesystem_facts *facts,
		   const struct free_space *space)
{
	met->whole = facts;
	met->whole_space = space;
}

const struct filesystem_facts *met_facts(const struct met *met, uint64_t device)
{
	const struct met_filesystem *filesystem = find(met, device);

	return met->whole ? met->whole : filesystem ? &filesystem->facts : NULL;
}

const struct free_space *met_space(const struct met *met, uint64_t device)
{
	const struct met_filesystem *filesystem = find(met, device);

	return met->whole ? met->whole_space : filesystem ? filesystem->space : NULL;
}

/* ---- what is free ---- */

/* Ctrl-C has not to wait for all the bitmaps. */
static int control(void *context, int fd, unsigned long request, void *argument)
{
	const struct met *met = context;
	struct pollfd cancel = { .fd = met->cancel_fd, .events = POLLIN };

	if (poll(&cancel, 1, 0) > 0)
		return -ECANCELED;
	return extent_running_kernel.control(extent_running_kernel.context, fd, request, argument);
}

static int read_runs(struct met *met, const struct met_filesystem *filesystem,
		     struct free_space *space)
{
	const struct extent_kernel kernel = { control, met };

	const struct btrfs_trees trees = { filesystem->fd };

	if (filesystem->facts.magic == BTRFS_SUPER_MAGIC)
		return btrfs_read_free(&trees, filesystem->facts.block_bytes, space);
	return free_space_by_fsmap(&kernel, filesystem->fd, filesystem->facts.device, space);
}

static void read_space(struct met *met, struct met_filesystem *filesystem)
{
	CLEANUP(freep) struct free_space *space = calloc(1, sizeof(*space));

	filesystem->is_read = true;
	if (space && filesystem->fd >= 0 && read_runs(met, filesystem, space) == 0)
		filesystem->space = TAKE_PTR(space);
}

/* Where runs are not known: whether it fits. */
static uint64_t by_sum(const struct met_filesystem *filesystem, uint64_t bytes)
{
	struct statfs sums;
	uint64_t blocks;

	if (filesystem->fd < 0 || fstatfs(filesystem->fd, &sums) < 0 || sums.f_bsize <= 0)
		return MET_NOT_KNOWN;
	blocks = geteuid() == 0 ? sums.f_bfree : sums.f_bavail;
	return bytes / (uint64_t)sums.f_bsize > blocks ? 0 : MET_NOT_KNOWN;
}

/* By a tool that works through the file piece by piece, what is freed serves again. */
static uint64_t by_runs(const struct filesystem_facts *facts, const struct free_space *space,
			uint64_t bytes)
{
	if (facts->kind->copies_whole)
		return free_space_fragments(space, bytes);
	return space->largest_bytes ? (bytes + space->largest_bytes - 1) / space->largest_bytes : 0;
}

uint64_t met_least_fragments(struct met *met, uint64_t device, uint64_t bytes)
{
	struct met_filesystem *filesystem;
	uint64_t least = MET_NOT_KNOWN;

	if (met->whole)
		return met->whole_space ? by_runs(met->whole, met->whole_space, bytes)
					: MET_NOT_KNOWN;
	pthread_mutex_lock(&met->lock);
	filesystem = find(met, device);
	if (filesystem && !filesystem->is_read)
		read_space(met, filesystem);
	if (filesystem && filesystem->space)
		least = by_runs(&filesystem->facts, filesystem->space, bytes);
	else if (filesystem && filesystem->facts.kind->copies_whole)
		least = by_sum(filesystem, bytes);
	pthread_mutex_unlock(&met->lock);
	return least;
}
