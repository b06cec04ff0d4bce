/* Certificates of every kind by both algorithms, made in a token and judged by the checks that clients do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <pthread.h>

#include "pki/certificate.h"

#include "softhsm/softhsm.h"

/* Last: its fail() is a macro. */
#include <cmocka.h>

#define DAY INT64_C(86400)
#define NOW INT64_C(1795305600) /* 2026-11-22 */

static struct softhsm hsm;
static struct token *token;
static struct arena *arena;

/* A whole PKI with a cluster below it. */
struct world {
	struct certificate_issuer root, intermediate, ca;
	const char *crossed, *node, *client;
	struct str node_key, client_key;
};
static struct world worlds[2];

/* Leaves of the first world: more than are kept decoded. */
static const char *crowd[100];

static const char *const names[] = {"*.db-masters.ns.svc.cluster.local", "db.example.com", NULL};
static const char *const addresses[] = {"127.0.0.1", "::1", NULL};

static const char *made(const char *pem, const struct error *err) {
	if (!pem) {
		fprintf(stderr, "%s: %s\n", err->reason, err->text);
		abort();
	}
	return pem;
}

static struct certificate_issuer key_of(const char *label, enum key_algorithm algorithm) {
	struct error err = {0};
	struct str name = {0};
	str_addf(&name, "%s/%d", label, (int)algorithm);
	const char *key = arena_strdup(arena, name.text);
	str_done(&name);
	made(token_key_make(token, key, algorithm, &err) ? key : NULL, &err);
	return (struct certificate_issuer){.token = token, .key = key};
}

static void build_cas(struct world *world, enum key_algorithm algorithm) {
	struct error err = {0};
	struct certificate_subject subject = {"test root", NOW, NOW + 7300 * DAY};
	world->root = key_of("root", algorithm);
	world->intermediate = key_of("intermediate", algorithm);
	world->ca = key_of("ca", algorithm);
	world->root.certificate = made(certificate_root(arena, token, world->root.key, &subject, &err), &err);
	EVP_PKEY *key = token_key_public(token, world->intermediate.key, &err);
	subject = (struct certificate_subject){"test intermediate", NOW, NOW + 9000 * DAY};
	world->intermediate.certificate = made(certificate_intermediate(arena, &world->root, key, &subject, &err), &err);
	EVP_PKEY_free(key);
	subject = (struct certificate_subject){"test cluster", NOW, NOW + 1095 * DAY};
	world->ca.certificate = made(certificate_cluster_ca(arena, token, world->ca.key, &subject, &err), &err);
	world->crossed =
		made(certificate_cross_signed(arena, &world->intermediate, world->ca.certificate, names, &err), &err);
}

static void build(struct world *world, enum key_algorithm algorithm) {
	struct error err = {0};
	struct certificate_leaf node = {CERTIFICATE_NODE, {"db-masters node", NOW, NOW + 90 * DAY}, names, addresses};
	struct certificate_leaf client = {CERTIFICATE_CLIENT, {"yugabyte", NOW, NOW + 90 * DAY}, NULL, NULL};
	build_cas(world, algorithm);
	assert_true(certificate_key_make(algorithm, &world->node_key, &err));
	assert_true(certificate_key_make(algorithm, &world->client_key, &err));
	world->node = made(certificate_leaf(arena, &world->ca, &node, world->node_key.text, &err), &err);
	world->client = made(certificate_leaf(arena, &world->ca, &client, world->client_key.text, &err), &err);
}

/* With PKI_EXPORT the certificates are left there for judges outside. */
static void export(const struct world *world, const char *folder, const char *algorithm) {
	const struct {
		const char *name, *pem;
	} files[] = {
		{"root", world->root.certificate},
		{"intermediate", world->intermediate.certificate},
		{"ca", world->ca.certificate},
		{"crossed", world->crossed},
		{"node", world->node},
		{"client", world->client},
	};
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		struct str cleanup_str path = {0};
		str_addf(&path, "%s/%s-%s.pem", folder, algorithm, files[i].name);
		hsm_write(path.text, files[i].pem);
	}
}

