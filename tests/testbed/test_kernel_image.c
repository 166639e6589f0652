/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/child.h"
#include "base/cleanup.h"
#include "testbed/kernel.h"
#include "lack.h"
#include "tree.h"

/* A file with a kernel's header; `release` NULL: one without the text. */
static void make_kernel(const char *path, const char *release)
{
	char image[0x1000] = { 0 };
	FILE *file = fopen(path, "w");

	image[0x1fe] = 0x55;
	image[0x1ff] = (char)0xaa;
	memcpy(image + 0x202, "HdrS", 4);
	if (release) {
		image[0x20f] = 0x0c; /* 0xc00, to which 0x200 is added */
		snprintf(image + 0xe00, 0x200, "%s (builder@here) #1 SMP", release);
	}
	assert_non_null(file);
	assert_int_equal(fwrite(image, 1, sizeof(image), file), sizeof(image));
	assert_int_equal(fclose(file), 0);
}

static void make_modules(const char *folder)
{
	char name[256];

	snprintf(name, sizeof(name), "%s/modules.dep.bin", folder);
	tree_put(name, "");
}

static int set_up(void **state)
{
	return tree_make(state) < 0 || chdir(tree) < 0 || mkdir("boot", 0755) < 0;
}

static int tear_down(void **state)
{
	return chdir("/") < 0 || tree_remove(state);
}

static void assert_finds(const char *spec, const char *path, const char *label)
{
	CLEANUP(kernel_image_clear) struct kernel_image image = { 0 };
	CLEANUP(problem_clear) struct problem problem = { 0 };

	if (kernel_image_find("boot", spec, NULL, &image, &problem) < 0)
		fail_msg("%s: %s", spec ? spec : "NULL", problem.message);
	assert_string_equal(image.path, path);
	assert_string_equal(image.label, label);
}

static void assert_refuses(const char *spec, const char *modules, int error, const char *sentence)
{
	CLEANUP(kernel_image_clear) struct kernel_image image = { 0 };
	CLEANUP(problem_clear) struct problem problem = { 0 };

	assert_int_equal(kernel_image_find("boot", spec, modules, &image, &problem), -error);
	assert_non_null(strstr(problem.message, sentence));
	assert_null(image.path);
}

static void the_newest_is_of_the_highest_release(void **state)
{
	static const char *const releases[] = {
		"6.12.0", "6.12.0-rc3", "6.1.0-56-cloud-amd64", "6.1.0-9-amd64", "0-rescue", "6.9"
	};
	static const char *const newest_first[] = { "6.12.0",	     "6.12.0-rc3",
						    "6.9",	     "6.1.0-56-cloud-amd64",
						    "6.1.0-9-amd64", "0-rescue" };
	CLEANUP(kernel_image_names_clear) char **names = NULL;
	char path[64];
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(releases); i++) {
		snprintf(path, sizeof(path), "boot/vmlinuz-%s", releases[i]);
		make_kernel(path, releases[i]);
	}
	names = kernel_image_names("boot");
	assert_non_null(names);
	for (size_t i = 0; i < ARRAY_SIZE(newest_first); i++)
		assert_string_equal(names[i], newest_first[i]);
	assert_null(names[ARRAY_SIZE(newest_first)]);
	assert_finds(NULL, "boot/vmlinuz-6.12.0", "6.12.0");
	assert_finds("", "boot/vmlinuz-6.12.0", "6.12.0");
	assert_finds("any=", "boot/vmlinuz-6.12.0", "any");
}

static void a_kernel_tells_which_build_it_is(void **state)
{
	CLEANUP(kernel_image_clear) struct kernel_image image = { 0 };
	(void)state;

	make_kernel("boot/vmlinuz-6.1.0", "6.1.0");
	assert_int_equal(kernel_image_find("boot", "mine=", NULL, &image, NULL), 0);
	assert_string_equal(image.build, "#1 SMP");
	assert_true(image.newest);
	kernel_image_clear(&image);
	assert_int_equal(kernel_image_find("boot", "mine=6.1.0", NULL, &image, NULL), 0);
	assert_false(image.newest);
	kernel_image_clear(&image);

	/* A result file takes it as text. */
	make_kernel("boot/vmlinuz-6.1.0", "6.1.0 #2 \xff #3\n");
	assert_int_equal(kernel_image_find("boot", NULL, NULL, &image, NULL), 0);
	assert_string_equal(image.build, "#2 ");
}

