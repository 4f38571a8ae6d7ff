/* How much the documents of an image, and of the images of an archive, may be. */
#include "../unit.h"

#include "image/contents.h"

enum { MIB = 1 << 20 };

/* An index of about a mebibyte that differs from others by its number. */
static struct image_document make_index(size_t number)
{
    struct image_document d = {0};
    _cleanup_free_ char *padding = mem_alloc(MIB);
    struct buf text = BUF_INIT;
    struct err err;

    memset(padding, ' ', MIB);
    buf_addf(&text, "{\"schemaVersion\":2,\"annotations\":{\"n\":\"%zu\"},\"manifests\":[]", number);
    buf_add(&text, padding, MIB - text.len - 1);
    buf_addc(&text, '}');
    assert_ok(image_document_take(&text, &d, &err));
    return d;
}

static void test_many_platforms(void **state)
{
    struct image_documents d = {0};
    struct image_document first = make_index(0);
    size_t n = 0;
    bool is_index = false;
    struct err err;
    int r;

    (void)state;
    assert_false(image_documents_have_other(&d, &first.digest.digest));
    assert_ok(image_documents_add_other(&d, first, NULL, &is_index, &err));
    assert_true(is_index);
    assert_true(image_documents_have_other(&d, &first.digest.digest));
    do
        r = image_documents_add_other(&d, make_index(++n), NULL, &is_index, &err);
    while (r == 0 && n < 100);
    assert_int_equal(r, ERR_LIMIT);
    assert_int_equal(n, IMAGE_DOCUMENTS_BYTES_MAX / MIB);
    image_documents_release(&d);
}

/* One large config may stand for many images. */
static void test_many_images(void **state)
{
    _cleanup_(image_contents_release) struct image_contents c = {0};
    size_t n = 0;
    struct err err;
    int r;

    (void)state;
    do {
        _cleanup_(image_archived_release) struct image_archived image = {0};

        image.documents.manifest = make_index(n);
        r = image_contents_add(&c, &image, &err);
        n += r == 0;
    } while (r == 0 && n < 100);
    assert_int_equal(r, ERR_LIMIT);
    assert_int_equal(n, IMAGE_DOCUMENTS_BYTES_MAX / MIB);
    assert_int_equal(c.images.n, n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_platforms),
        cmocka_unit_test(test_many_images),
    };

    return cmocka_run_group_tests_name("documents", tests, NULL, NULL);
}
