/* What holds a container's processes back beside namespaces: the filter of system calls, and labels. */
#include "doctor/internal.h"

#include "bundle/seccomp.h"
#include "container/apparmor.h"
#include "runtime/lsm.h"
#include "runtime/seccomp.h"

#include <sys/personality.h>
#include <sys/prctl.h>

/* Docker's profile lets through the personalities that programs have, and no other. */
enum { PERSONALITY_REFUSED = 0x0008 | ADDR_NO_RANDOMIZE };

/* In a child, which is filtered from then on. */
static int load_filter(void *data, struct err *err)
{
    const struct seccomp_filter *filter = data;
    int listener, r = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : seccomp_filter_load(filter, &listener);

    if (r < 0)
        return err_errno(err, -r, "loading a filter of system calls");
    if (personality(PERSONALITY_REFUSED) >= 0)
        return err_set(err, ERR_UNSUPPORTED, "a filter of system calls was loaded and filters nothing");
    return 0;
}

void doctor_seccomp(const struct doctor_host *host _unused_, doctor_findings *ret)
{
    _cleanup_seccomp_filter_ struct seccomp_filter filter = {0};
    struct bundle_seccomp_host system;
    struct oci_seccomp *profile;
    struct err why = ERR_INIT;
    int r;

    bundle_seccomp_host(&system);
    profile = bundle_seccomp_default(&system, NULL);
    r = seccomp_filter_make(profile, NULL, NULL, &filter, &why);
    if (r == 0)
        r = doctor_try(0, load_filter, &filter, &why);
    if (r < 0)
        doctor_say_error(ret, DOCTOR_FAILURE, &why,
                         "containers do not start, but with --security-opt seccomp=unconfined, which is less safe",
                         NULL);
    else
        doctor_say(ret, DOCTOR_OK, "the default filter was compiled, loaded, and refused a call");
    json_free(&oci_seccomp_type, profile);
    free(profile);
}

void doctor_labels(const struct doctor_host *host _unused_, doctor_findings *ret)
{
    const char *profile = container_apparmor();
    size_t before = ret->n;

    if (lsm_apparmor_is_on() && profile)
        doctor_say(ret, DOCTOR_OK, "AppArmor is on; containers get the profile %s", profile);
    else if (lsm_apparmor_is_on())
        doctor_means(
            doctor_say(ret, DOCTOR_WARNING, "AppArmor is on, and the profile %s cannot be loaded", CONTAINER_APPARMOR),
            "containers run without a profile", "apt-get install apparmor");
    if (lsm_selinux_is_on())
        doctor_say(ret, DOCTOR_OK, "SELinux is on; containers have the label that --security-opt label=... gives them");
    if (ret->n == before)
        doctor_means(doctor_say(ret, DOCTOR_NOTE, "neither AppArmor nor SELinux is on"),
                     "containers lack one wall; namespaces, capabilities and the filter of system calls stand", NULL);
}
