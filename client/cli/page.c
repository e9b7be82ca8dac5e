#include "client/cli/page.h"

void
page_text(FILE *out, const char *text)
{
    for (const char *p = text == NULL ? "" : text; *p != '\0'; p++) {
        switch (*p) {
        case '<':
            (void)fputs("&lt;", out);
            break;
        case '>':
            (void)fputs("&gt;", out);
            break;
        case '&':
            (void)fputs("&amp;", out);
            break;
        case '"':
            (void)fputs("&quot;", out);
            break;
        default:
            (void)fputc(*p, out);
        }
    }
}

void
page_groups(FILE *out, const char *hash, size_t digits)
{
    for (size_t i = 0; i < digits && hash[i] != '\0'; i++) {
        if (i > 0 && i % 4 == 0) {
            (void)fputc(' ', out);
        }
        (void)fputc(hash[i], out);
    }
}
