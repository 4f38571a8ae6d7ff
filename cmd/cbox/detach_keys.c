#include "detach_keys.h"

#include "base/strv.h"

static int parse_key(const char *text)
{
    const char *control = str_after(text, "ctrl-");

    if (str_eq(text, "DEL"))
        return 127;
    if (strlen(text) == 1)
        return (unsigned char)*text;
    if (!control || strlen(control) != 1)
        return -1;
    if (*control >= 'a' && *control <= 'z')
        return *control - 'a' + 1;
    return strchr("@[\\]^_", *control) ? *control - '@' : -1;
}

int detach_keys_parse(const char *text, struct detach_keys *ret, struct err *err)
{
    _cleanup_strv_ char **words = strv_split(str_empty(text) ? "ctrl-p,ctrl-q" : text, ',');

    *ret = (struct detach_keys){0};
    STRV_FOREACH (word, words) {
        int key = parse_key(*word);

        if (key < 0 || ret->n == DETACH_KEYS_MAX)
            return err_set(err, ERR_INVALID, "invalid detach keys (%s) provided", text);
        ret->keys[ret->n++] = (char)key;
    }
    return 0;
}

/* One more key: what is not the start of the sequence goes out. */
static bool type_key(struct detach_keys *k, char key, char *out, size_t *len)
{
    while (k->typed && k->keys[k->typed] != key) {
        /* Of what is held back only the end may still begin a sequence: the longest such end is kept. */
        size_t keep = k->typed - 1;

        while (keep && memcmp(k->keys + k->typed - keep, k->keys, keep) != 0)
            keep--;
        memcpy(out + *len, k->keys, k->typed - keep);
        *len += k->typed - keep;
        k->typed = keep;
    }
    if (k->keys[k->typed] == key)
        k->typed++;
    else
        out[(*len)++] = key;
    return k->typed == k->n;
}

size_t detach_keys_filter(struct detach_keys *k, char *bytes, size_t len, bool *ret_detach)
{
    const char *in = bytes + DETACH_KEYS_MAX; /* what was held back may go out before them */
    size_t n = 0;

    *ret_detach = false;
    if (!k->n)
        return len;
    memmove(bytes + DETACH_KEYS_MAX, bytes, len);
    for (size_t i = 0; i < len && !*ret_detach; i++)
        *ret_detach = type_key(k, in[i], bytes, &n);
    return n;
}
