/* SPDX-License-Identifier: MIT */
/*
 * What the page looks like. No font and no picture from elsewhere; for dark screens, for narrow ones and
 * for paper too. The script is the only one that a browser runs in it: the page names its hash.
 */
#ifndef LG_REPORT_PAGE_STYLE_H
#define LG_REPORT_PAGE_STYLE_H

extern const char lg_page_style[];
extern const char lg_page_script[];
extern const char lg_page_script_hash[]; /* base64 of its SHA-256 */

#endif
