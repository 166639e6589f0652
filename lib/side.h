/* SPDX-License-Identifier: MIT */
/*
 * A file opened a second time, for what the caller's descriptor cannot do:
 * O_DIRECT, mapping a write-only file, seeking without moving the caller's
 * position, placing bytes in an O_APPEND file.
 */
#ifndef PREALLOC_SIDE_H
#define PREALLOC_SIDE_H

#include <stddef.h>
#include <stdint.h>

enum { SIDE_BUFFER_BYTES = 64 * 1024 };

struct side_files {
	int plain_fd;	/* read and write if that was permitted */
	int append_fd;	/* O_APPEND */
	int direct_fd;	/* O_APPEND, too; -1: O_DIRECT is refused */
	uint64_t align; /* what O_DIRECT wants, bytes */
	int journalled; /* data goes through the file system's journal */
	int own;	/* 0: plain_fd and append_fd are the caller's, as he opened it */
	uint64_t end;	/* of the file, when something was appended last */
	char *zeroes;	/* SIDE_BUFFER_BYTES, aligned */
	char *scratch;	/* SIDE_BUFFER_BYTES, for reading */
};

struct side;

/* 0, -ENOMEM.  Where no thread or no second description is to be had, goes on with fd itself. */
int side_open(int fd, struct side **ret);

/* NULL-safe. */
void side_close(struct side *side);

struct side_files *side_files(struct side *side);

/* What is run beside: works on files with the two numbers, returns what side_run() returns. */
typedef int64_t (*side_fn)(struct side_files *files, uint64_t offset, uint64_t bytes);

int64_t side_run(struct side *side, side_fn function, uint64_t offset, uint64_t bytes);

/* The same in two halves, to do something else meanwhile. */
void side_begin(struct side *side, side_fn function, uint64_t offset, uint64_t bytes);
int64_t side_end(struct side *side);

/* Reads up to SIDE_BUFFER_BYTES into `scratch`: how many, or -errno. */
int64_t side_read(struct side *side, uint64_t offset, uint64_t bytes);

/* What is run beside: writes zeroes, SIDE_BUFFER_BYTES at most. */
int64_t side_place(struct side_files *files, uint64_t offset, uint64_t bytes);

/* lseek() with SEEK_DATA, SEEK_HOLE, SEEK_CUR.  -EOPNOTSUPP if the position is the caller's. */
int64_t side_seek(struct side *side, uint64_t offset, int whence);

#endif
