#include "oci/spec.h"

#include "oci/spec_internal.h"

#include <stdarg.h>
#include <stdio.h>

void oci_spec_release(struct oci_spec *spec)
{
    json_free(&oci_spec_type, spec);
}

void oci_spec_dump(const struct oci_spec *spec, bool indent, struct buf *out)
{
    json_dump(&oci_spec_type, spec, indent, out);
}

/* Docker writes -1, without its sign, where nobody has asked for any. */
static void drop_swappiness(struct oci_memory *memory)
{
    if (!memory->swappiness || *memory->swappiness != -1)
        return;
    free(memory->swappiness);
    memory->swappiness = NULL;
}

int oci_spec_parse(const char *text, size_t len, struct oci_spec *ret, struct err *err)
{
    int r = json_parse(text, len, &oci_spec_type, ret, err);

    if (r < 0)
        return r;
    drop_swappiness(&ret->platform.resources.memory);
    r = oci_spec_check(ret, err);
    if (r < 0)
        oci_spec_release(ret);
    return r;
}

const struct oci_namespace *oci_spec_namespace(const struct oci_spec *spec, const char *type)
{
    VEC_FOREACH (ns, &spec->platform.namespaces)
        if (strcmp(ns->type, type) == 0)
            return ns;
    return NULL;
}

/* ---- what the checks share ---- */

const char *spec_field(char out[SPEC_FIELD_MAX], const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vsnprintf(out, SPEC_FIELD_MAX, fmt, args);
    va_end(args);
    return out;
}

int spec_fail(struct err *err, const char *field, const char *fmt, ...)
{
    char why[512];
    va_list args;

    va_start(args, fmt);
    vsnprintf(why, sizeof(why), fmt, args);
    va_end(args);
    return err_set(err, ERR_INVALID, "%s: %s", field, why);
}

int spec_check_absolute(const char *path, const char *field, struct err *err)
{
    if (str_empty(path) || *path != '/')
        return spec_fail(err, field, "\"%s\" is not an absolute path", path ? path : "");
    return 0;
}

int spec_check_id(int64_t id, const char *field, struct err *err)
{
    /* 2^32-1 is "leave as it is" to the kernel's calls */
    if (id < 0 || id >= UINT32_MAX)
        return spec_fail(err, field, "%lld is no id", (long long)id);
    return 0;
}

int spec_check_range(int64_t n, int64_t min, int64_t max, const char *field, struct err *err)
{
    if (n < min || n > max)
        return spec_fail(err, field, "%lld is not from %lld to %lld", (long long)n, (long long)min, (long long)max);
    return 0;
}

int spec_check_word(const char *word, const char *const words[], const char *field, struct err *err)
{
    return oci_word_known(words, word) ? 0 : spec_fail(err, field, "\"%s\" is not known", word);
}

int spec_check_words(char *const *list, const char *const words[], const char *field, struct err *err)
{
    size_t i = 0;
    int r = 0;

    STRV_FOREACH (word, list) {
        r = spec_check_word(*word, words, SPEC_FIELD("%s[%zu]", field, i++), err);
        if (r < 0)
            break;
    }
    return r;
}

int spec_check_paths(char *const *paths, const char *field, struct err *err)
{
    size_t i = 0;
    int r = 0;

    STRV_FOREACH (path, paths) {
        r = spec_check_absolute(*path, SPEC_FIELD("%s[%zu]", field, i++), err);
        if (r < 0)
            break;
    }
    return r;
}

int spec_check_env(char *const *env, const char *field, struct err *err)
{
    size_t i = 0;

    STRV_FOREACH (e, env) {
        if (**e == '=' || !strchr(*e, '='))
            return spec_fail(err, SPEC_FIELD("%s[%zu]", field, i), "\"%s\" is not NAME=VALUE", *e);
        i++;
    }
    return 0;
}

/* A number at `*at`, which moves behind it; -1 where there is none. */
static int64_t take_number(const char **at)
{
    int64_t n = 0;

    if (**at < '0' || **at > '9')
        return -1;
    for (; **at >= '0' && **at <= '9'; ++*at)
        n = MIN_OF(n * 10 + (**at - '0'), INT32_MAX);
    return n;
}

int spec_check_list(const char *list, const char *field, struct err *err)
{
    if (str_empty(list))
        return 0;
    for (const char *at = list;; at++) {
        int64_t first = take_number(&at), last = first;

        if (first >= 0 && *at == '-') {
            at++;
            last = take_number(&at);
        }
        if (first < 0 || last < first || (*at && *at != ','))
            return spec_fail(err, field, "\"%s\" is no list of numbers and ranges (0-3,7)", list);
        if (!*at)
            return 0;
    }
}

enum { MAPPINGS_MAX = 340 /* UID_GID_MAP_MAX_EXTENTS */ };

static bool overlap(int64_t a, int64_t a_size, int64_t b, int64_t b_size)
{
    return a < b + b_size && b < a + a_size;
}

int spec_check_mappings(const oci_id_mappings *mappings, const char *field, struct err *err)
{
    if (mappings->n > MAPPINGS_MAX)
        return spec_fail(err, field, "%zu entries are more than the kernel's %d", mappings->n, MAPPINGS_MAX);
    for (size_t i = 0; i < mappings->n; i++) {
        const struct oci_id_mapping *m = &mappings->v[i];
        int r = spec_check_id(m->container_id, SPEC_FIELD("%s[%zu].containerID", field, i), err);

        if (r == 0)
            r = spec_check_id(m->host_id, SPEC_FIELD("%s[%zu].hostID", field, i), err);
        if (r == 0)
            r = spec_check_range(m->size, 1, UINT32_MAX - MAX_OF(m->container_id, m->host_id),
                                 SPEC_FIELD("%s[%zu].size", field, i), err);
        for (size_t k = 0; k < i && r == 0; k++) {
            const struct oci_id_mapping *o = &mappings->v[k];

            if (overlap(m->container_id, m->size, o->container_id, o->size) ||
                overlap(m->host_id, m->size, o->host_id, o->size))
                r = spec_fail(err, SPEC_FIELD("%s[%zu]", field, i), "overlaps with entry %zu", k);
        }
        if (r < 0)
            return r;
    }
    return 0;
}
