/* Tokens of SoftHSM, one folder a program run; a token that lets keys out by NSS. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"
#include "pki/token_session.h"

#include "softhsm/softhsm.h"

/* Last: its fail() is a macro. */
#include <cmocka.h>

static struct softhsm hsm;
static struct token *token;

static int setup(void **state) {
	(void)state;
	struct error err = {0};
	softhsm_create(&hsm);
	token = token_open(&hsm.config, &err);
	return token ? 0 : (fprintf(stderr, "%s\n", err.text), -1);
}

static int teardown(void **state) {
	(void)state;
	token_close(token);
	softhsm_destroy(&hsm);
	return 0;
}

static bool verifies(EVP_PKEY *key, const void *message, size_t length, const unsigned char *signature, size_t size) {
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool ok = EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
	          EVP_DigestVerify(context, signature, size, message, length) == 1;
	EVP_MD_CTX_free(context);
	return ok;
}

static void sign_and_verify(const char *label, enum key_algorithm algorithm, const char *type, int bits) {
	struct error err = {0};
	unsigned char *signature = NULL;
	size_t size = 0;
	assert_true(token_key_make(token, label, algorithm, &err));
	EVP_PKEY *key = token_key_public(token, label, &err);
	assert_non_null(key);
	assert_true(EVP_PKEY_is_a(key, type));
	assert_int_equal(EVP_PKEY_get_bits(key), bits);
	assert_true(token_sign(token, label, "message", 7, &signature, &size, &err));
	assert_true(verifies(key, "message", 7, signature, size));
	assert_false(verifies(key, "massage", 7, signature, size));
	free(signature);
	EVP_PKEY_free(key);
}

static void signs_with_both_algorithms(void **state) {
	(void)state;
	sign_and_verify("t/ec", KEY_ECDSA_P256, "EC", 256);
	sign_and_verify("t/rsa", KEY_RSA_3072, "RSA", 3072);
}

static bool answers(void *context) {
	return *(bool *)context;
}

/* Whoever wakes after another one took over: that one has made the key meanwhile. */
static void names_no_key_behind_the_fence(void **state) {
	(void)state;
	struct error err = {0};
	bool leads = false;
	token_fence(token, answers, &leads);
	assert_false(token_key_make(token, "t/fenced", KEY_ECDSA_P256, &err));
	assert_int_equal(err.kind, ERR_CANCELLED);
	assert_null(token_key_public(token, "t/fenced", &err));
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	leads = true;
	assert_true(token_key_make(token, "t/fenced", KEY_ECDSA_P256, &err));
	token_fence(token, NULL, NULL);
	EVP_PKEY *key = token_key_public(token, "t/fenced", &err);
	assert_non_null(key);
	EVP_PKEY_free(key);
}

static void keeps_a_key_that_is_there(void **state) {
	(void)state;
	struct error err = {0};
	assert_true(token_key_make(token, "t/kept", KEY_ECDSA_P256, &err));
	EVP_PKEY *before = token_key_public(token, "t/kept", &err);
	assert_true(token_key_make(token, "t/kept", KEY_ECDSA_P256, &err));
	EVP_PKEY *after = token_key_public(token, "t/kept", &err);
	assert_int_equal(EVP_PKEY_eq(before, after), 1);
	assert_false(token_key_make(token, "t/kept", KEY_RSA_3072, &err));
	assert_int_equal(err.kind, ERR_INVALID);
	EVP_PKEY_free(before);
	EVP_PKEY_free(after);
}

static bool is_there(const char *label) {
	struct error err = {0};
	EVP_PKEY *key = token_key_public(token, label, &err);
	if (!key) {
		assert_int_equal(err.kind, ERR_NOT_FOUND);
		assert_string_equal(err.reason, "TokenLacksCA");
	}
	EVP_PKEY_free(key);
	return key != NULL;
}

static void destroys_by_name_and_by_prefix(void **state) {
	(void)state;
	struct error err = {0};
	static const char *const labels[] = {"d/1/a", "d/1/b", "d/11/a", "d/2"};
	for (size_t i = 0; i < 4; i++) {
		assert_true(token_key_make(token, labels[i], KEY_ECDSA_P256, &err));
	}
	assert_true(token_keys_destroy(token, "d/1/", &err));
	assert_false(is_there("d/1/a"));
	assert_false(is_there("d/1/b"));
	assert_true(is_there("d/11/a"));
	assert_true(token_key_destroy(token, "d/2", &err));
	assert_true(token_key_destroy(token, "d/2", &err));
	assert_false(is_there("d/2"));
	assert_false(token_keys_destroy(token, "d", &err));
	assert_true(is_there("d/11/a"));
}

