/* What is in the sets and maps of our table, against what should be: who flushed a map has changed neither a chain nor
 * a rule. Asked for where somebody has changed some rule, and no sooner. */
#include "base/strv.h"
#include "network/firewall_internal.h"

static size_t count(const char *text, const char *words)
{
    size_t n = 0, len = strlen(words);

    for (const char *p = text; (p = strstr(p, words)); p += len)
        n++;
    return n;
}

bool firewall_is_complete(const char *table, const char *text)
{
    const char *set;

    for (size_t i = 0; (set = firewall_set_name(i)); i++) {
        _cleanup_free_ char *words = str_printf("add element inet %s %s {", table, set);
        size_t there;

        if (nft_count(table, set, &there) < 0 || there != count(text, words))
            return false;
    }
    return true;
}
