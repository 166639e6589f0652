/* SPDX-License-Identifier: MIT */
/*
 * The walk over directory trees, by several threads, since most of the time goes into system
 * calls on files that are independent of each other.
 *
 * The unit of work is the next chunk of a directory, not the directory: one thread alone must
 * not get a directory of a million files.  A thread takes a directory, reads a chunk of names,
 * puts the directory back for the others, and then scans the names.  Work is taken last in,
 * first out, so that the waiting work is bounded by the depth of the tree and not by its width:
 * about a chunk per level.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "frag/frag.h"
#include "frag/scan/pipeline.h"
#include "frag/scan/directory.h"
#include "frag/account/filesystem.h"
#include "frag/scan/source.h"

enum {
	WALK_CHUNK_BYTES = 32768,
	WALK_FILESYSTEMS_MAX = 64,
	WALK_NAMES_MAX = WALK_CHUNK_BYTES / 24, /* the shortest entry of a directory */
};

/* A file system of the tree. */
struct walk_filesystem {
	struct filesystem_facts facts;
	const struct inode_source *source;
	struct source_volume *volume; /* NULL: there is none, or it was not opened yet */
	bool looked_for_volume;
};

struct walk {
	struct pipeline pipeline;
	const struct frag_names *names;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct directory *work; /* stack */
	bool names_ended, names_busy;
	unsigned busy;

	pthread_mutex_t filesystems_lock;
	struct walk_filesystem filesystems[WALK_FILESYSTEMS_MAX];
	unsigned filesystem_count;
};

/* A name in a chunk of a directory. */
struct walk_name {
	uint64_t inode;
	const char *name;
	bool is_done;
};

struct walker {
	struct walk *walk;
	struct pipeline_worker *worker;
	struct totals *totals;		    /* the worker's */
	const char *name;		    /* of the current file */
	struct filesystem_facts facts;	    /* of the current device */
	struct walk_filesystem *filesystem; /* the same; NULL: there are too many */
	struct directory_path path;
	struct source_reader *reader; /* may be NULL */
	const struct walk_filesystem *reader_of;
	char chunk[WALK_CHUNK_BYTES] __attribute__((aligned(8)));
	struct walk_name listed[WALK_NAMES_MAX];
	uint64_t inodes[WALK_NAMES_MAX];
};

/* Leaves the directory to the next idle thread; takes over one reference to it. */
static void walk_push(struct walk *walk, struct directory *directory)
{
	pthread_mutex_lock(&walk->lock);
	directory->below = walk->work;
	walk->work = directory;
	pthread_cond_signal(&walk->changed);
	pthread_mutex_unlock(&walk->lock);
}

/* ---- file systems ---- */

enum { FILES_WORTH_SOURCE = 1000 /* opening a source costs more than reading fewer files */ };

static const struct inode_source *const sources[] = { &inode_source_ext, &inode_source_xfs,
						      &inode_source_btrfs };

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
		walk->pipeline.result->facts = *facts;
		walk->pipeline.result->model = frag_model_for(walk->pipeline.settings, facts);
	}
	if (walk->filesystem_count == WALK_FILESYSTEMS_MAX)
		return NULL;
	walk->filesystems[walk->filesystem_count] = (struct walk_filesystem) { .facts = *facts };
	return &walk->filesystems[walk->filesystem_count++];
}

/* Sets walker->facts for `device`, which `fd` is on.  0 or -errno. */
static int walk_use_facts(struct walker *walker, uint64_t device, int fd)
{
	struct walk *walk = walker->walk;
	int r = 0;

	if (walker->facts.kind && walker->facts.device == device)
		return 0;
	pthread_mutex_lock(&walk->filesystems_lock);
	walker->filesystem = find(walk, device);
	if (walker->filesystem) {
		walker->facts = walker->filesystem->facts;
	} else {
		r = filesystem_read(fd, &walker->facts);
		if (r == 0) {
			walker->filesystem = add(walk, &walker->facts);
			filesystems_add(walk->pipeline.result->filesystems, &walker->facts, fd);
		}
	}
	pthread_mutex_unlock(&walk->filesystems_lock);
	if (r == 0)
		walker->worker->model = frag_model_for(walk->pipeline.settings, &walker->facts);
	return r;
}

