/* SPDX-License-Identifier: MIT */
/*
 * File systems with options added to those of the catalogue, for comparing options without a plan
 * file; private to this directory.
 *
 * The name of a variant is the key of its results: the name in the catalogue, and what was added.
 *
 *	ext4                       nothing
 *	ext4+nodelalloc+data=journal   mount options: nodelalloc,data=journal
 *	ext4+-Obigalloc+-C65536    mkfs options: -O bigalloc -C 65536
 *	xfs+noatime+-mreflink=0    both
 *
 * It is a word of lists and of file names: a comma becomes "+", the value of an option follows
 * its letter at once, or after "=" if the option is a long one, and every other character than
 * letters, digits and - _ . = ^ : becomes % and two hexadecimal digits.  Two variants never have
 * the same name, since mount options cannot begin with "-", and names of the catalogue have no "+".
 */
#ifndef PLAN_VARIANT_H
#define PLAN_VARIANT_H

#include "plan/plan.h"

enum { VARIANT_NAME_MAX = 128 };

/*
 * The file systems of the plan, each with each of its mount options and mkfs options, in this
 * order. *ret is owned by the caller: filesystems_clear().  0, -ENOMEM, or -EINVAL with a sentence.
 */
int variants_make(const struct plan *plan, const struct filesystem *const *bases, size_t count,
		  struct filesystem **ret, size_t *ret_count, struct problem *problem);

void filesystem_clear(struct filesystem *filesystem);
void filesystems_clear(struct filesystem *filesystems, size_t count);

#endif
