/* SPDX-License-Identifier: MIT */
/*
 * The trees of a btrfs that is not mounted, from its nodes as they lie on the
 * device.  Nothing is believed: a node has to have the address, the level, the
 * generation and the first key that the node above said, its keys have to rise,
 * and its checksum has to be right.  The keys alone see to it that no node is met
 * twice in one search, so that no damage can hold us.
 *
 * A node that fails is looked for in its other copy (DUP, RAID1); if that fails,
 * too, it is kept in a list, once, and the search goes on behind it.
 *
 * The superblock is not described by any header of the kernel before Linux 6.2,
 * so its fields are named here by their places.
 */
#include <errno.h>
#include <linux/btrfs_tree.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "frag/btrfs/btrfs.h"
#include "frag/scan/bytes.h"
#include "base/cleanup.h"
#include "frag/frag.h"

enum {
	LEVELS_MAX = 8,
	SUPER_BYTES = 4096,
	CHUNKS_MAX = 1 << 20,
	NODE_BYTES_MAX = 1 << 16,

	SUM_BYTES = 32,
	SUPER_AT = 1 << 16,
	SUPER_MIRROR_AT = 1 << 26,

	SUPER_ADDRESS = 48,
	SUPER_MAGIC = 64,
	SUPER_GENERATION = 72,
	SUPER_ROOT = 80,
	SUPER_CHUNK_ROOT = 88,
	SUPER_LOG_ROOT = 96,
	SUPER_BLOCK_BYTES = 144,
	SUPER_NODE_BYTES = 148,
	SUPER_CHUNKS_BYTES = 160,
	SUPER_CHUNK_GENERATION = 164,
	SUPER_INCOMPAT = 188,
	SUPER_SUM_TYPE = 196,
	SUPER_ROOT_LEVEL = 198,
	SUPER_CHUNK_LEVEL = 199,
	SUPER_DEVICE = 201, /* struct btrfs_dev_item */
	SUPER_CHUNKS = 811,
	SUPER_CHUNKS_MAX = 2048,

	NODE_ADDRESS = 48,
	NODE_GENERATION = 80,
	NODE_COUNT = 96,
	NODE_LEVEL = 100,
	NODE_HEAD = 101,
	KEY_BYTES = 17,
	POINTER_BYTES = KEY_BYTES + 16, /* key, address, generation */
	ITEM_BYTES = KEY_BYTES + 8,	/* key, offset and size of the data */
};

/* Formats that are not understood: the second extent tree. */
static const uint64_t incompat_refused = 1ull << 13;
static const char magic[8] = { '_', 'B', 'H', 'R', 'f', 'S', '_', 'M' };

/* ---- keys ---- */

struct key {
	uint64_t object, offset;
	uint8_t type;
};

static struct key key_at(const void *base, size_t at)
{
	return (struct key) { get_le64(base, at), get_le64(base, at + 9), get_u8(base, at + 8) };
}

static int compare(const struct key *one, const struct key *other)
{
	if (one->object != other->object)
		return one->object < other->object ? -1 : 1;
	if (one->type != other->type)
		return one->type < other->type ? -1 : 1;
	return one->offset < other->offset ? -1 : one->offset > other->offset;
}

/* ---- where a node lies ---- */

static bool is_copied(const struct btrfs_chunk_place *chunk)
{
	return chunk->type & (BTRFS_BLOCK_GROUP_DUP | BTRFS_BLOCK_GROUP_RAID1_MASK);
}

static uint16_t copies_of(const struct btrfs_chunk_place *chunk)
{
	if (chunk->type & BTRFS_BLOCK_GROUP_RAID10)
		return chunk->sub_pieces;
	return is_copied(chunk) ? chunk->pieces : 1;
}

static int by_address(const void *one, const void *other)
{
	const struct btrfs_chunk_place *a = one, *b = other;

	return a->logical < b->logical ? -1 : a->logical > b->logical;
}

