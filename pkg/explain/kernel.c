/* What is masked, read-only or set of the kernel, and which devices there are. */
#include "explain/kernel.h"

#include "explain/devices.h"
#include "explain/read.h"
#include "network/attach.h"
#include "sys/dir.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <sys/sysmacros.h>

enum { LIST_MAX = 1 << 20, NODES_MAX = 64 /* that are named */ };

/* ---- settings ---- */

struct setting {
    const char *name;
    struct buf value;
    bool known;
};

static int read_setting(void *data, _unused_ struct err *err)
{
    struct setting *s = data;
    _cleanup_free_ char *path = str_printf("/proc/sys/%s", s->name);

    for (char *p = path + strlen("/proc/sys/"); *p; p++)
        *p = *p == '.' ? '/' : *p == '/' ? '.' : *p;
    s->known = fd_read_file(AT_FDCWD, path, &s->value, NULL) == 0;
    if (s->known && str_ends(s->value.p, "\n"))
        s->value.p[--s->value.len] = 0;
    for (char *p = s->value.p; p && *p; p++)
        *p = *p == '\t' ? ' ' : *p;
    return 0;
}

/* The kernel shows them to whoever asks as his own namespace has them. Those of a network are asked from inside. */
static void read_within(const struct explain_subject *subject, struct setting *s)
{
    _cleanup_free_ char *path = str_printf("/proc/%d/ns/net", (int)subject->pid);
    _cleanup_fd_ int ns = str_after(s->name, "net.") ? open(path, O_RDONLY | O_CLOEXEC) : -1;

    if (ns >= 0)
        network_namespace_within(ns, read_setting, s, NULL);
}

/* Those of message queues and shared memory belong to the namespace of who asks as well. */
static void read_ipc(const struct explain_subject *subject, struct setting *s)
{
    _cleanup_free_ char *path = str_printf("/proc/%d/ns/ipc", (int)subject->pid);
    _cleanup_fd_ int theirs = open(path, O_RDONLY | O_CLOEXEC), ours = open("/proc/self/ns/ipc", O_RDONLY | O_CLOEXEC);

    if (theirs < 0 || ours < 0 || setns(theirs, CLONE_NEWIPC) < 0)
        return;
    read_setting(s, NULL);
    if (setns(ours, CLONE_NEWIPC) < 0)
        abort(); /* what is read afterwards would be the container's */
}

static bool is_ipc(const char *name)
{
    static const char *const prefixes[] = {"kernel.shm", "kernel.msg", "kernel.sem", "fs.mqueue."};

    for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
        if (str_after(name, prefixes[i]))
            return true;
    return false;
}

static void add_setting(const struct explain_subject *subject, const char *entry, struct explain_fact *group)
{
    _cleanup_free_ char *name = str_ndup(entry, strcspn(entry, "=")), *source = NULL;
    const char *asked = strchr(entry, '=');
    struct setting s = {.name = name, .value = BUF_INIT_MAX(LIST_MAX)};
    struct explain_fact *fact;

    if (subject->pid && is_ipc(name))
        read_ipc(subject, &s);
    else if (subject->pid)
        read_within(subject, &s);
    source = s.known ? str_printf("sysctl %s in its namespaces", name) : NULL;
    if (subject->pid && !s.known)
        fact = explain_below(group, name, source, "asked to be %s, and cannot be read", asked ? asked + 1 : "");
    else
        fact = explain_below(group, name, source, "%s", s.known ? buf_str(&s.value) : asked ? asked + 1 : "");
    if (s.known || !subject->pid)
        explain_string(fact, s.known ? buf_str(&s.value) : asked ? asked + 1 : "");
    buf_free(&s.value);
}

static void add_settings(const struct explain_subject *subject, explain_facts *ret)
{
    _cleanup_free_ char *config = explain_spec_source(subject);
    struct explain_fact *group;

    if (!strv_len(subject->spec->platform.sysctl))
        return;
    group = explain_add(ret, "settings", config, "set for it alone, as its namespaces have them");
    STRV_FOREACH (entry, subject->spec->platform.sysctl)
        add_setting(subject, *entry, group);
}

/* ---- devices ---- */

static int add_devices(const struct explain_subject *subject, explain_facts *ret, struct err *err)
{
    _cleanup_free_ char *source = NULL;
    device_rules rules = {0};
    int r = explain_device_rules_of(subject, &rules, &source, err);

    if (r == 0)
        explain_kernel_devices(&rules, source, ret);
    free(rules.v);
    return r;
}

/* ---- nodes ---- */

static void take_nodes(int dir, char *const *names, char ***nodes, size_t *ret_left)
{
    STRV_FOREACH (name, names) {
        struct stat st;

        if (fstatat(dir, *name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !(S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)))
            continue;
        if (strv_len(*nodes) < NODES_MAX)
            strv_addf(nodes, "%s (%c %u:%u)", *name, S_ISCHR(st.st_mode) ? 'c' : 'b', major(st.st_rdev),
                      minor(st.st_rdev));
        else
            ++*ret_left;
    }
}

static int read_nodes(const struct explain_subject *subject, char ***nodes, size_t *ret_left, struct err *err)
{
    _cleanup_fd_ int dir = explain_open_inside(subject, "/dev", O_RDONLY | O_DIRECTORY);
    _cleanup_strv_ char **names = NULL;
    int r = dir < 0 ? dir : dir_names(dir, &names);

    if (r < 0)
        return err_errno(err, -r, "/proc/%d/root/dev", (int)subject->pid);
    strv_sort(names);
    take_nodes(dir, names, nodes, ret_left);
    return 0;
}

static void add_nodes(const struct explain_subject *subject, explain_facts *ret)
{
    _cleanup_free_ char *source = str_printf("/proc/%d/root/dev", (int)subject->pid), *text = NULL;
    _cleanup_strv_ char **nodes = NULL;
    struct err why = ERR_INIT;
    size_t left = 0;

    if (!subject->pid)
        return;
    if (read_nodes(subject, &nodes, &left, &why) < 0) {
        explain_unread(ret, "nodes", &why);
        return;
    }
    text = nodes ? strv_join(nodes, ", ") : str_dup("none in /dev");
    if (left)
        str_replace(&text, str_printf("%s and %zu more", text, left));
    explain_strings(explain_add(ret, "nodes", source, "%s", text), nodes);
}

/* ---- all ---- */

static int look(const char *path, struct stat *ret)
{
    return stat(path, ret);
}

int explain_kernel(const struct explain_subject *subject, explain_facts *ret, struct err *err)
{
    _cleanup_free_ char *source = explain_source(subject, "mountinfo");
    _cleanup_explain_mounts_ explain_mounts mounts = {0};
    struct explain_kernel_view v = {.mounts = &mounts, .source = source, .look = look};
    struct err why = ERR_INIT;
    int r = explain_mounts_of(subject, &mounts, err);

    if (r < 0)
        return r;
    explain_kernel_paths(&v, ret);
    add_settings(subject, ret);
    if (add_devices(subject, ret, &why) < 0)
        explain_unread(ret, "devices", &why);
    add_nodes(subject, ret);
    return 0;
}
