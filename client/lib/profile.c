#include "client/lib/profile.h"
#include "client/lib/file.h"

#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PROFILE_FILE_BYTES = 65536 };

static const struct rectify_profile_key keys[] = {
    {"server", "服务器地址，tls+tcp://主机:端口。", true},
    {"server_name", "服务器证书上的名称；不写就是 rectifyd。连上的服务器不叫这个名称就拒绝。",
     false},
    {"tenant", "区的代码。", true},
    {"account", "登录的账号。", false},
    {"password_file", "密码文件，权限 0600；不写就在终端询问。", false},
    {"ca", "签发证书的机构的证书文件（PEM）。", false},
    {"cert", "本机的证书文件（PEM）。", false},
    {"key", "本机证书的私钥文件（PEM）。", false},
    {"machine_key", "本机的签名密钥文件，开通时生成。", false},
    {"onboard", "开通入口的地址，tls+tcp://主机:端口；证书已经过期时由此更换。", false},
    {"queue",
     "哪些办理先存本机再发送：always（总是）、offline（连不上时）或 never（从不）；"
     "不写就是 never。",
     false},
    {"hook", "每来一条预警，rectify-agent 运行的命令。", false},
    {"digest", "rectify-agent 每天几点显示当日摘要，写成 08:30 这样；不写就不显示。", false},
    {"state", "存放登录、待发箱、回执等的文件夹；不写就是 ~/.local/state/rectify/配置名。", false},
};

/* Where each of them goes. */
static const struct {
    size_t offset;
    bool path;
} places_of[] = {
    {offsetof(struct rectify_profile, server), false},
    {offsetof(struct rectify_profile, server_name), false},
    {offsetof(struct rectify_profile, tenant), false},
    {offsetof(struct rectify_profile, account), false},
    {offsetof(struct rectify_profile, password_file), true},
    {offsetof(struct rectify_profile, ca), true},
    {offsetof(struct rectify_profile, cert), true},
    {offsetof(struct rectify_profile, key), true},
    {offsetof(struct rectify_profile, machine_key), true},
    {offsetof(struct rectify_profile, onboard), false},
    {offsetof(struct rectify_profile, queue), false},
    {offsetof(struct rectify_profile, hook), false},
    {offsetof(struct rectify_profile, digest), false},
    {offsetof(struct rectify_profile, state), true},
};
enum { KEY_COUNT = sizeof keys / sizeof keys[0] };
_Static_assert(sizeof places_of / sizeof places_of[0] == KEY_COUNT, "one place a key");

const struct rectify_profile_key *
rectify_profile_keys(size_t *ret_count)
{
    *ret_count = KEY_COUNT;
    return keys;
}

