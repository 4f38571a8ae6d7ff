#include "../files.h"

#include "base/strv.h"
#include "base/time.h"
#include "build/cache.h"
#include "build/files.h"

static struct store *open_store(void)
{
    _cleanup_free_ char *cwd = getcwd(NULL, 0);
    _cleanup_free_ char *root = str_printf("%s/root", cwd), *state = str_printf("%s/state", cwd);
    struct store *s;
    struct err err;

    assert_ok(store_open(root, state, &s, &err));
    return s;
}

/* ---- keys ---- */

struct made {
    struct dockerfile_instruction instruction;
    struct build_stage stage;
    struct build_step step;
    struct build_plan plan;
    build_layers below;
};

static struct made *make(void)
{
    struct made *m = mem_zalloc(1, sizeof(*m));
    static const char *const argv[] = {"/bin/sh", "-c", "make", NULL}, *const env[] = {"PATH=/bin", "V=1", NULL};
    struct err err;

    m->instruction.kind = DOCKERFILE_RUN;
    m->instruction.original = (char *)"RUN make";
    assert_ok(oci_platform_parse("linux/amd64", &m->stage.config.platform, &err));
    m->step.instruction = &m->instruction;
    m->step.run.argv = strv_copy((char *const *)argv);
    m->step.environment.env = strv_copy((char *const *)env);
    m->step.directory = str_dup("/src");
    m->plan.stages.v = &m->stage;
    m->plan.stages.n = 1;
    *VEC_PUSH(&m->below) = (struct digest){DIGEST_SHA256, "aa"};
    *VEC_PUSH(&m->below) = (struct digest){DIGEST_SHA256, "bb"};
    return m;
}

static void unmake(struct made *m)
{
    strv_free(m->step.run.argv);
    strv_free(m->step.environment.env);
    free(m->step.directory);
    free(m->step.run.mounts.v);
    oci_image_config_release(&m->stage.config);
    free(m->below.v);
    free(m);
}

static void key_of(struct made *m, struct build_key *ret)
{
    static char *content[] = {(char *)"content"};
    struct err err;

    if (m->instruction.kind == DOCKERFILE_RUN)
        build_key_of_run(&m->plan, &m->step, &m->below, content, ret);
    else if (m->instruction.kind == DOCKERFILE_COPY)
        build_key_of_copy(&m->plan, &m->step, &m->below, "content", "", ret);
    else
        build_key_of_workdir(&m->plan, &m->step, &m->below, ret);
    assert_ok(build_key_finish(ret, &err));
}

static void to_copy(struct made *m)
{
    m->instruction.kind = DOCKERFILE_COPY;
}

/* What changes a key, one thing each. */
static void other_word(struct made *m)
{
    strv_add(&m->step.run.argv, "x");
}
static void parted_word(struct made *m)
{
    strv_free(m->step.run.argv);
    m->step.run.argv = strv_split("/bin/sh|-c make", '|');
}
static void other_variable(struct made *m)
{
    strv_env_set(&m->step.environment.env, "V=2");
}
static void more_variables(struct made *m)
{
    strv_env_set(&m->step.environment.env, "W=");
}
static void other_directory(struct made *m)
{
    str_replace(&m->step.directory, str_dup("/src2"));
}
static void other_user(struct made *m)
{
    m->step.config.user = (char *)"1";
}
static void less_below(struct made *m)
{
    m->below.n--;
}
static void other_below(struct made *m)
{
    m->below.v[0].hex[0] = 'c';
}
static void other_order(struct made *m)
{
    struct digest d = m->below.v[0];

    m->below.v[0] = m->below.v[1];
    m->below.v[1] = d;
}
static void other_date(struct made *m)
{
    m->stage.epoch = 7;
}
static void other_network(struct made *m)
{
    m->step.run.network = (char *)"none";
}
static void script(struct made *m)
{
    m->step.run.script = (char *)"#!/bin/x";
}
static void mount(struct made *m)
{
    VEC_PUSH(&m->step.run.mounts)->target = (char *)"/m";
}
static void cache_mount(struct made *m)
{
    mount(m);
    m->step.run.mounts.v[0].type = DOCKERFILE_MOUNT_CACHE;
}
static void other_target(struct made *m)
{
    to_copy(m);
    m->step.copy.target = (char *)"/t";
}
static void owned(struct made *m)
{
    to_copy(m);
    m->step.copy.chown = (char *)"1:1";
}
static void moded(struct made *m)
{
    to_copy(m);
    m->step.copy.chmod = (char *)"1:1";
}
static void linked(struct made *m)
{
    to_copy(m);
    m->step.copy.link = true;
}
static void with_parents(struct made *m)
{
    to_copy(m);
    m->step.copy.parents = true;
}
static void to_workdir(struct made *m)
{
    m->instruction.kind = DOCKERFILE_WORKDIR;
}
static void workdir_user(struct made *m)
{
    to_workdir(m);
    other_user(m);
}
static void nothing(struct made *m)
{
    (void)m;
}

