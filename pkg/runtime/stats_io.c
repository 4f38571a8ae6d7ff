/* Block devices and network interfaces. cgroup-v1/blkio-controller.rst; cgroup-v2.rst, "IO Interface Files"; proc(5).
 */
#include "runtime/stats_internal.h"

#include "base/strv.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

/* ---- v1 ---- */

/* "8:0 Read 1282048", "8:0 6792"; the sum of all devices, "Total 3477504", is left out. */
static void add_v1(const char *text, stats_io_list *list)
{
    const char *p = text;
    char *line;

    while ((line = stats_line(&p))) {
        struct stats_io_entry e = {0};

        if (sscanf(line, "%" SCNu64 ":%" SCNu64 " %11[A-Za-z] %" SCNu64, &e.major, &e.minor, e.op, &e.value) == 4 ||
            (e.op[0] = 0, sscanf(line, "%" SCNu64 ":%" SCNu64 " %" SCNu64, &e.major, &e.minor, &e.value)) == 3)
            *VEC_PUSH(list) = e;
        free(line);
    }
}

static int read_list(const struct cgroup_member *m, const char *file, stats_io_list *list, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT;
    bool there;
    int r = stats_text(m, file, &text, &there, err);

    if (r == 0 && there)
        add_v1(buf_str(&text), list);
    return r;
}

/* Who counts depends on the scheduler of the device and on the kernel: the first that has something. */
static int read_v1(const struct cgroup_member *m, struct stats *s, struct err *err)
{
    static const char *const names[STATS_IO_LISTS] = {
        [STATS_IO_BYTES] = "io_service_bytes",
        [STATS_IO_OPERATIONS] = "io_serviced",
        [STATS_IO_QUEUED] = "io_queued",
        [STATS_IO_SERVICE_TIME] = "io_service_time",
        [STATS_IO_WAIT_TIME] = "io_wait_time",
        [STATS_IO_MERGED] = "io_merged",
        [STATS_IO_TIME] = "time",
        [STATS_IO_SECTORS] = "sectors",
    };
    static const struct {
        const char *prefix, *suffix;
    } counters[] = {{"blkio.bfq.", "_recursive"},
                    {"blkio.", "_recursive"},
                    {"blkio.throttle.", "_recursive"},
                    {"blkio.throttle.", ""}};
    int r = 0;

    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(counters) && !s->io.lists[STATS_IO_OPERATIONS].n; i++)
        for (size_t l = 0; r == 0 && l < STATS_IO_LISTS; l++) {
            char file[64];

            snprintf(file, sizeof(file), "%s%s%s", counters[i].prefix, names[l], counters[i].suffix);
            s->io.lists[l].n = 0;
            r = read_list(m, file, &s->io.lists[l], err);
        }
    return r;
}

/* ---- v2 ---- */

/* "8:0 rbytes=1459200 wbytes=314773504 rios=192 wios=353 dbytes=0 dios=0" */
static void add_v2(char *line, struct stats *s)
{
    static const struct {
        const char *key;
        enum stats_io list;
        const char *op;
    } keys[] = {
        {"rbytes", STATS_IO_BYTES, "Read"},     {"wbytes", STATS_IO_BYTES, "Write"},
        {"dbytes", STATS_IO_BYTES, "Discard"},  {"rios", STATS_IO_OPERATIONS, "Read"},
        {"wios", STATS_IO_OPERATIONS, "Write"}, {"dios", STATS_IO_OPERATIONS, "Discard"},
    };
    _cleanup_strv_ char **words = strv_split(line, ' ');
    uint64_t major, minor;

    if (!words[0] || sscanf(words[0], "%" SCNu64 ":%" SCNu64, &major, &minor) != 2)
        return;
    STRV_FOREACH (word, words + 1)
        for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
            const char *value = str_after(*word, keys[i].key);
            struct stats_io_entry *e;

            if (!value || *value != '=')
                continue;
            e = VEC_PUSH(&s->io.lists[keys[i].list]);
            *e = (struct stats_io_entry){.major = major, .minor = minor, .value = strtoull(value + 1, NULL, 10)};
            strcpy(e->op, keys[i].op);
        }
}

static int read_v2(const struct cgroup_member *m, struct stats *s, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT;
    bool there;
    int r = stats_text(m, "io.stat", &text, &there, err);
    const char *p = buf_str(&text);
    char *line;

    while (r == 0 && there && (line = stats_line(&p))) {
        add_v2(line, s);
        free(line);
    }
    return r < 0 ? r : stats_pressure_read(m, "io.pressure", &s->io.pressure, err);
}

int stats_read_io(const struct cgroup *cg, struct stats *s, struct err *err)
{
    const struct cgroup_member *m = cgroup_member_find(cg, CGROUP_IO);

    if (!m)
        return 0;
    return m->version == 1 ? read_v1(m, s, err) : read_v2(m, s, err);
}

/* ---- network ---- */

/* Two lines of heads, then "  eth0: 8 numbers of what came, 8 of what went"; the name may follow its numbers at once.
 */
int stats_read_network(pid_t pid, struct stats *s, struct err *err)
{
    _cleanup_free_ char *path = str_printf("/proc/%d/net/dev", (int)pid);
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(4 << 20);
    struct err why = ERR_INIT;
    int r = fd_read_file(AT_FDCWD, path, &text, &why);
    const char *p = buf_str(&text);
    char *line;

    if (r < 0 && r != ERR_NOT_FOUND && err)
        *err = why;
    while (r == 0 && (line = stats_line(&p))) {
        char *colon = strchr(line, ':'), *name = line + strspn(line, " ");
        uint64_t *in, *out;
        struct stats_interface i = {0};

        in = i.received;
        out = i.sent;
        if (colon && sscanf(colon + 1,
                            "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %*u %*u %*u %*u %" SCNu64 " %" SCNu64
                            " %" SCNu64 " %" SCNu64,
                            &in[0], &in[1], &in[2], &in[3], &out[0], &out[1], &out[2], &out[3]) == 8) {
            i.name = str_ndup(name, (size_t)(colon - name));
            *VEC_PUSH(&s->network) = i;
        }
        free(line);
    }
    /* It ended meanwhile: its cgroup has all that is left. */
    return r == ERR_NOT_FOUND ? 0 : r;
}
