/* Docker's json-file, a line an entry:
 *
 *     {"log":"hello\n","stream":"stdout","attrs":{"tag":"x"},"time":"2024-02-03T04:05:06.789Z"}
 *
 * Lines that were written by us or by Docker are read by a scanner of our own, at the speed of memchr(3); the JSON
 * library reads what that does not recognise.
 */
#include "logging/internal.h"

#include "base/time.h"
#include "base/utf8.h"
#include "json/json.h"

#include <stdio.h>

/* ---- writing ---- */

enum { ESCAPED_MAX = 6 }; /* bytes that one byte may become */

/* A byte below 0x80 that does not stand as it is. */
static char *escape_ascii(unsigned char c, char *to)
{
    static const char hex[] = "0123456789abcdef";
    static const char letters[128] = {['"'] = '"', ['\\'] = '\\', ['\n'] = 'n', ['\r'] = 'r'};

    *to++ = '\\';
    if (letters[c]) {
        *to++ = letters[c];
        return to;
    }
    to = stpcpy(to, "u00");
    *to++ = hex[c >> 4];
    *to++ = hex[c & 15];
    return to;
}

/* One character that is no ASCII, or a byte that is none; moves `*s` behind it. U+2028 and U+2029 end lines in
 * JavaScript. */
static char *put_wide(const char **s, const char *end, char *to)
{
    char next[5] = {0};
    size_t n;

    memcpy(next, *s, MIN_OF((size_t)(end - *s), (size_t)4));
    n = utf8_length(next);
    if (!n)
        to = stpcpy(to, "\\ufffd");
    else if (n == 3 && (memcmp(next, "\u2028", 3) == 0 || memcmp(next, "\u2029", 3) == 0))
        to = stpcpy(to, next[2] == '\xa8' ? "\\u2028" : "\\u2029");
    else
        to = mempcpy(to, next, n);
    *s += n ? n : 1;
    return to;
}

/* The text in quotes, to where there is room for ESCAPED_MAX times its bytes and two. */
static char *put_string(const char *s, size_t len, char *to)
{
    static const bool plain[256] = {[' ' ... '!'] = true, ['#' ... '%'] = true, ['\'' ... ';'] = true,
                                    ['='] = true,         ['?' ... '['] = true, [']' ... 0x7f] = true};
    const char *end = s + len;

    *to++ = '"';
    while (s < end) {
        unsigned char c = (unsigned char)*s;

        if (plain[c]) {
            *to++ = *s++;
        } else if (c < 0x80) {
            to = escape_ascii(c, to);
            s++;
        } else {
            to = put_wide(&s, end, to);
        }
    }
    *to++ = '"';
    return to;
}

void logging_json_string(const char *text, size_t len, struct buf *out)
{
    char *start = buf_reserve(out, len * ESCAPED_MAX + 2);

    buf_grown(out, (size_t)(put_string(text, len, start) - start));
}

/* Entries that come together have one time, so its text is made once for them. */
static const char *time_text(int64_t time)
{
    static int64_t known;
    static char text[TIME_TEXT_MAX];

    if (time != known || !*text)
        time_format(time, text);
    known = time;
    return text;
}

static void encode(const struct logging_entry *entry, const char *attributes, struct buf *out)
{
    enum { FRAME_MAX = 64 + TIME_TEXT_MAX };
    size_t n = strlen(attributes);
    char *start = buf_reserve(out, entry->len * ESCAPED_MAX + n + FRAME_MAX), *p = start;

    p = stpcpy(p, "{\"log\":");
    p = put_string(entry->text, entry->len, p);
    p = stpcpy(p, entry->stream == LOGGING_STDERR ? ",\"stream\":\"stderr\"" : ",\"stream\":\"stdout\"");
    if (n) {
        p = stpcpy(p, ",\"attrs\":");
        p = mempcpy(p, attributes, n);
    }
    p = stpcpy(p, ",\"time\":\"");
    p = stpcpy(p, time_text(entry->time));
    p = stpcpy(p, "\"}\n");
    buf_grown(out, (size_t)(p - start));
}

/* ---- reading ---- */

/* Moves `*p` behind `word` if it stands there. */
static bool skip(char **p, const char *end, const char *word)
{
    size_t n = strlen(word);

    if ((size_t)(end - *p) < n || memcmp(*p, word, n) != 0)
        return false;
    *p += n;
    return true;
}

/* The quote that ends the string whose content begins at `p`, or NULL. */
static char *string_end(char *p, char *end)
{
    for (char *from = p;;) {
        char *quote = memchr(from, '"', (size_t)(end - from)), *back = quote;

        if (!quote)
            return NULL;
        while (back > p && back[-1] == '\\')
            back--;
        if ((quote - back) % 2 == 0)
            return quote;
        from = quote + 1;
    }
}

static int hex4(const char *p)
{
    int value = 0;

    for (int i = 0; i < 4; i++) {
        int c = p[i] | 0x20, digit = p[i] >= '0' && p[i] <= '9' ? p[i] - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;

        if (digit < 0)
            return -1;
        value = value << 4 | digit;
    }
    return value;
}

static char *put_utf8(char *to, int c)
{
    if (c < 0x80) {
        *to++ = (char)c;
        return to;
    }
    if (c < 0x800) {
        *to++ = (char)(0xc0 | c >> 6);
    } else {
        if (c < 0x10000) {
            *to++ = (char)(0xe0 | c >> 12);
        } else {
            *to++ = (char)(0xf0 | c >> 18);
            *to++ = (char)(0x80 | (c >> 12 & 0x3f));
        }
        *to++ = (char)(0x80 | (c >> 6 & 0x3f));
    }
    *to++ = (char)(0x80 | (c & 0x3f));
    return to;
}

