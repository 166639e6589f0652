/* SPDX-License-Identifier: MIT */
/*
 * Formatting the wrong disk cannot be undone.  So everything that is not known to be harmless is
 * refused, and no option allows more than one thing.  The most useful message comes first: a
 * mounted device is also busy, has a signature and may contain the system, and "mounted on /home"
 * is the best description.
 */
#include "testbed/guard.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/size.h"

static const char by_id_folder[] = "/dev/disk/by-id/";

#define REFUSE(problem, error, ...) problem_set(problem, PROBLEM_USAGE, error, __VA_ARGS__)

/* ---- what the path names ---- */

static int cannot_open(const struct device_facts *facts, struct problem *problem)
{
	return problem_set(problem, PROBLEM_LACK, facts->error, "cannot use the device %s: %s",
			   facts->path, strerror(facts->error));
}

static int check_path(const struct device_facts *facts, struct problem *problem)
{
	if (facts->kind)
		return REFUSE(problem, ENOTBLK,
			      "%s is %s, not a block device; name a partition or a disk",
			      facts->path, facts->kind);
	if (facts->name)
		return 0;
	if (facts->error)
		return cannot_open(facts, problem);
	return REFUSE(problem, ENXIO,
		      "the kernel has no device with the number of %s; choose another device",
		      facts->path);
}

/* ---- who uses it ---- */

#define FACT(member) offsetof(struct device_facts, member)

static const struct use {
	size_t fact;
	const char *is, *advice;
} uses[] = {
	{ FACT(changed), "has changed since the start of the run; now it is",
	  "nothing was written to it" },
	{ FACT(mounted), "is mounted on", "unmount it, or choose another device" },
	{ FACT(swap), "is in use as swap:", "disable it with swapoff, or choose another device" },
	{ FACT(holders), "is part of", "remove it from there, or choose another device" },
	{ FACT(registered), "is in use by", "remove it from there, or choose another device" },
	{ FACT(looped), "is also used through", "detach that with losetup -d first" },
	{ FACT(below), "is only another name for", "choose that one, or another device" },
	{ FACT(exported), "is exported by", "end that, or choose another device" },
	{ FACT(opened), "is open for writing in", "end that, or choose another device" },
	{ FACT(fstab), "is listed in", "remove that line, or choose another device" },
	{ FACT(twin), "reports the same identity as", "choose a disk with one path to it" },
	{ FACT(overlap), "shares sectors with", "repair the partition table first" },
	{ FACT(partitions), "has partitions:", "choose one of them, or remove them" },
	{ FACT(zoned), "is a zoned device:", "choose one without zones" },
};

static int check_uses(const struct device_facts *facts, struct problem *problem)
{
	for (size_t i = 0; i < ARRAY_SIZE(uses); i++) {
		const char *fact = *(char *const *)((const char *)facts + uses[i].fact);

		if (fact)
			return REFUSE(problem, EBUSY, "%s %s %s; %s", facts->path, uses[i].is, fact,
				      uses[i].advice);
	}
	if (facts->busy)
		return REFUSE(problem, EBUSY,
			      "%s is in use by the kernel or by another program; end that, or "
			      "choose another device",
			      facts->path);
	if (facts->locked == EWOULDBLOCK)
		return REFUSE(problem, EBUSY,
			      "cannot use %s: the disk %s is locked by another program; wait until "
			      "that has "
			      "ended",
			      facts->path, facts->disk);
	if (facts->locked)
		return REFUSE(problem, facts->locked,
			      "cannot use %s: the disk %s cannot be locked: %s; check that /dev/%s "
			      "exists",
			      facts->path, facts->disk, strerror(facts->locked), facts->disk);
	return 0;
}

static int check_room(const struct device_facts *facts, struct problem *problem)
{
	char has[SIZE_TEXT_MAX], needs[SIZE_TEXT_MAX];

	if (facts->error)
		return cannot_open(facts, problem);
	if (facts->bytes == 0)
		return REFUSE(problem, ENOMEDIUM, "%s has no medium; choose another device",
			      facts->path);
	if (facts->read_only)
		return REFUSE(problem, EROFS, "%s is read-only; choose another device",
			      facts->path);
	if (facts->bytes < facts->least_bytes)
		return REFUSE(problem, ENOSPC,
			      "%s is too small: it has %s and the run needs %s; use a smaller "
			      "--size, or choose another device",
			      facts->path, size_human((double)facts->bytes, has),
			      size_human((double)facts->least_bytes, needs));
	return 0;
}

static int check_system(const struct device_facts *facts, const struct guard_consent *consent,
			struct problem *problem)
{
	if (!facts->holds)
		return 0;
	if (!facts->is_partition)
		return REFUSE(problem, EBUSY, "%s contains %s; choose another device", facts->path,
			      facts->holds);
	if (consent->same_disk)
		return 0;
	return REFUSE(problem, EBUSY,
		      "%s is on %s, the disk that contains %s; choose another disk, or allow this "
		      "partition with --same-disk",
		      facts->path, facts->disk, facts->holds);
}

/* ---- contents ---- */

/* A member of a larger volume, or (swsuspend) the memory of a suspended machine. */
static int is_member(const struct signature *found)
{
	static const char *const members[] = {
		"zfs_member", "bcache", "DM_", "stratis", "vdo", "ceph_", "mpool", "swsuspend",
	};

	if (found->usage && strcmp(found->usage, "raid") == 0)
		return 1;
	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		if (strncmp(found->type, members[i], strlen(members[i])) == 0)
			return 1;
	return 0;
}

