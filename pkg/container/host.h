/* What of a container's options has to be looked up on the host, put into its specification. */
#pragma once

#include "bundle/bundle.h"
#include "oci/engine.h"
#include "oci/spec.h"
#include "store/store.h"

/* CPUs and memory nodes of the host, as far as what is asked for is about them. The caller releases it. */
struct container_machine {
    struct bundle_machine known;
    char *cpus, *mems;
};
void container_machine_read(const struct engine_host_config *asked, struct container_machine *ret);
void container_machine_release(struct container_machine *m);
#define _cleanup_machine_ _cleanup_(container_machine_release)

/* --device, --privileged's devices, limits by device: numbers of what lies below /dev. ERR_NOT_FOUND, ERR_INVALID. */
int container_host_devices(const struct engine_host_config *h, struct oci_spec *spec, struct err *err);

/* The numbers of rates and weights by device, for `update` too. */
int container_host_rates(const struct engine_host_config *h, struct oci_block_io *ret, struct err *err);

/* One device of the host, appended with the right to use it; a directory: all in it. */
int container_add_device(const struct engine_device *d, struct oci_spec *spec, struct err *err);

/* --gpus and devices by a CDI name: what the files in /etc/cdi and /var/run/cdi say of them, put in. container/cdi.c.
 * https://github.com/cncf-tags/container-device-interface */
int container_cdi(const struct engine_host_config *h, struct oci_spec *spec, struct err *err);

/* The ids of the containers whose namespaces are shared take the place of their names. ERR_NOT_FOUND: "No such
 * container: …" */
int container_name_shared(struct store *s, struct engine_options *o, struct err *err);

/* The options of another container. The caller releases `ret` after 0. */
int container_other_options(struct store *s, const char *id, struct engine_options *ret, struct err *err);

/* Before each start: whose namespaces they are. ERR_INVALID where one does not run. */
int container_join(struct store *s, const struct engine_options *o, struct oci_spec *spec, struct err *err);
