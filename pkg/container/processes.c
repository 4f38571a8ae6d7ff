#include "container/processes.h"

#include "container/exec.h"
#include "monitor/monitor.h"
#include "runtime/stats.h"
#include "sys/fd.h"
#include "sys/proc.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/sysinfo.h>
#include <unistd.h>

enum { STAT_MAX = 1 << 20 };

static int open_cgroup(const struct store_container_record *record, struct cgroup_host *ret_host, struct cgroup **ret,
                       struct err *err)
{
    int r = cgroup_host_detect(ret_host, err);

    return r < 0 ? r : cgroup_open(ret, ret_host, record->cgroup, err);
}

int container_processes(struct store *s, const struct container_view *v, cgroup_pid_list *ret, struct err *err)
{
    _cleanup_cgroup_host_ struct cgroup_host host = {0};
    _cleanup_cgroup_ struct cgroup *cg = NULL;
    int r;

    if (v->record.status == STORE_CONTAINER_RESTARTING)
        return err_set(err, ERR_INVALID, "container %s is restarting, wait until the container is running", v->id);
    if (v->pidfd < 0)
        return err_set(err, ERR_INVALID, "container %s is not running", v->id);
    r = open_cgroup(&v->record, &host, &cg, err);
    if (r == 0)
        r = cgroup_pids(cg, ret, err);
    if (r == 0)
        monitor_tell(s, &v->record, "top", NULL, NULL);
    return r;
}

/* ---- execs ---- */

static int by_number(const void *a, const void *b)
{
    const pid_t *p = a, *q = b;

    return *p < *q ? -1 : *p > *q;
}

/* `pid` is waited for from outside: one of the container's own may call itself what it likes. */
static bool find_exec(const cgroup_pid_list *own, pid_t pid, char ret_id[CONTAINER_EXEC_ID_MAX])
{
    uint64_t number;
    pid_t parent;

    if (proc_number(pid, PROC_PARENT, &number) < 0)
        return false;
    parent = (pid_t)number;
    return !bsearch(&parent, own->v, own->n, sizeof(parent), by_number) && container_exec_id(parent, ret_id);
}

char **container_exec_ids(const struct store_container_record *record)
{
    _cleanup_cgroup_host_ struct cgroup_host host = {0};
    _cleanup_cgroup_ struct cgroup *cg = NULL;
    cgroup_pid_list list = {0};
    char **ids = NULL;
    int r = store_container_is_alive(record->status) ? open_cgroup(record, &host, &cg, NULL) : ERR_NOT_FOUND;

    if (r == 0)
        r = cgroup_pids(cg, &list, NULL);
    VEC_FOREACH (pid, &list) {
        char id[CONTAINER_EXEC_ID_MAX];

        if (find_exec(&list, *pid, id))
            strv_add(&ids, id);
    }
    free(list.v);
    return ids;
}

/* ---- usage ---- */

/* The CPU time of all processors but what they were idle for, and that: the first line of /proc/stat. proc_stat(5) */
static uint64_t host_cpu(void)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(STAT_MAX);
    unsigned long long fields[8] = {0}, sum = 0;

    if (fd_read_file(AT_FDCWD, "/proc/stat", &text, NULL) < 0)
        return 0;
    sscanf(buf_str(&text), "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &fields[0], &fields[1], &fields[2],
           &fields[3], &fields[4], &fields[5], &fields[6], &fields[7]);
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
        sum += fields[i];
    return sum * (1000000000 / (unsigned long long)sysconf(_SC_CLK_TCK));
}

static uint64_t host_memory(void)
{
    struct sysinfo info;

    return sysinfo(&info) == 0 ? (uint64_t)info.totalram * info.mem_unit : UINT64_MAX;
}

/* As Docker has it since 20.10: what the kernel would drop first is not counted. */
static uint64_t memory_in_use(const struct stats *stats)
{
    static const char *const names[] = {"total_inactive_file", "inactive_file"};
    uint64_t usage = stats->memory.usage.usage;

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        VEC_FOREACH (v, &stats->memory.raw)
            if (str_eq(v->name, names[i]))
                return usage - (v->value < usage ? v->value : 0);
    return usage;
}

static void take_traffic(const struct stats *stats, struct container_usage *u)
{
    VEC_FOREACH (i, &stats->network)
        if (!str_eq(i->name, "lo")) {
            u->received += i->received[0];
            u->sent += i->sent[0];
        }
    VEC_FOREACH (e, &stats->io.lists[STATS_IO_BYTES]) {
        u->read += strcasecmp(e->op, "read") == 0 ? e->value : 0;
        u->written += strcasecmp(e->op, "write") == 0 ? e->value : 0;
    }
}

/* A process in the container's network, where that is its own; 0: none. */
static pid_t network_process(const struct store_container_record *record)
{
    uint64_t start;

    if (str_eq(record->network, "host") || proc_number((pid_t)record->pid, PROC_START_TIME, &start) < 0 ||
        start != record->pid_start)
        return 0;
    return (pid_t)record->pid;
}

int container_usage(const struct store_container_record *record, struct container_usage *ret, struct err *err)
{
    _cleanup_cgroup_host_ struct cgroup_host host = {0};
    _cleanup_cgroup_ struct cgroup *cg = NULL;
    _cleanup_stats_ struct stats stats = {0};
    struct err why = ERR_INIT;
    int r = store_container_is_alive(record->status) ? open_cgroup(record, &host, &cg, &why) : ERR_NOT_FOUND;

    *ret = (struct container_usage){.cpus = (unsigned)sysconf(_SC_NPROCESSORS_ONLN)};
    if (r == 0)
        r = stats_read(cg, network_process(record), &stats, &why);
    if (r == ERR_NOT_FOUND)
        return 0;
    if (r < 0) {
        if (err)
            *err = why;
        return r;
    }
    ret->cpu = stats.cpu.total;
    ret->system = host_cpu();
    ret->memory = memory_in_use(&stats);
    ret->memory_limit = MIN_OF(stats.memory.usage.limit, host_memory());
    ret->pids = stats.pids.current;
    take_traffic(&stats, ret);
    return 0;
}

double container_usage_cpu(const struct container_usage *before, const struct container_usage *now)
{
    if (now->cpu <= before->cpu || now->system <= before->system || !before->system)
        return 0;
    return (double)(now->cpu - before->cpu) / (double)(now->system - before->system) * now->cpus * 100;
}

double container_usage_memory(const struct container_usage *u)
{
    return u->memory_limit ? (double)u->memory / (double)u->memory_limit * 100 : 0;
}
