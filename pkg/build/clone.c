/* A repository as a context, by the git program of this host.
 *
 * What is in it is hostile: nothing of it may be executed here. Hooks are switched off, no template is copied, no
 * configuration of the host or the user is read (filters and credential helpers would come from there), and only
 * protocols that go over a network are allowed, for submodules as well: file: would reach what is on this host, ext:
 * is a command. Nobody is asked for a password.
 */
#include "build/context.h"

#include "build/context_place.h"
#include "build/repository.h"
#include "sys/aside.h"
#include "sys/fd.h"
#include "sys/path.h"
#include "sys/run.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { OUTPUT_MAX = 16 << 10, ARGUMENTS_MAX = 24 };

struct cloning {
    struct repository what;
    char *dir; /* absolute: where the files come to lie, */
    int tree;  /* and open */
    char **env;
    const volatile sig_atomic_t *stop;
    int login;    /* name and password, as git wants to hear them; -1: there are none */
    char *helper; /* the setting that leads there; NULL: none */
};

/* ---- name and password ---- */

/* In a file without a name, which git opens through this process: whoever may do that may as well look into its memory.
 * It is for the one host, so another one that it redirects to, or that submodules are on, never hears of it.
 * gitcredentials(7). */
static int prepare_login(struct cloning *c, struct err *err)
{
    _cleanup_free_ char *text = NULL;
    int r;

    if (!c->what.origin)
        return 0;
    text = str_printf("username=%s\npassword=%s\n", c->what.user, c->what.password);
    c->login = memfd_create("login", MFD_CLOEXEC);
    r = c->login < 0 ? -errno : fd_write_all(c->login, text, strlen(text));
    if (r < 0)
        return err_errno(err, -r, "a file for the password");
    c->helper = str_printf("credential.%s.helper=!cat /proc/%d/fd/%d; :", c->what.origin, getpid(), c->login);
    return 0;
}

/* ---- running git ---- */

static void keep_variable(char ***env, const char *name)
{
    const char *value = getenv(name);

    if (value)
        strv_addf(env, "%s=%s", name, value);
}

static char **make_environment(void)
{
    static const char *const kept[] = {"PATH",          "http_proxy",   "https_proxy",   "all_proxy", "no_proxy",
                                       "HTTP_PROXY",    "HTTPS_PROXY",  "ALL_PROXY",     "NO_PROXY",  "SSH_AUTH_SOCK",
                                       "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO"};
    char **env = NULL;

    for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
        keep_variable(&env, kept[i]);
    strv_add(&env, "LC_ALL=C");
    strv_add(&env, "HOME=/dev/null");
    strv_add(&env, "GIT_CONFIG_NOSYSTEM=1");
    strv_add(&env, "GIT_CONFIG_GLOBAL=/dev/null");
    strv_add(&env, "GIT_ATTR_NOSYSTEM=1");
    strv_add(&env, "GIT_TERMINAL_PROMPT=0");
    strv_add(&env, "GIT_ASKPASS=/bin/false");
    strv_add(&env, "GIT_ALLOW_PROTOCOL=http:https:ssh:git");
    strv_add(&env, "GIT_SSH_COMMAND=ssh -oBatchMode=yes");
    return env;
}

/* The last line that says what went wrong. */
static const char *last_line(struct buf *output)
{
    char *text = output->p ? output->p : (char *)"", *line;

    while (output->len && strchr("\n\r ", text[output->len - 1]))
        text[--output->len] = 0;
    line = strrchr(text, '\n');
    return line ? line + 1 : text;
}

/* Where ssh could not connect it says why before git says anything, and git's last lines are advice. */
static const char *reason(struct buf *output)
{
    char *of_git = strstr(buf_str(output), "fatal: Could not read from remote repository");

    if (of_git && of_git > output->p)
        output->len = (size_t)(of_git - output->p);
    return last_line(output);
}

/* Runs git with arguments up to NULL. `answer` may be NULL. */
static int git(const struct cloning *c, struct buf *answer, struct err *err, const char *first, ...)
{
    static const char *const always[] = {"git",
                                         "-c",
                                         "core.hooksPath=/dev/null",
                                         "-c",
                                         "core.fsmonitor=false",
                                         "-c",
                                         "http.lowSpeedLimit=1000",
                                         "-c",
                                         "http.lowSpeedTime=60",
                                         "-c"};
    const char *argv[ARRAY_SIZE(always) + ARGUMENTS_MAX] = {0};
    _cleanup_buf_ struct buf output = BUF_INIT_MAX(OUTPUT_MAX);
    const struct run run = {
        .argv = argv, .env = c->env, .dir = c->dir, .output = &output, .errors = true, .tail = true};
    size_t n = ARRAY_SIZE(always);
    va_list ap;
    int r;

    memcpy(argv, always, sizeof(always));
    argv[n++] = c->helper ? c->helper : "credential.helper=";
    va_start(ap, first);
    for (const char *arg = first; arg && n + 1 < ARRAY_SIZE(argv); arg = va_arg(ap, const char *))
        argv[n++] = arg;
    va_end(ap);
    r = run_program(&run, err);
    if (r == ERR_NOT_FOUND) {
        err_set(err, ERR_UNSUPPORTED, "git is not installed here");
        return err_hint(err, "install git, or copy the files into the context");
    }
    if (r > 0)
        return err_set(err, ERR_NETWORK, "git %s: %.600s", first, reason(&output));
    if (r == 0 && answer)
        buf_adds(answer, last_line(&output));
    return r;
}

