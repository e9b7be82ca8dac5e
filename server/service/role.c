#include "server/service/role.h"

#include <stdio.h>
#include <string.h>

static const struct {
    uint32_t bit;
    const char *name;
    const char *zh;
} roles[] = {
    {ROLE_OFFICE, "OFFICE", "领导小组办公室"},
    {ROLE_LGROUP, "LGROUP", "领导小组"},
    {ROLE_SGROUP, "SGROUP", "专项小组"},
    {ROLE_LEADER, "LEADER", "牵头区领导"},
    {ROLE_PLEAD, "PLEAD", "问题整改牵头单位"},
    {ROLE_MLEAD, "MLEAD", "措施牵头单位"},
    {ROLE_PART, "PART", "参与单位"},
    {ROLE_DISC, "DISC", "纪委监委"},
    {ROLE_ORGD, "ORGD", "组织部"},
    {ROLE_PUBL, "PUBL", "通报编辑"},
    {ROLE_AUDIT, "AUDIT", "审计管理员"},
    {ROLE_ADMIN, "ADMIN", "系统管理员"},
    {ROLE_SYS, "SYS", "系统时钟"},
    {ROLE_FILLER, "FILLER", "填报人"},
    {ROLE_REVIEWER, "REVIEWER", "审核人"},
    {ROLE_HEAD, "HEAD", "单位主要负责人"},
    {ROLE_GRANT, "GRANT", "授权管理员"},
};
_Static_assert(sizeof roles / sizeof roles[0] == ROLE_COUNT, "every role has its names");

const char *
role_name(uint32_t bit)
{
    for (size_t i = 0; i < ROLE_COUNT; i++) {
        if (roles[i].bit == bit) {
            return roles[i].name;
        }
    }
    return "UNKNOWN";
}

const char *
role_zh(uint32_t bit)
{
    for (size_t i = 0; i < ROLE_COUNT; i++) {
        if (roles[i].bit == bit) {
            return roles[i].zh;
        }
    }
    return "未知";
}

uint32_t
role_from_name(const char *name)
{
    for (size_t i = 0; name != NULL && i < ROLE_COUNT; i++) {
        if (strcmp(roles[i].name, name) == 0) {
            return roles[i].bit;
        }
    }
    return 0;
}

static char *
names_join(uint32_t mask, bool zh, char *ret_text, size_t size)
{
    size_t used = 0;
    ret_text[0] = '\0';
    for (size_t i = 0; i < ROLE_COUNT; i++) {
        if ((mask & roles[i].bit) == 0) {
            continue;
        }
        const char *word = zh ? roles[i].zh : roles[i].name;
        const char *between = used == 0 ? "" : zh ? "、" : ", ";
        if (strlen(word) + strlen(between) >= size - used) {
            break;
        }
        used += (size_t)snprintf(ret_text + used, size - used, "%s%s", between, word);
    }
    return ret_text;
}

char *
role_names(uint32_t mask, char *ret_text, size_t size)
{
    return names_join(mask, false, ret_text, size);
}

char *
role_names_zh(uint32_t mask, char *ret_text, size_t size)
{
    return names_join(mask, true, ret_text, size);
}

bool
role_separate(uint32_t mask)
{
    return (mask & ROLE_ADMINISTRATORS) == 0 || (mask & (mask - 1)) == 0;
}

uint32_t
role_misfits(uint32_t mask, const char *org_kind)
{
    static const struct {
        uint32_t role;
        const char *kind;
    } only[] = {
        {ROLE_OFFICE, "OFFICE"}, {ROLE_LGROUP, "LGROUP"}, {ROLE_SGROUP, "SGROUP"},
        {ROLE_LEADER, "LEADER"}, {ROLE_DISC, "DISC"},     {ROLE_ORGD, "ORGD"},
    };
    bool judged = strcmp(org_kind, "UNIT") == 0 || strcmp(org_kind, "LEADER") == 0;
    uint32_t wrong = mask & ROLE_SYS;
    if (judged) {
        wrong |= mask & (ROLE_ADMINISTRATORS | ROLE_PUBL);
    }
    for (size_t i = 0; i < sizeof only / sizeof only[0]; i++) {
        if (strcmp(only[i].kind, org_kind) != 0) {
            wrong |= mask & only[i].role;
        }
    }
    return wrong;
}

bool
role_recused(const struct judge *judge, const char *const *lead_orgs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *lead = lead_orgs[i];
        if (lead == NULL || lead[0] == '\0') {
            continue;
        }
        if ((judge->org_id != NULL && strcmp(judge->org_id, lead) == 0) ||
            (judge->orgs != NULL && strstr(judge->orgs, lead) != NULL)) {
            return true;
        }
    }
    return false;
}

bool
role_is_person(const char *actor_id, const char *substitute_for_id, const char *account_id)
{
    return account_id != NULL &&
           ((actor_id != NULL && strcmp(actor_id, account_id) == 0) ||
            (substitute_for_id != NULL && strcmp(substitute_for_id, account_id) == 0));
}
