/* The value of a quantity, written in thousandths, is the same value. */
#include "base/quantity.h"

#include "../property.h"
#include "base/arena.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	char *text = xstrndup((const char *)data, size), again[32];
	int64_t milli = 0, same = 0;
	if (quantity_parse(text, &milli)) {
		snprintf(again, sizeof again, "%lldm", (long long)milli);
		property(quantity_parse(again, &same) && same == milli);
	}
	free(text);
	return 0;
}
