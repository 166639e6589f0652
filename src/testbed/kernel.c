/* SPDX-License-Identifier: MIT */
/*
 * The header of a bzImage contains its release (Documentation/arch/x86/boot.rst, kernel_version),
 * so that the modules of a file of any name are found.  User-Mode Linux is a program that prints
 * its release.  The newest kernel is the one with the highest release, and not the one that was
 * installed last: a package of an old series may be updated any day.
 *
 * Each file-system module has the alias "fs-TYPE", even if it is built in or serves several types
 * (ext4 for ext3), so libkmod's tables answer without a mount or a boot.
 */
#include "testbed/kernel.h"

#include <ctype.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <libkmod.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/child.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "base/text.h"
#include "base/words.h"
#include "results/field.h"

static const char prefix[] = "vmlinuz-";
static const char uml_program[] = "linux.uml";

/* ---- which is newer ---- */

/* "6.12.0-rc3" comes before "6.12.0"; otherwise numbers are compared as numbers. */
static int compare_releases(const char *one, const char *other)
{
	CLEANUP(freep) char *one_base = strndup(one, strcspn(one, "-"));
	CLEANUP(freep) char *other_base = strndup(other, strcspn(other, "-"));
	int by_base = one_base && other_base ? strverscmp(one_base, other_base) : 0;
	int one_candidate = strstr(one, "-rc") != NULL;
	int other_candidate = strstr(other, "-rc") != NULL;

	if (by_base)
		return by_base;
	if (one_candidate != other_candidate)
		return other_candidate - one_candidate;
	return strverscmp(one, other);
}

static int newest_first(const void *one, const void *other)
{
	return compare_releases(*(char *const *)other, *(char *const *)one);
}

void kernel_image_names_clear(char ***names)
{
	for (char **name = *names; name && *name; name++)
		free(*name);
	free(*names);
	*names = NULL;
}

char **kernel_image_names(const char *boot)
{
	CLEANUP(kernel_image_names_clear) char **names = NULL;
	CLEANUP(freep) char *pattern = NULL;
	CLEANUP(globfree) glob_t found = { 0 };
	size_t skipped = strlen(boot) + 1 + strlen(prefix);

	pattern = text_format("%s/%s*", boot, prefix);
	if (!pattern)
		return NULL;
	glob(pattern, 0, NULL, &found);
	names = calloc(found.gl_pathc + 1, sizeof(*names));
	for (size_t i = 0; names && i < found.gl_pathc; i++) {
		names[i] = strdup(found.gl_pathv[i] + skipped);
		if (!names[i])
			return NULL;
	}
	if (names && found.gl_pathc)
		qsort(names, found.gl_pathc, sizeof(*names), newest_first);
	return TAKE_PTR(names);
}

/* ---- the header of a bzImage ---- */

static int no_kernel(const char *path, struct problem *problem)
{
	return problem_set(
		problem, PROBLEM_LACK, ENOEXEC,
		"%s is not a kernel that QEMU can boot; use a bzImage, which a build of Linux "
		"leaves at arch/x86/boot/bzImage (for User-Mode Linux add --on uml)",
		path);
}

/* The length of the leading printable ASCII. */
static size_t printable(const char *text)
{
	size_t length = 0;

	while (text[length] >= ' ' && text[length] <= '~')
		length++;
	return length;
}

/*
 * "6.1.0 (who@where) #1 SMP ...", to which the header points; the pointer lacks 512
 * bytes.  The first word is the release, and what begins with "#" the build.
 */
static int read_release(int fd, char ret_release[static 256], char **ret_build)
{
	unsigned char header[0x210];
	const char *build;
	uint16_t offset;
	ssize_t bytes;

	if (pread(fd, header, sizeof(header), 0) != (ssize_t)sizeof(header) ||
	    header[0x1fe] != 0x55 || header[0x1ff] != 0xaa || memcmp(header + 0x202, "HdrS", 4))
		return -ENOEXEC;
	memcpy(&offset, header + 0x20e, sizeof(offset));
	bytes = pread(fd, ret_release, 255, le16toh(offset) + 0x200);
	if (offset == 0 || bytes <= 0)
		return -ENOEXEC;
	ret_release[bytes] = '\0';
	build = strchr(ret_release, '#');
	if (build && !(*ret_build = strndup(build, printable(build))))
		return -ENOMEM;
	ret_release[strspn(ret_release, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					"0123456789.+-_~")] = '\0';
	return isdigit((unsigned char)*ret_release) ? 0 : -ENOEXEC;
}

