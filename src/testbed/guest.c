/* SPDX-License-Identifier: MIT */
/*
 * The agent is compiled in as a complete initramfs.  Kernels accept several archives in sequence,
 * so the modules for one trial are a second archive.  The guest needs no access to directories of
 * the host.  Modules may be compressed, which not every kernel supports; they are stored
 * uncompressed.
 */
#include "testbed/guest.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "testbed/kernel.h"
#include "trial/modules.h"
#include "base/words.h"
#include "base/text.h"

enum {
	ARCHIVE_ALIGN = 4, /* the alignment of the next archive */
	MODULE_BYTES_MAX = 64 << 20,
};

#ifdef HAVE_GUEST
extern const char embedded_guest[], embedded_guest_end[];	/* by scripts/pack-guest */
extern const char embedded_recorder[], embedded_recorder_end[]; /* by scripts/embed */

static size_t guest_bytes(void)
{
	return (size_t)(embedded_guest_end - embedded_guest);
}

static size_t recorder_bytes(void)
{
	return (size_t)(embedded_recorder_end - embedded_recorder);
}
#else
static const char embedded_guest[] = "", embedded_recorder[] = "";

static size_t guest_bytes(void)
{
	return 0;
}

static size_t recorder_bytes(void)
{
	return 0;
}
#endif

int guest_probe(struct problem *problem)
{
	if (guest_bytes())
		return 0;
	return problem_set(
		problem, PROBLEM_LACK, ENOTSUP,
		"this alloc-perf was built without the guest's agent, which needs x86-64 and "
		"static libraries (libjansson.a and others); build it with -Dguest=enabled, or use "
		"--on loop");
}

/* ---- which modules ---- */

/* The list of built-in modules is in a separate package of Debian since 7.2. */
static int lacks(const struct kernel_image *image, const char *name, const char *what_for,
		 struct problem *problem)
{
	static const char list[] = "modules.builtin";
	CLEANUP(freep) char *path = text_path(image->modules, list);

	if (!path)
		return -ENOMEM;
	if (access(path, F_OK) == 0)
		return problem_set(problem, PROBLEM_LACK, ENODEV, "the kernel %s has no %s%s",
				   image->label, name, what_for);
	return problem_set(problem, PROBLEM_LACK, ENODEV,
			   "the kernel %s has no module %s%s, and %s has no %s to say what is "
			   "built in; add that (Debian: linux-base-%s) and run depmod again",
			   image->label, name, what_for, image->modules, list, image->release);
}

int guest_modules(const struct kernel_image *image, const char *const *drivers, const char *type,
		  char **ret_modules, struct problem *problem)
{
	CLEANUP(freep) char *modules = NULL;
	int r = 0;

	if (!image->modules)
		return 0;
	for (; r == 0 && *drivers; drivers++) {
		r = kernel_add_modules(image->modules, *drivers, &modules);
		if (r == -ENODEV)
			return lacks(image, *drivers, ", which it needs for a disk in a guest",
				     problem);
	}
	if (r == 0)
		r = kernel_add_filesystem(image->modules, type, &modules);
	if (r == -ENODEV)
		return lacks(image, type, "", problem);
	if (r == 0)
		*ret_modules = TAKE_PTR(modules);
	return r;
}

/* No kernel finds the format of quotas of ext4 without help in user space. */
int guest_add_quotas(const struct kernel_image *image, const char *mount_options, char **modules)
{
	int r;

	if (!image->modules || !mount_options || !strstr(mount_options, "quota"))
		return 0;
	r = kernel_add_modules(image->modules, "quota_v2", modules);
	return r == -ENODEV ? 0 : r; /* the mount shows it */
}

/* ---- the archive of modules ---- */

static void archive_readp(struct archive **archive)
{
	archive_read_free(*archive);
}

static void archive_writep(struct archive **archive)
{
	archive_write_free(*archive);
}

static void archive_entryp(struct archive_entry **entry)
{
	archive_entry_free(*entry);
}

/* libarchive's own error codes are negative. */
static int failure(struct archive *archive)
{
	int error = archive_errno(archive);

	return error > 0 ? -error : -EIO;
}