static void no_public_objects_stay(void **state) {
	(void)state;
	struct error err = {0};
	assert_true(token_key_make(token, "t/public", KEY_ECDSA_P256, &err));
	struct str cleanup_str out = {0};
	softhsm_list(&hsm, "pubkey", &out);
	assert_null(strstr(out.text ? out.text : "", "Public Key Object"));
	str_clear(&out);
	softhsm_list(&hsm, "privkey", &out);
	assert_non_null(strstr(out.text, "t/public"));
	assert_null(strstr(out.text, "unfinished"));
}

/* Keys made by others: extractable ones, and two of one name, are refused when they are used. */
static void refuses_foreign_keys(void **state) {
	(void)state;
	struct error err = {0};
	unsigned char *signature = NULL;
	size_t size = 0;
	softhsm_keygen(&hsm, "f/loose", "--extractable");
	assert_false(token_sign(token, "f/loose", "m", 1, &signature, &size, &err));
	assert_string_equal(err.reason, "TokenLetsKeysOut");
	softhsm_keygen(&hsm, "f/two", "--sensitive");
	softhsm_keygen(&hsm, "f/two", "--sensitive");
	err = (struct error){0};
	assert_false(token_sign(token, "f/two", "m", 1, &signature, &size, &err));
	assert_string_equal(err.reason, "TokenAmbiguous");
}

static void finishes_what_a_crash_left(void **state) {
	(void)state;
	struct error err = {0};
	softhsm_keygen(&hsm, "ybcluster-unfinished/c/1/key", "--sensitive");
	assert_false(is_there("c/1/key"));
	assert_true(token_key_make(token, "c/1/key", KEY_ECDSA_P256, &err));
	assert_true(is_there("c/1/key"));
	softhsm_keygen(&hsm, "ybcluster-unfinished/c/1/other", "--sensitive");
	struct str cleanup_str out = {0};
	assert_true(token_keys_destroy(token, "c/1/", &err));
	softhsm_list(&hsm, "privkey", &out);
	assert_null(strstr(out.text, "c/1/"));
}

static CK_RV (*really_find)(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG count);
static int finds;

static CK_RV counting_find(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG count) {
	finds++;
	return really_find(session, template, count);
}

/* All keys are listed once; from then on none is looked for again. */
static void looks_for_no_key_twice(void **state) {
	(void)state;
	struct error err = {0};
	assert_true(token_key_make(token, "h/one", KEY_ECDSA_P256, &err));
	assert_true(token_key_make(token, "h/two", KEY_ECDSA_P256, &err));
	CK_FUNCTION_LIST *call = token->call, counting = *call;
	really_find = counting.C_FindObjectsInit;
	counting.C_FindObjectsInit = counting_find;
	token->call = &counting;
	handles_forget(token);
	finds = 0;
	assert_true(is_there("h/one") && is_there("h/two") && is_there("h/one"));
	assert_int_equal(finds, 1);
	assert_false(is_there("h/three"));
	assert_int_equal(finds, 2);
	assert_true(token_key_make(token, "h/three", KEY_ECDSA_P256, &err));
	finds = 0;
	assert_true(is_there("h/three"));
	assert_int_equal(finds, 0);
	token->call = call;
}

static bool look_for_two(struct session *session, void *data, struct error *err) {
	CK_OBJECT_HANDLE *keys;
	size_t count;
	if (!keys_find(session, "h/two", &keys, &count, err)) {
		return false;
	}
	*(CK_OBJECT_HANDLE *)data = keys[0];
	free(keys);
	return true;
}

/* Handles may come to mean something else: another key, or nothing. */
static void believes_no_handle(void **state) {
	(void)state;
	struct error err = {0};
	CK_OBJECT_HANDLE two;
	assert_true(session_run(token, look_for_two, &two, &err));
	EVP_PKEY *before = token_key_public(token, "h/one", &err);
	handle_keep(token, "h/one", two);
	EVP_PKEY *after = token_key_public(token, "h/one", &err);
	handle_keep(token, "h/one", 987654321);
	EVP_PKEY *again = token_key_public(token, "h/one", &err);
	assert_int_equal(EVP_PKEY_eq(before, after), 1);
	assert_int_equal(EVP_PKEY_eq(before, again), 1);
	EVP_PKEY_free(before);
	EVP_PKEY_free(after);
	EVP_PKEY_free(again);
	assert_true(token_key_destroy(token, "h/one", &err));
	assert_false(is_there("h/one"));
}