static int check_type(const struct device_facts *facts, const char *allowed,
		      struct problem *problem)
{
	const struct signature *found = &facts->found;

	if (is_member(found))
		return REFUSE(problem, EBUSY,
			      "%s is a member of a larger volume (%s); remove it from there, then "
			      "erase the signature with wipefs",
			      facts->path, found->type);
	if (!allowed)
		return REFUSE(problem, EEXIST,
			      "%s is not empty (%s); choose another device, or overwrite it with "
			      "--overwrite-signature %s",
			      facts->path, found->type, found->type);
	if (strcmp(found->type, allowed) != 0)
		return REFUSE(problem, EEXIST,
			      "%s contains %s, but --overwrite-signature names \"%s\"; choose "
			      "another device, or name that type",
			      facts->path, found->type, allowed);
	return 0;
}

static int check_found(const struct device_facts *facts, const char *allowed,
		       struct problem *problem)
{
	const struct signature *found = &facts->found, *disk = &facts->disk_found;

	if (found->unreadable || disk->unreadable)
		return REFUSE(problem, EIO, "cannot read what is on %s: %s; choose another device",
			      facts->path,
			      strerror(found->unreadable ? found->unreadable : disk->unreadable));
	if (found->ambivalent)
		return REFUSE(problem, EEXIST,
			      "%s has several contradictory signatures; list them with `wipefs "
			      "%s`, and erase those that are wrong",
			      facts->path, facts->path);
	if (found->table)
		return REFUSE(problem, EEXIST,
			      "%s has a partition table (%s); choose a partition, or remove the "
			      "table with wipefs",
			      facts->path, found->table);
	if (disk->type || disk->ambivalent)
		return REFUSE(
			problem, EEXIST,
			"%s is on %s, a disk with a signature of its own (%s); choose another disk",
			facts->path, facts->disk, disk->type ? disk->type : "several signatures");
	return found->type ? check_type(facts, allowed, problem) : 0;
}

int guard_device(const struct device_facts *facts, const struct guard_consent *consent,
		 struct problem *problem)
{
	int r = check_path(facts, problem);

	if (r == 0)
		r = check_uses(facts, problem);
	if (r == 0)
		r = check_system(facts, consent, problem);
	if (r == 0)
		r = check_room(facts, problem);
	return r < 0 ? r : check_found(facts, consent->overwrite_signature, problem);
}

/* ---- consent ---- */

static int is_by_id(const struct device_facts *facts, const char *word)
{
	if (strncmp(word, by_id_folder, strlen(by_id_folder)) == 0)
		word += strlen(by_id_folder);
	for (char **name = facts->by_id; name && *name; name++)
		if (strcmp(word, *name) == 0)
			return 1;
	return 0;
}

/* The argument of --destroy that confirms the device; NULL: there is none. */
static const char *own_name(const struct device_facts *facts, int on_terminal)
{
	if (on_terminal)
		return facts->path;
	return facts->by_id && facts->by_id[0] ? facts->by_id[0] : facts->serial;
}

int guard_consent(const struct device_facts *facts, const struct guard_consent *consent,
		  int on_terminal, struct problem *problem)
{
	const char *destroy = consent->destroy, *name = own_name(facts, on_terminal);

	if (destroy &&
	    (is_by_id(facts, destroy) || (facts->serial && strcmp(destroy, facts->serial) == 0) ||
	     (on_terminal && strcmp(destroy, facts->path) == 0)))
		return 0;
	if (!name)
		return REFUSE(problem, EPERM,
			      "%s has neither a name in %s nor a unique serial number, so that its "
			      "loss can be confirmed only on a terminal",
			      facts->path, by_id_folder);
	if (!destroy)
		return REFUSE(problem, EPERM,
			      "all data on %s would be lost; to confirm that, add --destroy '%s'",
			      facts->path, name);
	return REFUSE(problem, EPERM,
		      "--destroy %s does not name %s%s; to confirm the loss of all its data, use "
		      "--destroy '%s'",
		      destroy, facts->path,
		      on_terminal ? "" : " by its name in /dev/disk/by-id or its serial number",
		      name);
}

int guard_typed(const struct device_facts *facts, const char *typed, struct problem *problem)
{
	if (typed && strcmp(typed, facts->name) == 0)
		return 0;
	return REFUSE(problem, EPERM, "that is not %s; nothing was written to %s", facts->name,
		      facts->path);
}

static int check_words(const char *name, const char *words, struct problem *problem)
{
	static const char *const elsewhere[] = { "/", "UUID=", "LABEL=" };

	for (size_t i = 0; i < ARRAY_SIZE(elsewhere); i++)
		if (strstr(words, elsewhere[i]))
			return REFUSE(problem, EINVAL,
				      "[%s] names another file or device than the volume (%s), "
				      "which the testbed device does not allow",
				      name, words);
	return 0;
}

int guard_filesystem(const struct filesystem *filesystem, struct problem *problem)
{
	static const char blanks[] = " \t";
	const char *program = filesystem->mkfs + strspn(filesystem->mkfs, blanks);
	const char *options = filesystem->mount_options ? filesystem->mount_options : "";
	int r = check_words(filesystem->name, program + strcspn(program, blanks), problem);

	return r < 0 ? r : check_words(filesystem->name, options, problem);
}