static int read_module(const char *path, char **ret_data, size_t *ret_bytes)
{
	CLEANUP(archive_readp) struct archive *from = archive_read_new();
	CLEANUP(freep) char *data = malloc(MODULE_BYTES_MAX);
	struct archive_entry *entry;
	ssize_t bytes;

	if (!from || !data)
		return -ENOMEM;
	if (archive_read_support_filter_all(from) < ARCHIVE_WARN ||
	    archive_read_support_format_raw(from) < ARCHIVE_WARN ||
	    archive_read_open_filename(from, path, 1 << 16) != ARCHIVE_OK ||
	    archive_read_next_header(from, &entry) != ARCHIVE_OK)
		return failure(from);
	bytes = archive_read_data(from, data, MODULE_BYTES_MAX);
	if (bytes < 0)
		return failure(from);
	if (bytes == MODULE_BYTES_MAX)
		return -EFBIG;
	*ret_data = TAKE_PTR(data);
	*ret_bytes = (size_t)bytes;
	return 0;
}

static int add_entry(struct archive *to, const char *name, mode_t type, const char *data,
		     size_t bytes)
{
	CLEANUP(archive_entryp) struct archive_entry *entry = archive_entry_new();

	if (!entry)
		return -ENOMEM;
	archive_entry_set_pathname(entry, name);
	archive_entry_set_filetype(entry, type);
	archive_entry_set_perm(entry, 0755);
	archive_entry_set_size(entry, (int64_t)bytes);
	if (archive_write_header(to, entry) != ARCHIVE_OK)
		return failure(to);
	return bytes && archive_write_data(to, data, bytes) != (ssize_t)bytes ? failure(to) : 0;
}

static int add_module(struct archive *to, const char *root, const char *file)
{
	CLEANUP(freep) char *path = text_path(root, file);
	CLEANUP(freep) char *name = text_path(module_directory, module_name(file));
	CLEANUP(freep) char *data = NULL;
	size_t bytes;
	int r;

	if (!path || !name)
		return -ENOMEM;
	r = read_module(path, &data, &bytes);
	return r < 0 ? r : add_entry(to, name, AE_IFREG, data, bytes);
}

static int write_modules(int fd, const char *root, const char *files)
{
	CLEANUP(archive_writep) struct archive *to = archive_write_new();
	CLEANUP(freep) char **words = words_split(files, " ");
	int r;

	if (!to || !words)
		return -ENOMEM;
	if (archive_write_set_format_cpio_newc(to) != ARCHIVE_OK ||
	    archive_write_open_fd(to, fd) != ARCHIVE_OK)
		return failure(to);
	r = add_entry(to, module_directory, AE_IFDIR, NULL, 0);
	for (char **word = words; r == 0 && *word; word++)
		r = add_module(to, root, *word);
	if (r == 0 && archive_write_close(to) != ARCHIVE_OK)
		r = failure(to);
	return r;
}

int guest_initramfs(const char *root, const char *files)
{
	static const char zeroes[ARCHIVE_ALIGN];
	CLEANUP(fd_closep) int fd = memfd_create("initrd", MFD_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	r = io_write_all(fd, embedded_guest, guest_bytes());
	if (r == 0 && files)
		r = io_write_all(fd, zeroes, -guest_bytes() % ARCHIVE_ALIGN);
	if (r == 0 && files)
		r = write_modules(fd, root, files);
	return r < 0 ? r : TAKE_FD(fd);
}

int guest_recorder(void)
{
	CLEANUP(fd_closep) int fd = memfd_create("recorder", MFD_CLOEXEC);
	int r = fd < 0 ? -errno : io_write_all(fd, embedded_recorder, recorder_bytes());

	return r < 0 ? r : TAKE_FD(fd);
}

/* ---- lines ---- */

int guest_lines_open(struct guest_lines *ret)
{
	CLEANUP(guest_lines_clear) struct guest_lines lines = GUEST_LINES_NONE;

	if (pipe2(lines.request, O_CLOEXEC) < 0 || pipe2(lines.events, O_CLOEXEC) < 0 ||
	    pipe2(lines.console, O_CLOEXEC) < 0)
		return -errno;
	*ret = lines;
	lines = GUEST_LINES_NONE;
	return 0;
}

void guest_lines_hand_over(struct guest_lines *lines, struct testbed_process *process)
{
	process->to_fd = TAKE_FD(lines->request[1]);
	process->from_fd = TAKE_FD(lines->events[0]);
	process->console_fd = TAKE_FD(lines->console[0]);
}

void guest_lines_clear(struct guest_lines *lines)
{
	int *const ends[] = { lines->request, lines->events, lines->console };

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		ends[i][0] = fd_close(ends[i][0]);
		ends[i][1] = fd_close(ends[i][1]);
	}
}
