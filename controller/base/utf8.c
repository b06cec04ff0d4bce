#include "base/utf8.h"

#include <string.h>

/* RFC 3629, section 4: the bytes that may stand second are fewer after some leads. */
static const struct {
	unsigned char from, to;  /* leads */
	unsigned char low, high; /* second byte */
	size_t length;
} sequences[] = {
	{0x01, 0x7f, 0, 0, 1},
	{0xc2, 0xdf, 0x80, 0xbf, 2},
	{0xe0, 0xe0, 0xa0, 0xbf, 3},
	{0xe1, 0xec, 0x80, 0xbf, 3},
	{0xed, 0xed, 0x80, 0x9f, 3},
	{0xee, 0xef, 0x80, 0xbf, 3},
	{0xf0, 0xf0, 0x90, 0xbf, 4},
	{0xf1, 0xf3, 0x80, 0xbf, 4},
	{0xf4, 0xf4, 0x80, 0x8f, 4},
};

size_t utf8_character(const char *text) {
	const unsigned char *at = (const unsigned char *)text;
	size_t row = 0, rows = sizeof sequences / sizeof *sequences;
	while (row < rows && (at[0] < sequences[row].from || at[0] > sequences[row].to)) {
		row++;
	}
	size_t length = row < rows ? sequences[row].length : 0;
	if (length > 1 && (at[1] < sequences[row].low || at[1] > sequences[row].high)) {
		return 0;
	}
	for (size_t i = 2; i < length; i++) {
		if ((at[i] & 0xc0) != 0x80) {
			return 0;
		}
	}
	return length;
}

void utf8_keep(char *text) {
	char *to = text;
	for (const char *from = text; *from;) {
		size_t length = utf8_character(from);
		memmove(to, from, length);
		to += length;
		from += length ? length : 1;
	}
	*to = '\0';
}
