#include "server/jobs/notifier_body.h"

#include "proto/ledger/secret.h"
#include "server/base/clock.h"

#include <ctype.h>
#include <inttypes.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TEXT_BYTES = 512 };

bool
notifier_text(const struct notifier_message *m, char *ret_text, size_t size)
{
    int n = snprintf(ret_text, size, "您有 %d 项待办，请登录查看：%s", m->count, m->link_url);
    return n > 0 && (size_t)n < size;
}

/* ---- signatures ---- */

static void
hmac(const char *key, const char *text, unsigned char ret[crypto_auth_hmacsha256_BYTES])
{
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, (const unsigned char *)key, strlen(key));
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)text, strlen(text));
    crypto_auth_hmacsha256_final(&state, ret);
}

static char *
hmac_base64(const char *key, const char *text, struct arena *a)
{
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    hmac(key, text, mac);
    return secret_base64_encode(a, mac, sizeof mac);
}

static char *
url_encode(const char *text, struct arena *a)
{
    static const char digits[] = "0123456789ABCDEF";
    char *out = arena_alloc(a, strlen(text) * 3 + 1);
    char *p = out;
    for (; out != NULL && *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (isalnum(c)) {
            *p++ = *text;
        } else {
            *p++ = '%';
            *p++ = digits[c >> 4U];
            *p++ = digits[c & 15U];
        }
    }
    return out;
}

/* ---- bodies ---- */

static char *
dump(json_t *json, struct arena *a)
{
    char *text = json == NULL ? NULL : json_dumps(json, JSON_COMPACT);
    char *own = text == NULL ? NULL : arena_strdup(a, text);
    free(text);
    json_decref(json);
    return own;
}

static char *
dingtalk_url(const struct notifier_target *t, int64_t now_ms, struct arena *a)
{
    if (t->secret[0] == '\0') {
        return arena_strdup(a, t->url);
    }
    char *signed_text = arena_printf(a, "%" PRId64 "\n%s", now_ms, t->secret);
    char *sign = signed_text == NULL ? NULL : hmac_base64(t->secret, signed_text, a);
    char *encoded = sign == NULL ? NULL : url_encode(sign, a);
    return encoded == NULL ? NULL
                           : arena_printf(a, "%s%ctimestamp=%" PRId64 "&sign=%s", t->url,
                                          strchr(t->url, '?') == NULL ? '?' : '&', now_ms, encoded);
}

static json_t *
feishu_body(const struct notifier_target *t, const char *text, int64_t now_ms, struct arena *a)
{
    if (t->secret[0] == '\0') {
        return json_pack("{s:s, s:{s:s}}", "msg_type", "text", "content", "text", text);
    }
    char *seconds = arena_printf(a, "%" PRId64, now_ms / 1000);
    char *key = arena_printf(a, "%" PRId64 "\n%s", now_ms / 1000, t->secret);
    char *sign = key == NULL ? NULL : hmac_base64(key, "", a);
    return seconds == NULL || sign == NULL
               ? NULL
               : json_pack("{s:s, s:s, s:s, s:{s:s}}", "timestamp", seconds, "sign", sign,
                           "msg_type", "text", "content", "text", text);
}

/* The unit's code goes along as the address it is, so that a receiver can pass it on. */
static bool
webhook_body(const struct notifier_target *t, const struct notifier_message *m, int64_t now_ms,
             struct arena *a, struct notifier_body *ret)
{
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    int64_t seconds = now_ms / 1000;
    if (t->secret[0] == '\0') {
        return false;
    }
    ret->text = dump(json_pack("{s:s, s:s, s:i, s:s}", "delivery", m->delivery_id, "to",
                               t->address == NULL ? "" : t->address, "count", m->count, "link",
                               m->link_url),
                     a);
    char *text = ret->text == NULL
                     ? NULL
                     : arena_printf(a, "%" PRId64 ".%s.%s", seconds, m->delivery_id, ret->text);
    if (text == NULL) {
        return false;
    }
    hmac(t->secret, text, mac);
    char *hex = secret_hex_encode(a, mac, sizeof mac);
    ret->headers[ret->header_count++] = arena_printf(a, "X-Rectify-Delivery: %s", m->delivery_id);
    ret->headers[ret->header_count++] = arena_printf(a, "X-Rectify-Timestamp: %" PRId64, seconds);
    ret->headers[ret->header_count++] =
        arena_printf(a, "X-Rectify-Signature: sha256=%s", hex == NULL ? "" : hex);
    return hex != NULL && ret->headers[ret->header_count - 1] != NULL;
}

