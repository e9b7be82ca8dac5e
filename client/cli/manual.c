#include "client/cli/manual.h"
#include "client/cli/command.h"
#include "client/cli/exit_code.h"
#include "client/cli/text.h"
#include "client/lib/profile.h"

#include <stdbool.h>
#include <string.h>

#ifndef RECTIFY_VERSION
#define RECTIFY_VERSION "0.0.0"
#endif

enum { WIDTH = 62 }; /* columns of a text within 80, indented twice */

/* Prints text that is no command to roff. */
static void
escaped(FILE *out, const char *text, size_t n)
{
    if (n > 0 && (text[0] == '.' || text[0] == '\'')) {
        (void)fputs("\\&", out);
    }
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '\\') {
            (void)fputs("\\e", out);
        } else if (text[i] == '-') {
            (void)fputs("\\-", out);
        } else {
            (void)fputc(text[i], out);
        }
    }
}

static void
plain(FILE *out, const char *text)
{
    escaped(out, text, strlen(text));
}

/* Signs that must not begin a line. */
static bool
closes(const char *s)
{
    static const char *const signs[] = {"，", "。", "；", "：", "、", "）", "”", "！", "？"};
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        if (strncmp(s, signs[i], strlen(signs[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* How much of one line of text stands on the next line of the page. */
static size_t
line_take(const char *s, size_t n)
{
    size_t fits = text_fit(s, WIDTH);
    if (fits >= n) {
        return n;
    }
    if (closes(s + fits)) {
        return fits + strlen("。");
    }
    size_t back = fits;
    while (back > 0 && (unsigned char)s[back] < 0x80 && s[back] != ' ' &&
           (unsigned char)s[back - 1] < 0x80) {
        back--; /* not within a word of Latin letters */
    }
    return back > 0 ? back : fits;
}

/* A text of whole sentences, its own line breaks kept. */
static void
paragraph(FILE *out, const char *text)
{
    (void)fputs(".nf\n", out);
    while (*text != '\0') {
        size_t n = strcspn(text, "\n");
        size_t take = line_take(text, n);
        escaped(out, text, take);
        (void)fputc('\n', out);
        text += take;
        text += *text == '\n' ? 1 : 0;
        while (*text == ' ') {
            text++;
        }
    }
    (void)fputs(".fi\n", out);
}

static void
head(FILE *out, const char *name, const char *section, const char *what)
{
    (void)fprintf(out,
                  ".\\\" Made by the build from the program's own tables.\n"
                  ".TH %s %s \"\" \"rectify " RECTIFY_VERSION
                  "\" \"Rectify\"\n.SH NAME\n%s \\- %s\n",
                  name, section, name, what);
}

static void
option_print(FILE *out, const struct option *option)
{
    (void)fputs(".TP\n\\fB\\-\\-", out);
    plain(out, option->name);
    (void)fputs("\\fR", out);
    if (option->value != NULL) {
        (void)fputs(" \\fI", out);
        plain(out, option->value);
        (void)fputs("\\fR", out);
    }
    (void)fputc('\n', out);
}

static void
options_print(FILE *out, struct arena *a, const struct option *options)
{
    for (; options != NULL && options->name != NULL; options++) {
        const char *text = arena_printf(a, "%s%s%s", options->help,
                                        (options->flags & OPTION_NEEDED) != 0 ? "（必填）" : "",
                                        (options->flags & OPTION_MANY) != 0 ? "（可重复）" : "");
        option_print(out, options);
        paragraph(out, text != NULL ? text : options->help);
    }
}

static void
command_print(FILE *out, struct arena *a, const struct command *row)
{
    (void)fputs(".SS \"", out);
    plain(out, row->words);
    if (row->arguments[0] != '\0') {
        (void)fputc(' ', out);
        plain(out, row->arguments);
    }
    (void)fputs("\"\n", out);
    const char *text =
        arena_printf(a, "%s%s%s%s%s%s", row->summary, row->roles[0] != '\0' ? "（" : "", row->roles,
                     row->roles[0] != '\0' ? "）" : "", row->details != NULL ? "\n" : "",
                     row->details != NULL ? row->details : "");
    paragraph(out, text != NULL ? text : row->summary);
    options_print(out, a, row->options);
    if (row->examples[0] != NULL) {
        (void)fputs(".PP\n例如\n.RS 4\n.nf\n", out);
        for (size_t i = 0; i < COMMAND_EXAMPLES && row->examples[i] != NULL; i++) {
            plain(out, row->examples[i]);
            (void)fputc('\n', out);
        }
        (void)fputs(".fi\n.RE\n", out);
    }
}

static void
exit_codes_print(FILE *out)
{
    (void)fputs(".SH EXIT STATUS\n", out);
    for (int i = 0; i < EXIT_CODE_COUNT; i++) {
        (void)fprintf(out, ".TP\n%d\n", i);
        paragraph(out, exit_code_text((enum exit_code)i));
    }
}

void
manual_print_program(FILE *out, struct arena *a)
{
    head(out, "rectify", "1", "巡视整改台账：命令行");
    (void)fputs(".SH SYNOPSIS\n\\fBrectify\\fR [通用选项] \\fI命令\\fR [内容] [选项]\n"
                ".SH DESCRIPTION\n",
                out);
    paragraph(out, "向一个台账服务器查询和办理。服务器在哪里、以谁的身份、用哪些密钥，写在配置里"
                   "（rectify.ini(5)）。表格给人看；-o json 和 -o csv 给程序用。\n"
                   "office、admin 可以省略，只要剩下的不会弄混。\n"
                   "非涉密系统，严禁存储、处理、传输国家秘密。");
    (void)fputs(".SH OPTIONS\n", out);
    options_print(out, a, global_options);
    (void)fputs(".SH COMMANDS\n", out);
    for (size_t i = 0; i < command_total(); i++) {
        const struct command *row = command_at(i);
        if (row->section != NULL) {
            (void)fputs(".PP\n\\fB", out);
            plain(out, row->section);
            (void)fputs("\\fR\n", out);
        }
        command_print(out, a, row);
    }
    exit_codes_print(out);
    (void)fputs(".SH ENVIRONMENT\n.TP\nRECTIFY_PROFILE\n", out);
    paragraph(out, "用哪个配置，同 --profile。");
    (void)fputs(".TP\nRECTIFY_HOME\n", out);
    paragraph(out, "到“文件夹/profiles”里找配置，同 --home。");
    (void)fputs(".TP\nNO_COLOR\n", out);
    paragraph(out, "设了就不用颜色。");
    (void)fputs(".SH SEE ALSO\n\\fBrectify.ini\\fR(5), \\fBrectify\\-agent\\fR(1), "
                "\\fBrectifyd\\fR(8)\n",
                out);
}

void
manual_print_profile(FILE *out, struct arena *a)
{
    size_t count = 0;
    const struct rectify_profile_key *keys = rectify_profile_keys(&count);
    head(out, "rectify.ini", "5", "客户端的配置");
    (void)fputs(".SH SYNOPSIS\n.nf\n$RECTIFY_HOME/profiles/NAME.ini\n"
                "~/.config/rectify/profiles/NAME.ini\n.fi\n.SH DESCRIPTION\n",
                out);
    paragraph(out, "每行一个“键 = 值”，# 和 ; 开头的行是注释，没有分节。相对路径从配置所在的文件夹"
                   "算起；空值等于没有写；不认识的键会连同行号被指出。\n"
                   "没有写 --profile 时用 default.ini，或仅有的一个，或 office.ini。");
    (void)fputs(".SH KEYS\n", out);
    for (size_t i = 0; i < count; i++) {
        (void)fputs(".TP\n\\fB", out);
        plain(out, keys[i].name);
        (void)fputs("\\fR\n", out);
        const char *text =
            arena_printf(a, "%s%s", keys[i].meaning, keys[i].needed ? "（必填）" : "");
        paragraph(out, text != NULL ? text : keys[i].meaning);
    }
    (void)fputs(".SH EXAMPLE\n.nf\nserver = tls+tcp://192.0.2.10:24600\ntenant = sample\n"
                "account = unit01\nca = ca.crt\ncert = unit01.crt\nkey = unit01.key\n"
                "machine_key = machine.key\n.fi\n"
                ".SH SEE ALSO\n\\fBrectify\\fR(1), \\fBrectify\\-agent\\fR(1)\n",
                out);
}
