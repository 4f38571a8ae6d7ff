#include "explain/spaces.h"

#include "bundle/bundle.h"
#include "bundle/parse.h"
#include "explain/read.h"
#include "explain/status.h"
#include "sys/dir.h"
#include "sys/fd.h"

#include <ctype.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

const struct explain_space_kind explain_space_kinds[EXPLAIN_SPACES] = {
    {"pid", "pid", "its processes see and signal each other and nobody else",
     "they see and signal each other's processes",
     "it sees every process of the host, and signals those that its user may", true},
    {"mount", "mnt", "what it mounts stays inside", "what one mounts the others have",
     "what it mounts is mounted on the host", true},
    {"network", "net", "it has interfaces, addresses, ports and rules of its own",
     "they have the same interfaces, addresses and ports, and reach each other on the loopback",
     "it has the host's interfaces and ports, and reaches what listens on the host's loopback alone", true},
    {"ipc", "ipc", "it has shared memory, semaphores and queues of its own",
     "they have the same shared memory, semaphores and queues",
     "it reaches the shared memory and queues of the host's programs", true},
    {"uts", "uts", "it has a host name of its own", "they have one host name", "it has the host's name", true},
    {"cgroup", "cgroup", "its own control group is the root of those that it sees", "they see the same control groups",
     "it sees where its control groups lie among those of the host", true},
    {"user", "user", "its ids are others on the host, and its rights count inside alone",
     "their ids and rights mean the same",
     "its ids are those of the host: root inside is root, held by the other walls"},
    {"time", "time", "its clocks of the time since the boot have an offset of their own", "they have the same clocks",
     "it has the host's clocks"},
};

/* ---- of a living one ---- */

static uint64_t inode_of(int proc, const char *file)
{
    char path[32];
    struct stat st;

    snprintf(path, sizeof(path), "ns/%s", file);
    return fstatat(proc, path, &st, 0) < 0 ? 0 : st.st_ino;
}

/* The container that a process belongs to, by its cgroup, whose last name is the id: cgroups(7). */
static bool container_of(int proc, char ret[ID_LEN + 1])
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(64 << 10);

    if (fd_read_file(proc, "cgroup", &text, NULL) < 0)
        return false;
    for (const char *p = buf_str(&text); (p = strchr(p, '/')); p++) {
        size_t n = strspn(p + 1, "0123456789abcdef");

        if (n == ID_LEN && strchr("/\n", p[1 + n])) {
            memcpy(ret, p + 1, ID_LEN);
            ret[ID_LEN] = 0;
            return true;
        }
    }
    return false;
}

static char *name_container(struct store *s, const char *id)
{
    _cleanup_container_record_ struct store_container_record record = {0};
    bool passed;

    return store_container_glance(s, id, false, &record, &passed, NULL) == 0 && !str_empty(record.name)
               ? str_printf("container %s", record.name)
               : str_printf("container %.12s", id);
}

/* What it calls itself is its own affair. */
static char *name_process(int proc, const char *pid)
{
    _cleanup_buf_ struct buf comm = BUF_INIT_MAX(256);

    fd_read_file(proc, "comm", &comm, NULL);
    return str_printf("process %s (%.*s)", pid, (int)strcspn(buf_str(&comm), "\n"), buf_str(&comm));
}

/* Adds the process to each namespace of the container that it is in without being one of its own. */
static void look_at(const struct explain_subject *subject, bool in_cgroup, const char *pid,
                    struct explain_space *spaces)
{
    _cleanup_free_ char *path = str_printf("/proc/%s", pid), *who = NULL;
    _cleanup_fd_ int proc = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    char id[ID_LEN + 1] = "";
    bool looked = false;

    for (size_t i = 0; proc >= 0 && i < EXPLAIN_SPACES; i++) {
        struct explain_space *space = &spaces[i];

        if (space->host || !space->inode || strv_len(space->others) >= EXPLAIN_SHARERS_MAX ||
            inode_of(proc, space->kind->file) != space->inode)
            continue;
        if (!looked) {
            looked = true;
            if (container_of(proc, id) ? str_eq(id, subject->id) : !in_cgroup)
                return;
            who = *id ? name_container(subject->store, id) : name_process(proc, pid);
        }
        if (!strv_contains(space->others, who))
            strv_add(&space->others, who);
    }
}

static int look_around(const struct explain_subject *subject, int proc, struct explain_space *spaces, struct err *err)
{
    _cleanup_fd_ int all = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _cleanup_strv_ char **names = NULL;
    char id[ID_LEN + 1];
    /* Without cgroups nobody knows whose a process is: it is taken for the container's. */
    bool in_cgroup = container_of(proc, id);
    int r = all < 0 ? -errno : dir_names(all, &names);

    if (r < 0)
        return err_errno(err, -r, "/proc");
    STRV_FOREACH (name, names)
        if (isdigit((unsigned char)**name))
            look_at(subject, in_cgroup, *name, spaces);
    return 0;
}

/* The host is where cbox is: this command, and who started the container, its parent, which is elsewhere where somebody
 * starts containers in a namespace of networks. A parent that is inside itself is none of them. */
