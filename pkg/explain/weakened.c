#include "explain/weakened.h"

#include "base/strv.h"
#include "explain/capabilities.h"
#include "explain/read.h"
#include "sys/path.h"

#include <unistd.h>

enum { CAPABILITIES_EACH = 6 /* more of them are one line */ };

static struct explain_fact *weak(const struct explain_state *s, explain_facts *to, const char *name, const char *file,
                                 const char *text)
{
    _cleanup_free_ char *source = explain_source(s->subject, file);
    struct explain_fact *fact = explain_add(to, name, source, "%s", text);

    fact->weak = true;
    return fact;
}

/* ---- all at once ---- */

static void check_privileged(const struct explain_state *s, explain_facts *to)
{
    if ((s->status->capabilities[EXPLAIN_BOUNDING] & s->all) == s->all && !s->status->seccomp && s->every_device)
        weak(s, to, "privileged", "status",
             "it has all rights of root, every device and no filter of system calls: root inside is root of the host");
}

/* ---- what of the host is mounted ---- */

static const struct precious {
    const char *path, *words;
    bool part; /* of the next one, which says enough where both are there */
} precious[] = {
    {"/", "all files of the host"},
    {"/run/docker.sock", "who speaks to docker's socket is root of the host, by a container of his own making"},
    {"/run/containerd/containerd.sock", "who speaks to containerd's socket is root of the host"},
    {"/run/podman/podman.sock", "who speaks to podman's socket is root of the host"},
    {"/run/crio/crio.sock", "who speaks to CRI-O's socket is root of the host"},
    {"/etc", "its configuration, with its users, passwords and keys"},
    {"/root", "the files of its root"},
    {"/home", "the files of its users"},
    {"/boot", "the kernel that it starts"},
    {"/dev/shm", "the shared memory of its programs", true},
    {"/dev/mqueue", "the message queues of its programs", true},
    {"/dev", "its devices, disks and memory among them"},
    {"/proc", "its processes and the settings of its kernel"},
    {"/sys", "its devices, drivers and control groups"},
    {"/usr", "its programs"},
    {"/bin", "its programs"},
    {"/sbin", "its programs"},
    {"/lib", "its libraries and the modules of its kernel"},
    {"/lib64", "its libraries"},
    {"/var/lib/docker", "the images and containers of docker"},
    {"/var/lib/containerd", "the images and containers of containerd"},
    {"/run", "the sockets of its services"},
};

/* What cbox itself puts into every container: volumes, and files of /etc. */
static bool is_usual(const struct explain_state *s, const struct explain_mount *m)
{
    static const char *const files[] = {"hosts", "hostname", "resolv.conf"};
    _cleanup_free_ char *volumes = path_join(s->root, "volumes"), *containers = path_join(s->root, "containers");
    const char *name = path_base(m->origin);

    if (explain_path_within(m->origin, volumes) && strstr(m->origin + strlen(volumes), "/_data"))
        return true;
    for (size_t i = 0; i < ARRAY_SIZE(files); i++)
        if (explain_path_within(m->origin, containers) && str_eq(name, files[i]))
            return true;
    return false;
}

static bool is_asked_for(const struct explain_state *s, const struct explain_mount *m)
{
    if (s->subject->options)
        VEC_FOREACH (p, &s->subject->options->mounts)
            if (str_eq(p->type, "bind") && str_eq(p->destination, m->target))
                return true;
    return false;
}

/* What the kernel has for everybody, seen through the container's own or the host's namespaces, is no file of the
 * host's, unless an option binds it there. Nor is that which hides: /dev/null on a file, and what memory is shared
 * through. */
static bool is_kernels(const struct explain_state *s, const struct explain_mount *m)
{
    static const char *const places[] = {"/proc", "/sys", "/dev/mqueue", "/dev/shm"};
    bool own = str_eq(m->origin, "/dev/null");

    for (size_t i = 0; i < ARRAY_SIZE(places); i++)
        own = own || (explain_path_within(m->target, places[i]) && explain_path_within(m->origin, places[i]) &&
                      !is_asked_for(s, m));
    return own;
}

/* A daemon's socket is one wherever it was told to put it. */
static bool holds(const char *origin, const struct precious *p)
{
    if (str_ends(p->path, ".sock") && str_eq(path_base(origin), path_base(p->path)))
        return true;
    if (str_eq(p->path, "/") || explain_path_within(origin, p->path))
        return str_eq(origin, p->path) || !str_eq(p->path, "/");
    return !p->part && explain_path_within(p->path, origin) && access(p->path, F_OK) == 0;
}

/* Its place in the table, the more dangerous ones first; -1 where it is nothing precious. */
static int value_of(const char *origin, const struct precious *table, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (holds(origin, &table[i]))
            return (int)i;
    return -1;
}

static void add_mount(const struct explain_state *s, const struct explain_mount *m, const struct precious *p,
                      explain_facts *to)
{
    bool read_only = strv_contains(m->options, "ro");
    _cleanup_free_ char *text =
        str_printf("is %s of the host, to be read%s: %s", m->origin, read_only ? "" : " and written", p->words);
    struct explain_fact *fact = weak(s, to, m->target, "mountinfo", text);

    explain_put(fact, "Origin", cli_value_text(m->origin));
    explain_put(fact, "Writable", cli_value_truth(!read_only));
}

struct told {
    const char *target;
    int value;
};

