/* Network interfaces of the host that move into a container, with their addresses, and under another name where one is
 * given. OCI runtime specification 1.3, config-linux.md, "Network Devices"; rtnetlink(7).
 *
 * What becomes of them afterwards is the kernel's: with the network namespace, virtual ones end and physical ones
 * return to the host.
 */
#pragma once

#include "base/err.h"
#include "oci/spec.h"

#include <sys/types.h>

/* Moves linux.netDevices into the network namespace of the process `pid`, and sets them up. Permanent addresses of
 * global scope are kept. For the parent, with its rights on the host, after the clone; its thread enters the namespace
 * for a moment. ERR_NOT_FOUND, ERR_EXISTS (the name is taken inside), ERR_INVALID and others name the field; all that
 * was moved is then back on the host as it was. */
int netdev_move(const struct oci_linux *l, pid_t pid, struct err *err);
