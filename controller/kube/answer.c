#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/utf8.h"
#include "kube/managed_fields.h"
#include "kube/request.h"

enum { LONGEST_MESSAGE = 360, MOST_CAUSES = 5 };

/* Each \u0000 becomes U+FFFD, which is as long. Only strings hold backslashes, and one escapes what follows it. */
static void replace_nuls(char *text, size_t length) {
	char *end = text + length;
	static const char nul[] = {'\\', 'u', '0', '0', '0', '0'}, other[] = {'\\', 'u', 'f', 'f', 'f', 'd'};
	for (char *at = text; (at = memchr(at, '\\', (size_t)(end - at))) && end - at >= (long)sizeof nul; at += 2) {
		if (!memcmp(at, nul, sizeof nul)) {
			memcpy(at, other, sizeof other);
		}
	}
}

/* jansson has no key with a NUL in it, and the API takes one in maps whose keys it does not check (a Pod's
 * volumeAttributes): no tenant's object may end the watch of all. Keys that nobody looks at may have another name. */
static json_t *parse(const char *text, size_t length, json_error_t *problem) {
	json_t *value = json_loadb(text, length, JSON_ALLOW_NUL, problem);
	if (!value && json_error_code(problem) == json_error_null_byte_in_key) {
		char *copy = xmalloc(length);
		memcpy(copy, text, length);
		replace_nuls(copy, length);
		value = json_loadb(copy, length, JSON_ALLOW_NUL, problem);
		explicit_bzero(copy, length);
		free(copy);
	}
	return value;
}

json_t *answer_parse(const char *text, size_t length, struct error *err) {
	json_error_t problem;
	size_t left;
	char *shorter = managed_fields_cut(text, length, &left);
	json_t *value = parse(shorter ? shorter : text, shorter ? left : length, &problem);
	managed_fields_free(shorter, left);
	if (!value) {
		/* Not its text: that quotes what was read. */
		fail(err, ERR_UNAVAILABLE, "the answer is not JSON, from byte %d on", problem.position);
		return NULL;
	}
	if (!json_is_object(value)) {
		json_decref(value);
		fail(err, ERR_UNAVAILABLE, "the answer is no JSON object");
		return NULL;
	}
	return value;
}

static const struct meaning {
	int status;
	enum error_kind kind;
} meanings[] = {
	{401, ERR_FORBIDDEN},
	{403, ERR_FORBIDDEN},
	{404, ERR_NOT_FOUND},
	{408, ERR_UNAVAILABLE},
	{409, ERR_CONFLICT},
	{410, ERR_GONE},
	{429, ERR_THROTTLED},
};

static enum error_kind kind_of(int status, int retry_after) {
	for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
		if (meanings[i].status == status) {
			return meanings[i].kind;
		}
	}
	if (status == 503 && retry_after > 0) {
		return ERR_THROTTLED;
	}
	return status / 100 == 4 ? ERR_INVALID : ERR_UNAVAILABLE;
}

/* Length of the character at `text`; 0 when it is none, or one that controls. */
static size_t printable(const char *text) {
	return (unsigned char)*text < 0x20 || *text == 0x7f ? 0 : utf8_character(text);
}

void answer_quote(struct str *out, const char *text, size_t most) {
	size_t end = out->length + most;
	while (*text) {
		size_t length = printable(text);
		if (out->length + (length ? length : 1) > end) {
			return;
		}
		str_add(out, length ? text : " ", length ? length : 1);
		text += length ? length : 1;
	}
}

static void add_causes(struct str *text, const json_t *status) {
	size_t index;
	json_t *cause;
	json_array_foreach(json_get(status, "details.causes"), index, cause) {
		if (index < MOST_CAUSES) {
			str_adds(text, index ? ", " : " at ");
			answer_quote(text, json_text_or(cause, "field", "?"), 100);
		}
	}
}

static void describe(
	struct str *text, const struct http_exchange *exchange, const struct kind *kind, const json_t *status) {
	const char *message = json_text_or(status, "message", "");
	bool secret = strcmp(kind->name, "Secret") == 0;
	if (!secret && *message) {
		answer_quote(text, message, LONGEST_MESSAGE);
	} else {
		str_addf(text, "HTTP %d ", exchange->status);
		answer_quote(text, json_text_or(status, "reason", ""), 64);
		add_causes(text, status);
	}
}

/* What a condition calls it, where the kind of error alone does not say. */
static const char *reason_of(const json_t *status) {
	size_t index;
	json_t *cause;
	json_array_foreach(json_get(status, "details.causes"), index, cause) {
		if (str_equal(json_text(cause, "reason"), "NamespaceTerminating")) {
			return "NamespaceTerminating";
		}
	}
	return json_int(status, "code", 0) == 403 && strstr(json_text_or(status, "message", ""), "exceeded quota")
	           ? "QuotaExceeded"
	           : "";
}

bool answer_error(const struct http_exchange *exchange, const char *method, const struct kind *kind,
	const char *namespace, const char *name, struct error *err) {
	cleanup_str struct str text = {0};
	struct error ignored;
	json_t *status =
		answer_parse(exchange->answer.text ? exchange->answer.text : "", exchange->answer.length, &ignored);
	json_int_t wait = json_int(status, "details.retryAfterSeconds", 0);
	int retry_after = exchange->retry_after ? exchange->retry_after : (int)(wait > 0 && wait < 3600 ? wait : 0);
	describe(&text, exchange, kind, status);
	fail_because(err, kind_of(exchange->status, retry_after), reason_of(status), "%s %s %.64s%s%.128s: %s", method,
		kind->name, namespace ? namespace : "", namespace && name ? "/" : "", name ? name : "", text.text);
	err->http = exchange->status;
	if (exchange->status == 422 && str_equal(method, "PATCH") && !json_array_size(json_get(status, "details.causes"))) {
		/* Nothing of the result was found invalid: a test in the JSON patch did not hold, somebody was faster. */
		err->kind = ERR_CONFLICT;
	}
	err->retry_after = retry_after;
	json_decref(status);
	return false;
}
