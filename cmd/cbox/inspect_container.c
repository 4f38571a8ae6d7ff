/* A container as Docker's API (v1.44) describes it. */
#include "base/time.h"
#include "bundle/parse.h"
#include "container/container.h"
#include "container/list.h"
#include "container/processes.h"
#include "inspect.h"
#include "logging/logging.h"
#include "monitor/health.h"
#include "oci/engine.h"

static struct cli_value nothing(void)
{
    return (struct cli_value){.kind = CLI_NULL};
}

static void put_time(struct cli_value *to, const char *name, int64_t time)
{
    char text[TIME_TEXT_MAX];

    /* Go's zero time for what has not happened yet */
    cli_value_put_text(to, name, time ? time_format(time, text) : "0001-01-01T00:00:00Z");
}

static void put_truth(struct cli_value *to, const char *name, bool truth)
{
    cli_value_put(to, name, cli_value_truth(truth));
}

static void put_number(struct cli_value *to, const char *name, int64_t number)
{
    cli_value_put(to, name, cli_value_number(number));
}

/* ---- state ---- */

static void put_health(struct store *s, const struct store_container_record *r, const struct engine_options *o,
                       struct cli_value *state)
{
    _cleanup_health_state_ struct health_state health = {0};
    struct cli_value v = CLI_FIELDS, log = {.kind = CLI_SEQUENCE};

    if (!health_is_wanted(o->config.config.healthcheck)) {
        cli_value_put_hidden(state, "Health", nothing());
        return;
    }
    health_read(store_state_path(s), r->id, &health, NULL);
    cli_value_put_text(&v, "Status", health.status ? health.status : r->health ? r->health : "starting");
    put_number(&v, "FailingStreak", health.failing_streak);
    VEC_FOREACH (result, &health.log) {
        struct cli_value entry = CLI_FIELDS;

        put_time(&entry, "Start", result->start);
        put_time(&entry, "End", result->end);
        put_number(&entry, "ExitCode", result->exit_code);
        cli_value_put_text(&entry, "Output", result->output);
        cli_value_append(&log, entry);
    }
    cli_value_put(&v, "Log", log);
    cli_value_put(state, "Health", v);
}

static struct cli_value describe_state(struct store *s, const struct store_container_record *r,
                                       const struct engine_options *o)
{
    struct cli_value v = CLI_FIELDS;
    bool restarting = r->status == STORE_CONTAINER_RESTARTING;

    cli_value_put_text(&v, "Status", store_container_status_name(r->status));
    put_truth(&v, "Running", store_container_is_alive(r->status));
    put_truth(&v, "Paused", r->status == STORE_CONTAINER_PAUSED);
    put_truth(&v, "Restarting", restarting);
    put_truth(&v, "OOMKilled", r->oom_killed);
    put_truth(&v, "Dead", false);
    put_number(&v, "Pid", r->pid);
    put_number(&v, "ExitCode", r->status == STORE_CONTAINER_RUNNING ? 0 : r->exit_code);
    cli_value_put_text(&v, "Error", r->error);
    put_time(&v, "StartedAt", r->started);
    put_time(&v, "FinishedAt", r->finished);
    put_health(s, r, o, &v);
    return v;
}

/* ---- options ---- */

