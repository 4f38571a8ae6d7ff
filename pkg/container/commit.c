#include "container/commit.h"

#include "container/files.h"
#include "event/event.h"
#include "image/change.h"
#include "image/commit.h"
#include "layer/pack.h"
#include "store/spool.h"
#include "sys/failpoint.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

static int read_config(struct store *s, const char *id, const struct container_commit *how, struct engine_options *ret,
                       struct err *err)
{
    int r = container_read_options(s, id, ret, err);

    return r < 0 ? r : image_change(&ret->config.config, how->changes, err);
}

static int pack(struct store *s, const struct container_files *f, int *ret_fd, struct err *err)
{
    _cleanup_fd_ int fd = -1;
    _cleanup_(layer_pack_free_cleanup) struct layer_pack *p = NULL;
    int r = store_spool_open(s, &fd, err);

    if (r < 0)
        return r;
    p = layer_pack_new(fd, true, NULL);
    r = layer_pack_add_contents(p, f->upper, "", false, err);
    if (r == 0)
        r = layer_pack_finish(p, err);
    if (r == 0)
        *ret_fd = steal_fd(&fd);
    return r;
}

/* Who lets a paused container go on, also where this process is killed meanwhile: a process that waits for the end of a
 * pipe. */
struct guard {
    pid_t pid; /* 0: none */
    int pipe;
};

static _Noreturn void let_go_on(struct store *s, const char *id, int pipe)
{
    char end;

    setsid(); /* what a terminal sends is not for it */
    while (read(pipe, &end, 1) < 0 && errno == EINTR)
        ;
    _exit(container_pause(s, id, false, NULL) < 0);
}

static int guard_begin(struct store *s, const char *id, struct guard *ret, struct err *err)
{
    int pipes[2];

    if (pipe2(pipes, O_CLOEXEC) < 0)
        return err_errno(err, errno, "making a pipe");
    ret->pid = fork();
    if (ret->pid == 0) {
        close(pipes[1]);
        let_go_on(s, id, pipes[0]);
    }
    close(pipes[0]);
    ret->pipe = pipes[1];
    if (ret->pid > 0)
        return 0;
    close(pipes[1]);
    return err_errno(err, errno, "starting a process");
}

/* `paused`: there is something to be undone. */
static int guard_end(const struct guard *g, bool paused, struct err *err)
{
    int status = 0;

    if (!paused)
        kill(g->pid, SIGKILL);
    close(g->pipe);
    while (waitpid(g->pid, &status, 0) < 0 && errno == EINTR)
        ;
    return paused && status ? err_set(err, ERR_IO, "the container is still paused") : 0;
}

/* One that somebody else has paused stays so. */
static int pack_paused(struct store *s, const struct container_files *f, bool pause, int *ret_fd, struct err *err)
{
    struct guard guard = {.pipe = -1};
    struct err why = ERR_INIT;
    int r, unpaused;

    if (!pause || f->view.record.status != STORE_CONTAINER_RUNNING)
        return pack(s, f, ret_fd, err);
    r = guard_begin(s, f->view.id, &guard, err);
    if (r < 0)
        return r;
    r = container_pause(s, f->view.id, true, err);
    if (r < 0) {
        guard_end(&guard, false, NULL);
        return r;
    }
    r = pack(s, f, ret_fd, err);
    failpoint("commit-paused");
    unpaused = guard_end(&guard, true, &why);
    if (r < 0 || unpaused == 0)
        return r;
    *ret_fd = fd_close(*ret_fd);
    if (err)
        *err = why;
    return unpaused;
}

int container_commit(struct store *s, const char *container, const struct container_commit *how, struct digest *ret_id,
                     struct err *err)
{
    _cleanup_container_files_ struct container_files f = {.view = CONTAINER_VIEW_NONE, .upper = -1, .root = -1};
    _cleanup_engine_options_ struct engine_options o = {0};
    _cleanup_free_ char *command = NULL;
    _cleanup_fd_ int layer = -1;
    struct image_commit_options image;
    char id[DIGEST_TEXT_MAX];
    int r = container_files_open(s, container, CONTAINER_FILES_UPPER, &f, err);

    if (r == 0)
        r = read_config(s, f.view.id, how, &o, err);
    if (r == 0)
        r = pack_paused(s, &f, how->pause, &layer, err);
    container_release(&f.held); /* it may be started again */
    if (r < 0)
        return r;
    command = strv_join(f.view.record.command, " ");
    image = (struct image_commit_options){
        .manifest = f.view.record.manifest,
        .id = f.view.record.image_id,
        .layer = layer,
        .config = &o.config.config,
        .name = how->name,
        .author = how->author,
        .message = how->message,
        .created_by = command,
        .created = how->created,
    };
    r = image_commit(s, &image, ret_id, err);
    if (r == 0)
        event_emit(store_state_path(s), "container", "commit", f.view.id, f.view.record.labels, "comment", how->message,
                   "image", f.view.record.image, "imageID", digest_format(ret_id, id), "name", f.view.record.name,
                   NULL);
    return r;
}
