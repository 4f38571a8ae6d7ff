#include "explain/processes.h"

#include "cli/term.h"
#include "explain/read.h"
#include "explain/status.h"
#include "runtime/cgroup.h"

#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>

enum { DEPTH_MAX = 8 /* what lies deeper is drawn there: a line has 80 columns */ };

void explain_processes_release(explain_process_list *list)
{
    VEC_FOREACH (p, list) {
        free(p->user);
        free(p->command);
    }
    free(list->v);
    *list = (explain_process_list){0};
}

char *explain_command_line(const char *text, size_t len, const char *name)
{
    _cleanup_free_ char *line = len ? mem_zalloc(len + 1, 1) : str_printf("[%s]", name);
    _cleanup_buf_ struct buf out = BUF_INIT;
    size_t n = MIN_OF(len, (size_t)EXPLAIN_COMMAND_MAX);

    for (size_t i = 0; i < n; i++)
        line[i] = text[i] ? text[i] : ' ';
    while (n && line[n - 1] == ' ') /* the last argument's end, and empty ones */
        line[--n] = 0;
    cli_add_printable(&out, line);
    if (len > EXPLAIN_COMMAND_MAX)
        buf_adds(&out, "…");
    return buf_steal(&out);
}

/* ---- as a tree ---- */

struct tree {
    const explain_process_list *list;
    explain_facts *to;
    size_t shown, left; /* how many were, and may still be */
    int pid_width, user_width;
    bool last[DEPTH_MAX]; /* whether what is drawn at this depth has nobody behind it */
};

static bool is_in(const explain_process_list *list, int64_t pid)
{
    VEC_FOREACH (p, list)
        if (p->outside == pid)
            return true;
    return false;
}

static void add_process(struct tree *t, const struct explain_process *p, size_t depth)
{
    _cleanup_free_ char *name = p->inside ? str_printf("%" PRId64, p->inside) : str_dup("-");
    _cleanup_free_ char *source = str_printf("/proc/%" PRId64 "/status", p->outside);
    _cleanup_buf_ struct buf drawn = BUF_INIT;
    struct explain_fact *fact;

    for (size_t i = 1; i < depth; i++)
        buf_adds(&drawn, t->last[i] ? "   " : "│  ");
    if (depth)
        buf_adds(&drawn, t->last[depth] ? "└─ " : "├─ ");
    if (p->by)
        buf_addf(&drawn, "by %s: ", p->by);
    if (p->by && p->parent)
        str_replace(&source, str_printf("%s, /proc/%" PRId64 "/status", source, p->parent));
    fact = explain_add(t->to, name, source, "is %*" PRId64 " outside  %-*s  %s%s", t->pid_width, p->outside,
                       t->user_width, p->user, buf_str(&drawn), p->command);
    explain_put(fact, "Inside", p->inside ? cli_value_number(p->inside) : (struct cli_value){.kind = CLI_NULL});
    explain_put(fact, "Outside", cli_value_number(p->outside));
    explain_put(fact, "Parent", cli_value_number(p->parent));
    explain_put(fact, "Uid", cli_value_number(p->uid));
    explain_put(fact, "User", cli_value_text(p->user));
    explain_put(fact, "Command", cli_value_text(p->command));
    if (p->by)
        explain_put(fact, "By", cli_value_text(p->by));
    t->shown++;
    t->left--;
}

/* `parent` 0: those whose parent is none of them, the first process and what was started from outside. */
static const struct explain_process *next_child(const struct tree *t, int64_t parent,
                                                const struct explain_process *after)
{
    const struct explain_process *p = after ? after + 1 : t->list->v;

    for (; t->list->n && p < t->list->v + t->list->n; p++)
        if (p->outside != p->parent && (parent ? p->parent == parent : !is_in(t->list, p->parent)))
            return p;
    return NULL;
}

/* Goes as deep as there are lines left to print at most. */
static void add_children(struct tree *t, int64_t parent, size_t depth)
{
    const struct explain_process *p = next_child(t, parent, NULL), *next;

    for (; p && t->left; p = next) {
        next = next_child(t, parent, p);
        t->last[depth] = !next;
        add_process(t, p, depth);
        add_children(t, p->outside, MIN_OF(depth + 1, (size_t)DEPTH_MAX - 1));
    }
}

void explain_processes_add(const explain_process_list *list, size_t all, size_t shown, const char *source,
                           explain_facts *to)
{
    struct tree t = {.list = list, .to = to, .left = shown};

    VEC_FOREACH (p, list) {
        t.pid_width = MAX_OF(t.pid_width, snprintf(NULL, 0, "%" PRId64, p->outside));
        t.user_width = MAX_OF(t.user_width, (int)cli_text_width(p->user));
    }
    explain_number(explain_add(to, "count", source, "%zu process%s", all, all == 1 ? "" : "es"), (int64_t)all);
    add_children(&t, 0, 0);
    if (t.shown < all)
        explain_number(explain_add(to, "more", source, "%zu others are not shown", all - t.shown),
                       (int64_t)(all - t.shown));
}

