/* RUN: what is asked of its container, and what is taken away again. */
#include "build/run_internal.h"

#include "sys/fd.h"
#include "sys/path.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct build_request request;
static struct build_step step;
static struct build_run_job job;

static int setup(void **state)
{
    (void)state;
    request = (struct build_request){0};
    step = (struct build_step){0};
    job = (struct build_run_job){.request = &request, .step = &step, .epoch = 7};
    return 0;
}

static void environment(void **state)
{
    static char *env[] = {(char *)"A=b", NULL}, *quiet[] = {(char *)"http_proxy=p", NULL};
    static char *dated[] = {(char *)"SOURCE_DATE_EPOCH=9", NULL};
    struct engine_options o;

    (void)state;
    step.environment.env = env;
    step.environment.quiet = quiet;
    assert_int_equal(build_run_options(&job, true, &o, NULL), 0);
    assert_string_equal(strv_env_get(o.config.config.env, "A"), "b");
    assert_string_equal(strv_env_get(o.config.config.env, "http_proxy"), "p");
    assert_string_equal(strv_env_get(o.config.config.env, "SOURCE_DATE_EPOCH"), "7");
    assert_string_equal(o.config.hostname, BUILD_RUN_HOSTNAME);
    assert_string_equal(o.host.log_config.type, "none");
    assert_true(o.host.auto_remove);
    engine_options_release(&o);
    step.environment.env = dated;
    assert_int_equal(build_run_options(&job, false, &o, NULL), 0);
    assert_string_equal(strv_env_get(o.config.config.env, "SOURCE_DATE_EPOCH"), "9");
    assert_false(strv_env_has(o.config.config.env, "http_proxy"));
    engine_options_release(&o);
}

static void network(void **state)
{
    static const struct {
        const char *run, *build, *expected;
    } cases[] = {{NULL, NULL, NULL}, {"default", "mine", "mine"}, {"none", "mine", "none"}, {NULL, "host", "host"}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct engine_options o;

        step.run.network = (char *)cases[i].run;
        request.network = cases[i].build;
        assert_int_equal(build_run_options(&job, true, &o, NULL), 0);
        assert_true(str_eq(o.host.network_mode, cases[i].expected) || !cases[i].expected);
        assert_true(cases[i].expected || !o.host.network_mode);
        engine_options_release(&o);
    }
}

static void security(void **state)
{
    struct engine_options o;
    struct err err = ERR_INIT;

    (void)state;
    step.run.security = (char *)"insecure";
    assert_int_equal(build_run_options(&job, true, &o, &err), ERR_PERMISSION);
    engine_options_release(&o);
    request.insecure = true;
    assert_int_equal(build_run_options(&job, true, &o, NULL), 0);
    assert_true(o.host.privileged);
    engine_options_release(&o);
}

static void targets(void **state)
{
    static const struct {
        const char *target, *dir, *expected;
    } cases[] = {{"/a/../b/", NULL, "/b"}, {"x", "/w", "/w/x"}, {"x", NULL, "/x"}, {"../x", "/w", "/x"}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char *target;

        step.config.working_dir = (char *)cases[i].dir;
        target = build_run_target(&job, cases[i].target);
        assert_string_equal(target, cases[i].expected);
        free(target);
    }
}

static void make(int dir, const char *path)
{
    if (path[strlen(path) - 1] == '/')
        assert_int_equal(mkdirat(dir, path, 0755), 0);
    else
        fd_close(openat(dir, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
}

static bool is_there(int dir, const char *path)
{
    return faccessat(dir, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Both what was made, and the image's directory that it was made in; what a program made beside it stays. */
static void cleared(void **state)
{
    static const char names[] = "run/secrets\0run/secrets/s\0a\0a/b\0file\0kept\0../outside";
    char path[] = "/tmp/cbox-test-run-XXXXXX";
    int made = memfd_create("made", MFD_CLOEXEC), dir, tree, layer;
    build_run_layers lower = {0};

    (void)state;
    assert_non_null(mkdtemp(path));
    dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (const char *const *p = (const char *const[]){"tree/", "layer/", "outside", "layer/run/", "tree/run/",
                                                      "tree/run/secrets/", "tree/run/secrets/s", "tree/a/", "tree/a/b/",
                                                      "tree/a/own", "tree/file", "tree/kept", NULL};
         *p; p++)
        make(dir, *p);
    tree = openat(dir, "tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    layer = openat(dir, "layer", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *VEC_PUSH(&lower) = layer;
    assert_int_equal(fd_write_text(tree, "kept", "text"), 0);
    assert_int_equal(fd_write_all(made, names, sizeof(names)), 0);
    assert_int_equal(build_run_clear(tree, &lower, made, NULL), 0);
    assert_false(is_there(tree, "run"));
    assert_false(is_there(tree, "a/b"));
    assert_false(is_there(tree, "file"));
    assert_true(is_there(tree, "a/own"));
    assert_true(is_there(tree, "kept"));
    assert_true(is_there(dir, "outside"));
    build_run_layers_close(&lower);
    fd_close(made);
    fd_close(tree);
    fd_close(dir);
    assert_int_equal(path_remove_tree(AT_FDCWD, path, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(environment, setup), cmocka_unit_test_setup(network, setup),
        cmocka_unit_test_setup(security, setup),    cmocka_unit_test_setup(targets, setup),
        cmocka_unit_test_setup(cleared, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
