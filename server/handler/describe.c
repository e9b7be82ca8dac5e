/* Describe, the showing half: names, .proto text, paragraphs, suggestions. */
#include "server/handler/describe.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool
describe_is_named(const struct describe_item *item, const char *name)
{
    size_t whole = strlen(item->name);
    size_t n = name == NULL ? 0 : strlen(name);
    if (n == 0 || n > whole || strcasecmp(item->name + whole - n, name) != 0) {
        return false;
    }
    char before = n == whole ? '.' : item->name[whole - n - 1];
    return before == '.' || before == '/';
}

const struct describe_item *
describe_find(const struct describe_list *list, const char *full_name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i].name, full_name) == 0) {
            return &list->items[i];
        }
    }
    return NULL;
}

/* Writes prose as comment lines, and then what it is the comment of. */
static void
print_commented(FILE *out, const char *indent, const char *prose)
{
    for (const char *line = prose; *line != '\0';) {
        size_t n = strcspn(line, "\n");
        fprintf(out, "%s// %.*s\n", indent, (int)n, line);
        line += n + (line[n] == '\n');
    }
}

char *
describe_text(const struct describe_list *list, const struct describe_item *item, struct arena *a)
{
    assert(item->kind == DESCRIBE_MESSAGE || item->kind == DESCRIBE_ENUM);
    bool message = item->kind == DESCRIBE_MESSAGE;
    enum describe_kind member = message ? DESCRIBE_FIELD : DESCRIBE_VALUE;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) {
        return NULL;
    }
    print_commented(out, "", item->prose);
    fprintf(out, "%s %s {\n", message ? "message" : "enum", item->label);
    const struct describe_item *end = list->items + list->count;
    for (const struct describe_item *m = item + 1; m < end && m->kind == member; m++) {
        print_commented(out, "    ", m->prose);
        fprintf(out, "    %s%s%s = %d;\n", m->type, message ? " " : "", m->label, m->number);
    }
    fputs("}\n", out);
    char *copy = fclose(out) == 0 ? arena_strndup(a, text, size) : NULL;
    free(text);
    return copy;
}

char *
describe_paragraph(const char *prose, bool first_sentence, struct arena *a)
{
    char *text = arena_strdup(a, prose);
    for (char *p = text; p != NULL && *p != '\0'; p++) {
        bool stop = (*p == '.' && (p[1] == '\n' || p[1] == ' ')) || strncmp(p, "。", 3) == 0;
        if (first_sentence && stop) {
            p[*p == '.' ? 1 : 3] = '\0';
            break;
        }
        *p = *p == '\n' ? ' ' : *p;
    }
    return text;
}

/* ---- near names ---- */

enum { NEAR_BYTES = 64, NEAR_COUNT = 3 };

static unsigned
min3(unsigned a, unsigned b, unsigned c)
{
    unsigned m = a < b ? a : b;
    return m < c ? m : c;
}

/* Edit distance without regard to case, of the first NEAR_BYTES bytes. */
static unsigned
distance(const char *a, const char *b)
{
    size_t n = strnlen(a, NEAR_BYTES);
    size_t m = strnlen(b, NEAR_BYTES);
    unsigned row[NEAR_BYTES + 1];
    for (size_t j = 0; j <= m; j++) {
        row[j] = (unsigned)j;
    }
    for (size_t i = 1; i <= n; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= m; j++) {
            unsigned cost = tolower((unsigned char)a[i - 1]) != tolower((unsigned char)b[j - 1]);
            unsigned here = min3(row[j] + 1, row[j - 1] + 1, diagonal + cost);
            diagonal = row[j];
            row[j] = here;
        }
    }
    return row[m];
}

char *
describe_nearest(const struct describe_list *list, const char *name, struct arena *a)
{
    const char *best[NEAR_COUNT] = {NULL};
    unsigned far[NEAR_COUNT] = {0};
    size_t count = 0;
    unsigned limit = (unsigned)strnlen(name, NEAR_BYTES) / 2;
    for (size_t i = 0; i < list->count; i++) {
        const struct describe_item *item = &list->items[i];
        const char *shown = item->name + strlen("rectify.v1.");
        if (item->kind == DESCRIBE_FIELD || item->kind == DESCRIBE_VALUE) {
            continue;
        }
        unsigned whole = distance(name, shown);
        unsigned d = distance(name, item->label);
        d = strcasestr(item->label, name) != NULL ? 1 : d < whole ? d : whole;
        size_t at = count;
        while (at > 0 && far[at - 1] > d) {
            at--;
        }
        if (d > limit || at == NEAR_COUNT) {
            continue;
        }
        count += count < NEAR_COUNT;
        memmove(&best[at + 1], &best[at], (count - at - 1) * sizeof best[0]);
        memmove(&far[at + 1], &far[at], (count - at - 1) * sizeof far[0]);
        best[at] = shown;
        far[at] = d;
    }
    char *text = arena_strdup(a, "");
    for (size_t i = 0; i < count && text != NULL; i++) {
        text = arena_printf(a, "%s%s%s", text, i == 0 ? "" : "、", best[i]);
    }
    return text;
}
