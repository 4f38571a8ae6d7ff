/* What a registry has: the tags of a repository, and what a search finds. */
#pragma once

#include "registry/registry.h"

/* Appends the tags of the repository of `ref` to `ret` in the registry's order, page by page, up to `limit` (0: all,
 * which is 100,000 at most: ERR_LIMIT). OCI distribution specification, "Listing Tags". ERR_NOT_FOUND for a repository
 * that is not there; ERR_INVALID for an answer that is none, or a next page that is elsewhere. */
int registry_list_tags(struct registry *r, const struct oci_reference *ref, size_t limit, char ***ret, struct err *err);

struct registry_found {
    char *name, *description;
    int64_t stars;
    bool official, automated;
};

struct registry_search {
    VEC(struct registry_found) results;
};

/* Searches the registry `domain` ("docker.io") for at most `limit` (1 to 100) repositories: Docker's GET /v1/search,
 * which beside Docker Hub few registries have: ERR_NOT_FOUND. The caller releases `ret` after 0. */
int registry_search(struct registry *r, const char *domain, const char *term, int limit, struct registry_search *ret,
                    struct err *err);
void registry_search_release(struct registry_search *s);

/* For tests: the documents, and the target of the link with rel="next" (freed by the caller), NULL without one. */
int registry_search_parse(const char *text, size_t len, struct registry_search *ret, struct err *err);
int registry_tags_parse(const char *text, size_t len, char ***ret, struct err *err);
char *registry_next_link(const char *value);
