/* libsystemd's adapter: sd-bus. */
#include "runtime/systemd.h"

#include "base/log.h"
#include "base/time.h"
#include "runtime/cgroup_plan.h"
#include "sys/dl.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

static struct {
    __typeof__(&sd_bus_open_system) sd_bus_open_system;
    __typeof__(&sd_bus_flush_close_unref) sd_bus_flush_close_unref;
    __typeof__(&sd_bus_call_method) sd_bus_call_method;
    __typeof__(&sd_bus_match_signal) sd_bus_match_signal;
    __typeof__(&sd_bus_message_new_method_call) sd_bus_message_new_method_call;
    __typeof__(&sd_bus_message_append) sd_bus_message_append;
    __typeof__(&sd_bus_message_open_container) sd_bus_message_open_container;
    __typeof__(&sd_bus_message_close_container) sd_bus_message_close_container;
    __typeof__(&sd_bus_message_read) sd_bus_message_read;
    __typeof__(&sd_bus_message_unref) sd_bus_message_unref;
    __typeof__(&sd_bus_call) sd_bus_call;
    __typeof__(&sd_bus_process) sd_bus_process;
    __typeof__(&sd_bus_wait) sd_bus_wait;
    __typeof__(&sd_bus_error_free) sd_bus_error_free;
} lib;

static const struct dl_symbol symbols[] = {
    DL_SYMBOL(lib, sd_bus_open_system),
    DL_SYMBOL(lib, sd_bus_flush_close_unref),
    DL_SYMBOL(lib, sd_bus_call_method),
    DL_SYMBOL(lib, sd_bus_match_signal),
    DL_SYMBOL(lib, sd_bus_message_new_method_call),
    DL_SYMBOL(lib, sd_bus_message_append),
    DL_SYMBOL(lib, sd_bus_message_open_container),
    DL_SYMBOL(lib, sd_bus_message_close_container),
    DL_SYMBOL(lib, sd_bus_message_read),
    DL_SYMBOL(lib, sd_bus_message_unref),
    DL_SYMBOL(lib, sd_bus_call),
    DL_SYMBOL(lib, sd_bus_process),
    DL_SYMBOL(lib, sd_bus_wait),
    DL_SYMBOL(lib, sd_bus_error_free),
};
static struct dl_library library = {"libsystemd.so.0", "libsystemd0", symbols, ARRAY_SIZE(symbols)};

static const char service[] = "org.freedesktop.systemd1", object[] = "/org/freedesktop/systemd1",
                  manager[] = "org.freedesktop.systemd1.Manager";

enum { PATIENCE_S = 30, US_PER_S = 1000000 };

int systemd_check(struct err *err)
{
    struct stat st;

    if (lstat("/run/systemd/system", &st) == 0 && S_ISDIR(st.st_mode))
        return 0;
    return err_set(err, ERR_UNSUPPORTED,
                   "--systemd-cgroup: systemd does not run on this host (no /run/systemd/system)");
}

/* ---- a job, and its end ---- */

struct job {
    const char *unit;
    char result[32]; /* "done", "failed", …; "" while it is under way */
};

static int job_removed(sd_bus_message *m, void *data, _unused_ sd_bus_error *error)
{
    const char *path, *unit, *result;
    struct job *job = data;
    uint32_t id;

    if (lib.sd_bus_message_read(m, "uoss", &id, &path, &unit, &result) >= 0 && str_eq(unit, job->unit))
        snprintf(job->result, sizeof(job->result), "%s", result);
    return 0;
}

static void release_bus(sd_bus **bus)
{
    if (*bus)
        lib.sd_bus_flush_close_unref(*bus);
    *bus = NULL;
}

static void release_message(sd_bus_message **m)
{
    if (*m)
        lib.sd_bus_message_unref(*m);
    *m = NULL;
}

/* A bus of our own, on which the end of the job will be heard. */
static int open_bus(struct job *job, sd_bus **ret, struct err *err)
{
    _cleanup_(release_bus) sd_bus *bus = NULL;
    int r = dl_open(&library, err);

    if (r < 0)
        return r;
    r = lib.sd_bus_open_system(&bus);
    if (r < 0)
        return err_errno(err, -r, "systemd: connecting to the system bus");
    r = lib.sd_bus_match_signal(bus, NULL, service, object, manager, "JobRemoved", job_removed, job);
    if (r >= 0)
        r = lib.sd_bus_call_method(bus, service, object, manager, "Subscribe", NULL, NULL, "");
    if (r < 0)
        return err_errno(err, -r, "systemd: listening to its jobs");
    *ret = steal_ptr(&bus);
    return 0;
}

