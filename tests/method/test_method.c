/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/child.h"
#include "base/problem.h"
#include "base/words.h"
#include "lack.h"
#include "method_file.h"
#include "tree.h"

enum { CHUNK_BYTES = 8192, ODD_BYTES = (1 << 20) + 13 };

static void spell_spec(const struct method *method, char spec[static METHOD_NAME_MAX])
{
	static const char *const formats[] = {
		[METHOD_PLAIN] = "%s",
		[METHOD_CHUNK] = "%s-8192",
		[METHOD_STEP] = "%s-8192",
		[METHOD_CHUNK_DEPTH] = "%s-8192-4",
	};

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(spec, METHOD_NAME_MAX, formats[method->parameters], method->name);
#pragma GCC diagnostic pop
}

static int starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

static void table_is_complete(void **state)
{
	(void)state;

	assert_non_null(method_table[0]);
	for (const struct method *const *row = method_table; *row; row++) {
		const struct method *method = *row;

		assert_non_null(method->name);
		assert_true(method->summary && strlen(method->summary) > 10);
		assert_non_null(method->allocate);
		assert_true(method->parameters <= METHOD_CHUNK_DEPTH);
		for (const struct method *const *other = row + 1; *other; other++)
			assert_string_not_equal(method->name, (*other)->name);
	}
}

static void probes_say_why(void **state)
{
	(void)state;

	for (const struct method *const *row = method_table; *row; row++) {
		const char *why = NULL;
		int r = (*row)->probe ? (*row)->probe(&why) : 0;

		assert_true(r <= 0);
		assert_true(r == 0 ? why == NULL : why != NULL);
	}
}

static void check_path(const struct method *method, const struct method_outcome *outcome)
{
	if (method->sparse)
		assert_int_equal(outcome->path, METHOD_PATH_SPARSE);
	else if (!strcmp(method->name, "posix-fallocate"))
		assert_int_equal(outcome->path,
				 outcome->fallbacks ? METHOD_PATH_EMULATED : METHOD_PATH_NATIVE);
	else if (!strcmp(method->name, "prealloc"))
		assert_int_equal(outcome->path,
				 outcome->fallbacks ? METHOD_PATH_WRITTEN : METHOD_PATH_NATIVE);
	else if (!strcmp(method->name, "posix-emulated"))
		assert_int_equal(outcome->path, METHOD_PATH_EMULATED);
	else if (starts_with(method->name, "fallocate"))
		assert_int_equal(outcome->path, METHOD_PATH_NATIVE);
	else
		assert_int_equal(outcome->path, METHOD_PATH_WRITTEN);
}

static uint64_t count_of(uint64_t bytes, uint64_t unit)
{
	return (bytes + unit - 1) / unit;
}

static void check_counts(const struct method *method, int fd, uint64_t bytes,
			 const struct method_outcome *outcome)
{
	struct statfs fs;

	assert_int_equal(fstatfs(fd, &fs), 0);
	if (!strcmp(method->name, "none") || !strcmp(method->name, "extsize")) {
		assert_int_equal(outcome->calls, !strcmp(method->name, "extsize"));
		assert_int_equal(outcome->written_bytes, 0);
	} else if (method->grow) {
		assert_int_equal(outcome->calls, count_of(bytes, CHUNK_BYTES));
		assert_int_equal(outcome->written_bytes, 0);
	} else if (method->parameters != METHOD_PLAIN) {
		assert_int_equal(outcome->calls, count_of(bytes, CHUNK_BYTES));
		assert_true(outcome->written_bytes >= bytes);
		assert_true(outcome->written_bytes <=
			    (method->chunk_multiple ? bytes + CHUNK_BYTES - 1 : bytes));
	} else if (!strcmp(method->name, "posix-emulated")) {
		uint64_t blocks = count_of(bytes, fs.f_bsize < 4096 ? (uint64_t)fs.f_bsize : 4096);

		assert_int_equal(outcome->calls, blocks);
		assert_int_equal(outcome->written_bytes, blocks);
	} else if (outcome->path == METHOD_PATH_WRITTEN && !strcmp(method->name, "prealloc")) {
		/* Its even part, and what is left. */
		assert_true(outcome->calls >= 1 && outcome->calls <= 3);
		assert_int_equal(outcome->written_bytes, bytes);
	} else {
		assert_int_equal(outcome->calls, 1);
		assert_int_equal(outcome->written_bytes, !strcmp(method->name, "mmap") ? bytes
							 : !strcmp(method->name, "lseek-write")
								 ? 1
								 : 0);
	}
}