static const struct inspect_empty exceptions[] = {
    {"StorageOpt", INSPECT_OMIT},
    {"Tmpfs", INSPECT_OMIT},
    {"Sysctls", INSPECT_OMIT},
    {"Annotations", INSPECT_OMIT},
    {"Mounts", INSPECT_OMIT},
    {"Init", INSPECT_OMIT},
    {"Dns", INSPECT_LIST},
    {"DnsOptions", INSPECT_LIST},
    {"DnsSearch", INSPECT_LIST},
    {"BlkioWeightDevice", INSPECT_LIST},
    {"BlkioDeviceReadBps", INSPECT_LIST},
    {"BlkioDeviceWriteBps", INSPECT_LIST},
    {"BlkioDeviceReadIOps", INSPECT_LIST},
    {"BlkioDeviceWriteIOps", INSPECT_LIST},
    {"Devices", INSPECT_LIST},
    {"Ulimits", INSPECT_LIST},
    {"MaskedPaths", INSPECT_LIST},
    {"ReadonlyPaths", INSPECT_LIST},
    /* of Config */
    {"ExposedPorts", INSPECT_OMIT},
    {"Healthcheck", INSPECT_OMIT},
    {"ArgsEscaped", INSPECT_OMIT},
    {"StopSignal", INSPECT_OMIT},
    {"StopTimeout", INSPECT_OMIT},
    {"Shell", INSPECT_OMIT},
    {"Volumes", INSPECT_NULL},
    /* of a health check */
    {"Interval", INSPECT_OMIT},
    {"Timeout", INSPECT_OMIT},
    {"StartPeriod", INSPECT_OMIT},
    {"StartInterval", INSPECT_OMIT},
    {"Retries", INSPECT_OMIT},
    /* of mounts */
    {"Source", INSPECT_OMIT},
    {"ReadOnly", INSPECT_OMIT},
    {"Consistency", INSPECT_OMIT},
    {"BindOptions", INSPECT_OMIT},
    {"VolumeOptions", INSPECT_OMIT},
    {"ImageOptions", INSPECT_OMIT},
    {"TmpfsOptions", INSPECT_OMIT},
    {"Propagation", INSPECT_OMIT},
    {"NonRecursive", INSPECT_OMIT},
    {"CreateMountpoint", INSPECT_OMIT},
    {"ReadOnlyNonRecursive", INSPECT_OMIT},
    {"ReadOnlyForceRecursive", INSPECT_OMIT},
    {"NoCopy", INSPECT_OMIT},
    {"Subpath", INSPECT_OMIT},
    {"SizeBytes", INSPECT_OMIT},
    {"Mode", INSPECT_OMIT},
    {NULL, INSPECT_OMIT},
};

/* [["gpu","utility"]] */
static struct cli_value describe_capabilities(const char *text)
{
    struct words {
        char **list;
    } words = {0};
    static const struct json_field fields[] = {JSON_FIELD(struct words, "v", JSON_K_STRV, list)};
    static const struct json_type type = {"words", sizeof(struct words), fields, 1, false};
    struct cli_value outer = {.kind = CLI_SEQUENCE}, inner = {.kind = CLI_SEQUENCE};
    size_t n = text ? strlen(text) : 0;
    _cleanup_free_ char *document = n > 2 ? str_printf("{\"v\":%.*s}", (int)n - 2, text + 1) : NULL;

    if (!document || json_parse(document, strlen(document), &type, &words, NULL) < 0)
        return nothing();
    STRV_FOREACH (word, words.list)
        cli_value_append(&inner, cli_value_text(*word));
    strv_free(words.list);
    cli_value_append(&outer, inner);
    return outer;
}

/* In the order of the API; what Windows alone has stands behind the limits. */
static struct cli_value arrange(struct cli_value document, const struct engine_host_config *h)
{
    static const char *const names[] = {"CpuCount", "CpuPercent", "IOMaximumIOps", "IOMaximumBandwidth"};
    struct cli_value v = CLI_FIELDS;

    for (size_t i = 0; i < document.n; i++) {
        if (str_eq(document.keys[i], "PortRanges")) /* which the API has each by each */
            continue;
        cli_value_put(&v, document.keys[i], cli_value_copy(&document.items[i]));
        if (str_eq(document.keys[i], "NetworkMode"))
            cli_value_put(&v, "PortBindings", inspect_port_bindings(h));
        for (size_t k = 0; str_eq(document.keys[i], "Ulimits") && k < ARRAY_SIZE(names); k++)
            put_number(&v, names[k], 0);
    }
    cli_value_release(&document);
    return v;
}

