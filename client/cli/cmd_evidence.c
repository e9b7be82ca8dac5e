#include "client/cli/handlers.h"
#include "client/cli/tables.h"

#include <string.h>

static void
download_step(void *user, const char *name, int64_t done, int64_t size)
{
    cli_progress(user, name, done, size);
}

enum status
cmd_evidence_get(struct cli *c, const struct line *line, struct fault *f)
{
    const char *path = line_value(line, "out");
    bool screen = strcmp(path, "-") == 0;
    struct rectify_progress progress = {.step = download_step, .user = c};
    enum status status = cli_channel(c, f);
    if (status == STATUS_OK) {
        status = screen ? STATUS_OK : tables_keep_old(c, path, NULL, f);
    }
    if (status == STATUS_OK) {
        status =
            rectify_evidence_download(c->channel, &c->arena, line->args[0], path, &progress, f);
        cli_progress_clear(c);
    }
    if (status == STATUS_OK && !screen) {
        (void)fprintf(c->err, "已保存到“%s”，内容与登记的 SHA-256 一致。\n", path);
    }
    return status;
}
