/* Evidence through the door: pieces, resuming, digests, one copy, and what is not kept. */
#include "tests/service/slice.h"

#include <zip.h>

static Pb__BeginUploadRequest *
announce(const char *name, const unsigned char *bytes, size_t size)
{
    Pb__BeginUploadRequest *r = arena_alloc(&slice_arena, sizeof *r);
    unsigned char hash[SECRET_HASH_BYTES];
    pb__begin_upload_request__init(r);
    secret_sha256(bytes, size, hash);
    r->name = slice_text(name);
    r->has_size = 1;
    r->size = (int64_t)size;
    r->sha256 = secret_hex_encode(&slice_arena, hash, sizeof hash);
    r->has_kind = 1;
    r->kind = PB__EVIDENCE_KIND__RECORD;
    return r;
}

static const Pb__BeginUploadReply *
begin(int account, const Pb__BeginUploadRequest *r)
{
    return slice_ok(account, "EvidenceService/BeginUpload", &r->base,
                    &pb__begin_upload_reply__descriptor);
}

static const Pb__CallReply *
put(int account, const char *upload, int64_t offset, const unsigned char *bytes, size_t size)
{
    Pb__PutChunkRequest r = PB__PUT_CHUNK_REQUEST__INIT;
    r.upload = slice_text(upload);
    r.has_offset = r.has_data = 1;
    r.offset = offset;
    r.data.data = (unsigned char *)(uintptr_t)bytes + offset;
    r.data.len = size;
    return slice_call(account, "EvidenceService/PutChunk", &r.base);
}

static const Pb__CallReply *
finish(int account, const char *upload)
{
    Pb__FinishUploadRequest r = PB__FINISH_UPLOAD_REQUEST__INIT;
    r.upload = slice_text(upload);
    return slice_call(account, "EvidenceService/FinishUpload", &r.base);
}

/* Sends everything from where the server wants it. */
static const char *
send_all(int account, const Pb__BeginUploadRequest *r, const unsigned char *bytes)
{
    const Pb__BeginUploadReply *b = begin(account, r);
    assert_non_null(b->upload);
    for (int64_t at = b->offset; at < r->size; at += (int64_t)LIMIT_CHUNK_BYTES) {
        int64_t left = r->size - at;
        size_t n = left < (int64_t)LIMIT_CHUNK_BYTES ? (size_t)left : LIMIT_CHUNK_BYTES;
        slice_expect(put(account, b->upload, at, bytes, n), STATUS_OK, NULL);
    }
    return b->upload;
}

static unsigned char *
noise(size_t size)
{
    unsigned char *bytes = arena_alloc(&slice_arena, size);
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (unsigned char)(i * 31 + i / 251);
    }
    return bytes;
}

