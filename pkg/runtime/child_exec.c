/* The last step: finding the program, and becoming it. */
#include "runtime/child.h"
#include "sys/frame.h"

#include <ctype.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>

static void close_range_of(unsigned first, unsigned last)
{
    if (first > last || close_range(first, last, 0) == 0)
        return;
    for (unsigned fd = first; fd <= MIN_OF(last, first + 1024); fd++)
        close((int)fd);
}

void child_close_descriptors(const struct child *c, const int *kept, size_t n)
{
    unsigned first = 3 + c->start->preserve_fds;

    /* The next one that is kept, in their order. */
    for (;;) {
        unsigned next = ~0U;

        for (size_t i = 0; i < n; i++)
            if ((unsigned)kept[i] >= first && (unsigned)kept[i] < next)
                next = (unsigned)kept[i];
        close_range_of(first, next == ~0U ? next : next - 1);
        if (next == ~0U)
            return;
        first = next + 1;
    }
}

static void reset_signals(void)
{
    sigset_t none;

    for (int i = 1; i < _NSIG; i++)
        if (i != SIGKILL && i != SIGSTOP)
            signal(i, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static int fail_exec(const char *name, int errnum, struct err *err)
{
    _cleanup_free_ char *why = str_dup(strerror(errnum));

    /* dockerd and podman look for Go's words for these, which begin small. */
    *why = (char)tolower((unsigned char)*why);
    err_set(err, ERR_NO_EXEC, "exec: \"%s\": %s", name, why);
    if (err)
        err->kind = errnum == ENOENT || errnum == ENOTDIR ? ERR_NO_COMMAND : ERR_NO_EXEC;
    return errnum == ENOENT || errnum == ENOTDIR ? ERR_NO_COMMAND : ERR_NO_EXEC;
}

/* Whether it can be executed by who we are, as far as can be seen. */
static int check_program(const char *path, const char *name, struct err *err)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return fail_exec(name, errno, err);
    if (S_ISDIR(st.st_mode))
        return err_set(err, ERR_NO_EXEC, "exec: \"%s\": is a directory", name);
    if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0)
        return fail_exec(name, errno, err);
    return 0;
}

/* Along the PATH of the container's environment, going on past what cannot be executed, as execvp(3) does. */
static int search_program(const char *name, char *const *env, char **ret, struct err *err)
{
    const char *path = strv_env_get(env, "PATH");
    _cleanup_strv_ char **dirs = strv_split(path ? path : "/usr/local/bin:/usr/bin:/bin", ':');
    struct err first = ERR_INIT;

    /* No name is none of any directory's, and never the directory itself. */
    STRV_FOREACH (dir, *name ? dirs : NULL) {
        _cleanup_free_ char *candidate = str_printf("%s/%s", **dir ? *dir : ".", name);
        struct err why = ERR_INIT;

        if (check_program(candidate, name, &why) == 0) {
            *ret = steal_ptr(&candidate);
            return 0;
        }
        if (!first.kind && why.kind != ERR_NO_COMMAND && faccessat(AT_FDCWD, candidate, F_OK, 0) == 0)
            first = why;
    }
    if (!first.kind)
        return err_set(err, ERR_NO_COMMAND, "exec: \"%s\": executable file not found in $PATH", name);
    if (err)
        *err = first;
    return first.kind;
}

int child_program(struct child *c, const struct plan_step *s _unused_, struct err *err)
{
    const struct oci_process *process = &c->start->spec->process;
    const char *name = process->args[0];

    if (!strchr(name, '/'))
        return search_program(name, process->env, &c->program, err);
    c->program = str_dup(name);
    return check_program(name, name, err);
}

int child_exec(struct child *c, const struct plan_step *s _unused_, struct err *err)
{
    const struct oci_process *process = &c->start->spec->process;
    _cleanup_strv_ char **env = strv_copy(process->env);
    int r;

    /* config.md, "Process": "This property is REQUIRED when start is called." */
    if (!oci_spec_has_process(c->start->spec))
        return err_set(err, ERR_INVALID, "process: missing, and there is nothing to start");
    if (!strv_env_get(env, "HOME"))
        strv_addf(&env, "HOME=%s", c->user.home);
    r = child_labels_write(c, err);
    if (r < 0)
        return r;
    reset_signals();
    /* What the steps left and what came with the process must not be there for the program, nor for the execve(2)
     * itself, which looks up names such as /proc/self/fd/N/bin/sh for the image while descriptors to be closed by it
     * are still open (CVE-2024-21626). The socket to the parent alone has to live until then: nothing lies behind it.
     */
    child_close_descriptors(c, &c->sync, 1);
    /* After everything that would take it away again. A parent that is gone already does not read the message. */
    if (!c->start->outlives)
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    r = frame_send(c->sync, CHILD_READY, NULL, 0, NULL, 0);
    if (r < 0)
        return err_errno(err, -r, "telling the parent");
    r = child_filter(c, err);
    if (r == 0 && c->start->init)
        r = child_init(c, err);
    if (r < 0)
        return r;
    execve(c->program, process->args, env);
    /* The file was there: what is missing is its interpreter or loader. */
    if (errno == ENOENT)
        return err_set(err, ERR_NO_COMMAND, "exec: \"%s\": its interpreter or loader is missing", process->args[0]);
    return fail_exec(process->args[0], errno, err);
}