static int open_kernel(const char *path, struct kernel_image *image, struct problem *problem)
{
	CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	char release[256];
	struct stat status;

	if (fd < 0 && errno == EACCES)
		return problem_set(problem, PROBLEM_LACK, EACCES,
				   "this user may not read %s; copy it, as root, to a readable "
				   "file, and name the copy",
				   path);
	if (fd < 0 || fstat(fd, &status) < 0)
		return problem_set(problem, PROBLEM_LACK, errno, "cannot read the kernel %s: %s",
				   path, strerror(errno));
	if (!S_ISREG(status.st_mode) || read_release(fd, release, &image->build) < 0)
		return no_kernel(path, problem);
	image->release = strdup(release);
	return image->release ? 0 : -ENOMEM;
}

/* ---- where it is ---- */

static char *newest_in(const char *boot)
{
	CLEANUP(kernel_image_names_clear) char **names = kernel_image_names(boot);

	return names && names[0] ? text_format("%s/%s%s", boot, prefix, names[0]) : NULL;
}

/* The path, if the file exists. */
static char *existing(const char *format, const char *folder, const char *name)
{
	char *path;

	path = text_format(format, folder, name);
	if (!path)
		return NULL;
	if (access(path, F_OK) == 0)
		return path;
	free(path);
	return NULL;
}

static char *locate(const char *boot, const char *kernel)
{
	char *path = NULL;

	if (!*kernel)
		return newest_in(boot);
	if (strchr(kernel, '/'))
		return strdup(kernel);
	path = existing("%s/vmlinuz-%s", boot, kernel);
	if (!path)
		path = existing("%s/%s", boot, kernel);
	return path ? path : existing("%s%s", "", kernel);
}

static int not_found(const char *boot, const char *kernel, struct problem *problem)
{
	CLEANUP(kernel_image_names_clear) char **names = kernel_image_names(boot);

	if (!*kernel)
		return problem_set(problem, PROBLEM_LACK, ENOENT,
				   "there is no kernel in %s (%s*); name one by its path", boot,
				   prefix);
	return problem_set(
		problem, PROBLEM_LACK, ENOENT,
		"there is no kernel \"%s\"; name a bzImage by its path, or one in %s%s%s", kernel,
		boot, names && names[0] ? ", as " : "", names && names[0] ? names[0] : "");
}

/* ---- its modules ---- */

/*
 * The absolute path of the directory, if it contains the files of depmod that libkmod reads.  The
 * first one without them becomes *ret_unseen.  `middle` is NULL for the directory itself.
 */
static char *with_index(const char *folder, const char *middle, const char *release,
			char **ret_unseen)
{
	CLEANUP(freep) char *path = NULL;
	CLEANUP(freep) char *index = NULL;
	CLEANUP(freep) char *real = NULL;

	if (!(path = text_format("%s/%s%s", folder, middle ? middle : "", middle ? release : "")) ||
	    !(index = text_format("%s/modules.dep.bin", path)))
		return NULL;
	real = realpath(path, NULL);
	if (real && access(index, R_OK) == 0)
		return TAKE_PTR(real);
	if (real && !*ret_unseen && strcmp(strrchr(real, '/') + 1, release) == 0)
		*ret_unseen = TAKE_PTR(real);
	return NULL;
}

/* The module directories of one kind of kernel; each list is terminated by NULL. */
struct places {
	const char
		*below[4]; /* a directory from the user, which can be the module directory itself */
	const char *beside[4]; /* the directory of the kernel */
	const char *machine;   /* the standard directory */
};

