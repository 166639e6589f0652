/* SPDX-License-Identifier: MIT */
/*
 * The paths of inodes, for sources that read inodes and see no names: directories are read from
 * the top, and each entry that is wanted is kept with its directory, in bounded memory.
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

/* How directories are read. */
struct directory_reader {
	/*
	 * Hands all entries of the directory of that inode to inode_paths_add(), and stops with
	 * its value if that is not 0.  What cannot be read is left out.
	 */
	int (*read_directory)(struct inode_paths *paths, uint64_t directory, void *context);
	void *context;
	uint64_t root;	 /* inode of the topmost directory */
	const char *top; /* its path; "" and "/" are the same */
};

/*
 * Reads the directories: for all files if `worst` is NULL, or only until those files are found.
 * Ends early when settings->cancel_fd becomes readable.  0 or -ENOMEM.
 */
int inode_paths_read(const struct frag_settings *settings, const struct directory_reader *source,
		     const struct worst_files *worst, struct inode_paths **ret);
void inode_paths_freep(struct inode_paths **paths);

/* 0, or non-zero: stop reading.  "." and ".." are ignored. */
int inode_paths_add(struct inode_paths *paths, uint64_t directory, uint64_t inode, const char *name,
		    size_t name_bytes, bool is_directory);

/* The path, which is in `buffer`.  NULL: not known. */
const char *inode_paths_find(const struct inode_paths *paths, uint64_t inode,
			     char buffer[static INODE_PATH_BYTES]);

/* Adds a note to the result if there were more than can be kept.  0 or -ENOMEM. */
int inode_paths_note(const struct inode_paths *paths, struct frag_result *result);

/* Sets the paths of the worst files, as far as they can be found.  0 or -ENOMEM. */
int inode_paths_give_worst(const struct frag_settings *settings,
			   const struct directory_reader *source, struct worst_files *worst);

/* ---- directories of a mounted file system ---- */

struct mounted_directories {
	uint64_t device;
	char path[INODE_PATH_BYTES];
};

/* Makes *ret read directories by their paths below `top`.  0 or -errno. */
int mounted_directory_reader(struct mounted_directories *directories, const char *top,
			     struct directory_reader *ret);

#endif
