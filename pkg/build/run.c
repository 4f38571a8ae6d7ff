#include "build/run.h"

#include "build/run_internal.h"
#include "container/container.h"
#include "monitor/monitor.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <sys/mman.h>

/* From what is asked to a program that runs; `*ret_socket` is its monitor's. */
static int start(const struct build_run_job *job, struct build_run_place *place, const struct container_build *build,
                 int *ret_socket, struct err *err)
{
    _cleanup_engine_options_ struct engine_options wanted = {0};
    _cleanup_one_container_ struct container c = {0};
    const struct container_request request = {.wanted = &wanted, .build = build};
    int r = build_run_options(job, true, &wanted, err);

    if (r == 0)
        r = build_run_mounts(place, &wanted, err);
    if (r == 0)
        r = container_create(job->store, NULL, &request, &c, err);
    if (r < 0)
        return r;
    r = container_start(&c, job->config, MONITOR_ALL_OUTPUT, ret_socket, err);
    if (r < 0)
        container_destroy(&c, NULL);
    return r;
}

static int carry_out(const struct build_run_job *job, int dir, const char *name, struct monitor_end *ret,
                     struct err *err)
{
    _cleanup_free_ char *upper = str_printf("tmp/%s/tree", name), *work = str_printf("tmp/%s/work", name);
    _cleanup_fd_ int made = memfd_create("made", MFD_CLOEXEC), socket = -1, tree = -1;
    struct build_run_place place = {.job = job, .name = name, .dir = dir, .at = -1, .files = -1};
    const struct container_build build = {.lower = job->lower, .upper = upper, .work = work, .made = made};
    _cleanup_run_layers_ build_run_layers lower = {0};
    int r;

    if (made < 0)
        return err_errno(err, errno, "memfd_create");
    tree = openat(dir, "tree", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (tree < 0)
        return err_errno(err, errno, "%s", upper);
    r = build_run_layers_open(job, &lower, err);
    if (r == 0)
        r = start(job, &place, &build, &socket, err);
    if (r == 0)
        r = build_run_follow(job, socket, ret, err);
    build_run_place_release(&place);
    return r < 0 ? r : build_run_clear(tree, &lower, made, err);
}

int build_run(const struct build_run_job *job, int dir, const char *name, struct build_run_result *ret, struct err *err)
{
    struct monitor_end end = {0};
    int r = carry_out(job, dir, name, &end, err);

    build_run_unlock(job);
    if (r < 0)
        return r;
    *ret = (struct build_run_result){.exit_code = end.code, .oom_killed = end.oom_killed};
    return job->keep && end.code ? build_run_keep(job, dir, &ret->kept, err) : 0;
}

void build_run_result_release(struct build_run_result *r)
{
    free(r->kept);
    *r = (struct build_run_result){0};
}
