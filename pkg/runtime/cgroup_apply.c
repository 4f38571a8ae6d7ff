/* Writing limits: each is read back, and an update that fails is taken back. */
#include "runtime/cgroup_internal.h"

#include "base/log.h"
#include "base/strv.h"
#include "base/time.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <time.h>

static const int64_t removed_wait = 5000000000; /* ns */

enum state {
    PENDING,
    DONE,
    PASSED_OVER, /* absent and ignored, or another setting stood for it */
};

/* What there is to write, and how far it is. */
struct work {
    struct cgroup *cg;
    const struct cgroup_plan *plan;
    char *state;   /* an enum state a setting */
    char **before; /* what was read before it was written, by settings; NULL: not kept */
    bool no_devices;
};

/* ---- reading back ---- */

static void trim(char *s)
{
    size_t n = strlen(s);

    while (n && (s[n - 1] == '\n' || s[n - 1] == ' '))
        s[--n] = 0;
}

/* A value in bytes is cut to pages; "max" and numbers below 0 stand for no limit. */
static bool same_bytes(const char *wanted, const char *is, int64_t rounding)
{
    char *end;
    int64_t n = strtoll(wanted, &end, 10), got;

    if (end == wanted)
        return str_eq(wanted, is);
    if (n < 0)
        return true;
    got = strtoll(is, &end, 10);
    return end != is && got <= n && n - got < rounding;
}

/* A huge number is written as "max" by v2, and cut to huge pages by either. */
static bool at_most(const char *wanted, const char *is)
{
    return strcmp(is, "max") == 0 || strtoull(is, NULL, 10) <= strtoull(wanted, NULL, 10);
}

/* The line of `text` that begins with the first word of `value`, or NULL; the caller frees it. */
static char *device_line(const char *value, const char *text)
{
    size_t len = strcspn(value, " ") + 1;

    for (const char *line = text; *line; line += strspn(line, "\n")) {
        size_t n = strcspn(line, "\n");

        if (strncmp(line, value, len) == 0)
            return str_ndup(line, n);
        line += n;
    }
    return NULL;
}

/* "8:0 rbps=1024" in "8:0 rbps=1024 wbps=max …"; "8:0 1024" in "8:0 1024". What lifts a limit, a rate of 0 or "max",
 * takes its line away when it was the last one. */
static bool has_device(const char *value, const char *is)
{
    _cleanup_free_ char *line = device_line(value, is);
    _cleanup_strv_ char **wanted = strv_split(value, ' '), **words = line ? strv_split(line, ' ') : NULL;

    STRV_FOREACH (word, wanted + 1)
        if (!str_eq(*word, "0") && !str_ends(*word, "=max") && !strv_contains(words, *word))
            return false;
    return true;
}

static const char *first_line_last_word(char *text)
{
    char *blank;

    text[strcspn(text, "\n")] = 0;
    blank = strrchr(text, ' ');
    return blank ? blank + 1 : text;
}

/* Changes `is`. */
static bool took_effect(const struct cgroup_setting *s, char *is)
{
    trim(is);
    switch (s->check) {
    case CGROUP_CHECK_SAME:
        return str_eq(s->value, is);
    case CGROUP_CHECK_BYTES:
        return same_bytes(s->value, is, sysconf(_SC_PAGESIZE));
    case CGROUP_CHECK_AT_MOST:
        return at_most(s->value, is);
    case CGROUP_CHECK_DEVICE:
        return has_device(s->value, is);
    case CGROUP_CHECK_FIRST:
        return str_eq(s->value, first_line_last_word(is));
    case CGROUP_CHECK_SET:
        return *is != 0;
    case CGROUP_CHECK_NONE:
        break;
    }
    return true;
}

static int read_back(const struct cgroup_member *m, const struct cgroup_setting *s, struct err *err)
{
    _cleanup_buf_ struct buf is = BUF_INIT;
    _cleanup_free_ char *copy = NULL;
    int r;

    if (s->check == CGROUP_CHECK_NONE)
        return 0;
    r = cgroup_read(m->fd, s->file, &is);
    if (r < 0)
        return err_errno(err, -r, "%s: reading %s/%s", s->limit, m->dir, s->file);
    copy = str_dup(buf_str(&is));
    if (took_effect(s, copy))
        return 0;
    trim(is.p ? is.p : (char[1]){0});
    return err_set(err, ERR_UNSUPPORTED, "%s: wrote '%s' to %s/%s, but it is '%s'", s->limit, s->value, m->dir, s->file,
                   buf_str(&is));
}

/* ---- writing ---- */

static bool may_be_absent(const struct cgroup_setting *s)
{
    switch (s->absent) {
    case CGROUP_ABSENT_REFUSED:
        return false;
    case CGROUP_ABSENT_NEXT:
    case CGROUP_ABSENT_IGNORED:
        return true;
    case CGROUP_ABSENT_IF_LIFTED:
        return str_eq(s->value, "max") || str_eq(s->value, "-1") || str_eq(s->value, "0");
    }
    return false;
}