static void test_keys(void **state _unused_)
{
    static void (*const changes[])(struct made * m) = {
        nothing,    other_word, parted_word,  other_variable, more_variables, other_directory,
        other_user, less_below, other_below,  other_order,    other_date,     other_network,
        script,     mount,      cache_mount,  to_copy,        other_target,   owned,
        moded,      linked,     with_parents, to_workdir,     workdir_user,
    };
    struct build_key keys[ARRAY_SIZE(changes)] = {{.step = NULL}};

    for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
        struct made *m = make();
        _cleanup_build_key_ struct build_key again = {.step = NULL};

        changes[i](m);
        key_of(m, &keys[i]);
        key_of(m, &again);
        assert_string_equal(keys[i].hex, again.hex);
        for (size_t j = 0; j < i; j++)
            if (str_eq(keys[i].hex, keys[j].hex))
                fail_msg("change %zu gives the key of change %zu", i, j);
        unmake(m);
    }
    for (size_t i = 0; i < ARRAY_SIZE(changes); i++)
        build_key_release(&keys[i]);
}

/* With --link nothing below counts, and what is no part of a step counts nowhere. */
static void test_what_does_not_count(void **state _unused_)
{
    struct made *a = make(), *b = make();
    _cleanup_build_key_ struct build_key x = {.step = NULL}, y = {.step = NULL}, z = {.step = NULL};

    linked(a);
    linked(b);
    less_below(b);
    key_of(a, &x);
    key_of(b, &y);
    assert_string_equal(x.hex, y.hex);
    b->step.title = (char *)"[other 3/7]";
    b->step.history = 5;
    b->instruction.original = (char *)"copy  other spaces";
    key_of(b, &z);
    assert_string_equal(x.hex, z.hex);
    unmake(a);
    unmake(b);
}

/* ---- explaining ---- */

static void keep(struct store *s, struct build_key *k, int64_t created)
{
    const struct store_build_record r = {
        .key = k->hex, .step = k->step, .created = created, .inputs = k->inputs, .files = k->files};
    struct err err;

    assert_ok(build_key_finish(k, &err));
    assert_ok(store_build_keep(s, &r, 0, &err));
}

static void begin(struct build_key *k, const char *variable, const char *below, const char *files)
{
    build_key_release(k);
    k->step = str_dup("RUN caf\xe9");
    build_key_add(k, "kind", "RUN");
    build_key_add(k, "layer 1 below", "sha256:base");
    build_key_add(k, "layer 2 below", below);
    if (variable)
        build_key_add(k, "variable V", variable);
    build_key_add(k, "files", files);
}

static void expect(struct store *s, const struct build_key *k, bool found, const char *wanted)
{
    _cleanup_buf_ struct buf out = BUF_INIT;
    struct err err;

    assert_ok(build_cache_explain(s, k, found, &out, &err));
    assert_string_equal(buf_str(&out), wanted);
}

#define AGO "not cached: the nearest earlier one was made less than a second ago, and differs in\n"

static void test_explain(void **state _unused_)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_build_key_ struct build_key k = {.step = NULL};
    int64_t now = time_now();

    begin(&k, "1", "sha256:x", "f");
    expect(s, &k, false, "not cached: no earlier build has this step\n");
    keep(s, &k, now);
    expect(s, &k, true, "cached: made less than a second ago\n");
    expect(s, &k, false, AGO "  nothing differs, but its layer is not there any more\n");
    begin(&k, "2", "sha256:x", "f");
    expect(s, &k, false, AGO "  variable V: \"2\", it was \"1\"\n");
    begin(&k, NULL, "sha256:x", "f");
    expect(s, &k, false, AGO "  variable V: not there any more, it was \"1\"\n");
    begin(&k, "1", "sha256:y", "f");
    expect(s, &k, false,
           AGO "  what lies below: 2 layers, of which 1 is as they were: a step before this one gave another layer\n");
    k.base_layers = 2;
    expect(s, &k, false, AGO "  what lies below: 2 layers, of which 1 is as they were: the base image is another\n");
    k.base_layers = 0;
    begin(&k, "1", "sha256:x", "g");
    expect(s, &k, false, AGO "  files: others than before\n");
    build_key_add(&k, "user", "1000");
    expect(s, &k, false, AGO "  user: \"1000\", which is new\n  files: others than before\n");
    /* The nearest counts, not the latest; of equals the latest. */
    begin(&k, "1", "sha256:z", "h");
    keep(s, &k, now + 1);
    begin(&k, "2", "sha256:x", "f");
    expect(s, &k, false, AGO "  variable V: \"2\", it was \"1\"\n");
}

/* Long values are compared as records have them. */
static void test_long_values(void **state _unused_)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_build_key_ struct build_key k = {.step = NULL};
    char text[5000];

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = 0;
    begin(&k, text, "sha256:x", "f");
    keep(s, &k, time_now());
    expect(s, &k, false, AGO "  nothing differs, but its layer is not there any more\n");
    text[sizeof(text) - 2] = 'y';
    begin(&k, text, "sha256:x", "f");
    {
        _cleanup_buf_ struct buf out = BUF_INIT;
        struct err err;

        assert_ok(build_cache_explain(s, &k, false, &out, &err));
        assert_non_null(strstr(buf_str(&out), "variable V: \"xxx"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_what_does_not_count),
        scratch_test(test_explain),
        scratch_test(test_long_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