static const struct places bzimage_places = {
	{ "", "lib/modules/", "usr/lib/modules/" },
	{ "../lib/modules/", "../usr/lib/modules/", "../" },
	"lib/modules/",
};

static const struct places uml_places = {
	{ "", "lib/uml/modules/", "lib/modules/" },
	{ "../lib/uml/modules/", "../lib/modules/", "" },
	"usr/lib/uml/modules/",
};

/* The layouts of modules_install and of packages, and the directory itself. */
static char *find_below(const struct places *places, const char *folder, const char *release,
			char **ret_unseen)
{
	char *found = NULL;

	for (const char *const *middle = places->below; *middle && !found; middle++)
		found = with_index(folder, *middle, release, ret_unseen);
	return found ? found : with_index(folder, NULL, release, ret_unseen);
}

static char *find_beside(const struct places *places, const char *path, const char *release,
			 char **ret_unseen)
{
	const char *slash = strrchr(path, '/');
	CLEANUP(freep)
	char *directory = strndup(slash ? path : ".", slash ? (size_t)(slash - path) : 1);
	char *found = NULL;

	for (const char *const *middle = places->beside; directory && *middle && !found; middle++)
		found = with_index(directory, *middle, release, ret_unseen);
	return found ? found : with_index("", places->machine, release, ret_unseen);
}

/* depmod takes a directory that contains lib/modules/RELEASE. */
static int not_seen(const char *folder, const char *release, struct problem *problem)
{
	static const char middle[] = "/lib/modules/";
	size_t length = strlen(folder), tail = strlen(middle) + strlen(release);
	const char *end = length < tail ? "" : folder + length - tail;

	if (strncmp(end, middle, strlen(middle)) != 0)
		return problem_set(
			problem, PROBLEM_LACK, ENOENT,
			"depmod has not seen the modules in %s (there is no modules.dep.bin); move "
			"that to DIR/lib/modules/%s and run: depmod -b DIR %s",
			folder, release, release);
	return problem_set(problem, PROBLEM_LACK, ENOENT,
			   "depmod has not seen the modules in %s (there is no modules.dep.bin); "
			   "run: depmod -b %.*s/ %s",
			   folder, (int)(end - folder), folder, release);
}

/* It is not an error if a kernel has no modules: everything may be built in. */
static int find_modules(const struct places *places, struct kernel_image *image,
			const char *modules, struct problem *problem)
{
	CLEANUP(freep) char *unseen = NULL;

	image->modules = modules ? find_below(places, modules, image->release, &unseen)
				 : find_beside(places, image->path, image->release, &unseen);
	if (image->modules || !(modules || unseen))
		return 0;
	if (unseen)
		return not_seen(unseen, image->release, problem);
	return problem_set(
		problem, PROBLEM_LACK, ENOENT,
		"%s has no modules of the kernel %s: it contains neither %s nor lib/modules/%s",
		modules, image->release, image->release, image->release);
}

/* ---- a program of User-Mode Linux ---- */

static int no_uml(const char *name, const char *said, struct problem *problem)
{
	return problem_set(problem, PROBLEM_LACK, ENOEXEC,
			   "%s cannot be used as User-Mode Linux: `%s --version` fails%s%s", name,
			   name, *said ? ": " : "", said);
}

/* It prints only the release; one that needs a newer C library prints that instead. */
static int ask_program(struct kernel_image *image, struct problem *problem)
{
	CLEANUP(freep) char *said = NULL;
	int r = child_run((const char *[]) { image->path, "--version", NULL }, -1, &said);

	if (r < 0 && r != -EACCES && r != -ENOEXEC)
		return r;
	if (said)
		said[strcspn(said, "\n")] = '\0';
	if (r != 0 || !said || !isdigit((unsigned char)*said))
		return no_uml(image->path, said ? said : "", problem);
	image->release = TAKE_PTR(said);
	return 0;
}

