/* SettingsService: the working-day calendar and the settings; the ladder stands in ladder.c. */
#include "server/handler/all.h"

#include "proto/base/limits.h"
#include "proto/base/wire_text.h"
#include "rectify/v1/settings.pb-c.h"
#include "server/base/clock.h"
#include "server/handler/common.h"
#include "server/handler/request_check.h"
#include "server/service/role.h"
#include "server/store/outside.h"
#include "server/store/settings.h"

#include <stdio.h>
#include <string.h>

enum { CALENDAR_YEAR_MIN = 2000, CALENDAR_YEAR_MAX = 2199, CALENDAR_DAYS_MAX = 366 };

struct calendar_import {
    struct calendar_rows stored;
    struct calendar_row *days;
    size_t count;
};

static enum status
check_year(struct call *call, int32_t year)
{
    if (year < CALENDAR_YEAR_MIN || year > CALENDAR_YEAR_MAX) {
        return fault_set_field(&call->fault, "year", "YEAR_RANGE",
                               "年份应在 %d 至 %d 之间，请改正。", CALENDAR_YEAR_MIN,
                               CALENDAR_YEAR_MAX);
    }
    return STATUS_OK;
}

/* Versions of a year are numbered one after the other. */
static void
import_subjects(const struct call *call, struct subject_set *set)
{
    char year[16];
    snprintf(year, sizeof year, "%d", REQUEST(call, Pb__ImportCalendarRequest)->year);
    subject_add(set, "calendar", year);
}

static int
import_load(struct call *call, struct db_queue *q)
{
    const Pb__ImportCalendarRequest *r = REQUEST(call, Pb__ImportCalendarRequest);
    struct calendar_import *import = arena_alloc(call->arena, sizeof *import);
    call->data = import;
    if (import == NULL) {
        return handler_no_memory(call);
    }
    enum status s = check_year(call, r->has_year ? r->year : 0);
    if (s != STATUS_OK) {
        return s;
    }
    return calendar_queue_days(q, call->who->tenant, r->year, &import->stored);
}

static enum status
read_day(struct call *call, const Pb__CalendarDay *in, int32_t year, size_t index,
         struct calendar_row *ret)
{
    char field[FAULT_FIELD_SIZE];
    snprintf(field, sizeof field, "days[%zu].date", index);
    int32_t day = NO_DATE;
    if (day_parse(in->date, &day) != STATUS_OK || day_to_ymd(day).year != year) {
        return fault_set_field(&call->fault, field, "BAD_DATE",
                               "第 %zu 行：“%s”不是 %d 年的日期，请写成 %d-01-01 这样的形式。",
                               index + 1, in->date == NULL ? "" : in->date, year, year);
    }
    snprintf(field, sizeof field, "days[%zu].name", index);
    enum status s = check_text(call, field, in->name, CALENDAR_NAME_SIZE - 1, false);
    if (s != STATUS_OK) {
        return s;
    }
    *ret = (struct calendar_row){
        .year = year,
        .day = day,
        .working = in->has_working && in->working,
        .name = in->name == NULL ? "" : in->name,
    };
    return STATUS_OK;
}

static enum status
import_decide(struct call *call)
{
    const Pb__ImportCalendarRequest *r = REQUEST(call, Pb__ImportCalendarRequest);
    struct calendar_import *import = call->data;
    if (r->n_days == 0 || r->n_days > CALENDAR_DAYS_MAX) {
        return fault_set_field(&call->fault, "days", "DAY_COUNT",
                               "一年的节假日及调休应有 1 至 %d 天，现有 %zu 天，请核对文件。",
                               CALENDAR_DAYS_MAX, r->n_days);
    }
    int32_t version = import->stored.count == 0 ? 1 : import->stored.items[0].version + 1;
    import->days = arena_array(call->arena, r->n_days, sizeof *import->days);
    if (import->days == NULL) {
        return handler_no_memory(call);
    }
    for (size_t i = 0; i < r->n_days; i++) {
        struct calendar_row *day = &import->days[i];
        enum status s = read_day(call, r->days[i], r->year, i, day);
        if (s != STATUS_OK) {
            return s;
        }
        day->version = version;
        for (size_t k = 0; k < i; k++) {
            if (import->days[k].day == day->day) {
                return fault_set_field(&call->fault, "days", "DAY_TWICE",
                                       "日期 %s 在表中出现两次，请删去一行。", r->days[i]->date);
            }
        }
        import->count++;
    }
    Pb__ImportCalendarReply *reply = call_message(call, &pb__import_calendar_reply__descriptor);
    const char *id = call_new_id(call);
    char *ref = arena_printf(call->arena, "%d", r->year);
    if (reply == NULL || id == NULL || ref == NULL ||
        !call_change(call, "calendar", id, ref, version, &r->base)) {
        return handler_no_memory(call);
    }
    reply->has_version = reply->has_days = 1;
    reply->version = version;
    reply->days = (int32_t)import->count;
    call->reply = &reply->base;
    return STATUS_OK;
}

