/* The last step: finding the program, and becoming it. */
#include "runtime/child.h"
#include "sys/fd.h"
#include "sys/frame.h"
#include "sys/path.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

enum { INTERPRETERS_MAX = 5, SCRIPT_LINE_MAX = 256 };

/* A program, or the interpreter of a script, that is reached through a magic link of /proc can be cbox itself, still
 * this process's /proc/self/exe: what runs then could keep a descriptor of the host's binary and overwrite it
 * (CVE-2019-5736). Nothing legitimate starts that way. */
static int refuse_magic(const char *path, struct err *err)
{
    char line[SCRIPT_LINE_MAX + 1];
    _cleanup_free_ char *next = str_dup(path);

    for (int i = 0; i < INTERPRETERS_MAX; i++) {
        _cleanup_fd_ int fd = path_open_in_root(AT_FDCWD, next, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
        ssize_t n = fd < 0 ? 0 : fd_pread_all(fd, line, SCRIPT_LINE_MAX, 0);
        char *name;

        if (fd == -ELOOP)
            return err_set(err, ERR_NO_EXEC, "exec: \"%s\" leads through a magic link of /proc", path);
        if (n < 3 || line[0] != '#' || line[1] != '!')
            return 0; /* a program, or nothing we may read: then the kernel cannot read it as a script for us either */
        line[n] = 0;
        name = line + 2 + strspn(line + 2, " \t");
        name[strcspn(name, " \t\r\n")] = 0;
        str_replace(&next, str_dup(name));
    }
    return 0;
}

/* Closes nothing: marks. The socket to the parent and what the steps left must go at the execve(2). */
static void mark_descriptors(void)
{
    if (syscall(SYS_close_range, 3, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */) == 0)
        return;
    for (int fd = 3; fd < 1024; fd++)
        fcntl(fd, F_SETFD, FD_CLOEXEC);
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
    int r;

    if (stat(path, &st) < 0)
        return fail_exec(args[0], errno, err);
    if (S_ISDIR(st.st_mode))
        return err_set(err, ERR_NO_EXEC, "exec: \"%s\": is a directory", args[0]);
    r = refuse_magic(path, err);
    if (r < 0)
        return r;
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
    mark_descriptors();
    /* After everything that would take it away again. A parent that is gone already does not read the message. */
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    r = frame_send(c->sync, CHILD_READY, NULL, 0, NULL, 0);
    if (r < 0)
        return err_errno(err, -r, "telling the parent");
    if (strchr(process->args[0], '/'))
        return try_exec(process->args[0], process->args, env, err);
    return search_exec(process->args, env, err);
}
