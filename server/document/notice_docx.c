#include "server/document/notice_docx.h"

#include <string.h>
#include <zip.h>

/* ---- XML that grows in an arena ---- */

struct xml {
    struct arena *a;
    char *data;
    size_t used;
    size_t capacity;
    bool failed;
};

static void
put(struct xml *x, const char *bytes, size_t n)
{
    if (x->failed) {
        return;
    }
    if (x->used + n + 1 > x->capacity) {
        size_t capacity = x->capacity == 0 ? 16384 : 2 * x->capacity;
        capacity = capacity < x->used + n + 1 ? x->used + n + 1 : capacity;
        char *data = arena_alloc(x->a, capacity);
        if (data == NULL) {
            x->failed = true;
            return;
        }
        if (x->used != 0) {
            memcpy(data, x->data, x->used);
        }
        x->data = data;
        x->capacity = capacity;
    }
    memcpy(x->data + x->used, bytes, n);
    x->used += n;
    x->data[x->used] = '\0';
}

/* text NULL: the arena was exhausted. */
static void
puts_xml(struct xml *x, const char *text)
{
    if (text == NULL) {
        x->failed = true;
        return;
    }
    put(x, text, strlen(text));
}

/* Text between tags; characters XML does not know are left out. */
static void
text_xml(struct xml *x, const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        switch (*p) {
        case '&':
            puts_xml(x, "&amp;");
            break;
        case '<':
            puts_xml(x, "&lt;");
            break;
        case '>':
            puts_xml(x, "&gt;");
            break;
        default:
            if ((unsigned char)*p >= 0x20U) {
                put(x, p, 1);
            }
        }
    }
}

/* ---- paragraphs ---- */

struct font {
    const char *east; /* for Chinese characters */
    int half_points;
    bool bold;
};

struct layout {
    const char *align; /* "left", "center", "right", "both" */
    int first_chars;   /* indent of the first line, characters */
    int right_chars;   /* indent on the right */
    int char_twips;    /* width of a character */
    int line_twips;    /* exact height of a line */
    int after_twips;
};

/* Characters stand a little closer than their size, so that 28 fit into 156 mm. */
enum { CHARACTER_SPACING_TWIPS = -5 };

static void
run(struct xml *x, const struct font *font, const char *text)
{
    puts_xml(x, arena_printf(
                    x->a,
                    "<w:r><w:rPr><w:rFonts w:ascii=\"Times New Roman\" w:hAnsi=\"Times New Roman\""
                    " w:eastAsia=\"%s\" w:hint=\"eastAsia\"/>%s<w:spacing w:val=\"%d\"/>"
                    "<w:sz w:val=\"%d\"/><w:szCs w:val=\"%d\"/></w:rPr>",
                    font->east, font->bold ? "<w:b/>" : "", CHARACTER_SPACING_TWIPS,
                    font->half_points, font->half_points));
    puts_xml(x, "<w:t xml:space=\"preserve\">");
    text_xml(x, text);
    puts_xml(x, "</w:t></w:r>");
}

static void
begin_paragraph(struct xml *x, const struct layout *l, bool heading)
{
    puts_xml(x, arena_printf(x->a,
                             "<w:p><w:pPr>%s<w:spacing w:before=\"0\" w:after=\"%d\" w:line=\"%d\""
                             " w:lineRule=\"exact\"/>"
                             "<w:ind w:firstLineChars=\"%d\" w:firstLine=\"%d\" w:rightChars=\"%d\""
                             " w:right=\"%d\"/>"
                             "<w:jc w:val=\"%s\"/></w:pPr>",
                             heading ? "<w:keepNext/>" : "", l->after_twips, l->line_twips,
                             100 * l->first_chars, l->first_chars * l->char_twips,
                             100 * l->right_chars, l->right_chars * l->char_twips, l->align));
}

static void
block(struct xml *x, const Pb__PublicationBlock *b, bool briefing)
{
    struct font font = {"仿宋_GB2312", briefing ? 28 : 32, false};
    struct layout layout = {"both", 2, 0, briefing ? 280 : 320, briefing ? 440 : 579, 0};
    bool heading = true;
    switch (b->kind) {
    case PB__PUBLICATION_BLOCK_KIND__BLOCK_SECTION:
        font.east = "黑体";
        break;
    case PB__PUBLICATION_BLOCK_KIND__BLOCK_ITEM:
        font.east = "楷体_GB2312";
        break;
    case PB__PUBLICATION_BLOCK_KIND__BLOCK_PROBLEM:
        font.bold = true;
        break;
    case PB__PUBLICATION_BLOCK_KIND__BLOCK_SIGNATURE:
        layout.align = "right";
        layout.first_chars = 0;
        layout.right_chars = 4;
        break;
    default:
        heading = b->kind == PB__PUBLICATION_BLOCK_KIND__BLOCK_STATUS;
        break;
    }
    begin_paragraph(x, &layout, heading);
    if (b->label != NULL) {
        run(x, &font, b->label);
    }
    run(x, &font, b->text);
    puts_xml(x, "</w:p>");
}

