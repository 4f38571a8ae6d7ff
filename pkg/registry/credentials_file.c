#include "registry/credentials_file.h"

#include "base/base64.h"
#include "registry/helper.h"
#include "sys/atomic.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/stat.h>

static bool exists(const char *path)
{
    return access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

/* podman's: where it logs in to, and where others put theirs. */
static char *containers_file(const char *home)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR"), *config = getenv("XDG_CONFIG_HOME");
    _cleanup_free_ char *of_session = str_empty(runtime) ? NULL : str_printf("%s/containers/auth.json", runtime);
    _cleanup_free_ char *of_user = NULL;

    if (!str_empty(config))
        of_user = str_printf("%s/containers/auth.json", config);
    else if (!str_empty(home))
        of_user = str_printf("%s/.config/containers/auth.json", home);
    if (of_session && exists(of_session))
        return steal_ptr(&of_session);
    return of_user && exists(of_user) ? steal_ptr(&of_user) : NULL;
}

char *registry_credentials_path(enum credentials_purpose purpose, bool *ret_must_exist)
{
    const char *named = getenv("REGISTRY_AUTH_FILE"), *docker = getenv("DOCKER_CONFIG"), *home = getenv("HOME");
    _cleanup_free_ char *path = NULL;
    char *other;

    *ret_must_exist = !str_empty(named) && purpose == CREDENTIALS_READ;
    if (!str_empty(named))
        return str_dup(named);
    if (!str_empty(docker))
        path = str_printf("%s/config.json", docker);
    else if (!str_empty(home))
        path = str_printf("%s/.docker/config.json", home);
    if (purpose == CREDENTIALS_WRITE || (path && exists(path)))
        return steal_ptr(&path);
    other = containers_file(home);
    return other ? other : steal_ptr(&path);
}

/* What a symbolic link leads to, also where there is nothing yet. */
static char *follow(const char *path)
{
    char target[PATH_MAX];
    char *real = realpath(path, NULL);
    const char *slash = strrchr(path, '/');
    ssize_t n;

    if (real)
        return real;
    n = readlink(path, target, sizeof(target) - 1);
    if (n <= 0)
        return str_dup(path);
    target[n] = 0;
    return *target == '/' || !slash ? str_dup(target) : str_printf("%.*s/%s", (int)(slash - path), path, target);
}

/* The file under change, and the lock on its directory. */
struct change {
    char *path;
    int lock;
    struct buf text;
    struct registry_credentials now;
};

static void change_end(struct change *c)
{
    free(c->path);
    fd_close(c->lock);
    buf_free(&c->text);
    registry_credentials_release(&c->now);
}

static int make_directories(const char *dir, struct err *err)
{
    _cleanup_free_ char *path = str_dup(dir);

    for (char *p = path + 1;; p++) {
        char was = *p;

        if (was && was != '/')
            continue;
        *p = 0;
        if (mkdir(path, 0700) < 0 && errno != EEXIST)
            return err_errno(err, errno, "making directory %s", path);
        *p = was;
        if (!was)
            return 0;
    }
}

static int lock_directory(struct change *c, bool make, struct err *err)
{
    const char *slash = strrchr(c->path, '/');
    _cleanup_free_ char *dir = slash ? str_ndup(c->path, MAX_OF((size_t)(slash - c->path), (size_t)1)) : str_dup(".");
    int r = make ? make_directories(dir, err) : 0;

    if (r < 0)
        return r;
    c->lock = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (c->lock < 0)
        return !make && errno == ENOENT ? 0 : err_errno(err, errno, "%s", dir);
    return flock(c->lock, LOCK_EX) < 0 ? err_errno(err, errno, "locking %s", dir) : 0;
}

