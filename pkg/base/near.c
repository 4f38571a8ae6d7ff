#include "base/near.h"

#include "base/mem.h"

enum { NAME_MAX_LEN = 48 }; /* longer names are not offered and longer words have no neighbours */

struct near near_to(const char *word)
{
    size_t n = strlen(word);

    return (struct near){.word = word, .distance = n > NAME_MAX_LEN ? 0 : (unsigned)MAX_OF(n / 3, 1u) + 1};
}

/* Optimal string alignment: Levenshtein's rows plus one more for swapped neighbours. */
static unsigned distance(const char *a, size_t n, const char *b, size_t m)
{
    unsigned rows[3][NAME_MAX_LEN + 1];
    unsigned *before = rows[0], *last = rows[1], *row = rows[2];

    for (size_t j = 0; j <= m; j++)
        last[j] = (unsigned)j;
    for (size_t i = 1; i <= n; i++) {
        unsigned *free_row = before;

        row[0] = (unsigned)i;
        for (size_t j = 1; j <= m; j++) {
            unsigned best = last[j - 1] + (a[i - 1] != b[j - 1]);

            best = MIN_OF(best, last[j] + 1);
            best = MIN_OF(best, row[j - 1] + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                best = MIN_OF(best, before[j - 2] + 1);
            row[j] = best;
        }
        before = last;
        last = row;
        row = free_row;
    }
    return last[m];
}

void near_offer(struct near *near, const char *name)
{
    size_t n = strlen(near->word), m = strlen(name);
    unsigned d;

    if (n > NAME_MAX_LEN || m > NAME_MAX_LEN)
        return;
    d = distance(near->word, n, name, m);
    /* What shares no letter with the word was not meant. */
    if (d < near->distance && d < MAX_OF(n, m)) {
        near->distance = d;
        near->best = name;
    }
}
