/* SPDX-License-Identifier: MIT */
/*
 * The file systems that a walk meets, each looked at once.  Of ext2, ext3 and ext4
 * the inode tables are read if that is allowed and there is enough to read.
 */
#include <errno.h>
#include <linux/magic.h>

#include "base/cleanup.h"
#include "frag/scan/walker.h"

enum { FILES_WORTH_TABLES = 1000 /* fewer are seen sooner than descriptors are read */ };

static struct walk_filesystem *find(struct walk *walk, uint64_t device)
{
	for (unsigned i = 0; i < walk->filesystem_count; i++)
		if (walk->filesystems[i].facts.device == device)
			return &walk->filesystems[i];
	return NULL;
}

static struct walk_filesystem *add(struct walk *walk, const struct filesystem_facts *facts)
{
	if (walk->filesystem_count == 0) {
		walk->result->facts = *facts;
		walk->result->model = frag_model_for(walk->settings, facts);
	}
	if (walk->filesystem_count == WALK_FILESYSTEMS_MAX)
		return NULL;
	walk->filesystems[walk->filesystem_count] = (struct walk_filesystem) { .facts = *facts };
	return &walk->filesystems[walk->filesystem_count++];
}

int walk_use_facts(struct worker *worker, uint64_t device, int fd)
{
	struct walk *walk = worker->walk;
	int r = 0;

	if (worker->model && worker->facts.device == device)
		return 0;
	pthread_mutex_lock(&walk->filesystems_lock);
	worker->filesystem = find(walk, device);
	if (worker->filesystem) {
		worker->facts = worker->filesystem->facts;
	} else {
		r = filesystem_look(fd, &worker->facts);
		if (r == 0) {
			worker->filesystem = add(walk, &worker->facts);
			met_add(walk->result->met, &worker->facts, fd);
		}
	}
	pthread_mutex_unlock(&walk->filesystems_lock);
	if (r == 0)
		worker->model = frag_model_for(walk->settings, &worker->facts);
	return r;
}

/* NULL: there are none. */
static struct ext_mounted *find_tables(struct walk *walk, struct walk_filesystem *filesystem,
				       int fd)
{
	struct ext_mounted *tables;

	pthread_mutex_lock(&walk->filesystems_lock);
	if (!filesystem->looked_for_tables)
		filesystem->tables = ext_mounted_open(fd, filesystem->facts.device);
	filesystem->looked_for_tables = true;
	tables = filesystem->tables;
	pthread_mutex_unlock(&walk->filesystems_lock);
	return tables;
}

bool walk_use_tables(struct worker *worker, int fd)
{
	struct walk *walk = worker->walk;
	struct ext_mounted *tables;

	/* Times of files are not always in the tables (lazytime). */
	if (!worker->filesystem || worker->facts.magic != EXT4_SUPER_MAGIC ||
	    walk->settings->newer || atomic_load(&walk->crew.files) < FILES_WORTH_TABLES)
		return false;
	tables = find_tables(walk, worker->filesystem, fd);
	if (!tables || !ext_mounted_is_settled(tables))
		return false;
	if (worker->reader.volume == &tables->volume) {
		ext_reader_forget(&worker->reader);
		return true;
	}
	ext_reader_clear(&worker->reader);
	return ext_reader_init(&worker->reader, &tables->volume) == 0;
}
