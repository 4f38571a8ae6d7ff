/* --cap-add, --cap-drop, --privileged: what the program may do. capabilities(7). */
#include "bundle/bundle.h"

#include "runtime/plan.h"

#include <ctype.h>

#define ALL "ALL"

/* Docker's default set: what a program that runs as root commonly needs, and nothing that reaches the host. */
static const char *const usual[] = {
    "CAP_CHOWN",   "CAP_DAC_OVERRIDE", "CAP_FSETID",           "CAP_FOWNER",
    "CAP_MKNOD",   "CAP_NET_RAW",      "CAP_SETGID",           "CAP_SETUID",
    "CAP_SETFCAP", "CAP_SETPCAP",      "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT",
    "CAP_KILL",    "CAP_AUDIT_WRITE",
};

int bundle_normalize_capabilities(char ***list, const char *what, struct err *err)
{
    _cleanup_strv_ char **known = plan_capability_names();
    char **names = NULL;
    int r = 0;

    STRV_FOREACH (word, *list) {
        char *name = strncasecmp(*word, "CAP_", 4) == 0 ? str_dup(*word) : str_printf("CAP_%s", *word);

        for (char *p = name; *p; p++)
            *p = (char)toupper((unsigned char)*p);
        if (str_eq(name, "CAP_" ALL))
            memmove(name, name + 4, sizeof(ALL));
        else if (r == 0 && !strv_contains(known, name))
            r = err_set(err, ERR_INVALID, "invalid %s: unknown capability: \"%s\"", what, name);
        strv_take(&names, name);
    }
    strv_free(*list);
    *list = names;
    return r;
}

static void add_once(char ***list, const char *name)
{
    if (!strv_contains(*list, name))
        strv_add(list, name);
}

char **bundle_capabilities(const struct engine_host_config *h)
{
    bool everything = h->privileged || strv_contains(h->cap_add, ALL);
    _cleanup_strv_ char **known = everything ? plan_capability_names() : NULL;
    char **list = NULL;

    if (h->privileged)
        return steal_ptr(&known);
    STRV_FOREACH (name, known)
        if (!strv_contains(h->cap_drop, *name))
            strv_add(&list, *name);
    if (everything)
        return list;
    for (size_t i = 0; i < ARRAY_SIZE(usual) && !strv_contains(h->cap_drop, ALL); i++)
        if (!strv_contains(h->cap_drop, usual[i]))
            strv_add(&list, usual[i]);
    STRV_FOREACH (name, h->cap_add)
        add_once(&list, *name);
    return list;
}
