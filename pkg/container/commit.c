#include "container/commit.h"

#include "container/files.h"
#include "event/event.h"
#include "image/change.h"
#include "image/commit.h"
#include "layer/pack.h"
#include "store/spool.h"
#include "sys/fd.h"

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

/* One that somebody else has paused stays so. */
static int pack_paused(struct store *s, const struct container_files *f, bool pause, int *ret_fd, struct err *err)
{
    bool paused = pause && f->view.record.status == STORE_CONTAINER_RUNNING;
    struct err why = ERR_INIT;
    int r = paused ? container_pause(s, f->view.id, true, err) : 0;

    if (r < 0)
        return r;
    r = pack(s, f, ret_fd, err);
    if (paused && container_pause(s, f->view.id, false, &why) < 0 && r == 0) {
        *ret_fd = fd_close(*ret_fd);
        r = why.kind;
        if (err)
            *err = why;
    }
    return r;
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