/* ---- of a living container ---- */

static char *name_user(int64_t uid)
{
    const struct passwd *pw = uid < 0 ? NULL : getpwuid((uid_t)uid);

    return pw ? str_dup(pw->pw_name) : str_printf("%" PRId64, uid);
}

static bool read_process(pid_t pid, size_t level, struct explain_process *ret)
{
    _cleanup_explain_status_ struct explain_status status = {0};
    _cleanup_buf_ struct buf command = BUF_INIT;

    if (explain_status_read(pid, &status, NULL) < 0) /* it has ended, which says nothing of the others */
        return false;
    explain_read(pid, "cmdline", &command, NULL);
    *ret = (struct explain_process){
        .outside = pid,
        .parent = status.parent,
        .inside = level < status.pids.n ? status.pids.v[level] : 0,
        .uid = status.uid[1],
        .user = name_user(status.uid[1]),
        .command = explain_command_line(buf_str(&command), command.len, status.name),
    };
    return true;
}

/* Nobody inside is the parent of what came from outside: that is of a namespace of processes above the container's,
 * whose processes have a number less, or one that we do not see. Where the namespace is ours, as the host's is, such a
 * one does not differ from what lost its parent. Probes are run by children of the monitor, which is the parent of the
 * first process. pid_namespaces(7) */
static const char *who_put_it_there(const struct explain_status *first, int64_t its_parent)
{
    _cleanup_explain_status_ struct explain_status parent = {0};

    if (first->pids.n < 2)
        return NULL;
    if (!its_parent)
        return "exec";
    if (explain_status_read((pid_t)its_parent, &parent, NULL) < 0 || parent.pids.n >= first->pids.n)
        return NULL;
    return parent.parent == first->parent ? "health check" : "exec";
}

/* All that are in its cgroup: what was started by exec(1) has no parent among them. */
static int list_processes(const struct explain_subject *subject, cgroup_pid_list *ret, char **ret_source,
                          struct err *err)
{
    _cleanup_cgroup_host_ struct cgroup_host host = {0};
    _cleanup_cgroup_ struct cgroup *cg = NULL;
    int r = cgroup_host_detect(&host, err);

    if (r == 0)
        r = cgroup_open(&cg, &host, subject->record->cgroup, err);
    if (r == 0)
        r = cgroup_pids(cg, ret, err);
    for (size_t c = 0; r == 0 && !*ret_source && c < CGROUP_CONTROLLERS; c++)
        if (cgroup_dir(cg, (enum cgroup_controller)c))
            *ret_source = str_printf("%s/cgroup.procs", cgroup_dir(cg, (enum cgroup_controller)c));
    return r;
}

/* Its first process comes first, whatever its number outside. */
static int by_inside(const void *a, const void *b)
{
    const struct explain_process *p = a, *q = b;

    if (p->inside != q->inside)
        return p->inside < q->inside ? -1 : 1;
    return p->outside < q->outside ? -1 : p->outside > q->outside;
}

static int explain_living(const struct explain_subject *subject, explain_facts *ret, struct err *err)
{
    _cleanup_explain_status_ struct explain_status first = {0};
    _cleanup_(explain_processes_release) explain_process_list list = {0};
    _cleanup_free_ char *source = NULL;
    cgroup_pid_list pids = {0};
    int r = list_processes(subject, &pids, &source, err);

    if (r == 0)
        r = explain_status_read(subject->pid, &first, err);
    for (size_t i = 0; r == 0 && i < MIN_OF(pids.n, (size_t)EXPLAIN_PROCESSES_READ); i++) {
        struct explain_process p;

        /* The number that counts is that in the namespace of the first one; further ones may lie below. */
        if (read_process(pids.v[i], first.pids.n ? first.pids.n - 1 : 0, &p))
            *VEC_PUSH(&list) = p;
    }
    VEC_FOREACH (p, &list)
        if (p->outside != subject->pid && !is_in(&list, p->parent))
            p->by = who_put_it_there(&first, p->parent);
    if (list.n)
        qsort(list.v, list.n, sizeof(*list.v), by_inside);
    if (r == 0)
        explain_processes_add(&list, pids.n, EXPLAIN_PROCESSES_SHOWN, source, ret);
    free(pids.v);
    return r;
}

int explain_processes(const struct explain_subject *subject, explain_facts *ret, struct err *err)
{
    _cleanup_free_ char *command = NULL, *source = explain_source(subject, "status");
    const struct oci_namespace *ns = oci_spec_namespace(subject->spec, "pid");

    if (subject->pid)
        return explain_living(subject, ret, err);
    command = strv_join(subject->spec->process.args, " ");
    explain_string(explain_add(ret, "command", source, "%s would be process %s inside", command,
                               ns && !ns->path ? "1" : "any number"),
                   command);
    return 0;
}