bool
notifier_body_make(const struct notifier_target *target, const struct notifier_message *message,
                   int64_t now_ms, struct arena *a, struct notifier_body *ret)
{
    char text[TEXT_BYTES];
    *ret = (struct notifier_body){.url = target->url};
    ret->headers[ret->header_count++] = "Content-Type: application/json; charset=utf-8";
    ret->headers[ret->header_count++] = "Expect:"; /* no waiting for a 100 */
    if (!notifier_text(message, text, sizeof text)) {
        return false;
    }
    switch (target->channel) {
    case CHANNEL_DINGTALK:
        ret->url = dingtalk_url(target, now_ms, a);
        ret->text =
            dump(json_pack("{s:s, s:{s:s}}", "msgtype", "text", "text", "content", text), a);
        break;
    case CHANNEL_WECOM:
        ret->text =
            dump(json_pack("{s:s, s:{s:s}}", "msgtype", "text", "text", "content", text), a);
        break;
    case CHANNEL_FEISHU:
        ret->text = dump(feishu_body(target, text, now_ms, a), a);
        break;
    case CHANNEL_WEBHOOK:
        return webhook_body(target, message, now_ms, a, ret);
    case CHANNEL_MAIL:
    case CHANNEL_COUNT:
        return false;
    }
    return ret->url != NULL && ret->text != NULL;
}

/* ---- answers ---- */

void
notifier_body_judge(enum outside_channel channel, const char *reply, size_t size,
                    struct notifier_result *ret)
{
    ret->error[0] = '\0';
    if (channel == CHANNEL_WEBHOOK) {
        return; /* 2xx is all it says */
    }
    json_error_t error;
    json_t *json = json_loadb(reply, size, JSON_REJECT_DUPLICATES, &error);
    const json_t *code = json_object_get(json, channel == CHANNEL_FEISHU ? "code" : "errcode");
    if (code == NULL && channel == CHANNEL_FEISHU) {
        code = json_object_get(json, "StatusCode"); /* its older answer */
    }
    if (!json_is_integer(code)) {
        snprintf(ret->error, sizeof ret->error, "GARBAGE");
    } else if (json_integer_value(code) != 0) {
        snprintf(ret->error, sizeof ret->error, "ROBOT_%lld", (long long)json_integer_value(code));
    }
    json_decref(json);
}

/* ---- mail ---- */

/* Nothing in it may end a line of the head, or be taken for more than one address. */
static bool
address_safe(const char *text)
{
    size_t n = text == NULL ? 0 : strlen(text);
    if (n < 3 || n > 254 || strchr(text, '@') == NULL) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (text[i] <= ' ' || text[i] >= 0x7f || strchr("<>\",;:()[]\\", text[i]) != NULL) {
            return false;
        }
    }
    return true;
}

char *
notifier_mail(const char *from, const char *to, const struct notifier_message *message,
              int64_t now_ms, struct arena *a)
{
    static const char subject[] = "巡视整改待办提醒";
    char text[TEXT_BYTES];
    char date[64];
    time_t seconds = (time_t)(now_ms / 1000);
    struct tm tm;
    if (!address_safe(from) || !address_safe(to) || !notifier_text(message, text, sizeof text) ||
        gmtime_r(&seconds, &tm) == NULL ||
        strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S +0000", &tm) == 0) {
        return NULL;
    }
    char *subject64 = secret_base64_encode(a, subject, sizeof subject - 1);
    char *body = secret_base64_encode(a, text, strlen(text));
    char *lines = body == NULL ? NULL : arena_alloc(a, strlen(body) * 2 + 1);
    if (subject64 == NULL || lines == NULL) {
        return NULL;
    }
    size_t used = 0;
    for (size_t i = 0; body[i] != '\0'; i++) {
        lines[used++] = body[i];
        if (i % 76 == 75) {
            lines[used++] = '\r';
            lines[used++] = '\n';
        }
    }
    return arena_printf(a,
                        "From: <%s>\r\nTo: <%s>\r\nSubject: =?UTF-8?B?%s?=\r\nDate: %s\r\n"
                        "Message-ID: <%s@rectify.invalid>\r\nAuto-Submitted: auto-generated\r\n"
                        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n"
                        "Content-Transfer-Encoding: base64\r\n\r\n%s\r\n",
                        from, to, subject64, date, message->delivery_id, lines);
}
