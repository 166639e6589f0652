/* SPDX-License-Identifier: MIT */
/*
 * Names are keys in result files, so a choice has exactly one spelling: sizes in plain bytes, the
 * depth always included.  Users may also write shorter forms.
 */
#include "method/method.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "method/methods.h"
#include "base/size.h"
#include "base/suggest.h"
#include "base/problem.h"

enum { CHUNK_BYTES_MAX = 1 << 30, DEPTH_DEFAULT = 8, DEPTH_MAX = 1024 };

#define METHOD_ROW(name) &method_##name,
const struct method *const method_table[] = { METHODS(METHOD_ROW) NULL };
#undef METHOD_ROW

const char *method_path_name(enum method_path path)
{
	static const char *const names[] = {
		[METHOD_PATH_NONE] = "none",	     [METHOD_PATH_NATIVE] = "native",
		[METHOD_PATH_EMULATED] = "emulated", [METHOD_PATH_WRITTEN] = "written",
		[METHOD_PATH_SPARSE] = "sparse",
	};

	return names[path];
}

/* The length of the name in "chunk-4096" or "chunk4096". */
static size_t head_length(const char *spec)
{
	size_t length = strcspn(spec, "0123456789");

	while (spec[length] && length > 0 && spec[length - 1] == '-')
		length--;
	return length;
}

static const struct method *find_method(const char *name, size_t length)
{
	for (const struct method *const *method = method_table; *method; method++)
		if (strlen((*method)->name) == length && !strncmp((*method)->name, name, length))
			return *method;
	return NULL;
}

static const struct method *find_nearest(const char *typed)
{
	const char *nearest = NULL;

	for (const struct method *const *method = method_table; *method; method++)
		suggest_consider(typed, (*method)->name, &nearest);
	return nearest ? find_method(nearest, strlen(nearest)) : NULL;
}

static int unknown_method(const char *spec, struct problem *problem)
{
	size_t length = head_length(spec);
	CLEANUP(freep) char *head = strndup(spec, length);
	const char *parameters = spec + length + strspn(spec + length, "-");
	const struct method *nearest = head ? find_nearest(head) : NULL;

	if (!nearest)
		return problem_set(
			problem, PROBLEM_USAGE, ENOENT,
			"unknown method \"%s\"; `alloc-perf list methods` shows them all", spec);
	if (nearest->parameters == METHOD_PLAIN)
		return problem_set(problem, PROBLEM_USAGE, ENOENT,
				   "unknown method \"%s\"; did you mean \"%s\"?", spec,
				   nearest->name);
	return problem_set(problem, PROBLEM_USAGE, ENOENT,
			   "unknown method \"%s\"; did you mean \"%s-%s\"?", spec, nearest->name,
			   *parameters ? parameters : "N");
}

/* The method that `spec` names, and the start of its parameters (NULL: it has none). */
static const struct method *split_spec(const char *spec, const char **ret_parameters)
{
	const struct method *method = find_method(spec, strlen(spec));
	const char *dash;

	*ret_parameters = NULL;
	for (dash = strchr(spec, '-'); !method && dash; dash = strchr(dash + 1, '-')) {
		method = find_method(spec, (size_t)(dash - spec));
		/* "fallocate-zero-rnge" is a misspelt name, not `fallocate` with parameters. */
		if (method && method->parameters == METHOD_PLAIN &&
		    !isdigit((unsigned char)dash[1]))
			method = NULL;
		*ret_parameters = dash + 1;
	}
	return method;
}

static int parse_chunk(const char *spec, const char *text, struct method_choice *choice,
		       struct problem *problem)
{
	const struct method *method = choice->method;
	char multiple[SIZE_TEXT_MAX];
	uint64_t bytes;
	int r = size_parse(text, &bytes);

	if (r == -EINVAL)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "method \"%s\": \"%s\" is not a size such as 4096, 64K or 1M",
				   spec, text);
	if (r < 0 || bytes < 1 || bytes > CHUNK_BYTES_MAX)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "method \"%s\": the chunk must be from 1 byte to 1G", spec);
	if (method->chunk_multiple && bytes % method->chunk_multiple)
		return problem_set(
			problem, PROBLEM_USAGE, EINVAL,
			"method \"%s\": direct I/O needs a chunk that is a multiple of %s "
			"bytes",
			spec, size_name(method->chunk_multiple, multiple));
	choice->chunk_bytes = (size_t)bytes;
	return 0;
}

static int parse_depth(const char *spec, const char *text, struct method_choice *choice,
		       struct problem *problem)
{
	char *end;
	unsigned long depth = strtoul(text, &end, 10);

