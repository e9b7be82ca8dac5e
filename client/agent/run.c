/* The command line, the signals, and one pass for --once. */
#include "client/agent/agent_impl.h"
#include "client/agent/program.h"
#include "proto/base/limits.h"

#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { PROFILE_ARENA_BYTES = 4 * 1024 * 1024, DELIVERY_MAX = 500 };

static const char usage[] =
    "用法：rectify-agent [--profile 名称] [--home 文件夹] [--once]\n"
    "\n"
    "在单位的机器上守着线路：把待发箱里的办理送出去，收预警并通知，报告本机状态，按时换领证书。\n"
    "在前台运行，日志写到标准错误；一般由 systemd 启动（systemctl --user start rectify-agent）。\n"
    "\n"
    "  --profile 名称   用哪个配置（名称，或配置文件的路径）；也可设 RECTIFY_PROFILE\n"
    "  --home 文件夹    到“文件夹/profiles”里找配置；也可设 RECTIFY_HOME\n"
    "  --once           送一次、取一次预警就结束（给定时任务和脚本用）\n"
    "  -V, --version    显示版本\n"
    "  -h, --help       显示本页\n"
    "\n"
    "信号：TERM 和 INT 等手头的一次调用结束后停止；HUP 重新读配置。\n"
    "配置里与本程序有关的键：hook（每条预警运行的程序）、digest（每日提要的时刻，如 08:30）。\n"
    "\n"
    "退出码：\n"
    "  0  按要求停止；--once：都送到了\n"
    "  1  程序或本机磁盘出错\n"
    "  2  命令行写错\n"
    "  3  配置不对或没有配置\n"
    "  5  --once：没有登录、没有开通或已停用\n"
    "  6  同一个状态文件夹里已经有一个代理在运行\n"
    "  7  --once：连不上服务器，都还存在本机\n"
    "  8  --once：服务器日志核对不上\n";

struct arguments {
    const char *profile;
    const char *home;
    bool once;
};

/* Returns -1 to go on, else the exit code. */
static int
arguments_read(int argc, char **argv, struct arguments *ret)
{
    static const struct option options[] = {
        {"profile", required_argument, NULL, 'p'}, {"home", required_argument, NULL, 'H'},
        {"once", no_argument, NULL, 'o'},          {"version", no_argument, NULL, 'V'},
        {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0}};
    const char *profile = getenv("RECTIFY_PROFILE");
    *ret = (struct arguments){.profile = profile != NULL && profile[0] != '\0' ? profile : NULL};
    opterr = 0;
    for (int c = 0; (c = getopt_long(argc, argv, "Vh", options, NULL)) != -1;) {
        switch (c) {
        case 'p':
            ret->profile = optarg;
            break;
        case 'H':
            ret->home = optarg;
            break;
        case 'o':
            ret->once = true;
            break;
        case 'V':
            (void)puts(AGENT_VERSION);
            return AGENT_EXIT_OK;
        case 'h':
            (void)fputs(usage, stdout);
            return AGENT_EXIT_OK;
        default:
            (void)fprintf(stderr, "错误：不认识的选项，或选项缺少内容：%s\n%s", argv[optind - 1],
                          usage);
            return AGENT_EXIT_USAGE;
        }
    }
    if (optind < argc) {
        (void)fprintf(stderr, "错误：不认识的参数“%s”。\n%s", argv[optind], usage);
        return AGENT_EXIT_USAGE;
    }
    return -1;
}

static enum status
profile_load(struct arena *a, const struct arguments *arguments,
             struct rectify_profile *ret_profile, struct fault *f)
{
    struct rectify_places places;
    enum status status = rectify_places_find(a, arguments->home, &places, f);
    if (status == STATUS_OK) {
        status = rectify_profile_load(a, &places, arguments->profile, ret_profile, f);
    }
    return status;
}

/* ---- --once ---- */

static enum agent_exit
exit_of(const struct agent_link *link, const struct fault *why)
{
    if (agent_in_trouble(link->agent, RECTIFY_TROUBLE_LOG)) {
        return AGENT_EXIT_NOT_VERIFIED;
    }
    if (agent_in_trouble(link->agent, RECTIFY_TROUBLE_LOGIN) ||
        agent_in_trouble(link->agent, RECTIFY_TROUBLE_MACHINE)) {
        return AGENT_EXIT_DENIED;
    }
    return why->code == STATUS_INTERNAL ? AGENT_EXIT_INTERNAL : AGENT_EXIT_TRY_AGAIN;
}

static enum agent_exit
once_failed(struct agent_link *link, const struct fault *why)
{
    (void)agent_link_failed(link, why);
    say_fault(SAY_ERROR, "没有办完", why);
    return exit_of(link, why);
}

static enum agent_exit
once_send(struct agent_link *link)
{
    struct rectify_outbox *outbox = NULL;
    struct rectify_drain drain = {.end = RECTIFY_DRAIN_EMPTY};
    struct fault f = {.code = STATUS_OK};
    enum agent_exit code = AGENT_EXIT_OK;
    enum status status = rectify_outbox_open(link->agent->profile->state, &outbox, &f);
    if (status == STATUS_OK) {
        status = agent_send(link, outbox, &drain, &f);
    }
    if (status != STATUS_OK) {
        say_fault(SAY_ERROR, "待发箱打不开", &f);
        code = AGENT_EXIT_INTERNAL;
    } else if (drain.end == RECTIFY_DRAIN_OTHER) {
        say(SAY_INFO, "另一个程序正在发送待发箱，这次不重复");
    } else if (drain.end != RECTIFY_DRAIN_EMPTY) {
        code = once_failed(link, &drain.why);
    }
    rectify_outbox_free(outbox);
    return code;
}

