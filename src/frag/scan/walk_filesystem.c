/* SPDX-License-Identifier: MIT */
/*
 * The file systems that a walk meets, each looked at once.  They are read by their sources
 * if that is allowed and there is enough to read.
 */
#include <errno.h>

#include "base/cleanup.h"
#include "frag/scan/walker.h"
#include "frag/scan/met.h"
#include "frag/scan/pipeline.h"

enum { FILES_WORTH_SOURCE = 1000 /* fewer are seen sooner than a source is opened */ };

static const struct source *const sources[] = { &source_ext, &source_xfs, &source_btrfs };

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

	if (worker->facts.kind && worker->facts.device == device)
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
		worker->member->model = frag_model_for(walk->settings, &worker->facts);
	return r;
}

static const struct source *find_source(const struct filesystem_facts *facts)
{
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++)
		if (sources[i]->magic == facts->magic)
			return sources[i];
	return NULL;
}

/* Opens its volume, once; whether there is one. */
static bool open_source(struct walk *walk, struct walk_filesystem *filesystem, int fd)
{
	pthread_mutex_lock(&walk->filesystems_lock);
	if (!filesystem->looked_for_volume) {
		filesystem->source = find_source(&filesystem->facts);
		if (filesystem->source)
			filesystem->volume = filesystem->source->open(fd, &filesystem->facts);
	}
	filesystem->looked_for_volume = true;
	pthread_mutex_unlock(&walk->filesystems_lock);
	return filesystem->volume != NULL;
}

void walk_free_reader(struct worker *worker)
{
	if (worker->reader)
		worker->reader_of->source->reader_free(TAKE_PTR(worker->reader));
}

bool walk_use_source(struct worker *worker, int fd)
{
	struct walk *walk = worker->walk;
	struct walk_filesystem *filesystem = worker->filesystem;

	if (!filesystem || atomic_load(&walk->crew.files) < FILES_WORTH_SOURCE ||
	    !open_source(walk, filesystem, fd))
		return false;
	if ((walk->settings->newer && filesystem->source->has_old_times) ||
	    !filesystem->source->is_settled(filesystem->volume))
		return false;
	if (worker->reader_of != filesystem) {
		walk_free_reader(worker);
		worker->reader_of = filesystem;
		worker->reader = filesystem->source->reader_new(filesystem->volume);
	}
	return worker->reader != NULL;
}
