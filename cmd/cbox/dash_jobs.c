/* What keys ask for is done by the commands of the same names, in processes of their own: they may take long, and say
 * themselves what goes wrong. */
#include "dash.h"

#include "base/log.h"
#include "screen/screen.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

enum { JOBS_MAX = 16, SAID_MAX = 1024 };

extern char **environ;

/* This program with the same store. */
static char **command_line(const struct dash_view *v)
{
    char **args = NULL;

    strv_add(&args, CBOX_PROGRAM);
    if (str_given(v->ctx->globals.config)) {
        strv_add(&args, "--config");
        strv_add(&args, v->ctx->globals.config);
    }
    strv_add(&args, "--root");
    strv_add(&args, v->ctx->root);
    strv_add(&args, "--state");
    strv_add(&args, v->ctx->state);
    return args;
}

/* Signals as at the start of a program; `errors`: in place of all three streams, or -1: ours. */
static int spawn(char *const *args, int errors, pid_t *ret)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none;
    int r;

    sigemptyset(&none);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | (errors < 0 ? 0 : POSIX_SPAWN_SETPGROUP));
    posix_spawn_file_actions_init(&files);
    if (errors >= 0) {
        posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
        posix_spawn_file_actions_adddup2(&files, errors, STDERR_FILENO);
    }
    r = posix_spawn(ret, "/proc/self/exe", &files, &attributes, args, environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    return r;
}

void dash_job_start(struct dash_view *v, const char *verb, const char *id, const char *name)
{
    _cleanup_strv_ char **args = command_line(v);
    _cleanup_fd_ int from = -1, to = -1;
    int fds[2], r;
    pid_t pid;

    if (v->jobs.n >= JOBS_MAX || pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0) {
        dash_say(v, "%s %s: too much is under way", verb, name);
        return;
    }
    from = fds[0];
    to = fds[1];
    strv_add(&args, verb);
    strv_add(&args, id);
    r = spawn(args, to, &pid);
    if (r) {
        dash_say(v, "%s %s: %s", verb, name, strerror(r));
        return;
    }
    *VEC_PUSH(&v->jobs) = (struct dash_job){pid, steal_fd(&from), str_printf("%s %s", verb, name), str_dup(id)};
    dash_say(v, "%s %s ...", verb, name);
}

/* The first line that it wrote, without the program's name in front. */
static void tell_failure(struct dash_view *v, const struct dash_job *job)
{
    char said[SAID_MAX];
    ssize_t n = read(job->errors, said, sizeof(said) - 1);
    const char *text, *id;

    said[n > 0 ? n : 0] = 0;
    said[strcspn(said, "\n")] = 0;
    text = str_after(said, CBOX_PROGRAM ": ");
    text = text ? text : *said ? said : "failed";
    id = strstr(text, job->id);
    if (id)
        dash_say(v, "%s: %.*s%.*s%s", job->what, (int)(id - text), text, ID_SHORT_LEN, id, id + strlen(job->id));
    else
        dash_say(v, "%s: %s", job->what, text);
}

void dash_jobs_look(struct dash_view *v)
{
    size_t kept = 0;

    for (size_t i = 0; i < v->jobs.n; i++) {
        struct dash_job job = v->jobs.v[i];
        int status = 0;

        if (waitpid(job.pid, &status, WNOHANG) == 0) {
            v->jobs.v[kept++] = job;
            continue;
        }
        if (status)
            tell_failure(v, &job);
        else
            dash_say(v, "%s: done", job.what);
        v->list_due = 0;
        fd_close(job.errors);
        free(job.what);
        free(job.id);
    }
    v->jobs.n = kept;
}

/* What is under way goes on without us. */
void dash_jobs_release(struct dash_view *v)
{
    VEC_FOREACH (job, &v->jobs) {
        fd_close(job->errors);
        free(job->what);
        free(job->id);
    }
    free(v->jobs.v);
}

void dash_shell(struct dash_view *v, const char *id, const char *name)
{
    _cleanup_strv_ char **args = command_line(v);
    int status = 0, r;
    pid_t pid;

    strv_add(&args, "exec");
    strv_add(&args, "-it");
    strv_add(&args, id);
    strv_add(&args, "sh");
    screen_suspend();
    r = spawn(args, -1, &pid);
    while (r == 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    screen_resume();
    v->list_due = 0;
    if (r)
        dash_say(v, "exec %s: %s", name, strerror(r));
    else if (WIFEXITED(status) && (WEXITSTATUS(status) == 126 || WEXITSTATUS(status) == 127))
        dash_say(v, "exec %s: there is no shell that can be started", name);
}
