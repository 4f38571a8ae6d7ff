/* The image's config beneath what was asked for, and what Docker's daemon decides where nobody did. */
#include "bundle/bundle.h"

#include "bundle/parse.h"
#include "sys/path.h"

enum { SHM_SIZE = 64 << 20 };

static void fill_text(char **to, const char *from)
{
    if (str_empty(*to))
        str_replace(to, str_dup(from));
}

/* The entries of `from` whose names `to` does not have. */
static void fill_entries(char ***to, char *const *from)
{
    STRV_FOREACH (entry, from) {
        size_t n = strcspn(*entry, "=");
        bool there = false;

        STRV_FOREACH (own, *to)
            there = there || (strncmp(*own, *entry, n) == 0 && (!(*own)[n] || (*own)[n] == '='));
        if (!there)
            strv_add(to, *entry);
    }
}

static void fill_list(char ***to, char *const *from)
{
    STRV_FOREACH (entry, from)
        if (!strv_contains(*to, *entry))
            strv_add(to, *entry);
}

/* An entrypoint of one's own takes the image's command away too; an empty one is none. */
static void merge_command(const struct oci_container_config *image, struct oci_container_config *c)
{
    if (!strv_len(c->entrypoint)) {
        if (!strv_len(c->cmd))
            strv_extend(&c->cmd, image->cmd);
        strv_extend(&c->entrypoint, image->entrypoint);
    } else if (strv_len(c->entrypoint) == 1 && !*c->entrypoint[0]) {
        strv_free(steal_ptr(&c->entrypoint));
    }
}

static int64_t first_of(int64_t asked, int64_t otherwise)
{
    return asked ? asked : otherwise;
}

static void merge_healthcheck(const struct oci_healthcheck *image, struct oci_healthcheck **check)
{
    struct oci_healthcheck *c = *check;

    if (!image)
        return;
    if (!c)
        c = *check = mem_zalloc(1, sizeof(*c));
    if (!strv_len(c->test))
        strv_extend(&c->test, image->test);
    c->interval = first_of(c->interval, image->interval);
    c->timeout = first_of(c->timeout, image->timeout);
    c->start_period = first_of(c->start_period, image->start_period);
    c->start_interval = first_of(c->start_interval, image->start_interval);
    c->retries = first_of(c->retries, image->retries);
}

static int merge_config(const struct oci_container_config *image, struct engine_options *o, struct err *err)
{
    struct oci_container_config *c = &o->config.config;

    STRV_FOREACH (entry, c->env)
        if (**entry == '=' || !**entry)
            return err_set(err, ERR_INVALID, "invalid environment variable: %s", *entry);
    fill_text(&c->user, image->user);
    fill_text(&c->working_dir, image->working_dir);
    fill_text(&c->stop_signal, image->stop_signal);
    fill_entries(&c->env, image->env);
    fill_entries(&c->labels, image->labels);
    fill_list(&c->exposed_ports, image->exposed_ports);
    fill_list(&c->volumes, image->volumes);
    merge_command(image, c);
    merge_healthcheck(image->healthcheck, &c->healthcheck);
    if (!strv_len(c->shell))
        strv_extend(&c->shell, image->shell);
    return 0;
}

static int decide_command(struct engine_options *o, struct err *err)
{
    const struct oci_container_config *c = &o->config.config;

    strv_extend(&o->entrypoint_and_args, c->entrypoint);
    strv_extend(&o->entrypoint_and_args, c->cmd);
    if (strv_len(o->entrypoint_and_args))
        return 0;
    err_set(err, ERR_INVALID, "no command specified");
    return err_hint(err, "the image has none: name one behind it");
}

static int decide_directory(struct engine_options *o, struct err *err)
{
    char **dir = &o->config.config.working_dir;

    if (str_empty(*dir))
        return 0;
    if (**dir != '/')
        return err_set(err, ERR_INVALID, "the working directory '%s' is invalid, it needs to be an absolute path",
                       *dir);
    str_replace(dir, path_clean(*dir));
    return 0;
}

static void decide_hostname(const struct bundle_place *place, struct engine_options *o)
{
    char **name = &o->config.hostname;

    if (str_empty(*name))
        str_replace(name, bundle_host_network(o) || bundle_mode_container(o->host.network_mode) ||
                                  str_eq(o->host.uts_mode, "host")
                              ? str_dup(place->host_name)
                              : str_ndup(place->id, 12));
}

/* Of --security-opt, what became paths stays no option. */
static int decide_paths(struct engine_host_config *h, struct err *err)
{
    struct bundle_security security;
    char **kept = NULL;
    int r = bundle_parse_security(h->security_opt, &security, err);

    if (r < 0)
        return r;
    if (!security.bare_paths && !h->privileged)
        bundle_default_paths(&h->masked_paths, &h->readonly_paths);
    STRV_FOREACH (option, h->security_opt)
        if (!str_after(*option, "systempaths"))
            strv_add(&kept, *option);
    strv_free(h->security_opt);
    h->security_opt = kept;
    return 0;
}

static void decide_host(struct engine_host_config *h)
{
    static const bool no = false;

    if (!h->oom_kill_disable)
        h->oom_kill_disable = mem_dup(&no, sizeof(no));
    fill_text(&h->log_config.type, "json-file");
    fill_text(&h->restart_policy.name, "no");
    fill_text(&h->ipc_mode, "private");
    fill_text(&h->cgroupns_mode, "private");
    fill_text(&h->runtime, "cbox");
    h->shm_size = first_of(h->shm_size, SHM_SIZE);
    /* As much swap as memory. */
    if (h->memory > 0 && !h->memory_swap && h->memory <= INT64_MAX / 2)
        h->memory_swap = 2 * h->memory;
}

int bundle_merge(const struct oci_image_config *image, const struct bundle_place *place, struct engine_options *o,
                 struct err *err)
{
    int r = bundle_check(o, place->machine, err);

    if (r == 0)
        r = bundle_normalize_capabilities(&o->host.cap_add, "CapAdd", err);
    if (r == 0)
        r = bundle_normalize_capabilities(&o->host.cap_drop, "CapDrop", err);
    if (r == 0)
        r = merge_config(&image->config, o, err);
    if (r == 0)
        r = decide_command(o, err);
    if (r == 0)
        r = decide_directory(o, err);
    if (r == 0)
        r = decide_paths(&o->host, err);
    if (r < 0)
        return r;
    bundle_decide_networks(o);
    decide_hostname(place, o);
    decide_host(&o->host);
    return 0;
}
