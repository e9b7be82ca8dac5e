/* Roles: what a seat may do, as bits, so that "who" is one column of a table. */
#ifndef SERVER_SERVICE_ROLE_H
#define SERVER_SERVICE_ROLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum role {
    ROLE_OFFICE = 1 << 0, /* 巡视整改工作领导小组办公室（区委巡察办） */
    ROLE_LGROUP = 1 << 1, /* 领导小组 */
    ROLE_SGROUP = 1 << 2, /* 专项小组 */
    ROLE_LEADER = 1 << 3, /* 牵头区领导 */
    ROLE_PLEAD = 1 << 4,  /* 问题整改牵头单位 */
    ROLE_MLEAD = 1 << 5,  /* 措施牵头单位 */
    ROLE_PART = 1 << 6,   /* 参与单位 */
    ROLE_DISC = 1 << 7,   /* 纪委监委 */
    ROLE_ORGD = 1 << 8,   /* 组织部 */
    ROLE_PUBL = 1 << 9,   /* 通报编辑 */
    ROLE_AUDIT = 1 << 10, /* 审计管理员: reads the log, changes nothing */
    ROLE_ADMIN = 1 << 11, /* 系统管理员: accounts, machines, settings, calendar; no narrative */
    ROLE_SYS = 1 << 12,   /* 系统时钟 */
    /* Positions inside a unit: they say who is told and that two people confirm, and open no
     * command by themselves. */
    ROLE_FILLER = 1 << 13,   /* 填报人 */
    ROLE_REVIEWER = 1 << 14, /* 审核人 */
    ROLE_HEAD = 1 << 15,     /* 单位主要负责人 */
    ROLE_GRANT = 1 << 16,    /* 安全保密（授权）管理员: approves and takes away seats */
};

enum {
    ROLE_COUNT = 17,
    ROLE_UNIT = ROLE_PLEAD | ROLE_MLEAD,               /* a unit that leads */
    ROLE_VERIFY = ROLE_DISC | ROLE_ORGD | ROLE_OFFICE, /* 联合会审: any body of it */
    /* 三员: one person holds one of them and nothing else; there is no role above them. */
    ROLE_ADMINISTRATORS = ROLE_ADMIN | ROLE_GRANT | ROLE_AUDIT,
    /* Positions in a unit. */
    ROLE_POSITIONS = ROLE_FILLER | ROLE_REVIEWER | ROLE_HEAD,
    /* What counts only towards one's own: the unit's, the leader's, the special group's things. */
    ROLE_RELATIVE = ROLE_UNIT | ROLE_PART | ROLE_LEADER | ROLE_SGROUP,
    /* May read every unit's things. AUDIT reads everything and changes nothing. */
    ROLE_SEES_ALL =
        ROLE_OFFICE | ROLE_LGROUP | ROLE_DISC | ROLE_ORGD | ROLE_PUBL | ROLE_AUDIT | ROLE_SYS,
    ROLE_NAMES_SIZE = 192,
};

/* "OFFICE" and "领导小组办公室" for one bit; "UNKNOWN" and "未知" otherwise. Never NULL. */
const char *role_name(uint32_t bit);
const char *role_zh(uint32_t bit);

/* The bit of a name, 0 when there is none. name may be NULL. */
uint32_t role_from_name(const char *name);

/* The names of all bits of a mask, joined: "OFFICE, LGROUP". Cut when it does not fit. Returns
 * ret_text. */
char *role_names(uint32_t mask, char *ret_text, size_t size);
char *role_names_zh(uint32_t mask, char *ret_text, size_t size);

/* 三员分立: false when the mask holds an administrator's role beside any other role. */
bool role_separate(uint32_t mask);

/* The roles of a mask that do not fit an org of that kind ("UNIT", …): a seat's rights are its
 * org's. 0: all fit. */
uint32_t role_misfits(uint32_t mask, const char *org_kind);

/* Whoever would judge. orgs: "{uuid,…}", every org in which the person has a seat, and the person
 * he stands in for; may be NULL. */
struct judge {
    const char *org_id; /* acted from or for; may be NULL */
    const char *orgs;
};

/* Rule 4, the one place (回避): true when one of the bodies whose work it is (lead_orgs, ids; NULL
 * entries are skipped) is the judge's own: the org he acts from, or any in which he, or whom he
 * stands in for, has a seat. Pure. */
bool role_recused(const struct judge *judge, const char *const *lead_orgs, size_t count);

/* Rule 4 between people (填报人 ≠ 审核人, proposer ≠ approver): true when the actor, or the one he
 * stands in for, is that account. NULLs are nobody. */
bool role_is_person(const char *actor_id, const char *substitute_for_id, const char *account_id);

#endif