static int await_job(sd_bus *bus, struct job *job, struct err *err)
{
    int64_t until = time_monotonic() + (int64_t)PATIENCE_S * 1000000000;

    while (!*job->result) {
        int r = lib.sd_bus_process(bus, NULL);

        if (r == 0)
            r = lib.sd_bus_wait(bus, US_PER_S);
        if (r < 0 && r != -EINTR)
            return err_errno(err, -r, "systemd: waiting for unit %s", job->unit);
        if (time_monotonic() >= until)
            return err_set(err, ERR_BUSY, "systemd: unit %s: no answer within %d s", job->unit, PATIENCE_S);
    }
    if (!str_eq(job->result, "done"))
        return err_set(err, ERR_IO, "systemd: unit %s: the job ended as '%s'", job->unit, job->result);
    return 0;
}

static int call_manager(sd_bus *bus, sd_bus_message *call, const char *unit, struct err *err)
{
    sd_bus_error error = SD_BUS_ERROR_NULL;
    int r = lib.sd_bus_call(bus, call, (uint64_t)PATIENCE_S * US_PER_S, &error, NULL), kind;

    if (r >= 0)
        return 0;
    kind = str_eq(error.name, "org.freedesktop.systemd1.UnitExists")   ? ERR_EXISTS
           : str_eq(error.name, "org.freedesktop.systemd1.NoSuchUnit") ? ERR_NOT_FOUND
                                                                       : err_kind_of_errno(-r);
    err_set(err, kind, "systemd: unit %s: %s", unit, error.message ? error.message : strerror(-r));
    lib.sd_bus_error_free(&error);
    return kind;
}

/* Sends the call and waits for the job that it begins. */
static int run_job(sd_bus *bus, sd_bus_message *call, struct job *job, struct err *err)
{
    int r = call_manager(bus, call, job->unit, err);

    return r < 0 ? r : await_job(bus, job, err);
}

/* ---- properties ---- */

struct property {
    const char *name;
    bool given;
    uint64_t value;
};

static uint64_t none_if_negative(int64_t n)
{
    return n < 0 ? UINT64_MAX : (uint64_t)n;
}

/* systemd rounds to hundredths of a second itself; rounded down it would take from the quota. */
static uint64_t quota_per_second(const struct oci_cpu *cpu)
{
    enum { STEP_US = 10000, PERIOD_DEFAULT = 100000 };
    uint64_t period = cpu->period > 0 ? (uint64_t)cpu->period : PERIOD_DEFAULT, us;

    if (cpu->quota <= 0 || cpu->quota > INT64_MAX / US_PER_S)
        return UINT64_MAX;
    us = (uint64_t)cpu->quota * US_PER_S / period;
    return (us + STEP_US - 1) / STEP_US * STEP_US;
}

static int append_limits(sd_bus_message *m, const struct oci_resources *r)
{
    const struct property properties[] = {
        {"MemoryMax", r->memory.limit != 0, none_if_negative(r->memory.limit)},
        {"MemoryLow", r->memory.reservation > 0, none_if_negative(r->memory.reservation)},
        {"CPUWeight", r->cpu.shares > 0, (uint64_t)cgroup_cpu_weight(r->cpu.shares)},
        {"CPUQuotaPerSecUSec", r->cpu.quota != 0, quota_per_second(&r->cpu)},
        {"TasksMax", r->pids.limit != NULL, r->pids.limit ? none_if_negative(MAX_OF(*r->pids.limit, -1)) : 0},
    };
    int result = 0;

    for (size_t i = 0; result >= 0 && i < ARRAY_SIZE(properties); i++)
        if (properties[i].given) /* not one process would be refused: there is one */
            result = lib.sd_bus_message_append(m, "(sv)", properties[i].name, "t",
                                               properties[i].value ? properties[i].value : (uint64_t)1);
    return result;
}

