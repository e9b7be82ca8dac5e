/* rectifyd: the server program. Subcommands; everything long-lived is app.c's. */
#include "proto/ledger/key.h"
#include "server/app.h"
#include "server/base/clock.h"
#include "server/base/config.h"
#include "server/base/log.h"
#include "server/store/migrate.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_USAGE = 2 };

static const char USAGE[] =
    "用法：\n"
    "  rectifyd migrate   --config FILE    升级数据库结构\n"
    "  rectifyd bootstrap --config FILE --tenant CODE --tenant-name NAME --account NAME\n"
    "                     --password-file FILE --enrol-code-file FILE --grant-account NAME\n"
    "                     --grant-password-file FILE --grant-enrol-code-file FILE\n"
    "                                      建立租户和最初两名管理员：系统管理员、授权管理员\n"
    "  rectifyd restored  --config FILE --reason TEXT [--tenant CODE] [--before TIME]\n"
    "                                      数据库恢复到较早的时间后、启动服务之前，作恢复声明；\n"
    "                                      恢复后服务已运行过的，用 --before 写明恢复完成的时间\n"
    "                                      （2026-11-30T08:00:00+08:00）\n"
    "  rectifyd keygen    --out FILE       生成审计日志的签名密钥\n"
    "  rectifyd serve     --config FILE    运行服务\n"
    "  rectifyd config                     打印配置文件的说明\n"
    "  rectifyd version                    打印版本\n";

struct options {
    const char *config;
    const char *out;
    const char *reason;
    const char *before;
    struct app_bootstrap bootstrap;
};

static int
fail(const struct fault *fault)
{
    log_fault(LOG_LEVEL_ERROR, "failed", fault);
    return EXIT_FAILURE;
}

static bool
options_parse(int argc, char **argv, struct options *ret)
{
    static const struct option known[] = {
        {"config", required_argument, NULL, 'c'},
        {"out", required_argument, NULL, 'o'},
        {"tenant", required_argument, NULL, 't'},
        {"tenant-name", required_argument, NULL, 'n'},
        {"account", required_argument, NULL, 'a'},
        {"password-file", required_argument, NULL, 'p'},
        {"enrol-code-file", required_argument, NULL, 'e'},
        {"grant-account", required_argument, NULL, 'A'},
        {"grant-password-file", required_argument, NULL, 'P'},
        {"grant-enrol-code-file", required_argument, NULL, 'E'},
        {"reason", required_argument, NULL, 'r'},
        {"before", required_argument, NULL, 'b'},
        {NULL, 0, NULL, 0},
    };
    *ret = (struct options){0};
    int c = 0;
    while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (c) {
        case 'c':
            ret->config = optarg;
            break;
        case 'o':
            ret->out = optarg;
            break;
        case 't':
            ret->bootstrap.tenant = optarg;
            break;
        case 'n':
            ret->bootstrap.tenant_name = optarg;
            break;
        case 'a':
            ret->bootstrap.admin.account = optarg;
            break;
        case 'A':
            ret->bootstrap.grant.account = optarg;
            break;
        case 'r':
            ret->reason = optarg;
            break;
        case 'b':
            ret->before = optarg;
            break;
        case 'p':
            ret->bootstrap.admin.password_file = optarg;
            break;
        case 'P':
            ret->bootstrap.grant.password_file = optarg;
            break;
        case 'e':
            ret->bootstrap.admin.enrol_code_file = optarg;
            break;
        case 'E':
            ret->bootstrap.grant.enrol_code_file = optarg;
            break;
        default:
            return false;
        }
    }
    return optind == argc;
}

static bool
config_read(const struct options *o, struct config *ret_config)
{
    struct fault fault = {0};
    if (o->config == NULL) {
        fputs(USAGE, stderr);
        return false;
    }
    config_init(ret_config);
    if (config_load(o->config, ret_config, &fault) != STATUS_OK) {
        fail(&fault);
        return false;
    }
    log_set_level(ret_config->log_level);
    return true;
}

