/* Mounts as users write them (-v, --mount, --tmpfs) and as the runtime gets them: plain data in, plain data out.
 *
 * The command line's words become fields of the engine's options (oci/engine.h):
 *
 *     -v SOURCE:DESTINATION[:MODE]   host.binds, or for -v DESTINATION config.volumes: an anonymous volume
 *     --mount type=…,target=…        host.mounts
 *     --tmpfs PATH[:OPTIONS]         host.tmpfs
 *     --volumes-from ID[:MODE]       host.volumes_from, as it is
 *
 * container/volume.h makes `mounts` of all of them, and bundle_make() calls bundle_mounts() with that.
 */
#pragma once

#include "oci/engine.h"
#include "oci/spec.h"

/* Takes one -v: adds to `binds`, or to `volumes` for a destination alone. A source that begins with a dot lies below
 * `cwd`, where that is not NULL. ERR_INVALID in Docker's words. */
int bundle_take_volume(const char *text, const char *cwd, char ***binds, char ***volumes, struct err *err);

/* Takes one --mount (`ret`: zeroed), or one --tmpfs. ERR_INVALID in Docker's words; what is wrong is found by
 * bundle_check_mount() as far as the command line cannot know it. The caller releases `ret` in any case with
 * engine_mount_type. */
int bundle_parse_mount(const char *text, const char *cwd, struct engine_mount *ret, struct err *err);
int bundle_take_tmpfs(const char *text, char ***tmpfs, struct err *err);

/* Reads one of host.binds. `*ret_mode` is what stands behind the second colon, "" where nothing does; freed by the
 * caller. ERR_INVALID: `invalid volume specification: '…'`. The caller releases `ret` in any case. */
int bundle_read_bind(const char *bind, struct engine_mount *ret, char **ret_mode, struct err *err);

/* What must hold of every mount, wherever it was said. ERR_INVALID: `invalid mount config for type "bind": …`. */
int bundle_check_mount(const struct engine_mount *m, struct err *err);

/* The words of a mode: "ro", "rshared", "nocopy", … */
struct bundle_mode {
    bool read_only, no_copy;
    char *propagation; /* or NULL */
};
/* ERR_INVALID: `invalid mode: …`. The caller frees `propagation` after 0. */
int bundle_parse_mode(const char *mode, struct bundle_mode *ret, struct err *err);

/* One of host.tmpfs, "PATH=OPTIONS", as a mount; ERR_INVALID: `invalid tmpfs option "…"`. */
int bundle_tmpfs_options(const char *options, char ***ret, struct err *err);

/* The mounts of `o->mounts` and `o->host.tmpfs`, appended to the specification's, the outer ones first. */
int bundle_mounts(const struct engine_options *o, struct oci_spec *spec, struct err *err);

/* Whether something of those lies on `destination` itself; whether on it or above it, so that nobody would see what is
 * mounted there. */
bool bundle_mounts_at(const struct engine_options *o, const char *destination);
bool bundle_mounts_hide(const struct engine_options *o, const char *destination);
