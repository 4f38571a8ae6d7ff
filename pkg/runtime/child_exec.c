/* The last step: finding the program, and becoming it. */
#include "runtime/child.h"
#include "sys/frame.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>

/* What the steps left and what came with the process must not be there for the program, nor for the execve(2) itself,
 * which looks up names such as /proc/self/fd/N/bin/sh for the image while descriptors to be closed by it are still open
 * (CVE-2024-21626). The socket to the parent alone has to live until then: nothing lies behind it. */
static void close_descriptors(const struct child *c)
{
    unsigned kept = (unsigned)c->sync;

    if ((kept == 3 || close_range(3, kept - 1, 0) == 0) && close_range(kept + 1, ~0U, 0) == 0)
        return;
    for (int fd = 3; fd < 1024; fd++)
        if (fd != c->sync)
            close(fd);
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
    err_errno(err, errnum, "exec: \"%s\"", name);
    if (err)
        err->kind = errnum == ENOENT || errnum == ENOTDIR ? ERR_NO_COMMAND : ERR_NO_EXEC;
    return errnum == ENOENT || errnum == ENOTDIR ? ERR_NO_COMMAND : ERR_NO_EXEC;
}

static int try_exec(const char *path, char *const *args, char *const *env, struct err *err)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return fail_exec(args[0], errno, err);
    if (S_ISDIR(st.st_mode))
        return err_set(err, ERR_NO_EXEC, "exec: \"%s\": is a directory", args[0]);
    execve(path, args, env);
    /* The file was there: what is missing is its interpreter or loader. */
    if (errno == ENOENT)
        return err_set(err, ERR_NO_COMMAND, "exec: \"%s\": its interpreter or loader is missing", args[0]);
    return fail_exec(args[0], errno, err);
}

/* Along the PATH of the container's environment, going on past what cannot be executed, as execvp(3) does. */
static int search_exec(char *const *args, char *const *env, struct err *err)
{
    const char *path = strv_env_get(env, "PATH");
    _cleanup_strv_ char **dirs = strv_split(path ? path : "/usr/local/bin:/usr/bin:/bin", ':');
    int worst = 0;

    /* No name is none of any directory's, and never the directory itself. */
    STRV_FOREACH (dir, *args[0] ? dirs : NULL) {
        _cleanup_free_ char *candidate = str_printf("%s/%s", **dir ? *dir : ".", args[0]);
        struct err inner = ERR_INIT;
        int r;

        if (faccessat(AT_FDCWD, candidate, F_OK, 0) < 0)
            continue;
        r = try_exec(candidate, args, env, &inner);
        if (!worst && err)
            *err = inner;
        worst = worst ? worst : r;
    }
    if (!worst)
        worst = err_set(err, ERR_NO_COMMAND, "exec: \"%s\": executable file not found in $PATH", args[0]);
    return worst;
}

int child_exec(struct child *c, const struct plan_step *s _unused_, struct err *err)
{
    const struct oci_process *process = &c->start->spec->process;
    _cleanup_strv_ char **env = strv_copy(process->env);
    int r;

    if (!strv_env_get(env, "HOME"))
        strv_addf(&env, "HOME=%s", c->user.home);
    reset_signals();
    close_descriptors(c);
    /* After everything that would take it away again. A parent that is gone already does not read the message. */
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    r = frame_send(c->sync, CHILD_READY, NULL, 0, NULL, 0);
    if (r < 0)
        return err_errno(err, -r, "telling the parent");
    if (strchr(process->args[0], '/'))
        return try_exec(process->args[0], process->args, env, err);
    return search_exec(process->args, env, err);
}
