#include "show.h"

#include "base/time.h"
#include "cli/term.h"

#include <stdio.h>
#include <time.h>

char *show_digest(const struct digest *d, bool whole)
{
    char text[DIGEST_TEXT_MAX];

    return whole ? str_dup(digest_format(d, text)) : str_ndup(d->hex, 12);
}

char *show_repository(const struct store_tag *t)
{
    return store_tag_nameless(t) ? str_dup("<none>") : oci_reference_familiar_name(&t->name);
}

char *show_since(int64_t time)
{
    char age[TIME_TEXT_MAX];

    return time ? str_printf("%s ago", time_format_age(time_now() - time, age)) : str_dup("N/A");
}

static bool local_time(int64_t t, struct tm *ret)
{
    time_t seconds = (time_t)(t / 1000000000 - (t % 1000000000 < 0));

    return t && localtime_r(&seconds, ret);
}

char *show_time(int64_t time)
{
    char text[64] = "N/A";
    struct tm tm;

    if (local_time(time, &tm))
        strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S %z %Z", &tm);
    return str_dup(text);
}

/* strftime(3) has the offset without its colon, and UTC is written as Z. */
static char *rfc3339(int64_t time, const char *fraction)
{
    char text[64], offset[8];
    struct tm tm;

    if (!local_time(time, &tm))
        return str_dup("N/A");
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
    strftime(offset, sizeof(offset), "%z", &tm);
    return tm.tm_gmtoff ? str_printf("%s%s%.3s:%s", text, fraction, offset, offset + 3)
                        : str_printf("%s%sZ", text, fraction);
}

char *show_time_rfc3339(int64_t time)
{
    return rfc3339(time, "");
}

char *show_time_nano(int64_t time)
{
    char fraction[16];

    snprintf(fraction, sizeof(fraction), ".%09d", (int)((time % 1000000000 + 1000000000) % 1000000000));
    return rfc3339(time, fraction);
}

char *show_start(const char *text, size_t width)
{
    const char *p = text;

    if (cli_text_width(text) <= width)
        return str_dup(text);
    for (size_t n = 0; n + 1 < width; n++)
        do
            p++;
        while (((unsigned char)*p & 0xc0) == 0x80); /* the rest of a character */
    return str_printf("%.*s…", (int)(p - text), text);
}
