/* The warning ladder: rows of a table, and the pure function that reads them.
 *
 * A rule says: for things of this subject and these classes, when this trigger reaches this
 * parameter, the level is this, these people hear of it and this is proposed. The highest level
 * that matches counts. Nothing here sends, stores or remembers: an alert is made once because its
 * key (ladder_repeat_key) is unique, however often a tick runs.
 */
#ifndef SERVER_BASE_LADDER_H
#define SERVER_BASE_LADDER_H

#include "server/base/due.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 整改类型. The numbers are those of rectify.v1.MeasureClass and are stored. */
enum measure_class {
    CLASS_UNSET = 0,
    CLASS_IMMEDIATE = 1, /* 立行立改 */
    CLASS_TIMED = 2,     /* 限期整改 */
    CLASS_LONG_TERM = 3, /* 长期坚持 */
};

/* What is being watched. */
enum ladder_subject {
    LADDER_NOTHING = 0,
    LADDER_EFFECT = 1,   /* a measure's 取得明显成效 */
    LADDER_COMPLETE = 2, /* a measure's 整改落实到位 */
    LADDER_TABLE = 3,    /* a unit's table of a period */
    LADDER_SIGN = 4,     /* a measure waits for 签收; due = 3 working days after assignment */
    LADDER_REPLY = 5,    /* the office owes an answer (求助, 延期); its own clock */
    LADDER_CHECK = 6,    /* a sustained measure's next check (复查) */
    LADDER_NODE = 7,     /* a dated node of a measure (目标节点) */
    LADDER_TASK = 8,     /* a unit owes a step: 督办单, 批示, 意见建议 */
};

/* The numbers are those of rectify.v1.Light. */
enum ladder_light {
    LIGHT_NORMAL = 1,  /* 正常 */
    LIGHT_SOON = 2,    /* 临期: levels 1–3 */
    LIGHT_OVERDUE = 3, /* 超期: levels 4–7 */
};

/* When a rule fires; `parameter` is what the comment names. */
enum ladder_trigger {
    TRIGGER_NONE = 0,
    TRIGGER_DAYS_LEFT = 1,           /* not overdue, and at most this many days left */
    TRIGGER_DAYS_LEFT_UNCLAIMED = 2, /* the same, and nothing claimed */
    TRIGGER_BEHIND = 3,              /* elapsed % − progress % is at least this (时序脱节) */
    TRIGGER_STALLED = 4,             /* 进展停滞; no parameter */
    TRIGGER_OVERDUE = 5,             /* overdue by at least this many days */
    TRIGGER_OVERDUE_WORKING = 6,     /* overdue by at least this many working days */
    TRIGGER_LEVEL4_AGAIN = 7,        /* overdue, and at level 4 at least this many times */
    TRIGGER_NOTICE_UNANSWERED = 8,   /* a notice of at least this level stands unanswered */
    TRIGGER_NOTICE_FAILED = 9,       /* a notice of at least this level ended NOT_SATISFIED */
    TRIGGER_FALSE_VERDICT = 10,      /* an on-site verdict FALSE; no parameter */
    TRIGGER_ROUND = 11,              /* the measure's round is at least this */
};

/* Who hears (bits). */
enum ladder_recipient {
    TO_FILLER = 1 << 0,   /* 填报人 */
    TO_REVIEWER = 1 << 1, /* 审核人 */
    TO_PLEAD = 1 << 2,    /* the problem's lead unit */
    TO_HEAD = 1 << 3,     /* the unit's head, 主要负责人 */
    TO_LEADER = 1 << 4,   /* 牵头区领导 */
    TO_OFFICE = 1 << 5,
    TO_SGROUP = 1 << 6,
    TO_LGROUP = 1 << 7,
    TO_DISC = 1 << 8,
    TO_ORGD = 1 << 9,
    TO_COUNT = 10,
};

/* What is proposed to people; the machine issues nothing (bits). */
enum ladder_proposal {
    PROPOSE_NOTICE_1 = 1 << 0, /* 督办单 level 1, to OFFICE */
    PROPOSE_NOTICE_2 = 1 << 1,
    PROPOSE_NOTICE_3 = 1 << 2,
    PROPOSE_TALK = 1 << 3, /* 约谈 */
    PROPOSE_COUNT = 4,
};

enum {
    LADDER_LEVEL_MAX = 7,
    LADDER_RULES_MAX = 256,
    LADDER_ALERTS_MAX = 2, /* one call of ladder_alerts */
    LADDER_KEY_SIZE = 96,
    LADDER_CLASS_ALL = 0xF, /* class_mask: bit n = class n, CLASS_UNSET included */
    LADDER_CLASS_IMMEDIATE = 1 << CLASS_IMMEDIATE,
    LADDER_CLASS_OTHERS = LADDER_CLASS_ALL & ~LADDER_CLASS_IMMEDIATE,
};

