/* The uncompressed bytes of a layer, decompressed and hashed ahead by a thread of their own.
 *
 * Inflating and hashing take about as long as writing the files, so the two run side by side with a few buffers between
 * them. All buffers but the last are full and a multiple of 512 bytes long: a block of a tar never lies in two.
 */
#pragma once

#include "digest/digest.h"
#include "layer/codec.h"

enum { STREAM_BUFFER_SIZE = 256 * 1024, STREAM_BUFFERS = 8 };

struct layer_stream;

/* Starts the thread. The source stays the caller's; nobody else uses it until layer_stream_free(). */
int layer_stream_new(struct layer_source *source, const struct codec *gzip, struct layer_stream **ret, struct err *err);
/* Of an archive: decoder_new_any(). */
int layer_stream_new_any(struct layer_source *source, struct layer_stream **ret, struct err *err);

/* Has `progress` called on the reading thread by layer_stream_next() whenever layer_stream_consumed() grew. */
void layer_stream_watch(struct layer_stream *s, void (*progress)(int64_t consumed, void *data), void *data);

/* Ends the thread, wherever it is. */
void layer_stream_free(struct layer_stream *s);
MEM_DEFINE_CLEANUP(struct layer_stream, layer_stream_free);

/* The next buffer, good until the next call: 1, 0 at the end, or what stopped the thread, once all bytes before that
 * were handed out. */
int layer_stream_next(struct layer_stream *s, const unsigned char **ret, size_t *ret_len, struct err *err);

/* Compressed bytes that lie behind what was handed out so far. */
int64_t layer_stream_consumed(const struct layer_stream *s);

/* The digest of the whole stream, once layer_stream_next() returned 0. */
void layer_stream_digest(const struct layer_stream *s, struct digest_computed *ret);
