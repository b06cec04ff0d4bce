/* What an exec plugin has printed: credentials that are whole, or a clear error that has none of them and leaves
 * nothing behind. */
#include <string.h>

#include "../property.h"
#include "base/arena.h"
#include "base/json.h"
#include "kube/exec_plugin.h"

#define VERSION "client.authentication.k8s.io/v1"

static bool is_text(const char *text) {
	json_t *valid = json_string(text);
	json_decref(valid);
	return valid;
}

static bool parse(const char *text, size_t length, struct error *err) {
	struct exec_answer answer;
	*err = (struct error){0};
	bool ok = exec_answer_parse(VERSION, text, length, &answer, err);
	if (ok) {
		property(answer.token || answer.certificate);
		property(!answer.certificate == !answer.key);
		property(!answer.token || (*answer.token && is_text(answer.token)));
		property(!answer.certificate || (*answer.certificate && *answer.key));
	} else {
		property(err->kind != ERR_NONE && err->text[0] && is_text(err->text));
		property(!answer.token && !answer.certificate && !answer.key && !answer.expires);
	}
	exec_answer_done(&answer);
	return ok;
}

/* With other credentials in the same places the answer is as good or as bad, in the same words. */
static void says_nothing_of_credentials(const char *text, size_t length) {
	static const char *const fields[] = {"token", "clientCertificateData", "clientKeyData"};
	struct error with, without, ignored;
	bool ok = parse(text, length, &with);
	json_t *root = json_parse(text, length, &ignored), *status = json_object_get(root, "status");
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		if (json_string_length(json_object_get(status, fields[i]))) {
			json_object_set_new(status, fields[i], json_string("other"));
		}
	}
	if (root) {
		cleanup_str struct str other = {0};
		json_write(&other, root);
		property(parse(other.text, other.length, &without) == ok);
		property(ok || strcmp(with.text, without.text) == 0);
	}
	json_decref(root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	says_nothing_of_credentials(size ? (const char *)data : "", size);
	return 0;
}
