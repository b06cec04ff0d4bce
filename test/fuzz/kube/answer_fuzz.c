/* Two bytes of HTTP status, then an error's body. Whatever it is: an error, whose text is printable and, of a Secret,
 * the same with and without the message that may quote it. */
#include <string.h>

#include "../property.h"
#include "base/arena.h"
#include "base/json.h"
#include "kube/request.h"

static const struct kind pod = {"Pod", "v1", "pods", false}, secret = {"Secret", "v1", "secrets", false};

static bool printable(const char *text) {
	json_t *valid = json_string(text);
	json_decref(valid);
	while (valid && (unsigned char)*text >= 0x20 && *text != 0x7f) {
		text++;
	}
	return valid && *text == '\0';
}

static struct error answer(const struct kind *kind, int status, const char *text, size_t length) {
	struct error err = {0};
	struct http_exchange exchange = {.status = status};
	str_add(&exchange.answer, text, length);
	property(!answer_error(&exchange, "PATCH", kind, "shop", "db-tls", &err));
	property(err.kind != ERR_NONE && err.http == status && err.retry_after >= 0 && printable(err.text));
	str_done(&exchange.answer);
	return err;
}

static void says_nothing_of_a_secret(int status, const char *text, size_t length) {
	struct error ignored, with = answer(&secret, status, text, length);
	json_t *body = answer_parse(text, length, &ignored);
	if (body) {
		cleanup_str struct str silent = {0};
		json_object_del(body, "message");
		json_write(&silent, body);
		struct error without = answer(&secret, status, silent.text, silent.length);
		property(strcmp(with.text, without.text) == 0);
	}
	json_decref(body);
}

static void quote(const char *text, size_t length) {
	cleanup_str struct str out = {0};
	char *terminated = xstrndup(text, length);
	answer_quote(&out, terminated, 20);
	property(out.length <= 20 && (!out.text || printable(out.text)));
	free(terminated);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	if (size < 2) {
		return 0;
	}
	int status = 300 + (data[0] << 8 | data[1]) % 300;
	const char *text = (const char *)data + 2;
	answer(&pod, status, text, size - 2);
	says_nothing_of_a_secret(status, text, size - 2);
	quote(text, size - 2);
	return 0;
}