static void passes_its_self_test(void **state) {
	(void)state;
	struct error err = {0};
	struct str cleanup_str out = {0};
	if (!token_self_test(token, NULL, &err)) {
		fail_msg("%s", err.text);
	}
	softhsm_list(&hsm, "privkey", &out);
	assert_null(strstr(out.text, "self-test"));
}

static void *sign_many(void *data) {
	bool *ok = data;
	struct error err = {0};
	for (int i = 0; i < 50; i++) {
		unsigned char *signature = NULL;
		size_t size = 0;
		*ok = *ok && token_sign(token, "t/threads", "message", 7, &signature, &size, &err);
		free(signature);
	}
	return NULL;
}

static double seconds_of(int threads) {
	struct timespec from, to;
	pthread_t ids[8];
	bool ok[8];
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (int i = 0; i < threads; i++) {
		ok[i] = true;
		assert_int_equal(pthread_create(&ids[i], NULL, sign_many, &ok[i]), 0);
	}
	for (int i = 0; i < threads; i++) {
		pthread_join(ids[i], NULL);
		assert_true(ok[i]);
	}
	clock_gettime(CLOCK_MONOTONIC, &to);
	return (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
}

static void serves_eight_threads(void **state) {
	(void)state;
	struct error err = {0};
	assert_true(token_key_make(token, "t/threads", KEY_ECDSA_P256, &err));
	double one = seconds_of(1), eight = seconds_of(8);
	print_message("a signature takes %.0f us alone, %.0f us with 8 threads\n", one / 50 * 1e6, eight / 400 * 1e6);
}

enum { CLUSTERS = 8, GENERATIONS = 4 };

static void *destroy_keys_of(void *data) {
	struct error err = {0};
	bool ok = token_keys_destroy(token, data, &err);
	if (!ok) {
		print_error("%s: %s\n", (const char *)data, err.text);
	}
	return ok ? data : NULL;
}

/* Each reads the labels of all keys, of which others go meanwhile. */
static void destroys_the_keys_of_many_at_once(void **state) {
	(void)state;
	pthread_t ids[CLUSTERS];
	char prefixes[CLUSTERS][8];
	struct error err = {0};
	struct str cleanup_str out = {0};
	for (int i = 0; i < CLUSTERS * GENERATIONS; i++) {
		char label[40];
		snprintf(prefixes[i % CLUSTERS], sizeof *prefixes, "m/%d/", i % CLUSTERS);
		snprintf(label, sizeof label, "%s%d", prefixes[i % CLUSTERS], i / CLUSTERS);
		assert_true(token_key_make(token, label, KEY_ECDSA_P256, &err));
	}
	for (int i = 0; i < CLUSTERS; i++) {
		assert_int_equal(pthread_create(&ids[i], NULL, destroy_keys_of, prefixes[i]), 0);
	}
	void *well[CLUSTERS];
	for (int i = 0; i < CLUSTERS; i++) {
		pthread_join(ids[i], &well[i]);
	}
	for (int i = 0; i < CLUSTERS; i++) {
		assert_non_null(well[i]);
	}
	softhsm_list(&hsm, "privkey", &out);
	assert_null(strstr(out.text, "m/"));
}

static void survives_a_lost_login(void **state) {
	(void)state;
	struct error err = {0};
	unsigned char *signature = NULL;
	size_t size = 0;
	assert_true(token_key_make(token, "t/lost", KEY_ECDSA_P256, &err));
	softhsm_log_out(&hsm);
	assert_true(token_sign(token, "t/lost", "message", 7, &signature, &size, &err));
	free(signature);
	softhsm_close_sessions(&hsm);
	assert_true(token_sign(token, "t/lost", "message", 7, &signature, &size, &err));
	free(signature);
}

static void says_why_it_cannot_open(void **state) {
	(void)state;
	struct token_config config = hsm.config;
	struct error err = {0};
	config.label = "nobody";
	assert_null(token_open(&config, &err));
	assert_string_equal(err.reason, "TokenUnavailable");
	config.module = "/nonexistent.so";
	err = (struct error){0};
	assert_null(token_open(&config, &err));
	assert_string_equal(err.reason, "TokenUnavailable");
}

/* The second token has another PIN; the first one is logged in already. */
static void refuses_a_wrong_pin(void **state) {
	(void)state;
	struct error err = {0};
	struct token_config config = hsm.config;
	config.label = "second";
	assert_null(token_open(&config, &err));
	assert_string_equal(err.reason, "TokenPinIncorrect");
	assert_null(strstr(err.text, SOFTHSM_PIN));
	config.pin_file = "/nonexistent";
	err = (struct error){0};
	assert_null(token_open(&config, &err));
	assert_string_equal(err.reason, "TokenUnavailable");
}

static bool signs(const char *label, struct error *err) {
	unsigned char *signature = NULL;
	size_t size = 0;
	*err = (struct error){0};
	bool ok = token_sign(token, label, "message", 7, &signature, &size, err);
	free(signature);
	return ok;
}

/* A PIN that was changed in the token while it was open: each lost session would use up a try. */
static void a_refused_pin_is_not_tried_again(void **state) {
	(void)state;
	struct error err = {0};
	assert_true(token_key_make(token, "t/pin", KEY_ECDSA_P256, &err));
	hsm_write(hsm.pin_file, "9999\n");
	softhsm_log_out(&hsm);
	assert_false(signs("t/pin", &err));
	assert_string_equal(err.reason, "TokenPinIncorrect");
	assert_non_null(strstr(err.text, "refuses"));
	for (int i = 0; i < 3; i++) {
		assert_false(signs("t/pin", &err));
		assert_string_equal(err.reason, "TokenPinIncorrect");
		assert_non_null(strstr(err.text, "not tried again"));
	}
	usleep(20000);
	hsm_write(hsm.pin_file, SOFTHSM_PIN "\n");
	assert_true(signs("t/pin", &err));
}

static CK_FUNCTION_LIST *nss;
static CK_ATTRIBUTE_TYPE never; /* no key is made with this at all */

static bool asks_for(const CK_ATTRIBUTE *template, CK_ULONG count, CK_ATTRIBUTE_TYPE type) {
	for (CK_ULONG i = 0; i < count; i++) {
		if (template[i].type == type) {
			return true;
		}
	}
	return false;
}

static bool refused(const CK_ATTRIBUTE *template, CK_ULONG count) {
	return asks_for(template, count, CKA_WRAP) &&
	       (asks_for(template, count, CKA_ENCRYPT) || asks_for(template, count, never));
}

static CK_RV single_purpose_key(
	CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *key) {
	return refused(template, count) ? CKR_TEMPLATE_INCONSISTENT
	                                : nss->C_GenerateKey(session, mechanism, template, count, key);
}

static CK_RV single_purpose_pair(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *public,
	CK_ULONG public_count, CK_ATTRIBUTE *private, CK_ULONG private_count, CK_OBJECT_HANDLE *public_key,
	CK_OBJECT_HANDLE *private_key) {
	return refused(public, public_count) ? CKR_TEMPLATE_INCONSISTENT
	                                     : nss->C_GenerateKeyPair(session, mechanism, public, public_count, private,
											   private_count, public_key, private_key);
}

static void check_lets_keys_out(struct token *loose) {
	struct error err = {0};
	assert_false(token_self_test(loose, NULL, &err));
	assert_string_equal(err.reason, "TokenLetsKeysOut");
	assert_non_null(strstr(err.text, "came out by wrapping"));
}

/* Also when its policy refuses keys of more than one purpose, and makes wrapping keys for AES or for RSA alone. */
static void refuses_a_token_that_lets_keys_out(void **state) {
	(void)state;
	struct error err = {0};
	struct token *loose = nss_token_open(&hsm, &err);
	if (!loose) {
		fail_msg("%s", err.text);
	}
	check_lets_keys_out(loose);
	nss = loose->call;
	CK_FUNCTION_LIST strict = *nss;
	strict.C_GenerateKey = single_purpose_key;
	strict.C_GenerateKeyPair = single_purpose_pair;
	loose->call = &strict;
	never = CKA_MODULUS_BITS;
	check_lets_keys_out(loose);
	never = CKA_VALUE_LEN;
	check_lets_keys_out(loose);
	loose->call = nss;
	token_close(loose);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signs_with_both_algorithms),
		cmocka_unit_test(names_no_key_behind_the_fence),
		cmocka_unit_test(keeps_a_key_that_is_there),
		cmocka_unit_test(destroys_by_name_and_by_prefix),
		cmocka_unit_test(no_public_objects_stay),
		cmocka_unit_test(refuses_foreign_keys),
		cmocka_unit_test(finishes_what_a_crash_left),
		cmocka_unit_test(looks_for_no_key_twice),
		cmocka_unit_test(believes_no_handle),
		cmocka_unit_test(passes_its_self_test),
		cmocka_unit_test(serves_eight_threads),
		cmocka_unit_test(destroys_the_keys_of_many_at_once),
		cmocka_unit_test(survives_a_lost_login),
		cmocka_unit_test(says_why_it_cannot_open),
		cmocka_unit_test(refuses_a_wrong_pin),
		cmocka_unit_test(a_refused_pin_is_not_tried_again),
		cmocka_unit_test(refuses_a_token_that_lets_keys_out),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
