#include "proto/base/status.h"

#include <stddef.h>

static const struct {
    const char *name;
    const char *zh;
} names[] = {
    [STATUS_OK] = {"OK", "成功"},
    [STATUS_CANCELLED] = {"CANCELLED", "已取消"},
    [STATUS_UNKNOWN] = {"UNKNOWN", "结果未知"},
    [STATUS_INVALID_ARGUMENT] = {"INVALID_ARGUMENT", "填写有误"},
    [STATUS_DEADLINE_EXCEEDED] = {"DEADLINE_EXCEEDED", "超过等待时限"},
    [STATUS_NOT_FOUND] = {"NOT_FOUND", "没有找到"},
    [STATUS_ALREADY_EXISTS] = {"ALREADY_EXISTS", "已经存在"},
    [STATUS_PERMISSION_DENIED] = {"PERMISSION_DENIED", "没有权限"},
    [STATUS_RESOURCE_EXHAUSTED] = {"RESOURCE_EXHAUSTED", "系统繁忙或超出限额"},
    [STATUS_FAILED_PRECONDITION] = {"FAILED_PRECONDITION", "当前状态不允许"},
    [STATUS_ABORTED] = {"ABORTED", "内容已被他人更新"},
    [STATUS_OUT_OF_RANGE] = {"OUT_OF_RANGE", "超出范围"},
    [STATUS_UNIMPLEMENTED] = {"UNIMPLEMENTED", "尚不支持"},
    [STATUS_INTERNAL] = {"INTERNAL", "系统内部错误"},
    [STATUS_UNAVAILABLE] = {"UNAVAILABLE", "服务暂不可用"},
    [STATUS_DATA_LOSS] = {"DATA_LOSS", "数据损坏"},
    [STATUS_UNAUTHENTICATED] = {"UNAUTHENTICATED", "未登录或登录已失效"},
};

enum status
status_from_int(int value)
{
    if (value < 0 || (size_t)value >= sizeof names / sizeof names[0]) {
        return STATUS_UNKNOWN;
    }
    return (enum status)value;
}

const char *
status_name(enum status code)
{
    return names[status_from_int((int)code)].name;
}

const char *
status_text_zh(enum status code)
{
    return names[status_from_int((int)code)].zh;
}