static void
a_file_comes_in_pieces_and_goes_on(void **state)
{
    (void)state;
    size_t size = 2 * LIMIT_CHUNK_BYTES + 100;
    unsigned char *bytes = noise(size);
    Pb__BeginUploadRequest *r = announce("材料.bin", bytes, size);
    const Pb__BeginUploadReply *b = begin(UNIT1, r);
    assert_int_equal(b->offset, 0);
    slice_expect(put(UNIT1, b->upload, 0, bytes, LIMIT_CHUNK_BYTES), STATUS_OK, NULL);
    const Pb__CallReply *again = put(UNIT1, b->upload, 0, bytes, LIMIT_CHUNK_BYTES);
    slice_expect(again, STATUS_OUT_OF_RANGE, "OFFSET");
    assert_int_equal(again->status->current_version, LIMIT_CHUNK_BYTES);
    slice_expect(put(UNIT1, b->upload, (int64_t)LIMIT_CHUNK_BYTES, bytes, 10),
                 STATUS_INVALID_ARGUMENT, "CHUNK_SIZE");
    slice_expect(put(UNIT2, b->upload, (int64_t)LIMIT_CHUNK_BYTES, bytes, LIMIT_CHUNK_BYTES),
                 STATUS_NOT_FOUND, "UPLOAD_UNKNOWN");
    slice_expect(finish(UNIT1, b->upload), STATUS_FAILED_PRECONDITION, "UPLOAD_INCOMPLETE");
    /* Announced again, it goes on where it stopped. */
    const Pb__BeginUploadReply *resumed = begin(UNIT1, r);
    assert_string_equal(resumed->upload, b->upload);
    assert_int_equal(resumed->offset, LIMIT_CHUNK_BYTES);
    const char *upload = send_all(UNIT1, r, bytes);
    const Pb__CallReply *done = finish(UNIT1, upload);
    slice_expect(done, STATUS_OK, NULL);
    assert_non_null(done->receipt);
    const Pb__Evidence *e = slice_unpack(done, &pb__evidence__descriptor);
    assert_string_equal(e->sha256, r->sha256);
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.upload"), 0);
    /* The same content is not sent twice; another unit's copy is not told. */
    const Pb__BeginUploadReply *there = begin(UNIT1, r);
    assert_null(there->upload);
    assert_string_equal(there->evidence->id, e->id);
    assert_non_null(begin(UNIT2, r)->upload);
    Pb__GetChunkRequest get = PB__GET_CHUNK_REQUEST__INIT;
    get.id = e->id;
    get.has_offset = 1;
    get.offset = 2 * (int64_t)LIMIT_CHUNK_BYTES;
    const Pb__GetChunkReply *c =
        slice_ok(UNIT1, "EvidenceService/GetChunk", &get.base, &pb__get_chunk_reply__descriptor);
    assert_int_equal(c->data.len, 100);
    assert_int_equal(c->size, size);
    assert_memory_equal(c->data.data, bytes + get.offset, 100);
    get.offset = 3 * (int64_t)LIMIT_CHUNK_BYTES;
    c = slice_ok(UNIT1, "EvidenceService/GetChunk", &get.base, &pb__get_chunk_reply__descriptor);
    assert_int_equal(c->data.len, 0);
}

static void
nothing_is_left(void)
{
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.chunk"), 0);
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.blob"), 0);
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.upload"), 0);
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.evidence"), 0);
}

static void
a_wrong_digest_is_thrown_away(void **state)
{
    (void)state;
    unsigned char *bytes = noise(1000);
    Pb__BeginUploadRequest *r = announce("a.bin", bytes, 1000);
    bytes[500] ^= 1;
    slice_expect(finish(UNIT1, send_all(UNIT1, r, bytes)), STATUS_DATA_LOSS, "DIGEST_MISMATCH");
    nothing_is_left();
}

static void
refused(const char *name, const unsigned char *bytes, size_t size, const char *reason)
{
    Pb__BeginUploadRequest *r = announce(name, bytes, size);
    slice_expect(finish(UNIT1, send_all(UNIT1, r, bytes)), STATUS_FAILED_PRECONDITION, reason);
    nothing_is_left();
}

static void
marked_text_is_not_kept(void **state)
{
    (void)state;
    static const unsigned char utf8[] = "关于某事的报告\n机密★10年\n正文";
    static const unsigned char gbk[] = "\xbb\xfa\xc3\xdc\xa1\xef\x31\x30"; /* 机密★10 */
    static const unsigned char utf16[] = "\xff\xfe\xd8\x79\xc6\x5b\x05\x26\x31\x00"; /* 秘密★1 */
    refused("a.txt", utf8, sizeof utf8 - 1, "SECRET_MARK");
    refused("b.txt", gbk, sizeof gbk - 1, "SECRET_MARK");
    refused("c.txt", utf16, sizeof utf16 - 1, "SECRET_MARK");
    /* Words alone are no mark. */
    static const unsigned char words[] = "做好保密工作，学习国家秘密的规定";
    Pb__BeginUploadRequest *r = announce("d.txt", words, sizeof words - 1);
    slice_expect(finish(UNIT1, send_all(UNIT1, r, words)), STATUS_OK, NULL);
}

static void
a_mark_across_two_pieces_is_found(void **state)
{
    (void)state;
    static const char mark[] = "绝密★长期";
    size_t size = LIMIT_CHUNK_BYTES + 1000;
    unsigned char *bytes = arena_alloc(&slice_arena, size);
    memset(bytes, 'x', size);
    memcpy(bytes + LIMIT_CHUNK_BYTES - 4, mark, sizeof mark - 1);
    refused("big.txt", bytes, size, "SECRET_MARK");
}