static int setup(void **state) {
	(void)state;
	struct error err = {0};
	softhsm_create(&hsm);
	arena = arena_create();
	token = token_open(&hsm.config, &err);
	made(token ? "" : NULL, &err);
	build(&worlds[0], KEY_ECDSA_P256);
	build(&worlds[1], KEY_RSA_3072);
	if (getenv("PKI_EXPORT")) {
		export(&worlds[0], getenv("PKI_EXPORT"), "ecdsa");
		export(&worlds[1], getenv("PKI_EXPORT"), "rsa");
	}
	return 0;
}

static int teardown(void **state) {
	(void)state;
	for (int i = 0; i < 2; i++) {
		str_done(&worlds[i].node_key);
		str_done(&worlds[i].client_key);
	}
	token_close(token);
	arena_destroy(arena);
	softhsm_destroy(&hsm);
	return 0;
}

static struct certificate_facts facts_of(const char *pem) {
	struct certificate_facts facts;
	struct error err = {0};
	assert_true(certificate_read(arena, pem, &facts, &err));
	return facts;
}

static bool accepted(const char *certificate, const char *bundle, int64_t now, struct error *err) {
	struct certificate_check check = {.certificate = certificate, .bundle = bundle, .now = now};
	*err = (struct error){0};
	return certificate_check(&check, err);
}

static void chains_verify_both_ways(void **state) {
	(void)state;
	struct error err;
	for (int i = 0; i < 2; i++) {
		const struct world *w = &worlds[i];
		const char *chain = arena_printf(arena, "%s%s%s", w->crossed, w->intermediate.certificate, w->root.certificate);
		const char *cut = arena_printf(arena, "%s%s", w->crossed, w->intermediate.certificate);
		const char *leaves[] = {w->node, w->client};
		for (int j = 0; j < 2; j++) {
			if (!accepted(leaves[j], w->ca.certificate, NOW, &err) || !accepted(leaves[j], chain, NOW, &err)) {
				fail_msg("%s", err.text);
			}
			assert_false(accepted(leaves[j], cut, NOW, &err));
			assert_string_equal(err.reason, "NotTrusted");
			assert_false(accepted(leaves[j], worlds[!i].ca.certificate, NOW, &err));
			assert_string_equal(err.reason, "NotTrusted");
		}
	}
}

static void tells_the_facts(void **state) {
	(void)state;
	struct certificate_facts node = facts_of(worlds[0].node), ca = facts_of(worlds[0].ca.certificate);
	struct certificate_facts crossed = facts_of(worlds[0].crossed), rsa = facts_of(worlds[1].node);
	assert_string_equal(node.common_name, "db-masters node");
	assert_string_equal(node.algorithm, "ECDSA-P256");
	assert_string_equal(rsa.algorithm, "RSA-3072");
	assert_string_equal(node.dns[0], names[0]);
	assert_string_equal(node.dns[1], names[1]);
	assert_null(node.dns[2]);
	assert_string_equal(node.ips[0], "127.0.0.1");
	assert_string_equal(node.ips[1], "::1");
	assert_null(node.ips[2]);
	assert_int_equal(node.not_before, NOW);
	assert_int_equal(node.not_after, NOW + 90 * DAY);
	assert_false(node.is_ca);
	assert_true(ca.is_ca && crossed.is_ca);
	assert_string_equal(ca.authority_key, ca.subject_key);
	assert_string_not_equal(crossed.authority_key, crossed.subject_key);
	assert_string_equal(node.authority_key, ca.subject_key);
	assert_int_equal(strlen(node.fingerprint), 64);
	assert_int_equal(strlen(node.authority_key), 40);
	assert_string_not_equal(node.serial, ca.serial);
	assert_null(ca.permitted_dns[0]);
}

static void crosses_over_the_same_key(void **state) {
	(void)state;
	struct certificate_facts ca = facts_of(worlds[0].ca.certificate), crossed = facts_of(worlds[0].crossed);
	struct certificate_facts intermediate = facts_of(worlds[0].intermediate.certificate);
	assert_string_equal(ca.subject_key, crossed.subject_key);
	assert_string_equal(ca.common_name, crossed.common_name);
	assert_string_equal(crossed.authority_key, intermediate.subject_key);
	assert_string_equal(crossed.permitted_dns[0], "db-masters.ns.svc.cluster.local");
	assert_string_equal(crossed.permitted_dns[1], "db.example.com");
	assert_null(crossed.permitted_dns[2]);
}

