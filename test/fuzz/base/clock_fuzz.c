/* Times and durations: what was parsed, written in canonical form, is parsed to the same. */
#include "base/clock.h"

#include <string.h>

#include "../property.h"

static void moment(struct arena *arena, const char *text) {
	struct error err = {0};
	int64_t wall = 0, again = 0;
	if (!clock_parse(text, &wall, &err)) {
		property(err.kind == ERR_INVALID);
		return;
	}
	const char *canonical = clock_format(arena, wall);
	/* An offset can lead out of the years that RFC 3339 has. */
	property(strlen(canonical) != 20 || canonical[0] == '-' || (clock_parse(canonical, &again, &err) && again == wall));
}

static void duration(struct arena *arena, const char *text) {
	struct error err = {0};
	int64_t seconds = 0, again = 0;
	if (!duration_parse(text, &seconds, &err)) {
		property(err.kind == ERR_INVALID);
		return;
	}
	property(seconds >= 0);
	const char *canonical = arena_printf(
		arena, "%lldh%lldm%llds", (long long)seconds / 3600, (long long)seconds / 60 % 60, (long long)seconds % 60);
	property(duration_parse(canonical, &again, &err) && again == seconds);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct arena *arena = arena_create();
	const char *text = arena_strndup(arena, (const char *)data, size);
	moment(arena, text);
	duration(arena, text);
	arena_destroy(arena);
	return 0;
}