static const struct inode_source *find_source(const struct filesystem_facts *facts)
{
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++)
		if (sources[i]->magic == facts->magic)
			return sources[i];
	return NULL;
}

/* Opens the inode source, once.  False: there is none. */
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

/* To be called before the volumes are closed. */
static void walk_free_reader(struct walker *walker)
{
	if (walker->reader)
		walker->reader_of->source->reader_free(TAKE_PTR(walker->reader));
}

/* Whether walker->reader can read inodes of the file system that `fd` is on. */
static bool walk_use_source(struct walker *walker, int fd)
{
	struct walk *walk = walker->walk;
	struct walk_filesystem *filesystem = walker->filesystem;

	if (!filesystem || atomic_load(&walk->pipeline.files) < FILES_WORTH_SOURCE ||
	    !open_source(walk, filesystem, fd))
		return false;
	if ((walk->pipeline.settings->newer && filesystem->source->has_old_times) ||
	    !filesystem->source->is_settled(filesystem->volume))
		return false;
	if (walker->reader_of != filesystem) {
		walk_free_reader(walker);
		walker->reader_of = filesystem;
		walker->reader = filesystem->source->reader_new(filesystem->volume);
	}
	return walker->reader != NULL;
}

/* ---- files ---- */

/* Counts the error of a single file, which is not fatal.  0 or -ENOMEM. */
static int walk_note_error(struct walker *walker, const char *name, int error)
{
	const char *path = directory_path_of(&walker->path, name);

	return path ? pipeline_note_error(walker->worker, path, 0, error) : -ENOMEM;
}

/* For a pipeline_namer; context is the walker. */
static int walk_name_file(void *context, const struct frag_file *file, bool whole, const char **ret)
{
	struct walker *walker = context;

	(void)file;
	walker->totals->root_bytes = walker->path.root_bytes;
	*ret = whole ? directory_path_of(&walker->path, walker->name) : walker->name;
	return *ret ? 0 : -ENOMEM;
}

static int walk_begin_file(struct walker *walker, const char *name,
			   const struct source_inode *inode)
{
	walker->name = name;
	return pipeline_begin_file(walker->worker, inode);
}

/* The kernel may report a newer size than the inode source. */
static int read_by_kernel(struct walker *walker, int at)
{
	CLEANUP(fd_closep) int fd = frag_open(at, walker->name, false);
	struct pipeline_worker *worker = walker->worker;
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0)
		return fd < 0 ? fd : -errno;
	worker->file.size_bytes = (uint64_t)status.st_size;
	worker->file.disk_bytes = (uint64_t)status.st_blocks * 512;
	return frag_file_read(fd, worker->facts, worker->pipeline->settings->sync,
			      &worker->collector, &worker->file);
}

static int walk_ask_kernel(struct walker *walker, int at)
{
	pipeline_restart_file(walker->worker);
	return pipeline_end_file(walker->worker, read_by_kernel(walker, at));
}

/* Scans a regular file through the kernel.  0 or -errno. */
static int walk_file(struct walker *walker, int at, const char *name, const struct statx *status)
{
	struct source_inode inode = {
		.device = makedev(status->stx_dev_major, status->stx_dev_minor),
		.number = status->stx_ino,
		.size_bytes = status->stx_size,
		.disk_bytes = status->stx_blocks * 512,
		.links = status->stx_nlink,
		.mtime = status->stx_mtime.tv_sec,
		.extents = status->stx_blocks != 0,
	};
	int r;

	inode.is_simple =
		frag_file_has_one_block(inode.size_bytes, inode.disk_bytes, &walker->facts);
	r = walk_begin_file(walker, name, &inode);
	return r > 0 ? walk_ask_kernel(walker, at) : r;
}

/* ---- entries of a directory ---- */