static void
migrate_note(void *ctx, const struct migration *m)
{
    (void)ctx;
    const struct log_field fields[] = {log_text("name", m->name)};
    log_event(LOG_LEVEL_INFO, "migrate.applied", fields, 1);
}

static int
command_migrate(const struct options *o)
{
    struct config config;
    struct fault fault = {0};
    size_t count = 0;
    if (!config_read(o, &config)) {
        return EXIT_USAGE;
    }
    const struct migration *list = migrate_embedded(&count);
    const char *conninfo =
        config.owner_conninfo[0] != '\0' ? config.owner_conninfo : config.conninfo;
    if (migrate_apply(conninfo, list, count, migrate_note, NULL, &fault) != STATUS_OK) {
        return fail(&fault);
    }
    const struct log_field fields[] = {log_int("version", count == 0 ? 0 : list[count - 1].no)};
    log_event(LOG_LEVEL_INFO, "migrate.done", fields, 1);
    return EXIT_SUCCESS;
}

static bool
named(const struct app_administrator *a)
{
    return a->account != NULL && a->password_file != NULL && a->enrol_code_file != NULL;
}

static int
command_bootstrap(const struct options *o)
{
    struct config config;
    struct fault fault = {0};
    const struct app_bootstrap *b = &o->bootstrap;
    if (b->tenant == NULL || b->tenant_name == NULL || !named(&b->admin) || !named(&b->grant)) {
        fputs(USAGE, stderr);
        return EXIT_USAGE;
    }
    if (!config_read(o, &config)) {
        return EXIT_USAGE;
    }
    return app_bootstrap(&config, b, &fault) == STATUS_OK ? EXIT_SUCCESS : fail(&fault);
}

static int
command_restored(const struct options *o)
{
    struct config config;
    struct fault fault = {0};
    struct app_restored in = {
        .tenant = o->bootstrap.tenant, .reason = o->reason, .has_before = o->before != NULL};
    if (o->reason == NULL ||
        (in.has_before && instant_parse(o->before, &in.before_ms) != STATUS_OK)) {
        fputs(USAGE, stderr);
        return EXIT_USAGE;
    }
    if (!config_read(o, &config)) {
        return EXIT_USAGE;
    }
    return app_restored(&config, &in, &fault) == STATUS_OK ? EXIT_SUCCESS : fail(&fault);
}

static int
command_keygen(const struct options *o)
{
    struct fault fault = {0};
    struct ledger_key key;
    char text[LEDGER_PUBLIC_TEXT_SIZE];
    if (o->out == NULL) {
        fputs(USAGE, stderr);
        return EXIT_USAGE;
    }
    if (ledger_key_create(o->out, &key, &fault) != STATUS_OK) {
        return fail(&fault);
    }
    ledger_public_to_text(&key.public, text);
    printf("%s\n", text);
    ledger_key_clear(&key);
    return EXIT_SUCCESS;
}

static int
command_serve(const struct options *o)
{
    struct config config;
    struct fault fault = {0};
    if (!config_read(o, &config)) {
        return EXIT_USAGE;
    }
    return app_serve(&config, &fault) == STATUS_OK ? EXIT_SUCCESS : fail(&fault);
}

static int
command_config(const struct options *o)
{
    (void)o;
    config_print_reference(stdout);
    return EXIT_SUCCESS;
}

static int
command_version(const struct options *o)
{
    (void)o;
    puts(APP_VERSION);
    return EXIT_SUCCESS;
}

static const struct {
    const char *name;
    int (*run)(const struct options *o);
} commands[] = {
    {"migrate", command_migrate},   {"bootstrap", command_bootstrap}, {"keygen", command_keygen},
    {"serve", command_serve},       {"config", command_config},       {"version", command_version},
    {"restored", command_restored},
};

int
main(int argc, char **argv)
{
    struct options o;
    for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(argv[1], commands[i].name) == 0 && options_parse(argc - 1, argv + 1, &o)) {
            return commands[i].run(&o);
        }
    }
    fputs(USAGE, stderr);
    return EXIT_USAGE;
}
