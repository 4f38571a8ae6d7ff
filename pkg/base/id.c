#include "base/id.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

void id_hex(char *ret, unsigned len)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[ID_LEN / 2];
    unsigned done = 0;

    while (done < len) {
        ssize_t n = getrandom(bytes, sizeof(bytes), 0);

        if (n < 0) {
            if (errno == EINTR)
                continue;
            abort();
        }
        for (ssize_t i = 0; i < n && done < len; i++) {
            ret[done++] = digits[bytes[i] >> 4];
            if (done < len)
                ret[done++] = digits[bytes[i] & 15];
        }
    }
    ret[len] = 0;
}

/* A short form of digits alone could be a pid or a host name: Docker avoids those as well. */
static bool reads_as_number(const char *id)
{
    return strspn(id, "0123456789") >= ID_SHORT_LEN;
}

void id_generate(char ret[ID_LEN + 1])
{
    do {
        id_hex(ret, ID_LEN);
    } while (reads_as_number(ret));
}

/* Every bit of the result depends on every bit of `n`: the end of splitmix64. */
static uint64_t mix(uint64_t n)
{
    n = (n ^ (n >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    n = (n ^ (n >> 27)) * UINT64_C(0x94d049bb133111eb);
    return n ^ (n >> 31);
}

void id_derive(uint64_t a, uint64_t b, char ret[ID_LEN + 1])
{
    uint64_t step = 0;

    do {
        for (char *p = ret; p < ret + ID_LEN; p += 16) {
            step += UINT64_C(0x9e3779b97f4a7c15);
            snprintf(p, 17, "%016" PRIx64, mix(mix(a + step) + b));
        }
    } while (reads_as_number(ret));
}