static long path_length_of(const char *pem) {
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	assert_non_null(certificate);
	long length = X509_get_pathlen(certificate);
	X509_free(certificate);
	BIO_free(bio);
	return length;
}

/* Below a cluster's CA there are leaves alone, by either of its certificates. */
static void no_ca_below_a_clusters(void **state) {
	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(path_length_of(worlds[i].ca.certificate), 0);
		assert_int_equal(path_length_of(worlds[i].crossed), 0);
		assert_int_equal(path_length_of(worlds[i].intermediate.certificate), 1);
		assert_int_equal(path_length_of(worlds[i].root.certificate), 2);
		assert_int_equal(path_length_of(worlds[i].node), -1);
	}
}

static void never_outlives_its_issuer(void **state) {
	(void)state;
	struct certificate_facts root = facts_of(worlds[0].root.certificate);
	struct certificate_facts intermediate = facts_of(worlds[0].intermediate.certificate);
	struct certificate_leaf leaf = {CERTIFICATE_CLIENT, {"late", NOW + 2000 * DAY, NOW + 3000 * DAY}, NULL, NULL};
	struct error err = {0};
	assert_int_equal(intermediate.not_after, root.not_after);
	assert_null(certificate_leaf(arena, &worlds[0].ca, &leaf, worlds[0].client_key.text, &err));
	assert_int_equal(err.kind, ERR_INVALID);
}

/* The same CA key signs a name that its constraints do not permit: good under root.crt, not under chain.crt. */
static void constraints_bind(void **state) {
	(void)state;
	struct error err = {0};
	const struct world *w = &worlds[0];
	const char *chain = arena_printf(arena, "%s%s%s", w->crossed, w->intermediate.certificate, w->root.certificate);
	const char *const foreign[] = {"bank.example.org", NULL}, *const far[] = {"10.0.0.1", NULL};
	struct certificate_leaf leaves[] = {
		{CERTIFICATE_NODE, {"node", NOW, NOW + DAY}, foreign, NULL},
		{CERTIFICATE_NODE, {"node", NOW, NOW + DAY}, NULL, far},
	};
	for (int i = 0; i < 2; i++) {
		const char *pem = made(certificate_leaf(arena, &w->ca, &leaves[i], w->node_key.text, &err), &err);
		assert_true(accepted(pem, w->ca.certificate, NOW, &err));
		assert_false(accepted(pem, chain, NOW, &err));
		assert_string_equal(err.reason, "NotTrusted");
	}
}

static void checks_time_key_and_names(void **state) {
	(void)state;
	const struct world *w = &worlds[0];
	const char *const missing[] = {"db.example.com", "::1", "other.example.com", NULL};
	struct certificate_check check = {w->node, w->node_key.text, w->ca.certificate, names, NOW};
	struct error err = {0};
	assert_true(certificate_check(&check, &err));
	check.names = missing;
	assert_false(certificate_check(&check, &err));
	assert_string_equal(err.reason, "NamesMissing");
	assert_non_null(strstr(err.text, "other.example.com"));
	check.key = w->client_key.text;
	assert_false(certificate_check(&check, &err));
	assert_string_equal(err.reason, "KeyMismatch");
	assert_false(accepted(w->node, w->ca.certificate, NOW + 91 * DAY, &err));
	assert_string_equal(err.reason, "Expired");
	assert_false(accepted(w->node, w->ca.certificate, NOW - DAY, &err));
	assert_string_equal(err.reason, "NotYetValid");
	assert_false(accepted("nonsense", w->ca.certificate, NOW, &err));
	assert_string_equal(err.reason, "");
	assert_false(accepted(w->node, "nonsense", NOW, &err));
}