static int scan_entry(struct walker *walker, struct directory *directory, const char *name,
		      unsigned char type)
{
	struct directory *child;
	struct statx status;

	if (type != DT_REG && type != DT_DIR && type != DT_UNKNOWN) {
		walker->totals->special_files++;
		return 0;
	}
	if (type != DT_DIR) {
		if (statx(directory->fd, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT,
			  STATX_BASIC_STATS, &status) < 0)
			return walk_note_error(walker, name, -errno);
		if (S_ISREG(status.stx_mode))
			return walk_file(walker, directory->fd, name, &status);
		if (!S_ISDIR(status.stx_mode)) {
			walker->totals->special_files++;
			return 0;
		}
	}
	child = directory_new(directory, name);
	if (!child)
		return -ENOMEM;
	walk_push(walker->walk, child);
	return 0;
}

struct linux_dirent {
	uint64_t inode;
	int64_t offset;
	unsigned short bytes;
	unsigned char type;
	char name[];
};

/* ---- files by an inode source ---- */

static int by_inode(const void *one, const void *other)
{
	const struct walk_name *a = one, *b = other;

	return a->inode < b->inode ? -1 : a->inode > b->inode;
}

struct chunk_visit {
	struct source_visit visit;
	struct walker *walker;
	int at;
};

static int begin_listed(struct source_visit *visit, size_t index, const struct source_inode *inode)
{
	struct walker *walker = ((struct chunk_visit *)visit)->walker;
	struct walk_name *listed = &walker->listed[index];

	if (pipeline_is_over(&walker->walk->pipeline))
		return -ECANCELED;
	listed->is_done = true;
	walker->totals->table_files++;
	return walk_begin_file(walker, listed->name, inode);
}

static int end_listed(struct source_visit *visit, size_t index, int error)
{
	struct chunk_visit *chunk = (struct chunk_visit *)visit;
	struct walker *walker = chunk->walker;

	(void)index;
	walker->totals->table_files -= error == -EOPNOTSUPP;
	return error == -EOPNOTSUPP ? walk_ask_kernel(walker, chunk->at)
				    : pipeline_end_file(walker->worker, error);
}

/*
 * Sorts the names by inode, with other names of the same inode at the end.  Returns the number of
 * inodes.
 */
static size_t order(struct walker *walker, size_t count)
{
	struct walk_name *listed = walker->listed;
	size_t kept = 0;

	qsort(listed, count, sizeof(*listed), by_inode);
	for (size_t i = 0; i < count; i++) {
		struct walk_name name = listed[i];

		if (kept && walker->inodes[kept - 1] == name.inode)
			continue;
		listed[i] = listed[kept];
		listed[kept] = name;
		walker->inodes[kept++] = name.inode;
	}
	return kept;
}

static size_t run_end(const struct source_visit *visit, size_t from, uint64_t apart)
{
	size_t end = from + 1;

	while (end < visit->count && visit->inodes[end] - visit->inodes[end - 1] < apart)
		end++;
	return end;
}

static int read_runs(struct walker *walker, struct source_visit *visit)
{
	const struct inode_source *source = walker->filesystem->source;
	int r = 0;

	if (source->start && source->start(walker->reader) < 0)
		return 0;
	for (size_t from = 0, to; r == 0 && from < visit->count; from = to) {
		to = run_end(visit, from, source->inodes_apart);
		if (to - from >= source->run_min)
			r = source->read(walker->reader, visit, from, to);
	}
	return r;
}

static int scan_listed(struct walker *walker, struct directory *directory, size_t count)
{
	struct chunk_visit chunk = {
		.visit = { .inodes = walker->inodes,
			   .count = order(walker, count),
			   .facts = &walker->facts,
			   .exact = walker->walk->pipeline.settings->exact,
			   .begin = begin_listed,
			   .end = end_listed,
			   .collector = &walker->worker->collector,
			   .file = &walker->worker->file },
		.walker = walker,
		.at = directory->fd,
	};
	int r = 0;

	if (chunk.visit.count)
		r = read_runs(walker, &chunk.visit);
	if (r == -ECANCELED)
		return 0;
	for (size_t i = 0; r == 0 && i < count && !pipeline_is_over(&walker->walk->pipeline); i++)
		if (!walker->listed[i].is_done)
			r = scan_entry(walker, directory, walker->listed[i].name, DT_REG);
	return r;
}

