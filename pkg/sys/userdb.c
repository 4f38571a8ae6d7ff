#include "sys/userdb.h"

#include "base/buf.h"
#include "base/num.h"
#include "base/strv.h"
#include "sys/fd.h"
#include "sys/path.h"

#include <fcntl.h>

/* A file that is missing is an empty one. */
static int read_database(int rootfd, const char *path, struct buf *b, struct err *err)
{
    _cleanup_fd_ int fd = path_open_in_root(rootfd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
    struct stat st;

    if (fd == -ENOENT || fd == -ENOTDIR)
        return 0;
    if (fd < 0)
        return err_errno(err, -fd, "opening %s", path);
    if (fstat(fd, &st) < 0)
        return err_errno(err, errno, "%s", path);
    if (!S_ISREG(st.st_mode))
        return err_set(err, ERR_INVALID, "%s is no regular file", path);
    return fd_read_rest(fd, path, b, err);
}

/* Cuts the next line with at least `want` fields out of the text at `*p` (which it changes); false at the end. */
static bool next_entry(char **p, char **fields, size_t want)
{
    while (**p) {
        char *line = *p;
        size_t n = strcspn(line, "\n"), found = 0;

        *p = line[n] ? line + n + 1 : line + n;
        line[n] = 0;
        for (char *at = line; at && found < want; found++) {
            fields[found] = at;
            at = strchr(at, ':');
            if (at)
                *at++ = 0;
        }
        if (found == want && *fields[0] && *fields[0] != '#')
            return true;
    }
    return false;
}

static bool parse_id(const char *text, uint32_t *ret)
{
    int64_t id;

    if (num_parse_i64(text, 0, INT32_MAX, &id, NULL) < 0)
        return false;
    *ret = (uint32_t)id;
    return true;
}

static bool all_digits(const char *text)
{
    return *text && !text[strspn(text, "0123456789")];
}

/* What was written for a user or a group: a number where it looks like one. */
static int parse_wanted(const char *what, const char *text, bool *ret_is_id, uint32_t *ret_id, struct err *err)
{
    *ret_is_id = all_digits(text);
    if (*ret_is_id && !parse_id(text, ret_id))
        return err_set(err, ERR_INVALID, "%s %s: uids and gids must be in range 0-%d", what, text, INT32_MAX);
    return 0;
}

static void add_group(struct userdb_user *user, gid_t gid)
{
    VEC_FOREACH (known, &user->groups)
        if (*known == gid)
            return;
    if (user->groups.n < USERDB_GROUPS_MAX)
        *VEC_PUSH(&user->groups) = gid;
}

/* Looks the user up; `*ret_name` is its name where it has an entry. */
static int find_user(int rootfd, const char *wanted, struct userdb_user *ret, char **ret_name, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(USERDB_FILE_MAX);
    enum { NAME, PASSWORD, UID, GID, COMMENT, HOME, N_FIELDS };
    char *fields[N_FIELDS], *p;
    uint32_t id = 0, uid, gid;
    bool is_id = true;
    int r = str_empty(wanted) ? 0 : parse_wanted("user", wanted, &is_id, &id, err);

    if (r == 0)
        r = read_database(rootfd, "/etc/passwd", &text, err);
    if (r < 0)
        return r;
    for (p = text.p; p && next_entry(&p, fields, N_FIELDS);) {
        if (!parse_id(fields[UID], &uid) || !parse_id(fields[GID], &gid))
            continue;
        if (is_id ? uid == id : strcmp(fields[NAME], wanted) == 0) {
            ret->uid = uid;
            ret->gid = gid;
            ret->home = str_dup(*fields[HOME] == '/' ? fields[HOME] : "/");
            *ret_name = str_dup(fields[NAME]);
            return 0;
        }
    }
    if (!is_id)
        return err_set(err, ERR_INVALID, "unable to find user %s: no matching entries in passwd file", wanted);
    ret->uid = id;
    ret->gid = 0;
    ret->home = str_dup("/");
    return 0;
}

static bool lists_member(const char *members, const char *name)
{
    size_t n = strlen(name);

    for (const char *p = members; *p;) {
        size_t len = strcspn(p, ",\r");

        if (len == n && memcmp(p, name, n) == 0)
            return true;
        p += len + (p[len] != 0);
    }
    return false;
}

/* The groups that list the user as a member. */
static void find_memberships(struct buf *text, const char *name, struct userdb_user *ret)
{
    enum { NAME, PASSWORD, GID, MEMBERS, N_FIELDS };
    char *fields[N_FIELDS], *p = text->p;
    uint32_t gid;

    while (p && next_entry(&p, fields, N_FIELDS))
        if (parse_id(fields[GID], &gid) && lists_member(fields[MEMBERS], name))
            add_group(ret, gid);
}

static int find_group(struct buf *text, const char *wanted, gid_t *ret, struct err *err)
{
    enum { NAME, PASSWORD, GID, N_FIELDS };
    char *fields[N_FIELDS], *p = text->p;
    uint32_t id = 0, gid;
    bool is_id;
    int r = parse_wanted("group", wanted, &is_id, &id, err);

    if (r < 0)
        return r;
    *ret = id;
    if (is_id)
        return 0;
    while (p && next_entry(&p, fields, N_FIELDS))
        if (parse_id(fields[GID], &gid) && strcmp(fields[NAME], wanted) == 0) {
            *ret = gid;
            return 0;
        }
    return err_set(err, ERR_INVALID, "unable to find group %s: no matching entries in group file", wanted);
}

static int find(int rootfd, const char *user, const char *group, struct userdb_user *ret, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(USERDB_FILE_MAX);
    _cleanup_free_ char *name = NULL;
    int r = find_user(rootfd, user, ret, &name, err);

    if (r == 0 && (!str_empty(group) || name))
        r = read_database(rootfd, "/etc/group", &text, err);
    if (r == 0 && !str_empty(group))
        r = find_group(&text, group, &ret->gid, err);
    if (r < 0)
        return r;
    add_group(ret, ret->gid);
    if (str_empty(group) && name)
        find_memberships(&text, name, ret);
    return 0;
}

int userdb_find(int rootfd, const char *who, struct userdb_user *ret, struct err *err)
{
    const char *colon = who ? strchr(who, ':') : NULL;
    _cleanup_free_ char *user = colon ? str_ndup(who, (size_t)(colon - who)) : str_dup(who);
    int r;

    *ret = (struct userdb_user){0};
    r = find(rootfd, user, colon ? colon + 1 : NULL, ret, err);
    if (r < 0)
        userdb_user_release(ret);
    return r;
}

int userdb_add_group(int rootfd, const char *group, struct userdb_user *user, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(USERDB_FILE_MAX);
    gid_t gid = 0;
    int r = read_database(rootfd, "/etc/group", &text, err);

    if (r == 0 && find_group(&text, group, &gid, NULL) < 0)
        r = err_set(err, ERR_INVALID, "Unable to find group %s", group);
    if (r == 0)
        add_group(user, gid);
    return r;
}

int userdb_home(int rootfd, uid_t uid, char **ret, struct err *err)
{
    _cleanup_userdb_user_ struct userdb_user user = {0};
    _cleanup_free_ char *wanted = str_printf("%u", uid), *name = NULL;
    int r = find_user(rootfd, wanted, &user, &name, err);

    if (r == 0)
        *ret = steal_ptr(&user.home);
    return r;
}

void userdb_user_release(struct userdb_user *user)
{
    free(user->groups.v);
    free(user->home);
    *user = (struct userdb_user){0};
}
