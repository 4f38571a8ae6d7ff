#include "../files.h"

#include "sys/names.h"
#include "sys/sort.h"
#include "sys/spill.h"

#include <dirent.h>
#include <sys/stat.h>

/* ---- what is written comes back, in memory and in a file ---- */

static void write_and_read(size_t most)
{
    _cleanup_spill_ struct spill s = SPILL_INIT(most);
    struct spill_reader r = SPILL_READER_INIT(&s, 1000);
    const char *p;

    for (uint32_t i = 0; i < 200000; i++)
        assert_int_equal(spill_add(&s, &i, sizeof(i)), 0);
    assert_int_equal(spill_size(&s), 800000);
    assert_int_equal(s.fd >= 0, most < 800000);
    for (uint32_t i = 3; i < 200000; i += 1000) {
        uint32_t other = ~i;

        assert_int_equal(spill_patch(&s, (int64_t)i * 4, &other, sizeof(other)), 0);
    }
    for (uint32_t i = 0; i < 200000; i++) {
        uint32_t is;

        assert_int_equal(spill_read(&r, (int64_t)i * 4, 4, &p), 0);
        memcpy(&is, p, 4);
        assert_int_equal(is, i % 1000 == 3 ? ~i : i);
    }
    assert_int_equal(spill_read(&r, 4000, 5000, &p), 0); /* more than it takes at a time, and back */
    assert_int_equal(((const uint32_t *)(const void *)p)[1249], 2249);
    assert_int_equal(spill_read(&r, 799998, 4, &p), -EIO);
    spill_reader_release(&r);
}

static void test_spill(void **state)
{
    (void)state;
    write_and_read(1 << 20);
    write_and_read(300000);
    write_and_read(0);
}

/* ---- sorting ---- */

/* Texts of several lengths, one the beginning of another, with zeros in them. */
static size_t make_text(unsigned i, char text[40])
{
    size_t n = (size_t)snprintf(text, 40, "%u", i * 2654435761u % 100003);

    if (i % 3 == 0)
        text[n++] = 0;
    if (i % 5 == 0)
        text[n++] = (char)0xff;
    return n;
}

static void sort_many(unsigned n, size_t most)
{
    struct sorter *s = sorter_new(most);
    char text[40], last[40];
    size_t len, last_len = 0;
    const char *got;
    unsigned seen = 0, sum = 0, got_sum = 0;
    int r;

    for (unsigned i = 0; i < n; i++) {
        len = make_text(i, text);
        assert_int_equal(sorter_add(s, text, len), 0);
        for (size_t j = 0; j < len; j++)
            sum += (unsigned char)text[j] * (unsigned)(j + 1);
        assert_true(sorter_memory(s) < most + (600 << 10));
    }
    while ((r = sorter_next(s, &got, &len)) == 1) {
        size_t common = MIN_OF(len, last_len);
        int order = memcmp(last, got, common);

        if (seen++)
            assert_true(order < 0 || (order == 0 && last_len <= len));
        memcpy(last, got, len);
        last_len = len;
        for (size_t j = 0; j < len; j++)
            got_sum += (unsigned char)got[j] * (unsigned)(j + 1);
    }
    assert_int_equal(r, 0);
    assert_int_equal(seen, n);
    assert_int_equal(got_sum, sum);
    assert_int_equal(sorter_next(s, &got, &len), 0);
    sorter_free(s);
}

static void test_sorter(void **state)
{
    (void)state;
    sort_many(0, 1000);
    sort_many(1, 1000);
    sort_many(5000, 8 << 20); /* in memory */
    sort_many(50000, 100000); /* some twenty runs */
    sort_many(300, 1);        /* a run a text */
}

/* ---- names ---- */

static void test_names(void **state)
{
    struct names_pool pool = {0}, full = {.used = SIZE_MAX / 2};
    struct names a, b, c;
    const char *name;
    unsigned char type;
    int dir;

    (void)state;
    assert_int_equal(mkdir("d", 0755), 0);
    dir = open("d", O_PATH | O_DIRECTORY | O_CLOEXEC);
    for (int i = 0; i < 3000; i++) {
        char text[32];

        snprintf(text, sizeof(text), "d/%d", i);
        write_file(text, "");
    }
    assert_int_equal(mkdir("d/1-", 0755), 0);
    assert_int_equal(names_open(&pool, dir, 10000, &a), 0);
    assert_true(pool.used > 3000 * 10);
    assert_int_equal(names_open(&full, dir, 10000, &b), 0); /* a part of it lies in a file */
    assert_int_equal(names_next(&a, &name, NULL), 1);
    assert_string_equal(name, "0");
    assert_int_equal(names_next(&a, &name, &type), 1);
    assert_string_equal(name, "1");
    assert_int_equal(names_next(&a, &name, &type), 1);
    assert_string_equal(name, "1-");
    assert_int_equal(type, DT_DIR);
    assert_int_equal(names_next(&b, &name, &type), 1);
    for (int i = 0; i < 2998; i++) {
        char kept[32];

        assert_int_equal(names_next(&a, &name, &type), 1);
        snprintf(kept, sizeof(kept), "%s", name);
        for (int skip = 0; i == 0 && skip < 2; skip++)
            assert_int_equal(names_next(&b, &name, &type), 1);
        assert_int_equal(names_next(&b, &name, &type), 1);
        assert_string_equal(name, kept);
        assert_int_equal(type, DT_REG);
    }
    assert_int_equal(names_next(&a, &name, NULL), 0);
    assert_int_equal(names_next(&b, &name, NULL), 0);
    names_close(&a);
    names_close(&b);
    assert_int_equal(pool.used, 0);
    assert_int_equal(names_open(&pool, dir, 3000, &c), -E2BIG);
    names_close(&c);
    close(dir);
    /* One that goes while a tree is walked. */
    assert_int_equal(mkdir("gone", 0755), 0);
    dir = open("gone", O_PATH | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(rmdir("gone"), 0);
    assert_int_equal(names_open(&pool, dir, 3000, &c), 0);
    assert_int_equal(names_next(&c, &name, NULL), 0);
    names_close(&c);
    close(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_spill),
        scratch_test(test_sorter),
        scratch_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
