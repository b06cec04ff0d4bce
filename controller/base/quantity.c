#include "base/quantity.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct suffix {
	const char *text;
	long double factor;
} suffixes[] = {
	{"", 1},
	{"n", 1e-9L},
	{"u", 1e-6L},
	{"m", 1e-3L},
	{"k", 1e3L},
	{"M", 1e6L},
	{"G", 1e9L},
	{"T", 1e12L},
	{"P", 1e15L},
	{"E", 1e18L},
	{"Ki", 1024},
	{"Mi", 1048576},
	{"Gi", 1073741824},
	{"Ti", 1099511627776},
	{"Pi", 1125899906842624},
	{"Ei", 1152921504606846976},
};

static const char *number_parse(const char *text, long double *value) {
	const char *at = text;
	at += *at == '+' || *at == '-';
	bool negative = text[0] == '-', any = false;
	long double scale = 1;
	*value = 0;
	for (; isdigit((unsigned char)*at); at++, any = true) {
		*value = *value * 10 + (*at - '0');
	}
	if (*at == '.') {
		for (at++; isdigit((unsigned char)*at); at++, any = true) {
			scale /= 10;
			*value += scale * (*at - '0');
		}
	}
	*value = negative ? -*value : *value;
	return any ? at : NULL;
}

static bool factor_of(const char *text, long double *factor) {
	for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
		if (strcmp(text, suffixes[i].text) == 0) {
			*factor = suffixes[i].factor;
			return true;
		}
	}
	if ((*text == 'e' || *text == 'E') && text[1]) {
		char *end;
		long exponent = strtol(text + 1, &end, 10);
		*factor = powl(10, (long double)exponent);
		return *end == '\0' && exponent > -30 && exponent < 30 && !isspace((unsigned char)text[1]);
	}
	return false;
}

bool quantity_parse(const char *text, int64_t *milli) {
	long double value, factor;
	const char *suffix = text && strlen(text) < 64 ? number_parse(text, &value) : NULL;
	if (!suffix || !factor_of(suffix, &factor)) {
		return false;
	}
	value *= factor * 1000;
	/* a whole number that the decimal fraction missed by a rounding error is that whole number */
	long double nearest = roundl(value);
	value = fabsl(value - nearest) < 1e-6L ? nearest : ceill(value);
	if (!(fabsl(value) < 9.2e18L)) {
		return false;
	}
	*milli = (int64_t)value;
	return true;
}

bool quantity_equal(const char *a, const char *b) {
	int64_t left, right;
	return quantity_parse(a, &left) && quantity_parse(b, &right) && left == right;
}