static void check_space(const struct method *method, int fd, uint64_t bytes)
{
	struct stat st;

	assert_int_equal(fsync(fd), 0);
	assert_int_equal(fstat(fd, &st), 0);
	if (method->sparse)
		assert_true(st.st_blocks * 512 <= 65536);
	else
		assert_true((uint64_t)st.st_blocks * 512 >= bytes);
}

/* What every method owes its callers, whatever the file system. */
static void check_contract(const char *spec, const char *folder, uint64_t bytes)
{
	CLEANUP(fd_closep) int fd = make_file(folder);
	struct method_outcome outcome;
	struct method_choice choice;
	int flags = fcntl(fd, F_GETFL);
	int r;

	assert_true(fd >= 0);
	assert_int_equal(method_parse(spec, &choice, NULL), 0);
	r = method_run(&choice, fd, bytes, &outcome);
	assert_int_equal(fcntl(fd, F_GETFL), flags);
	if (r < 0) {
		print_message("# %s on %s: %s: %s\n", spec, folder, outcome.refused_by,
			      strerror(-r));
		assert_true(method_unsupported(r));
		assert_non_null(outcome.refused_by);
		assert_int_equal(outcome.path, METHOD_PATH_NONE);
		return;
	}
	assert_null(outcome.refused_by);
	assert_int_equal(lseek(fd, 0, SEEK_END), method_length(&choice, bytes));
	assert_true(is_all_zero(fd));
	check_path(choice.method, &outcome);
	check_counts(choice.method, fd, bytes, &outcome);
	check_space(choice.method, fd, bytes);
}

static void check_all_contracts(const char *folder)
{
	static const uint64_t sizes[] = { CHUNK_BYTES / 2, 1 << 20, ODD_BYTES };

	for (const struct method *const *row = method_table; *row; row++) {
		char spec[METHOD_NAME_MAX];

		spell_spec(*row, spec);
		for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
			check_contract(spec, folder, sizes[i]);
	}
}

static void contract_holds_here(void **state)
{
	(void)state;

	check_all_contracts(scratch_folder());
	check_contract("mmap", scratch_folder(), 4096);
	check_contract("fallocate", scratch_folder(), 4096);
}

/* Chunks that are no power of two, larger than the file, and vectors beyond IOV_MAX pages. */
static void chunks_of_all_sizes(void **state)
{
	static const struct {
		const char *spec;
		uint64_t bytes, calls;
	} cases[] = {
		{ "chunk-1", 1000, 1000 },	 { "chunk-1000", 4096, 5 },
		{ "chunk-1G", 100000, 1 },	 { "writev-1", 100, 100 },
		{ "writev-5000", 12345, 3 },	 { "writev-8M", (16 << 20) + 1, 3 },
		{ "direct-12K", 40960, 4 },	 { "direct-1M", 100, 1 },
		{ "uring-12K-3", 1228800, 100 }, { "uring-1M-1024", 100, 1 },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(fd_closep) int fd = make_file(scratch_folder());
		struct method_outcome outcome;
		int r = run_spec(cases[i].spec, fd, cases[i].bytes, &outcome);

		if (r < 0) {
			assert_true(method_unsupported(r));
			continue;
		}
		assert_int_equal(outcome.calls, cases[i].calls);
		assert_int_equal(lseek(fd, 0, SEEK_END), cases[i].bytes);
		assert_true(is_all_zero(fd));
	}
}

