/* SPDX-License-Identifier: MIT */
/* What the name behind `--output` asks for, and what it may replace. */
#ifndef CMD_OUTPUT_H
#define CMD_OUTPUT_H

#include "base/problem.h"

/*
 * The name of the format that the ending of a file's name asks for, as of `report --format`;
 * "table" for .txt and where there is no ending.  NULL: an ending that is not known.
 */
const char *output_format(const char *path);

/*
 * Each returns 0, or -errno with a sentence.  A path is a name, not a NULL pointer; one that does
 * not exist can be written.
 *
 * output_check() refuses a block device, and without `force` a file that can only be had again by
 * measuring: a result file of `run`, a store of `history`, a document that `frag --json` printed.
 */
int output_check(const char *path, int force, struct problem *problem);

/*
 * Refuses an output that is the input, by whatever name.  NULL as a path is standard output, "-"
 * as an input is standard input.
 */
int output_check_input(const char *path, const char *input, struct problem *problem);

#endif
