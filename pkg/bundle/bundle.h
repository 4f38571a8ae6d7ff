/* From an image config and what the user asked for to a runtime specification: plain data in, plain data out, by
 * Docker's rules. Nothing is looked up on disk or made here.
 */
#pragma once

#include "bundle/seccomp.h"
#include "oci/image_config.h"
#include "oci/spec.h"

#include <stdbool.h>

/* -v SOURCE:DESTINATION[:OPTIONS] */
struct bundle_volume {
    char *source;      /* absolute, on the host */
    char *destination; /* absolute, in the container; cleaned */
    char *propagation; /* "rprivate", …; NULL: rprivate */
    bool readonly;     /* with what is mounted below the source, from Linux 5.12 on */
};

enum { BUNDLE_LABEL_PARTS = 4 /* user, role, type, level */ };

/* --security-opt. All zero: Docker's default profile of system calls, and nothing else. Strings are borrowed. */
struct bundle_security {
    const char *seccomp; /* NULL: Docker's default; "unconfined"; else a file, which the caller reads into `profile` */
    const char *profile;
    size_t profile_len;
    const char *apparmor; /* NULL: none */
    const char *label[BUNDLE_LABEL_PARTS];
    bool no_label;
    bool no_new_privileges;
    bool bare_paths; /* nothing of /proc and /sys is masked or read-only */
};

/* What the user asked for. Strings are borrowed. */
struct bundle_options {
    const char *id;
    const char *files;    /* directory of the host with hosts, hostname, resolv.conf; absolute */
    const char *rootfs;   /* directory of the host where the root is mounted; absolute */
    const char *hostname; /* NULL: the start of the id */
    bool host_network;    /* the host's network namespace */

    const char *entrypoint; /* NULL: the image's; "": none. Takes the image's command away too */
    char *const *args;      /* the command; empty: the image's */
    char *const *env;       /* NAME=VALUE, or NAME: as in `host_env`, or taken away where that has none */
    char *const *host_env;
    bool init;           /* a process of ours in front of the program */
    const char *workdir; /* NULL: the image's */
    const char *user;    /* NULL: the image's */
    bool terminal;
    uint16_t rows, columns; /* of the terminal; 0: unknown */
    bool readonly;
    const struct bundle_volume *volumes;
    size_t n_volumes;
    struct bundle_security security;

    int64_t memory;    /* bytes, 0: no limit */
    int64_t cpu_quota; /* microseconds in each period, 0: no limit */
    int64_t cpu_period;
    int64_t pids_limit; /* 0: none, -1: unlimited */
};

/* Makes the specification. ERR_INVALID names what is wrong in the words of the command line. The caller releases `ret`
 * after 0. */
int bundle_make(const struct oci_image_config *image, const struct bundle_options *options, struct oci_spec *ret,
                struct err *err);

/* Understands one -v. A source that begins with a dot lies below `cwd`, where that is not NULL. ERR_INVALID: other
 * relative paths, unknown options; ERR_UNSUPPORTED: a volume by name. */
int bundle_parse_volume(const char *text, const char *cwd, struct bundle_volume *ret, struct err *err);
void bundle_volume_release(struct bundle_volume *volume);

/* Understands all --security-opt. ERR_INVALID in Docker's words. */
int bundle_parse_security(char *const *options, struct bundle_security *ret, struct err *err);

/* Puts them into a specification that has its capabilities and paths; for bundle_make(). ERR_INVALID for a profile that
 * is none. */
int bundle_apply_security(const struct bundle_security *security, struct oci_spec *spec, struct err *err);

/* Whether a -l is NAME=VALUE or NAME; ERR_INVALID in Docker's words. */
int bundle_check_label(const char *label, struct err *err);

/* The lines of an --env-file, in UTF-8 with or without a byte order mark: NAME=VALUE or NAME each; empty lines and
 * those that start with # are left out. Appends to `env`. ERR_INVALID names the line. */
int bundle_parse_env_file(const char *text, char ***env, struct err *err);

/* What the container's /etc/hosts says; `address` is NULL without a network. The caller frees it. */
char *bundle_hosts(const char *hostname, const char *address);
