/* The public half of a key, from what its private half tells. */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <stdlib.h>

#include "pki/token_session.h"

enum { POINT_LENGTH = 65, COMPRESSED_LENGTH = 33, FEWEST_BITS = 2048 };

static unsigned char exponent[] = {0x01, 0x00, 0x01};

struct half {
	const char *label;
	EVP_PKEY *public_key;
};

static EVP_PKEY *key_from_params(const char *type, OSSL_PARAM_BLD *build) {
	EVP_PKEY *key = NULL;
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	if (!params || !context || EVP_PKEY_fromdata_init(context) <= 0 ||
		EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) <= 0) {
		key = NULL;
	}
	EVP_PKEY_CTX_free(context);
	OSSL_PARAM_free(params);
	return key;
}

/* The uncompressed form goes into certificates: readers are not bound to know the compressed one. */
static bool point_expand(const unsigned char *compressed, size_t length, unsigned char point[POINT_LENGTH]) {
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	EC_POINT *on_curve = EC_POINT_new(group);
	bool ok =
		length == COMPRESSED_LENGTH && EC_POINT_oct2point(group, on_curve, compressed, length, NULL) == 1 &&
		EC_POINT_point2oct(group, on_curve, POINT_CONVERSION_UNCOMPRESSED, point, POINT_LENGTH, NULL) == POINT_LENGTH;
	EC_POINT_free(on_curve);
	EC_GROUP_free(group);
	return ok;
}

static EVP_PKEY *read_ec(struct session *session, CK_OBJECT_HANDLE object, struct error *err) {
	size_t length = 0;
	unsigned char point[POINT_LENGTH];
	unsigned char *id = attribute_read(session, object, CKA_ID, &length, err);
	if (!id) {
		return NULL;
	}
	EVP_PKEY *key = NULL;
	if (point_expand(id, length, point)) {
		OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
		OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
		OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point);
		key = key_from_params("EC", build);
		OSSL_PARAM_BLD_free(build);
	}
	free(id);
	if (!key) {
		fail(err, ERR_BLOCKED, "the id of an EC key of token %s is not its point", session->token->label);
	}
	return key;
}

static EVP_PKEY *read_rsa(struct session *session, CK_OBJECT_HANDLE object, struct error *err) {
	size_t length = 0;
	unsigned char *bytes = attribute_read(session, object, CKA_MODULUS, &length, err);
	if (!bytes) {
		return NULL;
	}
	BIGNUM *modulus = BN_bin2bn(bytes, (int)length, NULL), *public_exponent = BN_bin2bn(exponent, 3, NULL);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, modulus);
	OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, public_exponent);
	EVP_PKEY *key = BN_num_bits(modulus) >= FEWEST_BITS ? key_from_params("RSA", build) : NULL;
	OSSL_PARAM_BLD_free(build);
	BN_free(modulus);
	BN_free(public_exponent);
	free(bytes);
	if (!key) {
		fail(err, ERR_BLOCKED, "an RSA key of token %s has no modulus of %d bits or more", session->token->label,
			FEWEST_BITS);
	}
	return key;
}

static bool read_public(struct session *session, void *data, struct error *err) {
	struct half *half = data;
	CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
	enum key_algorithm algorithm = KEY_ECDSA_P256;
	if (!key_find(session, half->label, &object, &algorithm, err)) {
		return false;
	}
	half->public_key = algorithm == KEY_ECDSA_P256 ? read_ec(session, object, err) : read_rsa(session, object, err);
	return half->public_key != NULL;
}

EVP_PKEY *token_key_public(struct token *token, const char *label, struct error *err) {
	struct half half = {.label = label};
	return session_run(token, read_public, &half, err) ? half.public_key : NULL;
}
