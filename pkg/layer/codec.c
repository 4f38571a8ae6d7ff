#include "layer/codec.h"

#include "layer/compression.h"

enum { INPUT_SIZE = 128 * 1024 };

struct decoder {
    struct layer_source *source;
    const struct codec *codec; /* NULL: plain */
    void *state;
    unsigned char *input;
    size_t at, end; /* what is left of `input` */
    int64_t consumed;
    bool source_end;
    bool in_frame;
    bool padding; /* zeros began */
};

/* Moves what is left to the front and reads once more. */
static int decoder_fill(struct decoder *d, struct err *err)
{
    ssize_t n;

    memmove(d->input, d->input + d->at, d->end - d->at);
    d->end -= d->at;
    d->at = 0;
    n = layer_source_read(d->source, d->input + d->end, INPUT_SIZE - d->end, err);
    if (n < 0)
        return (int)n;
    d->source_end = n == 0;
    d->end += (size_t)n;
    d->consumed += n;
    return 0;
}

/* Has enough input to see what begins here, unless the stream ends. */
static int decoder_look(struct decoder *d, struct err *err)
{
    int r = 0;

    while (r == 0 && d->end - d->at < COMPRESSION_START && !d->source_end)
        r = decoder_fill(d, err);
    return r;
}

/* What layers of images never have is archives' alone, and what has no codec may be a plain tar that begins like it. */
static int decoder_choose(struct decoder *d, const struct codec *gzip, bool any, struct err *err)
{
    const struct compression *c = compression_find(d->input, d->end);

    if (!c || !c->codec || (!any && c->layers == OCI_COMPRESSION_NONE))
        return 0;
    d->codec = gzip && c->layers == OCI_COMPRESSION_GZIP ? gzip : compression_open(c, err);
    if (!d->codec || d->codec->load(err) < 0)
        return ERR_UNSUPPORTED;
    return d->codec->open(&d->state, err);
}

static int decoder_make(struct layer_source *source, const struct codec *gzip, bool any, struct decoder **ret,
                        struct err *err)
{
    _cleanup_(decoder_free_cleanup) struct decoder *d = mem_zalloc(1, sizeof(*d));
    int r;

    d->source = source;
    d->input = mem_alloc(INPUT_SIZE);
    r = decoder_look(d, err);
    if (r == 0)
        r = decoder_choose(d, gzip, any, err);
    if (r == 0)
        *ret = steal_ptr(&d);
    return r;
}

int decoder_new(struct layer_source *source, const struct codec *gzip, struct decoder **ret, struct err *err)
{
    return decoder_make(source, gzip, false, ret, err);
}

int decoder_new_any(struct layer_source *source, struct decoder **ret, struct err *err)
{
    return decoder_make(source, NULL, true, ret, err);
}

void decoder_free(struct decoder *d)
{
    if (!d)
        return;
    if (d->state)
        d->codec->close(d->state);
    free(d->input);
    free(d);
}

int64_t decoder_consumed(const struct decoder *d)
{
    return d->consumed;
}

static ssize_t decoder_read_plain(struct decoder *d, unsigned char *out, size_t size, struct err *err)
{
    size_t done = MIN_OF(size, d->end - d->at);

    memcpy(out, d->input + d->at, done);
    d->at += done;
    while (done < size) {
        ssize_t n = layer_source_read(d->source, out + done, size - done, err);

        if (n < 0)
            return n;
        if (n == 0)
            break;
        d->consumed += n;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

/* Between frames: 1 when another one begins, 0 at the end of the stream. */
static int decoder_next_frame(struct decoder *d, struct err *err)
{
    for (;;) {
        int r = decoder_look(d, err);

        if (r < 0)
            return r;
        if (d->at == d->end)
            return 0;
        if (!d->padding && d->codec->is_frame(d->input + d->at, d->end - d->at)) {
            r = d->codec->reset(d->state, err);
            return r < 0 ? r : 1;
        }
        if (d->input[d->at])
            return err_set(err, ERR_CORRUPT, "bytes that are no %s behind the end of the compressed stream",
                           d->codec->name);
        d->padding = true;
        while (d->at < d->end && !d->input[d->at])
            d->at++;
    }
}

/* One step inside a frame. */
static int decoder_step(struct decoder *d, struct codec_io *io, struct err *err)
{
    size_t room = io->out_len, had;
    int r = 0;

    if (d->at == d->end && !d->source_end)
        r = decoder_fill(d, err);
    if (r < 0)
        return r;
    io->in = d->input + d->at;
    io->in_len = had = d->end - d->at;
    r = d->codec->step(d->state, io, err);
    if (r < 0)
        return r;
    d->at = d->end - io->in_len;
    d->in_frame = !io->frame_end;
    if (d->in_frame && io->out_len == room && io->in_len == had && (d->source_end || had))
        return err_set(err, ERR_CORRUPT, "the %s stream %s", d->codec->name,
                       d->source_end ? "is truncated" : "does not go on");
    return 0;
}

ssize_t decoder_read(struct decoder *d, void *data, size_t size, struct err *err)
{
    struct codec_io io = {.out = data, .out_len = size};

    if (!d->codec)
        return decoder_read_plain(d, data, size, err);
    while (io.out_len) {
        int r;

        if (!d->in_frame) {
            r = decoder_next_frame(d, err);
            if (r < 0)
                return r;
            if (r == 0)
                break;
            d->in_frame = true;
        }
        io.frame_end = false;
        r = decoder_step(d, &io, err);
        if (r < 0)
            return r;
    }
    return (ssize_t)(size - io.out_len);
}
