#include "dockerfile/internal.h"

enum { MOUNTS_MAX = 256 };

void dockerfile_run_release(struct dockerfile_run *r)
{
    strv_free(r->argv);
    free(r->shell_text);
    free(r->script);
    VEC_FOREACH (m, &r->mounts)
        mount_release(m);
    free(r->mounts.v);
    free(r->network);
    free(r->security);
    *r = (struct dockerfile_run){0};
}

static const char *mode_of(const struct dockerfile_instruction *i, const char *name, const char *otherwise)
{
    const char *value = dockerfile_flag(i, name);

    return value ? value : otherwise;
}

int run_mode_check(const struct dockerfile_instruction *i, struct err *err)
{
    const char *network = mode_of(i, "network", "default"), *security = mode_of(i, "security", "sandbox");
    char text[QUOTED_MAX];

    if (!str_eq(network, "default") && !str_eq(network, "none") && !str_eq(network, "host"))
        return err_set(err, ERR_INVALID, "invalid network mode %s", quoted(network, text));
    if (!str_eq(security, "sandbox") && !str_eq(security, "insecure"))
        return err_set(err, ERR_INVALID, "security %s is not valid", quoted(security, text));
    return 0;
}

static int read_mounts(const struct dockerfile_instruction *i, const struct words *how, struct dockerfile_run *ret,
                       struct err *err)
{
    VEC_FOREACH (flag, &i->flags) {
        struct dockerfile_mount mount;
        int r;

        if (!str_eq(flag->name, "mount"))
            continue;
        if (ret->mounts.n == MOUNTS_MAX)
            return err_set(err, ERR_LIMIT, "more than %d mounts in one instruction", MOUNTS_MAX);
        r = mount_read(flag->value, how, &mount, err);
        if (r < 0)
            return r;
        *VEC_PUSH(&ret->mounts) = mount;
    }
    return 0;
}

/* The text as a shell gets it: the bodies of heredocs behind it, for the shell to read once more. */
static char *with_heredocs(const struct dockerfile_instruction *i)
{
    struct buf b = BUF_INIT;

    buf_adds(&b, i->text);
    VEC_FOREACH (h, &i->heredocs)
        buf_addf(&b, "\n%s%s", h->raw ? h->raw : h->content, h->name);
    return buf_steal(&b);
}

static void read_text(const struct dockerfile_instruction *i, struct dockerfile_run *ret)
{
    struct heredoc_word h;

    if (i->heredocs.n == 0) {
        ret->shell_text = str_dup(i->text);
        return;
    }
    if (heredoc_parse(i->text, &h, NULL) <= 0) {
        ret->shell_text = with_heredocs(i);
        return;
    }
    free(h.name);
    if (str_after(i->heredocs.v[0].content, "#!"))
        ret->script = str_dup(i->heredocs.v[0].content);
    else
        ret->shell_text = str_dup(i->heredocs.v[0].content);
}

/* A script is the file that the heredoc's name says: Docker's place for it. */
static void make_argv(const struct dockerfile_instruction *i, char *const *shell, struct dockerfile_run *ret)
{
    if (i->json) {
        ret->argv = strv_copy(i->words);
        return;
    }
    read_text(i, ret);
    if (ret->script) {
        strv_addf(&ret->argv, "/dev/pipes/%s", i->heredocs.v[0].name);
        return;
    }
    if (shell) {
        strv_extend(&ret->argv, shell);
    } else {
        strv_add(&ret->argv, "/bin/sh");
        strv_add(&ret->argv, "-c");
    }
    strv_add(&ret->argv, ret->shell_text);
}

int dockerfile_read_run(const struct dockerfile_instruction *i, const struct words *how, char *const *shell,
                        struct dockerfile_run *ret, struct err *err)
{
    int r = run_mode_check(i, err);

    *ret = (struct dockerfile_run){0};
    r = r < 0 ? r : read_mounts(i, how, ret, err);
    if (r < 0) {
        dockerfile_run_release(ret);
        return r;
    }
    make_argv(i, shell, ret);
    ret->network = str_dup(mode_of(i, "network", "default"));
    ret->security = str_dup(mode_of(i, "security", "sandbox"));
    return 0;
}
