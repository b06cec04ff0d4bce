#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#undef fail /* ours is base/error.h's */

#include "base/json.h"
#include "kube/request.h"

static const struct kind pod = {"Pod", "v1", "pods", false};
static const struct kind set = {"StatefulSet", "apps/v1", "statefulsets", false};
static const struct kind class = {"StorageClass", "storage.k8s.io/v1", "storageclasses", true};
static const struct kind secret = {"Secret", "v1", "secrets", false};

static const struct {
	struct kube_call call;
	const char *next, *url;
} urls[] = {
	{{.verb = KUBE_GET, .kind = &pod, .namespace = "n", .name = "p"}, NULL, "/api/v1/namespaces/n/pods/p"},
	{{.verb = KUBE_GET, .kind = &class, .name = "c"}, NULL, "/apis/storage.k8s.io/v1/storageclasses/c"},
	{{.verb = KUBE_GET, .kind = &class, .namespace = "ignored", .name = "c"}, NULL,
		"/apis/storage.k8s.io/v1/storageclasses/c"},
	{{.verb = KUBE_GET, .kind = &set, .namespace = "n"}, NULL, "/apis/apps/v1/namespaces/n/statefulsets?limit=500"},
	{{.verb = KUBE_GET, .kind = &set, .query = "labelSelector=a%3Db"}, "t=/+",
		"/apis/apps/v1/statefulsets?labelSelector=a%3Db&limit=500&continue=t%3D%2F%2B"},
	{{.verb = KUBE_GET, .kind = &set, .namespace = "n", .name = "s", .subresource = "scale"}, NULL,
		"/apis/apps/v1/namespaces/n/statefulsets/s/scale"},
	{{.verb = KUBE_CREATE, .kind = &pod, .namespace = "n", .name = "p"}, NULL,
		"/api/v1/namespaces/n/pods?fieldManager=m%20m"},
	{{.verb = KUBE_APPLY, .kind = &pod, .namespace = "n", .name = "p"}, NULL,
		"/api/v1/namespaces/n/pods/p?fieldManager=m%20m&force=false"},
	{{.verb = KUBE_APPLY, .kind = &pod, .namespace = "n", .name = "p", .force = true, .query = "dryRun=All"}, NULL,
		"/api/v1/namespaces/n/pods/p?dryRun=All&fieldManager=m%20m&force=true"},
	{{.verb = KUBE_APPLY_STATUS, .kind = &set, .namespace = "n", .name = "s"}, NULL,
		"/apis/apps/v1/namespaces/n/statefulsets/s/status?fieldManager=m%20m&force=true"},
	{{.verb = KUBE_UPDATE, .kind = &pod, .namespace = "n", .name = "p"}, NULL,
		"/api/v1/namespaces/n/pods/p?fieldManager=m%20m"},
	{{.verb = KUBE_PATCH_JSON, .kind = &pod, .namespace = "n", .name = "p"}, NULL,
		"/api/v1/namespaces/n/pods/p?fieldManager=m%20m"},
	{{.verb = KUBE_DELETE, .kind = &pod, .namespace = "n", .name = "p"}, NULL, "/api/v1/namespaces/n/pods/p"},
	{{.verb = KUBE_EVICT, .kind = &pod, .namespace = "n", .name = "p"}, NULL, "/api/v1/namespaces/n/pods/p/eviction"},
	{{.verb = KUBE_GET, .kind = &pod, .namespace = "n m", .name = "a:b"}, NULL, "/api/v1/namespaces/n%20m/pods/a%3Ab"},
};

static void urls_are_built(void **state) {
	(void)state;
	for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
		struct str url = {0};
		struct error err;
		assert_true(request_url(&url, &urls[i].call, "m m", urls[i].next, &err));
		assert_string_equal(url.text, urls[i].url);
		str_done(&url);
	}
}

static void names_that_lead_elsewhere_are_refused(void **state) {
	(void)state;
	static const char *const names[] = {"", ".", "..", "a/b", "../secrets/x", "%2e%2e"};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct error err = {0};
		struct str url = {0};
		struct kube_call call = {.verb = KUBE_GET, .kind = &pod, .namespace = "n", .name = names[i]};
		assert_false(request_url(&url, &call, "m", NULL, &err));
		assert_int_equal(err.kind, ERR_INVALID);
		str_done(&url);
		call = (struct kube_call){.verb = KUBE_GET, .kind = &pod, .namespace = names[i], .name = "p"};
		assert_false(request_url(&url, &call, "m", NULL, &err));
		str_done(&url);
	}
}

