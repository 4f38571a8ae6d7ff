#include "explain/read.h"

#include "monitor/documents.h"
#include "sys/fd.h"
#include "sys/path.h"

#include <fcntl.h>
#include <signal.h>

enum { READ_MAX = 1 << 20 };

int explain_read(pid_t pid, const char *file, struct buf *ret, struct err *err)
{
    _cleanup_free_ char *path = str_printf("/proc/%d/%s", (int)pid, file);
    struct err why = ERR_INIT;
    int r;

    if (!ret->max)
        ret->max = ret->len + READ_MAX;
    r = fd_read_file(AT_FDCWD, path, ret, &why);
    if (r < 0 && kill(pid, 0) < 0 && errno == ESRCH)
        return err_set(err, ERR_NOT_FOUND, "process %d has ended", (int)pid);
    if (r < 0 && err)
        *err = why;
    return r;
}

int explain_open_inside(const struct explain_subject *subject, const char *path, int flags)
{
    _cleanup_free_ char *top = str_printf("/proc/%d/root", (int)subject->pid);
    _cleanup_fd_ int root = open(top, O_PATH | O_DIRECTORY | O_CLOEXEC);

    return root < 0 ? -errno : path_open_in_root(root, path, flags, 0);
}

char *explain_spec_source(const struct explain_subject *subject)
{
    if (!subject->id)
        return str_dup(EXPLAIN_SOURCE_IMAGE);
    return str_printf("%s/containers/%s/" DOCUMENTS_FILE, store_root_path(subject->store), subject->id);
}

char *explain_source(const struct explain_subject *subject, const char *file)
{
    return subject->pid ? str_printf("/proc/%d/%s", (int)subject->pid, file) : explain_spec_source(subject);
}

void explain_unread(explain_facts *to, const char *name, const struct err *why)
{
    explain_add(to, name, NULL, "not known: %s",
                why->kind == ERR_NOT_FOUND ? "the container has ended meanwhile" : why->text);
}
