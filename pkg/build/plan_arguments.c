/* Where the values of ARG come from. https://docs.docker.com/reference/dockerfile/#arg */
#include "build/plan_internal.h"

#include <stdio.h>

static const char *const proxies[] = {
    "HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "FTP_PROXY",
    "ftp_proxy",  "NO_PROXY",   "no_proxy",    "ALL_PROXY",   "all_proxy",
};

/* Of which a build knows without an ARG that asks for them; nobody needs to hear that they were not used. */
static const char *const quiet[] = {"SOURCE_DATE_EPOCH", "BUILDKIT_"};

const char *plan_build_arg(struct planning *p, const char *name)
{
    const char *found = NULL;
    size_t i = 0;

    STRV_FOREACH (arg, p->given->request->build_args) {
        const char *value = str_after(*arg, name);

        if (value && *value == '=') {
            found = value + 1;
            p->consumed[i] = true;
        }
        i++;
    }
    return found;
}

static void add_platform(char ***to, const char *prefix, const struct oci_platform *p)
{
    _cleanup_free_ char *text = oci_platform_format(p);

    strv_addf(to, "%sPLATFORM=%s", prefix, text);
    strv_addf(to, "%sOS=%s", prefix, p->os);
    strv_addf(to, "%sARCH=%s", prefix, p->architecture);
    strv_addf(to, "%sVARIANT=%s", prefix, p->variant ? p->variant : "");
    strv_addf(to, "%sOSVERSION=%s", prefix, p->os_version ? p->os_version : "");
}

void plan_platform_args(struct planning *p)
{
    const char *target = p->given->request->target;

    add_platform(&p->platform_args, "BUILD", &p->host);
    add_platform(&p->platform_args, "TARGET", &p->plan->targets.v[p->target].platform);
    strv_addf(&p->platform_args, "TARGETSTAGE=%s", target ? target : "default");
}

/* Sets NAME=VALUE of what an ARG said; one without a value keeps what it had. `ret`: NAME=VALUE, or NAME. */
static char *set_arg(struct planning *p, char ***args, const char *arg, char *const *fallback)
{
    const char *equals = strchr(arg, '=');
    _cleanup_free_ char *name = str_ndup(arg, equals ? (size_t)(equals - arg) : strlen(arg));
    const char *value = plan_build_arg(p, name);
    char *set;

    if (!value && equals)
        value = equals + 1;
    if (!value && fallback)
        value = strv_env_get(fallback, name);
    if (!value)
        value = strv_env_get(p->platform_args, name);
    if (!value)
        return str_dup(name);
    set = str_printf("%s=%s", name, value);
    strv_env_set(args, set);
    return set;
}

int plan_global_args(struct planning *p, struct err *err)
{
    const struct dockerfile *d = p->given->file;
    size_t n = d->stages.n ? d->stages.v[0].from : d->instructions.n;
    int r = 0;

    for (size_t i = 0; r == 0 && i < n; i++) {
        const struct dockerfile_instruction *arg = &d->instructions.v[i];
        _cleanup_strv_ char **env = strv_copy(p->platform_args), **said = NULL;
        struct words words = {.escape = d->escape, .spent = &p->spent};

        strv_extend(&env, p->globals);
        words.env = env;
        r = dockerfile_read_arg(arg, &words, &said, err);
        STRV_FOREACH (one, said)
            free(set_arg(p, &p->globals, *one, NULL));
        if (r < 0)
            r = plan_fail(p, &arg->at, err);
    }
    return r;
}

int plan_stage_arg(struct stage_reading *r, const struct dockerfile_instruction *i, char **ret_created_by,
                   struct err *err)
{
    _cleanup_strv_ char **said = NULL, **set = NULL;
    int result = dockerfile_read_arg(i, &r->applying.words, &said, err);
    _cleanup_free_ char *joined = NULL;

    if (result < 0)
        return result;
    STRV_FOREACH (one, said)
        strv_take(&set, set_arg(r->planning, &r->args, *one, r->planning->globals));
    joined = strv_join(set, " ");
    *ret_created_by = str_printf("ARG %s", joined);
    return 0;
}

char **plan_proxies(struct planning *p, char *const *env)
{
    char **found = NULL;

    for (size_t i = 0; i < ARRAY_SIZE(proxies); i++) {
        const char *value = strv_env_get(env, proxies[i]) ? NULL : plan_build_arg(p, proxies[i]);

        if (value)
            strv_addf(&found, "%s=%s", proxies[i], value);
    }
    return found;
}

static bool is_quiet(const char *arg)
{
    for (size_t i = 0; i < ARRAY_SIZE(proxies); i++)
        if (str_after(arg, proxies[i]))
            return true;
    for (size_t i = 0; i < ARRAY_SIZE(quiet); i++)
        if (str_after(arg, quiet[i]))
            return true;
    return false;
}

void plan_warn_unconsumed(struct planning *p)
{
    _cleanup_strv_ char **names = NULL;
    _cleanup_free_ char *joined = NULL;
    size_t i = 0;

    STRV_FOREACH (arg, p->given->request->build_args) {
        if (!p->consumed[i++] && !is_quiet(*arg))
            strv_take(&names, str_ndup(*arg, strcspn(*arg, "=")));
    }
    if (!names || !p->given->warnings)
        return;
    joined = strv_join(names, " ");
    *VEC_PUSH(p->given->warnings) =
        (struct dockerfile_problem){.message = str_printf("one or more build-args [%s] were not consumed", joined)};
}
