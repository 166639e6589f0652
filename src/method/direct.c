/* SPDX-License-Identifier: MIT */
/*
 * Direct I/O writes whole sectors.  Any other size is padded to the alignment and then truncated: a
 * buffered last write, as in dd, would take another path in the kernel than the one that is
 * measured.  The padding counts in written_bytes, the ftruncate() not in calls.
 *
 * A chunk must be a multiple of 512, the smallest sector size.  On a device with sectors of 4096
 * bytes direct-512 is EINVAL, that is, not supported.  The alignment is read from the kernel
 * (STATX_DIOALIGN, Linux 6.1) and enforced here, since not every file system enforces it: ext4 with
 * data=journal, and btrfs with requests of 512 bytes, use the page cache instead (seen on 6.18).
 * Where the kernel does not report it, as on btrfs and before 6.1, the block size is used.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "method/methods.h"

/* The block size, at most 4096, since network file systems report transfer sizes. */
static size_t guess_alignment(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0 || fs.f_bsize <= 0 || fs.f_bsize > ZEROES_ALIGNMENT)
		return ZEROES_ALIGNMENT;
	return (size_t)fs.f_bsize;
}

/* 0: direct I/O is not supported on this file. */
static size_t find_alignment(int fd)
{
	struct statx stx;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &stx) == 0 &&
	    (stx.stx_mask & STATX_DIOALIGN))
		return stx.stx_dio_offset_align;
	return guess_alignment(fd);
}

int direct_begin(int fd, const struct method_request *req, struct direct *ret_direct,
		 struct method_outcome *ret)
{
	size_t alignment = find_alignment(fd);
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return outcome_refuse(ret, "fcntl", errno);
	if (alignment == 0)
		return outcome_refuse(ret, "O_DIRECT", EOPNOTSUPP);
	if (req->chunk_bytes % alignment)
		return outcome_refuse(ret, "O_DIRECT", EINVAL);
	if (fcntl(fd, F_SETFL, flags | O_DIRECT) < 0)
		return outcome_refuse(ret, "O_DIRECT", errno);
	*ret_direct = (struct direct) {
		.fd = fd,
		.flags = flags,
		.alignment = alignment,
		.whole_bytes = (req->bytes + alignment - 1) / alignment * alignment,
	};
	return 0;
}

int direct_trim(const struct direct *direct, const struct method_request *req,
		struct method_outcome *ret)
{
	if (direct->whole_bytes != req->bytes && ftruncate(direct->fd, (off_t)req->bytes) < 0)
		return outcome_refuse(ret, "ftruncate", errno);
	return 0;
}

void direct_endp(struct direct *direct)
{
	if (direct->fd >= 0)
		fcntl(direct->fd, F_SETFL, direct->flags);
}

static ssize_t put(const struct zeroes_writer *writer, int fd, size_t bytes, off_t at)
{
	return pwrite(fd, writer->source, bytes, at);
}

static int allocate(int fd, const struct method_request *req, struct method_outcome *ret)
{
	CLEANUP(direct_endp) struct direct direct = DIRECT_NONE;
	CLEANUP(freep) void *zeroes = NULL;
	struct zeroes_writer writer = {
		.call = "pwrite",
		.put = put,
		.chunk_bytes = req->chunk_bytes,
	};
	int r;

	r = direct_begin(fd, req, &direct, ret);
	if (r < 0)
		return r;
	zeroes = zeroes_make(zeroes_chunk(direct.whole_bytes, req->chunk_bytes));
	if (!zeroes)
		return outcome_refuse(ret, "malloc", ENOMEM);
	writer.source = zeroes;
	writer.unit_bytes = direct.alignment;
	r = zeroes_write(&writer, fd, direct.whole_bytes, ret);
	return r < 0 ? r : direct_trim(&direct, req, ret);
}

const struct method method_direct = {
	.name = "direct",
	.summary = "write zeroes without the page cache (O_DIRECT), N bytes per call",
	.parameters = METHOD_CHUNK,
	.chunk_multiple = DIRECT_SECTOR_BYTES,
	.allocate = allocate,
};
