/* Settings of a tenant: their names, what values they take, and what holds when nothing is stored.
 *
 * One table (setting.c) holds them all. Stored as versioned rows of name and text; every value
 * passes setting_check before it is stored, so reading never fails: what cannot be read leaves the
 * default. Pure.
 */
#ifndef SERVER_BASE_SETTING_H
#define SERVER_BASE_SETTING_H

#include "proto/base/fault.h"
#include "server/base/delivery.h"

#include <stddef.h>

/* The ways out. Numbers are stored nowhere; names are. */
enum outside_channel {
    CHANNEL_MAIL = 0,
    CHANNEL_WECOM = 1,    /* 企业微信群机器人 */
    CHANNEL_DINGTALK = 2, /* 钉钉群机器人 */
    CHANNEL_FEISHU = 3,   /* 飞书群机器人 */
    CHANNEL_WEBHOOK = 4,  /* generic, signed */
    CHANNEL_COUNT = 5,
};

enum { SETTING_VALUE_SIZE = 256, SETTING_LEVELS = 7, SETTING_COLOUR_SIZE = 8 };

struct settings {
    struct delivery_rules delivery;
    bool channel_on[CHANNEL_COUNT];
    char link_url[SETTING_VALUE_SIZE];
    char colours[SETTING_LEVELS][SETTING_COLOUR_SIZE]; /* of level 1 to 7 */
};

struct setting_row {
    const char *name;
    const char *initial;
    const char *meaning; /* Chinese: what it is and which values it takes */
};

/* All that can be set, in the order of the table. Static. */
const struct setting_row *setting_rows(size_t *ret_count);

/* Everything at its default. */
void settings_init(struct settings *s);

/* OK when the value may be stored. NOT_FOUND SETTING_UNKNOWN, INVALID_ARGUMENT SETTING_VALUE with
 * the values it takes. */
enum status setting_check(const char *name, const char *value, struct fault *fault) MUST_CHECK;

/* Takes a stored value over; an unknown name or a bad value changes nothing. */
void settings_apply(struct settings *s, const char *name, const char *value);

/* "MAIL" and "邮件"; CHANNEL_COUNT when there is no such name. */
const char *channel_name(enum outside_channel channel);
const char *channel_zh(enum outside_channel channel);
enum outside_channel channel_from_name(const char *name);
/* "channel_mail". */
const char *channel_setting(enum outside_channel channel);

#endif