	if (!isdigit((unsigned char)*text) || *end || depth < 1 || depth > DEPTH_MAX)
		return problem_set(
			problem, PROBLEM_USAGE, EINVAL,
			"method \"%s\": the depth \"%s\" is not a whole number from 1 to %d", spec,
			text, DEPTH_MAX);
	choice->depth = (unsigned)depth;
	return 0;
}

static int parse_parameters(const char *spec, const char *parameters, struct method_choice *choice,
			    struct problem *problem)
{
	const struct method *method = choice->method;
	CLEANUP(freep) char *copy = strdup(parameters);
	char *rest = copy, *chunk;
	int r;

	if (!copy)
		return -ENOMEM;
	/* Split only if there can be a depth: the error about "chunk--1" must name "-1". */
	chunk = method->parameters == METHOD_CHUNK_DEPTH ? strsep(&rest, "-") : copy;
	r = parse_chunk(spec, chunk, choice, problem);
	if (r < 0 || method->parameters != METHOD_CHUNK_DEPTH)
		return r;
	choice->depth = DEPTH_DEFAULT;
	return rest ? parse_depth(spec, rest, choice, problem) : 0;
}

static void set_names(struct method_choice *choice)
{
	const char *name = choice->method->name;

	switch (choice->method->parameters) {
	case METHOD_PLAIN:
		snprintf(choice->name, sizeof(choice->name), "%s", name);
		break;
	case METHOD_CHUNK:
	case METHOD_STEP:
		snprintf(choice->name, sizeof(choice->name), "%s-%zu", name, choice->chunk_bytes);
		break;
	case METHOD_CHUNK_DEPTH:
		snprintf(choice->name, sizeof(choice->name), "%s-%zu-%u", name, choice->chunk_bytes,
			 choice->depth);
		break;
	}
}

int method_parse(const char *spec, struct method_choice *ret, struct problem *problem)
{
	const char *parameters;
	struct method_choice choice = { .method = split_spec(spec, &parameters) };
	int r = 0;

	if (!choice.method)
		return unknown_method(spec, problem);
	if (choice.method->parameters == METHOD_PLAIN && parameters)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "method \"%s\": %s takes no size or depth", spec,
				   choice.method->name);
	if (choice.method->parameters != METHOD_PLAIN && !parameters)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "method \"%s\" needs a chunk size in bytes, such as %s-4096",
				   spec, choice.method->name);
	if (parameters)
		r = parse_parameters(spec, parameters, &choice, problem);
	if (r < 0)
		return r;
	set_names(&choice);
	strcpy(choice.title, choice.name);
	size_shorten(choice.title);
	*ret = choice;
	return 0;
}

static struct method_request request_of(const struct method_choice *choice, uint64_t bytes)
{
	return (struct method_request) {
		.bytes = bytes,
		.chunk_bytes = choice->chunk_bytes,
		.depth = choice->depth,
	};
}

int method_run(const struct method_choice *choice, int fd, uint64_t bytes,
	       struct method_outcome *ret)
{
	struct method_request request = request_of(choice, bytes);

	*ret = (struct method_outcome) { 0 };
	return choice->method->allocate(fd, &request, ret);
}

int method_grow(const struct method_choice *choice, int fd, uint64_t to, uint64_t bytes,
		struct method_growth *growth)
{
	while (growth->allocated_bytes < to) {
		uint64_t left = bytes - growth->allocated_bytes;
		uint64_t step = left < choice->chunk_bytes ? left : choice->chunk_bytes;
		int r = choice->method->grow(fd, growth->allocated_bytes, step);

		if (r < 0)
			return r;
		growth->allocated_bytes += step;
		growth->calls++;
	}
	return 0;
}

uint64_t method_length(const struct method_choice *choice, uint64_t bytes)
{
	struct method_request request = request_of(choice, bytes);

	return choice->method->length ? choice->method->length(&request) : bytes;
}

int method_unsupported(int error)
{
	switch (abs(error)) {
	case EOPNOTSUPP: /* the usual refusal of fallocate() */
	case ENOSYS:	 /* a kernel or a sandbox without the call */
	case EINVAL:	 /* fallocate() on ZFS, O_DIRECT unsupported or misaligned */
	case ENODEV:	 /* mmap() or fallocate() on something without blocks */
	case ESPIPE:	 /* a pipe */
	case EPERM:	 /* io_uring is disabled; nothing else is forbidden on an own file */
		return 1;
	default:
		return 0;
	}
}