static struct cli_value describe_host(const struct engine_host_config *h)
{
    struct cli_value v = arrange(inspect_document(&engine_host_config_type, h, exceptions), h);
    struct cli_value requests = {.kind = CLI_SEQUENCE};

    if (!h->console_size.n) {
        struct cli_value size = {.kind = CLI_SEQUENCE};

        cli_value_append(&size, cli_value_number(0));
        cli_value_append(&size, cli_value_number(0));
        cli_value_put(&v, "ConsoleSize", size);
    }
    if (!h->device_requests.n)
        return v;
    VEC_FOREACH (q, &h->device_requests) {
        size_t i = (size_t)(q - h->device_requests.v);
        struct cli_value one = cli_value_copy(&cli_value_get(&v, "DeviceRequests")->items[i]);

        cli_value_put(&one, "Capabilities", describe_capabilities(q->capabilities));
        cli_value_append(&requests, one);
    }
    cli_value_put(&v, "DeviceRequests", requests);
    return v;
}

static struct cli_value describe_mounts(const struct engine_options *o)
{
    struct cli_value list = {.kind = CLI_SEQUENCE};

    VEC_FOREACH (m, &o->mounts) {
        struct cli_value v = CLI_FIELDS;

        cli_value_put_text(&v, "Type", m->type);
        cli_value_put(&v, "Name", cli_value_text(m->name))->hidden = str_empty(m->name);
        cli_value_put_text(&v, "Source", m->source);
        cli_value_put_text(&v, "Destination", m->destination);
        cli_value_put(&v, "Driver", cli_value_text(m->driver))->hidden = str_empty(m->driver);
        cli_value_put_text(&v, "Mode", m->mode);
        put_truth(&v, "RW", m->rw);
        cli_value_put_text(&v, "Propagation", m->propagation);
        cli_value_append(&list, v);
    }
    return list;
}

/* ---- all of it ---- */

static struct cli_value describe_driver(struct store *s, const char *id, char *const *layers)
{
    struct cli_value v = CLI_FIELDS, data = {.kind = CLI_MAP};
    const char *root = store_root_path(s);
    _cleanup_strv_ char **lower = NULL;
    _cleanup_free_ char *joined = NULL, *upper = str_printf("%s/containers/%s/upper", root, id);
    _cleanup_free_ char *work = str_printf("%s/containers/%s/work", root, id);

    STRV_FOREACH (layer, layers)
        strv_addf(&lower, "%s/%s", root, *layer);
    joined = strv_join(lower, ":");
    cli_value_put_text(&data, "LowerDir", joined);
    cli_value_put_text(&data, "MergedDir", upper);
    cli_value_put_text(&data, "UpperDir", upper);
    cli_value_put_text(&data, "WorkDir", work);
    cli_value_put(&v, "Data", data);
    cli_value_put_text(&v, "Name", "overlay2");
    return v;
}

static void put_file(struct store *s, const char *id, struct cli_value *to, const char *name, const char *file)
{
    _cleanup_free_ char *path = str_printf("%s/containers/%s/%s", store_root_path(s), id, file);

    cli_value_put_text(to, name, path);
}

static void put_command(char *const *command, struct cli_value *to)
{
    bool any = strv_len(command) > 0;

    cli_value_put_text(to, "Path", any ? command[0] : "");
    cli_value_put(to, "Args", cli_value_list(any ? command + 1 : NULL));
}

static void put_log_path(struct store *s, const char *id, const struct engine_options *o, struct cli_value *to)
{
    _cleanup_free_ char *dir = str_printf("%s/containers/%s", store_root_path(s), id);
    _cleanup_free_ char *path = logging_path(o->host.log_config.type, dir, id);

    cli_value_put_text(to, "LogPath", path);
}

/* What a template may ask for though it is never shown: the API has it, and we do not. */
static struct cli_value describe_config(const struct engine_config *c)
{
    struct cli_value v = inspect_document(&engine_config_type, c, exceptions);

