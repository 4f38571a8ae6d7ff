/* From an image config and what the user asked for to a runtime specification: plain data in, plain data out, by
 * Docker's rules. Nothing is looked up on disk or made here.
 *
 *     engine_options, as asked -> bundle_merge(): with the image's config and the defaults, as inspect shows them
 *                              -> container/: mounts, and what has to be looked up on the host
 *                              -> bundle_make(): the specification
 */
#pragma once

#include "bundle/seccomp.h"
#include "oci/engine.h"
#include "oci/spec.h"

#include <stdbool.h>

/* What the host has to give. Strings are borrowed. */
struct bundle_machine {
    unsigned n_cpus;
    const char *cpus, *mems; /* those that there are, as "0-3,7"; NULL: not known, and not looked at */
};

/* Where a container is, and what is known of its host. Strings are borrowed. */
struct bundle_place {
    const char *id;
    const char *files;     /* directory of the host with its hosts, hostname, resolv.conf; absolute */
    const char *rootfs;    /* directory of the host where the root is mounted; absolute */
    const char *host_name; /* of the host, or of whose network namespace it shares */
    const char *apparmor;  /* the profile of AppArmor for those who name none; NULL: there is none */
    const struct bundle_machine *machine;
};

/* Puts the image's config beneath what was asked for, and decides what was left open: command, environment, host name,
 * paths, limits that follow from others. ERR_INVALID in Docker's words. */
int bundle_merge(const struct oci_image_config *image, const struct bundle_place *place, struct engine_options *options,
                 struct err *err);

/* Makes the specification of merged options. ERR_INVALID names what is wrong in the words of the command line. The
 * caller releases `ret` after 0. */
int bundle_make(const struct engine_options *options, const struct bundle_place *place, struct oci_spec *ret,
                struct err *err);

/* Another container's namespace that is to be joined has no path but this until bundle_join() names the process whose
 * it is, which is known at the start alone. `type`: "network", "ipc", "pid". ERR_NOT_FOUND where the container has
 * none. */
#define BUNDLE_NOT_JOINED "/proc/0/ns"
int bundle_join(struct oci_spec *spec, const char *type, int64_t pid);

/* Whether the container has the network namespace of its host. */
static inline bool bundle_host_network(const struct engine_options *o)
{
    return str_eq(o->host.network_mode, "host");
}

/* ---- security ---- */

enum { BUNDLE_LABEL_PARTS = 4 /* user, role, type, level */ };

/* What --security-opt says. All zero: Docker's default profile of system calls, and nothing else. Strings are borrowed.
 */
struct bundle_security {
    const char *seccomp;  /* NULL: Docker's default; "unconfined"; else a profile, or on the command line its file */
    const char *apparmor; /* NULL: the host's default; "unconfined": none */
    const char *label[BUNDLE_LABEL_PARTS];
    bool no_label;
    bool no_new_privileges;
    bool bare_paths; /* nothing of /proc and /sys is masked or read-only */
};

/* Understands all --security-opt. ERR_INVALID in Docker's words. */
int bundle_parse_security(char *const *options, struct bundle_security *ret, struct err *err);

/* With --privileged the walls are down, but for a profile that was named. */
void bundle_privileged_security(struct bundle_security *security);

/* Puts them into a specification that has its capabilities and paths; for bundle_make(). ERR_INVALID for a profile that
 * is none. */
int bundle_apply_security(const struct bundle_security *security, const struct bundle_place *place,
                          struct oci_spec *spec, struct err *err);

/* What /proc and /sys tell of the host, or let it be harmed by: appended. */
void bundle_default_paths(char ***masked, char ***readonly);

/* ---- what must hold, and what follows ---- */

/* Docker's rules for what was asked for, of any user of it; for bundle_merge(), and the part of it that `update`
 * changes. ERR_INVALID in Docker's words. */
int bundle_check(const struct engine_options *options, const struct bundle_machine *machine, struct err *err);
int bundle_check_limits(const struct engine_host_config *host, const struct bundle_machine *machine, bool update,
                        struct err *err);

/* What must hold of the networks and of one of them, wherever it was said; for bundle_check(), and for who connects a
 * container to one more. What the network itself has to do with it is container/'s to see. */
int bundle_check_networks(const struct engine_options *options, struct err *err);
int bundle_check_endpoint(const struct engine_endpoint *endpoint, struct err *err);

/* Where nothing was said. Those that are none at all, "none", "host" and "container:…", have no endpoint afterwards. */
#define BUNDLE_NETWORK_DEFAULT "bridge"
void bundle_decide_networks(struct engine_options *options);

/* Makes names as users write them ("net_admin", "ALL") those of the kernel; `what` is CapAdd or CapDrop. ERR_INVALID.
 */
int bundle_normalize_capabilities(char ***list, const char *what, struct err *err);

/* Those that the container has; the caller frees the vector. */
char **bundle_capabilities(const struct engine_host_config *host);

/* The resources, but for those of devices, which have to be looked up. */
void bundle_limits(const struct engine_host_config *host, struct oci_resources *ret);

/* ---- words ---- */

/* Whether a -l is NAME=VALUE or NAME; ERR_INVALID in Docker's words. */
int bundle_check_label(const char *label, struct err *err);

/* The lines of an --env-file, in UTF-8 with or without a byte order mark: NAME=VALUE or NAME each; empty lines and
 * those that start with # are left out. Appends to `env`. ERR_INVALID names the line. */
int bundle_parse_env_file(const char *text, char ***env, struct err *err);
