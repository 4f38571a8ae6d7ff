#include "bundle/parse.h"

#include "base/num.h"
#include "bundle/etc.h"
#include "oci/spec.h"
#include "sys/path.h"

#include <arpa/inet.h>
#include <ctype.h>

/* ---- limits ---- */

static const char *const ulimits[] = {
    "core",   "cpu",   "data", "fsize",  "locks",  "memlock",    "msgqueue", "nice",
    "nofile", "nproc", "rss",  "rtprio", "rttime", "sigpending", "stack",    NULL,
};

static int parse_limit(const char *text, int64_t *ret, struct err *err)
{
    return num_parse_i64(text, -1, INT64_MAX, ret, err);
}

/* Whether one limit is at most the other; -1 is above all. */
static bool at_most(int64_t soft, int64_t hard)
{
    return hard == -1 || (soft != -1 && soft <= hard);
}

int bundle_parse_ulimit(const char *text, struct engine_ulimit *ret, struct err *err)
{
    const char *value = strchr(text, '=');
    _cleanup_strv_ char **parts = value ? strv_split(value + 1, ':') : NULL;
    int r;

    *ret = (struct engine_ulimit){0};
    if (!value)
        return err_set(err, ERR_INVALID, "invalid ulimit argument: %s", text);
    ret->name = str_ndup(text, (size_t)(value - text));
    if (!strv_contains((char *const *)ulimits, ret->name))
        return err_set(err, ERR_INVALID, "invalid ulimit type: %s", ret->name);
    if (strv_len(parts) > 2)
        return err_set(err, ERR_INVALID, "too many limit value arguments - %s, can only have up to two, `soft[:hard]`",
                       value + 1);
    r = parse_limit(parts[0], &ret->soft, err);
    ret->hard = ret->soft;
    if (r == 0 && parts[1])
        r = parse_limit(parts[1], &ret->hard, err);
    if (r == 0 && !at_most(ret->soft, ret->hard))
        r = err_set(err, ERR_INVALID, "ulimit soft limit must be less than or equal to hard limit: %lld > %lld",
                    (long long)ret->soft, (long long)ret->hard);
    return r;
}

/* /dev/PATH:VALUE; what stands behind the colon, or NULL with the error set. */
static const char *split_device(const char *text, char **ret_path, struct err *err)
{
    const char *colon = strchr(text, ':');

    if (!colon || colon == text) {
        err_set(err, ERR_INVALID, "bad format: %s", text);
        return NULL;
    }
    if (!str_after(text, "/dev/")) {
        err_set(err, ERR_INVALID, "bad format for device path: %s", text);
        return NULL;
    }
    *ret_path = str_ndup(text, (size_t)(colon - text));
    return colon + 1;
}

int bundle_parse_weight_device(const char *text, struct engine_weight_device *ret, struct err *err)
{
    const char *value = split_device(text, &ret->path, err);

    if (!value)
        return ERR_INVALID;
    if (num_parse_i64(value, 0, 1000, &ret->weight, NULL) < 0 || (ret->weight && ret->weight < 10))
        return err_set(err, ERR_INVALID, "invalid weight for device: %s", text);
    return 0;
}

int bundle_parse_rate_device(const char *text, bool bytes, struct engine_rate_device *ret, struct err *err)
{
    const char *value = split_device(text, &ret->path, err);
    int64_t rate = 0;

    if (!value)
        return ERR_INVALID;
    if ((bytes ? num_parse_size(value, &rate, NULL) : num_parse_i64(value, 0, INT64_MAX, &rate, NULL)) < 0 || rate < 0)
        return err_set(err, ERR_INVALID,
                       "invalid rate for device: %s. The correct format is <device-path>:<number>%s. Number must be a "
                       "positive integer%s",
                       text, bytes ? "[<unit>]" : "", bytes ? ". Unit is optional and can be kb, mb, or gb" : "");
    ret->rate = (uint64_t)rate;
    return 0;
}

/* ---- devices ---- */

static bool is_permissions(const char *text)
{
    size_t n = strlen(text);

    for (size_t i = 0; i < n; i++)
        if (!strchr("rwm", text[i]) || strchr(text + i + 1, text[i]))
            return false;
    return n > 0;
}

