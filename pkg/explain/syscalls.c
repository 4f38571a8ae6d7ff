#include "explain/syscalls.h"

#include "bundle/seccomp.h"
#include "explain/capabilities.h"
#include "explain/read.h"
#include "monitor/monitor.h"

#include <inttypes.h>
#include <stdio.h>

/* ---- a profile ---- */

static bool lets_through(const char *action)
{
    return str_eq(action, "SCMP_ACT_ALLOW") || str_eq(action, "SCMP_ACT_LOG");
}

enum explain_verdict explain_syscall_verdict(const struct oci_seccomp *profile, const char *name)
{
    bool usually = lets_through(profile->default_action);

    VEC_FOREACH (rule, &profile->syscalls) {
        bool through = lets_through(rule->action);

        if (!strv_contains(rule->names, name) || through == usually)
            continue;
        if (rule->args.n)
            return EXPLAIN_SOMETIMES;
        return through ? EXPLAIN_ALLOWED : EXPLAIN_REFUSED;
    }
    return usually ? EXPLAIN_ALLOWED : EXPLAIN_REFUSED;
}

/* All that it names with this verdict, sorted, each once. */
static char **named(const struct oci_seccomp *profile, enum explain_verdict verdict)
{
    char **all = NULL, **list = NULL;
    size_t n = 0;

    VEC_FOREACH (rule, &profile->syscalls)
        STRV_FOREACH (name, rule->names)
            strv_take_at(&all, n++, str_dup(*name));
    strv_sort(all);
    n = 0;
    for (char **name = all; name && *name; name++)
        if ((name == all || !str_eq(name[-1], *name)) && explain_syscall_verdict(profile, *name) == verdict)
            strv_take_at(&list, n++, str_dup(*name));
    strv_free(all);
    return list;
}

/* ---- in words ---- */

static const struct {
    const char *action, *words;
} actions[] = {
    {"SCMP_ACT_ALLOW", "is carried out"},          {"SCMP_ACT_LOG", "is carried out, and written to the host's log"},
    {"SCMP_ACT_KILL", "ends the thread"},          {"SCMP_ACT_KILL_THREAD", "ends the thread"},
    {"SCMP_ACT_KILL_PROCESS", "ends the process"}, {"SCMP_ACT_TRAP", "brings the signal SIGSYS"},
    {"SCMP_ACT_TRACE", "is left to a tracer"},     {"SCMP_ACT_NOTIFY", "is answered by an agent outside"},
};

static char *describe_action(const char *action, const int64_t *errno_ret)
{
    int number = errno_ret ? (int)*errno_ret : EPERM;
    const char *name = strerrorname_np(number);

    for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
        if (str_eq(actions[i].action, action))
            return str_dup(actions[i].words);
    return name ? str_printf("fails with %s", name) : str_printf("fails with error %d", number);
}

static void add_default(const struct oci_seccomp *profile, const char *source, explain_facts *to)
{
    _cleanup_free_ char *what = describe_action(profile->default_action, profile->default_errno_ret);
    struct explain_fact *fact = explain_add(to, "default", source, "What the profile does not name %s", what);

    explain_put(fact, "Action", cli_value_text(profile->default_action));
    if (profile->default_errno_ret)
        explain_put(fact, "Errno", cli_value_number(*profile->default_errno_ret));
    if (!lets_through(profile->default_action))
        explain_add(to, "unknown", source,
                    "What is newer than the profile fails with ENOSYS, as on a kernel that does not have it");
    if (profile->flags)
        explain_strings(explain_add(to, "flags", source, "How it was loaded"), profile->flags);
}

static void add_allowed(const struct oci_seccomp *profile, const char *source, explain_facts *to)
{
    _cleanup_strv_ char **always = named(profile, EXPLAIN_ALLOWED), **sometimes = named(profile, EXPLAIN_SOMETIMES);
    _cleanup_free_ char *list = sometimes ? strv_join(sometimes, ", ") : NULL;
    bool usually = lets_through(profile->default_action);
    struct explain_fact *fact;

    if (usually)
        explain_string(explain_add(to, "allowed", source, "All that the profile does not refuse"), "all");
    else
        explain_number(explain_add(to, "allowed", source, "%zu system calls by name", strv_len(always)),
                       (int64_t)strv_len(always));
    if (!sometimes)
        return;
    fact = explain_add(to, "sometimes", source, "%s: with some arguments, and refused with others", list);
    explain_strings(fact, sometimes);
}

/* The calls of a group that the profile says this to; NULL: none. The caller frees the vector. */
static char **of_group(const struct explain_syscall_group *g, const struct oci_seccomp *profile,
                       enum explain_verdict verdict)
{
    _cleanup_strv_ char **all = strv_split(g->names, ' ');
    char **list = NULL;

