/* The token as reconciles see it: what was refused is tried again when it could end differently, and only then. */
#include "reconcilers/vault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "softhsm/softhsm.h"

/* Last: its fail() is a macro. */
#include <cmocka.h>

static struct softhsm hsm;

static int setup(void **state) {
	(void)state;
	softhsm_create(&hsm);
	return 0;
}

static int teardown(void **state) {
	(void)state;
	softhsm_destroy(&hsm);
	return 0;
}

static void check_refused(struct vault *vault, const char *reason) {
	struct error err = {0};
	assert_null(vault_token(vault, &err));
	assert_int_equal(err.kind, ERR_BLOCKED);
	assert_string_equal(err.reason, reason);
}

static void without_a_token_it_says_so(void **state) {
	(void)state;
	struct vault *vault = vault_create(&(struct token_config){0}, "ns", NULL);
	check_refused(vault, "TokenUnavailable");
	assert_int_equal(vault_sessions(vault), 0);
	vault_destroy(vault);
}

/* Opened however long it takes: the self-test makes RSA keys, on a machine that may be busy. */
static void a_pin_that_is_put_right_heals(void **state) {
	(void)state;
	struct error err = {0};
	hsm_write(hsm.pin_file, "9999\n");
	struct vault *vault = vault_create(&hsm.config, "ns", NULL);
	check_refused(vault, "TokenPinIncorrect");
	check_refused(vault, "TokenPinIncorrect");
	hsm_write(hsm.pin_file, SOFTHSM_PIN "\n");
	assert_non_null(vault_open(vault, &err));
	assert_true(vault_sessions(vault) > 0);
	vault_destroy(vault);
}

/* One that cannot be read passes: a Secret that comes late, a mode that is mended. */
static void a_pin_that_comes_late_heals(void **state) {
	(void)state;
	struct error err = {0};
	unlink(hsm.pin_file);
	struct vault *vault = vault_create(&hsm.config, "ns", NULL);
	check_refused(vault, "TokenUnavailable");
	hsm_write(hsm.pin_file, SOFTHSM_PIN "\n");
	assert_non_null(vault_open(vault, &err));
	vault_destroy(vault);
}

static void its_end_is_not_a_refusal(void **state) {
	(void)state;
	struct error err = {0};
	struct vault *vault = vault_create(&hsm.config, "ns", NULL);
	vault_end(vault);
	assert_null(vault_token(vault, &err));
	assert_int_equal(err.kind, ERR_CANCELLED);
	vault_destroy(vault);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_token_it_says_so),
		cmocka_unit_test(a_pin_that_is_put_right_heals),
		cmocka_unit_test(a_pin_that_comes_late_heals),
		cmocka_unit_test(its_end_is_not_a_refusal),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
