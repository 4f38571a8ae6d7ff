#include "build/repository.h"

#include "build/context_internal.h"
#include "sys/path.h"

#include <ctype.h>
#include <strings.h>

char *build_hide_secrets(char *text)
{
    for (char *at = strstr(text, "://"); at; at = strstr(at + 3, "://")) {
        char *host = at + 3, *end = host + strcspn(host, "/ \t\n\"'"), *sign = end;

        while (sign > host && sign[-1] != '@')
            sign--;
        if (sign > host)
            memset(host, 'x', (size_t)(sign - 1 - host));
    }
    return text;
}

/* "user@host:path", as ssh has it. */
static bool is_scp_style(const char *s)
{
    const char *at = strchr(s, '@'), *colon = at ? strchr(at, ':') : NULL;

    if (!colon || at == s || colon == at + 1 || !colon[1])
        return false;
    for (const char *p = s; p < colon; p++)
        if (p != at && !isalnum((unsigned char)*p) && !strchr("._-", *p))
            return false;
    return *s != '-' && at[1] != '-';
}

bool build_is_repository(const char *source)
{
    size_t n = strcspn(source, "?#");

    if (strncasecmp(source, "git://", 6) == 0 || strncasecmp(source, "ssh://", 6) == 0)
        return true;
    if (build_is_url(source))
        return n > 4 && strncmp(source + n - 4, ".git", 4) == 0;
    return is_scp_style(source);
}

bool repository_is_commit(const char *ref)
{
    size_t n = strspn(ref, "0123456789abcdef");

    return !ref[n] && (n == 40 || n == 64);
}

/* ---- what stands behind the URL ---- */

static int set_once(char **to, const char *what, const char *value, struct err *err)
{
    if (*to && !str_eq(*to, value))
        return err_set(err, ERR_INVALID, "%s conflicts: \"%.100s\" vs \"%.100s\"", what, *to, value);
    str_replace(to, str_dup(value));
    return 0;
}

static int take_pair(struct repository *r, const char *name, const char *value, struct err *err)
{
    const struct {
        const char *name;
        char **to;
    } known[] = {{"ref", &r->ref},       {"branch", &r->ref},    {"tag", &r->ref},
                 {"subdir", &r->subdir}, {"commit", &r->commit}, {"checksum", &r->commit}};

    if (str_eq(name, "keep-git-dir")) {
        r->keep_git_dir = !*value || str_eq(value, "true") || str_eq(value, "1");
        return 0;
    }
    for (size_t i = 0; i < ARRAY_SIZE(known); i++)
        if (str_eq(name, known[i].name))
            return *value ? set_once(known[i].to, name, value, err)
                          : err_set(err, ERR_INVALID, "query \"%s\" has no value", name);
    return err_set(err, ERR_INVALID, "unexpected query \"%.100s\"", name);
}

static int take_query(struct repository *r, const char *query, size_t len, struct err *err)
{
    int result = 0;

    for (size_t at = 0; result == 0 && at < len;) {
        size_t n = strcspn(query + at, "&#"), equals;
        _cleanup_free_ char *name = str_ndup(query + at, n);

        equals = strcspn(name, "=");
        at += n + 1;
        if (!name[equals]) {
            result = *name ? take_pair(r, name, "", err) : 0;
            continue;
        }
        name[equals] = 0;
        result = take_pair(r, name, name + equals + 1, err);
    }
    return result;
}

static int take_fragment(struct repository *r, const char *fragment, struct err *err)
{
    size_t n = strcspn(fragment, ":");
    _cleanup_free_ char *ref = str_ndup(fragment, n);
    int result = *ref ? set_once(&r->ref, "ref", ref, err) : 0;

    return result == 0 && fragment[n] && fragment[n + 1] ? set_once(&r->subdir, "subdir", fragment + n + 1, err)
                                                         : result;
}

/* Nothing that git would take for an option, or a range. */
static int check(struct repository *r, struct err *err)
{
    const char *bad = r->ref ? strpbrk(r->ref, " \t\n:^~?*[\\") : NULL;
    _cleanup_free_ char *subdir = r->subdir ? path_join("/", r->subdir) : NULL;

    if (bad || (r->ref && (*r->ref == '-' || strstr(r->ref, ".."))))
        return err_set(err, ERR_INVALID, "\"%.100s\" is no branch, tag or commit", r->ref);
    if (r->commit && r->commit[strspn(r->commit, "0123456789abcdef")])
        return err_set(err, ERR_INVALID, "\"%.100s\" is no commit", r->commit);
    /* Without a name to fetch it is the commit that is fetched. */
    if (!r->ref && r->commit && repository_is_commit(r->commit))
        r->ref = str_dup(r->commit);
    if (subdir)
        str_replace(&r->subdir, subdir[1] ? str_dup(subdir + 1) : NULL);
    return 0;
}

/* ---- who asks for it ---- */

/* What git is told by lines. */
static char *take_word(const char *text, size_t len, struct err *err)
{
    _cleanup_free_ char *word = build_url_unescape(text, len);

    if (!word[strcspn(word, "\r\n")])
        return steal_ptr(&word);
    err_set(err, ERR_INVALID, "name and password are of one line");
    return NULL;
}

/* Name and password come to git by another way, and for nobody but this host. */
static int take_login(struct repository *r, struct err *err)
{
    char *host = strstr(r->url, "://"), *sign, *colon;
    size_t n;

    if (!host)
        return 0;
    host += 3;
    sign = memrchr(host, '@', strcspn(host, "/"));
    colon = sign ? memchr(host, ':', (size_t)(sign - host)) : NULL;
    if (colon && !build_is_url(r->url))
        return err_set(err, ERR_INVALID, "only http and https take a password from the URL");
    if (!sign || !build_is_url(r->url))
        return 0;
    r->user = take_word(host, (size_t)((colon ? colon : sign) - host), err);
    r->password = r->user ? take_word(colon ? colon + 1 : sign, colon ? (size_t)(sign - colon) - 1 : 0, err) : NULL;
    if (!r->password)
        return ERR_INVALID;
    memmove(host, sign + 1, strlen(sign));
    n = strcspn(host, "/");
    if (!n || strspn(host, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-_:[]") < n)
        return err_set(err, ERR_INVALID, "\"%.*s\" is no host", (int)MIN_OF(n, (size_t)100), host);
    r->origin = str_ndup(r->url, (size_t)(host - r->url) + n);
    return 0;
}

int repository_parse(const char *text, struct repository *ret, struct err *err)
{
    size_t fragment = strcspn(text, "#"), n = strcspn(text, "?#");
    int r = 0;

    *ret = (struct repository){.url = str_ndup(text, n)};
    r = take_login(ret, err);
    if (r == 0 && text[n] == '?')
        r = take_query(ret, text + n + 1, fragment - n - 1, err);
    if (r == 0 && text[fragment])
        r = take_fragment(ret, text + fragment + 1, err);
    return r < 0 ? r : check(ret, err);
}

void repository_release(struct repository *r)
{
    free(r->url);
    free(r->origin);
    free(r->user);
    free(r->password);
    free(r->ref);
    free(r->subdir);
    free(r->commit);
    *r = (struct repository){0};
}
