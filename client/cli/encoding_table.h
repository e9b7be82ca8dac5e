/* The table of GB18030, made while building by cmake/gb18030_make.c. For encoding.c alone. */
#ifndef CLIENT_CLI_ENCODING_TABLE_H
#define CLIENT_CLI_ENCODING_TABLE_H

#include <stdint.h>

/* Codes of two bytes, 0x81 to 0xFE, then 0x40 to 0xFE without 0x7F: the character, 0 for none. */
enum { GB18030_LEADS = 126, GB18030_TRAILS = 190, GB18030_TWO = GB18030_LEADS * GB18030_TRAILS };
extern const uint16_t gb18030_two[GB18030_TWO];

/* Codes of four bytes below U+10000, counted from 81308130: from first on they stand for cp and the
 * characters after it; cp 0: for none. Ascending. */
struct gb18030_run {
    uint32_t first;
    uint32_t cp;
};
extern const struct gb18030_run gb18030_runs[];
extern const unsigned gb18030_run_count;

#endif
