/* SPDX-License-Identifier: MIT */
/* A round of the fuzz targets that read a volume out of memory. */
#ifndef FUZZ_VOLUME_H
#define FUZZ_VOLUME_H

#include "frag/scan/image.h"
#include "frag/scan/whole_volume.h"

typedef int (*scan_fn)(const struct frag_settings *settings, const struct frag_place *place,
		       const struct image *source, struct frag_result *ret,
		       struct problem *problem);

/*
 * The input is damage to the image (damage.h); without an image it is one itself.
 * Checksums are not compared, or hardly anything would come past them.
 */
void volume_round(const uint8_t *data, size_t size, scan_fn scan);

#endif
