/* SPDX-License-Identifier: MIT */
/* Files of data/html/, put into the program by scripts/embed. */
#ifndef REPORT_HTML_EMBEDDED_H
#define REPORT_HTML_EMBEDDED_H

extern const char embedded_head[];   /* head.html, up to the title */
extern const char embedded_top[];    /* top.html: where the body begins */
extern const char embedded_style[];  /* style.css */
extern const char embedded_script[]; /* script.js */

#endif
