#include "image/announce.h"

#include "event/event.h"
#include "image/internal.h"

static void announce(struct store *s, const char *action, const struct digest *id, const char *actor, const char *name)
{
    _cleanup_image_config_ struct oci_image_config config = {0};

    (void)image_read_config(s, id, &config, NULL);
    event_emit(store_state_path(s), "image", action, actor, config.config.labels, "name", name, NULL);
}

void image_announce(struct store *s, const char *action, const struct digest *id, const struct oci_reference *name)
{
    _cleanup_free_ char *familiar = name ? oci_reference_familiar(name) : NULL;
    char text[DIGEST_TEXT_MAX];

    digest_format(id, text);
    announce(s, action, id, text, familiar ? familiar : text);
}

void image_announce_name(struct store *s, const char *action, const struct oci_reference *name, const struct digest *id)
{
    _cleanup_free_ char *full = oci_reference_familiar(name), *familiar = oci_reference_familiar_name(name);

    announce(s, action, id, full, familiar);
}
