/* nftables: what a process needs of them without keeping libnftables in its memory. nft(8), libnftables(3).
 *
 * Rule sets are text in nft's language, run by libnftables in a process of its own, as one transaction: all of it, or
 * nothing. Questions that every start asks are netlink messages, and load nothing.
 */
#pragma once

#include "base/err.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stdint.h>

/* Runs a text in the caller's network namespace. ERR_EXISTS, ERR_NOT_FOUND as the kernel says it; ERR_UNSUPPORTED where
 * kernel or library are missing, with a hint; ERR_PERMISSION. */
int nft_run(const char *text, struct err *err);

/* An element of a set or map of a table of family inet, its fields as the kernel has them: in network order, in a
 * concatenation each filled up to 4 bytes. */
enum { NFT_FIELDS_MAX = 64, NFT_ELEMENTS_MAX = 256 };
struct nft_fields {
    uint8_t bytes[NFT_FIELDS_MAX];
    size_t len; /* 0: none */
};
struct nft_element {
    const char *set;
    struct nft_fields key, key_end; /* of a set of intervals both, else `key` alone */
    struct nft_fields value;        /* of a map */
};
typedef VEC(struct nft_element) nft_elements;

/* Adds them, or takes them away, as one transaction, without a library. -errno: -EEXIST where a key is there with
 * another value, -ENOENT where something is missing; -EMSGSIZE for more than NFT_ELEMENTS_MAX. */
int nft_change(const char *table, bool add, const nft_elements *elements);

/* The generation of the rule set: another number after every change by anybody. -errno. */
int nft_generation(uint32_t *ret);

/* A number that changes when the table of family inet or one of its chains is removed, made anew, or loses rules; 0
 * where there is no such table. -errno. */
int nft_fingerprint(const char *table, uint64_t *ret);

/* How many elements a set or map of a table of family inet has. -errno. */
int nft_count(const char *table, const char *set, size_t *ret);

/* Whether a set or map of a table of family inet has this key, or an interval that holds it (`key_end` does not count),
 * and with a value, with that: 1, 0 or -errno. */
int nft_has(const char *table, const struct nft_element *e);

/* The base chains of others in the hook `forward` that drop what no rule accepts (`policy drop`), iptables' among them:
 * "family table chain", which the caller frees. -errno. Left out are those that accept all that comes from bridges
 * whose names begin with "cbox", and all that goes to them, before they decide anything but to accept. */
int nft_dropping(char ***ret);

/* A socket that becomes readable when a table is removed by anybody, and for nothing else; or -errno. nft_drain() takes
 * what came. */
int nft_watch(void);
void nft_drain(int fd);
