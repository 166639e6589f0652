/* SPDX-License-Identifier: MIT */
/*
 * Names, where a reader sees only inodes: directories are read from the top, and
 * each entry that is wanted is kept with its directory, in bounded memory.
 */
#ifndef FRAG_NAMES_H
#define FRAG_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct frag_result;
struct frag_settings;
struct worst_files;

enum { NAMES_PATH_BYTES = 65536 };

struct names;

struct names_source {
	/*
	 * Hands all entries of a directory to names_add(), and returns what that
	 * returns if it is not 0.  What cannot be read is passed over.
	 */
	int (*read_directory)(struct names *names, uint64_t directory, void *context);
	void *context;
	uint64_t root;	 /* the directory at the top */
	const char *top; /* its path; "" and "/" are the same */
};

/*
 * Reads the directories.  `worst`: only for these files, and no farther than it
 * takes to find them; NULL: for all.  Ends when settings->cancel_fd asks for it.
 * 0 or -ENOMEM.
 */
int names_read(const struct frag_settings *settings, const struct names_source *source,
	       const struct worst_files *worst, struct names **ret);
void names_freep(struct names **names);

/* 0, or non-zero: stop reading. "." and ".." are passed over. */
int names_add(struct names *names, uint64_t directory, uint64_t inode, const char *name,
	      size_t name_bytes, bool is_directory);

/* NULL: not known. `buffer` is where the path is put together. */
const char *names_path(const struct names *names, uint64_t inode,
		       char buffer[static NAMES_PATH_BYTES]);

/* Says in the result if there were more than could be kept.  0 or -ENOMEM. */
int names_note(const struct names *names, struct frag_result *result);

/* Gives them their paths, as far as they can be found. */
int names_give_worst(const struct frag_settings *settings, const struct names_source *source,
		     struct worst_files *worst);

/* ---- of what is mounted ---- */

struct mounted_directories {
	uint64_t device;
	char path[NAMES_PATH_BYTES];
};

/* Reads directories by their paths below `top`: a names_source but for its root. */
int mounted_names(struct mounted_directories *directories, const char *top,
		  struct names_source *ret);

#endif