static void names_become_canonical(void **state)
{
	static const struct {
		const char *spec, *name;
		size_t chunk_bytes;
		unsigned depth;
	} good[] = {
		{ "posix-fallocate", "posix-fallocate", 0, 0 },
		{ "mmap", "mmap", 0, 0 },
		{ "fallocate-keep-size", "fallocate-keep-size", 0, 0 },
		{ "chunk-4096", "chunk-4096", 4096, 0 },
		{ "chunk-4K", "chunk-4096", 4096, 0 },
		{ "chunk-04096", "chunk-4096", 4096, 0 },
		{ "chunk-1", "chunk-1", 1, 0 },
		{ "chunk-1G", "chunk-1073741824", 1 << 30, 0 },
		{ "writev-64k", "writev-65536", 65536, 0 },
		{ "direct-512", "direct-512", 512, 0 },
		{ "uring-1M", "uring-1048576-8", 1 << 20, 8 },
		{ "uring-1M-32", "uring-1048576-32", 1 << 20, 32 },
		{ "uring-1GiB-1024", "uring-1073741824-1024", 1 << 30, 1024 },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct method_choice choice, again;

		assert_int_equal(method_parse(good[i].spec, &choice, NULL), 0);
		assert_string_equal(choice.name, good[i].name);
		assert_int_equal(choice.chunk_bytes, good[i].chunk_bytes);
		assert_int_equal(choice.depth, good[i].depth);
		assert_int_equal(method_parse(choice.name, &again, NULL), 0);
		assert_string_equal(again.name, choice.name);
	}
}

static void wrong_names_are_explained(void **state)
{
	static const struct {
		const char *spec;
		int r;
		const char *why;
	} wrong[] = {
		{ "posix_fallocate", -ENOENT,
		  "unknown method \"posix_fallocate\"; did you mean \"posix-fallocate\"?" },
		{ "chnk-4096", -ENOENT,
		  "unknown method \"chnk-4096\"; did you mean \"chunk-4096\"?" },
		{ "chunk4096", -ENOENT,
		  "unknown method \"chunk4096\"; did you mean \"chunk-4096\"?" },
		{ "chnk", -ENOENT, "unknown method \"chnk\"; did you mean \"chunk-N\"?" },
		{ "urng-1M-4", -ENOENT,
		  "unknown method \"urng-1M-4\"; did you mean \"uring-1M-4\"?" },
		{ "fallocate-zero-rnge", -ENOENT,
		  "unknown method \"fallocate-zero-rnge\"; did you mean "
		  "\"fallocate-zero-range\"?" },
		{ "zzzzzzzz", -ENOENT,
		  "unknown method \"zzzzzzzz\"; `alloc-perf list methods` shows them all" },
		{ "", -ENOENT, "unknown method \"\"; `alloc-perf list methods` shows them all" },
		{ "mmap-4096", -EINVAL, "method \"mmap-4096\": mmap takes no size or depth" },
		{ "chunk", -EINVAL,
		  "method \"chunk\" needs a chunk size in bytes, such as chunk-4096" },
		{ "chunk-", -EINVAL,
		  "method \"chunk-\": \"\" is not a size such as 4096, 64K or 1M" },
		{ "chunk-4Q", -EINVAL,
		  "method \"chunk-4Q\": \"4Q\" is not a size such as 4096, 64K or 1M" },
		{ "chunk--1", -EINVAL,
		  "method \"chunk--1\": \"-1\" is not a size such as 4096, 64K or 1M" },
		{ "chunk-4096-8", -EINVAL,
		  "method \"chunk-4096-8\": \"4096-8\" is not a size such as 4096, 64K or 1M" },
		{ "chunk-0", -EINVAL, "method \"chunk-0\": the chunk must be from 1 byte to 1G" },
		{ "chunk-2G", -EINVAL, "method \"chunk-2G\": the chunk must be from 1 byte to 1G" },
		{ "chunk-99999999999999999999", -EINVAL,
		  "method \"chunk-99999999999999999999\": the chunk must be from 1 byte to 1G" },
		{ "direct-1000", -EINVAL,
		  "method \"direct-1000\": direct I/O needs a chunk that is a multiple of 512 "
		  "bytes" },
		{ "uring-1M-0", -EINVAL,
		  "method \"uring-1M-0\": the depth \"0\" is not a whole number from 1 to 1024" },
		{ "uring-1M-1025", -EINVAL,
		  "method \"uring-1M-1025\": the depth \"1025\" is not a whole number from 1 to "
		  "1024" },
		{ "uring-1M-", -EINVAL,
		  "method \"uring-1M-\": the depth \"\" is not a whole number from 1 to 1024" },
		{ "uring-1M-8-9", -EINVAL,
		  "method \"uring-1M-8-9\": the depth \"8-9\" is not a whole number from 1 to "
		  "1024" },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct method_choice choice = { .name = "untouched" };
		CLEANUP(problem_clear) struct problem problem = { 0 };

		assert_int_equal(method_parse(wrong[i].spec, &choice, &problem), wrong[i].r);
		assert_string_equal(problem.message, wrong[i].why);
		assert_string_equal(choice.name, "untouched");
	}
}

