#include "runtime/instance_internal.h"
#include "runtime/systemd.h"

#include "base/log.h"
#include "base/time.h"
#include "runtime/hooks.h"
#include "runtime/netdev.h"
#include "runtime/plan.h"
#include "runtime/resctrl.h"
#include "runtime/seccomp.h"
#include "sys/atomic.h"
#include "sys/fd.h"
#include "sys/pass.h"
#include "sys/path.h"
#include "sys/proc.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

/* ---- the bundle ---- */

static int read_bundle(const struct runtime_create *how, struct runtime_instance *inst, struct buf *ret_text,
                       struct oci_spec *ret, struct err *err)
{
    _cleanup_free_ char *bundle = realpath(how->bundle, NULL), *file = NULL;
    int r;

    if (!bundle)
        return err_errno(err, errno, "bundle %s", how->bundle);
    file = str_printf("%s/" RUNTIME_CONFIG_FILE, bundle);
    r = fd_read_user_file(file, ret_text, err);
    if (r < 0)
        return r;
    r = oci_spec_parse(buf_str(ret_text), ret_text->len, ret, err);
    if (r < 0)
        return err_wrap(err, "%s", file);
    inst->record.bundle = steal_ptr(&bundle);
    return 0;
}

/* Where the root lies is settled here: the child looks it up from elsewhere, and as somebody else. */
static int resolve_root(struct runtime_instance *inst, struct oci_spec *spec, struct err *err)
{
    _cleanup_free_ char *path = NULL;
    struct stat st;

    if (str_empty(spec->root.path))
        return err_set(err, ERR_INVALID, "root.path: missing");
    path = *spec->root.path == '/' ? str_dup(spec->root.path) : path_join(inst->record.bundle, spec->root.path);
    inst->record.rootfs = realpath(path, NULL);
    if (!inst->record.rootfs || stat(inst->record.rootfs, &st) < 0)
        return err_errno(err, errno, "root.path: %s", path);
    if (!S_ISDIR(st.st_mode))
        return err_errno(err, ENOTDIR, "root.path: %s", path);
    if (str_eq(inst->record.rootfs, "/"))
        return err_set(err, ERR_INVALID, "root.path: \"/\" is the host's own root");
    str_replace(&spec->root.path, str_dup(inst->record.rootfs));
    return 0;
}

/* The program is the first of its PID namespace, as a rule. */
static void tell_sockets(unsigned n, struct oci_process *process)
{
    _cleanup_free_ char *assignment = str_printf("LISTEN_FDS=%u", n);

    strv_env_set(&process->env, assignment);
    strv_env_set(&process->env, "LISTEN_PID=1");
}

/* Never one that is somebody else's: what is noted is killed and removed with the container. */
static int choose_cgroup(struct runtime_instance *inst, const char *path, bool systemd, struct err *err)
{
    _cleanup_scope_ struct systemd_scope scope = {0};
    int r = systemd ? systemd_scope_of(path, inst->id, &scope, err)
                    : cgroup_path_of(path, "/cbox-runtime", inst->id, &scope.path, err);

    if (r == 0)
        r = cgroup_check_unused(&inst->host, scope.path, err);
    if (r < 0)
        return r;
    inst->record.cgroup = steal_ptr(&scope.path);
    inst->record.unit = steal_ptr(&scope.unit);
    return 0;
}

/* So that nobody has to read the whole specification again for them. */
static int copy_later_needs(struct runtime_instance *inst, const struct oci_spec *spec, struct err *err)
{
    int r = json_duplicate(&oci_hooks_type, &spec->hooks, &inst->record.hooks, err);

    if (r == 0 && spec->platform.intel_rdt) {
        inst->record.intel_rdt = mem_zalloc(1, sizeof(*inst->record.intel_rdt));
        r = json_duplicate(&oci_intel_rdt_type, spec->platform.intel_rdt, inst->record.intel_rdt, err);
    }
    return r;
}

/* The record says where to clean up before there is anything. */
static int note(struct runtime_instance *inst, const struct oci_spec *spec, bool systemd, struct err *err)
{
    char created[TIME_TEXT_MAX];
    int r;

    inst->record.version = str_dup(spec->version);
    inst->record.created = str_dup(time_format(time_now(), created));
    inst->record.owner = getuid();
    inst->record.annotations = strv_copy(spec->annotations);
    r = copy_later_needs(inst, spec, err);
    if (r == 0)
        r = choose_cgroup(inst, spec->platform.cgroups_path, systemd, err);
    if (r < 0)
        return r;
    return runtime_instance_write(inst, err);
}

/* ---- terminals and files ---- */

