#include "forked.h"

#include "runtime/child.h"

static void join_keyring(unsigned errnum, int kind, const char *says)
{
    struct child child = {.labels = {-1, -1, -1}};
    struct err err = ERR_INIT;

    refuse_call(SYS_keyctl, errnum);
    MUST(child_keyring(&child, NULL, &err) == kind);
    MUST(!says || strstr(err.text, says));
}

static void join_real_keyring(void)
{
    struct child child = {.labels = {-1, -1, -1}};
    struct err err = ERR_INIT;

    MUST(child_keyring(&child, NULL, &err) == 0);
}

/* The program must not see the keys of whoever started it. */
static void test_keyring_is_its_own_or_there_is_none(void **state _unused_)
{
    assert_child(join_real_keyring());
    assert_child(join_keyring(ENOSYS, 0, NULL));
    assert_child(join_keyring(EPERM, 0, NULL));
    assert_child(join_keyring(EDQUOT, ERR_NO_SPACE, "too many keys"));
    assert_child(join_keyring(ENOMEM, ERR_IO, "keyctl"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keyring_is_its_own_or_there_is_none),
    };

    return cmocka_run_group_tests_name("runtime/child", tests, NULL, NULL);
}