static void unsupported_is_told_from_failed(void **state)
{
	static const int unsupported[] = { EOPNOTSUPP, ENOSYS, EINVAL, ENODEV, ESPIPE, EPERM };
	static const int failed[] = { 0, ENOSPC, EIO, EDQUOT, EFBIG, ENOMEM, EACCES, EBADF };
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(unsupported); i++) {
		assert_true(method_unsupported(unsupported[i]));
		assert_true(method_unsupported(-unsupported[i]));
	}
	for (size_t i = 0; i < ARRAY_SIZE(failed); i++)
		assert_false(method_unsupported(failed[i]));
	for (enum method_path path = METHOD_PATH_NONE; path <= METHOD_PATH_SPARSE; path++)
		assert_non_null(method_path_name(path));
}

static void emulation_spares_data(void **state)
{
	CLEANUP(fd_closep) int fd = make_file(scratch_folder());
	struct method_outcome outcome;
	char byte = 0;
	(void)state;

	assert_int_equal(pwrite(fd, "x", 1, 4095), 1);
	assert_int_equal(run_spec("posix-emulated", fd, 8192, &outcome), 0);
	assert_int_equal(pread(fd, &byte, 1, 4095), 1);
	assert_int_equal(byte, 'x');
}

/* Runs `act` in a child that a limit or a filter cannot outlive; it returns 1 if all is well. */
static int in_child(int (*act)(int fd), int fd)
{
	CLEANUP(child_killp) struct child child = CHILD_NONE;
	int status = -1;

	if (child_fork(&child, 0) == 0)
		_exit(act(fd) ? 0 : 1);
	return child_wait(&child, -1, 0, &status) == 0 && status == 0;
}

static int forbid_uring(int error)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = ARRAY_SIZE(filter), .filter = filter };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static int uring_is_refused(int fd, int error)
{
	struct method_outcome outcome;
	struct method_choice choice;
	const char *why = NULL;

	return forbid_uring(error) && run_spec("uring-64K", fd, 1 << 20, &outcome) == -error &&
	       !strcmp(outcome.refused_by, "io_uring_setup") && outcome.calls == 0 &&
	       method_parse("uring-64K", &choice, NULL) == 0 &&
	       choice.method->probe(&why) == -error && why;
}

static int uring_is_forbidden(int fd)
{
	return uring_is_refused(fd, EPERM);
}

static int uring_is_missing(int fd)
{
	return uring_is_refused(fd, ENOSYS);
}

static void uring_switched_off_is_unsupported(void **state)
{
	CLEANUP(fd_closep) int fd = make_file(scratch_folder());
	(void)state;

	assert_true(in_child(uring_is_forbidden, fd));
	assert_true(in_child(uring_is_missing, fd));
}

static int uring_does_unregistered(int fd)
{
	struct rlimit none = { 0, 0 };
	struct method_outcome outcome;
	int r;

	if (setrlimit(RLIMIT_MEMLOCK, &none) < 0 || (geteuid() == 0 && setresuid(1, 1, 1) < 0))
		return 0;
	r = run_spec("uring-64K", fd, 1 << 20, &outcome);
	/* Before Linux 5.12 the ring itself counts as locked memory. */
	if (r < 0)
		return method_unsupported(r) || (r == -ENOMEM && outcome.refused_by);
	return outcome.fallbacks == 1 && outcome.fallback[0].error == ENOMEM &&
	       !strcmp(outcome.fallback[0].call, "io_uring_register") &&
	       outcome.path == METHOD_PATH_WRITTEN && outcome.calls == 16;
}

static void uring_without_locked_memory(void **state)
{
	CLEANUP(fd_closep) int fd = make_file(scratch_folder());
	(void)state;

	assert_true(in_child(uring_does_unregistered, fd));
}

static int unmount_tree(void **state)
{
	umount2(tree, MNT_DETACH);
	return tree_remove(state);
}