static const char *
environment(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* The folder profiles/ next to the folder the program lies in; NULL when it cannot be told (no
 * /proc). False without memory. */
static bool
beside_program(struct arena *a, const char **ret_folder)
{
    char exe[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    if (n <= 0) {
        *ret_folder = NULL;
        return true;
    }
    exe[n] = '\0';
    char *folder = rectify_path_folder(a, exe);
    *ret_folder = folder == NULL ? NULL : arena_printf(a, "%s/../profiles", folder);
    return *ret_folder != NULL;
}

enum status
rectify_places_find(struct arena *a, const char *home, struct rectify_places *ret_places,
                    struct fault *f)
{
    const char *user_home = environment("HOME");
    const char *config = environment("XDG_CONFIG_HOME");
    const char *state = environment("XDG_STATE_HOME");
    struct rectify_places places = {.home = home != NULL ? home : environment("RECTIFY_HOME")};
    bool good = beside_program(a, &places.beside);
    if (config != NULL) {
        places.user = arena_printf(a, "%s/rectify/profiles", config);
    } else if (user_home != NULL) {
        places.user = arena_printf(a, "%s/.config/rectify/profiles", user_home);
    }
    if (state != NULL) {
        places.state = arena_printf(a, "%s/rectify", state);
    } else if (user_home != NULL) {
        places.state = arena_printf(a, "%s/.local/state/rectify", user_home);
    } else {
        places.state = arena_printf(a, "/tmp/rectify-%lu", (unsigned long)getuid());
    }
    if (!good || places.state == NULL) {
        return fault_memory(f);
    }
    if (home != NULL) {
        places.beside = NULL; /* who names a home means no other */
        places.user = NULL;
    }
    *ret_places = places;
    return STATUS_OK;
}

/* The folders to look into, in order; returns how many. */
static size_t
folders_list(struct arena *a, const struct rectify_places *places, const char *ret_folders[3])
{
    size_t n = 0;
    if (places->home != NULL) {
        const char *folder = arena_printf(a, "%s/profiles", places->home);
        ret_folders[n++] = folder != NULL ? folder : places->home;
    }
    if (places->beside != NULL) {
        ret_folders[n++] = places->beside;
    }
    if (places->user != NULL) {
        ret_folders[n++] = places->user;
    }
    return n;
}

static bool
is_profile_name(const char *file)
{
    size_t n = strlen(file);
    return n > 4 && file[0] != '.' && strcmp(file + n - 4, ".ini") == 0;
}

/* Names of the profiles in a folder: how many, the first one, and all of them as a list. */
struct folder_listing {
    size_t count;
    char only[NAME_MAX + 1];
    char names[512];
};

static void
folder_list(const char *folder, struct folder_listing *ret)
{
    *ret = (struct folder_listing){.count = 0};
    struct dirent **entries = NULL;
    int n = scandir(folder, &entries, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        const char *file = entries[i]->d_name;
        if (is_profile_name(file)) {
            size_t used = strlen(ret->names);
            snprintf(ret->only, sizeof ret->only, "%s", file);
            snprintf(ret->names + used, sizeof ret->names - used, "%s%.*s", used > 0 ? "、" : "",
                     (int)(strlen(file) - 4), file);
            ret->count++;
        }
        free(entries[i]);
    }
    free(entries);
}

static enum status
find_named(struct arena *a, const struct rectify_places *places, const char *name,
           const char **ret_file, struct fault *f)
{
    const char *folders[3];
    size_t n = folders_list(a, places, folders);
    for (size_t i = 0; i < n; i++) {
        const char *file = arena_printf(a, "%s/%s.ini", folders[i], name);
        if (file == NULL) {
            return fault_memory(f);
        }
        if (rectify_file_exists(file)) {
            *ret_file = file;
            return STATUS_OK;
        }
    }
    struct folder_listing listing = {.count = 0};
    for (size_t i = 0; i < n && listing.count == 0; i++) {
        folder_list(folders[i], &listing);
    }
    return fault_set(f, STATUS_NOT_FOUND, "PROFILE_MISSING",
                     "没有找到名为“%s”的配置。%s%s%s请用 --profile 写明配置名或配置文件的路径。",
                     name, listing.count > 0 ? "现有配置：" : "", listing.names,
                     listing.count > 0 ? "。" : "");
}

static enum status
find_default(struct arena *a, const struct rectify_places *places, const char **ret_file,
             struct fault *f)
{
    const char *folders[3];
    size_t n = folders_list(a, places, folders);
    for (size_t i = 0; i < n; i++) {
        struct folder_listing listing;
        folder_list(folders[i], &listing);
        if (listing.count == 0) {
            continue;
        }
        const char *choice = arena_printf(a, "%s/default.ini", folders[i]);
        if (choice != NULL && !rectify_file_exists(choice)) {
            choice = arena_printf(a, "%s/%s", folders[i],
                                  listing.count == 1 ? listing.only : "office.ini");
        }
        if (choice == NULL) {
            return fault_memory(f);
        }
        if (!rectify_file_exists(choice)) {
            return fault_set(f, STATUS_INVALID_ARGUMENT, "PROFILE_UNCLEAR",
                             "有几个配置，不知道该用哪一个：%s。请用 --profile 名称 选一个。",
                             listing.names);
        }
        *ret_file = choice;
        return STATUS_OK;
    }
    if (places->home != NULL && places->user == NULL) {
        return fault_set(f, STATUS_NOT_FOUND, "PROFILE_MISSING",
                         "“%s/profiles”里没有任何配置文件：请检查 --home。", places->home);
    }
    return fault_set(f, STATUS_NOT_FOUND, "PROFILE_MISSING",
                     "还没有任何配置文件。请用 --profile 写明配置文件的路径，或把它放到 %s/ 下。",
                     places->user != NULL ? places->user : "~/.config/rectify/profiles");
}

static bool
name_is_plain(const char *name)
{
    for (const char *p = name; *p != '\0'; p++) {
        if (!isalnum((unsigned char)*p) && strchr("_.-", *p) == NULL) {
            return false;
        }
    }
    return name[0] != '\0' && name[0] != '.';
}

enum status
rectify_profile_find(struct arena *a, const struct rectify_places *places, const char *name,
                     const char **ret_file, struct fault *f)
{
    if (name == NULL) {
        return find_default(a, places, ret_file, f);
    }
    if (strchr(name, '/') != NULL || is_profile_name(name)) {
        if (!rectify_file_exists(name)) {
            return fault_set(f, STATUS_NOT_FOUND, "PROFILE_MISSING",
                             "没有找到配置文件“%s”：请检查路径。", name);
        }
        *ret_file = name;
        return STATUS_OK;
    }
    if (!name_is_plain(name)) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "PROFILE_NAME",
                         "配置名“%s”不对：只能用字母、数字、点、横线和下划线。", name);
    }
    return find_named(a, places, name, ret_file, f);
}

