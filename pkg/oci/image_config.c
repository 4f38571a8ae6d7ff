#include "oci/image_config.h"

#include "oci/manifest.h"

static const struct json_field healthcheck_fields[] = {
    JSON_FIELD(struct oci_healthcheck, "Test", JSON_K_STRV, test),
    JSON_FIELD(struct oci_healthcheck, "Interval", JSON_K_INT64, interval),
    JSON_FIELD(struct oci_healthcheck, "Timeout", JSON_K_INT64, timeout),
    JSON_FIELD(struct oci_healthcheck, "StartPeriod", JSON_K_INT64, start_period),
    JSON_FIELD(struct oci_healthcheck, "StartInterval", JSON_K_INT64, start_interval),
    JSON_FIELD(struct oci_healthcheck, "Retries", JSON_K_INT64, retries),
};
const struct json_type oci_healthcheck_type = {
    "healthcheck", sizeof(struct oci_healthcheck), healthcheck_fields, ARRAY_SIZE(healthcheck_fields), false,
};

static const struct json_field container_config_fields[] = {
    JSON_FIELD(struct oci_container_config, "User", JSON_K_STRING, user),
    JSON_FIELD(struct oci_container_config, "ExposedPorts", JSON_K_SET, exposed_ports),
    JSON_FIELD(struct oci_container_config, "Env", JSON_K_STRV, env),
    JSON_FIELD(struct oci_container_config, "Entrypoint", JSON_K_STRV, entrypoint),
    JSON_FIELD(struct oci_container_config, "Cmd", JSON_K_STRV, cmd),
    JSON_FIELD(struct oci_container_config, "Healthcheck", JSON_K_OBJECT_PTR, healthcheck,
               .type = &oci_healthcheck_type),
    JSON_FIELD(struct oci_container_config, "Volumes", JSON_K_SET, volumes),
    JSON_FIELD(struct oci_container_config, "WorkingDir", JSON_K_STRING, working_dir),
    JSON_FIELD(struct oci_container_config, "OnBuild", JSON_K_STRV, on_build),
    JSON_FIELD(struct oci_container_config, "Labels", JSON_K_MAP, labels),
    JSON_FIELD(struct oci_container_config, "StopSignal", JSON_K_STRING, stop_signal),
    JSON_FIELD(struct oci_container_config, "Shell", JSON_K_STRV, shell),
    JSON_FIELD(struct oci_container_config, "ArgsEscaped", JSON_K_BOOL, args_escaped),
};
const struct json_type oci_container_config_type = {
    "config", sizeof(struct oci_container_config), container_config_fields, ARRAY_SIZE(container_config_fields), false,
};

static const struct json_field history_fields[] = {
    JSON_FIELD(struct oci_history, "created", JSON_K_STRING, created),
    JSON_FIELD(struct oci_history, "created_by", JSON_K_STRING, created_by),
    JSON_FIELD(struct oci_history, "author", JSON_K_STRING, author),
    JSON_FIELD(struct oci_history, "comment", JSON_K_STRING, comment),
    JSON_FIELD(struct oci_history, "empty_layer", JSON_K_BOOL, empty_layer),
};
static const struct json_type history_type = {
    "history", sizeof(struct oci_history), history_fields, ARRAY_SIZE(history_fields), false,
};

static const struct json_field rootfs_fields[] = {
    JSON_FIELD(struct oci_rootfs, "type", JSON_K_STRING, type, .flags = JSON_REQUIRED),
    JSON_FIELD(struct oci_rootfs, "diff_ids", JSON_K_STRV, diff_ids, .flags = JSON_KEEP_EMPTY),
};
static const struct json_type rootfs_type = {
    "rootfs", sizeof(struct oci_rootfs), rootfs_fields, ARRAY_SIZE(rootfs_fields), false,
};

static const struct json_field image_config_fields[] = {
    JSON_FIELD(struct oci_image_config, "created", JSON_K_STRING, created),
    JSON_FIELD(struct oci_image_config, "author", JSON_K_STRING, author),
    JSON_FIELD(struct oci_image_config, "architecture", JSON_K_STRING, platform.architecture, .flags = JSON_KEEP_EMPTY),
    JSON_FIELD(struct oci_image_config, "os", JSON_K_STRING, platform.os, .flags = JSON_KEEP_EMPTY),
    JSON_FIELD(struct oci_image_config, "os.version", JSON_K_STRING, platform.os_version),
    JSON_FIELD(struct oci_image_config, "os.features", JSON_K_STRV, platform.os_features),
    JSON_FIELD(struct oci_image_config, "variant", JSON_K_STRING, platform.variant),
    JSON_FIELD(struct oci_image_config, "config", JSON_K_OBJECT, config, .type = &oci_container_config_type),
    JSON_FIELD(struct oci_image_config, "rootfs", JSON_K_OBJECT, rootfs, .flags = JSON_REQUIRED, .type = &rootfs_type),
    JSON_FIELD(struct oci_image_config, "history", JSON_K_ARRAY, history, .type = &history_type),
    JSON_FIELD(struct oci_image_config, "io.cbox.build.cache.v0", JSON_K_RAW, build_cache),
};
const struct json_type oci_image_config_type = {
    "image config", sizeof(struct oci_image_config), image_config_fields, ARRAY_SIZE(image_config_fields), false,
};

void oci_image_config_release(struct oci_image_config *c)
{
    json_free(&oci_image_config_type, c);
}

static int check(const struct oci_image_config *c, struct err *err)
{
    size_t n = oci_image_config_layers(c);

    if (strcmp(c->rootfs.type, "layers") != 0)
        return err_set(err, ERR_UNSUPPORTED, "rootfs of type \"%.100s\" is not supported", c->rootfs.type);
    if (n > OCI_LAYERS_MAX)
        return err_set(err, ERR_LIMIT, "%zu layers; at most %d are supported", n, OCI_LAYERS_MAX);
    STRV_FOREACH (id, c->rootfs.diff_ids) {
        struct digest digest;
        int r = digest_parse(*id, &digest, err);

        if (r < 0)
            return err_wrap(err, "rootfs.diff_ids");
    }
    return 0;
}

int oci_image_config_parse(const char *text, size_t len, struct oci_image_config *ret, struct err *err)
{
    int r = json_parse(text, len, &oci_image_config_type, ret, err);

    if (r < 0)
        return r;
    r = check(ret, err);
    if (r < 0) {
        oci_image_config_release(ret);
        return err_wrap(err, "image config");
    }
    return 0;
}

size_t oci_image_config_layers(const struct oci_image_config *c)
{
    return strv_len(c->rootfs.diff_ids);
}

void oci_image_config_diff_id(const struct oci_image_config *c, size_t i, struct digest *ret)
{
    digest_parse(c->rootfs.diff_ids[i], ret, NULL); /* it was one when the document was read */
}

void oci_image_config_dump(const struct oci_image_config *c, struct buf *out)
{
    json_dump(&oci_image_config_type, c, false, out);
}
