/* Messages of the domain name system: what a question asks, whether an answer belongs to it, and answers of our own.
 * RFC 1035, RFC 6891 (EDNS0). Plain data, without I/O; nothing is read beyond `len`.
 */
#pragma once

#include "base/buf.h"
#include "base/ip.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    DNS_HEADER_LEN = 12,
    DNS_WIRE_NAME_MAX = 255,
    DNS_NAME_MAX = 4 * DNS_WIRE_NAME_MAX + 1, /* as text, every byte escaped */
    DNS_QUERY_MAX = 4096,                     /* longer ones are none: a name, and options of EDNS */
    DNS_MESSAGE_MAX = 65535,
    DNS_UDP_MIN = 512, /* what everybody takes */
};
enum dns_type { DNS_A = 1, DNS_PTR = 12, DNS_AAAA = 28, DNS_OPT = 41, DNS_ANY = 255 };
enum { DNS_CLASS_IN = 1 };
enum dns_rcode { DNS_OK, DNS_FORMERR, DNS_SERVFAIL, DNS_NXDOMAIN, DNS_NOTIMP, DNS_REFUSED, DNS_BADVERS = 16 };
enum dns_flag { DNS_RESPONSE = 0x8000, DNS_TRUNCATED = 0x0200, DNS_WANTS_RECURSION = 0x0100, DNS_RECURSES = 0x0080 };
enum { DNS_OPCODE = 0x7800, DNS_CHECKING_DISABLED = 0x0010, DNS_RCODE = 0x000f };

struct dns_query {
    uint16_t id, flags, type, class;
    char name[DNS_NAME_MAX]; /* small letters, without the last dot; a byte that no host name has is `\DDD` */
    size_t question_end;     /* of the message; the question begins behind the header */
    bool edns;
    uint16_t udp_max; /* how long an answer over UDP may be: DNS_UDP_MIN or more */
};

/* Reads a question. DNS_OK; another code that is its answer, `id`, `flags` being set; or -1 for what must not be
 * answered: what is too short, or itself an answer. */
int dns_query_parse(const uint8_t *m, size_t len, struct dns_query *ret);

/* Whether `answer` is one to the question of `query` under this id. An error without a question is taken as well. */
bool dns_answer_matches(const uint8_t *answer, size_t len, const uint8_t *query, size_t question_end, uint16_t id);

/* Small fields of the header; the message has one. */
uint16_t dns_id(const uint8_t *m);
void dns_set_id(uint8_t *m, uint16_t id);
uint16_t dns_flags(const uint8_t *m);

/* An answer that is being written: appended to `out` (empty), at most `max` bytes. What does not fit is left out, and
 * the answer says that it is truncated. */
struct dns_answer {
    const struct dns_query *query;
    struct buf *out;
    size_t max;
    uint8_t extended; /* upper bits of the code */
};
/* `m`: the query's message, of which the question is copied where it could be read. */
void dns_answer_begin(struct dns_answer *a, const struct dns_query *q, const uint8_t *m, int rcode, size_t max,
                      struct buf *out);
/* A or AAAA, of the name that was asked for. */
void dns_answer_add_address(struct dns_answer *a, const struct ip *address, uint32_t ttl);
/* PTR to a host name; one that is none is left out. */
void dns_answer_add_pointer(struct dns_answer *a, const char *name, uint32_t ttl);
void dns_answer_end(struct dns_answer *a);

/* An answer from elsewhere as one that says it is truncated: header and question of it alone. */
void dns_answer_cut(const uint8_t *m, size_t question_end, struct buf *out);

/* The address that a name below in-addr.arpa or ip6.arpa stands for; false where it is no whole one. */
bool dns_reverse_address(const char *name, struct ip *ret);
