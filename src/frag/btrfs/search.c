/* SPDX-License-Identifier: MIT */
/*
 * The trees of a mounted btrfs: BTRFS_IOC_TREE_SEARCH_V2 copies items, as many as fit into the
 * buffer, and the next call continues behind the last one.
 */
#include <errno.h>
#include <linux/btrfs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "frag/btrfs/btrfs.h"

enum { BUFFER_BYTES = 256 * 1024 };

void *btrfs_buffer_new(void)
{
	return calloc(1, sizeof(struct btrfs_ioctl_search_args_v2) + BUFFER_BYTES);
}

/* Continues behind the last item; false: there are no more keys. */
static bool step(struct btrfs_ioctl_search_key *key, const struct btree_item *last)
{
	key->min_objectid = last->object;
	key->min_type = last->type;
	key->min_offset = last->offset + 1;
	if (key->min_offset)
		return true;
	key->min_type++;
	if (key->min_type <= UINT8_MAX)
		return true;
	key->min_type = 0;
	return ++key->min_objectid != 0;
}

/* Passes the items of one answer on. */
static int deliver(const struct btrfs_ioctl_search_args_v2 *search, btrfs_item_fn each,
		   void *context, struct btree_item *last)
{
	size_t at = 0;

	for (uint32_t i = 0; i < search->key.nr_items; i++) {
		struct btrfs_ioctl_search_header header;
		int r;

		if (at + sizeof(header) > BUFFER_BYTES)
			return -EIO;
		memcpy(&header, (const char *)search->buf + at, sizeof(header));
		at += sizeof(header);
		if (header.len > BUFFER_BYTES - at)
			return -EIO;
		*last = (struct btree_item) { header.objectid, header.offset, header.type,
					      (const char *)search->buf + at, header.len };
		at += header.len;
		r = each(last, context);
		if (r)
			return r;
	}
	return 0;
}

int btrfs_search(int fd, void *buffer, uint64_t tree, uint64_t from, uint64_t to,
		 btrfs_item_fn each, void *context)
{
	struct btrfs_ioctl_search_args_v2 *search = buffer;
	struct btrfs_ioctl_search_key *key = &search->key;

	*key = (struct btrfs_ioctl_search_key) {
		.tree_id = tree,
		.min_objectid = from,
		.max_objectid = to,
		.max_type = UINT8_MAX,
		.max_offset = UINT64_MAX,
		.max_transid = UINT64_MAX,
	};
	for (;;) {
		struct btree_item last = { 0 };
		int r;

		key->nr_items = UINT32_MAX;
		search->buf_size = BUFFER_BYTES;
		if (ioctl(fd, BTRFS_IOC_TREE_SEARCH_V2, search) < 0)
			return -errno;
		if (key->nr_items == 0)
			return 0;
		r = deliver(search, each, context, &last);
		if (r)
			return r;
		if (!step(key, &last) || key->min_objectid > to)
			return 0;
	}
}