/* Mounts of this process alone: they go when it does. */
static void enter_own_mounts(void)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		lack("loop", "mounting needs root (CAP_SYS_ADMIN)");
}

/* An image without a name: it and its loop device are gone when it is unmounted. */
static void mount_image(const char *mkfs, int mib)
{
	CLEANUP(freep) char *output = NULL;
	CLEANUP(freep) char *image = NULL;
	CLEANUP(fd_closep) int fd = -1;
	int r;

	require_program(mkfs);
	enter_own_mounts();
	assert_true(asprintf(&image, "%s.image", tree) > 0);
	fd = open(image, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)mib << 20), 0);
	r = child_run((const char *[]) { mkfs, "-q", "-F", image, NULL }, -1, NULL);
	if (r == 0)
		r = child_run((const char *[]) { "mount", "-o", "loop", image, tree, NULL }, -1,
			      &output);
	unlink(image);
	if (r != 0)
		lack("loop", "%s", output ? output : mkfs);
}

static void check_full_volume(const char *folder, uint64_t bytes)
{
	for (const struct method *const *row = method_table; *row; row++) {
		CLEANUP(fd_closep) int fd = make_file(folder);
		struct method_outcome outcome;
		char spec[METHOD_NAME_MAX];
		int r;

		assert_true(fd >= 0);
		spell_spec(*row, spec);
		r = run_spec(spec, fd, bytes, &outcome);
		if ((*row)->sparse && (r == 0 || strcmp((*row)->name, "extsize") != 0)) {
			assert_int_equal(r, 0);
			continue;
		}
		assert_non_null(outcome.refused_by);
		assert_int_equal(outcome.path, METHOD_PATH_NONE);
		if (!method_unsupported(r) && r != -ENOSPC)
			fail_msg("%s: %s, not ENOSPC", spec, strerror(-r));
		if (!strcmp(spec, "mmap") || !strcmp(spec, "chunk-8192"))
			assert_int_equal(r, -ENOSPC);
	}
}

static void full_tmpfs_is_enospc(void **state)
{
	(void)state;

	enter_own_mounts();
	assert_int_equal(mount("tmpfs", tree, "tmpfs", 0, "size=1m"), 0);
	check_full_volume(tree, 4 << 20);
}

static void full_ext4_is_enospc(void **state)
{
	(void)state;

	mount_image("mkfs.ext4", 16);
	check_full_volume(tree, 64 << 20);
}

static void posix_fallocate_is_native_on_ext4(void **state)
{
	CLEANUP(fd_closep) int fd = -1;
	struct method_outcome outcome;
	(void)state;

	mount_image("mkfs.ext4", 32);
	check_all_contracts(tree);
	fd = make_file(tree);
	assert_int_equal(run_spec("posix-fallocate", fd, ODD_BYTES, &outcome), 0);
	assert_int_equal(outcome.path, METHOD_PATH_NATIVE);
	assert_int_equal(outcome.fallbacks, 0);
}

static blkcnt_t blocks_of(int fd)
{
	struct stat st;

	assert_int_equal(fsync(fd), 0);
	assert_int_equal(fstat(fd, &st), 0);
	return st.st_blocks;
}

static void posix_fallocate_is_emulated_on_ext2(void **state)
{
	CLEANUP(fd_closep) int by_library = -1;
	CLEANUP(fd_closep) int by_us = -1;
	struct method_outcome outcome;
	(void)state;

	mount_image("mkfs.ext2", 32);
	check_all_contracts(tree);
	by_library = make_file(tree);
	by_us = make_file(tree);
	assert_int_equal(run_spec("fallocate", by_us, ODD_BYTES, &outcome), -EOPNOTSUPP);
	assert_int_equal(run_spec("posix-emulated", by_us, ODD_BYTES, &outcome), 0);
	if (run_spec("posix-fallocate", by_library, ODD_BYTES, &outcome) == -EOPNOTSUPP)
		return; /* musl does not emulate */
	assert_int_equal(outcome.path, METHOD_PATH_EMULATED);
	assert_int_equal(outcome.fallbacks, 1);
	assert_string_equal(outcome.fallback[0].call, "fallocate");
	assert_int_equal(outcome.fallback[0].error, EOPNOTSUPP);
	assert_int_equal(blocks_of(by_library), blocks_of(by_us));
}

