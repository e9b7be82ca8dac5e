/* Writes the table of client/cli/encoding.c: what GB18030 says of each code, asked of this
 * machine's iconv while building, so that the programs need none where they run.
 *
 *     gb18030_make gb18030_table.c
 */
#include <iconv.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static iconv_t cd;

/* The one character that these bytes stand for, 0 for none. */
static uint32_t
ask(const unsigned char *bytes, size_t n)
{
    char in[4];
    uint32_t out[2] = {0, 0};
    char *from = in;
    char *to = (char *)out;
    size_t left = sizeof out;
    memcpy(in, bytes, n);
    (void)iconv(cd, NULL, NULL, NULL, NULL);
    return iconv(cd, &from, &n, &to, &left) == 0 && left == sizeof out[1] ? out[0] : 0;
}

int
main(int argc, char **argv)
{
    if (argc != 2 || freopen(argv[1], "w", stdout) == NULL) {
        fputs("usage: gb18030_make FILE\n", stderr);
        return 2;
    }
    cd = iconv_open("UTF-32LE", "GB18030");
    if (cd == (iconv_t)-1) {
        fputs("gb18030_make: this machine's iconv knows no GB18030\n", stderr);
        return 1;
    }
    printf("/* Made by cmake/gb18030_make.c. */\n#include \"client/cli/encoding_table.h\"\n\n"
           "const uint16_t gb18030_two[GB18030_TWO] = {");
    for (unsigned lead = 0x81; lead <= 0xFE; lead++) {
        for (unsigned trail = 0x40; trail <= 0xFE; trail++) {
            unsigned char bytes[2] = {(unsigned char)lead, (unsigned char)trail};
            if (trail != 0x7F) {
                uint32_t cp = ask(bytes, 2);
                printf("%s0x%X,", (trail & 15U) == 0 ? "\n" : "", cp <= 0xFFFF ? cp : 0);
            }
        }
    }
    printf("\n};\n\nconst struct gb18030_run gb18030_runs[] = {\n");
    uint32_t before = 0;
    unsigned index = 0;
    unsigned count = 0;
    for (unsigned char a = 0x81; a <= 0x84; a++) {
        for (unsigned char b = 0x30; b <= 0x39; b++) {
            for (unsigned char c = 0x81; c <= 0xFE; c++) {
                for (unsigned char d = 0x30; d <= 0x39; d++, index++) {
                    unsigned char bytes[4] = {a, b, c, d};
                    uint32_t cp = ask(bytes, 4);
                    if (cp != (before == 0 ? 0 : before + 1)) {
                        printf("    {%u, 0x%X},\n", index, cp);
                        count++;
                    }
                    before = cp;
                }
            }
        }
    }
    printf("};\nconst unsigned gb18030_run_count = %u;\n", count);
    return count > 100 && fclose(stdout) == 0 ? 0 : 1;
}