/* Cuts blanks off both ends, in place. */
static char *
trim(char *s)
{
    while (*s == ' ' || *s == '\t' || *s == '\r') {
        s++;
    }
    size_t n = strlen(s);
    while (n > 0 && strchr(" \t\r", s[n - 1]) != NULL) {
        s[--n] = '\0';
    }
    return s;
}

static const char **
field_of(struct rectify_profile *profile, size_t index)
{
    return (const char **)(void *)((char *)profile + places_of[index].offset);
}

/* "server、server_name、…" */
static const char *
keys_list(struct arena *a)
{
    const char *text = keys[0].name;
    for (size_t i = 1; i < KEY_COUNT && text != NULL; i++) {
        text = arena_printf(a, "%s、%s", text, keys[i].name);
    }
    return text != NULL ? text : "";
}

static enum status
line_apply(struct arena *a, char *line, unsigned number, struct rectify_profile *profile,
           struct fault *f)
{
    char *text = trim(line);
    if (text[0] == '\0' || text[0] == '#' || text[0] == ';') {
        return STATUS_OK;
    }
    char *equals = strchr(text, '=');
    if (equals == NULL) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "PROFILE_SYNTAX",
                         "配置“%s”第 %u 行不是“键 = 值”的写法。", profile->file, number);
    }
    *equals = '\0';
    char *key = trim(text);
    char *value = trim(equals + 1);
    for (size_t i = 0; i < KEY_COUNT; i++) {
        if (strcmp(keys[i].name, key) != 0) {
            continue;
        }
        const char **field = field_of(profile, i);
        if (*field != NULL) {
            return fault_set(f, STATUS_INVALID_ARGUMENT, "PROFILE_TWICE",
                             "配置“%s”第 %u 行：“%s”写了两次。", profile->file, number, key);
        }
        if (value[0] == '\0') {
            return STATUS_OK; /* an empty value is an absent one */
        }
        const char *folder = places_of[i].path ? rectify_path_folder(a, profile->file) : NULL;
        *field = rectify_path_join(a, folder, value);
        return *field != NULL ? STATUS_OK : fault_memory(f);
    }
    return fault_set(f, STATUS_INVALID_ARGUMENT, "PROFILE_KEY",
                     "配置“%s”第 %u 行：不认识的键“%s”。可以写的有 %s。", profile->file, number,
                     key, keys_list(a));
}