int runtime_check_terminal(bool terminal, const char *console_socket, bool detached, struct err *err)
{
    if (terminal && detached && !console_socket) {
        err_set(err, ERR_INVALID, "process.terminal: nobody is there to take a terminal");
        return err_hint(err, "name a socket with --console-socket");
    }
    if (!terminal && console_socket)
        return err_set(err, ERR_INVALID, "--console-socket: the process has no terminal (process.terminal)");
    return 0;
}

int runtime_send_terminal(const char *path, int *terminal, struct err *err)
{
    static const char name[] = "/dev/ptmx";
    int r = pass_fd("--console-socket", path, *terminal, name, sizeof(name) - 1, err);

    if (r == 0)
        *terminal = fd_close(*terminal);
    return r;
}

int runtime_write_pid(const char *path, pid_t pid, struct err *err)
{
    _cleanup_free_ char *dir = str_ndup(path, (size_t)(path_base(path) - path));
    _cleanup_fd_ int fd = open(*dir ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char text[16];
    int r;

    if (fd < 0)
        return err_errno(err, errno, "--pid-file: %s", path);
    snprintf(text, sizeof(text), "%d", (int)pid);
    r = atomic_write(fd, path_base(path), text, strlen(text), 0644, ATOMIC_VOLATILE, err);
    return r < 0 ? err_wrap(err, "--pid-file: %s", path) : 0;
}

/* ---- the process ---- */

/* `ret_holder`: systemd's cgroup has a process already. */
static int make_cgroup(struct runtime_instance *inst, const struct oci_spec *spec, struct cgroup **ret,
                       pid_t *ret_holder, struct err *err)
{
    const struct cgroup_host *host = &inst->host;
    _cleanup_cgroup_plan_ struct cgroup_plan plan = {0};
    _cleanup_scope_ struct systemd_scope scope = {0};
    int r = cgroup_plan_make(&plan, host, &spec->platform.resources, err);

    if (r == 0 && inst->record.unit) {
        r = systemd_scope_of(spec->platform.cgroups_path, inst->id, &scope, err);
        if (r == 0)
            r = systemd_scope_start(&scope, &spec->platform.resources, ret_holder, err);
        if (r < 0)
            str_replace(&inst->record.unit, NULL);
    }
    if (r == 0)
        r = (inst->record.unit ? cgroup_adopt : cgroup_create)(ret, host, inst->record.cgroup, &plan, err);
    if (r == ERR_INVALID && err && !str_after(err->text, "linux."))
        err_wrap(err, "linux.cgroupsPath");
    if (r < 0) /* what it made is gone again: nothing of it is ours to remove */
        str_replace(&inst->record.cgroup, NULL);
    return r < 0 ? r : runtime_give_cgroup(*ret, host, spec, err);
}

static int run_hooks(const struct oci_hooks *hooks, struct oci_state *state, pid_t pid, struct err *err)
{
    int r;

    state->pid = pid;
    r = hooks_run(&hooks->prestart, "hooks.prestart", state, state->bundle, err);
    return r < 0 ? r : hooks_run(&hooks->create_runtime, "hooks.createRuntime", state, state->bundle, err);
}

/* Until it waits at its gate. */
static int bring_to_gate(struct runtime_process *process, const struct oci_hooks *hooks, struct oci_state *state,
                         struct err *err)
{
    int r;

    while ((r = runtime_await(process, err)) == RUNTIME_HOOKS) {
        r = run_hooks(hooks, state, process->pid, err);
        if (r == 0)
            r = runtime_go_on(process, err);
        if (r < 0)
            return r;
    }
    if (r == RUNTIME_RUNS)
        return err_set(err, ERR_INTERNAL, "the program runs, and was not started");
    return MIN_OF(r, 0);
}

/* While the process is on its way: who it is, and the document, for those who execute in it. */
static int note_process(struct runtime_instance *inst, const struct runtime_process *process, const struct buf *text,
                        struct err *err)
{
    char boot[PROC_BOOT_ID_MAX];
    int r = proc_number(process->pid, PROC_START_TIME, &inst->record.pid_start);

    if (r < 0)
        return err_errno(err, -r, "the container's process");
    proc_boot_id(boot);
    str_replace(&inst->record.boot_id, str_dup(boot));
    inst->record.pid = process->pid;
    r = runtime_instance_write(inst, err);
    if (r < 0)
        return r;
    return atomic_write(inst->dir, RUNTIME_CONFIG_FILE, text->p, text->len, 0600, ATOMIC_VOLATILE, err);
}

/* Hands over what callers wait for, and lets go of the process. */
static int settle(const struct runtime_create *how, struct runtime_instance *inst, struct runtime_process *process,
                  struct err *err)
{
    int r = 0;

    if (how->console_socket)
        r = runtime_send_terminal(how->console_socket, &process->terminal, err);
    if (r == 0 && how->pid_file)
        r = runtime_write_pid(how->pid_file, process->pid, err);
    if (r == 0)
        r = gate_ready(inst->dir, err);
    if (r == 0)
        r = runtime_go_on(process, err);
    process->sync = fd_close(process->sync);
    return r;
}

static int enter_class(const struct runtime_instance *inst, const struct oci_spec *spec, pid_t pid, struct err *err)
{
    _cleanup_free_ char *root = NULL;
    int r = resctrl_find(&root, err);

    return r < 0 ? r : resctrl_enter(root, spec->platform.intel_rdt, inst->id, pid, err);
}

static int start_process(const struct runtime_create *how, struct runtime_instance *inst, const struct oci_spec *spec,
                         const struct buf *text, struct runtime_process *ret, struct err *err)
{
    _cleanup_cgroup_ struct cgroup *cg = NULL;
    _cleanup_gate_ struct gate gate = GATE_NONE;
    _cleanup_state_ struct oci_state state = {0};
    _cleanup_free_ char *cache = seccomp_cache_below(inst->root);
    struct runtime_start start = {
        .spec = spec,
        .bundle = inst->record.bundle,
        .host = &inst->host,
        .stdio = {0, 1, 2},
        .preserve_fds = how->preserve_fds,
        .gate = &gate,
        .state = &state,
        .outlives = true,
        .no_pivot = how->no_pivot,
        .no_keyring = how->no_keyring,
        .seccomp_cache = cache,
    };
    _cleanup_(systemd_holder_end) pid_t holder = 0;
    int r = make_cgroup(inst, spec, &cg, &holder, err);

    if (r == 0)
        r = gate_open(inst->dir, &gate, err);
    if (r < 0)
        return r;
    start.cgroup = cg;
    runtime_instance_state(inst, RUNTIME_CREATING, &state);
    r = runtime_start(&start, ret, err);
    if (r == 0)
        r = note_process(inst, ret, text, err);
    if (r == 0)
        r = bring_to_gate(ret, &spec->hooks, &state, err);
    if (r == 0)
        r = netdev_move(&spec->platform, ret->pid, err);
    if (r == 0 && spec->platform.intel_rdt)
        r = enter_class(inst, spec, ret->pid, err);
    return r < 0 ? r : settle(how, inst, ret, err);
}

/* "Lifecycle", 3 to 5: what fails goes on with the destruction, and poststop's hooks. */
static void undo(struct runtime_instance *inst, struct runtime_process *process)
{
    struct err why = ERR_INIT;
    bool born = process->pidfd >= 0;
    int r;

    if (process->pidfd >= 0) {
        proc_signal(process->pidfd, SIGKILL);
        proc_wait(process->pidfd);
    }
    runtime_process_release(process);
    r = runtime_instance_clear(inst, &why);
    if (r == 0)
        r = runtime_instance_forget(inst, &why);
    if (r < 0)
        log_debug("cleaning up: %s", why.text);
    runtime_instance_leave(inst);
    if (born)
        runtime_instance_poststop(inst);
}

int runtime_create(const struct runtime_create *how, struct runtime_instance *ret, struct runtime_process *ret_process,
                   struct err *err)
{
    _cleanup_instance_ struct runtime_instance inst = RUNTIME_INSTANCE_INIT;
    _cleanup_process_ struct runtime_process process = RUNTIME_PROCESS_INIT;
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(OCI_SPEC_MAX);
    _cleanup_spec_ struct oci_spec spec = {0};
    int r = runtime_instance_new(how->root, how->id, &inst, err);

    if (r < 0)
        return r;
    r = read_bundle(how, &inst, &text, &spec, err);
    if (r == 0)
        r = resolve_root(&inst, &spec, err);
    if (r == 0)
        r = runtime_check_terminal(spec.process.terminal, how->console_socket, how->detached, err);
    if (r == 0)
        r = how->systemd ? systemd_check(err) : 0;
    if (r == 0)
        r = cgroup_host_detect(&inst.host, err);
    plan_capability_warn(&spec.process.capabilities);
    if (how->listen_fds)
        tell_sockets(how->listen_fds, &spec.process);
    if (r == 0)
        r = note(&inst, &spec, how->systemd, err);
    if (r == 0)
        r = start_process(how, &inst, &spec, &text, &process, err);
    if (r < 0) {
        undo(&inst, &process);
        return r;
    }
    runtime_instance_unlock(&inst);
    *ret = inst;
    *ret_process = process;
    inst = RUNTIME_INSTANCE_INIT;
    process = RUNTIME_PROCESS_INIT;
    return 0;
}
