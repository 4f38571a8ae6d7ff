/* RUN --mount=type=secret: in memory, and in nothing that is kept. */
#include "build/run_internal.h"
#include "sys/fd.h"
#include "sys/path.h"

enum { SECRET_MAX = 500 << 10, SECRET_MODE = 0400 }; /* Docker's */

/* Without an id the target names it. */
static const char *id_of(const struct dockerfile_mount *m)
{
    return !str_empty(m->id) ? m->id : m->target ? path_base(m->target) : "";
}

static const struct build_secret *find(const struct build_run_job *job, const char *id)
{
    VEC_FOREACH (s, &job->request->secrets)
        if (str_eq(s->id, id))
            return s;
    return NULL;
}

static int read_secret(const struct build_secret *s, struct buf *ret, struct err *err)
{
    const char *value = s->env ? getenv(s->env) : NULL;
    int r;

    if (s->env) {
        buf_add(ret, value ? value : "", value ? strlen(value) : 0);
        return value ? 0 : err_set(err, ERR_NOT_FOUND, "secret %s: there is no variable %s", s->id, s->env);
    }
    r = s->path ? fd_read_user_file(s->path, ret, err) : err_set(err, ERR_INVALID, "it says no file or variable");
    return r < 0 ? err_wrap(err, "secret %s", s->id) : 0;
}

static int add_file(struct build_run_place *p, const struct dockerfile_mount *m, const char *target,
                    const struct buf *text, struct engine_options *o, struct err *err)
{
    _cleanup_free_ char *name = str_printf("secret-%zu", (size_t)(m - p->job->step->run.mounts.v)), *path = NULL;
    const struct build_run_file file = {.name = name,
                                        .text = text->p,
                                        .len = text->len,
                                        .mode = m->has_mode ? m->mode : SECRET_MODE,
                                        .uid = m->has_uid ? m->uid : 0,
                                        .gid = m->has_gid ? m->gid : 0};
    int r = build_run_file_make(p, &file, err);

    if (r < 0)
        return r;
    path = build_run_file_path(p, name);
    build_run_add_mount(o, target, "bind", path, "bind,rprivate,ro,nosuid,nodev,noexec");
    return 0;
}

static int add_variable(const char *name, struct buf *text, struct engine_options *o, struct err *err)
{
    _cleanup_free_ char *setting = NULL;

    if (memchr(buf_str(text), 0, text->len))
        return err_set(err, ERR_INVALID, "it has a NUL and cannot be the variable %s", name);
    setting = str_printf("%s=%s", name, buf_str(text));
    strv_env_set(&o->config.config.env, setting);
    explicit_bzero(setting, strlen(setting));
    return 0;
}

int build_run_secret(struct build_run_place *p, const struct dockerfile_mount *m, const char *target,
                     struct engine_options *o, struct err *err)
{
    const char *id = id_of(m);
    _cleanup_free_ char *usual = str_printf("/run/secrets/%s", id);
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(SECRET_MAX);
    const struct build_secret *s = find(p->job, id);
    int r;

    if (!*id)
        return err_set(err, ERR_INVALID, "a secret needs an id or a target");
    if (!s && !m->required)
        return 0;
    if (!s) {
        err_set(err, ERR_NOT_FOUND, "secret %s: not found", id);
        return err_hint(err, "give it to the build: --secret id=%s,src=FILE", id);
    }
    r = read_secret(s, &text, err);
    if (r == 0 && m->env)
        r = add_variable(m->env, &text, o, err);
    if (r == 0 && (target || !m->env))
        r = add_file(p, m, target ? target : usual, &text, o, err);
    if (text.p)
        explicit_bzero(text.p, text.len);
    return r;
}