static void
document(struct xml *x, const struct notice_text *text, bool briefing)
{
    const struct font font = {"方正小标宋简体", 44, false};
    const struct layout title = {"center", 0, 0, 440, briefing ? 600 : 700, briefing ? 220 : 580};
    puts_xml(x, "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n"
                "<w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/"
                "main\"><w:body>");
    begin_paragraph(x, &title, true);
    run(x, &font, text->title);
    puts_xml(x, "</w:p>");
    for (size_t i = 0; i < text->count; i++) {
        block(x, text->blocks[i], briefing);
    }
    /* A4; margins of 37, 26, 35 and 28 mm leave 156 × 225 mm. */
    puts_xml(x, "<w:sectPr><w:pgSz w:w=\"11906\" w:h=\"16838\"/>"
                "<w:pgMar w:top=\"2098\" w:right=\"1474\" w:bottom=\"1984\" w:left=\"1588\""
                " w:header=\"851\" w:footer=\"992\" w:gutter=\"0\"/></w:sectPr>"
                "</w:body></w:document>");
}

/* ---- the package ---- */

static const char types[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n"
    "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">"
    "<Default Extension=\"rels\""
    " ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>"
    "<Override PartName=\"/word/document.xml\" ContentType=\"application/vnd.openxmlformats-"
    "officedocument.wordprocessingml.document.main+xml\"/></Types>";
static const char relations[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n"
    "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">"
    "<Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/"
    "relationships/officeDocument\" Target=\"word/document.xml\"/></Relationships>";

enum { ZIP_TIME = 315619200 }; /* 1980-01-02, a day a package can say in every zone */

static bool
add_part(zip_t *zip, const char *name, const char *bytes, size_t size)
{
    zip_source_t *source = zip_source_buffer(zip, bytes, size, 0);
    if (source == NULL) {
        return false;
    }
    const zip_int64_t at = zip_file_add(zip, name, source, ZIP_FL_ENC_UTF_8);
    if (at < 0) {
        zip_source_free(source);
        return false;
    }
    return zip_file_set_mtime(zip, (zip_uint64_t)at, ZIP_TIME, 0) == 0;
}

/* Copies what was written into the arena. */
static bool
take_bytes(zip_source_t *source, struct arena *a, unsigned char **ret_bytes, size_t *ret_size)
{
    zip_stat_t stat;
    zip_stat_init(&stat);
    if (zip_source_stat(source, &stat) != 0 || (stat.valid & ZIP_STAT_SIZE) == 0 ||
        zip_source_open(source) != 0) {
        return false;
    }
    unsigned char *bytes = arena_alloc(a, stat.size);
    const bool whole =
        bytes != NULL && zip_source_read(source, bytes, stat.size) == (zip_int64_t)stat.size;
    (void)zip_source_close(source);
    *ret_bytes = bytes;
    *ret_size = stat.size;
    return whole;
}

enum status
notice_docx_write(const struct notice_text *text, bool briefing, struct arena *a,
                  unsigned char **ret_bytes, size_t *ret_size, struct fault *fault)
{
    struct xml x = {.a = a};
    document(&x, text, briefing);
    if (x.failed) {
        return fault_set(fault, STATUS_RESOURCE_EXHAUSTED, "MEMORY", "内容太多，没法生成文件。");
    }
    bool ok = false;
    zip_source_t *source = zip_source_buffer_create(NULL, 0, 0, NULL);
    zip_t *zip = source == NULL ? NULL : zip_open_from_source(source, ZIP_TRUNCATE, NULL);
    if (zip != NULL) {
        zip_source_keep(source); /* zip_close would take it with it */
        if (add_part(zip, "[Content_Types].xml", types, sizeof types - 1) &&
            add_part(zip, "_rels/.rels", relations, sizeof relations - 1) &&
            add_part(zip, "word/document.xml", x.data, x.used)) {
            ok = zip_close(zip) == 0;
        }
        if (!ok) {
            zip_discard(zip);
        }
    }
    ok = ok && take_bytes(source, a, ret_bytes, ret_size);
    if (source != NULL) {
        zip_source_free(source);
    }
    return ok ? STATUS_OK
              : fault_set(fault, STATUS_UNAVAILABLE, "DOCX_WRITE",
                          "现在没法生成 Word 文件，请稍后再试。");
}