static const struct btrfs_chunk_place *find_chunk(const struct btrfs_image *image, uint64_t logical)
{
	size_t from = 0, to = image->chunk_count;

	while (from < to) {
		size_t middle = (from + to) / 2;
		const struct btrfs_chunk_place *chunk = &image->chunk[middle];

		if (logical < chunk->logical)
			to = middle;
		else if (logical - chunk->logical >= chunk->bytes)
			from = middle + 1;
		else
			return chunk;
	}
	return NULL;
}

/*
 * The piece of a chunk that holds a copy of `logical`, and where in it.  With
 * stripes (RAID0, RAID10) they take turns.
 */
static const struct btrfs_piece *find_piece(const struct btrfs_image *image,
					    const struct btrfs_chunk_place *chunk, uint64_t logical,
					    uint16_t copy, uint64_t *ret_at)
{
	const struct btrfs_piece *pieces = &image->piece[chunk->first_piece];
	uint64_t at = logical - chunk->logical, turn, copies = copies_of(chunk);

	*ret_at = at;
	if (!(chunk->type & (BTRFS_BLOCK_GROUP_RAID0 | BTRFS_BLOCK_GROUP_RAID10)))
		return &pieces[copy];
	turn = at / chunk->piece_bytes;
	*ret_at = turn / (chunk->pieces / copies) * chunk->piece_bytes + at % chunk->piece_bytes;
	return &pieces[turn % (chunk->pieces / copies) * copies + copy];
}

static int read_copy(const struct btrfs_image *image, const struct btrfs_chunk_place *chunk,
		     uint64_t logical, uint16_t copy, void *to)
{
	uint64_t at;
	const struct btrfs_piece *piece = find_piece(image, chunk, logical, copy, &at);

	if (piece->device != image->device)
		return -ENXIO;
	if (__builtin_add_overflow(piece->physical, at, &at))
		return -EUCLEAN;
	return image->image->read(image->image, at, to, image->node_bytes);
}

/* ---- nodes ---- */

static bool has_right_sum(const struct btrfs_image *image, const void *data, size_t bytes)
{
	if (!image->has_checksums || image->image->ignores_checksums)
		return true;
	return get_le32(data, 0) ==
	       image_checksum((const char *)data + SUM_BYTES, bytes - SUM_BYTES);
}

static size_t entry_bytes(uint8_t level)
{
	return level ? POINTER_BYTES : ITEM_BYTES;
}

/* The keys rise from `first`, where one is given, and stay below `end`. */
static bool has_right_keys(const void *node, uint32_t count, uint8_t level, const struct key *first,
			   const struct key *end)
{
	struct key last, key;

	for (uint32_t i = 0; i < count; i++, last = key) {
		key = key_at(node, NODE_HEAD + i * entry_bytes(level));
		if (i == 0 && first && compare(&key, first) != 0)
			return false;
		if ((i && compare(&key, &last) <= 0) || (end && compare(&key, end) >= 0))
			return false;
	}
	return true;
}

/* What the node above says of one below it. */
struct expected {
	struct btrfs_root root;
	const struct key *first, *end; /* NULL: nothing */
};

static bool is_right(const struct btrfs_image *image, const void *node,
		     const struct expected *expected)
{
	uint8_t level = expected->root.level;
	uint32_t count = get_le32(node, NODE_COUNT);

	return get_le64(node, NODE_ADDRESS) == expected->root.node &&
	       get_le64(node, NODE_GENERATION) == expected->root.generation &&
	       get_u8(node, NODE_LEVEL) == level &&
	       count <= (image->node_bytes - NODE_HEAD) / entry_bytes(level) &&
	       (count || !expected->first) && has_right_sum(image, node, image->node_bytes) &&
	       has_right_keys(node, count, level, expected->first, expected->end);
}

static int read_node(const struct btrfs_image *image, const struct expected *expected, void *to)
{
	const struct btrfs_chunk_place *chunk = find_chunk(image, expected->root.node);
	int r = -EUCLEAN;

	if (!chunk || chunk->bytes - (expected->root.node - chunk->logical) < image->node_bytes)
		return r;
	for (uint16_t copy = 0; copy < copies_of(chunk); copy++) {
		r = read_copy(image, chunk, expected->root.node, copy, to);
		if (r == 0 && is_right(image, to, expected))
			return 0;
	}
	return r < 0 ? r : -EUCLEAN;
}

