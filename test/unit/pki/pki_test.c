/* The PKI's root and intermediate: made once, never replaced, continued after a crash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pki/pki.h"

#include "softhsm/softhsm.h"

/* Last: its fail() is a macro. */
#include <cmocka.h>

#define NOW INT64_C(1795305600) /* 2026-11-22 */
#define YEAR INT64_C(31556952)

static struct softhsm hsm;
static struct token *token, *other;
static struct arena *arena;

static int setup(void **state) {
	(void)state;
	struct error err = {0};
	struct str cleanup_str pin = {0};
	softhsm_create(&hsm);
	str_addf(&pin, "%s/second-pin", hsm.folder);
	hsm_write(pin.text, "5678\n");
	struct token_config second = {hsm.config.module, "second", pin.text};
	arena = arena_create();
	token = token_open(&hsm.config, &err);
	other = token_open(&second, &err);
	return token && other ? 0 : (fprintf(stderr, "%s\n", err.text), -1);
}

static int teardown(void **state) {
	(void)state;
	token_close(token);
	token_close(other);
	arena_destroy(arena);
	softhsm_destroy(&hsm);
	return 0;
}

/* Each test begins with empty tokens. */
static int empty(void **state) {
	(void)state;
	struct error err = {0};
	bool ok = token_keys_destroy(token, "ybcluster-operator/", &err) &&
	          token_keys_destroy(other, "ybcluster-operator/", &err);
	return ok ? 0 : -1;
}

static struct pki ensured(const struct pki_config *config, struct pki pki) {
	struct error err = {0};
	if (!pki_ensure(arena, config, &pki, &err)) {
		fail_msg("%s", err.text);
	}
	return pki;
}

static void makes_both_once(void **state) {
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct pki_config config = {token, NULL, i ? KEY_RSA_3072 : KEY_ECDSA_P256, NOW};
		struct pki first = ensured(&config, (struct pki){0});
		struct certificate_facts root, intermediate;
		struct error err = {0};
		assert_true(first.changed);
		assert_true(certificate_read(arena, first.root, &root, &err));
		assert_true(certificate_read(arena, first.intermediate, &intermediate, &err));
		assert_string_equal(first.root_fingerprint, root.fingerprint);
		assert_string_equal(first.intermediate_fingerprint, intermediate.fingerprint);
		assert_int_equal(root.not_after, NOW + 20 * YEAR);
		assert_int_equal(intermediate.not_after, NOW + 10 * YEAR);
		config.now = NOW + YEAR;
		struct pki again = ensured(&config, first);
		assert_false(again.changed);
		assert_ptr_equal(again.root, first.root);
		assert_ptr_equal(again.intermediate, first.intermediate);
		empty(NULL);
	}
}

static void continues_after_a_crash(void **state) {
	(void)state;
	struct error err = {0};
	struct pki_config config = {token, NULL, KEY_ECDSA_P256, NOW};
	assert_true(token_key_make(token, PKI_ROOT_KEY, KEY_ECDSA_P256, &err));
	EVP_PKEY *before = token_key_public(token, PKI_ROOT_KEY, &err);
	struct pki pki = ensured(&config, (struct pki){0});
	EVP_PKEY *after = token_key_public(token, PKI_ROOT_KEY, &err);
	assert_int_equal(EVP_PKEY_eq(before, after), 1);
	EVP_PKEY_free(before);
	EVP_PKEY_free(after);
	/* Only the root was stored. */
	struct pki root_only = {.root = pki.root};
	struct pki continued = ensured(&config, root_only);
	assert_true(continued.changed);
	assert_ptr_equal(continued.root, pki.root);
	assert_true(certificate_key_in_token(token, PKI_INTERMEDIATE_KEY, continued.intermediate, &err));
}

static void keeps_the_root_elsewhere(void **state) {
	(void)state;
	struct error err = {0};
	struct pki_config config = {token, other, KEY_ECDSA_P256, NOW};
	struct pki pki = ensured(&config, (struct pki){0});
	assert_true(certificate_key_in_token(other, PKI_ROOT_KEY, pki.root, &err));
	assert_true(certificate_key_in_token(token, PKI_INTERMEDIATE_KEY, pki.intermediate, &err));
	assert_null(token_key_public(token, PKI_ROOT_KEY, &err));
	err = (struct error){0};
	assert_null(token_key_public(other, PKI_INTERMEDIATE_KEY, &err));
}

static void refused(struct pki_config config, struct pki pki) {
	struct error err = {0};
	struct pki before = pki;
	assert_false(pki_ensure(arena, &config, &pki, &err));
	assert_int_equal(err.kind, ERR_BLOCKED);
	assert_string_equal(err.reason, "TokenLacksCA");
	assert_memory_equal(&before, &pki, sizeof pki);
}

static void makes_nothing_anew_for_stored_certificates(void **state) {
	(void)state;
	struct error err = {0};
	struct pki_config config = {token, NULL, KEY_ECDSA_P256, NOW};
	struct pki pki = ensured(&config, (struct pki){0});
	struct pki root_only = {.root = pki.root};
	assert_true(token_key_destroy(token, PKI_INTERMEDIATE_KEY, &err));
	refused(config, pki);
	assert_null(token_key_public(token, PKI_INTERMEDIATE_KEY, &err));
	assert_true(token_key_destroy(token, PKI_ROOT_KEY, &err));
	refused(config, pki);
	refused(config, root_only);
	assert_true(token_key_make(token, PKI_ROOT_KEY, KEY_ECDSA_P256, &err));
	refused(config, root_only);
	assert_null(token_key_public(token, PKI_INTERMEDIATE_KEY, &err));
}

static void refuses_an_intermediate_alone_or_of_another_root(void **state) {
	(void)state;
	struct error err = {0};
	struct pki_config config = {token, NULL, KEY_ECDSA_P256, NOW}, elsewhere = {other, NULL, KEY_ECDSA_P256, NOW};
	struct pki pki = ensured(&config, (struct pki){0}), foreign = ensured(&elsewhere, (struct pki){0});
	struct pki alone = {.intermediate = pki.intermediate};
	struct pki mixed = {.root = foreign.root, .intermediate = pki.intermediate};
	assert_false(pki_ensure(arena, &config, &alone, &err));
	config.root_token = other;
	err = (struct error){0};
	assert_false(pki_ensure(arena, &config, &mixed, &err));
	assert_string_equal(err.reason, "NotTrusted");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(makes_both_once, empty),
		cmocka_unit_test_setup(continues_after_a_crash, empty),
		cmocka_unit_test_setup(keeps_the_root_elsewhere, empty),
		cmocka_unit_test_setup(makes_nothing_anew_for_stored_certificates, empty),
		cmocka_unit_test_setup(refuses_an_intermediate_alone_or_of_another_root, empty),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
