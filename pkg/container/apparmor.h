/* The profile of AppArmor that containers get which name none, on hosts that have it: what a container may do in /proc
 * and /sys, to other processes, and with mount(2), whatever capabilities it was given. apparmor.d(5),
 * apparmor_parser(8).
 */
#pragma once

#include "base/err.h"

#define CONTAINER_APPARMOR "cbox-default"

/* The name of that profile where AppArmor is on and it is loaded or can be; else NULL. */
const char *container_apparmor(void);

/* Before a start: loads the profile if it is ours and not there, as after a boot. ERR_UNSUPPORTED where that fails,
 * with a hint. `profile` may be NULL. */
int container_apparmor_load(const char *profile, struct err *err);
