#include "container/host.h"
int container_cdi(const struct engine_host_config *h, struct oci_spec *spec, struct err *err)
{ (void)h;(void)spec;(void)err; return 0; }
