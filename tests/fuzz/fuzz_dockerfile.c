/* Dockerfiles: whatever one says, all of its instructions can be read and applied, and its patterns asked. */
#include "base/buf.h"
#include "dockerfile/apply.h"
#include "dockerfile/ignore.h"
#include "dockerfile/read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_say(int r, const struct err *err)
{
    if ((r < 0) != (err->kind < 0) || (r < 0 && !err->text[0]))
        abort();
}

static void read_instruction(const struct dockerfile_instruction *i, const struct words *how, char ***args)
{
    struct dockerfile_from from;
    struct dockerfile_run run;
    struct dockerfile_copy copy;
    struct err err = ERR_INIT;
    int r = 0;

    switch (i->kind) {
    case DOCKERFILE_FROM:
        r = dockerfile_read_from(i, how, &from, &err);
        if (r == 0)
            dockerfile_from_release(&from);
        break;
    case DOCKERFILE_ARG:
        r = dockerfile_read_arg(i, how, args, &err);
        break;
    case DOCKERFILE_RUN:
        r = dockerfile_read_run(i, how, NULL, &run, &err);
        if (r == 0)
            dockerfile_run_release(&run);
        break;
    case DOCKERFILE_COPY:
    case DOCKERFILE_ADD:
        r = dockerfile_read_copy(i, how, &copy, &err);
        if (r == 0 && copy.chmod)
            (void)dockerfile_chmod_apply(copy.chmod, 0644, false);
        if (r == 0)
            dockerfile_copy_release(&copy);
        break;
    default:
        return;
    }
    must_say(r, &err);
}

/* What was applied can be written and read again. */
static void check_config(const struct oci_image_config *config)
{
    _cleanup_image_config_ struct oci_image_config again = {0};
    _cleanup_buf_ struct buf dumped = BUF_INIT;
    struct err err = ERR_INIT;

    oci_image_config_dump(config, &dumped);
    if (oci_image_config_parse(buf_str(&dumped), dumped.len, &again, &err) < 0)
        abort();
}

static void use(const struct dockerfile *d)
{
    _cleanup_image_config_ struct oci_image_config config = {0};
    struct dockerfile_applying a = {.config = &config.config};
    _cleanup_strv_ char **args = NULL, **unset = NULL;

    config.rootfs.type = str_dup("layers");
    strv_add(&config.config.env, "PATH=/usr/bin:/bin");
    VEC_FOREACH (i, &d->instructions) {
        struct err err = ERR_INIT;

        a.words = (struct words){.env = config.config.env, .escape = d->escape, .unset = &unset};
        read_instruction(i, &a.words, &args);
        if (dockerfile_applies(i->kind))
            must_say(dockerfile_apply(&a, i, &err), &err);
    }
    check_config(&config);
}

static void ask_patterns(const char *text, size_t size)
{
    _cleanup_(ignore_free_cleanup) struct ignore *g = NULL;
    struct err err = ERR_INIT;
    int r = size > 4096 ? -1 : ignore_parse(text, size, &g, &err);

    if (r == 0) {
        (void)ignore_matches(g, "a/b.c/d", NULL, NULL);
        (void)ignore_may_take_back(g, "a");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_dockerfile_ struct dockerfile d = {0};
    struct dockerfile_problem problem = {0};
    _cleanup_buf_ struct buf excerpt = BUF_INIT;
    struct err err = ERR_INIT;
    int r = dockerfile_parse("Dockerfile", (const char *)data, size, &d, &problem, &err);

    must_say(r, &err);
    if (r == 0)
        use(&d);
    else
        dockerfile_excerpt(&d, &problem.at, &excerpt);
    dockerfile_problem_release(&problem);
    ask_patterns((const char *)data, size);
    return 0;
}
