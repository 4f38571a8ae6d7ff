#include "container_checks.h"

#include "base/ip.h"
#include "base/num.h"
#include "base/time.h"
#include "bundle/mounts.h"
#include "bundle/parse.h"

#include <strings.h>

int check_annotation(const char *text, struct err *err)
{
    return strchr(text, '=') && *text != '=' ? 0 : err_set(err, ERR_INVALID, "%s must be formatted as key=value", text);
}

int check_attach(const char *text, struct err *err)
{
    return strcasecmp(text, "stdin") == 0 || strcasecmp(text, "stdout") == 0 || strcasecmp(text, "stderr") == 0
               ? 0
               : err_set(err, ERR_INVALID, "valid streams are STDIN, STDOUT and STDERR");
}

int check_driver_option(const char *text, struct err *err)
{
    return strchr(text, '=') && *text != '='
               ? 0
               : err_set(err, ERR_INVALID, "invalid key value pair format in driver options");
}

int check_device(const char *text, struct err *err)
{
    struct engine_device d = {0};
    int r = bundle_is_cdi_device(text) ? 0 : bundle_parse_device(text, &d, err);

    free(d.path_on_host);
    free(d.path_in_container);
    free(d.cgroup_permissions);
    return r;
}

int check_device_rule(const char *text, struct err *err)
{
    return bundle_parse_device_rule(text, NULL, err);
}

int check_expose(const char *text, struct err *err)
{
    char **ports = NULL;
    int r = bundle_parse_expose(text, &ports, err);

    strv_free(ports);
    return r;
}

int check_gpus(const char *text, struct err *err)
{
    struct engine_device_request request = {0};
    int r = bundle_parse_gpus(text, &request, err);

    free(request.driver);
    free(request.capabilities);
    strv_free(request.device_ids);
    strv_free(request.options);
    return r;
}

int check_host(const char *text, struct err *err)
{
    return bundle_parse_host(text, NULL, err);
}

int check_ipc(const char *text, struct err *err)
{
    return bundle_check_ipc(text, err);
}

static int check_rate(const char *text, bool bytes, struct err *err)
{
    struct engine_rate_device d = {0};
    int r = bundle_parse_rate_device(text, bytes, &d, err);

    free(d.path);
    return r;
}

int check_iops_device(const char *text, struct err *err)
{
    return check_rate(text, false, err);
}

int check_rate_device(const char *text, struct err *err)
{
    return check_rate(text, true, err);
}

int check_weight_device(const char *text, struct err *err)
{
    struct engine_weight_device d = {0};
    int r = bundle_parse_weight_device(text, &d, err);

    free(d.path);
    return r;
}

int check_isolation(const char *text, struct err *err)
{
    return !*text || strcasecmp(text, "default") == 0
               ? 0
               : err_set(err, ERR_INVALID, "invalid isolation \"%s\": on Linux there is \"default\" alone", text);
}

int check_mount(const char *text, struct err *err)
{
    struct engine_mount m = {0};
    int r = bundle_parse_mount(text, NULL, &m, err);

    json_free(&engine_mount_type, &m);
    return r;
}

int check_mac(const char *text, struct err *err)
{
    uint8_t mac[IP_MAC_LEN];

    return !*text || ip_mac_parse(text, mac, NULL) == 0
               ? 0
               : err_set(err, ERR_INVALID, "%s is not a valid mac address", text);
}

int check_network(const char *text, struct err *err)
{
    struct engine_endpoint e = {0};
    int r = bundle_parse_network(text, &e, err);

    json_free(&engine_endpoint_type, &e);
    return r;
}

int check_publish(const char *text, struct err *err)
{
    struct engine_port_binding b = {0};
    int r = bundle_parse_publish(text, &b, err);

    if (r == 0)
        json_free(&engine_port_binding_type, &b);
    return r;
}

int check_pull(const char *text, struct err *err)
{
    return !*text || str_eq(text, "always") || str_eq(text, "missing") || str_eq(text, "never")
               ? 0
               : err_set(err, ERR_INVALID,
                         "invalid pull option: '%s': must be one of \"always\", \"missing\" or \"never\"", text);
}

int check_runtime(const char *text, struct err *err)
{
    return !*text || str_eq(text, "cbox")
               ? 0
               : err_set(err, ERR_INVALID, "unknown or invalid runtime name: %s (there is \"cbox\" alone)", text);
}

int check_ulimit(const char *text, struct err *err)
{
    struct engine_ulimit u = {0};
    int r = bundle_parse_ulimit(text, &u, err);

    free(u.name);
    return r;
}

int check_volume_driver(const char *text, struct err *err)
{
    return !*text || str_eq(text, "local")
               ? 0
               : err_set(err, ERR_NOT_FOUND, "plugin \"%s\" not found: there is the driver \"local\" alone", text);
}

/* ---- what cannot be given ---- */

static int refuse(const char *text, const char *why, struct err *err)
{
    /* Nothing, or a flag that says no, is not asking for it. */
    if (!*text || str_eq(text, "false") || str_eq(text, "0"))
        return 0;
    return err_set(err, ERR_UNSUPPORTED, "%s", why);
}

int refuse_kernel_memory(const char *text, struct err *err)
{
    return refuse(text, "kernels since 5.4 have no limit of their own for it: it counts as memory", err);
}

int refuse_link(const char *text, struct err *err)
{
    int r = refuse(text, "links are Docker's old way to names, for its default bridge alone", err);

    return r < 0
               ? err_hint(err, "on a network of your own containers find each other by name: cbox network create NAME")
               : 0;
}

int refuse_socket(const char *text, struct err *err)
{
    return refuse(text, "there is no daemon whose socket this would be", err);
}

int refuse_storage(const char *text, struct err *err)
{
    return refuse(text, "overlayfs on this store knows no options for one container", err);
}

int refuse_windows(const char *text, struct err *err)
{
    return refuse(text, "this is for Windows only", err);
}

/* ---- values ---- */

int parse_bytes_or_none(const char *text, void *field, struct err *err)
{
    if (str_eq(text, "-1")) {
        *(int64_t *)field = -1;
        return 0;
    }
    return num_parse_size(text, field, err);
}

int parse_duration(const char *text, void *field, struct err *err)
{
    return time_parse_duration(text, field, err);
}