static int append_properties(sd_bus_message *m, const struct systemd_scope *s, pid_t pid, const struct oci_resources *r)
{
    static const char *const yes[] = {"Delegate", "CPUAccounting", "MemoryAccounting", "IOAccounting",
                                      "TasksAccounting"};
    int result = lib.sd_bus_message_open_container(m, 'a', "(sv)");

    if (result >= 0)
        result = lib.sd_bus_message_append(m, "(sv)(sv)(sv)(sv)", "Description", "s", "container of cbox", "Slice", "s",
                                           s->slice, "DefaultDependencies", "b", 0, "PIDs", "au", 1, (uint32_t)pid);
    for (size_t i = 0; result >= 0 && i < ARRAY_SIZE(yes); i++)
        result = lib.sd_bus_message_append(m, "(sv)", yes[i], "b", 1);
    if (result >= 0)
        result = append_limits(m, r);
    return result < 0 ? result : lib.sd_bus_message_close_container(m);
}

/* ---- scopes ---- */

static pid_t start_holder(void)
{
    pid_t parent = getpid(), pid = fork();

    if (pid)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (getppid() == parent)
        pause();
    _exit(0);
}

void systemd_holder_end(pid_t *holder)
{
    if (*holder > 0) {
        kill(*holder, SIGKILL);
        while (waitpid(*holder, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    *holder = 0;
}

int systemd_scope_start(const struct systemd_scope *scope, const struct oci_resources *resources, pid_t *ret_holder,
                        struct err *err)
{
    struct job job = {.unit = scope->unit};
    _cleanup_(release_bus) sd_bus *bus = NULL;
    _cleanup_(release_message) sd_bus_message *m = NULL;
    _cleanup_(systemd_holder_end) pid_t holder = 0;
    int r = open_bus(&job, &bus, err);

    if (r < 0)
        return r;
    holder = start_holder();
    if (holder < 0)
        return err_errno(err, errno, "systemd: making a process for unit %s", scope->unit);
    r = lib.sd_bus_message_new_method_call(bus, &m, service, object, manager, "StartTransientUnit");
    if (r >= 0)
        r = lib.sd_bus_message_append(m, "ss", scope->unit, "replace");
    if (r >= 0)
        r = append_properties(m, scope, holder, resources);
    if (r >= 0)
        r = lib.sd_bus_message_append(m, "a(sa(sv))", 0);
    if (r < 0)
        return err_errno(err, -r, "systemd: describing unit %s", scope->unit);
    r = run_job(bus, m, &job, err);
    if (r < 0)
        return r;
    *ret_holder = holder;
    holder = 0;
    return 0;
}

int systemd_unit_update(const char *unit, const struct oci_resources *resources, struct err *err)
{
    struct job job = {.unit = unit};
    _cleanup_(release_bus) sd_bus *bus = NULL;
    _cleanup_(release_message) sd_bus_message *m = NULL;
    int r = open_bus(&job, &bus, err);

    if (r < 0)
        return r;
    r = lib.sd_bus_message_new_method_call(bus, &m, service, object, manager, "SetUnitProperties");
    if (r >= 0)
        r = lib.sd_bus_message_append(m, "sb", unit, 1);
    if (r >= 0)
        r = lib.sd_bus_message_open_container(m, 'a', "(sv)");
    if (r >= 0)
        r = append_limits(m, resources);
    if (r >= 0)
        r = lib.sd_bus_message_close_container(m);
    if (r < 0)
        return err_errno(err, -r, "systemd: describing unit %s", unit);
    return call_manager(bus, m, unit, err);
}

int systemd_unit_stop(const char *unit, struct err *err)
{
    struct job job = {.unit = unit};
    _cleanup_(release_bus) sd_bus *bus = NULL;
    _cleanup_(release_message) sd_bus_message *m = NULL;
    struct err why = ERR_INIT;
    int r = open_bus(&job, &bus, err);

    if (r < 0)
        return r;
    r = lib.sd_bus_message_new_method_call(bus, &m, service, object, manager, "StopUnit");
    if (r >= 0)
        r = lib.sd_bus_message_append(m, "ss", unit, "replace");
    if (r < 0)
        return err_errno(err, -r, "systemd: stopping unit %s", unit);
    r = run_job(bus, m, &job, &why);
    if (r == ERR_NOT_FOUND)
        r = 0;
    if (r < 0 && err)
        *err = why;
    /* One whose processes were killed may be "failed", and would keep its name. */
    if (lib.sd_bus_call_method(bus, service, object, manager, "ResetFailedUnit", NULL, NULL, "s", unit) < 0)
        log_debug("systemd: unit %s is no more", unit);
    return r;
}