/* A package with one part, as docx has it; its bytes in the arena. */
static unsigned char *
package(const char *part, const char *text, bool encrypted, size_t *ret_size)
{
    char *path = arena_printf(&slice_arena, "%s/p.docx", test_dir());
    int error = 0;
    zip_t *zip = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &error);
    assert_non_null(zip);
    zip_source_t *s = zip_source_buffer(zip, text, strlen(text), 0);
    zip_int64_t index = zip_file_add(zip, part, s, ZIP_FL_ENC_UTF_8);
    assert_true(index >= 0);
    if (encrypted) {
        assert_int_equal(zip_file_set_encryption(zip, (zip_uint64_t)index, ZIP_EM_AES_256, "x"), 0);
    }
    assert_int_equal(zip_close(zip), 0);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    unsigned char *bytes = arena_alloc(&slice_arena, 65536);
    *ret_size = fread(bytes, 1, 65536, f);
    fclose(f);
    return bytes;
}

static void
marked_packages_are_not_kept(void **state)
{
    (void)state;
    size_t size = 0;
    static const char split[] = "<w:p><w:r><w:t>秘</w:t></w:r><w:r><w:t>密</w:t></w:r>"
                                "<w:r><w:t>&#9733;</w:t></w:r></w:p>";
    unsigned char *bytes = package("word/document.xml", split, false, &size);
    refused("a.docx", bytes, size, "SECRET_MARK");
    bytes = package("秘密★.xml", "<a>正文</a>", false, &size);
    refused("b.docx", bytes, size, "SECRET_MARK");
    bytes = package("word/document.xml", "<a>正文</a>", true, &size);
    refused("c.docx", bytes, size, "FILE_UNCHECKABLE");
    static const unsigned char broken[] = "PK\3\4 this is no package";
    refused("d.docx", broken, sizeof broken - 1, "FILE_UNCHECKABLE");
    /* Two paragraphs that only stand one after the other are no mark. */
    static const char apart[] = "<w:p><w:t>保守国家秘密</w:t></w:p><w:p><w:t>★重点</w:t></w:p>";
    bytes = package("word/document.xml", apart, false, &size);
    Pb__BeginUploadRequest *r = announce("e.docx", bytes, size);
    slice_expect(finish(UNIT1, send_all(UNIT1, r, bytes)), STATUS_OK, NULL);
}

static void
names_and_bounds(void **state)
{
    (void)state;
    unsigned char *bytes = noise(10);
    Pb__BeginUploadRequest *r = announce("../etc/passwd", bytes, 10);
    slice_refused(UNIT1, "EvidenceService/BeginUpload", &r->base, STATUS_INVALID_ARGUMENT,
                  "FILE_NAME");
    r = announce("秘密★5年.doc", bytes, 10);
    slice_refused(UNIT1, "EvidenceService/BeginUpload", &r->base, STATUS_FAILED_PRECONDITION,
                  "SECRET_MARK");
    r = announce("a.bin", bytes, 10);
    r->size = LIMIT_EVIDENCE_BYTES + 1;
    slice_refused(UNIT1, "EvidenceService/BeginUpload", &r->base, STATUS_INVALID_ARGUMENT,
                  "FILE_SIZE");
    for (unsigned i = 0; i < LIMIT_UPLOADS_PER_ORG; i++) {
        bytes[0] = (unsigned char)i;
        (void)begin(UNIT1, announce("a.bin", bytes, 10));
    }
    bytes[0] = 0xff;
    r = announce("a.bin", bytes, 10);
    slice_refused(UNIT1, "EvidenceService/BeginUpload", &r->base, STATUS_RESOURCE_EXHAUSTED,
                  "UPLOADS_FULL");
    (void)begin(UNIT2, r); /* each unit has its own room */
    /* After a day the sweep makes room, and leaves no event. */
    slice_day("2026-11-11");
    assert_int_equal(slice_job("SweepUploads")->changed, 0);
    slice_day("2026-11-12");
    assert_true(slice_job("SweepUploads")->changed > 0);
    slice_job("SweepUploads");
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.upload"), 0);
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.event"), 0);
    (void)begin(UNIT1, r);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, slice_set_up, slice_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_file_comes_in_pieces_and_goes_on),
        TEST(a_wrong_digest_is_thrown_away),
        TEST(marked_text_is_not_kept),
        TEST(a_mark_across_two_pieces_is_found),
        TEST(marked_packages_are_not_kept),
        TEST(names_and_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