#define MOUNTING(function) cmocka_unit_test_setup_teardown(function, tree_make, unmount_tree)

static void parameters_are_varied(void **state)
{
	static const struct {
		const char *list;
		enum method_parameter parameter;
		const char *values;
		const char *varied;
	} cases[] = {
		{ "chunk-1M, fallocate", METHOD_VARY_CHUNK, "4096,64K",
		  "chunk-4096,chunk-64K,fallocate" },
		{ "mmap,chunk,direct", METHOD_VARY_CHUNK, "4096,64K",
		  "mmap,chunk-4096,chunk-64K,direct-4096,direct-64K" },
		/* Those that differed in it alone are one, and a beginning is not the whole name.
		 */
		{ "chunk-1M,chunk-4K,chunk-40960", METHOD_VARY_CHUNK, "4096,64K",
		  "chunk-4096,chunk-64K" },
		{ "uring-1M-16,uring-1M", METHOD_VARY_CHUNK, "4096,64K",
		  "uring-4096-16,uring-64K-16,uring-4096-8,uring-64K-8" },
		{ "fallocate-step,chunk-1M,extsize-1M,none", METHOD_VARY_STEP, "4096,64K",
		  "fallocate-step-4096,fallocate-step-64K,chunk-1M,extsize-4096,extsize-64K,none" },
		{ "uring-1M-16,uring-64K,chunk-64K", METHOD_VARY_DEPTH, "1,16",
		  "uring-1M-1,uring-1M-16,uring-64K-1,uring-64K-16,chunk-64K" },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(freep) char **values = words_split(cases[i].values, ",");
		CLEANUP(freep) char *varied = NULL;

		assert_int_equal(
			method_vary(cases[i].list, cases[i].parameter, values, &varied, NULL), 0);
		assert_string_equal(varied, cases[i].varied);
	}
}

static void what_cannot_be_varied_is_named(void **state)
{
	static const struct {
		const char *list;
		enum method_parameter parameter;
		const char *sentence;
	} cases[] = {
		{ "mmap,fallocate", METHOD_VARY_CHUNK,
		  "no method of this run has a chunk size; add one to --methods, such as "
		  "chunk-4K" },
		{ "chunk-4K,uring-1M", METHOD_VARY_STEP,
		  "no method of this run has a step; add one to --methods, such as "
		  "fallocate-step-1M" },
		{ "mmap,chunk-4K", METHOD_VARY_DEPTH,
		  "no method of this run has a depth; add one to --methods, such as uring-1M" },
		{ "chunk", METHOD_VARY_DEPTH,
		  "method \"chunk\" needs a chunk size in bytes, such as chunk-4096" },
		{ "direct-1M", METHOD_VARY_CHUNK,
		  "method \"direct-100\": direct I/O needs a chunk that is a multiple of 512 "
		  "bytes" },
		{ "chunk-4K,mmmap", METHOD_VARY_CHUNK,
		  "unknown method \"mmmap\"; did you mean \"mmap\"?" },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(problem_clear) struct problem problem = { 0 };
		CLEANUP(freep) char **values = words_split("100", ",");
		char *varied = NULL;

		assert_true(method_vary(cases[i].list, cases[i].parameter, values, &varied,
					&problem) < 0);
		assert_null(varied);
		assert_string_equal(problem.message, cases[i].sentence);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parameters_are_varied),
		cmocka_unit_test(what_cannot_be_varied_is_named),
		cmocka_unit_test(table_is_complete),
		cmocka_unit_test(probes_say_why),
		cmocka_unit_test(contract_holds_here),
		cmocka_unit_test(chunks_of_all_sizes),
		cmocka_unit_test(names_become_canonical),
		cmocka_unit_test(wrong_names_are_explained),
		cmocka_unit_test(unsupported_is_told_from_failed),
		cmocka_unit_test(emulation_spares_data),
		cmocka_unit_test(uring_switched_off_is_unsupported),
		cmocka_unit_test(uring_without_locked_memory),
		MOUNTING(full_tmpfs_is_enospc),
		MOUNTING(full_ext4_is_enospc),
		MOUNTING(posix_fallocate_is_native_on_ext4),
		MOUNTING(posix_fallocate_is_emulated_on_ext2),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
