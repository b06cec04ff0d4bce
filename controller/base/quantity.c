#include "base/quantity.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_FRACTION = 18 };

static const struct suffix {
	const char *text;
	int tens, twos; /* the powers it stands for */
} suffixes[] = {
	{"", 0, 0},
	{"n", -9, 0},
	{"u", -6, 0},
	{"m", -3, 0},
	{"k", 3, 0},
	{"M", 6, 0},
	{"G", 9, 0},
	{"T", 12, 0},
	{"P", 15, 0},
	{"E", 18, 0},
	{"Ki", 0, 10},
	{"Mi", 0, 20},
	{"Gi", 0, 30},
	{"Ti", 0, 40},
	{"Pi", 0, 50},
	{"Ei", 0, 60},
};

/* Whole: (digits and a little more, if `more`) * 10^tens * 2^twos. Binary fractions would miss thousandths. */
struct number {
	unsigned __int128 digits;
	bool negative, more, huge;
	int tens, twos;
};

static void multiply(struct number *number, unsigned factor) {
	number->huge = __builtin_mul_overflow(number->digits, factor, &number->digits) || number->huge;
}

static void add_digit(struct number *number, char digit) {
	multiply(number, 10);
	number->digits += (unsigned)(digit - '0');
}

static const char *number_parse(const char *text, struct number *number) {
	const char *at = text + (*text == '+' || *text == '-');
	bool any = false;
	*number = (struct number){.negative = *text == '-'};
	for (; isdigit((unsigned char)*at); at++, any = true) {
		add_digit(number, *at);
	}
	if (*at == '.') {
		for (at++; isdigit((unsigned char)*at); at++, any = true) {
			if (number->tens > -MOST_FRACTION) {
				add_digit(number, *at);
				number->tens--;
			} else {
				number->more = number->more || *at != '0';
			}
		}
	}
	return any ? at : NULL;
}

static bool suffix_parse(const char *text, struct number *number) {
	for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
		if (strcmp(text, suffixes[i].text) == 0) {
			number->tens += suffixes[i].tens;
			number->twos = suffixes[i].twos;
			return true;
		}
	}
	if ((*text != 'e' && *text != 'E') || !text[1] || isspace((unsigned char)text[1])) {
		return false;
	}
	char *end;
	long exponent = strtol(text + 1, &end, 10);
	if (*end != '\0' || exponent <= -30 || exponent >= 30) {
		return false;
	}
	number->tens += (int)exponent;
	return true;
}

bool quantity_parse(const char *text, int64_t *milli) {
	struct number number;
	const char *suffix = text && strlen(text) < 64 ? number_parse(text, &number) : NULL;
	if (!suffix || !suffix_parse(suffix, &number)) {
		return false;
	}
	for (; number.twos > 0; number.twos--) {
		multiply(&number, 2);
	}
	for (number.tens += 3; number.tens > 0; number.tens--) {
		multiply(&number, 10);
	}
	for (; number.tens < 0; number.tens++) {
		number.more = number.more || number.digits % 10;
		number.digits /= 10;
	}
	number.digits += number.more;
	if (number.huge || number.digits >= (unsigned __int128)9200000000000000000) {
		return false;
	}
	*milli = number.negative ? -(int64_t)number.digits : (int64_t)number.digits;
	return true;
}

bool quantity_read(const json_t *amount, int64_t *milli) {
	if (json_is_integer(amount)) {
		return !__builtin_mul_overflow(json_integer_value(amount), 1000, milli);
	}
	return quantity_parse(json_string_value(amount), milli);
}
