/* Records of a draft plan: items, problems and measures in memory, with marks that say what the
 * store has to write. What is done with them stands in service/draft.h. */
#ifndef SERVER_STORE_DRAFT_H
#define SERVER_STORE_DRAFT_H

#include "proto/base/arena.h"
#include "proto/base/uuid7.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum draft_mark { DRAFT_SAME = 0, DRAFT_CHANGED, DRAFT_ADDED };

struct draft_item {
    const char *id;
    int32_t no;
    const char *title;
    int64_t version; /* stored one; 0 for a new thing */
    enum draft_mark mark;
    bool seen; /* the document mentions it */
};

struct draft_problem {
    const char *id;
    const char *ref;
    int32_t no; /* as the document numbers it */
    const char *title;
    const char *state;
    size_t item;            /* index into items */
    const char *lead_org;   /* org id, or NULL */
    const char *sgroup_org; /* org id, or NULL */
    const char *origin;     /* FEEDBACK: of the denominator; or another */
    bool origin_said;       /* by the document being read */
    int32_t body_no;        /* which inspected body; 0: not said */
    const char *document;   /* plan document's id, or NULL */
    int64_t version;
    enum draft_mark mark;
    bool seen;
};

/* 目标节点 */
struct draft_node {
    int32_t no;
    const char *title;
    int32_t due; /* day, or NO_DATE */
    bool dropped;
    bool changed;    /* to be written */
    int64_t version; /* stored one; 0 for a new one */
};

enum { DRAFT_NODES_MAX = 16, DRAFT_NODE_BYTES = 1024 };

struct draft_measure {
    const char *id;
    const char *ref;
    int32_t no;
    const char *text;
    const char *target;
    const char *state;
    size_t problem; /* index into problems */
    int32_t class_; /* enum measure_class */
    const char *leader_org;
    const char *lead_org;
    const char **participants; /* org ids, in the order of the plan */
    size_t participant_count;
    size_t participant_capacity;
    struct draft_node *nodes; /* by number, dropped ones too */
    size_t node_count;
    size_t node_capacity;
    int32_t effect_due;     /* day, or NO_DATE */
    int32_t complete_due;   /* day, or NO_DATE */
    int64_t effect_version; /* of the stored milestone row; 0: none */
    int64_t complete_version;
    int64_t version;
    enum draft_mark mark;
    bool participants_changed;
    bool effect_changed;
    bool complete_changed;
    bool seen;
};

struct draft {
    struct arena *arena;
    struct uuid7_source *ids;
    int64_t now_ms; /* of the command */
    struct draft_item *items;
    size_t item_count, item_capacity;
    struct draft_problem *problems;
    size_t problem_count, problem_capacity;
    struct draft_measure *measures;
    size_t measure_count, measure_capacity;
    size_t node_at; /* the measure whose nodes are being read */
};

#endif