/* ---- bringing a commit ---- */

/* All branches and tags: for servers that give no single commit, and those that know no depth. */
static int fetch_all(const struct cloning *c, struct err *err)
{
    return git(c, NULL, err, "fetch", "-q", "--", c->what.url, "+refs/heads/*:refs/remotes/origin/*",
               "+refs/tags/*:refs/tags/*", NULL);
}

static int fetch(const struct cloning *c, struct err *err)
{
    const char *ref = c->what.ref ? c->what.ref : "HEAD";
    struct err ignored = ERR_INIT;
    int r = git(c, NULL, &ignored, "fetch", "-q", "--depth=1", "--", c->what.url, ref, NULL);

    if (r == ERR_UNSUPPORTED || r == ERR_INTERRUPTED) {
        *err = ignored;
        return r;
    }
    if (r == 0)
        return git(c, NULL, err, "checkout", "-q", "--detach", "FETCH_HEAD", NULL);
    if (repository_is_commit(ref)) {
        r = fetch_all(c, err);
        return r < 0 ? r : git(c, NULL, err, "checkout", "-q", "--detach", ref, "--", NULL);
    }
    r = git(c, NULL, err, "fetch", "-q", "--", c->what.url, ref, NULL);
    return r < 0 ? r : git(c, NULL, err, "checkout", "-q", "--detach", "FETCH_HEAD", NULL);
}

static int check_commit(const struct cloning *c, struct err *err)
{
    _cleanup_buf_ struct buf head = BUF_INIT;
    int r;

    if (!c->what.commit)
        return 0;
    r = git(c, &head, err, "rev-parse", "HEAD", NULL);
    if (r == 0 && !str_after(buf_str(&head), c->what.commit))
        r = err_set(err, ERR_CORRUPT, "expected commit %.64s, and it is %.64s", c->what.commit, buf_str(&head));
    return r;
}

static int fetch_submodules(const struct cloning *c, struct err *err)
{
    struct stat st;

    if (fstatat(c->tree, ".gitmodules", &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
        return 0;
    return git(c, NULL, err, "submodule", "--quiet", "update", "--init", "--recursive", NULL);
}

static int bring(void *data, int socket _unused_, struct err *err)
{
    const struct cloning *c = data;
    int r = git(c, NULL, err, "init", "-q", "--template=", NULL);

    if (r == 0)
        r = git(c, NULL, err, "remote", "add", "origin", c->what.url, NULL);
    if (r == 0)
        r = fetch(c, err);
    if (r == 0)
        r = check_commit(c, err);
    return r < 0 ? r : fetch_submodules(c, err);
}

/* ---- the whole ---- */

/* The context is what a part of the repository has. */
static int go_to_subdir(const struct cloning *c, struct build_context *ret, struct err *err)
{
    int fd;

    if (str_empty(c->what.subdir))
        return 0;
    fd = path_open_beneath(ret->dir, c->what.subdir, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0)
        return err_errno(err, -fd, "%.200s", c->what.subdir);
    fd_close(ret->dir);
    ret->dir = fd;
    return 0;
}

static int clone_into(struct cloning *c, bool keep_git_dir, struct build_context *ret, struct err *err)
{
    mode_t mask = umask(022); /* modes do not depend on who builds */
    /* Git leaves programs of its own behind that go on when it is killed. */
    int r = aside(&(struct aside){.work = bring, .data = c, .stop = c->stop, .with_all = true}, err);

    umask(mask);
    if (r == 0 && !keep_git_dir && !c->what.keep_git_dir)
        r = path_remove_tree(ret->dir, ".git", err);
    return r < 0 ? r : go_to_subdir(c, ret, err);
}

int build_clone(struct store *s, const char *repository, bool keep_git_dir, const volatile sig_atomic_t *stop,
                struct build_context *ret, struct err *err)
{
    _cleanup_free_ char *shown = build_hide_secrets(str_ndup(repository, strcspn(repository, "?#")));
    struct cloning c = {.stop = stop, .login = -1};
    int r;

    *ret = BUILD_CONTEXT_NONE;
    r = repository_parse(repository, &c.what, err);
    if (r == 0)
        r = context_make_place(s, ret, err);
    if (r == 0) {
        c.dir = str_printf("%s/tmp/%s/tree", store_root_path(s), ret->name);
        c.tree = ret->dir;
        c.env = make_environment();
        r = prepare_login(&c, err);
        if (r == 0)
            r = clone_into(&c, keep_git_dir, ret, err);
    }
    repository_release(&c.what);
    fd_close(c.login);
    free(c.helper);
    free(c.dir);
    strv_free(c.env);
    return r < 0 && r != ERR_INTERRUPTED ? err_wrap(err, "%s", shown) : r;
}
