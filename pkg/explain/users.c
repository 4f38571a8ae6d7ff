#include "explain/users.h"

#include "explain/read.h"

#include <inttypes.h>
#include <stdio.h>

static const int64_t ids = UINT32_MAX; /* 2^32 - 1 of them: the last number is nobody's */

void explain_id_map_parse(const char *text, explain_id_map *ret)
{
    *ret = (explain_id_map){0};
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        struct explain_id_range range;

        if (sscanf(line, "%" SCNd64 " %" SCNd64 " %" SCNd64, &range.inside, &range.outside, &range.size) == 3)
            *VEC_PUSH(ret) = range;
    }
}

int64_t explain_id_inside(const explain_id_map *map, int64_t outside)
{
    VEC_FOREACH (range, map)
        if (outside >= range->outside && outside - range->outside < range->size)
            return range->inside + outside - range->outside;
    return -1;
}

static void add_id(const char *name, int64_t outside, const explain_id_map *map, const char *source, explain_facts *to)
{
    int64_t inside = explain_id_inside(map, outside);
    struct explain_fact *fact =
        inside < 0 ? explain_add(to, name, source, "%" PRId64 " on the host, and nobody inside", outside)
                   : explain_add(to, name, source, "%" PRId64 "%s inside is %" PRId64 "%s on the host", inside,
                                 inside ? "" : " (root)", outside, outside ? "" : " (root)");

    explain_put(fact, "Inside", cli_value_number(inside));
    explain_put(fact, "Outside", cli_value_number(outside));
}

static void add_groups(const struct explain_status *status, const explain_id_map *map, const char *source,
                       explain_facts *to)
{
    _cleanup_buf_ struct buf text = BUF_INIT;
    struct cli_value list = {.kind = CLI_SEQUENCE};
    struct explain_fact *fact;

    VEC_FOREACH (group, &status->groups) {
        int64_t inside = explain_id_inside(map, *group);

        buf_addf(&text, "%s%" PRId64, text.len ? ", " : "", inside);
        cli_value_append(&list, cli_value_number(inside));
    }
    fact = explain_add(to, "groups", source, "%s", text.len ? buf_str(&text) : "no additional ones");
    fact->value = list;
}

static void add_map(const char *name, const explain_id_map *map, const char *source, explain_facts *to)
{
    _cleanup_strv_ char **ranges = NULL;
    _cleanup_free_ char *text = NULL;
    bool same = map->n == 1 && !map->v[0].inside && !map->v[0].outside && map->v[0].size >= ids;

    VEC_FOREACH (r, map)
        strv_addf(&ranges, "%" PRId64 "-%" PRId64 " are %" PRId64 "-%" PRId64, r->inside, r->inside + r->size - 1,
                  r->outside, r->outside + r->size - 1);
    text = same     ? str_dup("numbers mean the same on the host")
           : ranges ? strv_join(ranges, ", ")
                    : str_dup("there are none");
    explain_strings(explain_add(to, name, source, "%s", text), ranges);
}

void explain_users_add(const struct explain_status *status, const explain_id_map maps[2], const char *const sources[3],
                       explain_facts *to)
{
    add_id("user", status->uid[1], &maps[0], sources[0], to);
    add_id("group", status->gid[1], &maps[1], sources[0], to);
    add_groups(status, &maps[1], sources[0], to);
    add_map("user ids", &maps[0], sources[1], to);
    add_map("group ids", &maps[1], sources[2], to);
}

/* What both have. */
static void add_rest(const struct explain_status *status, const char *source, explain_facts *to)
{
    struct explain_fact *fact;
    char umask[8];

    if (status->umask >= 0) {
        snprintf(umask, sizeof(umask), "%04o", (unsigned)status->umask & 0777);
        explain_string(explain_add(to, "umask", source, "%s is taken from the permissions of what it makes", umask),
                       umask);
    }
    fact = explain_add(to, "no new privileges", source, "%s",
                       status->no_new_privs ? "set: no program, not even su, gives it rights that it has not"
                                            : "not set: a program such as su can make it root inside");
    fact->value = cli_value_truth(status->no_new_privs);
}

static int add_living(const struct explain_subject *subject, const struct explain_status *status, const char *source,
                      explain_facts *ret, struct err *err)
{
    static const char *const files[] = {"uid_map", "gid_map"};
    _cleanup_free_ char *uids = explain_source(subject, files[0]), *gids = explain_source(subject, files[1]);
    explain_id_map maps[2] = {{0}};
    int r = 0;

    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(files); i++) {
        _cleanup_buf_ struct buf text = BUF_INIT;

        r = explain_read(subject->pid, files[i], &text, err);
        if (r == 0)
            explain_id_map_parse(buf_str(&text), &maps[i]);
    }
    if (r == 0)
        explain_users_add(status, maps, (const char *const[]){source, uids, gids}, ret);
    free(maps[0].v);
    free(maps[1].v);
    return r;
}

int explain_users(const struct explain_subject *subject, explain_facts *ret, struct err *err)
{
    _cleanup_explain_status_ struct explain_status status = {0};
    _cleanup_free_ char *source = explain_source(subject, "status"), *groups = NULL;
    const struct oci_user *user = &subject->spec->process.user;
    int r = explain_status_of(subject, &status, err);

    if (r == 0 && subject->pid) {
        r = add_living(subject, &status, source, ret, err);
    } else if (r == 0) { /* names are looked up when its files are there */
        const char *name = str_empty(user->username) ? "root" : user->username;

        explain_string(explain_add(ret, "user", source, "%s, by the image's /etc/passwd", name), name);
        groups = strv_join(user->groups, ", ");
        explain_strings(explain_add(ret, "groups", source, "%s", *groups ? groups : "those of /etc/group alone"),
                        user->groups);
    }
    if (r == 0)
        add_rest(&status, source, ret);
    return r;
}