    STRV_FOREACH (name, all)
        if (explain_syscall_verdict(profile, *name) == verdict)
            strv_add(&list, *name);
    return list;
}

static void add_group(struct explain_fact *above, const struct explain_syscall_group *g, char *const *names, bool weak)
{
    _cleanup_free_ char *list = strv_join(names, ", ");
    struct explain_fact *fact = explain_below(above, g->name, NULL, "%s: %s", g->words, list);

    explain_strings(fact, names);
    fact->weak = weak;
}

static void add_refused(const struct oci_seccomp *profile, const char *source, explain_facts *to)
{
    struct explain_fact *above = explain_add(to, "refused", source, "What they would have done");
    _cleanup_strv_ char **refused = NULL, **all = named(profile, EXPLAIN_REFUSED), **others = NULL;

    for (size_t i = 0; i < explain_n_syscall_groups; i++) {
        _cleanup_strv_ char **names = of_group(&explain_syscall_groups[i], profile, EXPLAIN_REFUSED);

        if (names)
            add_group(above, &explain_syscall_groups[i], names, false);
        strv_extend(&refused, names);
    }
    STRV_FOREACH (name, all) /* that are allowed elsewhere */
        if (!strv_contains(refused, *name))
            strv_add(&others, *name);
    if (others)
        add_group(above, &(struct explain_syscall_group){"others", NULL, "refused by this profile"}, others, false);
    strv_extend(&refused, others);
    explain_strings(above, refused);
}

/* What the usual profile refuses and this one does not. */
static void add_given(const struct oci_seccomp *profile, const struct oci_seccomp *usual, const char *source,
                      explain_facts *to)
{
    struct explain_fact *above = NULL;

    for (size_t i = 0; i < explain_n_syscall_groups; i++) {
        _cleanup_strv_ char **allowed = of_group(&explain_syscall_groups[i], profile, EXPLAIN_ALLOWED);
        _cleanup_strv_ char **given = NULL;

        STRV_FOREACH (name, allowed)
            if (explain_syscall_verdict(usual, *name) != EXPLAIN_ALLOWED)
                strv_add(&given, *name);
        if (!given)
            continue;
        if (!above)
            above = explain_add(to, "more than usual", source, "What it may do beyond a container without options");
        add_group(above, &explain_syscall_groups[i], given, true);
    }
}

void explain_profile_add(const struct oci_seccomp *profile, const struct oci_seccomp *usual, const char *source,
                         explain_facts *to)
{
    add_given(profile, usual, source, to);
    add_allowed(profile, source, to);
    add_refused(profile, source, to);
    add_default(profile, source, to);
}

void explain_seccomp_mode_add(int64_t mode, int64_t filters, const char *source, explain_facts *to)
{
    static const char *const words[] = {
        "none: every system call reaches the kernel",
        "strict: no more than read, write, and its end",
        "on: each system call is looked at before it is carried out",
    };
    struct explain_fact *fact = explain_add(to, "filter", source, "%s", words[mode >= 0 && mode <= 2 ? mode : 2]);

    explain_put(fact, "Mode", cli_value_number(mode));
    if (filters >= 0)
        explain_put(fact, "Filters", cli_value_number(filters));
    fact->weak = mode == 0;
}

/* ---- of a container ---- */

static int add_profile(const struct explain_subject *subject, explain_facts *ret, struct err *err)
{
    const struct oci_linux *l = &subject->spec->platform;
    _cleanup_strv_ char **names = explain_capability_list(explain_capabilities_usual());
    _cleanup_free_ char *source = explain_spec_source(subject);
    struct bundle_seccomp_host host;
    struct oci_seccomp *usual, text = {0};
    int r = l->seccomp_text ? json_parse(l->seccomp_text, strlen(l->seccomp_text), &oci_seccomp_type, &text, err) : 0;

    if (r < 0)
        return r;
    if (!l->seccomp && !l->seccomp_text) {
        explain_add(ret, "profile", source, "not of this container: it comes from whoever started cbox");
        return 0;
    }
    bundle_seccomp_host(&host);
    usual = bundle_seccomp_default(&host, names);
    explain_profile_add(l->seccomp ? l->seccomp : &text, usual, source, ret);
    json_free(&oci_seccomp_type, usual);
    free(usual);
    json_free(&oci_seccomp_type, &text);
    return 0;
}

int explain_syscalls(const struct explain_subject *subject, explain_facts *ret, struct err *err)
{
    _cleanup_explain_status_ struct explain_status status = {0};
    _cleanup_free_ char *source = explain_source(subject, "status");
    int r = explain_status_of(subject, &status, err);

    if (r < 0)
        return r;
    explain_seccomp_mode_add(status.seccomp, status.filters, source, ret);
    return status.seccomp == 2 ? add_profile(subject, ret, err) : 0;
}
