#include "client/cli/sheet.h"
#include "client/cli/page.h"
#include "client/lib/file.h"

#include <stdio.h>
#include <string.h>

enum { TYPED_DIGITS = 32 };

static const char style[] =
    "@page{size:A4;margin:20mm 18mm}"
    "body{font-family:\"SimSun\",\"FandolSong\",\"Noto Serif CJK SC\",serif;font-size:12pt;"
    "line-height:1.7;color:#000}"
    "h1{font-size:20pt;text-align:center;margin:4mm 0}"
    ".banner{border:1pt solid #000;text-align:center;font-weight:bold;padding:1mm}"
    "table{border-collapse:collapse;width:100%;margin:4mm 0}"
    "th,td{border:.6pt solid #000;padding:2mm;text-align:left;vertical-align:top}"
    "th{width:24%;background:#eee}"
    ".code{font-family:monospace;font-size:15pt;font-weight:bold;letter-spacing:.5pt}"
    ".mono{font-family:monospace;overflow-wrap:anywhere}"
    ".box{border:1pt solid #000;padding:3mm;margin:3mm 0}"
    "li{margin:1mm 0}";

static const char notice[] = "非涉密系统，严禁存储、处理、传输国家秘密";

/* The one command. */
static const char *
command_of(struct arena *a, const struct sheet *s)
{
    bool plain = strcmp(s->server_name, "rectifyd") == 0;
    return arena_printf(a, "rectify onboard %s --code %s --ca-sha256 %.*s%s%s", s->address, s->code,
                        TYPED_DIGITS, s->sha256, plain ? "" : " --server-name ",
                        plain ? "" : s->server_name);
}

static const char *const steps[] = {
    "在本单位要用的电脑上打开终端，照下面的命令输入一行（字母不分大小写，短横线可以不输）。",
    "程序先核对服务器的指纹，与本单一致才交出开通码；指纹不对时会停下，请立即报告。",
    "按提示自己设一个密码（至少 10 个字符），不要告诉任何人。",
    "看到“本机已开通”后，用 rectify todo 看待办。中途断了，原样再运行一次即可。",
};

static void
row(FILE *out, const char *title, const char *css, const char *text)
{
    (void)fprintf(out, "<tr><th>%s<td class=\"%s\">", title, css);
    page_text(out, text);
    (void)fputs("</tr>\n", out);
}

static void
html_write(struct arena *a, FILE *out, const struct sheet *s)
{
    (void)fprintf(
        out,
        "<!doctype html><html lang=\"zh-CN\"><meta charset=\"utf-8\"><title>开通单</title>"
        "<style>%s</style>\n<div class=\"banner\">%s</div>\n<h1>开通单</h1>\n<table>\n",
        style, notice);
    const char *unit = arena_printf(a, "%s（%s）", s->org_name, s->org);
    const char *person = arena_printf(a, "%s（%s）", s->account, s->display_name);
    row(out, "单位", "", unit);
    row(out, "账号", "", person);
    row(out, "服务器地址", "mono", s->address);
    row(out, "开通码", "code", s->code);
    (void)fputs("<tr><th>服务器指纹<td class=\"mono\">", out);
    page_groups(out, s->sha256, TYPED_DIGITS);
    (void)fputs("<br><small>（以上为前 32 位，命令里只用这些。全文：", out);
    page_groups(out, s->sha256, strlen(s->sha256));
    (void)fputs("）</small></tr>\n", out);
    row(out, "有效期至", "", s->expires);
    row(out, "有问题请找", "", s->contact != NULL ? s->contact : "系统管理员");
    (void)fputs("</table>\n<ol>\n", out);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        (void)fprintf(out, "<li>%s</li>\n", steps[i]);
    }
    (void)fputs("</ol>\n<div class=\"box mono\">", out);
    page_text(out, command_of(a, s));
    (void)fputs(
        "</div>\n<p>开通码只能在一台电脑上用一次，过期作废。请当面交给本人，办完即销毁本单；"
        "丢失的，请立即告知系统管理员作废。</p>\n</html>\n",
        out);
}

static void
text_write(struct arena *a, FILE *out, const struct sheet *s)
{
    (void)fprintf(out,
                  "★ %s ★\n\n                    开  通  单\n\n"
                  "单位：      %s（%s）\n账号：      %s（%s）\n服务器地址：%s\n开通码：    %s\n"
                  "服务器指纹：",
                  notice, s->org_name, s->org, s->account, s->display_name, s->address, s->code);
    page_groups(out, s->sha256, TYPED_DIGITS);
    (void)fprintf(out, "\n有效期至：  %s\n有问题请找：%s\n\n", s->expires,
                  s->contact != NULL ? s->contact : "系统管理员");
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        (void)fprintf(out, "%zu. %s\n", i + 1, steps[i]);
    }
    (void)fprintf(out,
                  "\n    %s\n\n开通码只能在一台电脑上用一次，过期作废。请当面交给本人，办完即销毁"
                  "本单；丢失的，请立即告知系统管理员作废。\n",
                  command_of(a, s));
}

static void
file_write(struct arena *a, FILE *out, const struct sheet *s)
{
    (void)a;
    (void)fprintf(out,
                  "# 开通文件：在单位的电脑上运行 rectify onboard %s.onboard；办完即删除。\n"
                  "# unit = %s\naddress = %s\ncode = %s\nca_sha256 = %s\nserver_name = %s\n",
                  s->account, s->org, s->address, s->code, s->sha256, s->server_name);
}

static enum status
write_one(struct arena *a, const char *folder, const struct sheet *s, const char *ending,
          void (*write)(struct arena *a, FILE *out, const struct sheet *s), struct fault *f)
{
    struct rectify_file file = {.stream = NULL};
    const char *path = arena_printf(a, "%s/%s.%s", folder, s->account, ending);
    if (path == NULL || command_of(a, s) == NULL) {
        return fault_memory(f);
    }
    enum status st = rectify_file_begin(path, 0600, &file, f);
    if (st == STATUS_OK) {
        write(a, file.stream, s);
        st = rectify_file_commit(&file, f);
    }
    rectify_file_release(&file);
    return st;
}

enum status
sheet_write_file(struct arena *a, const char *folder, const struct sheet *sheet, struct fault *f)
{
    return write_one(a, folder, sheet, "onboard", file_write, f);
}

enum status
sheet_write_pages(struct arena *a, const char *folder, const struct sheet *sheet, struct fault *f)
{
    enum status st = write_one(a, folder, sheet, "html", html_write, f);
    return st == STATUS_OK ? write_one(a, folder, sheet, "txt", text_write, f) : st;
}
