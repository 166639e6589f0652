/* SPDX-License-Identifier: MIT */
/*
 * File systems of the catalogue with added options, to compare options without a plan file; private
 *to src/plan/.
 *
 * The name of a variant is a key of results: the name in the catalogue, and the added options.
 *
 *	ext4                       nothing
 *	ext4+nodelalloc+data=journal   mount options: nodelalloc,data=journal
 *	ext4+-Obigalloc+-C65536    mkfs options: -O bigalloc -C 65536
 *	xfs+noatime+-mreflink=0    both
 *
 * It can be a word of a list and a part of a file name: a comma becomes "+", the value of an option
 *follows its letter directly, or after "=" if it is a long option, and all characters other than
 *letters, digits and - _ . = ^ : become % and two hexadecimal digits.  Names are unique, since
 *mount options cannot start with "-", and names of the catalogue have no "+".
 */
#ifndef PLAN_VARIANT_H
#define PLAN_VARIANT_H

#include "plan/plan.h"

enum { VARIANT_NAME_MAX = 128 };

/*
 * Creates the file systems of the plan, each with each of its mount options and mkfs options, in
 * this order.  The caller frees *ret with filesystems_clear().  0, -ENOMEM, or -EINVAL with
 * *problem set.
 */
int variants_make(const struct plan *plan, const struct filesystem *const *bases, size_t count,
		  struct filesystem **ret, size_t *ret_count, struct problem *problem);

void filesystem_clear(struct filesystem *filesystem);
void filesystems_clear(struct filesystem *filesystems, size_t count);

#endif
