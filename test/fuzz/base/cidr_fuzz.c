/* Two ranges, a line each. A canonical text is that of the same range; who contains and is contained is equal. */
#include "base/cidr.h"

#include <string.h>

#include "../property.h"

static bool parse(struct arena *arena, const char *text, struct cidr *range) {
	struct error err = {0};
	struct cidr again;
	if (!cidr_parse(text, range, &err)) {
		property(err.kind == ERR_INVALID);
		return false;
	}
	property(range->prefix >= 0 && range->prefix <= (range->family == 4 ? 32 : 128));
	property(cidr_parse(cidr_format(arena, range), &again, &err) && cidr_compare(range, &again) == 0);
	property(cidr_contains(range, range));
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct arena *arena = arena_create();
	char *first = arena_strndup(arena, (const char *)data, size), *second = strchr(first, '\n');
	struct cidr a, b;
	if (second) {
		*second++ = '\0';
	}
	if (parse(arena, first, &a) && second && parse(arena, second, &b)) {
		property((cidr_contains(&a, &b) && cidr_contains(&b, &a)) == (cidr_compare(&a, &b) == 0));
		property((cidr_compare(&a, &b) < 0) == (cidr_compare(&b, &a) > 0));
	}
	arena_destroy(arena);
	return 0;
}
