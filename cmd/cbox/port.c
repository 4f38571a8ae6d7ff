#include "base/num.h"
#include "cbox.h"
#include "commands.h"
#include "container/container.h"
#include "container/ports.h"

#include <stdio.h>
#include <stdlib.h>

/* As people count: 80 comes before 443. */
static int natural(const void *va, const void *vb)
{
    return strverscmp(*(char *const *)va, *(char *const *)vb);
}

/* PORT[/PROTOCOL] */
static int check_port(const char *text, struct err *err)
{
    _cleanup_free_ char *number = str_ndup(text, strcspn(text, "/"));
    int64_t port;

    return num_parse_i64(number, 0, UINT16_MAX, &port, NULL) == 0
               ? 0
               : err_set(err, ERR_INVALID, "invalid port (%s)", number);
}

static char **lines_of(const container_ports *ports, const char *wanted)
{
    char **lines = NULL;

    VEC_FOREACH (p, ports) {
        _cleanup_free_ char *inside = str_printf("%u/%s", p->inside, p->protocol);
        _cleanup_free_ char *outside = p->outside ? container_port_outside(p) : NULL;

        if (outside && !wanted)
            strv_addf(&lines, "%s -> %s", inside, outside);
        else if (outside && str_eq(inside, wanted))
            strv_add(&lines, outside);
    }
    if (lines)
        qsort(lines, strv_len(lines), sizeof(*lines), natural);
    return lines;
}

static int print(struct store *s, const char *id, const char *name, const char *asked, struct err *err)
{
    _cleanup_free_ char *wanted = !asked ? NULL : strchr(asked, '/') ? str_dup(asked) : str_printf("%s/tcp", asked);
    _cleanup_strv_ char **lines = NULL;
    container_ports ports = {0};
    port_claims claims = {0};
    int r = asked ? check_port(asked, err) : 0;

    if (r == 0)
        r = ports_list(s, id, &claims, err);
    if (r < 0)
        return r;
    container_ports_list(&claims, id, NULL, &ports);
    lines = lines_of(&ports, wanted);
    free(ports.v);
    port_claims_release(&claims);
    if (asked && !lines)
        return err_set(err, ERR_NOT_FOUND, "No public port '%s' published for %s", asked, name);
    STRV_FOREACH (line, lines)
        puts(*line);
    return 0;
}

static int run(struct cli_context *ctx, const void *opts _unused_, char **operands, struct err *err)
{
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    _cleanup_container_record_ struct store_container_record record = {0};
    char id[ID_LEN + 1];
    int r = cbox_open_existing_store(ctx, &s, err);

    if (r == 0)
        r = s ? store_container_find(s, operands[0], id, err)
              : err_set(err, ERR_NOT_FOUND, "No such container: %s", operands[0]);
    if (r == 0)
        r = container_look(s, id, &record, err);
    return r < 0 ? r : print(s, id, operands[0], operands[1], err);
}

static const struct cli_example examples[] = {
    {"Where a port of the container is published", "cbox port web 80/tcp"},
    {NULL, NULL},
};

const struct cli_command cmd_port = {
    .summary = "List port mappings or a specific mapping for the container",
    .operands = "CONTAINER [PRIVATE_PORT[/PROTO]]",
    .values = {CLI_VALUES_CONTAINER, CLI_VALUES_NONE},
    .examples = examples,
    .run = run,
};