static void what_a_verb_needs_must_be_there(void **state) {
	(void)state;
	static const struct kube_call calls[] = {
		{.verb = KUBE_GET},
		{.verb = KUBE_GET, .kind = &pod, .name = "p"},
		{.verb = KUBE_APPLY, .kind = &pod, .namespace = "n"},
		{.verb = KUBE_DELETE, .kind = &pod, .namespace = "n", .uid = "u"},
	};
	for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
		struct str url = {0};
		struct error err = {0};
		assert_false(request_url(&url, &calls[i], "m", NULL, &err));
		assert_int_equal(err.kind, ERR_INTERNAL);
		str_done(&url);
	}
	static const struct kube_call bodies[] = {
		{.verb = KUBE_APPLY, .kind = &pod, .namespace = "n", .name = "p"},
		{.verb = KUBE_DELETE, .kind = &pod, .namespace = "n", .name = "p"},
		{.verb = KUBE_EVICT, .kind = &pod, .namespace = "n", .name = "p", .uid = ""},
	};
	for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
		struct str body = {0};
		struct error err = {0};
		assert_false(request_body(&body, &bodies[i], &err));
		assert_int_equal(err.kind, ERR_INTERNAL);
		str_done(&body);
	}
}

static void check_body(const struct kube_call *call, const char *want) {
	cleanup_str struct str body = {0};
	struct error err;
	assert_true(request_body(&body, call, &err));
	assert_string_equal(body.text, want);
}

static void deletes_carry_preconditions(void **state) {
	(void)state;
	struct kube_call call = {.verb = KUBE_DELETE, .kind = &pod, .namespace = "n", .name = "p", .uid = "u"};
	check_body(&call, "{\"apiVersion\":\"v1\",\"kind\":\"DeleteOptions\",\"preconditions\":{\"uid\":\"u\"},"
					  "\"propagationPolicy\":\"Background\"}");
	call.resource_version = "7";
	call.propagation = "Orphan";
	check_body(&call, "{\"apiVersion\":\"v1\",\"kind\":\"DeleteOptions\","
					  "\"preconditions\":{\"uid\":\"u\",\"resourceVersion\":\"7\"},\"propagationPolicy\":\"Orphan\"}");
	call.verb = KUBE_EVICT;
	call.resource_version = NULL;
	check_body(&call,
		"{\"apiVersion\":\"policy/v1\",\"kind\":\"Eviction\",\"metadata\":{\"name\":\"p\",\"namespace\":\"n\"},"
		"\"deleteOptions\":{\"preconditions\":{\"uid\":\"u\"}}}");
}

static struct error error_to(
	const char *method, int status, int retry_after, const struct kind *kind, const char *body) {
	struct error err = {0};
	struct http_exchange exchange = {.status = status, .retry_after = retry_after};
	str_adds(&exchange.answer, body);
	assert_false(answer_error(&exchange, method, kind, "n", "p", &err));
	http_forget(&exchange);
	assert_int_equal(err.http, status);
	return err;
}

static struct error error_of(int status, int retry_after, const struct kind *kind, const char *body) {
	return error_to("GET", status, retry_after, kind, body);
}

/* As the API server says it: a test in a JSON patch that did not hold has no causes, an invalid result has. */
static void a_test_that_did_not_hold_is_a_conflict(void **state) {
	(void)state;
	const char *test = "{\"reason\":\"Invalid\",\"message\":\"the server rejected our request\",\"details\":{}}";
	const char *invalid = "{\"reason\":\"Invalid\",\"details\":{\"causes\":[{\"field\":\"spec.x\"}]}}";
	assert_int_equal(error_to("PATCH", 422, 0, &pod, test).kind, ERR_CONFLICT);
	assert_int_equal(error_to("PATCH", 422, 0, &pod, invalid).kind, ERR_INVALID);
	assert_int_equal(error_to("POST", 422, 0, &pod, test).kind, ERR_INVALID);
}

static void statuses_become_kinds(void **state) {
	(void)state;
	static const struct {
		int status, retry_after;
		enum error_kind kind;
	} cases[] = {
		{400, 0, ERR_INVALID},
		{401, 0, ERR_FORBIDDEN},
		{403, 0, ERR_FORBIDDEN},
		{404, 0, ERR_NOT_FOUND},
		{405, 0, ERR_INVALID},
		{408, 0, ERR_UNAVAILABLE},
		{409, 0, ERR_CONFLICT},
		{410, 0, ERR_GONE},
		{413, 0, ERR_INVALID},
		{422, 0, ERR_INVALID},
		{429, 9, ERR_THROTTLED},
		{429, 0, ERR_THROTTLED},
		{500, 0, ERR_UNAVAILABLE},
		{503, 3, ERR_THROTTLED},
		{503, 0, ERR_UNAVAILABLE},
		{504, 0, ERR_UNAVAILABLE},
		{302, 0, ERR_UNAVAILABLE},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct error err = error_of(cases[i].status, cases[i].retry_after, &pod, "");
		assert_int_equal(err.kind, cases[i].kind);
		assert_int_equal(err.retry_after, cases[i].retry_after);
	}
}