static int open_parent(pid_t pid, int self)
{
    _cleanup_explain_status_ struct explain_status status = {0};
    _cleanup_free_ char *path = NULL;
    _cleanup_fd_ int parent = -1;

    if (explain_status_read(pid, &status, NULL) < 0 || !status.parent)
        return -1;
    path = str_printf("/proc/%" PRId64, status.parent);
    parent = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return parent >= 0 && inode_of(parent, "pid") == inode_of(self, "pid") ? steal_fd(&parent) : -1;
}

static int of_process(const struct explain_subject *subject, struct explain_space *spaces, struct err *err)
{
    _cleanup_free_ char *path = str_printf("/proc/%d", (int)subject->pid);
    _cleanup_fd_ int proc = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    _cleanup_fd_ int self = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
    _cleanup_fd_ int parent = -1;

    if (proc < 0 || self < 0)
        return err_errno(err, errno, "%s", proc < 0 ? path : "/proc/self");
    parent = open_parent(subject->pid, self);
    for (size_t i = 0; i < EXPLAIN_SPACES; i++) {
        const char *file = explain_space_kinds[i].file;

        spaces[i].inode = inode_of(proc, file);
        /* A kernel without this kind has one for all. */
        spaces[i].host =
            spaces[i].inode == inode_of(self, file) || (parent >= 0 && spaces[i].inode == inode_of(parent, file));
    }
    return look_around(subject, proc, spaces, err);
}

/* ---- of a specification ---- */

static char *name_joined(const struct explain_subject *subject, const struct oci_namespace *ns)
{
    const struct engine_host_config *h = &subject->options->host;
    const struct {
        const char *type, *mode;
    } modes[] = {{"network", h->network_mode}, {"ipc", h->ipc_mode}, {"pid", h->pid_mode}};

    for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
        const char *id = str_eq(ns->type, modes[i].type) ? bundle_mode_container(modes[i].mode) : NULL;

        if (id)
            return name_container(subject->store, id);
    }
    return str_dup(ns->path);
}

static void of_spec(const struct explain_subject *subject, struct explain_space *spaces)
{
    for (size_t i = 0; i < EXPLAIN_SPACES; i++) {
        const struct oci_namespace *ns = oci_spec_namespace(subject->spec, explain_space_kinds[i].type);

        spaces[i].host = !ns;
        if (spaces[i].joined)
            strv_take(&spaces[i].others, name_joined(subject, ns));
    }
}

int explain_spaces_of(const struct explain_subject *subject, struct explain_space ret[EXPLAIN_SPACES], struct err *err)
{
    int r = 0;

    for (size_t i = 0; i < EXPLAIN_SPACES; i++) {
        const struct oci_namespace *ns = oci_spec_namespace(subject->spec, explain_space_kinds[i].type);

        ret[i] = (struct explain_space){.kind = &explain_space_kinds[i], .joined = ns && ns->path};
    }
    if (subject->pid)
        r = of_process(subject, ret, err);
    else
        of_spec(subject, ret);
    if (r < 0)
        explain_spaces_release(ret);
    return r;
}

void explain_spaces_release(struct explain_space spaces[EXPLAIN_SPACES])
{
    for (size_t i = 0; i < EXPLAIN_SPACES; i++) {
        strv_free(spaces[i].others);
        spaces[i].others = NULL;
    }
}

/* ---- in words ---- */

bool explain_space_is_weak(const struct explain_space *space)
{
    return space->kind->usual && (space->host || space->joined);
}

char *explain_space_words(const struct explain_space *space)
{
    const struct explain_space_kind *kind = space->kind;
    _cleanup_free_ char *number = space->inode ? str_printf(" (%" PRIu64 ")", space->inode) : str_dup("");
    _cleanup_free_ char *whose = space->others ? strv_join(space->others, ", ") : NULL;

    if (space->host)
        return str_printf("the host's%s: %s", number, kind->host);
    return whose ? str_printf("shared with %s%s: %s", whose, number, kind->shared)
                 : str_printf("its own%s: %s", number, kind->own);
}

struct cli_value explain_space_sharers(const struct explain_space *space)
{
    _cleanup_strv_ char **with = NULL;

    if (space->host)
        strv_add(&with, "host");
    strv_extend(&with, space->others);
    return cli_value_list(with);
}

void explain_space_add(const struct explain_space *space, const char *source, explain_facts *to)
{
    _cleanup_free_ char *words = explain_space_words(space);
    struct explain_fact *fact = explain_add(to, space->kind->file, source, "%s", words);

    fact->weak = explain_space_is_weak(space);
    if (space->inode)
        explain_put(fact, "Inode", cli_value_number((int64_t)space->inode));
    explain_put(fact, "SharedWith", explain_space_sharers(space));
}

int explain_namespaces(const struct explain_subject *subject, explain_facts *ret, struct err *err _unused_)
{
    for (size_t i = 0; i < EXPLAIN_SPACES; i++) {
        const struct explain_space *space = &subject->spaces[i];
        _cleanup_free_ char *file = str_printf("ns/%s", space->kind->file), *source = explain_source(subject, file);

        explain_space_add(space, source, ret);
    }
    return 0;
}