static int refuse_absent(const struct cgroup_member *m, const struct cgroup_setting *s, struct err *err)
{
    const char *name = cgroup_controller_name(s->controller, m->version);

    err_set(err, ERR_UNSUPPORTED, "%s: this kernel's %s controller has no %s", s->limit, name ? name : "cgroup",
            s->file);
    if (str_eq(s->file, "memory.memsw.limit_in_bytes"))
        err_hint(err, "boot with swapaccount=1");
    return ERR_UNSUPPORTED;
}

/* Whether the kernel may take the value when others of the plan are written: limits that bound each other. */
static bool depends_on_others(const struct cgroup_setting *s, int error)
{
    return error == -EINVAL && (s->controller == CGROUP_MEMORY || s->controller == CGROUP_CPU);
}

static bool has_children(int dir)
{
    struct stat st;

    return fstat(dir, &st) < 0 || st.st_nlink > 2;
}

/* v1 refuses to change all devices at once where there are cgroups below, and counts those that were just removed for a
 * few milliseconds more (an RCU grace period; device_cgroup.c, css_has_online_children()). */
static int write_value(const struct cgroup_member *m, const struct cgroup_setting *s)
{
    int64_t until = time_monotonic() + removed_wait;
    int r = fd_write_text(m->fd, s->file, s->value);

    while (r == -EINVAL && s->controller == CGROUP_DEVICES && *s->value == 'a' && !has_children(m->fd) &&
           time_monotonic() < until) {
        nanosleep(&(struct timespec){.tv_nsec = 500000}, NULL);
        r = fd_write_text(m->fd, s->file, s->value);
    }
    return r;
}

static int write_setting(struct work *w, size_t i, struct err *err)
{
    const struct cgroup_setting *s = &w->plan->settings.v[i];
    const struct cgroup_member *m = cgroup_member_find(w->cg, s->controller);
    int r;

    if (!m) {
        const char *name = cgroup_controller_name(s->controller, 1);

        return err_set(err, ERR_UNSUPPORTED, "%s: cgroup %s is in no hierarchy with %s%s", s->limit, w->cg->path,
                       name ? "the controller " : "cgroup v2", name ? name : "");
    }
    if (w->before && !w->before[i]) {
        _cleanup_buf_ struct buf old = BUF_INIT;

        if (s->check != CGROUP_CHECK_NONE && cgroup_read(m->fd, s->file, &old) == 0)
            w->before[i] = str_dup(buf_str(&old));
    }
    r = write_value(m, s);
    if (r == -ENOENT && may_be_absent(s)) {
        w->state[i] = PASSED_OVER;
        log_debug("cgroups: %s has no %s", m->dir, s->file);
        return 0;
    }
    if (r == -ENOENT)
        return refuse_absent(m, s, err);
    if (r < 0) {
        err_errno(err, -r, "%s: writing '%s' to %s/%s", s->limit, s->value, m->dir, s->file);
        if (r == -EINVAL && str_eq(s->file, "memory.limit_in_bytes"))
            err_hint(err, "memory may not be above memory and swap together: raise that limit as well");
        return depends_on_others(s, r) ? CGROUP_TRY_LATER : err->kind;
    }
    w->state[i] = DONE;
    if (s->absent == CGROUP_ABSENT_NEXT)
        w->state[i + 1] = PASSED_OVER;
    return read_back(m, s, err);
}

/* Once through all that is pending. `later` is the last error of what may still be taken. */
static int write_pending(struct work *w, size_t *ret_done, struct err *later, struct err *err)
{
    *ret_done = 0;
    *later = ERR_INIT;
    for (size_t i = 0; i < w->plan->settings.n; i++) {
        struct err why = ERR_INIT;
        int r;

        if (w->state[i] != PENDING)
            continue;
        if (w->no_devices && w->plan->settings.v[i].controller == CGROUP_DEVICES) {
            w->state[i] = PASSED_OVER;
            continue;
        }
        r = write_setting(w, i, &why);
        if (r == CGROUP_TRY_LATER) {
            *later = why;
        } else if (r < 0) {
            if (err)
                *err = why;
            return r;
        } else {
            ++*ret_done;
        }
    }
    return 0;
}

static int write_all(struct work *w, struct err *err)
{
    struct err later;
    size_t done;

    do {
        int r = write_pending(w, &done, &later, err);

        if (r < 0)
            return r;
    } while (later.kind && done);
    if (later.kind && err)
        *err = later;
    return later.kind;
}

