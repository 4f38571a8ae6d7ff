#include "oci/state.h"

static const struct json_field fields[] = {
    JSON_FIELD(struct oci_state, "ociVersion", JSON_K_STRING, version, JSON_REQUIRED),
    JSON_FIELD(struct oci_state, "id", JSON_K_STRING, id, JSON_REQUIRED),
    JSON_FIELD(struct oci_state, "pid", JSON_K_INT64, pid, JSON_KEEP_EMPTY),
    JSON_FIELD(struct oci_state, "status", JSON_K_STRING, status, JSON_REQUIRED),
    JSON_FIELD(struct oci_state, "bundle", JSON_K_STRING, bundle, JSON_REQUIRED),
    JSON_FIELD(struct oci_state, "rootfs", JSON_K_STRING, rootfs),
    JSON_FIELD(struct oci_state, "created", JSON_K_STRING, created),
    JSON_FIELD(struct oci_state, "annotations", JSON_K_MAP, annotations),
    JSON_FIELD(struct oci_state, "owner", JSON_K_STRING, owner, JSON_KEEP_EMPTY),
};

const struct json_type oci_state_type = {
    .name = "state", .size = sizeof(struct oci_state), .fields = fields, .n_fields = ARRAY_SIZE(fields)};

void oci_state_release(struct oci_state *state)
{
    json_free(&oci_state_type, state);
}
