/* Names of units, and the cgroups that they are. systemd.unit(5), systemd.slice(5). */
#include "runtime/systemd.h"

#include "base/strv.h"

#include <ctype.h>

enum { UNIT_NAME_MAX = 255 };

static bool is_unit_name(const char *s)
{
    if (!*s || *s == '.' || strlen(s) > UNIT_NAME_MAX)
        return false;
    for (const char *p = s; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr(":-_.\\@", *p))
            return false;
    return true;
}

/* "a-b.slice" lies in "a.slice": "/a.slice/a-b.slice". "-.slice" is the root. NULL for what is no slice. */
static char *slice_path(const char *slice)
{
    struct buf path = BUF_INIT;
    size_t len = strlen(slice);

    if (!is_unit_name(slice) || !str_ends(slice, ".slice") || strchr(slice, '@'))
        return NULL;
    len -= strlen(".slice");
    if (len == 1 && *slice == '-')
        return str_dup("");
    if (!len || *slice == '-' || slice[len - 1] == '-')
        return NULL;
    for (size_t i = 1; i <= len; i++)
        if (i == len || slice[i] == '-') {
            if (slice[i - 1] == '-') {
                buf_free(&path);
                return NULL;
            }
            buf_addf(&path, "/%.*s.slice", (int)i, slice);
        }
    return buf_steal(&path);
}

int systemd_scope_of(const char *cgroups_path, const char *id, struct systemd_scope *ret, struct err *err)
{
    _cleanup_free_ char *usual = str_printf("system.slice:cbox:%s", id), *above = NULL;
    const char *text = str_empty(cgroups_path) ? usual : cgroups_path;
    _cleanup_strv_ char **parts = strv_split(text, ':');
    const char *slice, *prefix, *name;
    _cleanup_free_ char *unit = NULL;

    if (strv_len(parts) != 3)
        return err_set(err, ERR_INVALID, "linux.cgroupsPath: '%s' is not like slice:prefix:name, as systemd has it",
                       text);
    slice = *parts[0] ? parts[0] : "system.slice";
    prefix = parts[1];
    name = parts[2];
    unit = str_printf("%s%s%s.scope", prefix, *prefix ? "-" : "", name);
    above = slice_path(slice);
    if (!above)
        return err_set(err, ERR_INVALID, "linux.cgroupsPath: '%s' is not the name of a slice", slice);
    if (!*name || str_ends(name, ".slice") || !is_unit_name(unit))
        return err_set(err, ERR_INVALID, "linux.cgroupsPath: '%s' is not the name of a scope", unit);
    ret->path = str_printf("%s/%s", above, unit);
    ret->slice = str_dup(slice);
    ret->unit = steal_ptr(&unit);
    return 0;
}

void systemd_scope_release(struct systemd_scope *scope)
{
    free(scope->slice);
    free(scope->unit);
    free(scope->path);
    *scope = (struct systemd_scope){0};
}
