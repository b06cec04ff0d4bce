#include "base/cidr.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool address_parse(const char *text, struct cidr *cidr) {
	cidr->family = strchr(text, ':') ? 6 : 4;
	if (inet_pton(cidr->family == 6 ? AF_INET6 : AF_INET, text, cidr->address) != 1) {
		return false;
	}
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	return cidr->family == 4 || memcmp(cidr->address, mapped, sizeof mapped) != 0;
}

static bool prefix_parse(const char *text, int most, int *prefix) {
	if (!isdigit((unsigned char)text[0]) || (text[0] == '0' && text[1]) || strlen(text) > 3) {
		return false;
	}
	char *end;
	long value = strtol(text, &end, 10);
	*prefix = (int)value;
	return *end == '\0' && value <= most;
}

/* Clears the bits behind the prefix; true when none was set. */
static bool mask(struct cidr *cidr) {
	bool clean = true;
	for (int bit = cidr->prefix; bit < (cidr->family == 4 ? 32 : 128); bit++) {
		uint8_t one = (uint8_t)(0x80 >> (bit % 8));
		clean = clean && !(cidr->address[bit / 8] & one);
		cidr->address[bit / 8] &= (uint8_t)~one;
	}
	return clean;
}

static void format(const struct cidr *cidr, char *text, size_t size) {
	char address[INET6_ADDRSTRLEN];
	inet_ntop(cidr->family == 4 ? AF_INET : AF_INET6, cidr->address, address, sizeof address);
	snprintf(text, size, "%s/%d", address, cidr->prefix);
}

bool cidr_parse(const char *text, struct cidr *cidr, struct error *err) {
	char address[64];
	struct cidr parsed = {0};
	size_t length = strcspn(text, "/");
	bool bare = text[length] == '\0';
	if (length < sizeof address) {
		memcpy(address, text, length);
		address[length] = '\0';
	}
	if (length >= sizeof address || !address_parse(address, &parsed)) {
		return fail(err, ERR_INVALID, "'%.64s' is no IPv4 or IPv6 range such as 192.0.2.0/24 or 2001:db8::/32", text);
	}
	int most = parsed.family == 4 ? 32 : 128;
	parsed.prefix = most;
	if (!bare && !prefix_parse(text + length + 1, most, &parsed.prefix)) {
		return fail(err, ERR_INVALID, "'%.64s': the prefix length must be 0 to %d", text, most);
	}
	if (!mask(&parsed)) {
		char meant[64];
		format(&parsed, meant, sizeof meant);
		return fail(err, ERR_INVALID, "'%.64s' has host bits set: the network is %s", text, meant);
	}
	*cidr = parsed;
	return true;
}

const char *cidr_format(struct arena *arena, const struct cidr *cidr) {
	char text[64];
	format(cidr, text, sizeof text);
	return arena_strdup(arena, text);
}

bool cidr_contains(const struct cidr *outer, const struct cidr *inner) {
	if (outer->family != inner->family || outer->prefix > inner->prefix) {
		return false;
	}
	struct cidr cut = *inner;
	cut.prefix = outer->prefix;
	mask(&cut);
	return memcmp(cut.address, outer->address, sizeof cut.address) == 0;
}

int cidr_compare(const struct cidr *a, const struct cidr *b) {
	if (a->family != b->family) {
		return a->family - b->family;
	}
	int order = memcmp(a->address, b->address, sizeof a->address);
	return order ? order : a->prefix - b->prefix;
}