static void note_damage(struct btrfs_image *image, uint64_t node, int error)
{
	size_t i = 0;

	pthread_mutex_lock(&image->lock);
	while (i < image->damage_count && image->damage[i].node != node)
		i++;
	if (i == image->damage_count && i < BTRFS_DAMAGE_MAX) {
		image->damage[i].node = node;
		image->damage[i].error = error;
		image->damage_count++;
	}
	pthread_mutex_unlock(&image->lock);
}

/* ---- trees ---- */

/* A node for each level, which stays until another one is needed there. */
struct buffer {
	uint64_t tree; /* 0: none */
	struct btrfs_root root;
	uint64_t node[LEVELS_MAX]; /* 0: none */
	char data[];
};

struct search {
	struct btrfs_image *image;
	struct buffer *buffer;
	uint64_t from, to;
	btrfs_item_fn each;
	void *context;
};

static char *node_of(const struct search *search, uint8_t level)
{
	return search->buffer->data + level * (size_t)search->image->node_bytes;
}

static int load(const struct search *search, const struct expected *expected)
{
	uint8_t level = expected->root.level;
	int r;

	if (search->buffer->node[level] == expected->root.node) {
		struct key first = key_at(node_of(search, level), NODE_HEAD);

		return expected->first && compare(&first, expected->first) ? -EUCLEAN : 0;
	}
	search->buffer->node[level] = 0;
	r = read_node(search->image, expected, node_of(search, level));
	if (r == 0)
		search->buffer->node[level] = expected->root.node;
	return r;
}

/* 1: behind what is searched for. */
static int deliver(const struct search *search, const char *leaf)
{
	uint32_t count = get_le32(leaf, NODE_COUNT);

	for (uint32_t i = 0; i < count; i++) {
		size_t at = NODE_HEAD + i * (size_t)ITEM_BYTES;
		struct key key = key_at(leaf, at);
		uint64_t data = NODE_HEAD + (uint64_t)get_le32(leaf, at + KEY_BYTES);
		uint32_t bytes = get_le32(leaf, at + KEY_BYTES + 4);
		struct btree_item item = { key.object, key.offset, key.type, leaf + data, bytes };
		int r;

		if (key.object < search->from)
			continue;
		if (key.object > search->to)
			return 0;
		if (data > search->image->node_bytes || bytes > search->image->node_bytes - data) {
			note_damage(search->image, get_le64(leaf, NODE_ADDRESS), -EUCLEAN);
			continue;
		}
		r = search->each(&item, search->context);
		if (r)
			return r;
	}
	return 0;
}

static int descend(const struct search *search, const struct expected *expected)
{
	uint8_t level = expected->root.level;
	const char *node = node_of(search, level);
	uint32_t count;
	int r = load(search, expected);

	if (r < 0) {
		note_damage(search->image, expected->root.node, r);
		return 0;
	}
	if (level == 0)
		return deliver(search, node);
	count = get_le32(node, NODE_COUNT);
	for (uint32_t i = 0; r == 0 && i < count; i++) {
		size_t at = NODE_HEAD + i * (size_t)POINTER_BYTES;
		struct key first = key_at(node, at), end = { 0 };
		bool is_last = i + 1 == count;
		const struct expected below = {
			.root = { get_le64(node, at + KEY_BYTES),
				  get_le64(node, at + KEY_BYTES + 8), level - 1 },
			.first = &first,
			.end = is_last ? expected->end : &end,
		};

		if (!is_last)
			end = key_at(node, at + POINTER_BYTES);
		if (first.object > search->to)
			break;
		if (!is_last && end.object < search->from)
			continue;
		r = descend(search, &below);
	}
	return r;
}

static int search_root(const struct search *search, const struct btrfs_root *root)
{
	return descend(search, &(struct expected) { .root = *root });
}

/* ---- roots ---- */

