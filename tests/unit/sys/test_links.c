#include "../unit.h"

#include "sys/links.h"

#include <sys/stat.h>

static void test_names(void **state)
{
    const struct stat one = {.st_dev = 1, .st_ino = 5}, other = {.st_dev = 2, .st_ino = 5};
    struct links l = {0};

    (void)state;
    assert_null(links_known(&l, &one, "a"));
    assert_null(links_known(&l, &other, "b"));
    assert_string_equal(links_known(&l, &one, "c"), "a");
    assert_string_equal(links_known(&l, &other, "d"), "b");
    links_release(&l);
}

/* Whatever a container makes of its directories, it does not fill the host's memory. */
static void test_room(void **state)
{
    enum { LENGTH = 1 << 16, FILES = LINKS_BYTES_MAX / LENGTH + 8 };
    _cleanup_free_ char *path = mem_zalloc(1, LENGTH + 1);
    struct links l = {0};
    struct stat st = {0};
    size_t known = 0;

    (void)state;
    memset(path, 'x', LENGTH);
    for (st.st_ino = 1; st.st_ino <= FILES; st.st_ino++) {
        assert_null(links_known(&l, &st, path));
        known += links_known(&l, &st, "again") != NULL;
    }
    assert_in_range(known, 1, LINKS_BYTES_MAX / LENGTH);
    st.st_ino = 1;
    assert_string_equal(links_known(&l, &st, "again"), path);
    links_release(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_names), cmocka_unit_test(test_room)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
