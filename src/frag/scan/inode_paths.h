/* SPDX-License-Identifier: MIT */
/*
 * Names, where a reader sees only inodes: directories are read from the top, and
 * each entry that is wanted is kept with its directory, in bounded memory.
 */
#ifndef FRAG_INODE_PATHS_H
#define FRAG_INODE_PATHS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct frag_result;
struct frag_settings;
struct worst_files;

enum { INODE_PATH_BYTES = 65536 };

struct inode_paths;

struct directory_reader {
	/*
	 * Hands all entries of a directory to inode_paths_add(), and returns what that
	 * returns if it is not 0.  What cannot be read is passed over.
	 */
	int (*read_directory)(struct inode_paths *paths, uint64_t directory, void *context);
	void *context;
	uint64_t root;	 /* the directory at the top */
	const char *top; /* its path; "" and "/" are the same */
};

/*
 * Reads the directories.  `worst`: only for these files, and no farther than it
 * takes to find them; NULL: for all.  Ends when settings->cancel_fd asks for it.
 * 0 or -ENOMEM.
 */
int inode_paths_read(const struct frag_settings *settings, const struct directory_reader *source,
		     const struct worst_files *worst, struct inode_paths **ret);
void inode_paths_freep(struct inode_paths **paths);

/* 0, or non-zero: stop reading. "." and ".." are passed over. */
int inode_paths_add(struct inode_paths *paths, uint64_t directory, uint64_t inode, const char *name,
		    size_t name_bytes, bool is_directory);

/* NULL: not known. `buffer` is where the path is put together. */
const char *inode_paths_find(const struct inode_paths *paths, uint64_t inode,
			     char buffer[static INODE_PATH_BYTES]);

/* Says in the result if there were more than could be kept.  0 or -ENOMEM. */
int inode_paths_note(const struct inode_paths *paths, struct frag_result *result);

/* Gives them their paths, as far as they can be found. */
int inode_paths_give_worst(const struct frag_settings *settings,
			   const struct directory_reader *source, struct worst_files *worst);

/* ---- of what is mounted ---- */

struct mounted_directories {
	uint64_t device;
	char path[INODE_PATH_BYTES];
};

/* Reads directories by their paths below `top`: a names_source but for its root. */
int mounted_directory_reader(struct mounted_directories *directories, const char *top,
			     struct directory_reader *ret);

#endif