/* The item with the greatest offset is the newest. */
static int take_root(const struct btree_item *item, void *context)
{
	struct btrfs_root *root = context;
	const size_t bytes = offsetof(struct btrfs_root_item, generation_v2);
	uint8_t level;

	if (item->type != BTRFS_ROOT_ITEM_KEY || item->bytes < bytes)
		return 0;
	level = get_u8(item->data, offsetof(struct btrfs_root_item, level));
	if (level >= LEVELS_MAX)
		return 0;
	*root = (struct btrfs_root) {
		.node = get_le64(item->data, offsetof(struct btrfs_root_item, bytenr)),
		.generation = get_le64(item->data, offsetof(struct btrfs_root_item, generation)),
		.level = level,
	};
	return 0;
}

static int find_root(struct btrfs_image *image, struct buffer *buffer, uint64_t tree)
{
	struct btrfs_root root = { 0 };
	const struct search search = { image, buffer, tree, tree, take_root, &root };
	int r = 0;

	if (buffer->tree == tree)
		return 0;
	if (tree == BTRFS_ROOT_TREE_OBJECTID)
		root = image->root_tree;
	else if (tree == BTRFS_CHUNK_TREE_OBJECTID)
		root = image->chunk_tree;
	else
		r = search_root(&search, &image->root_tree);
	if (r < 0)
		return r;
	if (root.node == 0)
		return -ENOENT;
	buffer->tree = tree;
	buffer->root = root;
	return 0;
}

static int search_unmounted(const struct btrfs_trees *trees, void *buffer, uint64_t tree,
			    uint64_t from, uint64_t to, btrfs_item_fn each, void *context)
{
	/* The list of damage is all that changes, and it has a lock. */
	struct btrfs_image *image = (struct btrfs_image *)trees->context;
	const struct search search = { image, buffer, from, to, each, context };
	int r = find_root(image, buffer, tree);

	return r < 0 ? r : search_root(&search, &search.buffer->root);
}

struct btrfs_trees btrfs_unmounted(struct btrfs_image *image)
{
	return (struct btrfs_trees) {
		.buffer_bytes = sizeof(struct buffer) + LEVELS_MAX * (size_t)image->node_bytes,
		.search = search_unmounted,
		.context = image,
		.fd = -1,
	};
}

/* ---- chunks ---- */

static bool makes_sense(const struct btrfs_chunk_place *chunk)
{
	uint64_t end;

	if (chunk->pieces == 0 || chunk->bytes == 0 ||
	    __builtin_add_overflow(chunk->logical, chunk->bytes, &end))
		return false;
	if (chunk->type & BTRFS_BLOCK_GROUP_RAID10 &&
	    (chunk->sub_pieces == 0 || chunk->pieces % chunk->sub_pieces))
		return false;
	return is_power_between(chunk->piece_bytes, 4096, 1 << 30);
}

static int add_piece(struct btrfs_image *image, const char *piece)
{
	if (ARRAY_ROOM(image->piece, image->piece_count) < 0)
		return -ENOMEM;
	image->piece[image->piece_count++] = (struct btrfs_piece) {
		.device = get_le64(piece, offsetof(struct btrfs_stripe, devid)),
		.physical = get_le64(piece, offsetof(struct btrfs_stripe, offset)),
	};
	return 0;
}

/* -EUCLEAN: it makes no sense. */
static int add_chunk(struct btrfs_image *image, uint64_t logical, const char *data, size_t bytes)
{
	const size_t head = offsetof(struct btrfs_chunk, stripe);
	struct btrfs_chunk_place chunk = { .logical = logical, .first_piece = image->piece_count };
	int r = 0;

	if (bytes < head || image->chunk_count >= CHUNKS_MAX)
		return -EUCLEAN;
	chunk.bytes = get_le64(data, offsetof(struct btrfs_chunk, length));
	chunk.piece_bytes = get_le64(data, offsetof(struct btrfs_chunk, stripe_len));
	chunk.type = get_le64(data, offsetof(struct btrfs_chunk, type));
	chunk.pieces = get_le16(data, offsetof(struct btrfs_chunk, num_stripes));
	chunk.sub_pieces = get_le16(data, offsetof(struct btrfs_chunk, sub_stripes));
	if (!makes_sense(&chunk) || (bytes - head) / sizeof(struct btrfs_stripe) < chunk.pieces)
		return -EUCLEAN;
	for (size_t i = 0; r == 0 && i < chunk.pieces; i++)
		r = add_piece(image, data + head + i * sizeof(struct btrfs_stripe));
	if (r < 0 || ARRAY_ROOM(image->chunk, image->chunk_count) < 0)
		return -ENOMEM;
	image->chunk[image->chunk_count++] = chunk;
	return 0;
}