static void refuses_bad_leaves(void **state) {
	(void)state;
	static const char *const empty[] = {"", NULL}, *const star[] = {"db.*.example.com", NULL};
	static const char *const space[] = {"db example.com", NULL}, *const range[] = {"10.0.0.0/8", NULL};
	static const struct certificate_leaf leaves[] = {
		{CERTIFICATE_CLIENT, {"bank.example.org", NOW, NOW + DAY}, NULL, NULL},
		{CERTIFICATE_CLIENT, {"", NOW, NOW + DAY}, NULL, NULL},
		{CERTIFICATE_CLIENT, {"user", NOW, NOW}, NULL, NULL},
		{CERTIFICATE_CLIENT, {"user", NOW, NOW + DAY}, names, NULL},
		{CERTIFICATE_CLIENT, {"user\n", NOW, NOW + DAY}, NULL, NULL},
		{CERTIFICATE_CLIENT, {"01234567890123456789012345678901234567890123456789012345678901234", NOW, NOW + DAY},
			NULL, NULL},
		{CERTIFICATE_NODE, {"node", NOW, NOW + DAY}, NULL, NULL},
		{CERTIFICATE_NODE, {"node", NOW, NOW + DAY}, empty, NULL},
		{CERTIFICATE_NODE, {"node", NOW, NOW + DAY}, star, NULL},
		{CERTIFICATE_NODE, {"node", NOW, NOW + DAY}, space, NULL},
		{CERTIFICATE_NODE, {"node", NOW, NOW + DAY}, NULL, range},
	};
	for (size_t i = 0; i < sizeof leaves / sizeof *leaves; i++) {
		struct error err = {0};
		assert_null(certificate_leaf(arena, &worlds[0].ca, &leaves[i], worlds[0].node_key.text, &err));
		assert_int_equal(err.kind, ERR_INVALID);
	}
}

/* The certificate of one CA, the key of another: nothing is issued. */
static void refuses_a_key_that_is_not_the_issuers(void **state) {
	(void)state;
	struct certificate_issuer mixed = {token, worlds[0].root.key, worlds[0].ca.certificate};
	struct certificate_leaf leaf = {CERTIFICATE_CLIENT, {"user", NOW, NOW + DAY}, NULL, NULL};
	struct error err = {0};
	assert_null(certificate_leaf(arena, &mixed, &leaf, worlds[0].client_key.text, &err));
	assert_string_equal(err.reason, "TokenLacksCA");
	assert_false(certificate_key_in_token(token, worlds[0].root.key, worlds[0].ca.certificate, &err));
	assert_true(certificate_key_in_token(token, worlds[0].ca.key, worlds[0].ca.certificate, &err));
}

static void crosses_only_self_signed_cas(void **state) {
	(void)state;
	struct error err = {0};
	const struct world *w = &worlds[0];
	assert_null(certificate_cross_signed(arena, &w->intermediate, w->node, names, &err));
	assert_int_equal(err.kind, ERR_INVALID);
	assert_null(certificate_cross_signed(arena, &w->intermediate, w->crossed, names, &err));
	assert_null(certificate_cross_signed(arena, &w->intermediate, w->ca.certificate, NULL, &err));
}

static void splits_bundles(void **state) {
	(void)state;
	struct error err = {0};
	struct str cleanup_str bundle = {0};
	for (int i = 0; i < 6; i++) {
		str_addf(&bundle, "# %d\n%s", i, i % 2 ? worlds[0].node : worlds[0].ca.certificate);
	}
	const char *const *parts = certificate_split(arena, bundle.text, &err);
	for (int i = 0; i < 6; i++) {
		assert_string_equal(parts[i], i % 2 ? worlds[0].node : worlds[0].ca.certificate);
	}
	assert_null(parts[6]);
	assert_null(certificate_split(arena, "", &err));
	bundle.text[bundle.length - 100] = '!';
	assert_null(certificate_split(arena, bundle.text, &err));
	assert_false(accepted(worlds[0].node, bundle.text, NOW, &err));
}

