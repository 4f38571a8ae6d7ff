/* Image configurations: what runs in a container by default, and which layers it stands on. OCI image specification,
 * config.md, with Docker's additions (Healthcheck, Shell, OnBuild, ArgsEscaped).
 *
 * Empty and absent lists are the same here. The distinction that Docker makes between `null` and `[]` concerns what a
 * user says on top of a config (--entrypoint ""), not the config itself.
 */
#pragma once

#include "base/vec.h"
#include "digest/digest.h"
#include "oci/platform.h"
#include "json/json.h"

/* Docker's HEALTHCHECK; durations in nanoseconds, 0: the default. */
struct oci_healthcheck {
    char **test; /* NONE | CMD args… | CMD-SHELL text; empty: inherited */
    int64_t interval, timeout, start_period, start_interval;
    int64_t retries;
};

struct oci_container_config {
    char *user;           /* "user", "uid", "user:group", …; NULL or "" is root */
    char **exposed_ports; /* "80/tcp" */
    char **env;           /* NAME=VALUE */
    char **entrypoint;
    char **cmd;
    char **volumes; /* absolute paths */
    char *working_dir;
    char **labels; /* NAME=VALUE */
    char *stop_signal;
    struct oci_healthcheck *healthcheck; /* or NULL */
    char **shell;
    char **on_build;
    bool args_escaped;
};

struct oci_history {
    char *created;
    char *created_by;
    char *author;
    char *comment;
    bool empty_layer;
};

struct oci_rootfs {
    char *type;      /* "layers" */
    char **diff_ids; /* digests of the uncompressed layers, the lowest first */
};

struct oci_image_config {
    char *created; /* RFC 3339, as written; may be NULL: time_parse() */
    char *author;
    struct oci_platform platform; /* beside the other fields in the document */
    struct oci_container_config config;
    struct oci_rootfs rootfs;
    VEC(struct oci_history) history;
    char *build_cache; /* "io.cbox.build.cache.v0": the inline cache of a build (build/cache.h), of this image alone:
                          JSON of any kind, or NULL */
};

extern const struct json_type oci_image_config_type, oci_container_config_type, oci_healthcheck_type;

/* Parses and checks: the diff_ids are digests, at most OCI_LAYERS_MAX, of a rootfs of type "layers". Callers read at
 * most OCI_CONFIG_MAX bytes. ERR_INVALID, ERR_UNSUPPORTED. The caller releases `ret` after 0. */
int oci_image_config_parse(const char *text, size_t len, struct oci_image_config *ret, struct err *err);
void oci_image_config_release(struct oci_image_config *c);
#define _cleanup_image_config_ _cleanup_(oci_image_config_release)

size_t oci_image_config_layers(const struct oci_image_config *c);

/* The digest of layer `i`, counted from the lowest, uncompressed. */
void oci_image_config_diff_id(const struct oci_image_config *c, size_t i, struct digest *ret);

/* Appends the document. */
void oci_image_config_dump(const struct oci_image_config *c, struct buf *out);
