/* SPDX-License-Identifier: MIT */
/* Files of data/, compiled in by scripts/embed; each is terminated by a zero byte. */
#ifndef PLAN_EMBEDDED_H
#define PLAN_EMBEDDED_H

extern const char embedded_filesystems[];
extern const char embedded_default[];
extern const char embedded_demo[];
extern const char embedded_2009[];
extern const char embedded_scenarios[];
extern const char embedded_programs[];

#endif