/* ---- chunks of names ---- */

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static int scan_chunk(struct walker *walker, struct directory *directory, size_t bytes)
{
	bool by_source = walk_use_source(walker, directory->fd);
	size_t files = 0, listed = 0;
	int r = 0;

	for (size_t at = 0; r == 0 && at < bytes; files++) {
		const struct linux_dirent *entry = (const void *)(walker->chunk + at);

		at += entry->bytes;
		if (is_dots(entry->name))
			continue;
		if (by_source && entry->type == DT_REG)
			walker->listed[listed++] =
				(struct walk_name) { .inode = entry->inode, .name = entry->name };
		else
			r = scan_entry(walker, directory, entry->name, entry->type);
		if (pipeline_is_over(&walker->walk->pipeline))
			break;
	}
	if (r == 0)
		r = scan_listed(walker, directory, listed);
	atomic_fetch_add(&walker->walk->pipeline.files, files);
	return r;
}

/* ---- directories ---- */

/* Scans the blocks of the directory itself.  0 or -ENOMEM. */
static int scan_own_blocks(struct walker *walker, const struct directory *directory,
			   const struct stat *status)
{
	struct frag_file file = {
		.device = status->st_dev,
		.inode = status->st_ino,
		.size_bytes = (uint64_t)status->st_size,
		.disk_bytes = (uint64_t)status->st_blocks * 512,
	};
	struct frag_collector collector = {
		.model = walker->worker->model,
		.also = pipeline_watch_extent,
		.also_context = &walker->walk->pipeline,
	};
	int r = frag_file_read(directory->fd, &walker->facts, false, &collector, &file);

	if (r == -ECANCELED)
		return 0;
	/* Most file systems do not report it; the sums tell how many are missing. */
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	r = directory_path_set(&walker->path, directory);
	if (r < 0)
		return r;
	/* Without the slash at its end; the next user of the path sets it again. */
	if (walker->path.bytes > 1)
		walker->path.text.text[walker->path.bytes - 1] = '\0';
	file.path = walker->path.text.text;
	return totals_add_directory(walker->totals, &file);
}

/* Opens the directory.  1: it is to be read, 0: it is left out, -errno. */
static int walk_enter(struct walker *walker, struct directory *directory, bool follow)
{
	struct walk *walk = walker->walk;
	struct stat status;
	int is_new, r;

	r = frag_open(directory->parent ? directory->parent->fd : AT_FDCWD, directory->name,
		      follow);
	if (r < 0)
		return r;
	directory->fd = r;
	if (fstat(directory->fd, &status) < 0)
		return -errno;
	directory->device = status.st_dev;
	if (walk->pipeline.settings->one_filesystem && directory->parent &&
	    directory->device != directory->parent->device) {
		walker->totals->skipped_mounts++;
		return 0;
	}
	is_new = inode_set_add(walk->pipeline.counted, status.st_dev, status.st_ino);
	if (is_new <= 0) {
		walker->totals->linked_again += is_new == 0;
		return is_new;
	}
	r = walk_use_facts(walker, directory->device, directory->fd);
	if (r == 0 && walker->facts.is_pseudo && directory->parent) {
		walker->totals->skipped_mounts++;
		return 0;
	}
	walker->totals->directories += r == 0;
	if (r == 0 && walk->pipeline.settings->with_directories)
		r = scan_own_blocks(walker, directory, &status);
	return r < 0 ? r : 1;
}

static int note_directory(struct walker *walker, struct directory *directory, int error)
{
	int r = directory_path_set(&walker->path, directory->parent);

	return r < 0 ? r : walk_note_error(walker, directory->name, error);
}

