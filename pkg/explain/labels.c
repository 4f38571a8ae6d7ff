/* What the host's security modules make of a container. apparmor(7), selinux(8) */
#include "container/apparmor.h"
#include "explain/read.h"
#include "runtime/lsm.h"
#include "sys/fd.h"

#include <fcntl.h>

static int add_label(const struct explain_subject *subject, const char *name, const char *file, const char *planned,
                     bool usual, explain_facts *ret, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT;
    _cleanup_free_ char *source = explain_source(subject, file), *label = NULL;
    int r = subject->pid ? explain_read(subject->pid, file, &text, err) : 0;
    struct explain_fact *fact;
    bool none;

    if (r < 0)
        return r;
    label = subject->pid ? str_ndup(buf_str(&text), strcspn(buf_str(&text), "\n")) : str_dup(planned ? planned : "");
    none = !*label || str_after(label, "unconfined");
    fact = explain_add(ret, name, source, "%s", none ? "unconfined: it adds nothing to the other walls" : label);
    explain_string(fact, none ? "unconfined" : label);
    fact->weak = none && usual;
    return 0;
}

int explain_labels(const struct explain_subject *subject, explain_facts *ret, struct err *err)
{
    const struct oci_process *p = &subject->spec->process;
    _cleanup_free_ char *own = str_printf("/proc/%d/attr/apparmor/current", (int)subject->pid);
    bool apparmor = lsm_apparmor_is_on(), selinux = lsm_selinux_is_on();
    int r = 0;

    if (!apparmor && !selinux)
        explain_add(ret, "none", NULL, "the host has neither AppArmor nor SELinux switched on");
    if (apparmor) /* before Linux 5.1 there is one file for all */
        r = add_label(subject, "apparmor", access(own, F_OK) == 0 ? "attr/apparmor/current" : "attr/current",
                      p->apparmor_profile, container_apparmor() != NULL, ret, err);
    if (r == 0 && selinux)
        r = add_label(subject, "selinux", "attr/current", p->selinux_label, false, ret, err);
    return r;
}
