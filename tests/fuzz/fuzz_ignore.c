/* .dockerignore: any text is patterns or an error. A name is then judged alike with and without its directories'
 * states, and one pattern without `**`, classes and backslashes as Go's filepath.Match has it. */
#include "base/mem.h"
#include "dockerfile/ignore.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static bool handed_down(const struct ignore *g, const char *path)
{
    size_t size = ignore_state_size(g);
    unsigned char *bits[2] = {mem_zalloc(1, size), mem_zalloc(1, size)};
    struct ignore_parent above = {0}, here = {bits[0]};
    bool out = false;

    for (const char *p = path; p;) {
        _cleanup_free_ char *part = NULL;

        p = strchr(p, '/');
        part = p ? str_ndup(path, (size_t)(p++ - path)) : str_dup(path);
        out = ignore_matches(g, part, &above, &here);
        above = here;
        here.matched = bits[above.matched == bits[0]];
    }
    free(bits[0]);
    free(bits[1]);
    return out;
}

/* A name as walks have it. */
static bool is_clean(const char *path)
{
    for (const char *p = path;; p = strchr(p, '/') + 1) {
        size_t n = strcspn(p, "/");

        if (n == 0 || (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
            return false;
        if (!p[n])
            return true;
    }
}

static void compare_with_glob(const char *pattern, const char *path)
{
    char *list[] = {(char *)(uintptr_t)pattern, NULL};
    _cleanup_(ignore_free_cleanup) struct ignore *g = NULL;
    bool fits;

    if (!is_clean(pattern) || strpbrk(pattern, "[]\\!^ \n\t\v\f\r") || strstr(pattern, "**"))
        return;
    /* Bytes that are no ASCII may be blanks, and are compared in another way. */
    for (const char *p = pattern; *p; p++)
        if (*p & 0x80)
            return;
    for (const char *p = path; *p; p++)
        if (*p & 0x80)
            return;
    if (ignore_from_list(list, &g, NULL) < 0 || ignore_glob(pattern, path, &fits, NULL) < 0)
        abort();
    if (fits && !ignore_matches(g, path, NULL, NULL))
        abort();
    if (!fits && !strchr(path, '/') && ignore_matches(g, path, NULL, NULL))
        abort();
}

/* Up to a zero byte a name, then the patterns. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    const uint8_t *end = len ? memchr(bytes, 0, len) : NULL;
    size_t n = end ? (size_t)(end - bytes) : 0;
    _cleanup_free_ char *path = str_ndup((const char *)bytes, n), *text = NULL;
    _cleanup_(ignore_free_cleanup) struct ignore *g = NULL;
    struct err err = ERR_INIT;
    bool fits;

    if (!end || n > 1000 || !is_clean(path))
        return 0;
    text = str_ndup((const char *)end + 1, len - n - 1);
    (void)ignore_glob(text, path, &fits, &err);
    compare_with_glob(text, path);
    if (ignore_parse(text, len - n - 1, &g, &err) < 0)
        return 0;
    if (ignore_matches(g, path, NULL, NULL) != handed_down(g, path))
        abort();
    (void)ignore_may_take_back(g, path);
    return 0;
}