static void sort_chunks(struct btrfs_image *image)
{
	qsort(image->chunk, image->chunk_count, sizeof(*image->chunk), by_address);
}

/* Those in the superblock are enough to read the tree of chunks. */
static int add_first_chunks(struct btrfs_image *image, const char *super)
{
	uint32_t bytes = get_le32(super, SUPER_CHUNKS_BYTES);

	if (bytes > SUPER_CHUNKS_MAX)
		return -EUCLEAN;
	for (size_t at = 0; at + KEY_BYTES + sizeof(struct btrfs_chunk) <= bytes;) {
		const char *entry = super + SUPER_CHUNKS + at;
		size_t pieces =
			get_le16(entry, KEY_BYTES + offsetof(struct btrfs_chunk, num_stripes));
		int r = add_chunk(image, key_at(entry, 0).offset, entry + KEY_BYTES,
				  bytes - at - KEY_BYTES);

		if (r < 0)
			return r;
		at += KEY_BYTES + offsetof(struct btrfs_chunk, stripe) +
		      pieces * sizeof(struct btrfs_stripe);
	}
	sort_chunks(image);
	return 0;
}

static int take_chunk(const struct btree_item *item, void *context)
{
	int r;

	if (item->type != BTRFS_CHUNK_ITEM_KEY)
		return 0;
	r = add_chunk(context, item->offset, item->data, item->bytes);
	return r == -ENOMEM ? r : 0;
}

static void chunks_clear(struct btrfs_image *image)
{
	free(TAKE_PTR(image->chunk));
	free(TAKE_PTR(image->piece));
	image->chunk_count = image->piece_count = 0;
}

/* The tree is read by means of the first chunks, which then are among its own. */
static int read_chunks(struct btrfs_image *image)
{
	struct btrfs_image whole = { .image = image->image, .node_bytes = image->node_bytes };
	struct btrfs_trees trees = btrfs_unmounted(image);
	CLEANUP(freep) void *buffer = btrfs_buffer_new(&trees);
	int r = buffer ? btrfs_search(&trees, buffer, BTRFS_CHUNK_TREE_OBJECTID, 0, UINT64_MAX,
				      take_chunk, &whole)
		       : -ENOMEM;

	if (r < 0 || whole.chunk_count == 0) {
		chunks_clear(&whole);
		return r < 0 ? r : -EUCLEAN;
	}
	chunks_clear(image);
	image->chunk = whole.chunk;
	image->chunk_count = whole.chunk_count;
	image->piece = whole.piece;
	image->piece_count = whole.piece_count;
	sort_chunks(image);
	return 0;
}

/* Whether each piece of it, or a copy, lies on the device that we have. */
static bool is_chunk_here(const struct btrfs_image *image, const struct btrfs_chunk_place *chunk)
{
	uint16_t copies = copies_of(chunk);

	if (chunk->type & BTRFS_BLOCK_GROUP_RAID56_MASK)
		return false;
	for (size_t i = 0; i < chunk->pieces; i += copies) {
		bool found = false;

		for (size_t copy = 0; copy < copies; copy++)
			found |=
				image->piece[chunk->first_piece + i + copy].device == image->device;
		if (!found)
			return false;
	}
	return true;
}

static bool is_metadata_here(const struct btrfs_image *image)
{
	for (size_t i = 0; i < image->chunk_count; i++)
		if (image->chunk[i].type &
			    (BTRFS_BLOCK_GROUP_METADATA | BTRFS_BLOCK_GROUP_SYSTEM) &&
		    !is_chunk_here(image, &image->chunk[i]))
			return false;
	return true;
}

