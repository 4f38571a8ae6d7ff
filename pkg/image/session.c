#include "image/session.h"

#include "base/log.h"
#include "store/gc.h"

int image_session_begin(struct store *s, const struct config *config, bool insecure, struct image_session *ret,
                        struct err *err)
{
    const struct registry_options options = {.interrupted = &image_interrupted, .insecure = insecure};
    struct err why = ERR_INIT;
    int r;

    ret->registry = NULL;
    if (store_sweep_unfinished(s, &why) < 0) /* no reason to go without the image */
        log_debug("%s", why.text);
    store_empty_trash_aside(s);
    r = image_signals_begin(&ret->signals, err);
    if (r < 0 || !config)
        return r;
    r = registry_new(config, &options, &ret->registry, err);
    if (r < 0)
        image_signals_end(&ret->signals);
    return r;
}

void image_session_end(struct image_session *session)
{
    if (session->registry)
        registry_free(session->registry);
    session->registry = NULL;
    image_signals_end(&session->signals);
}
