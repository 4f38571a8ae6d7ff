/* One --annotation. https://docs.docker.com/reference/cli/docker/buildx/build/#annotation */
#include "build/request_parse.h"

#include "base/strv.h"

static int take_place(const char *word, struct build_annotation *a, struct err *err)
{
    if (str_eq(word, "manifest"))
        a->manifest = true;
    else if (str_eq(word, "index"))
        a->index = true;
    else
        return err_set(err, ERR_UNSUPPORTED,
                       "invalid annotation: \"%.100s\" cannot have any: there are manifest, index", word);
    return 0;
}

/* What stands in front of a colon, where that is in front of the first equals sign. */
static int take_places(const char *text, size_t n, struct build_annotation *a, struct err *err)
{
    _cleanup_free_ char *list = str_ndup(text, n);
    _cleanup_strv_ char **words = strv_split(list, ',');
    int r = 0;

    STRV_FOREACH (word, words)
        r = r < 0 ? r : take_place(*word, a, err);
    return r;
}

int build_annotation_parse(const char *text, struct build_annotation *ret, struct err *err)
{
    const char *equals = strchr(text, '='), *colon = memchr(text, ':', equals ? (size_t)(equals - text) : 0);
    struct build_annotation a = {.manifest = !colon};
    int r = colon ? take_places(text, (size_t)(colon - text), &a, err) : 0;

    text = colon ? colon + 1 : text;
    if (r == 0 && (!equals || equals == text))
        r = err_set(err, ERR_INVALID, "invalid annotation \"%.200s\": expected key=value", text);
    if (r < 0)
        return r;
    a.assignment = str_dup(text);
    *ret = a;
    return 0;
}

void build_annotation_release(struct build_annotation *a)
{
    free(a->assignment);
    *a = (struct build_annotation){0};
}

int build_annotations_check(const struct build_request *q, struct err *err)
{
    VEC_FOREACH (a, &q->annotations)
        if (a->index && strv_len(q->platforms) < 2)
            return err_set(err, ERR_INVALID, "annotation \"%.200s\": there is an index for several platforms alone",
                           a->assignment);
    return 0;
}