static enum status
import_effects(struct call *call, struct db_queue *q)
{
    const struct calendar_import *import = call->data;
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < import->count; i++) {
        s = calendar_queue_insert(q, call->who->tenant, &import->days[i], call->event_id);
    }
    return s;
}

static int
calendar_load(struct call *call, struct db_queue *q)
{
    const Pb__GetCalendarRequest *r = REQUEST(call, Pb__GetCalendarRequest);
    struct calendar_rows *rows = arena_alloc(call->arena, sizeof *rows);
    call->data = rows;
    if (rows == NULL) {
        return handler_no_memory(call);
    }
    int32_t year = r->has_year ? r->year : day_to_ymd(call->today).year;
    enum status s = check_year(call, year);
    if (s != STATUS_OK) {
        return s;
    }
    return calendar_queue_days(q, call->who->tenant, year, rows);
}

static enum status
add_day(struct call *call, Pb__GetCalendarReply *reply, int32_t date, bool working,
        const char *name)
{
    Pb__CalendarDay *day = call_message(call, &pb__calendar_day__descriptor);
    if (day == NULL) {
        return handler_no_memory(call);
    }
    day->date = day_text(call, date);
    day->has_working = 1;
    day->working = working;
    day->name = wire_text(name);
    reply->days[reply->n_days++] = day;
    return day->date == NULL ? handler_no_memory(call) : STATUS_OK;
}

/* The days of a built-in year that are not what their weekday says. */
static enum status
add_builtin(struct call *call, Pb__GetCalendarReply *reply)
{
    struct calendar *c = arena_alloc(call->arena, sizeof *c);
    if (c == NULL) {
        return handler_no_memory(call);
    }
    calendar_init_builtin(c);
    enum status s = STATUS_OK;
    int32_t end = day_from_ymd((struct ymd){reply->year, 12, 31});
    bool known = calendar_knows_year(c, reply->year);
    for (int32_t d = day_from_ymd((struct ymd){reply->year, 1, 1});
         known && s == STATUS_OK && d <= end; d++) {
        bool working = calendar_is_working_day(c, d, NULL);
        if (working != (day_weekday(d) <= 5)) {
            s = add_day(call, reply, d, working, "");
        }
    }
    return s;
}

static enum status
calendar_decide(struct call *call)
{
    const Pb__GetCalendarRequest *r = REQUEST(call, Pb__GetCalendarRequest);
    const struct calendar_rows *stored = call->data;
    Pb__GetCalendarReply *reply = call_message(call, &pb__get_calendar_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    size_t room = stored->count > CALENDAR_DAYS_MAX ? stored->count : CALENDAR_DAYS_MAX;
    reply->has_year = reply->has_version = 1;
    reply->year = r->has_year ? r->year : day_to_ymd(call->today).year;
    reply->version = stored->count == 0 ? 0 : stored->items[0].version;
    reply->days = arena_array(call->arena, room, sizeof *reply->days);
    if (reply->days == NULL) {
        return handler_no_memory(call);
    }
    enum status s = stored->count == 0 ? add_builtin(call, reply) : STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < stored->count; i++) {
        const struct calendar_row *row = &stored->items[i];
        s = add_day(call, reply, row->day, row->working, row->name);
    }
    call->reply = &reply->base;
    return s;
}

/* ---- GetSettings, SetSetting ---- */

static int
settings_load(struct call *call, struct db_queue *q)
{
    struct setting_list *stored = arena_alloc(call->arena, sizeof *stored);
    call->data = stored;
    return stored == NULL
               ? (int)handler_no_memory(call)
               : (int)setting_queue_read(q, call->who->tenant, stored, NULL, call->arena);
}

static const struct setting_record *
stored_setting(const struct setting_list *stored, const char *name)
{
    for (size_t i = 0; i < stored->count; i++) {
        if (strcmp(stored->items[i].name, name) == 0) {
            return &stored->items[i];
        }
    }
    return NULL;
}

