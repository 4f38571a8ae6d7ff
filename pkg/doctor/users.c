/* Users: namespaces of them, and the ids that there are for those. user_namespaces(7), subuid(5). */
#include "doctor/internal.h"

#include "base/num.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <pwd.h>
#include <sched.h>

enum { IDS_MAX = 1 << 20, IDS_WANTED = 65536 };

static int do_nothing(void *data _unused_, struct err *err _unused_)
{
    return 0;
}

/* What forbids it: the first that does. */
static const struct {
    const char *sysctl;
    int64_t forbids;
    const char *remedy;
    bool root_too;
} switches[] = {
    {"user/max_user_namespaces", 0, "sysctl -w user.max_user_namespaces=65536", true},
    {"kernel/unprivileged_userns_clone", 0, "sysctl -w kernel.unprivileged_userns_clone=1", false},
    {"kernel/apparmor_restrict_unprivileged_userns", 1, "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
     false},
};

static const char *remedy_of(bool root)
{
    for (size_t i = 0; i < ARRAY_SIZE(switches); i++) {
        int64_t value;

        if ((!root || switches[i].root_too) && doctor_sysctl(switches[i].sysctl, &value) &&
            value == switches[i].forbids)
            return switches[i].remedy;
    }
    return NULL;
}

void doctor_users(const struct doctor_host *host _unused_, doctor_findings *ret)
{
    bool root = geteuid() == 0;
    const char *forbidden = remedy_of(false);
    struct err why = ERR_INIT;
    struct doctor_finding *f;

    if (!root)
        doctor_means(doctor_say(ret, DOCTOR_FAILURE, "this is not root, for whom alone cbox pulls, builds and runs"),
                     "images cannot be unpacked with their owners, and containers not be started; cbox runtime takes "
                     "bundles with a user namespace",
                     "sudo cbox system doctor");
    if (doctor_try(CLONE_NEWUSER, do_nothing, NULL, &why) < 0) {
        f = doctor_say(ret, DOCTOR_WARNING, "no user namespace can be made: %s", why.text);
        doctor_means(f,
                     root ? "containers with users of their own (cbox runtime, --mount idmap) do not start"
                          : "without root nothing that needs a namespace works",
                     remedy_of(root));
    } else if (root && forbidden) {
        doctor_means(doctor_say(ret, DOCTOR_NOTE, "user namespaces are for root alone"),
                     "cbox of root does not mind; plain users have none", forbidden);
    } else {
        doctor_say(ret, DOCTOR_OK, "user namespaces were made");
    }
}

/* ---- ranges ---- */

uint64_t doctor_count_ids(const char *text, const char *name, uint32_t uid)
{
    _cleanup_strv_ char **lines = strv_split(text, '\n');
    _cleanup_free_ char *number = str_printf("%u", uid);
    uint64_t sum = 0;

    STRV_FOREACH (line, lines) {
        _cleanup_strv_ char **fields = strv_split(*line, ':');
        int64_t first, count;

        if (strv_len(fields) == 3 && (str_eq(fields[0], name) || str_eq(fields[0], number)) &&
            num_parse_i64(fields[1], 0, UINT32_MAX, &first, NULL) == 0 &&
            num_parse_i64(fields[2], 1, UINT32_MAX, &count, NULL) == 0)
            sum += (uint64_t)count;
    }
    return sum;
}

static uint64_t ids_in(const char *path, const char *name)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(IDS_MAX);

    return fd_read_user_file(path, &text, NULL) < 0 ? 0 : doctor_count_ids(buf_str(&text), name, geteuid());
}

void doctor_ids(const struct doctor_host *host _unused_, doctor_findings *ret)
{
    struct passwd *user = getpwuid(geteuid());
    _cleanup_free_ char *name = user ? str_dup(user->pw_name) : str_printf("%u", geteuid());
    uint64_t uids = ids_in("/etc/subuid", name), gids = ids_in("/etc/subgid", name);
    _cleanup_free_ char *remedy = NULL;

    if (uids >= IDS_WANTED && gids >= IDS_WANTED) {
        doctor_say(ret, DOCTOR_OK, "%s may hand out %llu user ids and %llu group ids", name, (unsigned long long)uids,
                   (unsigned long long)gids);
        return;
    }
    remedy = str_printf("usermod --add-subuids 100000-165535 --add-subgids 100000-165535 %s", name);
    doctor_means(doctor_say(ret, DOCTOR_NOTE, "/etc/subuid gives %s %llu ids, /etc/subgid %llu", name,
                            (unsigned long long)uids, (unsigned long long)gids),
                 "cbox itself needs none; those who call its runtime with mapped ids do", remedy);
}
