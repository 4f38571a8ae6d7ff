#include "runtime/resctrl.h"

#include "sys/fd.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

enum { SCHEMATA_MAX = 64 << 10, MOUNTINFO_MAX = 16 << 20 };

int resctrl_find(char **ret, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(MOUNTINFO_MAX);
    int r = fd_read_file(AT_FDCWD, "/proc/self/mountinfo", &text, err);
    char *save = NULL;

    for (char *line = r == 0 ? strtok_r(text.p, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save)) {
        char point[4096];

        if (strstr(line, " - resctrl ") && sscanf(line, "%*s %*s %*s / %4095s", point) == 1) {
            *ret = str_dup(point);
            return 0;
        }
    }
    return r < 0 ? r : err_set(err, ERR_UNSUPPORTED, "linux.intelRdt: no resctrl file system is mounted on this host");
}

static char *class_of(const char *root, const struct oci_intel_rdt *rdt, const char *id)
{
    const char *name = rdt->clos_id ? rdt->clos_id : id;

    return str_eq(name, "/") ? str_dup(root) : str_printf("%s/%s", root, name);
}

/* In the order in which they are written: the whole last, which takes the place of the others. */
static char **lines_of(const struct oci_intel_rdt *rdt)
{
    char **lines = NULL;

    if (!str_empty(rdt->l3_cache_schema))
        strv_add(&lines, rdt->l3_cache_schema);
    if (!str_empty(rdt->mem_bw_schema))
        strv_add(&lines, rdt->mem_bw_schema);
    STRV_FOREACH (line, rdt->schemata)
        strv_add(&lines, *line);
    return lines;
}

static int write_line(const char *dir, const char *file, const char *line, struct err *err)
{
    _cleanup_free_ char *path = str_printf("%s/%s", dir, file), *text = str_printf("%s\n", line);
    _cleanup_fd_ int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    int r = fd < 0 ? -errno : fd_write_all(fd, text, strlen(text));

    return r < 0 ? err_errno(err, -r, "linux.intelRdt: writing \"%s\" to %s", line, path) : 0;
}

/* A class that is there must be what is asked for: the kernel puts blanks in front of the names of resources. */
static int compare_lines(const char *dir, char *const *lines, struct err *err)
{
    _cleanup_free_ char *path = str_printf("%s/schemata", dir);
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(SCHEMATA_MAX);
    _cleanup_strv_ char **there = NULL;
    int r = fd_read_file(AT_FDCWD, path, &text, err);

    if (r < 0)
        return r;
    there = strv_split(buf_str(&text), '\n');
    STRV_FOREACH (line, lines) {
        bool found = false;

        STRV_FOREACH (other, there)
            found |= strcmp(*other + strspn(*other, " "), *line) == 0;
        if (!found)
            return err_set(err, ERR_EXISTS, "linux.intelRdt.closID: %s is there and has no \"%s\"", dir, *line);
    }
    return 0;
}

/* Which classes are made, and which have to be there. */
static int prepare(const char *dir, const struct oci_intel_rdt *rdt, char *const *lines, struct err *err)
{
    int r = 0;

    if (mkdir(dir, 0755) < 0) {
        if (errno != EEXIST)
            return err_errno(err, errno, "linux.intelRdt: %s", dir);
        if (rdt->clos_id && lines)
            return compare_lines(dir, lines, err);
    } else if (rdt->clos_id && !lines) {
        rmdir(dir);
        return err_set(err, ERR_NOT_FOUND, "linux.intelRdt.closID: there is no %s, and nothing says what is in it",
                       dir);
    }
    STRV_FOREACH (line, lines)
        r = r < 0 ? r : write_line(dir, "schemata", *line, err);
    return r;
}

int resctrl_enter(const char *root, const struct oci_intel_rdt *rdt, const char *id, pid_t pid, struct err *err)
{
    _cleanup_free_ char *dir = class_of(root, rdt, id), *process = str_printf("%d", (int)pid), *monitor = NULL;
    _cleanup_strv_ char **lines = lines_of(rdt);
    int r = prepare(dir, rdt, lines, err);

    if (r == 0)
        r = write_line(dir, "tasks", process, err);
    if (r < 0 || !rdt->enable_monitoring)
        return r;
    monitor = str_printf("%s/mon_groups/%s", dir, id);
    if (mkdir(monitor, 0755) < 0)
        return err_errno(err, errno, "linux.intelRdt.enableMonitoring: %s", monitor);
    return write_line(monitor, "tasks", process, err);
}

void resctrl_leave(const char *root, const struct oci_intel_rdt *rdt, const char *id)
{
    _cleanup_free_ char *dir = class_of(root, rdt, id), *monitor = str_printf("%s/mon_groups/%s", dir, id);

    if (rdt->enable_monitoring)
        rmdir(monitor);
    if (!rdt->clos_id)
        rmdir(dir);
}