/* Opens the directory or reads its next chunk; takes over one reference.  0 or -errno. */
static int walk_directory(struct walker *walker, struct directory *directory)
{
	ssize_t bytes;
	int r = directory->fd >= 0 ? 1 : walk_enter(walker, directory, false);

	if (r <= 0) {
		r = r < 0 ? note_directory(walker, directory, r) : 0;
		directory_release(directory);
		return r;
	}
	bytes = syscall(SYS_getdents64, directory->fd, walker->chunk, WALK_CHUNK_BYTES);
	if (bytes <= 0) {
		r = bytes < 0 ? note_directory(walker, directory, -errno) : 0;
		directory_release(directory);
		return r;
	}
	atomic_fetch_add(&directory->users, 1);
	walk_push(walker->walk, directory);
	r = directory_path_set(&walker->path, directory);
	if (r == 0)
		r = walk_use_facts(walker, directory->device, directory->fd);
	if (r == 0)
		r = scan_chunk(walker, directory, (size_t)bytes);
	directory_release(directory);
	return r;
}

/* ---- names from the user ---- */

/* A symbolic link that the user names is followed; those in a tree are not. */
static int scan_named(struct walker *walker, const char *name)
{
	CLEANUP(fd_closep) int fd = -1;
	struct statx status;
	int r = directory_path_set(&walker->path, NULL), is_new;

	if (r < 0)
		return r;
	if (statx(AT_FDCWD, name, 0, STATX_BASIC_STATS, &status) < 0) {
		/* An error, not "vanished": the user named it. */
		r = errno;
		return totals_add_unreadable(walker->totals, name, r);
	}
	if (S_ISDIR(status.stx_mode)) {
		struct directory *directory = directory_new(NULL, name);

		if (!directory)
			return -ENOMEM;
		r = walk_enter(walker, directory, true);
		if (r > 0) {
			walk_push(walker->walk, directory);
			return 0;
		}
		directory_release(directory);
		return r < 0 ? walk_note_error(walker, name, r) : 0;
	}
	if (!S_ISREG(status.stx_mode)) {
		walker->totals->special_files++;
		return 0;
	}
	fd = frag_open(AT_FDCWD, name, true);
	if (fd < 0)
		return walk_note_error(walker, name, fd);
	r = walk_use_facts(walker, makedev(status.stx_dev_major, status.stx_dev_minor), fd);
	if (r < 0)
		return r;
	if (status.stx_nlink == 1) {
		/* If the user named it twice, it counts once. */
		is_new = inode_set_add(walker->walk->pipeline.counted, walker->facts.device,
				       status.stx_ino);
		if (is_new <= 0) {
			walker->totals->linked_again += is_new == 0;
			return is_new;
		}
	}
	return walk_file(walker, AT_FDCWD, name, &status);
}

/* ---- threads ---- */

enum task { TASK_NONE, TASK_DIRECTORY, TASK_NAME };

/*
 * Takes the next name from the user.  The lock is held before and after, but not during the
 * call: a pipe may block, and the other threads have work to do.
 */
static char *take_name(struct walk *walk, int *ret_error)
{
	const char *name;
	char *copy = NULL;
	int r;

	walk->names_busy = true;
	pthread_mutex_unlock(&walk->lock);
	r = walk->names->next(walk->names->context, &name);
	if (r > 0) {
		copy = strdup(name);
		r = copy ? 0 : -ENOMEM;
	}
	pthread_mutex_lock(&walk->lock);
	walk->names_busy = false;
	walk->names_ended = !copy;
	pthread_cond_broadcast(&walk->changed);
	*ret_error = r;
	return copy;
}

/* The next piece of work; names from the user come last. */
static enum task take(struct walk *walk, struct directory **ret_directory, char **ret_name,
		      int *ret_error)
{
	enum task task = TASK_NONE;

	pthread_mutex_lock(&walk->lock);
	while (*ret_error == 0 && task == TASK_NONE && !pipeline_is_over(&walk->pipeline)) {
		if (walk->work) {
			*ret_directory = walk->work;
			walk->work = walk->work->below;
			task = TASK_DIRECTORY;
		} else if (!walk->names_ended && !walk->names_busy) {
			*ret_name = take_name(walk, ret_error);
			task = *ret_name ? TASK_NAME : TASK_NONE;
		} else if (walk->busy || walk->names_busy) {
			pthread_cond_wait(&walk->changed, &walk->lock);
		} else {
			break;
		}
	}
	walk->busy += task != TASK_NONE;
	pthread_mutex_unlock(&walk->lock);
	return task;
}