/* \uXXXX, or two of them for one character; `*p` stands on the first digit. A lone half becomes U+FFFD, as in Go. */
static bool unescape_number(char **p, const char *end, char **to)
{
    int high, low;

    if (end - *p < 4 || (high = hex4(*p)) < 0)
        return false;
    *p += 4;
    if (high >= 0xd800 && high < 0xdc00 && end - *p >= 6 && (*p)[0] == '\\' && (*p)[1] == 'u' &&
        (low = hex4(*p + 2)) >= 0xdc00 && low < 0xe000) {
        *p += 6;
        high = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
    }
    *to = put_utf8(*to, high >= 0xd800 && high < 0xe000 ? 0xfffd : high);
    return true;
}

/* Undoes the escapes of [p, end) in its place: the length that is left, or -1. */
static ssize_t unescape(char *p, char *end)
{
    static const char plain[128] = {
        ['"'] = '"', ['\\'] = '\\', ['/'] = '/', ['b'] = '\b', ['f'] = '\f', ['n'] = '\n', ['r'] = '\r', ['t'] = '\t'};
    char *start = p, *to = p;

    while (p < end) {
        char *back = memchr(p, '\\', (size_t)(end - p)), *stop = back ? back : end;

        if (to != p)
            memmove(to, p, (size_t)(stop - p));
        to += stop - p;
        p = stop + 2;
        if (!back)
            break;
        if (p > end)
            return -1;
        if (p[-1] == 'u') {
            if (!unescape_number(&p, end, &to))
                return -1;
        } else if ((unsigned char)p[-1] < 128 && plain[(unsigned char)p[-1]]) {
            *to++ = plain[(unsigned char)p[-1]];
        } else {
            return -1;
        }
    }
    return to - start;
}

/* The end of the object that begins at `p`, behind its brace, or NULL. */
static char *object_end(char *p, char *end)
{
    int depth = 0;

    for (; p < end; p++) {
        if (*p == '"') {
            p = string_end(p + 1, end);
            if (!p)
                return NULL;
        } else if (*p == '{') {
            depth++;
        } else if (*p == '}' && --depth == 0) {
            return p + 1;
        }
    }
    return NULL;
}

struct document {
    char *log, *stream;
    char **attributes;
    char *time;
};
static const struct json_field fields[] = {
    JSON_FIELD(struct document, "log", JSON_K_STRING, log),
    JSON_FIELD(struct document, "stream", JSON_K_STRING, stream),
    JSON_FIELD(struct document, "attrs", JSON_K_MAP, attributes),
    JSON_FIELD(struct document, "time", JSON_K_STRING, time, JSON_REQUIRED),
};
static const struct json_type document_type = {"log line", sizeof(struct document), fields, ARRAY_SIZE(fields)};

/* A line in another form than ours. What is read is put where the line was: a text is never longer than its JSON. */
static bool decode_any(char *line, size_t len, bool details, struct logging_entry *ret)
{
    struct document d = {0};
    bool ok = json_parse(line, len, &document_type, &d, NULL) == 0 && time_parse(d.time, &ret->time, NULL) == 0;

    if (ok) {
        ret->stream = str_eq(d.stream, "stderr") ? LOGGING_STDERR : LOGGING_STDOUT;
        ret->len = d.log ? MIN_OF(strlen(d.log), len) : 0;
        ret->text = line;
        if (ret->len)
            memcpy(line, d.log, ret->len);
        ret->attributes = details ? steal_ptr(&d.attributes) : NULL;
    }
    json_free(&document_type, &d);
    return ok;
}

static void decode_attributes(const char *text, size_t len, struct logging_entry *ret)
{
    _cleanup_buf_ struct buf whole = BUF_INIT;
    struct document d = {0};

    buf_adds(&whole, "{\"time\":\"\",\"attrs\":");
    buf_add(&whole, text, len);
    buf_addc(&whole, '}');
    if (json_parse(whole.p, whole.len, &document_type, &d, NULL) == 0)
        ret->attributes = steal_ptr(&d.attributes);
    json_free(&document_type, &d);
}

static bool decode(char *line, size_t len, bool details, struct logging_entry *ret)
{
    char *p = line, *end = line + len, *text, *text_end, *attributes = NULL;
    ssize_t n;

    *ret = (struct logging_entry){.stream = LOGGING_STDOUT};
    if (!skip(&p, end, "{\"log\":\"") || !(text_end = string_end(text = p, end)))
        return decode_any(line, len, details, ret);
    p = text_end;
    if (skip(&p, end, "\",\"stream\":\"stderr\","))
        ret->stream = LOGGING_STDERR;
    else if (!skip(&p, end, "\",\"stream\":\"stdout\","))
        return decode_any(line, len, details, ret);
    if (skip(&p, end, "\"attrs\":") && !((p = object_end(attributes = p, end)) && skip(&p, end, ",")))
        return decode_any(line, len, details, ret);
    if (!skip(&p, end, "\"time\":\"") || end - p < 3 || memcmp(end - 2, "\"}", 2) != 0 ||
        !logging_time_parse(p, (size_t)(end - 2 - p), &ret->time))
        return decode_any(line, len, details, ret);
    n = unescape(text, text_end);
    if (n < 0)
        return false;
    ret->text = text;
    ret->len = (size_t)n;
    if (details && attributes)
        decode_attributes(attributes, (size_t)(object_end(attributes, end) - attributes), ret);
    return true;
}

const struct logging_format logging_json_format = {encode, decode};
