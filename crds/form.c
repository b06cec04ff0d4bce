#include "crds/form.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/* True when text[0..length) has only `all`, and starts and ends with a character of `ends`. */
static bool made_of(const char *text, size_t length, const char *ends, const char *all) {
	return length > 0 && strspn(text, all) >= length && strchr(ends, text[0]) && strchr(ends, text[length - 1]);
}

static bool anything(const char *text) {
	return text != NULL;
}

static bool plain(const char *text) {
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		if (c < 0x20 || c == 0x7f) {
			return false;
		}
	}
	return true;
}

static bool reason(const char *text) {
	return *text && strchr(UPPER, *text) && text[strspn(text, LOWER UPPER DIGITS)] == '\0';
}

static bool label_of(const char *text, size_t length) {
	return made_of(text, length, LOWER DIGITS, LOWER DIGITS "-");
}

static bool label(const char *text) {
	return label_of(text, strlen(text));
}

enum { LONGEST_LABEL = 63 };

/* Labels with dots between; each has `longest` characters at most. */
static bool labels(const char *text, size_t length, size_t longest) {
	for (const char *end = text + length; text <= end;) {
		size_t label = strcspn(text, ".");
		label = label < (size_t)(end - text) ? label : (size_t)(end - text);
		if (label > longest || !label_of(text, label)) {
			return false;
		}
		text += label + 1;
	}
	return true;
}

static bool subdomain(const char *text) {
	return labels(text, strlen(text), SIZE_MAX);
}

static bool hostname(const char *text) {
	const char *last = strrchr(text, '.');
	return last && labels(text, strlen(text), LONGEST_LABEL) && strchr(LOWER, last[1]);
}

/* Reads digits; NULL when there are none. */
static const char *number(const char *at) {
	size_t digits = strspn(at, DIGITS);
	return digits ? at + digits : NULL;
}

static bool version(const char *text) {
	static const char *const after[] = {".", ".", ".", "-b", ""};
	for (size_t i = 0; i < sizeof after / sizeof after[0]; i++) {
		text = number(text);
		if (!text || strncmp(text, after[i], strlen(after[i])) != 0) {
			return false;
		}
		text += strlen(after[i]);
	}
	return *text == '\0';
}

static bool repository(const char *text) {
	size_t host = strcspn(text, ":/");
	if (!made_of(text, host, LOWER DIGITS, LOWER DIGITS "._-")) {
		return false;
	}
	text += host;
	if (*text == ':') {
		text = number(text + 1);
	}
	while (text && *text == '/') {
		size_t part = strcspn(text + 1, "/");
		if (!made_of(text + 1, part, LOWER DIGITS, LOWER DIGITS "._-")) {
			return false;
		}
		text += part + 1;
	}
	return text && *text == '\0';
}

static bool identifier(const char *text) {
	return *text && strchr(LOWER, *text) && text[strspn(text, LOWER DIGITS "_")] == '\0';
}

static bool token(const char *text) {
	return *text && text[strspn(text, LOWER UPPER DIGITS "._:-")] == '\0';
}

static bool size(const char *text) {
	size_t digits = strspn(text, DIGITS);
	const char *unit = text + digits;
	return digits > 0 && digits <= 6 && text[0] != '0' && (strcmp(unit, "Gi") == 0 || strcmp(unit, "Ti") == 0);
}

static bool duration(const char *text) {
	for (const char *unit = "hms"; *unit; unit++) {
		size_t digits = strspn(text, DIGITS);
		if (digits > 0 && text[digits] == *unit) {
			text += digits + 1;
		}
	}
	return *text == '\0';
}

static bool minute(const char *text) {
	return strlen(text) == 5 && strspn(text, DIGITS) == 2 && text[2] == ':' && strspn(text + 3, DIGITS) == 2 &&
	       (text[0] < '2' || (text[0] == '2' && text[1] < '4')) && text[3] < '6';
}

static bool value(const char *text) {
	return !*text || made_of(text, strlen(text), LOWER UPPER DIGITS, LOWER UPPER DIGITS "._-");
}

static bool qualified(const char *text) {
	size_t prefix = strcspn(text, "/");
	const char *name = text[prefix] ? text + prefix + 1 : text;
	return *name && strlen(name) <= LONGEST_LABEL && value(name) && (name == text || labels(text, prefix, SIZE_MAX));
}

#define DNS "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
#define NAME "[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?"
/* As long as Kubernetes takes them. */
#define SHORT_DNS "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
#define SHORT_NAME "[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
#define PART "[a-z0-9]([-._a-z0-9]*[a-z0-9])?"

const struct form forms[FORM_COUNT] = {
	[FORM_FREE] = {NULL, 1024, anything, "a text"},
	[FORM_PLAIN] = {"^[^\\x00-\\x1f\\x7f]*$", 1024, plain, "without control characters"},
	[FORM_REASON] = {"^[A-Z][A-Za-z0-9]*$", 64, reason, "one CamelCase word"},
	[FORM_LABEL] = {"^" DNS "$", 63, label, "a DNS label: lower-case letters, digits and '-'"},
	[FORM_SUBDOMAIN] = {"^" DNS "(\\." DNS ")*$", 253, subdomain,
		"an object's name: lower-case letters, digits, '-', '.'"},
	[FORM_HOSTNAME] = {"^(" SHORT_DNS "\\.)+[a-z]([-a-z0-9]{0,61}[a-z0-9])?$", 253, hostname,
		"a DNS name with at least one dot, and no address"},
	[FORM_VERSION] = {"^[0-9]+\\.[0-9]+\\.[0-9]+\\.[0-9]+-b[0-9]+$", 40, version,
		"a release with its build, such as 2025.1.1.0-b70"},
	[FORM_REPOSITORY] = {"^" PART "(:[0-9]+)?(/" PART ")*$", 255, repository,
		"an image repository without tag and digest"},
	[FORM_USER] = {"^[a-z][a-z0-9_]*$", 63, identifier, "lower-case letters, digits and '_', a letter first"},
	[FORM_TOKEN] = {"^[-A-Za-z0-9._:]+$", 63, token, "letters, digits, '.', '_', ':' and '-'"},
	[FORM_SIZE] = {"^[1-9][0-9]{0,5}(Gi|Ti)$", 8, size, "a whole number of Gi or Ti"},
	[FORM_DURATION] = {"^([0-9]+h)?([0-9]+m)?([0-9]+s)?$", 20, duration, "a duration such as 720h, 1h30m or 10s"},
	[FORM_MINUTE] = {"^([01][0-9]|2[0-3]):[0-5][0-9]$", 5, minute, "a time of day such as 03:30"},
	[FORM_FLAG] = {"^[a-z][a-z0-9_]*$", 100, identifier, "a flag's name: lower-case letters, digits and '_'"},
	[FORM_QUALIFIED] = {"^(" DNS "([.]" DNS ")*/)?" SHORT_NAME "$", 317, qualified,
		"the key of a label: a name of at most 63 characters, before it a DNS prefix with a slash or none"},
	[FORM_VALUE] = {"^(" NAME ")?$", 63, value, "the value of a label"},
};
