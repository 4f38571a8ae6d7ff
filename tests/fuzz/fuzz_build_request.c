/* What a build's options say, each of which is a small language: the first byte chooses one. */
#include "base/mem.h"
#include "build/request_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_output(const char *text, struct err *err)
{
    struct build_output o = {0};
    int r = build_output_parse(text, &o, err);

    if (r == 0)
        build_output_release(&o);
    return r;
}

static int read_secret(const char *text, struct err *err)
{
    struct build_secret s = {0};
    int r = build_secret_parse(text, &s, err);

    if (r == 0 && (!s.id || !s.path == !s.env)) /* one of the two */
        abort();
    if (r == 0)
        build_secret_release(&s);
    return r;
}

static int read_ssh(const char *text, struct err *err)
{
    struct build_ssh s = {0};
    int r = build_ssh_parse(text, &s, err);

    if (r == 0)
        build_ssh_release(&s);
    return r;
}

static int read_named(const char *text, struct err *err)
{
    struct build_named_context c = {0};
    int r = build_named_parse(text, &c, err);

    if (r == 0 && (!c.name || !c.what))
        abort();
    if (r == 0)
        build_named_release(&c);
    return r;
}

static int read_place(const char *text, bool to, struct err *err)
{
    struct build_cache_place p = {0};
    int r = build_cache_place_parse(text, to, &p, err);

    if (r == 0 && p.type != BUILD_CACHE_INLINE && !p.where)
        abort();
    if (r == 0)
        build_cache_place_release(&p);
    return r;
}

static int read_from(const char *text, struct err *err)
{
    return read_place(text, false, err);
}

static int read_to(const char *text, struct err *err)
{
    return read_place(text, true, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int (*const languages[])(const char *text, struct err *err) = {
        read_output, read_secret, read_ssh, read_named, read_from, read_to,
    };
    _cleanup_free_ char *text = size ? str_ndup((const char *)data + 1, size - 1) : NULL;
    struct err err = ERR_INIT;
    int r = text ? languages[data[0] % ARRAY_SIZE(languages)](text, &err) : 0;

    if ((r < 0) != (err.kind < 0) || (r < 0 && !err.text[0]))
        abort();
    return 0;
}