static void the_servers_message_is_told(void **state) {
	(void)state;
	struct error err = error_of(422, 0, &pod, "{\"message\":\"spec.x: \\u0001 Required \xc3\xa4\",\"code\":422}");
	assert_string_equal(err.text, "GET Pod n/p: spec.x:   Required \xc3\xa4");
	err = error_of(500, 0, &pod, "<html>no json</html>");
	assert_string_equal(err.text, "GET Pod n/p: HTTP 500 ");
	err = error_of(503, 0, &pod, "{\"details\":{\"retryAfterSeconds\":4}}");
	assert_int_equal(err.kind, ERR_THROTTLED);
	assert_int_equal(err.retry_after, 4);
	err = error_of(403, 0, &pod, "{\"code\":403,\"message\":\"exceeded quota: q\"}");
	assert_string_equal(err.reason, "QuotaExceeded");
	err = error_of(403, 0, &pod, "{\"details\":{\"causes\":[{\"reason\":\"NamespaceTerminating\"}]}}");
	assert_string_equal(err.reason, "NamespaceTerminating");
}

static void hostile_statuses_do_no_harm(void **state) {
	(void)state;
	error_of(500, 0, &pod, "[]");
	error_of(500, 0, &pod, "{\"message\":[1],\"details\":7,\"code\":\"x\"}");
	error_of(500, 0, &pod, "{\"details\":{\"causes\":{\"a\":1},\"retryAfterSeconds\":-1}}");
	struct error err = error_of(500, 0, &pod, "{\"details\":{\"causes\":[7,null],\"retryAfterSeconds\":1e99}}");
	assert_int_equal(err.retry_after, 0);
}

static void a_secrets_values_are_not_told(void **state) {
	(void)state;
	struct error err = error_of(422, 0, &secret,
		"{\"reason\":\"Invalid\",\"message\":\"data.password: bad: hunter2\","
		"\"details\":{\"causes\":[{\"field\":\"data.password\"}]}}");
	assert_null(strstr(err.text, "hunter2"));
	assert_string_equal(err.text, "GET Secret n/p: HTTP 422 Invalid at data.password");
}

static void check_quote(const char *text, size_t most, const char *want) {
	cleanup_str struct str out = {0};
	str_adds(&out, ">");
	answer_quote(&out, text, most);
	assert_string_equal(out.text + 1, want);
}

static void quotes_are_valid_text(void **state) {
	(void)state;
	check_quote("plain", 100, "plain");
	check_quote("plain", 3, "pla");
	check_quote("a\xc3\xa4", 2, "a");
	check_quote("a\xc3\xa4", 3, "a\xc3\xa4");
	check_quote("a\nb\x7f"
				"c",
		100, "a b c");
	check_quote("\xff\xc0\xaf\xed\xa0\x80\xf5", 100, "       ");
	check_quote("\xe2\x82", 100, "  ");
	check_quote("\xf0\x9f\x98\x80!", 100, "\xf0\x9f\x98\x80!");
	check_quote("\xe0\x80\x80", 100, "   ");
	check_quote("\xf4\x90\x80\x80", 100, "    ");
}

static void answers_are_objects(void **state) {
	(void)state;
	static const char *const bad[] = {"", "[]", "7", "{", "{\"a\":\"\xff\"}", "{}x", "\xef\xbb\xbf{}"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct error err = {0};
		assert_null(answer_parse(bad[i], strlen(bad[i]), &err));
		assert_int_equal(err.kind, ERR_UNAVAILABLE);
	}
	struct error err;
	const char *nul = "{\"data\":{\"x\":\"a\\u0000b\"}}";
	json_t *value = answer_parse(nul, strlen(nul), &err);
	assert_int_equal(json_string_length(json_get(value, "data.x")), 3);
	json_decref(value);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls_are_built),
		cmocka_unit_test(names_that_lead_elsewhere_are_refused),
		cmocka_unit_test(what_a_verb_needs_must_be_there),
		cmocka_unit_test(deletes_carry_preconditions),
		cmocka_unit_test(statuses_become_kinds),
		cmocka_unit_test(a_test_that_did_not_hold_is_a_conflict),
		cmocka_unit_test(the_servers_message_is_told),
		cmocka_unit_test(hostile_statuses_do_no_harm),
		cmocka_unit_test(a_secrets_values_are_not_told),
		cmocka_unit_test(quotes_are_valid_text),
		cmocka_unit_test(answers_are_objects),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
