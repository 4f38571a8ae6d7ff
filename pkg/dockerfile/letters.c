#include "base/num.h"
#include "base/utf8.h"
#include "dockerfile/internal.h"

#include <ctype.h>
#include <stdio.h>

/* The code point of the character at `s`, whose length is known. */
static unsigned code_point(const char *s, size_t n)
{
    static const unsigned char first[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    unsigned code = (unsigned char)*s & first[n];

    for (size_t i = 1; i < n; i++)
        code = code << 6 | ((unsigned char)s[i] & 0x3f);
    return code;
}

size_t letter_length(const char *s)
{
    size_t n = utf8_length(s);

    return n ? n : *s != 0;
}

size_t letter_space(const char *s)
{
    size_t n;
    unsigned code;

    if ((unsigned char)*s < 0x80)
        return *s == ' ' || (*s >= '\t' && *s <= '\r');
    n = utf8_length(s);
    if (n < 2)
        return 0;
    code = code_point(s, n);
    return code == 0x85 || code == 0xa0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200a) || code == 0x2028 ||
                   code == 0x2029 || code == 0x202f || code == 0x205f || code == 0x3000
               ? n
               : 0;
}

/* Unicode's letters as far as somebody may name a variable with them. */
static const unsigned letter_ranges[][2] = {
    {0xaa, 0xaa},     {0xb5, 0xb5},     {0xba, 0xba},     {0xc0, 0xd6},     {0xd8, 0xf6},     {0xf8, 0x2c1},
    {0x370, 0x374},   {0x376, 0x377},   {0x37b, 0x37d},   {0x37f, 0x37f},   {0x386, 0x386},   {0x388, 0x3ff},
    {0x400, 0x481},   {0x48a, 0x52f},   {0x531, 0x556},   {0x561, 0x587},   {0x5d0, 0x5ea},   {0x620, 0x64a},
    {0x904, 0x939},   {0xe01, 0xe30},   {0x10a0, 0x10ff}, {0x1e00, 0x1fbc}, {0x3041, 0x3096}, {0x30a1, 0x30fa},
    {0x3400, 0x4dbf}, {0x4e00, 0x9fff}, {0xac00, 0xd7a3},
};

size_t letter_name(const char *s)
{
    size_t n;
    unsigned code;

    if ((unsigned char)*s < 0x80)
        return isalnum((unsigned char)*s) || *s == '_';
    n = utf8_length(s);
    if (n < 2)
        return 0;
    code = code_point(s, n);
    for (size_t i = 0; i < ARRAY_SIZE(letter_ranges); i++)
        if (code >= letter_ranges[i][0] && code <= letter_ranges[i][1])
            return n;
    return 0;
}

char *letters_trim(const char *s, size_t n)
{
    const char *end = s + n, *last = s;
    size_t space;

    while (s < end && (space = letter_space(s)) > 0)
        s += space;
    last = s;
    for (const char *p = s; p < end;) {
        space = letter_space(p);
        p += space ? space : letter_length(p);
        if (!space)
            last = p;
    }
    return str_ndup(s, last > s ? (size_t)(last - s) : 0);
}

const char *quoted(const char *word, char out[QUOTED_MAX])
{
    size_t n = 0;

    out[n++] = '"';
    for (; *word && n < QUOTED_MAX - 8; word++) {
        if (*word == '"' || *word == '\\')
            out[n++] = '\\';
        if (*word == '\n' || *word == '\t') {
            out[n++] = '\\';
            out[n++] = *word == '\n' ? 'n' : 't';
        } else {
            out[n++] = *word;
        }
    }
    snprintf(out + n, QUOTED_MAX - n, "%s\"", *word ? "..." : "");
    return out;
}