static void finish_task(struct walk *walk)
{
	pthread_mutex_lock(&walk->lock);
	if (--walk->busy == 0 && !walk->work)
		pthread_cond_broadcast(&walk->changed);
	pthread_mutex_unlock(&walk->lock);
}

static int work_on_task(struct walker *walker, enum task task, struct directory *directory,
			char *name)
{
	int r;

	if (task == TASK_DIRECTORY)
		return walk_directory(walker, directory);
	r = scan_named(walker, name);
	atomic_fetch_add(&walker->walk->pipeline.files, 1);
	free(name);
	return r;
}

/* Wakes the waiting threads, so that they see the end. */
static void wake_all(void *context)
{
	struct walk *walk = context;

	pthread_mutex_lock(&walk->lock);
	pthread_cond_broadcast(&walk->changed);
	pthread_mutex_unlock(&walk->lock);
}

static void walker_freep(struct walker **walker)
{
	if (!*walker)
		return;
	walk_free_reader(*walker);
	strbuf_clear(&(*walker)->path.text);
	free(*walker);
}

static int work(struct pipeline_worker *worker)
{
	struct walk *walk = worker->pipeline->context;
	CLEANUP(walker_freep) struct walker *walker = calloc(1, sizeof(*walker));
	struct directory *directory;
	enum task task;
	char *name;
	int r = 0;

	if (!walker)
		return -ENOMEM;
	walker->walk = walk;
	walker->worker = worker;
	walker->totals = &worker->totals;
	worker->facts = &walker->facts;
	worker->namer = (struct pipeline_namer) { walk_name_file, walker };
	while (r == 0 && (task = take(walk, &directory, &name, &r)) != TASK_NONE) {
		r = work_on_task(walker, task, directory, name);
		finish_task(walk);
	}
	wake_all(walk);
	return r;
}

/* Each level of a deep tree may need a descriptor. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static void walk_release(struct walk *walk)
{
	/* Some is left only if the walk was stopped. */
	while (walk->work) {
		struct directory *directory = walk->work;

		walk->work = directory->below;
		directory_release(directory);
	}
	for (unsigned i = 0; i < walk->filesystem_count; i++)
		if (walk->filesystems[i].volume)
			walk->filesystems[i].source->close(walk->filesystems[i].volume);
	inode_set_free(walk->pipeline.counted);
	pthread_mutex_destroy(&walk->lock);
	pthread_cond_destroy(&walk->changed);
	pthread_mutex_destroy(&walk->filesystems_lock);
}

int frag_walk(const struct frag_settings *settings, const struct frag_names *names,
	      struct frag_result *ret, struct problem *problem)
{
	CLEANUP(walk_release)
	struct walk walk = {
		.pipeline = { .settings = settings,
			      .result = ret,
			      .work = work,
			      .wake = wake_all,
			      .context = &walk,
			      .counted = inode_set_new() },
		.names = names,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.changed = PTHREAD_COND_INITIALIZER,
		.filesystems_lock = PTHREAD_MUTEX_INITIALIZER,
	};
	int r = walk.pipeline.counted ? 0 : -ENOMEM;

	*ret = (struct frag_result) { .source = "walk", .model = settings->model };
	if (r == 0)
		r = frag_result_init(ret, settings);
	if (r == 0) {
		raise_descriptor_limit();
		r = pipeline_run(&walk.pipeline);
		ret->linked_full = inode_set_is_full(walk.pipeline.counted);
		totals_finish(&ret->totals);
	}
	if (!ret->model)
		ret->model = &seek_models[0];
	if (r < 0)
		return problem_set(problem, PROBLEM_VERDICT, -r, "the scan failed: %s",
				   strerror(-r));
	return 0;
}
