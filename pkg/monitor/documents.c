#include "monitor/documents.h"

#include "runtime/seccomp.h"
#include "sys/atomic.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OPTIONS, SPEC, SECCOMP, LAYERS, PARTS };

struct documents {
    struct buf text;
    const char *parts[PARTS]; /* in `text`, each with a NUL behind it; the layers are several lines */
};

static void documents_release(struct documents *d)
{
    buf_free(&d->text);
}
#define _cleanup_documents_ _cleanup_(documents_release)

static int corrupt(const struct store_container *dir, int r, struct err *err)
{
    if (r < 0 && err)
        err->kind = ERR_CORRUPT;
    return r < 0 ? err_wrap(err, "container %.12s: " DOCUMENTS_FILE, store_container_id(dir)) : 0;
}

static int documents_read(const struct store_container *dir, struct documents *ret, struct err *err)
{
    char *line;
    int r;

    *ret = (struct documents){.text = BUF_INIT_MAX(PARTS * OCI_SPEC_MAX)};
    r = fd_read_file(store_container_fd(dir), DOCUMENTS_FILE, &ret->text, err);
    if (r < 0)
        return err_wrap(err, "container %.12s", store_container_id(dir));
    line = buf_reserve(&ret->text, 1);
    *line = 0;
    line = ret->text.p;
    for (size_t i = 0; i < LAYERS; i++) {
        ret->parts[i] = line;
        line = strchr(line, '\n');
        if (!line)
            return corrupt(dir, err_set(err, ERR_CORRUPT, "it has no more than %zu lines", i + 1), err);
        *line++ = 0;
    }
    ret->parts[LAYERS] = line;
    return 0;
}

int documents_read_options(const struct store_container *dir, struct engine_options *ret, struct err *err)
{
    _cleanup_documents_ struct documents d;
    int r = documents_read(dir, &d, err);

    if (r < 0)
        return r;
    return corrupt(dir, json_parse(d.parts[OPTIONS], strlen(d.parts[OPTIONS]), &engine_options_type, ret, err), err);
}

int documents_read_spec(const struct store_container *dir, struct oci_spec *ret, struct err *err)
{
    _cleanup_documents_ struct documents d;
    int r = documents_read(dir, &d, err);

    if (r == 0)
        r = corrupt(dir, oci_spec_parse(d.parts[SPEC], strlen(d.parts[SPEC]), ret, err), err);
    if (r == 0 && *d.parts[SECCOMP])
        ret->platform.seccomp_text = str_dup(d.parts[SECCOMP]);
    return r;
}

int documents_read_layers(const struct store_container *dir, char ***ret, struct err *err)
{
    _cleanup_documents_ struct documents d;
    int r = documents_read(dir, &d, err);

    if (r == 0)
        *ret = strv_split(d.parts[LAYERS], '\n');
    return r;
}

/* ---- writing ---- */

/* One that is too long to be read again is not written. */
static int end_line(struct buf *text, size_t from, struct err *err)
{
    if (text->len - from > OCI_SPEC_MAX)
        return err_set(err, ERR_LIMIT, "what is asked of the container takes more than %d bytes to say", OCI_SPEC_MAX);
    buf_addc(text, '\n');
    return 0;
}

static int add_options(struct buf *text, const struct engine_options *options, struct err *err)
{
    size_t from = text->len;

    json_dump(&engine_options_type, options, false, text);
    return end_line(text, from, err);
}

static int add_spec(struct buf *text, const struct oci_spec *spec, bool with_seccomp, struct err *err)
{
    struct oci_spec said = *spec;
    size_t from = text->len;

    if (!with_seccomp)
        said.platform.seccomp = NULL;
    oci_spec_dump(&said, false, text);
    return end_line(text, from, err);
}

int documents_write(const struct store_container *dir, const struct engine_options *options,
                    const struct oci_spec *spec, char *const *layers, bool durable, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT, seccomp = BUF_INIT;
    _cleanup_free_ char *below = strv_join(layers, "\n");
    _cleanup_fd_ int fd = -1;
    int r = add_options(&text, options, err);

    if (spec->platform.seccomp)
        seccomp_profile_text(spec->platform.seccomp, &seccomp);
    if (r == 0)
        r = add_spec(&text, spec, seccomp.len == 0, err);
    if (r < 0)
        return r;
    buf_addf(&text, "%s\n%s", buf_str(&seccomp), below);
    fd = openat(store_container_fd(dir), DOCUMENTS_FILE, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    r = fd < 0 ? -errno : fd_write_all(fd, text.p, text.len);
    if (r == 0 && fchmod(fd, 0600) < 0) /* whatever the umask */
        r = -errno;
    if (r == 0 && durable && fdatasync(fd) < 0)
        r = -errno;
    return r < 0 ? err_errno(err, -r, "writing " DOCUMENTS_FILE) : 0;
}

int documents_change(const struct store_container *dir, const struct engine_options *options,
                     const struct oci_spec *spec, struct err *err)
{
    _cleanup_documents_ struct documents d;
    _cleanup_buf_ struct buf text = BUF_INIT;
    int r = documents_read(dir, &d, err);

    if (r < 0)
        return r;
    if (options)
        r = add_options(&text, options, err);
    else
        buf_addf(&text, "%s\n", d.parts[OPTIONS]);
    if (r == 0 && spec)
        r = add_spec(&text, spec, !*d.parts[SECCOMP], err);
    else
        buf_addf(&text, "%s\n", d.parts[SPEC]);
    if (r < 0)
        return r;
    buf_addf(&text, "%s\n%s", d.parts[SECCOMP], d.parts[LAYERS]);
    return atomic_write(store_container_fd(dir), DOCUMENTS_FILE, text.p, text.len, 0600, 0, err);
}