/* The two readings agree, whatever the certificate is; what is none has neither. */
static void outlines_like_the_facts(void **state) {
	(void)state;
	struct error err = {0};
	for (size_t i = 0; i < 2; i++) {
		const struct world *world = &worlds[i];
		const char *all[] = {world->root.certificate, world->intermediate.certificate, world->ca.certificate,
			world->crossed, world->node, world->client};
		for (size_t j = 0; j < sizeof all / sizeof *all; j++) {
			struct certificate_facts facts = facts_of(all[j]);
			struct certificate_outline outline;
			assert_true(certificate_outline(arena, all[j], &outline, &err));
			assert_string_equal(outline.serial, facts.serial);
			assert_string_equal(outline.fingerprint, facts.fingerprint);
			assert_int_equal(outline.not_before, facts.not_before);
			assert_int_equal(outline.not_after, facts.not_after);
		}
	}
	static const char *const damaged[] = {"", "-----BEGIN CERTIFICATE-----\nMAMCAQA=\n-----END CERTIFICATE-----\n"};
	for (size_t i = 0; i < 2; i++) {
		struct certificate_outline outline;
		assert_false(certificate_outline(arena, damaged[i], &outline, &err));
	}
}

/* One decoder serves all keys: what it was given before does not matter. */
static void decodes_keys_after_damaged_ones(void **state) {
	(void)state;
	struct error err = {0};
	for (size_t i = 0; i < 4; i++) {
		const struct world *world = &worlds[i % 2];
		struct certificate_check check = {.certificate = world->node, .bundle = world->ca.certificate, .now = NOW + 1};
		check.key = world->node_key.text;
		assert_true(certificate_check(&check, &err));
		check.key = "-----BEGIN PRIVATE KEY-----\nMAMCAQA=\n-----END PRIVATE KEY-----\n";
		assert_false(certificate_check(&check, &err));
		check.key = "";
		assert_false(certificate_check(&check, &err));
		check.key = worlds[(i + 1) % 2].node_key.text;
		assert_false(certificate_check(&check, &err));
		assert_string_equal(err.reason, "KeyMismatch");
	}
}

/* A leaf of the crowd, which puts another certificate out of those that are kept decoded. */
static bool crowds(size_t i) {
	struct error err = {0};
	struct certificate_check check = {
		.certificate = crowd[i % 100], .bundle = worlds[0].ca.certificate, .now = NOW + 1};
	return certificate_check(&check, &err);
}

static void *check_many(void *data) {
	const struct world *world = data;
	for (size_t i = 0; i < 50; i++) {
		struct error err = {0};
		struct certificate_check check = {.certificate = world->node,
			.key = world->node_key.text,
			.bundle = world->ca.certificate,
			.names = names,
			.now = NOW + 1};
		if (!certificate_check(&check, &err) || !crowds(i) || !crowds(2 * i + 1)) {
			return data;
		}
	}
	return NULL;
}

/* They share what was decoded, and the decoder. */
static void serves_threads(void **state) {
	(void)state;
	struct error err = {0};
	struct certificate_leaf leaf = {CERTIFICATE_CLIENT, {"yugabyte", NOW, NOW + 90 * DAY}, NULL, NULL};
	for (size_t i = 0; i < sizeof crowd / sizeof *crowd; i++) {
		crowd[i] = made(certificate_leaf(arena, &worlds[0].ca, &leaf, worlds[0].client_key.text, &err), &err);
	}
	pthread_t threads[6];
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL, check_many, &worlds[i % 2]), 0);
	}
	for (size_t i = 0; i < 6; i++) {
		void *failed = NULL;
		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chains_verify_both_ways),
		cmocka_unit_test(tells_the_facts),
		cmocka_unit_test(crosses_over_the_same_key),
		cmocka_unit_test(no_ca_below_a_clusters),
		cmocka_unit_test(never_outlives_its_issuer),
		cmocka_unit_test(constraints_bind),
		cmocka_unit_test(checks_time_key_and_names),
		cmocka_unit_test(refuses_bad_leaves),
		cmocka_unit_test(refuses_a_key_that_is_not_the_issuers),
		cmocka_unit_test(crosses_only_self_signed_cas),
		cmocka_unit_test(splits_bundles),
		cmocka_unit_test(outlines_like_the_facts),
		cmocka_unit_test(decodes_keys_after_damaged_ones),
		cmocka_unit_test(serves_threads),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