/* `make`: with the directory that is to hold the file. */
static int change_begin(struct change *c, bool make, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(CREDENTIALS_FILE_MAX);
    bool must_exist;
    _cleanup_free_ char *path = registry_credentials_path(CREDENTIALS_WRITE, &must_exist);
    int r;

    *c = (struct change){.lock = -1};
    if (!path) {
        err_set(err, ERR_INVALID, "no place for credentials: HOME is not set");
        return err_hint(err, "name a file with REGISTRY_AUTH_FILE");
    }
    c->path = follow(path);
    r = lock_directory(c, make, err);
    if (r < 0)
        return r;
    if (exists(c->path))
        r = fd_read_user_file(c->path, &text, err);
    if (r >= 0)
        r = registry_credentials_parse(buf_str(&text), text.len, &c->now, err);
    c->now.path = str_dup(c->path);
    buf_add(&c->text, buf_str(&text), text.len);
    return r < 0 ? err_wrap(err, "%s", c->path) : 0;
}

static int change_write(const struct change *c, struct err *err)
{
    return atomic_write(AT_FDCWD, c->path, c->text.p, c->text.len, 0600, 0, err);
}

/* As Docker writes it. */
static char *format_entry(const struct registry_login *login)
{
    _cleanup_free_ char *plain = NULL, *coded = NULL;
    struct buf entry = BUF_INIT;

    plain = str_printf("%s:%s", login->username ? login->username : "",
                       login->password && !login->identity_token ? login->password : "");
    coded = base64_encode(plain, strlen(plain));
    buf_addf(&entry, "{\n\t\t\t\"auth\": \"%s\"", coded);
    if (login->identity_token) {
        buf_adds(&entry, ",\n\t\t\t\"identitytoken\": ");
        buf_add_json(&entry, login->identity_token);
    }
    buf_adds(&entry, "\n\t\t}");
    return buf_steal(&entry);
}

int registry_credentials_save(const char *domain, const struct registry_login *login, char **ret_path, struct err *err)
{
    const char *key = registry_credentials_key(domain);
    _cleanup_(change_end) struct change c;
    _cleanup_free_ char *entry = NULL;
    const char *helper;
    int r = change_begin(&c, true, err);

    if (r < 0)
        return r;
    helper = registry_credentials_helper(&c.now, domain, "");
    if (helper) {
        r = registry_helper_store(helper, c.path, key, login, err);
        if (r < 0)
            return r;
    }
    /* Docker's entry for what a helper keeps is an empty one. */
    entry = helper ? str_dup("{}") : format_entry(login);
    r = json_edit(&c.text, (const char *const[]){"auths", key, NULL}, entry, err);
    if (r < 0)
        return err_wrap(err, "%s", c.path);
    r = change_write(&c, err);
    if (r == 0)
        *ret_path = steal_ptr(&c.path);
    return r;
}

/* What the program has; `*known` where it had something. */
static int erase_with(const char *helper, const struct change *c, const char *key, bool *known, struct err *err)
{
    _cleanup_login_ struct registry_login had = {0};
    int r = registry_helper_get(helper, c->path, key, &had, err);

    if (r < 0 || registry_login_is_empty(&had))
        return r;
    *known = true;
    return registry_helper_erase(helper, c->path, key, err);
}

int registry_credentials_erase(const char *domain, bool *ret_known, struct err *err)
{
    _cleanup_(change_end) struct change c;
    const char *helper;
    bool changed = false;
    int r = change_begin(&c, false, err);

    *ret_known = false;
    if (r < 0)
        return r;
    /* Others have put it under other names: "https://host", "https://host/v2/". */
    VEC_FOREACH (entry, &c.now.auths) {
        if (registry_credentials_closeness(entry->key, domain, "") != 1)
            continue;
        changed = true;
        r = json_edit(&c.text, (const char *const[]){"auths", entry->key, NULL}, NULL, err);
        if (r < 0)
            return err_wrap(err, "%s", c.path);
    }
    helper = registry_credentials_helper(&c.now, domain, "");
    *ret_known = changed;
    if (helper)
        r = erase_with(helper, &c, registry_credentials_key(domain), ret_known, err);
    return r < 0 || !changed ? r : change_write(&c, err);
}