static enum status
settings_decide(struct call *call)
{
    size_t count = 0;
    const struct setting_row *all = setting_rows(&count);
    Pb__GetSettingsReply *reply = call_message(call, &pb__get_settings_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    call->reply = &reply->base;
    reply->settings = arena_array(call->arena, count, sizeof *reply->settings);
    for (size_t i = 0; reply->settings != NULL && i < count; i++) {
        const struct setting_record *s = stored_setting(call->data, all[i].name);
        Pb__Setting *out = call_message(call, &pb__setting__descriptor);
        if (out == NULL) {
            return handler_no_memory(call);
        }
        out->name = wire_text(all[i].name);
        out->initial = wire_text(all[i].initial);
        out->meaning = wire_text(all[i].meaning);
        out->value = wire_text(s == NULL ? all[i].initial : s->value);
        out->has_version = 1;
        out->version = s == NULL ? 0 : s->version;
        reply->settings[reply->n_settings++] = out;
    }
    return reply->settings == NULL ? handler_no_memory(call) : STATUS_OK;
}

struct set_call {
    struct setting_list stored;
    struct settings settings;
    struct setting_record next;
};

/* One after the other: whether a channel may be on depends on the link. */
static void
set_subjects(const struct call *call, struct subject_set *set)
{
    (void)call;
    subject_add(set, "setting", "");
}

static int
set_load(struct call *call, struct db_queue *q)
{
    struct set_call *c = arena_alloc(call->arena, sizeof *c);
    call->data = c;
    return c == NULL ? (int)handler_no_memory(call)
                     : (int)setting_queue_read(q, call->who->tenant, &c->stored, &c->settings,
                                               call->arena);
}

/* Nothing may leave without saying where to log in. */
static enum status
set_check_link(struct call *call, const struct set_call *c)
{
    const Pb__SetSettingRequest *r = REQUEST(call, Pb__SetSettingRequest);
    struct settings next = c->settings;
    settings_apply(&next, r->name, r->value);
    bool any = false;
    for (int i = 0; i < CHANNEL_COUNT; i++) {
        any = any || next.channel_on[i];
    }
    if (any && next.link_url[0] == '\0') {
        return fault_set(&call->fault, STATUS_FAILED_PRECONDITION, "LINK_MISSING",
                         "外发消息要写明登录地址：请先设置 link_url，再打开通道；要清空 link_url，"
                         "请先关闭全部通道。");
    }
    return STATUS_OK;
}

static enum status
set_decide(struct call *call)
{
    const Pb__SetSettingRequest *r = REQUEST(call, Pb__SetSettingRequest);
    struct set_call *c = call->data;
    enum status s = setting_check(r->name, r->value, &call->fault);
    if (s == STATUS_OK) {
        s = set_check_link(call, c);
    }
    if (s != STATUS_OK) {
        return s;
    }
    const struct setting_record *stored = stored_setting(&c->stored, r->name);
    call->no_event = stored != NULL && strcmp(stored->value, r->value) == 0;
    c->next = (struct setting_record){r->name, r->value, stored == NULL ? 1 : stored->version + 1};
    if (call->no_event) {
        c->next.version = stored->version;
    }
    Pb__SetSettingReply *reply = call_message(call, &pb__set_setting_reply__descriptor);
    const char *id = call_new_id(call);
    if (reply == NULL || id == NULL ||
        (!call->no_event &&
         !call_change(call, "setting", id, r->name, c->next.version, &r->base))) {
        return handler_no_memory(call);
    }
    reply->has_version = 1;
    reply->version = c->next.version;
    call->reply = &reply->base;
    return STATUS_OK;
}

static enum status
set_effects(struct call *call, struct db_queue *q)
{
    const struct set_call *c = call->data;
    return call->no_event ? STATUS_OK
                          : setting_queue_put(q, call->who->tenant, &c->next, call->event_id);
}

static const struct handler rows[] = {
    {.method = "rectify.v1.SettingsService/ImportCalendar",
     .kind = METHOD_SLOW,
     .auth = AUTH_SIGNED,
     .roles = ROLE_ADMIN,
     .request = &pb__import_calendar_request__descriptor,
     .reply = &pb__import_calendar_reply__descriptor,
     .subjects = import_subjects,
     .load = import_load,
     .decide = import_decide,
     .effects = import_effects},
    {.method = "rectify.v1.SettingsService/GetCalendar",
     .kind = METHOD_QUERY,
     .auth = AUTH_SESSION,
     .request = &pb__get_calendar_request__descriptor,
     .reply = &pb__get_calendar_reply__descriptor,
     .load = calendar_load,
     .decide = calendar_decide},
    {.method = "rectify.v1.SettingsService/GetSettings",
     .kind = METHOD_QUERY,
     .auth = AUTH_SESSION,
     .roles = ROLE_ADMIN | ROLE_OFFICE | ROLE_AUDIT,
     .request = &pb__empty__descriptor,
     .reply = &pb__get_settings_reply__descriptor,
     .load = settings_load,
     .decide = settings_decide},
    {.method = "rectify.v1.SettingsService/SetSetting",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = ROLE_ADMIN,
     .request = &pb__set_setting_request__descriptor,
     .reply = &pb__set_setting_reply__descriptor,
     .subjects = set_subjects,
     .load = set_load,
     .decide = set_decide,
     .effects = set_effects},
};

const struct handler_table settings_handler_table = {rows, sizeof rows / sizeof rows[0]};
