#include "doctor/doctor.h"

#include "base/near.h"
#include "doctor/internal.h"

/* In this order: what is below comes first. */
static const struct {
    const char *name, *about;
    doctor_check_fn *look;
} checks[] = {
    {"kernel", "the calls of the kernel that cbox makes", doctor_kernel},
    {"namespaces", "the kinds of namespaces that containers have", doctor_namespaces},
    {"users", "user namespaces", doctor_users},
    {"ids", "the ids that a user may hand to containers", doctor_ids},
    {"cgroups", "control groups, and whether one can be made", doctor_cgroups},
    {"limits", "the limits that control groups have here", doctor_limits},
    {"seccomp", "filters of system calls", doctor_seccomp},
    {"labels", "AppArmor and SELinux", doctor_labels},
    {"store", "the directories of images, containers and state", doctor_store},
    {"space", "room on their disks", doctor_space},
    {"files", "what the store's file system can do", doctor_files},
    {"overlay", "overlays on the store's file system", doctor_overlay},
    {"links", "bridges and pairs of interfaces", doctor_links},
    {"nftables", "the rules of networks", doctor_nftables},
    {"forwarding", "whether the host forwards packets", doctor_forwarding},
    {"firewall", "rules of other programs", doctor_firewall},
    {"libraries", "libraries that are opened on demand", doctor_libraries},
    {"configuration", "the configuration file", doctor_configuration},
    {"clock", "the time of day", doctor_clock},
    {"registries", "registries, and what the user shows them", doctor_registries},
};

const char *doctor_verdict_name(enum doctor_verdict verdict)
{
    static const char *const names[] = {"ok", "note", "warning", "failure"};

    return names[verdict];
}

const char *doctor_check_name(size_t nth, const char **ret_about)
{
    if (nth >= ARRAY_SIZE(checks))
        return NULL;
    *ret_about = checks[nth].about;
    return checks[nth].name;
}

void doctor_findings_release(doctor_findings *findings)
{
    VEC_FOREACH (f, findings) {
        free(f->found);
        free(f->meaning);
        free(f->remedy);
    }
    free(findings->v);
    *findings = (doctor_findings){0};
}

struct doctor_finding *doctor_say(doctor_findings *to, enum doctor_verdict verdict, const char *found, ...)
{
    struct doctor_finding *f = VEC_PUSH(to);
    va_list ap;

    va_start(ap, found);
    f->verdict = verdict;
    f->found = str_vprintf(found, ap);
    va_end(ap);
    return f;
}

void doctor_means(struct doctor_finding *f, const char *meaning, const char *remedy)
{
    str_replace(&f->meaning, str_dup(meaning));
    str_replace(&f->remedy, str_dup(remedy));
}

void doctor_say_error(doctor_findings *to, enum doctor_verdict verdict, const struct err *why, const char *meaning,
                      const char *remedy)
{
    doctor_means(doctor_say(to, verdict, "%s", why->text), meaning, remedy ? remedy : str_given(why->hint));
}

void doctor_say_unseen(doctor_findings *to, const char *what, const struct err *why)
{
    struct doctor_finding *f = doctor_say(to, DOCTOR_NOTE, "%s: not looked at: %s", what, why->text);

    doctor_means(f, "a plain user cannot try this here", "sudo cbox system doctor");
}

static int check_names(char *const *names, struct err *err)
{
    STRV_FOREACH (name, names) {
        struct near near = near_to(*name);
        bool known = false;

        for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
            known |= str_eq(checks[i].name, *name);
            near_offer(&near, checks[i].name);
        }
        if (known)
            continue;
        err_set(err, ERR_INVALID, "no such check: %s", *name);
        return near.best ? err_hint(err, "did you mean %s?", near.best) : ERR_INVALID;
    }
    return 0;
}

int doctor_examine(const struct doctor_host *host, char *const *names, doctor_findings *ret, struct err *err)
{
    int r = check_names(names, err);

    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(checks); i++) {
        size_t before = ret->n;

        if (names && *names && !strv_contains(names, checks[i].name))
            continue;
        checks[i].look(host, ret);
        for (size_t n = before; n < ret->n; n++)
            ret->v[n].check = checks[i].name;
    }
    return r;
}