/* What came along with one that is told of already is told with it, unless it is worse. */
static void check_mounts(const struct explain_state *s, explain_facts *to)
{
    const size_t n = ARRAY_SIZE(precious) + 2;
    struct precious table[ARRAY_SIZE(precious) + 2];
    VEC(struct told) told = {0};

    table[0] = precious[0];
    table[1] = (struct precious){s->root, "cbox's own: every image, volume and container"};
    table[2] = (struct precious){s->state, "cbox's own: who speaks to its monitors commands their containers"};
    memcpy(&table[3], &precious[1], sizeof(precious) - sizeof(precious[0]));
    VEC_FOREACH (m, s->mounts) {
        int value = m->origin && !is_usual(s, m) && !is_kernels(s, m) ? value_of(m->origin, table, n) : -1;
        bool known = value < 0;

        VEC_FOREACH (t, &told)
            known = known || (value >= t->value && explain_path_within(m->target, t->target));
        if (known)
            continue;
        add_mount(s, m, &table[value], to);
        *VEC_PUSH(&told) = (struct told){m->target, value};
    }
    free(told.v);
}

/* ---- rights ---- */

static void check_capabilities(const struct explain_state *s, explain_facts *to)
{
    uint64_t more = s->status->capabilities[EXPLAIN_BOUNDING] & s->all & ~s->usual;
    _cleanup_strv_ char **names = explain_capability_list(more);
    _cleanup_free_ char *list = NULL, *text = NULL;

    if (strv_len(names) <= CAPABILITIES_EACH) {
        STRV_FOREACH (name, names) {
            str_replace(&text, str_printf("it may %s", explain_capability_words(*name)));
            explain_string(weak(s, to, *name, "status", text), *name);
        }
        return;
    }
    list = strv_join(names, ", ");
    text = str_printf("%zu more of root's rights than usual: %s", strv_len(names), list);
    explain_strings(weak(s, to, "capabilities", "status", text), names);
}

static void check_devices(const struct explain_state *s, explain_facts *to)
{
    _cleanup_free_ char *list = s->devices ? strv_join(s->devices, ", ") : NULL;
    struct explain_fact *fact;

    if (!s->every_device && !list)
        return;
    fact = s->every_device ? explain_add(to, "devices", s->device_source,
                                         "every device of the host: its disks, memory and terminals")
                           : explain_add(to, "devices", s->device_source, "it may open %s of the host", list);
    fact->weak = true;
    if (s->every_device)
        explain_string(fact, "all");
    else
        explain_strings(fact, s->devices);
}

static void check_spaces(const struct explain_state *s, explain_facts *to)
{
    for (size_t i = 0; i < EXPLAIN_SPACES; i++) {
        const struct explain_space *space = &s->spaces[i];
        _cleanup_free_ char *file = str_printf("ns/%s", space->kind->file), *words = NULL;
        _cleanup_free_ char *name = str_printf("%s namespace", space->kind->file);

        if (!explain_space_is_weak(space))
            continue;
        words = explain_space_words(space);
        explain_put(weak(s, to, name, file, words), "SharedWith", explain_space_sharers(space));
    }
}

static void check_filter(const struct explain_state *s, explain_facts *to)
{
    if (!s->status->seccomp)
        weak(s, to, "system calls", "status", "no filter: all of the kernel can be reached, and what is wrong in it");
    if (s->unconfined)
        weak(s, to, "apparmor", "attr/current", "no profile confines it, though the host has one for containers");
}

/* ---- the kernel's files ---- */

static void add_paths(const struct explain_state *s, explain_facts *to, const char *name, char **paths,
                      const char *words)
{
    _cleanup_free_ char *list = paths ? strv_join(paths, ", ") : NULL;
    _cleanup_free_ char *text = list ? str_printf("%s: %s", words, list) : NULL;

    if (text)
        explain_strings(weak(s, to, name, "mountinfo", text), paths);
}

/* Whether something lies over it; of what is only closed, whether that can be written. */
static char **open_paths(const struct explain_state *s, char *const *paths, bool to_write)
{
    char **open = NULL;

    STRV_FOREACH (path, paths) {
        const struct explain_mount *m = explain_mount_at(s->mounts, *path);

        if (!m || (to_write && !strv_contains(m->options, "ro")))
            strv_add(&open, *path);
    }
    return open;
}

static void check_kernel(const struct explain_state *s, explain_facts *to)
{
    _cleanup_strv_ char **masked = open_paths(s, s->masked, false), **closed = open_paths(s, s->closed, true);
    const struct explain_mount *sys = explain_mount_at(s->mounts, "/sys");
    bool cgroups = false;

    add_paths(s, to, "not hidden", masked, "what tells of the host's memory, keys, hardware and timers can be read");
    add_paths(s, to, "not closed", closed, "settings of the host's kernel can be written");
    VEC_FOREACH (m, s->mounts)
        cgroups = cgroups || (str_after(m->type, "cgroup") && !strv_contains(m->options, "ro"));
    if (sys && str_eq(sys->type, "sysfs") && !strv_contains(sys->options, "ro"))
        weak(s, to, "sysfs", "mountinfo", "/sys can be written: devices, drivers and the power of the host");
    if (cgroups)
        weak(s, to, "control groups", "mountinfo",
             "it can change its own limits, and make control groups below its own");
}

static void check_propagation(const struct explain_state *s, explain_facts *to)
{
    VEC_FOREACH (m, s->mounts) {
        _cleanup_free_ char *name = str_printf("mounts below %s", m->target);

        if (m->to_host)
            weak(s, to, name, "mountinfo", "what is mounted there inside is mounted on the host as well");
    }
}

void explain_state_weakened(const struct explain_state *state, explain_facts *to)
{
    static void (*const checks[])(const struct explain_state *s, explain_facts *to) = {
        check_privileged, check_mounts, check_capabilities, check_devices,
        check_spaces,     check_filter, check_kernel,       check_propagation,
    };

    for (size_t i = 0; i < ARRAY_SIZE(checks); i++)
        checks[i](state, to);
}
