/* Describe: the embedded schema as a list, as text, by name; damage; and the method that answers.
 */
#include "proto/base/limits.h"
#include "rectify/v1/system.pb-c.h"
#include "server/base/version.h"
#include "server/dispatch/handler.h"
#include "server/handler/describe.h"
#include "server/handler/system.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ARENA_BYTES = 64 << 20 };

static struct arena arena;
static struct describe_list list;
static const unsigned char *set;
static size_t set_size;

static int
set_up(void **state)
{
    (void)state;
    arena_init(&arena, ARENA_BYTES);
    set = describe_set(&set_size);
    return describe_read(set, set_size, &arena, &list, NULL) == STATUS_OK ? 0 : -1;
}

static int
tear_down(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static const struct describe_item *
find(const char *name)
{
    const struct describe_item *item = describe_find(&list, name);
    assert_non_null(item);
    return item;
}

/* ---- the list ---- */

static void
things_are_read(void **state)
{
    (void)state;
    const struct describe_item *service = find("rectify.v1.SystemService");
    assert_int_equal(service->kind, DESCRIBE_SERVICE);
    assert_string_equal(service->prose,
                        "Answers without a session (mutual TLS is still required).");
    const struct describe_item *method = find("rectify.v1.SystemService/Describe");
    assert_int_equal(method->kind, DESCRIBE_METHOD);
    assert_string_equal(method->label, "Describe");
    assert_string_equal(method->type, "rectify.v1.DescribeRequest");
    assert_string_equal(method->reply, "rectify.v1.DescribeReply");
    assert_ptr_equal(service + 2, method); /* Health stands between them */
    const struct describe_item *field = find("rectify.v1.DescribeReply.methods");
    assert_int_equal(field->kind, DESCRIBE_FIELD);
    assert_string_equal(field->type, "repeated MethodInfo");
    assert_int_equal(field->number, 1);
    assert_string_equal(find("rectify.v1.CallRequest.payload")->type, "optional bytes");
    assert_string_equal(find("rectify.v1.Alert.light")->type, "optional Light");
    const struct describe_item *value = find("rectify.v1.Light.OVERDUE");
    assert_int_equal(value->kind, DESCRIBE_VALUE);
    assert_int_equal(value->number, 3);
    assert_string_equal(value->prose, "超期.");
    assert_null(describe_find(&list, "google.protobuf.FileDescriptorSet"));
    assert_null(describe_find(&list, "rectify.v1.Nothing"));
}

static void
prose_keeps_its_lines_and_becomes_a_paragraph(void **state)
{
    (void)state;
    const char *prose = find("rectify.v1.PlanService/ApprovePlan")->prose;
    assert_non_null(strchr(prose, '\n'));
    assert_null(strstr(prose, "\n "));
    assert_string_equal(describe_paragraph("One of\ntwo. And 3.5 more.\nEnd.", false, &arena),
                        "One of two. And 3.5 more. End.");
    assert_string_equal(describe_paragraph("One of\ntwo. And more.", true, &arena), "One of two.");
    assert_string_equal(describe_paragraph("At 3.5 it ends", true, &arena), "At 3.5 it ends");
    assert_string_equal(describe_paragraph("签收。以后。", true, &arena), "签收。");
    assert_string_equal(describe_paragraph("", true, &arena), "");
}

static void
a_message_is_shown_as_it_is_written(void **state)
{
    (void)state;
    assert_string_equal(describe_text(&list, find("rectify.v1.FinishUploadRequest"), &arena),
                        "// All pieces are sent.\n"
                        "message FinishUploadRequest {\n"
                        "    // Id of the upload.\n"
                        "    optional string upload = 1;\n"
                        "}\n");
    assert_string_equal(describe_text(&list, find("rectify.v1.Empty"), &arena),
                        "// A request without content.\nmessage Empty {\n}\n");
    const char *light = describe_text(&list, find("rectify.v1.Light"), &arena);
    assert_non_null(strstr(light, "enum Light {\n"));
    assert_non_null(strstr(light, "    // 临期.\n    DUE_SOON = 2;\n"));
}

/* ---- names ---- */

static void
names_match_whole_or_from_behind(void **state)
{
    (void)state;
    const struct describe_item *m = find("rectify.v1.MeasureService/SignFor");
    assert_true(describe_is_named(m, "rectify.v1.MeasureService/SignFor"));
    assert_true(describe_is_named(m, "measureservice/signfor"));
    assert_true(describe_is_named(m, "SIGNFOR"));
    assert_false(describe_is_named(m, "For"));
    assert_false(describe_is_named(m, "MeasureService"));
    assert_false(describe_is_named(m, "xrectify.v1.MeasureService/SignFor"));
    assert_false(describe_is_named(m, ""));
    assert_false(describe_is_named(m, NULL));
}

static void
near_names_are_suggested(void **state)
{
    (void)state;
    const char *near = describe_nearest(&list, "SingFor", &arena);
    assert_int_equal(strncmp(near, "MeasureService/SignFor", 22), 0);
    near = describe_nearest(&list, "alert", &arena); /* a part of several names */
    assert_non_null(strstr(near, "Alert"));
    assert_non_null(strstr(near, "、"));
    assert_string_equal(describe_nearest(&list, "qqqqqqqqqqqq", &arena), "");
    char longest[4096];
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_string_equal(describe_nearest(&list, longest, &arena), "");
}

/* ---- damage ---- */

/* On the heap, exactly as long as it is, so that the sanitizer sees a read behind its end. */
static enum status
read_copy(const unsigned char *bytes, size_t size, struct fault *fault)
{
    struct arena a;
    struct describe_list none;
    arena_init(&a, ARENA_BYTES);
    unsigned char *copy = malloc(size == 0 ? 1 : size);
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    enum status s = describe_read(copy, size, &a, &none, fault);
    free(copy);
    arena_release(&a);
    return s;
}

static void
a_damaged_set_is_refused_or_read_within_bounds(void **state)
{
    (void)state;
    struct fault fault = {0};
    size_t refused = 0;
    size_t tries = 0;
    assert_int_equal(read_copy(set, 0, &fault), STATUS_DATA_LOSS);
    assert_string_equal(fault.reason, "DESCRIPTOR_MALFORMED");
    for (size_t n = 1; n < set_size; n += 1 + set_size / 61, tries++) {
        refused += read_copy(set, n, &fault) == STATUS_DATA_LOSS;
    }
    assert_true(refused > tries - 3); /* but where a file happens to end */
    unsigned char *copy = arena_alloc(&arena, set_size);
    for (size_t at = 0; at < set_size; at += 1 + set_size / 97) {
        memcpy(copy, set, set_size);
        copy[at] ^= 0xff;
        (void)read_copy(copy, set_size, &fault);
    }
    struct arena small;
    struct describe_list none;
    arena_init(&small, 64 * 1024);
    assert_int_equal(describe_read(set, set_size, &small, &none, &fault),
                     STATUS_RESOURCE_EXHAUSTED);
    arena_release(&small);
}

/* ---- the method ---- */

static const struct handler *
describe_row(void)
{
    for (size_t i = 0; i < system_handler_table.count; i++) {
        if (strstr(system_handler_table.rows[i].method, "/Describe") != NULL) {
            return &system_handler_table.rows[i];
        }
    }
    return NULL;
}

static enum status
describe(const char *name, bool bytes, struct call *ret_call, const Pb__DescribeReply **ret_reply)
{
    static Pb__DescribeRequest request;
    request = (Pb__DescribeRequest)PB__DESCRIBE_REQUEST__INIT;
    request.name = name == NULL ? NULL : arena_strdup(&arena, name);
    request.has_descriptor_set = bytes;
    request.descriptor_set = bytes;
    *ret_call = (struct call){.arena = &arena, .request = &request.base};
    enum status s = describe_row()->decide(ret_call);
    *ret_reply = (const Pb__DescribeReply *)ret_call->reply;
    return s;
}

static void
everything_is_methods_with_a_sentence(void **state)
{
    (void)state;
    struct call call;
    const Pb__DescribeReply *reply = NULL;
    size_t methods = 0;
    for (size_t i = 0; i < list.count; i++) {
        methods += list.items[i].kind == DESCRIBE_METHOD;
    }
    assert_int_equal(describe(NULL, false, &call, &reply), STATUS_OK);
    assert_int_equal(reply->n_methods, methods);
    assert_int_equal(reply->n_messages, 0);
    assert_true(protobuf_c_message_get_packed_size(&reply->base) < 64 * 1024);
    for (size_t i = 0; i < reply->n_methods; i++) {
        const Pb__MethodInfo *m = reply->methods[i];
        assert_true(strlen(m->prose) > 3);
        assert_null(strchr(m->prose, '\n'));
        if (strcmp(m->method, "rectify.v1.AccountService/AddAccount") == 0) {
            assert_string_equal(m->kind, "COMMAND"); /* of the slow lane: nobody's business */
            assert_string_equal(m->auth, "SIGNED");
            assert_int_equal(m->n_roles, 1);
            assert_string_equal(m->roles[0], "ADMIN");
            assert_string_equal(m->request, "rectify.v1.AddAccountRequest");
            assert_string_equal(m->reply, "rectify.v1.AddAccountReply");
            assert_string_equal(
                m->prose, "Creates an account without any right (ADMIN), and proposes its seat "
                          "where roles are given: GRANT approves it (GrantService).");
        }
    }
}

static void
a_name_brings_the_whole_of_it(void **state)
{
    (void)state;
    struct call call;
    const Pb__DescribeReply *reply = NULL;
    assert_int_equal(describe("systemservice", false, &call, &reply), STATUS_OK);
    assert_int_equal(reply->n_methods, 3);
    assert_int_equal(reply->n_messages, 0);
    assert_string_equal(reply->methods[0]->auth, "PUBLIC");
    assert_int_equal(reply->methods[0]->n_roles, 0);
    assert_string_equal(reply->methods[0]->prose, "Is the server able to work now? UNAVAILABLE "
                                                  "when the database does not answer.");
    assert_int_equal(describe("SignFor", false, &call, &reply), STATUS_OK);
    assert_int_equal(reply->n_methods, 1);
    assert_int_equal(reply->n_messages, 2);
    assert_non_null(strstr(reply->messages[0], "message SignForRequest {"));
    assert_non_null(strstr(reply->messages[1], "message MeasuresReply {"));
    assert_int_equal(describe("rectify.v1.Light", false, &call, &reply), STATUS_OK);
    assert_int_equal(reply->n_methods, 0);
    assert_int_equal(reply->n_messages, 1);
}

static void
an_unknown_name_is_told_its_neighbours(void **state)
{
    (void)state;
    struct call call;
    const Pb__DescribeReply *reply = NULL;
    assert_int_equal(describe("SingFor", false, &call, &reply), STATUS_NOT_FOUND);
    assert_string_equal(call.fault.reason, "NAME_UNKNOWN");
    assert_non_null(strstr(call.fault.message, "SignFor"));
    char longest[1024];
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(describe(longest, false, &call, &reply), STATUS_NOT_FOUND);
    assert_null(strstr(call.fault.message, "aaa"));
}

static void
the_set_itself_fits_into_a_reply(void **state)
{
    (void)state;
    struct call call;
    const Pb__DescribeReply *reply = NULL;
    assert_int_equal(describe(NULL, true, &call, &reply), STATUS_OK);
    assert_int_equal(reply->descriptor_set.len, set_size);
    assert_ptr_equal(reply->descriptor_set.data, set);
    assert_true(protobuf_c_message_get_packed_size(&reply->base) < LIMIT_PAYLOAD_BYTES);
}

/* ---- the version ---- */

static void
the_version_is_that_of_the_project(void **state)
{
    (void)state;
    char *line = NULL;
    size_t capacity = 0;
    bool found = false;
    const char *number = strchr(SERVER_VERSION, ' ') + 1;
    const char *wanted = arena_printf(&arena, "project(rectify VERSION %s ", number);
    FILE *in = fopen(SOURCE_DIR "/CMakeLists.txt", "r");
    assert_non_null(in);
    while (getline(&line, &capacity, in) > 0) {
        found = found || strncmp(line, wanted, strlen(wanted)) == 0;
    }
    free(line);
    fclose(in);
    assert_true(found);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(things_are_read),
        cmocka_unit_test(prose_keeps_its_lines_and_becomes_a_paragraph),
        cmocka_unit_test(a_message_is_shown_as_it_is_written),
        cmocka_unit_test(names_match_whole_or_from_behind),
        cmocka_unit_test(near_names_are_suggested),
        cmocka_unit_test(a_damaged_set_is_refused_or_read_within_bounds),
        cmocka_unit_test(everything_is_methods_with_a_sentence),
        cmocka_unit_test(a_name_brings_the_whole_of_it),
        cmocka_unit_test(an_unknown_name_is_told_its_neighbours),
        cmocka_unit_test(the_set_itself_fits_into_a_reply),
        cmocka_unit_test(the_version_is_that_of_the_project),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