static int open_uml(const char *program, struct kernel_image *image, struct problem *problem)
{
	image->path = child_find_program(program);
	if (image->path)
		return ask_program(image, problem);
	if (strcmp(program, uml_program) == 0)
		return problem_set(problem, PROBLEM_LACK, ENOENT,
				   "%s is missing; install user-mode-linux, or use --on loop or "
				   "--on dir:PATH",
				   program);
	return problem_set(problem, PROBLEM_LACK, ENOENT,
			   "there is no User-Mode Linux \"%s\" to execute; name the program by its "
			   "path",
			   program);
}

/* ---- all of it ---- */

/* Returns the text after "LABEL=". */
static const char *split_label(const char *spec, struct kernel_image *image)
{
	size_t label = strcspn(spec, "=/");

	if (spec[label] != '=')
		return spec;
	image->label = strndup(spec, label);
	return spec + label + 1;
}

static int complete(const struct places *places, struct kernel_image *image, const char *modules,
		    struct kernel_image *ret, struct problem *problem)
{
	int r = image->label ? 0 : field_set_text(&image->label, image->release);

	if (r == 0)
		r = find_modules(places, image, modules, problem);
	if (r < 0)
		return r;
	*ret = *image;
	*image = (struct kernel_image) { 0 };
	return 0;
}

int kernel_image_find(const char *boot, const char *spec, const char *modules,
		      struct kernel_image *ret, struct problem *problem)
{
	CLEANUP(kernel_image_clear) struct kernel_image image = { 0 };
	const char *kernel = split_label(spec ? spec : "", &image);
	int r;

	image.path = locate(boot, kernel);
	if (!image.path)
		return not_found(boot, kernel, problem);
	image.newest = !*kernel;
	r = open_kernel(image.path, &image, problem);
	return r < 0 ? r : complete(&bzimage_places, &image, modules, ret, problem);
}

int kernel_image_find_uml(const char *spec, const char *modules, struct kernel_image *ret,
			  struct problem *problem)
{
	CLEANUP(kernel_image_clear) struct kernel_image image = { 0 };
	const char *program = split_label(spec ? spec : "", &image);
	int r = open_uml(*program ? program : uml_program, &image, problem);

	return r < 0 ? r : complete(&uml_places, &image, modules, ret, problem);
}

void kernel_image_clear(struct kernel_image *image)
{
	free(image->path);
	free(image->release);
	free(image->build);
	free(image->label);
	free(image->modules);
	*image = (struct kernel_image) { 0 };
}

/* ---- modules ---- */

enum { WISHES_DEEP = 8 };

struct search {
	struct kmod_ctx *kmod;
	const char *directory;
};

static void kmod_unrefp(struct kmod_ctx **kmod)
{
	if (*kmod)
		kmod_unref(*kmod);
}

static void kmod_listp(struct kmod_list **list)
{
	kmod_module_unref_list(*list);
}

static void kmod_iterp(struct kmod_config_iter **iterator)
{
	if (*iterator)
		kmod_config_iter_free_iter(*iterator);
}

static void kmod_modulep(struct kmod_module **module)
{
	if (*module)
		kmod_module_unref(*module);
}