static enum agent_exit
once_listen(struct agent_link *link)
{
    struct fault f = {.code = STATUS_OK};
    for (size_t count = DELIVERY_MAX; count >= DELIVERY_MAX;) {
        if (agent_listen(link, 0, &count, &f) != STATUS_OK) {
            return once_failed(link, &f);
        }
    }
    return AGENT_EXIT_OK;
}

enum agent_exit
agent_once(struct agent *agent)
{
    struct agent_link link = {.agent = agent, .job = AGENT_SENDER};
    enum agent_exit code = once_send(&link);
    if (code == AGENT_EXIT_OK) {
        code = once_listen(&link);
    }
    agent_link_close(&link);
    for (int64_t wait_ms = 0; wait_ms >= 0;) {
        wait_ms = agent_tell_waiting(agent);
        agent_wait(agent, AGENT_TELLER, wait_ms > 0 ? wait_ms : 0);
    }
    return code;
}

/* ---- for long ---- */

static int
signal_wait(const sigset_t *signals)
{
    int number = 0;
    while (sigwait(signals, &number) != 0) {
    }
    return number;
}

/* Reads the profile again and stops the agent with it in place; false: it cannot be used, or is of
 * another state folder, and nothing was changed. */
static bool
profile_again(struct agent *agent, const struct arguments *arguments, struct arena *arena,
              struct rectify_profile *profile)
{
    struct arena fresh;
    struct rectify_profile again;
    struct fault f = {.code = STATUS_OK};
    arena_init(&fresh, PROFILE_ARENA_BYTES);
    enum status status = profile_load(&fresh, arguments, &again, &f);
    if (status == STATUS_OK && strcmp(again.state, profile->state) != 0) {
        status = fault_set(&f, STATUS_FAILED_PRECONDITION, "PROFILE_STATE",
                           "状态文件夹不能在运行中改变：请重新启动代理。");
    }
    if (status != STATUS_OK) {
        say_fault(SAY_ERROR, "重新读配置没有成功，仍用原来的", &f);
        arena_release(&fresh);
        return false;
    }
    agent_stop(agent);
    agent_profile_set(agent, &again);
    arena_release(arena);
    *arena = fresh;
    *profile = again;
    agent->profile = profile;
    say(SAY_INFO, "已重新读配置：%s", profile->file);
    return true;
}

static enum agent_exit
run_for_long(struct agent *agent, const struct arguments *arguments, struct arena *arena,
             struct rectify_profile *profile, const sigset_t *signals)
{
    struct fault f = {.code = STATUS_OK};
    say(SAY_INFO, "%s 开始：配置 %s，服务器 %s%s", AGENT_VERSION, profile->file, profile->server,
        agent->notifier == NULL ? "；没有 notify-send，不显示桌面通知" : "");
    for (bool go = true; go;) {
        if (agent_start(agent, &f) != STATUS_OK) {
            say_fault(SAY_ERROR, "没能启动", &f);
            return AGENT_EXIT_INTERNAL;
        }
        go = signal_wait(signals) == SIGHUP;
        while (go && !profile_again(agent, arguments, arena, profile)) {
            go = signal_wait(signals) == SIGHUP;
        }
    }
    agent_stop(agent);
    say(SAY_INFO, "已停止");
    return AGENT_EXIT_OK;
}

/* Small, for a machine that has other things to do. */
static void
memory_settings(void)
{
#ifdef __GLIBC__
    (void)mallopt(M_ARENA_MAX, 2);
    (void)mallopt(M_TRIM_THRESHOLD, 128 * 1024);
    (void)mallopt(M_MMAP_THRESHOLD, 64 * 1024);
#endif
}

int
agent_main(int argc, char **argv)
{
    struct arguments arguments;
    struct rectify_profile profile;
    struct arena arena;
    struct agent *agent = NULL;
    struct fault f = {.code = STATUS_OK};
    sigset_t signals;
    int code = arguments_read(argc, argv, &arguments);
    if (code >= 0) {
        return code;
    }
    memory_settings();
    (void)umask(077);
    (void)signal(SIGPIPE, SIG_IGN);
    sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL); /* threads inherit it: main alone waits */
    arena_init(&arena, PROFILE_ARENA_BYTES);
    if (profile_load(&arena, &arguments, &profile, &f) != STATUS_OK) {
        say_fault(SAY_ERROR, "配置不能用", &f);
        code = AGENT_EXIT_PROFILE;
    } else if (agent_new(&profile, &agent, &f) != STATUS_OK) {
        say_fault(SAY_ERROR, "没有启动", &f);
        code = f.code == STATUS_ALREADY_EXISTS ? AGENT_EXIT_RUNNING : AGENT_EXIT_INTERNAL;
    } else if (arguments.once) {
        code = agent_once(agent);
    } else {
        code = run_for_long(agent, &arguments, &arena, &profile, &signals);
    }
    agent_free(agent);
    arena_release(&arena);
    return code;
}
