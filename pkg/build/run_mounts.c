/* RUN --mount. */
#include "build/run_internal.h"
#include "sys/path.h"

#include <inttypes.h>

void build_run_add_mount(struct engine_options *o, const char *target, const char *type, const char *source,
                         const char *options)
{
    *VEC_PUSH(&o->mounts) = (struct engine_mount_point){
        .type = str_dup("build"),
        .destination = str_dup(target),
        .source = str_dup(source),
        .mount_type = str_dup(type),
        .mount_source = str_dup(source),
        .mount_options = strv_split(options, ','),
    };
}

char *build_run_target(const struct build_run_job *job, const char *target)
{
    const char *dir = job->step->config.working_dir;

    if (!target)
        return NULL;
    return *target == '/' ? path_clean(target) : path_join(str_empty(dir) ? "/" : dir, target);
}

static int add_bind(struct build_run_place *p, const struct dockerfile_mount *m, const char *target,
                    struct engine_options *o, struct err *err)
{
    const struct build_mounted *mounted = &p->job->mounted[m - p->job->step->run.mounts.v];
    _cleanup_free_ char *source = NULL;
    int r = build_run_see(p, mounted, m->source, !m->read_only, &source, err);

    if (r == 0)
        build_run_add_mount(o, target, "bind", source, m->read_only ? "rbind,rprivate,rro" : "rbind,rprivate");
    return r;
}

static int add_tmpfs(struct build_run_place *p _unused_, const struct dockerfile_mount *m, const char *target,
                     struct engine_options *o, struct err *err _unused_)
{
    _cleanup_free_ char *options =
        m->size ? str_printf("nosuid,nodev,mode=1777,size=%" PRId64, m->size) : str_dup("nosuid,nodev,mode=1777");

    build_run_add_mount(o, target, "tmpfs", "tmpfs", options);
    return 0;
}

static const struct {
    const char *name;
    bool needs_target;
    int (*add)(struct build_run_place *p, const struct dockerfile_mount *m, const char *target,
               struct engine_options *o, struct err *err);
} types[] = {
    [DOCKERFILE_MOUNT_BIND] = {"bind", true, add_bind},
    [DOCKERFILE_MOUNT_CACHE] = {"cache", true, NULL}, /* all at once */
    [DOCKERFILE_MOUNT_TMPFS] = {"tmpfs", true, add_tmpfs},
    [DOCKERFILE_MOUNT_SECRET] = {"secret", false, build_run_secret},
    [DOCKERFILE_MOUNT_SSH] = {"ssh", false, build_run_ssh},
};

static int add(struct build_run_place *p, const struct dockerfile_mount *m, struct engine_options *o, struct err *err)
{
    _cleanup_free_ char *target = build_run_target(p->job, m->target);
    const char *name = types[m->type].name;
    int r = 0;

    if (types[m->type].needs_target && str_empty(target))
        return err_set(err, ERR_INVALID, "RUN --mount=type=%s needs a target", name);
    if (str_eq(target, "/"))
        return err_set(err, ERR_INVALID, "RUN --mount=type=%s: invalid mount target \"/\"", name);
    if (types[m->type].add)
        r = types[m->type].add(p, m, target, o, err);
    return r < 0 ? err_wrap(err, "RUN --mount=type=%s", name) : 0;
}

/* A script is a file where the program is looked for. */
static int add_script(struct build_run_place *p, struct engine_options *o, struct err *err)
{
    const struct dockerfile_run *run = &p->job->step->run;
    const struct build_run_file file = {"script", run->script, strlen(run->script), 0755, 0, 0};
    _cleanup_free_ char *path = NULL;
    int r = build_run_file_make(p, &file, err);

    if (r < 0)
        return r;
    path = build_run_file_path(p, "script");
    build_run_add_mount(o, run->argv[0], "bind", path, "bind,rprivate,ro,nosuid,nodev");
    return 0;
}

int build_run_mounts(struct build_run_place *p, struct engine_options *o, struct err *err)
{
    const struct dockerfile_run *run = &p->job->step->run;
    int r = run->script ? add_script(p, o, err) : 0;

    VEC_FOREACH (m, &run->mounts)
        r = r < 0 ? r : add(p, m, o, err);
    return r < 0 ? r : build_run_caches(p, o, err);
}