static int is_listed(const char *files, const char *path)
{
	size_t length = strlen(path);

	for (const char *at = files; at && (at = strstr(at, path)); at += length)
		if ((at == files || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
			return 1;
	return 0;
}

/* Appends the module's path without the leading `directory`. */
static int append_file(struct kmod_module *module, const char *directory, char **files)
{
	const char *path = kmod_module_get_path(module);

	if (!path)
		return 0; /* built in */
	if (directory && strncmp(path, directory, strlen(directory)) == 0)
		path += strlen(directory) + 1;
	if (is_listed(*files, path))
		return 0;
	return text_join(files, " ", path);
}

static int append_with_needs(const struct search *search, struct kmod_module *module, int depth,
			     char **files);

/* By name or alias; the first match.  0, also if there is none, or -ENOMEM. */
static int append_wish(const struct search *search, const char *name, int depth, char **files)
{
	CLEANUP(kmod_listp) struct kmod_list *found = NULL;
	CLEANUP(kmod_modulep) struct kmod_module *module = NULL;

	if (kmod_module_new_from_lookup(search->kmod, name, &found) < 0 || !found)
		return 0;
	module = kmod_module_get_module(found);
	return append_with_needs(search, module, depth, files);
}

/* "pre: one anotherpost: third", in which libkmod leaves out a blank: those before "post:". */
static int append_wishes(const struct search *search, const char *text, int depth, char **files)
{
	const char *end = strstr(text, "post:");
	CLEANUP(freep) char *before = strndup(text, end ? (size_t)(end - text) : strlen(text));
	CLEANUP(freep) char **words = before ? words_split(before, " ") : NULL;
	int r = words ? 0 : -ENOMEM;

	for (char **word = words; r == 0 && *word; word++)
		if (strcmp(*word, "pre:") != 0)
			r = append_wish(search, *word, depth, files);
	return r;
}

/*
 * Adds the soft dependencies of a module, which the kernel loads only when it uses the module
 * ("softdep f2fs pre: crc32"): a guest has no modprobe for that.  A module may have several such
 * lines, of which kmod_module_get_softdeps() returns only the first, and they may contain an alias
 * (btrfs: "crypto-crc32c", seen on 6.16).
 */
static int append_after_wishes(const struct search *search, struct kmod_module *module, int depth,
			       char **files)
{
	CLEANUP(kmod_iterp) struct kmod_config_iter *lines = kmod_config_get_softdeps(search->kmod);

	while (lines && kmod_config_iter_next(lines)) {
		int r = 0;

		if (strcmp(kmod_config_iter_get_key(lines), kmod_module_get_name(module)) == 0)
			r = append_wishes(search, kmod_config_iter_get_value(lines), depth + 1,
					  files);
		if (r < 0)
			return r;
	}
	return append_file(module, search->directory, files);
}

/* Appends the module after its dependencies, which libkmod returns in the order of loading. */
static int append_with_needs(const struct search *search, struct kmod_module *module, int depth,
			     char **files)
{
	CLEANUP(kmod_listp) struct kmod_list *needed = kmod_module_get_dependencies(module);
	struct kmod_list *entry;

	if (depth > WISHES_DEEP)
		return 0; /* two that require each other */
	kmod_list_foreach(entry, needed)
	{
		CLEANUP(kmod_modulep) struct kmod_module *one = kmod_module_get_module(entry);
		int r = append_after_wishes(search, one, depth, files);

		if (r < 0)
			return r;
	}
	return append_after_wishes(search, module, depth, files);
}

/* Finds the type in /proc/filesystems, whose lines are "nodev\tTYPE" or "\tTYPE". */
static int is_registered(const char *type)
{
	CLEANUP(freep) char *table = NULL;
	CLEANUP(freep) char *row = NULL;

	if (io_read_file("/proc/filesystems", 1 << 16, &table, NULL) < 0)
		return 0;
	row = text_format("\t%s\n", type);
	return row && strstr(table, row);
}

int kernel_add_modules(const char *directory, const char *name, char **modules)
{
	static const char *const no_configuration[] = { NULL };
	CLEANUP(kmod_unrefp) struct kmod_ctx *kmod = kmod_new(directory, no_configuration);
	CLEANUP(kmod_listp) struct kmod_list *found = NULL;
	CLEANUP(kmod_modulep) struct kmod_module *module = NULL;

	if (!kmod)
		return -ENOMEM;
	kmod_set_log_priority(kmod, 0);
	if (kmod_module_new_from_lookup(kmod, name, &found) < 0 || !found)
		return -ENODEV;
	module = kmod_module_get_module(found);
	return append_with_needs(&(struct search) { kmod, directory }, module, 0, modules);
}

int kernel_add_filesystem(const char *directory, const char *type, char **modules)
{
	CLEANUP(freep) char *alias = text_format("fs-%s", type);

	return alias ? kernel_add_modules(directory, alias, modules) : -ENOMEM;
}

int kernel_has_filesystem(const char *type)
{
	CLEANUP(freep) char *modules = NULL;

	return is_registered(type) ? 0 : kernel_add_filesystem(NULL, type, &modules);
}
