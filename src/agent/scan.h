/* SPDX-License-Identifier: MIT */
/* The other job of a guest: it scans an image for `frag --volume`. */
#ifndef AGENT_SCAN_H
#define AGENT_SCAN_H

/* The whole conversation of frag/guest/guest.h on `fd`.  0 or -errno. */
int scan_serve(int fd);

#endif
