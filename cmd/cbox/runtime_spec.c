#include "oci/spec.h"
#include "runtime.h"

#include "sys/fd.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

struct spec_options {
    const char *bundle;
    bool rootless;
};

static const struct cli_option options[] = {
    CLI_STRING(struct spec_options, 'b', "bundle", bundle, "Directory to write config.json to, instead of this one",
               .word = "dir", .values = CLI_VALUES_DIRECTORY),
    CLI_FLAG(struct spec_options, 0, "rootless", rootless, "Make it one for a user without root's rights"),
};

static int write_new(const char *path, const struct buf *text, struct err *err)
{
    _cleanup_fd_ int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    int r;

    if (fd < 0 && errno == EEXIST)
        return err_set(err, ERR_EXISTS, "%s exists already; remove it first", path);
    if (fd < 0)
        return err_errno(err, errno, "%s", path);
    r = fd_write_all(fd, text->p, text->len);
    if (r < 0) {
        unlink(path);
        return err_errno(err, -r, "writing %s", path);
    }
    return 0;
}

static int run(struct cli_context *ctx _unused_, const void *opts, char **operands _unused_, struct err *err)
{
    const struct spec_options *o = opts;
    _cleanup_cgroup_host_ struct cgroup_host host = {0};
    _cleanup_free_ char *path = str_printf("%s%sconfig.json", o->bundle ? o->bundle : "", o->bundle ? "/" : "");
    _cleanup_spec_ struct oci_spec spec = {0};
    _cleanup_buf_ struct buf text = BUF_INIT;
    int r = cgroup_host_detect(&host, err);

    if (r < 0)
        return r;
    oci_spec_default(str_eq(cgroup_host_mode(&host), "v2"), &spec);
    if (o->rootless)
        oci_spec_make_rootless(&spec, geteuid(), getegid());
    oci_spec_dump(&spec, true, &text);
    buf_addc(&text, '\n');
    return write_new(path, &text, err);
}

static const struct cli_example examples[] = {
    {"A bundle from a root file system that lies in bundle/rootfs", "cbox runtime spec --bundle bundle"},
    {NULL, NULL},
};

const struct cli_command cmd_runtime_spec = {
    .summary = "Write a config.json to begin with",
    .description = "The program is sh on a terminal, in the directory rootfs of the bundle, which is read-only.",
    .standalone = true,
    CLI_OPTIONS(struct spec_options, options),
    .examples = examples,
    .run = run,
};