static enum status
lines_apply(struct arena *a, const char *text, struct rectify_profile *profile, struct fault *f)
{
    char *copy = arena_strdup(a, strncmp(text, "\xEF\xBB\xBF", 3) == 0 ? text + 3 : text);
    if (copy == NULL) {
        return fault_memory(f);
    }
    enum status status = STATUS_OK;
    unsigned number = 1;
    for (char *line = copy; line != NULL && status == STATUS_OK; number++) {
        char *end = strchr(line, '\n');
        if (end != NULL) {
            *end = '\0';
        }
        status = line_apply(a, line, number, profile, f);
        line = end != NULL ? end + 1 : NULL;
    }
    return status;
}

static bool
is_hour(const char *text)
{
    return strlen(text) == 5 && isdigit((unsigned char)text[0]) &&
           isdigit((unsigned char)text[1]) && text[2] == ':' && text[3] >= '0' && text[3] <= '5' &&
           isdigit((unsigned char)text[4]) && (text[0] < '2' || (text[0] == '2' && text[1] <= '3'));
}

static enum status
values_check(const struct rectify_profile *profile, struct fault *f)
{
    const char *queue = profile->queue;
    if (queue != NULL && strcmp(queue, "always") != 0 && strcmp(queue, "offline") != 0 &&
        strcmp(queue, "never") != 0) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "PROFILE_VALUE",
                         "配置“%s”里 queue 的“%s”不对：写 always（总是先存本机）、offline"
                         "（连不上时存本机）或 never（从不）。",
                         profile->file, queue);
    }
    if (profile->digest != NULL && !is_hour(profile->digest)) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "PROFILE_VALUE",
                         "配置“%s”里 digest 的“%s”不对：写成 08:30 这样的时刻。", profile->file,
                         profile->digest);
    }
    return STATUS_OK;
}

/* "…/unit01.ini" → "unit01" */
static char *
name_from_file(struct arena *a, const char *file)
{
    const char *slash = strrchr(file, '/');
    const char *base = slash != NULL ? slash + 1 : file;
    size_t n = strlen(base);
    return arena_strndup(a, base, is_profile_name(base) ? n - 4 : n);
}

enum status
rectify_profile_parse(struct arena *a, const struct rectify_places *places, const char *text,
                      const char *file, struct rectify_profile *ret_profile, struct fault *f)
{
    struct rectify_profile profile = {.file = arena_strdup(a, file),
                                      .name = name_from_file(a, file)};
    if (profile.file == NULL || profile.name == NULL) {
        return fault_memory(f);
    }
    enum status status = lines_apply(a, text, &profile, f);
    if (status != STATUS_OK) {
        return status;
    }
    if (profile.server == NULL || profile.tenant == NULL) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "PROFILE_INCOMPLETE",
                         "配置“%s”缺少“%s = …”一行。", file,
                         profile.server == NULL ? "server" : "tenant");
    }
    status = values_check(&profile, f);
    if (status != STATUS_OK) {
        return status;
    }
    if (profile.server_name == NULL) {
        profile.server_name = "rectifyd";
    }
    if (profile.state == NULL) {
        profile.state = arena_printf(a, "%s/%s", places->state, profile.name);
        if (profile.state == NULL) {
            return fault_memory(f);
        }
    }
    *ret_profile = profile;
    return STATUS_OK;
}

enum status
rectify_profile_load(struct arena *a, const struct rectify_places *places, const char *name,
                     struct rectify_profile *ret_profile, struct fault *f)
{
    const char *file = NULL;
    char *text = NULL;
    size_t n = 0;
    enum status status = rectify_profile_find(a, places, name, &file, f);
    if (status == STATUS_OK) {
        status = rectify_file_read(a, file, PROFILE_FILE_BYTES, &text, &n, f);
    }
    if (status == STATUS_OK) {
        status = rectify_profile_parse(a, places, text, file, ret_profile, f);
    }
    return status;
}