int bundle_parse_device(const char *text, struct engine_device *ret, struct err *err)
{
    _cleanup_strv_ char **parts = strv_split(text, ':');
    size_t n = strv_len(parts);
    const char *to = NULL, *permissions = "rwm";

    if (n > 3 || !*parts[0])
        return err_set(err, ERR_INVALID, "bad format for path: %s", text);
    if (n == 3 && !is_permissions(parts[2]))
        return err_set(err, ERR_INVALID, "bad mode specified: %s", parts[2]);
    if (n == 3)
        permissions = parts[2];
    if (n > 1 && n < 3 && is_permissions(parts[1]))
        permissions = parts[1];
    else if (n > 1)
        to = parts[1];
    if (*(to ? to : parts[0]) != '/')
        return err_set(err, ERR_INVALID, "%s is not an absolute path", to ? to : parts[0]);
    if (to && str_ends(parts[0], "*"))
        return err_set(err, ERR_INVALID, "device with * suffix can't have dst: %s", text);
    *ret = (struct engine_device){str_dup(parts[0]), path_clean(to ? to : parts[0]), str_dup(permissions)};
    return 0;
}

/* VENDOR/CLASS=NAME, each of letters, digits and a few signs; the vendor begins with a letter. */
bool bundle_is_cdi_device(const char *text)
{
    static const char word[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
    size_t vendor = strspn(text, word), class, name;

    if (!vendor || !isalpha((unsigned char)*text) || text[vendor] != '/')
        return false;
    text += vendor + 1;
    class = strspn(text, word);
    if (!class || text[class] != '=')
        return false;
    text += class + 1;
    name = strspn(text, word) ? strcspn(text, " /=") : 0;
    return name && !text[name];
}

static int parse_rule_number(const char **p, int64_t **ret)
{
    char *end;
    int64_t n;

    if (**p == '*') {
        ++*p;
        return 0;
    }
    if (!isdigit((unsigned char)**p))
        return ERR_INVALID;
    n = strtoll(*p, &end, 10);
    if (n > INT32_MAX)
        return ERR_INVALID;
    *p = end;
    *ret = mem_dup(&n, sizeof(n));
    return 0;
}

static int parse_rule(const char *text, struct oci_device_rule *ret)
{
    const char *p = text + 2;

    if (!*text || !strchr("acb", *text) || text[1] != ' ')
        return ERR_INVALID;
    if (parse_rule_number(&p, &ret->major) < 0 || *p++ != ':' || parse_rule_number(&p, &ret->minor) < 0 || *p++ != ' ')
        return ERR_INVALID;
    if (strspn(p, "rwm") != strlen(p) || !*p || strlen(p) > 3)
        return ERR_INVALID;
    ret->allow = true;
    ret->type = str_ndup(text, 1);
    ret->access = str_dup(p);
    return 0;
}

int bundle_parse_device_rule(const char *text, struct oci_device_rule *ret, struct err *err)
{
    struct oci_device_rule rule = {0};
    int r = parse_rule(text, &rule);

    if (r == 0 && ret) {
        *ret = rule;
        return 0;
    }
    free(rule.type);
    free(rule.major);
    free(rule.minor);
    free(rule.access);
    return r < 0 ? err_set(err, ERR_INVALID, "invalid device cgroup format '%s'", text) : 0;
}

/* ---- gpus ---- */

static int parse_count(const char *text, int64_t *ret, struct err *err)
{
    if (str_eq(text, "all")) {
        *ret = -1;
        return 0;
    }
    if (num_parse_i64(text, INT32_MIN, INT32_MAX, ret, NULL) < 0)
        return err_set(err, ERR_INVALID, "invalid count (%s): value must be either \"all\" or an integer", text);
    return 0;
}

static int take_gpu_field(const char *field, struct engine_device_request *ret, char ***capabilities, bool *counted,
                          struct err *err)
{
    const char *equals = strchr(field, '=');
    _cleanup_free_ char *key = equals ? str_ndup(field, (size_t)(equals - field)) : str_dup("count");
    const char *value = equals ? equals + 1 : field;

    if (str_eq(key, "count")) {
        *counted = true;
        return parse_count(value, &ret->count, err);
    }
    if (str_eq(key, "device"))
        strv_add(&ret->device_ids, value);
    else if (str_eq(key, "driver"))
        str_replace(&ret->driver, str_dup(value));
    else if (str_eq(key, "capabilities"))
        strv_add(capabilities, value);
    else if (str_eq(key, "options"))
        strv_add(&ret->options, value);
    else
        return err_set(err, ERR_INVALID, "unexpected key '%s' in '%s'", key, field);
    return 0;
}

/* Fields are separated by commas; a field in quotes may hold some. */
static char **split_gpus(const char *text)
{
    char **fields = NULL;
    bool quoted = false;
    _cleanup_buf_ struct buf field = BUF_INIT;

    for (const char *p = text;; p++) {
        if (*p == '"') {
            quoted = !quoted;
        } else if (!*p || (*p == ',' && !quoted)) {
            strv_add(&fields, buf_str(&field));
            buf_clear(&field);
            if (!*p)
                return fields;
        } else {
            buf_addc(&field, *p);
        }
    }
}

int bundle_parse_gpus(const char *text, struct engine_device_request *ret, struct err *err)
{
    _cleanup_strv_ char **fields = split_gpus(text), **capabilities = NULL;
    _cleanup_buf_ struct buf list = BUF_INIT;
    bool counted = false;
    int r = 0;

    STRV_FOREACH (field, fields) {
        bool more = !strchr(*field, '=') && strv_len(ret->device_ids) && field > fields;

        if (more) /* device=0,1 in quotes */
            strv_add(&ret->device_ids, *field);
        else
            r = r < 0 ? r : take_gpu_field(*field, ret, &capabilities, &counted, err);
    }
    if (r == 0 && !counted && !strv_len(ret->device_ids))
        ret->count = 1;
    strv_add(&capabilities, "gpu");
    buf_adds(&list, "[[");
    STRV_FOREACH (capability, capabilities) {
        if (capability > capabilities)
            buf_addc(&list, ',');
        buf_add_json(&list, *capability);
    }
    buf_adds(&list, "]]");
    str_replace(&ret->capabilities, buf_steal(&list));
    return r;
}

/* ---- restart ---- */

int bundle_parse_restart(const char *text, struct engine_restart_policy *ret, struct err *err)
{
    static const char *const known[] = {"no", "always", "on-failure", "unless-stopped", NULL};
    const char *colon = strchr(text, ':');

    if (colon == text)
        return err_set(err, ERR_INVALID, "invalid restart policy format: no policy provided before colon");
    ret->name = colon ? str_ndup(text, (size_t)(colon - text)) : str_dup(text);
    if (colon && num_parse_i64(colon + 1, INT32_MIN, INT32_MAX, &ret->maximum_retry_count, NULL) < 0)
        return err_set(err, ERR_INVALID, "invalid restart policy format: maximum retry count must be an integer");
    if (*text && !strv_contains((char *const *)known, ret->name))
        return err_set(err, ERR_INVALID,
                       "invalid restart policy: unknown policy '%s'; use one of 'no', 'always', 'on-failure', or "
                       "'unless-stopped'",
                       ret->name);
    if (ret->maximum_retry_count && !str_eq(ret->name, "on-failure"))
        return err_set(err, ERR_INVALID,
                       "invalid restart policy: maximum retry count can only be used with 'on-failure'");
    if (ret->maximum_retry_count < 0)
        return err_set(err, ERR_INVALID, "invalid restart policy: maximum retry count cannot be negative");
    return 0;
}

/* ---- network ---- */

int bundle_parse_port_range(const char *text, size_t len, int64_t *first, int64_t *last, struct err *err)
{
    _cleanup_free_ char *range = str_ndup(text, len);
    char *dash = strchr(range, '-');

    if (dash)
        *dash++ = 0;
    if (num_parse_i64(range, 0, 65535, first, err) < 0)
        return ERR_INVALID;
    *last = *first;
    if (dash && num_parse_i64(dash, 0, 65535, last, err) < 0)
        return ERR_INVALID;
    return *last < *first ? err_set(err, ERR_INVALID, "invalid range specified for port: %s-%s", range, dash) : 0;
}

int bundle_parse_expose(const char *text, char ***ports, struct err *err)
{
    static const char *const protocols[] = {"tcp", "udp", "sctp", NULL};
    size_t n = strcspn(text, "/");
    const char *protocol = text[n] ? text + n + 1 : "tcp";
    int64_t first, last;

    if (strchr(text, ':'))
        return err_set(err, ERR_INVALID, "invalid port format for --expose: %s", text);
    if (bundle_parse_port_range(text, n, &first, &last, err) < 0) {
        struct err why = err ? *err : ERR_INIT;

        return err_set(err, ERR_INVALID, "invalid range format for --expose: %s, error: %s", text, why.text);
    }
    if (!strv_contains((char *const *)protocols, protocol))
        return err_set(err, ERR_INVALID, "invalid protocol for --expose: %s", text);
    for (int64_t port = first; port <= last; port++) {
        _cleanup_free_ char *entry = str_printf("%lld/%s", (long long)port, protocol);

        if (!strv_contains(*ports, entry))
            strv_add(ports, entry);
    }
    return 0;
}

static bool is_address(const char *text)
{
    unsigned char address[sizeof(struct in6_addr)];

    return inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1;
}

int bundle_check_address(const char *text, struct err *err)
{
    return is_address(text) ? 0 : err_set(err, ERR_INVALID, "IP address is not correctly formatted: %s", text);
}

int bundle_parse_host(const char *text, char ***hosts, struct err *err)
{
    size_t n = strcspn(text, strchr(text, '=') ? "=" : ":");
    _cleanup_free_ char *address = text[n] ? str_dup(text + n + 1) : NULL;
    size_t len = address ? strlen(address) : 0;

    if (!n || !len)
        return err_set(err, ERR_INVALID, "bad format for add-host: \"%s\"", text);
    if (address[0] == '[' && address[len - 1] == ']') {
        address[len - 1] = 0;
        memmove(address, address + 1, len - 1);
    }
    if (!is_address(address) && !str_eq(address, BUNDLE_HOST_GATEWAY))
        return err_set(err, ERR_INVALID, "invalid IP address in add-host: \"%s\"", address);
    if (hosts)
        strv_addf(hosts, "%.*s:%s", (int)n, text, address);
    return 0;
}

/* Labels of letters, digits, '-' and '_', with dots between; "." alone is none at all. */
int bundle_check_domain(const char *text, struct err *err)
{
    _cleanup_strv_ char **labels = strv_split(text, '.');
    size_t n = strlen(text);
    bool good = n > 0 && n < 255;

    if (str_eq(text, "."))
        return 0;
    STRV_FOREACH (label, labels) {
        size_t len = strlen(*label);

        for (const char *p = *label; *p; p++)
            good = good && (isalnum((unsigned char)*p) || *p == '-' || *p == '_');
        good = good && len < 64 && (len || (!label[1] && label > labels));
    }
    return good ? 0 : err_set(err, ERR_INVALID, "%s is not a valid domain", text);
}

/* ---- others ---- */

int bundle_check_sysctl(const char *text, struct err *err)
{
    static const char *const names[] = {"kernel.msgmax", "kernel.msgmnb",          "kernel.msgmni",
                                        "kernel.sem",    "kernel.shmall",          "kernel.shmmax",
                                        "kernel.shmmni", "kernel.shm_rmid_forced", NULL};
    _cleanup_free_ char *name = str_ndup(text, strcspn(text, "="));

    if (strchr(text, '=') &&
        (strv_contains((char *const *)names, name) || str_after(name, "net.") || str_after(name, "fs.mqueue.")))
        return 0;
    return err_set(err, ERR_INVALID, "sysctl '%s' is not allowed", text);
}

int bundle_check_env(const char *text, struct err *err)
{
    return *text && *text != '=' ? 0 : err_set(err, ERR_INVALID, "invalid environment variable: %s", text);
}

const char *bundle_mode_container(const char *mode)
{
    return mode ? str_given(str_after(mode, "container:")) : NULL;
}

static bool is_one_of(const char *mode, const char *const *words)
{
    return str_empty(mode) || strv_contains((char *const *)words, mode);
}

int bundle_check_ipc(const char *mode, struct err *err)
{
    static const char *const words[] = {"none", "private", "shareable", "host", NULL};

    return is_one_of(mode, words) || bundle_mode_container(mode)
               ? 0
               : err_set(err, ERR_INVALID, "invalid IPC mode: %s", mode);
}

static const char *const host_only[] = {"host", NULL};

int bundle_check_pid(const char *mode, struct err *err)
{
    return is_one_of(mode, host_only) || bundle_mode_container(mode)
               ? 0
               : err_set(err, ERR_INVALID, "--pid: invalid PID mode");
}

int bundle_check_uts(const char *mode, struct err *err)
{
    return is_one_of(mode, host_only) ? 0 : err_set(err, ERR_INVALID, "--uts: invalid UTS mode");
}

int bundle_check_userns(const char *mode, struct err *err)
{
    return is_one_of(mode, host_only) ? 0 : err_set(err, ERR_INVALID, "--userns: invalid USER mode");
}

int bundle_check_cgroupns(const char *mode, struct err *err)
{
    static const char *const words[] = {"host", "private", NULL};

    return is_one_of(mode, words) ? 0 : err_set(err, ERR_INVALID, "--cgroupns: invalid CGROUP mode");
}