static void a_kernel_is_found_by_name_and_path(void **state)
{
	(void)state;
	make_kernel("boot/vmlinuz-6.1.0", "6.1.0-label");
	make_kernel("bzImage", "6.18.0+");
	assert_finds("6.1.0", "boot/vmlinuz-6.1.0", "6.1.0-label");
	assert_finds("vmlinuz-6.1.0", "boot/vmlinuz-6.1.0", "6.1.0-label");
	assert_finds("old=6.1.0", "boot/vmlinuz-6.1.0", "old");
	assert_finds("./bzImage", "./bzImage", "6.18.0+");
	assert_finds("bzImage", "bzImage", "6.18.0+");
	assert_int_equal(mkdir("a=b", 0755), 0);
	make_kernel("a=b/bzImage", "6.18.1");
	assert_finds("./a=b/bzImage", "./a=b/bzImage", "6.18.1");
	assert_finds("new=a=b/bzImage", "a=b/bzImage", "new");
}

static void make_uml(const char *path, const char *says)
{
	char script[128];

	snprintf(script, sizeof(script), "#!/bin/sh\n%s\n", says);
	tree_put(path, script);
	assert_int_equal(chmod(path, 0755), 0);
}

static void assert_finds_uml(const char *spec, const char *modules, const char *found_modules)
{
	CLEANUP(kernel_image_clear) struct kernel_image image = { 0 };
	CLEANUP(problem_clear) struct problem problem = { 0 };
	char path[PATH_MAX];

	if (kernel_image_find_uml(spec, modules, &image, &problem) < 0)
		fail_msg("%s: %s", spec, problem.message);
	assert_string_equal(image.release, "9.9.9");
	assert_string_equal(image.label, *spec == '.' ? "9.9.9" : "mine");
	snprintf(path, sizeof(path), "%s/%s", tree, found_modules);
	assert_string_equal(image.modules, path);
}

static void a_program_of_user_mode_linux_says_its_release(void **state)
{
	CLEANUP(kernel_image_clear) struct kernel_image image = { 0 };
	CLEANUP(problem_clear) struct problem problem = { 0 };
	(void)state;

	make_uml("new/bin/linux.uml", "echo 9.9.9");
	make_modules("new/lib/modules/9.9.9");
	assert_finds_uml("./new/bin/linux.uml", NULL, "new/lib/modules/9.9.9");
	make_modules("new/lib/uml/modules/9.9.9");
	assert_finds_uml("mine=new/bin/linux.uml", NULL, "new/lib/uml/modules/9.9.9");
	assert_finds_uml("mine=new/bin/linux.uml", "new/lib/modules", "new/lib/modules/9.9.9");
	make_modules("other/lib/uml/modules/9.9.9");
	assert_finds_uml("./new/bin/linux.uml", "other", "other/lib/uml/modules/9.9.9");

	make_uml("fails", "echo version GLIBC_2.99 not found; exit 1");
	assert_int_equal(kernel_image_find_uml("./fails", NULL, &image, &problem), -ENOEXEC);
	assert_non_null(strstr(problem.message, "fails: version GLIBC_2.99 not found"));
	make_uml("babbles", "echo hello");
	assert_int_equal(kernel_image_find_uml("./babbles", NULL, &image, NULL), -ENOEXEC);
	assert_int_equal(kernel_image_find_uml("./missing", NULL, &image, NULL), -ENOENT);
}

static void modules_are_found_beside_and_below(void **state)
{
	static const char *const folders[] = { "below/6.1.0", "below/lib/modules/6.1.0",
					       "below/usr/lib/modules/6.1.0", "below" };
	/* The later ones come first. */
	static const char *const beside[] = { "usr/lib/modules/6.1.0", "lib/modules/6.1.0" };
	CLEANUP(kernel_image_clear) struct kernel_image image = { 0 };
	(void)state;

	make_kernel("boot/vmlinuz-6.1.0", "6.1.0");
	assert_int_equal(kernel_image_find("boot", NULL, NULL, &image, NULL), 0);
	assert_null(image.modules);
	kernel_image_clear(&image);

	for (size_t i = 0; i < ARRAY_SIZE(beside); i++) {
		make_modules(beside[i]);
		assert_int_equal(kernel_image_find("boot", NULL, NULL, &image, NULL), 0);
		assert_string_equal(strstr(image.modules, beside[i]), beside[i]);
		kernel_image_clear(&image);
	}
	make_kernel("usr/lib/modules/6.1.0/vmlinuz", "6.1.0");
	assert_int_equal(
		kernel_image_find("boot", "usr/lib/modules/6.1.0/vmlinuz", NULL, &image, NULL), 0);
	assert_non_null(strstr(image.modules, "/usr/lib/modules/6.1.0"));
	kernel_image_clear(&image);

	for (size_t i = ARRAY_SIZE(folders); i > 0; i--) {
		CLEANUP(freep) char *real = NULL;

		make_modules(folders[i - 1]);
		real = realpath(folders[i - 1], NULL);
		assert_int_equal(kernel_image_find("boot", NULL, "below", &image, NULL), 0);
		assert_string_equal(image.modules, real);
		kernel_image_clear(&image);
	}
	assert_refuses(NULL, "boot", ENOENT, "boot has no modules of the kernel 6.1.0");
}

