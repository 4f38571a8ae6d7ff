#include "base/id.h"

#include <errno.h>
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

void id_generate(char ret[ID_LEN + 1])
{
    /* A short form of digits alone could be read as a number (a pid, a host name): Docker avoids those as well. */
    do {
        id_hex(ret, ID_LEN);
    } while (strspn(ret, "0123456789") >= ID_SHORT_LEN);
}
