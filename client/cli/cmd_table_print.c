/* A table as a page to be printed, signed, sealed and scanned: what it says, and the hash by which
 * the scan is known to be of it. */
#include "client/cli/handlers.h"
#include "client/cli/page.h"
#include "client/cli/tables.h"
#include "client/cli/value.h"
#include "client/lib/file.h"

#include <string.h>

static const char style[] =
    "@page{size:A4 landscape;margin:14mm 12mm}"
    "body{font-family:\"SimSun\",\"FandolSong\",\"Noto Serif CJK SC\",serif;font-size:10.5pt;"
    "color:#000}"
    "h1{font-size:18pt;text-align:center;margin:2mm 0}"
    ".banner{border:1pt solid #000;text-align:center;font-weight:bold;padding:1mm}"
    ".head{display:flex;flex-wrap:wrap;gap:2mm 12mm;margin:3mm 0}"
    "table{border-collapse:collapse;width:100%;table-layout:fixed}"
    "th,td{border:.6pt solid #000;padding:1mm 1.4mm;vertical-align:top;overflow-wrap:anywhere;"
    "white-space:pre-line}"
    "th{background:#eee}thead{display:table-header-group}tr{break-inside:avoid}"
    ".n{text-align:center}"
    ".hash{margin-top:4mm;border:1pt solid #000;padding:2mm;break-inside:avoid}"
    ".short{font-family:monospace;font-size:16pt;font-weight:bold}"
    ".full{font-family:monospace;font-size:9pt}"
    ".sign{display:flex;justify-content:space-between;margin-top:10mm;break-inside:avoid}";

static void
put_cell(FILE *out, const char *css, const char *text)
{
    (void)fprintf(out, "<td class=\"%s\">", css);
    page_text(out, text);
    (void)fputs("</td>", out);
}

static void
put_row(struct arena *a, FILE *out, size_t index, const Pb__TableRow *r)
{
    const char *number = arena_printf(a, "%zu", index + 1);
    const char *percent = r->has_percent ? arena_printf(a, "%d%%", r->percent) : "";
    const char *said = arena_printf(a, "%s%s", r->unchanged ? "（本期无新进展）" : "",
                                    r->narrative == NULL ? "" : r->narrative);
    const char *wish = r->extension_due == NULL
                           ? ""
                           : arena_printf(a, "\n申请延期至 %s：%s", r->extension_due,
                                          r->extension_reason == NULL ? "" : r->extension_reason);
    const char *asks = arena_printf(a, "%s%s%s", r->has_claim ? value_claim_zh(r->claim) : "",
                                    r->ask_help ? "\n求助" : "", wish == NULL ? "" : wish);
    const char *files = arena_printf(a, "%zu", r->n_evidence);
    (void)fputs("<tr>", out);
    put_cell(out, "n", number);
    put_cell(out, "n", r->measure_ref);
    put_cell(out, "", r->measure_text);
    put_cell(out, "n", percent);
    put_cell(out, "", said);
    put_cell(out, "", r->difficulty);
    put_cell(out, "", asks);
    put_cell(out, "n", files);
    (void)fputs("</tr>\n", out);
}

static void
put_head(FILE *out, const Pb__Table *t)
{
    (void)fputs("<!doctype html><html lang=\"zh-CN\"><meta charset=\"utf-8\"><title>"
                "整改工作推进情况自查汇总表</title><style>",
                out);
    (void)fputs(style, out);
    (void)fputs("</style>\n<div class=\"banner\">非涉密系统，严禁存储、处理、传输国家秘密</div>\n"
                "<h1>整改工作推进情况自查汇总表</h1>\n<div class=\"head\"><span>单位：",
                out);
    page_text(out, t->org_name);
    (void)fputs("</span><span>期次：", out);
    page_text(out, t->period);
    (void)fprintf(out, "（第 %d 稿）</span><span>报送截止：", t->edition);
    page_text(out, t->due);
    (void)fputs("</span><span>填报人账号：", out);
    page_text(out, t->filled_by);
    (void)fputs("</span><span>表号：", out);
    page_text(out, t->id);
    (void)fputs("</span></div>\n", out);
}

static void
page_write(struct arena *a, FILE *out, const Pb__Table *t)
{
    put_head(out, t);
    (void)fputs("<table><colgroup><col style=\"width:4%\"><col style=\"width:9%\">"
                "<col style=\"width:22%\"><col style=\"width:6%\"><col style=\"width:30%\">"
                "<col style=\"width:13%\"><col style=\"width:11%\"><col style=\"width:5%\">"
                "</colgroup><thead><tr><th>序号<th>措施编号<th>整改措施<th>完成百分比<th>整改进展"
                "<th>困难问题<th>申请和请求<th>材料份数</tr></thead>\n<tbody>\n",
                out);
    for (size_t i = 0; i < t->n_rows; i++) {
        put_row(a, out, i, t->rows[i]);
    }
    (void)fputs("</tbody></table>\n<div class=\"hash\">校验码（前 16 位）：<span class=\"short\">",
                out);
    page_groups(out, t->content_hash, 16);
    (void)fputs("</span><br>全码：<span class=\"full\">", out);
    page_groups(out, t->content_hash, strlen(t->content_hash));
    (void)fputs("</span><br>签字盖章后扫描上传，确认时照抄全码；内容一改，校验码就变，须重新打印。"
                "</div>\n<div class=\"sign\"><span>填报人（签字）：＿＿＿＿＿＿＿＿</span>"
                "<span>审核人（签字）：＿＿＿＿＿＿＿＿</span><span>单位（盖章）</span>"
                "<span>　　　　年　　月　　日</span></div>\n</html>\n",
                out);
}

static void
printed_print(struct cli *c, const Pb__Table *t, const char *path)
{
    (void)fprintf(c->out,
                  "已写好 %s（%s）%s 的打印页“%s”：用浏览器打开、打印（A4 横向），"
                  "签字盖章后扫描。\n",
                  cli_text(c, t->org_name), cli_text(c, t->org), cli_text(c, t->period), path);
    if (tables_confirming(t)) {
        (void)fprintf(c->out,
                      "再运行：rectify table confirm %s/%s --paper 扫描件 --hash 纸上的校验码\n",
                      cli_text(c, t->org), cli_text(c, t->period));
    }
}

enum status
cmd_table_print(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__Table *table = NULL;
    struct rectify_file file = {.stream = NULL};
    const char *path = line_value(line, "out");
    enum status status =
        tables_find(c, line, line->arg_count > 0 ? line->args[0] : NULL, &table, f);
    if (status == STATUS_OK && table->content_hash == NULL) {
        status = fault_set(f, STATUS_FAILED_PRECONDITION, "PRINT_NOTHING",
                           "%s %s 的汇总表还没有填：先填好、报送（送审核人确认），再打印。",
                           cli_text(c, table->org_name), cli_text(c, table->period));
    }
    if (status == STATUS_OK) {
        status = rectify_file_begin(path, 0640, &file, f);
    }
    if (status == STATUS_OK) {
        page_write(&c->arena, file.stream, table);
        status = rectify_file_commit(&file, f);
    }
    rectify_file_release(&file);
    if (status == STATUS_OK && strcmp(path, "-") != 0) {
        printed_print(c, table, path);
    }
    return status;
}