/* ---- the superblock ---- */

/* The second one is for the case that the first one is damaged. */
static int read_super(struct btrfs_image *image, char super[static SUPER_BYTES])
{
	static const uint64_t places[] = { SUPER_AT, SUPER_MIRROR_AT };
	int r = -EOPNOTSUPP;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (image->image->read(image->image, places[i], super, SUPER_BYTES) < 0 ||
		    memcmp(super + SUPER_MAGIC, magic, sizeof(magic)) != 0 ||
		    get_le64(super, SUPER_ADDRESS) != places[i])
			continue;
		image->has_checksums = get_le16(super, SUPER_SUM_TYPE) == 0;
		if (has_right_sum(image, super, SUPER_BYTES))
			return 0;
		r = -EBADMSG;
	}
	return r;
}

static int learn(struct btrfs_image *image, const char *super)
{
	const char *device = super + SUPER_DEVICE;

	image->block_bytes = get_le32(super, SUPER_BLOCK_BYTES);
	image->node_bytes = get_le32(super, SUPER_NODE_BYTES);
	image->device = get_le64(device, offsetof(struct btrfs_dev_item, devid));
	image->device_bytes = get_le64(device, offsetof(struct btrfs_dev_item, total_bytes));
	image->has_log = get_le64(super, SUPER_LOG_ROOT) != 0;
	image->root_tree = (struct btrfs_root) {
		.node = get_le64(super, SUPER_ROOT),
		.generation = get_le64(super, SUPER_GENERATION),
		.level = (uint8_t)super[SUPER_ROOT_LEVEL],
	};
	image->chunk_tree = (struct btrfs_root) {
		.node = get_le64(super, SUPER_CHUNK_ROOT),
		.generation = get_le64(super, SUPER_CHUNK_GENERATION),
		.level = (uint8_t)super[SUPER_CHUNK_LEVEL],
	};
	if (!is_power_between(image->block_bytes, 512, NODE_BYTES_MAX) ||
	    !is_power_between(image->node_bytes, image->block_bytes, NODE_BYTES_MAX) ||
	    image->root_tree.level >= LEVELS_MAX || image->chunk_tree.level >= LEVELS_MAX)
		return -EUCLEAN;
	return 0;
}

static int refuse(const char *name, const char *why, struct problem *problem)
{
	return problem_set(problem, PROBLEM_LACK, EOPNOTSUPP,
			   "%s: %s; mount it and name the mount point", name, why);
}

static int open_trees(struct btrfs_image *image, const char *name, struct problem *problem)
{
	char super[SUPER_BYTES];
	int r = read_super(image, super);
	bool is_here;

	if (r == -EOPNOTSUPP)
		return r;
	if (r == 0 && get_le64(super, SUPER_INCOMPAT) & incompat_refused)
		return refuse(name, "its btrfs has a newer kind of extent tree", problem);
	if (r == 0)
		r = learn(image, super);
	if (r == 0)
		r = add_first_chunks(image, super);
	is_here = r == 0 && is_metadata_here(image);
	if (is_here)
		r = read_chunks(image);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return problem_set(
			problem, PROBLEM_VERDICT, EBADMSG,
			"%s: its superblock or its tree of chunks is damaged; run btrfs check",
			name);
	if (!is_here || !is_metadata_here(image))
		return refuse(
			name,
			"it is one of several devices of a btrfs and does not contain all metadata",
			problem);
	return 0;
}

int btrfs_image_open(const struct image *source, const char *name, struct btrfs_image **ret,
		     struct problem *problem)
{
	CLEANUP(btrfs_image_closep) struct btrfs_image *image = calloc(1, sizeof(*image));
	int r;

	if (!image)
		return -ENOMEM;
	image->image = source;
	pthread_mutex_init(&image->lock, NULL);
	r = open_trees(image, name, problem);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(image);
	return 0;
}

void btrfs_image_closep(struct btrfs_image **image)
{
	if (!*image)
		return;
	chunks_clear(*image);
	pthread_mutex_destroy(&(*image)->lock);
	free(*image);
}
