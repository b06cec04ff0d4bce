#include "run/serving_certificate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Requests carry bearer tokens. */
static void what_came_in_is_overwritten(void **state) {
	(void)state;
	struct error err;
	struct serving_certificate self_signed = {0};
	SSL_CTX *ssl = SSL_CTX_new(TLS_server_method());
	assert_true(serving_certificate_load(&self_signed, ssl, &err));
	assert_true(SSL_CTX_get_options(ssl) & SSL_OP_CLEANSE_PLAINTEXT);
	assert_int_equal(SSL_CTX_get_min_proto_version(ssl), TLS1_2_VERSION);
	assert_int_equal(SSL_CTX_check_private_key(ssl), 1);
	SSL_CTX_free(ssl);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_came_in_is_overwritten),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
