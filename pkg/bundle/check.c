/* What must hold of options, whoever wrote them: Docker's daemon's rules and words. */
#include "bundle/bundle.h"

#include "bundle/parse.h"
#include "runtime/cgroup.h"
#include "sys/signal_name.h"

#include <ctype.h>

static int check_memory(const struct engine_host_config *h, bool update, struct err *err)
{
    const char *wrong = NULL;

    if (h->memory && h->memory < CGROUP_MEMORY_MIN)
        wrong = "Minimum memory limit allowed is 6MB";
    else if (h->memory > 0 && h->memory_swap > 0 && h->memory_swap < h->memory)
        wrong = "Minimum memoryswap limit should be larger than memory limit, see usage";
    else if (!h->memory && h->memory_swap > 0 && !update)
        wrong = "You should always set the Memory limit when using Memoryswap limit, see usage";
    else if (h->memory_reservation && h->memory_reservation < CGROUP_MEMORY_MIN)
        wrong = "Minimum memory reservation allowed is 6MB";
    else if (h->memory > 0 && h->memory_reservation > 0 && h->memory < h->memory_reservation)
        wrong = "Minimum memory limit can not be less than memory reservation limit, see usage";
    else if (h->memory_swappiness && (*h->memory_swappiness < -1 || *h->memory_swappiness > 100))
        return err_set(err, ERR_INVALID, "invalid value: %lld. Valid memory swappiness range is 0-100",
                       (long long)*h->memory_swappiness);
    return wrong ? err_set(err, ERR_INVALID, "%s", wrong) : 0;
}

/* ---- lists of CPUs and memory nodes ---- */

enum { NUMBERS_MAX = 8192 };

/* The next number or range of "0-3,7"; false at the end, `*p` is NULL where it is none. */
static bool next_range(const char **p, long *first, long *last)
{
    char *end;

    if (!*p || !**p)
        return false;
    *first = *last = isdigit((unsigned char)**p) ? strtol(*p, &end, 10) : -1;
    if (*first >= 0 && *end == '-')
        *last = isdigit((unsigned char)end[1]) ? strtol(end + 1, &end, 10) : -1;
    if (*first < 0 || *last < *first || *last >= NUMBERS_MAX || (*end && *end != ','))
        *p = NULL;
    else
        *p = end + (*end == ',');
    return *p != NULL;
}

static bool holds(const char *list, long n)
{
    long first, last;

    while (next_range(&list, &first, &last))
        if (n >= first && n <= last)
            return true;
    return false;
}

static int check_list(const char *wanted, const char *there, const char *kind, const char *what, struct err *err)
{
    const char *p = wanted;
    long first, last;

    if (str_empty(wanted) || !there)
        return 0;
    while (next_range(&p, &first, &last))
        for (long n = first; n <= last; n++)
            if (!holds(there, n))
                return err_set(err, ERR_INVALID, "Requested %s are not available - requested %s, available: %s", what,
                               wanted, there);
    return p ? 0
             : err_set(err, ERR_INVALID, "Invalid value %s for cpuset %s: invalid format: %s", wanted, kind, wanted);
}

static int check_cpuset(const struct engine_host_config *h, const struct bundle_machine *m, struct err *err)
{
    int r = check_list(h->cpuset_cpus, m->cpus, "cpus", "CPUs", err);

    return r < 0 ? r : check_list(h->cpuset_mems, m->mems, "mems", "memory nodes", err);
}

static int check_cpu(const struct engine_host_config *h, unsigned n_cpus, struct err *err)
{
    const char *wrong = NULL;

    if (h->nano_cpus > 0 && h->cpu_period > 0)
        wrong = "Conflicting options: Nano CPUs and CPU Period cannot both be set";
    else if (h->nano_cpus > 0 && h->cpu_quota > 0)
        wrong = "Conflicting options: Nano CPUs and CPU Quota cannot both be set";
    else if (h->nano_cpus && (h->nano_cpus < 10000000 || h->nano_cpus > n_cpus * INT64_C(1000000000)))
        return err_set(err, ERR_INVALID, "Range of CPUs is from 0.01 to %u.00, as there are only %u CPUs available",
                       n_cpus, n_cpus);
    else if (h->cpu_period && (h->cpu_period < 1000 || h->cpu_period > 1000000))
        wrong = "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)";
    else if (h->cpu_quota > 0 && h->cpu_quota < 1000)
        wrong = "CPU cfs quota can not be less than 1ms (i.e. 1000)";
    else if (h->cpu_shares < 0)
        wrong = "CPU shares can not be less than 0";
    return wrong ? err_set(err, ERR_INVALID, "%s", wrong) : 0;
}

int bundle_check_limits(const struct engine_host_config *h, const struct bundle_machine *machine, bool update,
                        struct err *err)
{
    int r = check_memory(h, update, err);

    if (r == 0)
        r = check_cpu(h, machine->n_cpus, err);
    if (r == 0)
        r = check_cpuset(h, machine, err);
    if (r == 0 && h->blkio_weight && (h->blkio_weight < 10 || h->blkio_weight > 1000))
        r = err_set(err, ERR_INVALID, "Range of blkio weight is from 10 to 1000");
    return r;
}

static int check_modes(const struct engine_host_config *h, struct err *err)
{
    int r = bundle_check_ipc(h->ipc_mode, err);

    if (r == 0 && h->auto_remove && !str_empty(h->restart_policy.name) && !str_eq(h->restart_policy.name, "no"))
        r = err_set(err, ERR_INVALID, "conflicting options: cannot specify both --restart and --rm");
    if (r == 0 && (h->oom_score_adj < -1000 || h->oom_score_adj > 1000))
        r = err_set(err, ERR_INVALID, "Invalid value %lld, range for oom score adj is [-1000, 1000]",
                    (long long)h->oom_score_adj);
    if (r == 0 && h->shm_size < 0)
        r = err_set(err, ERR_INVALID, "SHM size can not be less than 0");
    return r;
}

static int check_health(const struct oci_healthcheck *check, struct err *err)
{
    enum { MILLISECOND = 1000000 };
    const struct {
        const char *name;
        int64_t value;
    } times[] = {{"Interval", check ? check->interval : 0},
                 {"Timeout", check ? check->timeout : 0},
                 {"StartPeriod", check ? check->start_period : 0},
                 {"StartInterval", check ? check->start_interval : 0}};

    for (size_t i = 0; i < ARRAY_SIZE(times); i++)
        if (times[i].value && times[i].value < MILLISECOND)
            return err_set(err, ERR_INVALID, "%s in Healthcheck cannot be less than 1ms", times[i].name);
    return check && check->retries < 0 ? err_set(err, ERR_INVALID, "Retries in Healthcheck cannot be negative") : 0;
}

static int check_signal(const char *text, struct err *err)
{
    int number;

    return str_empty(text) || signal_parse(text, &number, NULL) == 0
               ? 0
               : err_set(err, ERR_INVALID, "Invalid signal: %s", text);
}

int bundle_check(const struct engine_options *o, const struct bundle_machine *machine, struct err *err)
{
    int r = bundle_check_limits(&o->host, machine, false, err);

    if (r == 0)
        r = check_modes(&o->host, err);
    if (r == 0)
        r = bundle_check_networks(o, err);
    if (r == 0)
        r = check_health(o->config.config.healthcheck, err);
    return r < 0 ? r : check_signal(o->config.config.stop_signal, err);
}
