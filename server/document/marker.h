/* Marker: what a paragraph of a notice begins with: a chapter 二、, an item (一), a number 1. (1)
 * ①, an ordinal word 一是, a label 整改情况：, a heading 关于“…”问题的整改. Works on folded text;
 * knows no document. Private to server/document.
 */
#ifndef SERVER_DOCUMENT_MARKER_H
#define SERVER_DOCUMENT_MARKER_H

#include "server/document/fold.h"

enum mark {
    MARK_NONE,
    MARK_CHAPTER, /* 二、 第二部分 */
    MARK_ITEM,    /* (一) */
    MARK_WORD,    /* 问题1： */
    MARK_DOT,     /* 1. 1、 */
    MARK_PAREN,   /* (1) 1) */
    MARK_CIRCLE,  /* ① */
    MARK_SHI,     /* 一是 */
    MARK_DI,      /* 第一， 其一， */
    MARK_BARE,    /* 关于“…”问题的整改 without a number */
    MARK_COUNT,
};

struct marker {
    enum mark mark;
    uint32_t no;
    size_t rest; /* index behind the marker and the spaces after it */
};

/* The marker at index i (leading spaces are skipped); MARK_NONE when there is none. */
struct marker marker_at(const struct fold *f, size_t i);

/* True when 关于 or 针对 stands at i. */
bool marker_is_about(const struct fold *f, size_t i);

enum label {
    LABEL_NONE,
    LABEL_MEASURE, /* 整改情况： 整改措施： what follows are measures */
    LABEL_EFFECT,  /* 整改成效： 下一步打算： noted beside the measures */
    LABEL_STATUS,  /* 整改状态： */
    LABEL_META,    /* 责任单位： 完成时限： 具体问题： */
};

struct label_hit {
    enum label label;
    size_t name_from, name_to; /* the words of the label */
    size_t rest;               /* index behind its colon and spaces */
    bool alone;                /* nothing follows */
};

/* The label at index i; LABEL_NONE when there is none. */
struct label_hit label_at(const struct fold *f, size_t i);

/* When a label at i names a problem (1.反馈问题：…): the index behind it, where the heading begins;
 * else 0. */
size_t label_names_problem(const struct fold *f, size_t i);

enum heading_kind {
    HEADING_NONE,   /* a body paragraph */
    HEADING_WEAK,   /* short, without a sentence inside: could be a heading */
    HEADING_LED,    /* 针对…的问题，and the text behind the comma */
    HEADING_PLAIN,  /* 关于…问题的整改 without quotation marks */
    HEADING_QUOTED, /* 关于“…”问题的整改 */
};

struct heading {
    enum heading_kind kind;
    size_t title_from, title_to;
    size_t body;    /* where text after the heading begins; n when there is none */
    bool complete;  /* ends as such headings end; more text would be another paragraph */
    bool unclosed;  /* 关于“ whose quotation mark is not closed */
    bool about;     /* begins with 关于 or 针对 */
    bool defect;    /* names a shortcoming (不, 未, 差距, …) */
    bool aspect;    /* 关于“…”方面, not 问题 */
    bool shortfall; /* ends by naming one */
    bool lead;      /* no heading, but a text whose first sentence is a shortcoming */
};

/* The heading that begins at index i, behind its marker. */
struct heading heading_at(const struct fold *f, size_t i);

/* When the text begins with the end of a heading broken in two (的整改, 整改情况。, 方面 …): the
 * index behind it and its stop; else 0. */
size_t heading_tail(const struct fold *f);

/* A page number ("— 3 —", "第3页 共9页"), a rule of dashes: no text at all. */
bool line_is_noise(const struct fold *f);

/* A date and nothing else: 2020年4月27日, 二〇二〇年四月二十七日. */
bool line_is_date(const struct fold *f);

/* A line that ends the findings: thanks and telephone numbers, sources, page furniture. */
bool line_is_closing(const struct fold *f);

#endif