/* Whoever wants to be told before the kernel makes room by killing: memory.checkBeforeUpdate. */
static int check_usage(const struct cgroup *cg, const struct cgroup_plan *plan, struct err *err)
{
    VEC_FOREACH (s, &plan->settings) {
        const struct cgroup_member *m = s->usage ? cgroup_member_find(cg, s->controller) : NULL;
        _cleanup_buf_ struct buf text = BUF_INIT;
        uint64_t used, limit;
        char *end;

        if (!m || cgroup_read(m->fd, s->usage, &text) < 0)
            continue;
        used = strtoull(buf_str(&text), NULL, 10);
        limit = strtoull(s->value, &end, 10);
        if (end != s->value && used && limit <= used)
            return err_set(err, ERR_INVALID, "%s: %" PRIu64 " bytes are not more than the %" PRIu64 " that are used",
                           s->limit, limit, used);
    }
    return 0;
}

static int attach_devices(struct work *w, struct err *err)
{
    const struct cgroup_member *m = cgroup_member_find(w->cg, CGROUP_DEVICES);
    _cleanup_fd_ int fd = m ? openat(m->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

    if (!m && w->no_devices)
        return 0;
    if (fd < 0)
        return err_set(err, ERR_UNSUPPORTED, "linux.resources.devices: cgroup %s is not on v2", w->cg->path);
    return device_program_attach(&w->plan->devices, fd, err);
}

int cgroup_apply(struct cgroup *cg, const struct cgroup_plan *plan, struct err *err)
{
    _cleanup_free_ char *state = mem_zalloc(plan->settings.n + 1, 1);
    struct work w = {.cg = cg, .plan = plan, .state = state, .no_devices = device_filter_needless()};
    int r = check_usage(cg, plan, err);

    if (r == 0)
        r = write_all(&w, err);
    return r == 0 && plan->devices.n ? attach_devices(&w, err) : r;
}

/* ---- taking back ---- */

/* A limit on a device that there was none of: "8:0 0", "8:0 rbps=max", "8:0 default". */
static char *lifted(const struct cgroup_setting *s)
{
    _cleanup_strv_ char **words = strv_split(s->value, ' ');
    struct buf b = BUF_INIT;

    buf_adds(&b, words[0]);
    STRV_FOREACH (word, words + 1) {
        size_t key = strcspn(*word, "=");

        if ((*word)[key])
            buf_addf(&b, " %.*s=max", (int)key, *word);
        else
            buf_adds(&b, str_eq(s->file, "io.weight") ? " default" : " 0");
    }
    return buf_steal(&b);
}

/* What writes a file's old content again. */
static char *value_before(const struct cgroup_setting *s, const char *text)
{
    _cleanup_free_ char *copy = str_dup(text);
    char *line;

    trim(copy);
    switch (s->check) {
    case CGROUP_CHECK_DEVICE:
        line = device_line(s->value, copy);
        return line ? line : lifted(s);
    case CGROUP_CHECK_FIRST:
        return str_dup(first_line_last_word(copy));
    default:
        return str_dup(*copy ? copy : "\n"); /* an empty set */
    }
}

static int take_back(struct work *w, struct err *err)
{
    _cleanup_cgroup_plan_ struct cgroup_plan back = {0};
    _cleanup_free_ char *state = NULL;
    struct work undo = {.cg = w->cg, .plan = &back};

    /* The last one first: of two for one file the first one's is what there was. */
    for (size_t i = w->plan->settings.n; i-- > 0;) {
        const struct cgroup_setting *s = &w->plan->settings.v[i];

        if (w->state[i] == DONE && w->before[i])
            *VEC_PUSH(&back.settings) = (struct cgroup_setting){.controller = s->controller,
                                                                .limit = str_dup(s->limit),
                                                                .file = str_dup(s->file),
                                                                .value = value_before(s, w->before[i]),
                                                                .check = CGROUP_CHECK_NONE};
    }
    state = mem_zalloc(back.settings.n + 1, 1);
    undo.state = state;
    return write_all(&undo, err);
}

int cgroup_update(struct cgroup *cg, const struct cgroup_plan *plan, struct err *err)
{
    _cleanup_free_ char *state = mem_zalloc(plan->settings.n + 1, 1);
    _cleanup_free_ char **before = mem_zalloc(plan->settings.n + 1, sizeof(*before));
    struct work w = {.cg = cg, .plan = plan, .state = state, .before = before};
    struct err why = ERR_INIT, undo = ERR_INIT;
    int r = check_usage(cg, plan, &why);

    if (r == 0) {
        r = write_all(&w, &why);
        if (r < 0 && take_back(&w, &undo) < 0) {
            err_hint(&why, "a part of the update is in effect: %s", undo.text);
            log_debug("cgroups: taking back: %s", undo.text);
        }
    }
    for (size_t i = 0; i < plan->settings.n; i++)
        free(before[i]);
    if (r < 0 && err)
        *err = why;
    return r;
}
