#include "runtime/systemd.h"

#include <sys/stat.h>

int systemd_check(struct err *err)
{
    struct stat st;

    if (lstat("/run/systemd/system", &st) == 0 && S_ISDIR(st.st_mode))
        return 0;
    return err_set(err, ERR_UNSUPPORTED, "--systemd-cgroup: systemd does not run here (no /run/systemd/system)");
}
