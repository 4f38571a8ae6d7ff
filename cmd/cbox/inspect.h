/* What inspect shows of things of each kind, as Docker's API describes them. */
#pragma once

#include "cbox.h"
#include "cli/value.h"
#include "json/json.h"

/* Describes what a name means; `s` is NULL where there is no store. ERR_NOT_FOUND where there is no such thing. The
 * caller releases `ret` after 0. `size`: of a container, what its files take. */
typedef int (*inspect_fn)(struct store *s, const char *name, bool size, struct cli_value *ret, struct err *err);
int inspect_container(struct store *s, const char *name, bool size, struct cli_value *ret, struct err *err);
int inspect_image(struct store *s, const char *name, bool size, struct cli_value *ret, struct err *err);
int inspect_network(struct store *s, const char *name, bool size, struct cli_value *ret, struct err *err);
int inspect_volume(struct store *s, const char *name, bool size, struct cli_value *ret, struct err *err);

/* The parts of a container that are about networks: its NetworkSettings, HostConfig.PortBindings, and in its Config the
 * ports that are exposed because they are published. inspect_networks.c */
struct engine_host_config;
struct engine_options;
struct store_container_record;
struct cli_value inspect_networks(struct store *s, const struct store_container_record *record,
                                  const struct engine_options *o);
struct cli_value inspect_port_bindings(const struct engine_host_config *h);
void inspect_add_exposed(const struct engine_options *o, struct cli_value *container);

/* What the inspect commands do: each of the names in the form that `format` asks for, or all in one document. The exit
 * code. */
int inspect_print(const struct cli_context *ctx, char **names, inspect_fn describe, const char *format, bool size,
                  struct err *err);

/* How an empty field is shown, where that is not the way of its kind: "" false 0 null, {} for a map and a set. What is
 * omitted can still be asked for by a template, as in Docker's. */
struct inspect_empty {
    const char *name;
    enum { INSPECT_OMIT, INSPECT_NULL, INSPECT_LIST } how;
};

/* A document by its table, every field of it. `exceptions` ends with {NULL}. What is kept as JSON text is shown as null
 * and for the caller to replace. */
struct cli_value inspect_document(const struct json_type *type, const void *document,
                                  const struct inspect_empty *exceptions);
