/* Address ranges of IPv4 and IPv6 (RFC 4632, RFC 5952). An IPv4 address is kept in its own family: an IPv4-mapped
 * IPv6 address is refused, since firewalls disagree on what it means. */
#ifndef BASE_CIDR_H
#define BASE_CIDR_H
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

struct cidr {
	int family; /* 4 or 6 */
	int prefix; /* 0..32 or 0..128 */
	uint8_t address[16];
};

/* "10.0.0.0/8", "2001:db8::/32"; a bare address is /32 or /128. Host bits set are refused with what was meant. */
must_check bool cidr_parse(const char *text, struct cidr *cidr, struct error *err);
/* Canonical text, always with the prefix. */
const char *cidr_format(struct arena *arena, const struct cidr *cidr);
/* True when every address of `inner` is in `outer`. */
bool cidr_contains(const struct cidr *outer, const struct cidr *inner);
/* Orders by family, address, prefix; 0 means equal. */
int cidr_compare(const struct cidr *a, const struct cidr *b);

#endif
