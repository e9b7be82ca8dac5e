/* Roles: what a seat may do, as bits, so that "who" is one column of a table. */
#ifndef SERVER_SERVICE_ROLE_H
#define SERVER_SERVICE_ROLE_H

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
    ROLE_AUDIT = 1 << 10, /* 审计员: reads, changes nothing */
    ROLE_ADMIN = 1 << 11, /* 系统管理员: accounts and settings, no narrative */
    ROLE_SYS = 1 << 12,   /* 系统时钟 */
    /* Positions inside a unit: they say who is told and that two people confirm, and open no
     * command by themselves. */
    ROLE_FILLER = 1 << 13,   /* 填报人 */
    ROLE_REVIEWER = 1 << 14, /* 审核人 */
    ROLE_HEAD = 1 << 15,     /* 单位主要负责人 */
};

enum {
    ROLE_COUNT = 16,
    ROLE_UNIT = ROLE_PLEAD | ROLE_MLEAD,               /* a unit that leads */
    ROLE_VERIFY = ROLE_DISC | ROLE_ORGD | ROLE_OFFICE, /* 联合会审: any body of it */
    ROLE_NAMES_SIZE = 160,
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

#endif
