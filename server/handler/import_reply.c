#include "server/handler/import_reply.h"

#include "proto/base/limits.h"
#include "proto/base/wire_text.h"
#include "server/document/text.h"
#include "server/handler/common.h"

enum {
    ROOM_STORED = 3000,       /* bytes of warnings in a command's reply */
    ROOM_PREVIEW = 256 << 10, /* in a preview's */
    ENTRY_BYTES = 8,          /* tag and length of one warning */
};

_Static_assert(ROOM_STORED + 1024 < LIMIT_REPLY_STORED_BYTES, "counts fit beside the warnings");

enum status
import_check_document(struct call *call, const void *bytes, size_t size)
{
    const char *text = NULL;
    size_t n = 0;
    enum text_encoding encoding;
    enum status s = text_decode(call->arena, bytes, size, &text, &n, &encoding, &call->fault);
    bool marked = s == STATUS_OK && text_has_secret_mark(text, n);
    if (s == STATUS_OK && !marked && text_is_html(text, n)) {
        s = text_from_html(call->arena, text, n, &text, &n, &call->fault);
        marked = s == STATUS_OK && text_has_secret_mark(text, n);
    }
    if (!marked) {
        return s;
    }
    return fault_set(&call->fault, STATUS_FAILED_PRECONDITION, "SECRET_MARK",
                     "文件带有密级标志（秘密★、机密★或绝密★），本系统为非涉密系统，"
                     "已拒收且未保存：请按保密规定处理。");
}

enum status
import_warnings_init(struct call *call, size_t count, struct import_warnings *ret)
{
    *ret = (struct import_warnings){
        .list = arena_array(call->arena, count + 1, sizeof(Pb__ImportWarning *)),
        .room = call->handler->effects == NULL ? ROOM_PREVIEW : ROOM_STORED,
    };
    return ret->list == NULL ? handler_no_memory(call) : STATUS_OK;
}

static enum status
append(struct call *call, struct import_warnings *w, const char *code, uint32_t line,
       const char *message, size_t room)
{
    Pb__ImportWarning *warning = call_message(call, &pb__import_warning__descriptor);
    if (warning == NULL) {
        return handler_no_memory(call);
    }
    warning->code = wire_text(code);
    warning->has_line = 1;
    warning->line = (int32_t)line;
    warning->message = wire_text(message);
    size_t size = pb__import_warning__get_packed_size(warning) + ENTRY_BYTES;
    if (w->bytes + size <= room) {
        w->bytes += size;
        w->list[w->count++] = warning;
    }
    return STATUS_OK;
}

enum status
import_warnings_add(struct call *call, struct import_warnings *w, const char *code, uint32_t line,
                    const char *message)
{
    bool full = w->all > w->count;
    w->all++;
    return full ? STATUS_OK : append(call, w, code, line, message, w->room);
}

enum status
import_warnings_end(struct call *call, struct import_warnings *w)
{
    if (w->all == w->count) {
        return STATUS_OK;
    }
    const char *message =
        arena_printf(call->arena, "另有 %zu 条提示没有列出：请用试读（--dry-run）查看全部提示。",
                     w->all - w->count);
    return message == NULL ? handler_no_memory(call)
                           : append(call, w, "MORE_WARNINGS", 0, message, SIZE_MAX);
}
