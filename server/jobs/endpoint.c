#include "server/jobs/endpoint.h"

#include "proto/ledger/secret.h"
#include "server/jobs/notifier.h"

#include <ctype.h>
#include <dirent.h>
#include <string.h>

enum { ORG_BYTES = 32 };

/* "unit01.wecom" in two; false when the name says no unit and channel. */
static bool
name_split(const char *name, struct arena *a, struct endpoint *ret)
{
    static const char *const suffixes[CHANNEL_COUNT] = {
        [CHANNEL_WECOM] = ".wecom",
        [CHANNEL_DINGTALK] = ".dingtalk",
        [CHANNEL_FEISHU] = ".feishu",
        [CHANNEL_WEBHOOK] = ".webhook",
    };
    const char *dot = strrchr(name, '.');
    if (dot == NULL || dot == name || dot - name > ORG_BYTES) {
        return false;
    }
    for (const char *p = name; p < dot; p++) {
        if (!isalnum((unsigned char)*p) && *p != '_' && *p != '-') {
            return false;
        }
    }
    for (int i = 0; i < CHANNEL_COUNT; i++) {
        if (suffixes[i] != NULL && strcmp(suffixes[i], dot) == 0) {
            ret->channel = (enum outside_channel)i;
            ret->org = strncmp(name, "default.", 8) == 0
                           ? "*"
                           : arena_strndup(a, name, (size_t)(dot - name));
            return ret->org != NULL;
        }
    }
    return false;
}

static char *
next_line(char **text)
{
    char *line = *text;
    size_t n = strcspn(line, "\n");
    bool last = line[n] == '\0';
    line[n] = '\0';
    *text = last ? line + n : line + n + 1;
    line[strcspn(line, "\r")] = '\0';
    return line;
}

static enum status
read_file(const struct config *config, const char *name, struct arena *a, struct endpoint *e,
          struct fault *fault)
{
    char *text = NULL;
    size_t n = 0;
    char *path = arena_printf(a, "%s/%s", config->endpoint_dir, name);
    if (path == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    enum status s = secret_file_read(path, a, &text, &n, fault);
    if (s != STATUS_OK) {
        return s;
    }
    e->url = next_line(&text);
    e->secret = next_line(&text);
    s = notifier_url_check(e->url, config->notify_allow_local != 0, fault);
    if (s == STATUS_OK && strlen(e->secret) >= NOTIFIER_SECRET_SIZE) {
        s = fault_set(fault, STATUS_INVALID_ARGUMENT, "ENDPOINT_SECRET", "密钥过长。");
    }
    if (s == STATUS_OK && e->channel == CHANNEL_WEBHOOK && e->secret[0] == '\0') {
        s = fault_set(fault, STATUS_INVALID_ARGUMENT, "ENDPOINT_SECRET",
                      "通用回调必须有密钥：请写在文件第二行。");
    }
    return s;
}

static enum status
add(struct endpoint_list *list, struct arena *a, const struct endpoint *e)
{
    struct endpoint *slot =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *slot);
    if (slot == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *slot = *e;
    list->count++;
    return STATUS_OK;
}

static enum status
read_folder(const struct config *config, DIR *folder, struct arena *a, struct endpoint_list *ret,
            struct fault *fault)
{
    enum status s = STATUS_OK;
    const struct dirent *entry = NULL;
    while (s == STATUS_OK && ret->count < ENDPOINTS_MAX && (entry = readdir(folder)) != NULL) {
        struct endpoint e = {0};
        if (entry->d_name[0] == '.' || !name_split(entry->d_name, a, &e)) {
            continue; /* a README, an editor's copy */
        }
        s = read_file(config, entry->d_name, a, &e, fault);
        if (s == STATUS_RESOURCE_EXHAUSTED) {
            return s;
        }
        ret->bad += s == STATUS_OK ? 0 : 1;
        s = s == STATUS_OK ? add(ret, a, &e) : STATUS_OK;
    }
    return s;
}

enum status
endpoints_read(const struct config *config, struct arena *a, struct endpoint_list *ret,
               struct fault *fault)
{
    *ret = (struct endpoint_list){0};
    enum status s = STATUS_OK;
    if (config->mail_url[0] != '\0' && config->mail_from[0] != '\0') {
        s = add(ret, a, &(struct endpoint){"*", CHANNEL_MAIL, NULL, ""});
    }
    if (s != STATUS_OK || config->endpoint_dir[0] == '\0') {
        return s;
    }
    DIR *folder = opendir(config->endpoint_dir);
    if (folder == NULL) {
        return fault_set(fault, STATUS_NOT_FOUND, "ENDPOINT_DIR",
                         "配置的外发地址目录 %s 打不开，请核对 [notify] endpoint_dir。",
                         config->endpoint_dir);
    }
    s = read_folder(config, folder, a, ret, fault);
    closedir(folder);
    return s;
}

const struct endpoint *
endpoint_find(const struct endpoint_list *list, const char *org, enum outside_channel channel)
{
    const struct endpoint *any = NULL;
    for (size_t i = 0; i < list->count; i++) {
        const struct endpoint *e = &list->items[i];
        if (e->channel != channel) {
            continue;
        }
        if (strcmp(e->org, "*") == 0) {
            any = e;
        } else if (org != NULL && strcmp(e->org, org) == 0) {
            return e;
        }
    }
    return any;
}