/* One row. Level 4 has a row per repetition (repeat 0, 1, 2 …), each with its own day. */
struct ladder_rule {
    uint8_t level; /* 1–7 */
    uint8_t repeat;
    uint8_t subject; /* enum ladder_subject */
    uint8_t class_mask;
    uint8_t trigger; /* enum ladder_trigger */
    bool direct;     /* told at once; otherwise in the daily digest */
    int32_t parameter;
    uint32_t recipients; /* everybody who hears, those of lower levels included */
    uint32_t proposals;
};

/* What is known of the thing. Zero is "nothing special" for everything but due. */
struct ladder_input {
    enum ladder_subject subject;
    enum measure_class class_;
    struct due_result due;
    int32_t elapsed_percent;  /* ladder_elapsed_percent; read only when has_progress */
    int32_t progress_percent; /* 0–100 */
    bool has_progress;
    bool stalled;
    uint32_t level4_count; /* due versions of it that reached level 4, this one included */
    uint32_t notice_unanswered_level; /* 0: none */
    uint32_t notice_failed_level;     /* 0: none */
    bool false_verdict;
    uint32_t round; /* 1 for the first */
};

struct ladder_result {
    int level; /* 0: nothing to say */
    enum ladder_light light;
    enum ladder_trigger trigger;    /* of the rule that decided */
    int repeat;                     /* of that rule */
    const struct ladder_rule *rule; /* into the caller's rows; NULL at level 0 */
};

/* The defaults, levels 1–7 complete. Static. */
const struct ladder_rule *ladder_default(size_t *ret_count);

/* The level now: the highest that any rule gives, with its latest repetition. A closed thing has
 * level 0. A claim handed in in time shows 正常 while it waits, whatever level it was claimed at.
 * Pure. */
struct ladder_result ladder_level(const struct ladder_rule *rules, size_t count,
                                  const struct ladder_input *input);

/* The alerts that must exist now: the level's own and, above level 4, level 4's latest repetition.
 * Lower levels that were passed over are not made up for; neither are missed repetitions but the
 * last. Returns how many of ret_results were filled (0–2). Pure: make each once, by its key. */
size_t ladder_alerts(const struct ladder_rule *rules, size_t count,
                     const struct ladder_input *input,
                     struct ladder_result ret_results[LADDER_ALERTS_MAX]);

/* The key under which an alert is unique: "SUBJECT-ID/COMPLETE/L4/v2/r3". due_version grows
 * whenever the date moves or the thing reopens, which starts new keys (the old alerts are
 * cancelled by their old version). Returns ret_key; asserts that it fits (id ≤ 64 bytes). */
char *ladder_repeat_key(const char *subject_id, enum ladder_subject subject, int level,
                        int due_version, int repeat, char ret_key[LADDER_KEY_SIZE]);

/* How much of the time from start to due had passed on as_of: 0–100; 100 when past due or when the
 * span is empty; 0 when a day is NO_DATE. */
int32_t ladder_elapsed_percent(int32_t start, int32_t due, int32_t as_of);

/* Checks a row someone edited: INVALID_ARGUMENT, reason LADDER_RULE, with what is wrong. */
enum status ladder_rule_check(const struct ladder_rule *rule, struct fault *fault) MUST_CHECK;

enum ladder_light ladder_light_of_level(int level);

/* Stable English codes ("DAYS_LEFT", "COMPLETE", "DUE_SOON", "IMMEDIATE") and Chinese words; never
 * NULL.
 */
const char *ladder_trigger_name(enum ladder_trigger trigger);
const char *ladder_trigger_zh(enum ladder_trigger trigger);
/* The trigger or subject of a name; TRIGGER_NONE or LADDER_NOTHING when there is none. */
enum ladder_trigger ladder_trigger_from_name(const char *name);
enum ladder_subject ladder_subject_from_name(const char *name);
/* "FILLER" and "填报人" for one bit of a recipients mask. */
const char *ladder_recipient_name(uint32_t bit);
const char *ladder_recipient_zh(uint32_t bit);
/* "NOTICE_1" and "一级督办单" for one bit of a proposals mask. */
const char *ladder_proposal_name(uint32_t bit);
const char *ladder_proposal_zh(uint32_t bit);
/* The bit of a name; 0 when there is none. */
uint32_t ladder_recipient_from_name(const char *name);
uint32_t ladder_proposal_from_name(const char *name);
const char *ladder_subject_name(enum ladder_subject subject);
const char *ladder_subject_zh(enum ladder_subject subject);
const char *ladder_light_name(enum ladder_light light);
const char *ladder_light_zh(enum ladder_light light);
const char *measure_class_name(enum measure_class class_);
const char *measure_class_zh(enum measure_class class_);

#endif