static void modules_without_an_index_are_told(void **state)
{
	static const struct {
		const char *folder, *option, *sentence;
	} cases[] = {
		{ "lib/modules/6.1.0", NULL, "/ 6.1.0" },
		{ "usr/lib/modules/6.1.0", NULL, "/usr/ 6.1.0" },
		{ "any/lib/modules/6.1.0", "any", "/any/ 6.1.0" },
		{ "any/usr/lib/modules/6.1.0", "any", "/any/usr/ 6.1.0" },
		{ "any/lib/modules/6.1.0", "any/lib/modules/6.1.0", "/any/ 6.1.0" },
		{ "any/6.1.0", "any", "depmod -b DIR 6.1.0" },
	};
	(void)state;

	make_kernel("boot/vmlinuz-6.1.0", "6.1.0");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		tree_put_folder(cases[i].folder);
		assert_refuses(NULL, cases[i].option, ENOENT,
			       "depmod has not seen the modules in ");
		assert_refuses(NULL, cases[i].option, ENOENT, cases[i].sentence);
		assert_int_equal(remove(cases[i].folder), 0);
	}
	/* Those that it has seen count, wherever they are. */
	tree_put_folder(cases[0].folder);
	make_modules(cases[1].folder);
	assert_finds(NULL, "boot/vmlinuz-6.1.0", "6.1.0");
}

/* The indices of any kernel's modules, for which no module has to be there. */
static int copy_indices(const char *folder)
{
	CLEANUP(freep) char *script = NULL;

	tree_put_folder(folder);
	return asprintf(&script,
			"for from in /lib/modules/*; do"
			" grep -q /xfs.ko $from/modules.dep && grep -q /btrfs.ko $from/modules.dep "
			"&&"
			" cp $from/modules.* %s && exit; done; exit 1",
			folder) < 0 ||
	       child_run((const char *[]) { "sh", "-c", script, NULL }, -1, NULL) != 0;
}

static void a_module_comes_after_all_that_it_wishes_for(void **state)
{
	CLEANUP(freep) char *modules = NULL;
	const char *wish;
	FILE *file;
	(void)state;

	if (copy_indices("modules") != 0)
		lack("qemu", "no kernel in /lib/modules has xfs and btrfs as modules");
	file = fopen("modules/modules.softdep", "w");
	fputs("softdep xfs pre: there-is-no-such-module\n"
	      "softdep xfs pre: fs-btrfs post: virtio_blk\n",
	      file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(kernel_add_filesystem("modules", "xfs", &modules), 0);
	wish = strstr(modules, "/btrfs.ko");
	assert_non_null(wish);
	assert_non_null(strstr(wish, "/xfs.ko"));
	assert_null(strstr(modules, "virtio_blk"));
}

static void what_is_no_kernel_is_refused(void **state)
{
	(void)state;
	assert_refuses(NULL, NULL, ENOENT, "there is no kernel in boot");
	assert_refuses("7.7", NULL, ENOENT, "there is no kernel \"7.7\"; name a bzImage");
	assert_refuses("./missing", NULL, ENOENT, "cannot read the kernel ./missing");
	assert_refuses("./boot", NULL, ENOEXEC, "./boot is not a kernel");
	assert_int_equal(mkfifo("pipe", 0600), 0);
	assert_refuses("./pipe", NULL, ENOEXEC, "./pipe is not a kernel");
	tree_put("empty", "");
	assert_refuses("./empty", NULL, ENOEXEC, "./empty is not a kernel");
	make_kernel("textless", NULL);
	assert_refuses("./textless", NULL, ENOEXEC, "./textless is not a kernel");
	make_kernel("odd", "../../etc");
	assert_refuses("./odd", NULL, ENOEXEC, "./odd is not a kernel");
	make_kernel("odder", " ");
	assert_refuses("./odder", NULL, ENOEXEC, "./odder is not a kernel");
	make_kernel("short", "6.1.0");
	assert_int_equal(truncate("short", 0xd00), 0);
	assert_refuses("./short", NULL, ENOEXEC, "./short is not a kernel");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_newest_is_of_the_highest_release, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_kernel_tells_which_build_it_is, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_kernel_is_found_by_name_and_path, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_program_of_user_mode_linux_says_its_release,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(modules_are_found_beside_and_below, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(modules_without_an_index_are_told, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_module_comes_after_all_that_it_wishes_for, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_is_no_kernel_is_refused, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