    cli_value_put_hidden(&v, "MacAddress", cli_value_text(""));
    cli_value_put_hidden(&v, "NetworkDisabled", cli_value_truth(false));
    return v;
}

static void put_base(struct store *s, const struct store_container_record *r, const struct engine_options *o,
                     const struct oci_spec *spec, struct cli_value *v)
{
    _cleanup_free_ char *name = str_printf("/%s", r->name ? r->name : "");
    _cleanup_strv_ char **execs = container_exec_ids(r);
    char digest[DIGEST_TEXT_MAX];

    cli_value_put_text(v, "Id", r->id);
    put_time(v, "Created", r->created);
    put_command(o->entrypoint_and_args, v);
    cli_value_put(v, "State", describe_state(s, r, o));
    cli_value_put_text(v, "Image", digest_format(&r->image_id, digest));
    put_file(s, r->id, v, "ResolvConfPath", "resolv.conf");
    put_file(s, r->id, v, "HostnamePath", "hostname");
    put_file(s, r->id, v, "HostsPath", "hosts");
    put_log_path(s, r->id, o, v);
    cli_value_put_text(v, "Name", name);
    put_number(v, "RestartCount", r->restarts);
    cli_value_put_text(v, "Driver", "overlay2");
    cli_value_put_text(v, "Platform", "linux");
    cli_value_put_text(v, "MountLabel", spec->platform.mount_label);
    cli_value_put_text(v, "ProcessLabel", spec->process.selinux_label);
    cli_value_put_text(v, "AppArmorProfile", spec->process.apparmor_profile);
    cli_value_put(v, "ExecIDs", execs ? cli_value_list(execs) : nothing());
    cli_value_put(v, "HostConfig", describe_host(&o->host));
}

/* What it wrote, and with that what its image takes; 0 for an image that is gone. */
static void put_sizes(struct store *s, const struct store_container_record *r, struct cli_value *v)
{
    char id[DIGEST_TEXT_MAX];
    struct image image = {0};
    int64_t written = container_size(s, r->id), all = written;

    if (image_open(s, digest_format(&r->image_id, id), &image, NULL) == 0) {
        all += image.tag.bytes;
        image_release(&image);
    }
    put_number(v, "SizeRw", written);
    put_number(v, "SizeRootFs", all);
}

int inspect_container(struct store *s, const char *name, bool size, struct cli_value *ret, struct err *err)
{
    _cleanup_container_record_ struct store_container_record record = {0};
    _cleanup_engine_options_ struct engine_options options = {0};
    _cleanup_spec_ struct oci_spec spec = {0};
    _cleanup_strv_ char **layers = NULL;
    struct cli_value v = CLI_FIELDS;
    char id[ID_LEN + 1];
    int r = s ? store_container_find(s, name, id, err) : err_set(err, ERR_NOT_FOUND, "No such container: %s", name);

    if (r == 0)
        r = container_look(s, id, &record, err);
    if (r == 0)
        r = container_read_options(s, id, &options, err);
    if (r == 0)
        r = container_read_spec(s, id, &spec, err);
    if (r == 0)
        r = container_read_layers(s, id, &layers, err);
    if (r < 0)
        return r;
    put_base(s, &record, &options, &spec, &v);
    cli_value_put(&v, "GraphDriver", describe_driver(s, id, layers));
    cli_value_put_hidden(&v, "SizeRw", nothing());
    cli_value_put_hidden(&v, "SizeRootFs", nothing());
    if (size)
        put_sizes(s, &record, &v);
    cli_value_put(&v, "Mounts", describe_mounts(&options));
    cli_value_put(&v, "Config", describe_config(&options.config));
    inspect_add_exposed(&options, &v);
    cli_value_put(&v, "NetworkSettings", inspect_networks(s, &record, &options));
    *ret = v;
    return 0;
}
