/* A quantity equals itself, and its value written in thousandths is the same value. */
#include "base/quantity.h"

#include "../property.h"
#include "base/arena.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	char *text = xstrndup((const char *)data, size), again[32];
	int64_t milli = 0, same = 0;
	if (quantity_parse(text, &milli)) {
		property(quantity_equal(text, text));
		snprintf(again, sizeof again, "%lldm", (long long)milli);
		property(quantity_parse(again, &same) && same == milli);
	} else {
		property(!quantity_equal(text, text));
	}
	free(text);
	return 0;
}
