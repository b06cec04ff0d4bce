/* C-ca and the certificate Secrets as anybody may have left them. Whatever stands there: the CA is one whose key the
 * token has, of the generation that is told; nothing is trusted beside it but its own predecessor or successor; or
 * there is none, or a clear error. Keys are software here, put in the place of the token's by the linker, and nothing
 * is written: the pass is one that only plans. */
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <string.h>

#include "../bytes.h"
#include "../property.h"
#include "base/base64.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/yaml.h"
#include "pure/manifests.h"
#include "ybcluster/authority.h"
#include "ybcluster/children.h"

enum {
	NOW = 1800000000,
	DAY = 86400,
	GENERATIONS = 4,
	KEYS = GENERATIONS + 2,
	OWN_PIECES = 5,
	DAMAGED = 7,
	MOST_PIECES = 9,
	MOST_CALLS = 250
};

#define STRANGER "stranger"
#define OWNED                                                                                                          \
	"ownerReferences: [{apiVersion: yugabyte.com/v1beta1, kind: YBCluster, name: db, uid: u-1, controller: true}]"

/* Made once. Keys: the PKI's, one a generation, a stranger's. */
static struct arena *made;
static EVP_PKEY *keys[KEYS];
static struct pki pki;
static const char *pieces[MOST_PIECES];
static struct ybcluster *clusters[2];

/* The token of one run: the generations that it has keys of, and before which question it is away for a moment. */
static struct {
	unsigned has;
	unsigned left;
	bool failed;
} token;

struct token *__wrap_vault_token(struct vault *vault, struct error *err);
const struct pki *__wrap_vault_pki(struct vault *vault, struct kube_client *client, struct error *err);
EVP_PKEY *__wrap_token_key_public(struct token *unused, const char *label, struct error *err);
bool __wrap_token_sign(struct token *unused, const char *label, const void *message, size_t length,
	unsigned char **signature, size_t *signature_length, struct error *err);

struct token *__wrap_vault_token(struct vault *vault, struct error *err) {
	(void)vault, (void)err;
	return (struct token *)&token;
}

const struct pki *__wrap_vault_pki(struct vault *vault, struct kube_client *client, struct error *err) {
	(void)vault, (void)client, (void)err;
	return &pki;
}

static EVP_PKEY *key_of(const char *label) {
	if (strcmp(label, PKI_ROOT_KEY) == 0 || strcmp(label, PKI_INTERMEDIATE_KEY) == 0) {
		return keys[0];
	}
	for (int i = 1; i <= GENERATIONS; i++) {
		char name[32];
		snprintf(name, sizeof name, "ybcluster/u-1/%d", i);
		if (strcmp(label, name) == 0) {
			return token.has >> i & 1 ? keys[i] : NULL;
		}
	}
	return strcmp(label, STRANGER) == 0 ? keys[KEYS - 1] : NULL;
}

static bool answers(struct error *err) {
	if (token.left-- != 0) {
		return true;
	}
	token.failed = true;
	return fail_because(err, ERR_UNAVAILABLE, "TokenUnavailable", "the token is away");
}

EVP_PKEY *__wrap_token_key_public(struct token *unused, const char *label, struct error *err) {
	(void)unused;
	if (!answers(err)) {
		return NULL;
	}
	EVP_PKEY *key = key_of(label);
	if (key) {
		EVP_PKEY_up_ref(key);
	} else {
		fail_because(err, ERR_NOT_FOUND, "TokenLacksCA", "the token has no key %s", label);
	}
	return key;
}

bool __wrap_token_sign(struct token *unused, const char *label, const void *message, size_t length,
	unsigned char **signature, size_t *signature_length, struct error *err) {
	(void)unused;
	if (!answers(err)) {
		return false;
	}
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	*signature_length = 128;
	*signature = xmalloc(*signature_length);
	property(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key_of(label)) == 1);
	property(EVP_DigestSign(context, *signature, signature_length, message, length) == 1);
	EVP_MD_CTX_free(context);
	return true;
}

static const char *made_ca(const char *key, const char *name, int64_t since) {
	struct error err = {0};
	struct certificate_subject subject = {name, NOW - since, NOW + (int64_t)1000 * DAY};
	const char *pem = certificate_cluster_ca(made, (struct token *)&token, key, &subject, &err);
	property(pem);
	return pem;
}

static void make_pki(void) {
	struct error err = {0};
	struct certificate_subject subject = {"Root", NOW - (int64_t)2000 * DAY, NOW + (int64_t)4000 * DAY};
	struct certificate_issuer root = {(struct token *)&token, PKI_ROOT_KEY, NULL};
	root.certificate = pki.root = certificate_root(made, root.token, root.key, &subject, &err);
	subject.common_name = "Intermediate";
	pki.intermediate = pki.root ? certificate_intermediate(made, &root, keys[0], &subject, &err) : NULL;
	property(pki.intermediate);
}

static struct ybcluster *cluster_of(const char *text) {
	struct error err = {0};
	json_t *object = arena_own_json(made, yaml_parse(text, strlen(text), &err));
	struct ybcluster *cluster = ybcluster_decode(made, object, &err);
	property(cluster);
	return cluster;
}

#define HEAD "{metadata: {name: db, namespace: shop, uid: u-1, generation: 1, resourceVersion: '7'}, "

static void setup(void) {
	struct error err = {0};
	property(manifests_load(&err));
	made = arena_create();
	for (int i = 0; i < KEYS; i++) {
		property((keys[i] = EVP_EC_gen("P-256")));
	}
	token.has = ~0U;
	token.left = ~0U;
	make_pki();
	size_t count = 0;
	pieces[count++] = made_ca("ybcluster/u-1/1", "CA 1", 300 * DAY);
	pieces[count++] = made_ca("ybcluster/u-1/2", "CA 2", 10 * DAY);
	pieces[count++] = made_ca("ybcluster/u-1/3", "CA 3", DAY);
	pieces[count++] = made_ca("ybcluster/u-1/4", "CA 4", 300);
	/* The key of one, certified at another time. */
	pieces[count++] = made_ca("ybcluster/u-1/2", "Again CA 2", DAY);
	pieces[count++] = made_ca(STRANGER, "CA 1", 300 * DAY);
	pieces[count++] = pki.intermediate;
	pieces[count++] = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
	pieces[count++] = "no certificate\n";
	clusters[0] = cluster_of(HEAD "spec: {nodes: 3}}");
	clusters[1] = cluster_of(HEAD "spec: {nodes: 3, tls: {rotateCA: now}}}");
}

/* `tells`: it begins with a cluster's CA, and nothing in it is damaged. */
static const char *bundle_of(struct arena *arena, struct bytes *bytes, bool *tells) {
	cleanup_str struct str text = {0};
	*tells = false;
	for (unsigned count = next(bytes) % 5; count; count--) {
		unsigned piece = next(bytes) % MOST_PIECES;
		*tells = (text.length ? *tells : piece < OWN_PIECES) && piece != DAMAGED;
		str_adds(&text, pieces[piece]);
	}
	return arena_strndup(arena, text.text ? text.text : "", text.length);
}

static void annotate(struct arena *arena, struct bytes *bytes, json_t *annotations) {
	static const char *const generations[] = {
		"1", "2", "3", "4", "0", "-1", "65", "2147483646", "2147483647", "99999999999999999999", "x", ""};
	static const char *const steps[] = {"Stable", "TrustBoth", "NewLeaves", "KeepOld", "DropOld", "stable", ""};
	unsigned given = next(bytes);
	const char *generation = generations[next(bytes) % (sizeof generations / sizeof *generations)];
	const char *step = steps[next(bytes) % (sizeof steps / sizeof *steps)];
	int64_t since = NOW + ((int64_t)next(bytes) - 200) * DAY;
	const struct {
		const char *key, *text;
	} all[] = {{ANNOTATION_GENERATION, generation}, {ANNOTATION_STEP, step},
		{ANNOTATION_SINCE, given & 64 ? "9999-12-31T23:59:59Z" : clock_format(arena, since)},
		{ANNOTATION_CA_ROTATED, given & 128 ? "now" : "before"}, {ANNOTATION_CA_ASKED, "00"}};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		if (!(given >> i & 1)) {
			json_object_set_new(annotations, all[i].key, json_string(all[i].text));
		}
	}
}

static json_t *yaml(struct arena *arena, const char *text) {
	struct error err = {0};
	json_t *value = arena_own_json(arena, yaml_parse(text, strlen(text), &err));
	property(value);
	return value;
}

static json_t *record_of(struct arena *arena, struct bytes *bytes) {
	json_t *record = yaml(arena, "{metadata: {name: db-ca, uid: c-1, " OWNED ", annotations: {}}, data: {}}");
	bool ignored;
	annotate(arena, bytes, json_get(record, "metadata.annotations"));
	json_object_set_new(json_get(record, "data"), "root.crt", json_string(bundle_of(arena, bytes, &ignored)));
	json_object_set_new(json_get(record, "data"), "chain.crt", json_string(bundle_of(arena, bytes, &ignored)));
	return record;
}

static json_t *secret_of(struct arena *arena, struct bytes *bytes, bool *tells) {
	unsigned how = next(bytes);
	json_t *secret =
		yaml(arena, how % 8 == 7 ? "{metadata: {uid: s-2}, data: {}}" : "{metadata: {uid: s-1, " OWNED "}, data: {}}");
	const char *bundle = bundle_of(arena, bytes, tells);
	*tells = *tells && how % 8 < 6;
	json_object_set_new(json_get(secret, "data"), "ca.crt",
		how % 8 == 6 ? json_string("*") : json_string(base64_encode(arena, bundle, strlen(bundle))));
	return secret;
}

/* True: a Secret tells which CA it is. */
static bool children_make(struct work *work, struct bytes *bytes) {
	struct child *items = arena_array(work->arena, struct child, work->groups.count + 1);
	size_t count = 0;
	unsigned there = next(bytes);
	bool told = false, tells;
	if (!(there & 1)) {
		items[count++] = (struct child){
			.kind = CONFIG_MAP, .name = "db-ca", .text = "", .asked = "", .document = record_of(work->arena, bytes)};
	}
	for (size_t i = 0; i < work->groups.count; i++) {
		if (!(there >> (i + 1) & 1)) {
			items[count++] = (struct child){.kind = SECRET,
				.name = work->groups.items[i].certificate,
				.text = "",
				.document = secret_of(work->arena, bytes, &tells)};
			told = told || tells;
		}
	}
	work->children = (struct children){items, count};
	return told;
}

/* Is it the token's key of that generation? */
static bool is_of(const char *pem, int generation) {
	BIO *in = BIO_new_mem_buf(pem, -1);
	X509 *certificate = PEM_read_bio_X509(in, NULL, NULL, NULL);
	bool known = certificate && generation >= 1 && generation <= GENERATIONS && (token.has >> generation & 1);
	bool is = known && EVP_PKEY_eq(X509_get0_pubkey(certificate), keys[generation]) == 1;
	X509_free(certificate);
	BIO_free(in);
	return is;
}

static void is_sound(struct work *work, const struct authority *authority) {
	struct error err = {0};
	const struct ca_progress *progress = &authority->progress;
	const char *const *cas = certificate_split(work->arena, authority->root, &err);
	property(cas && is_of(cas[0], authority->generation) && strcmp(cas[0], authority->signing) == 0);
	if (!cas[1]) {
		property(progress->step == CA_STABLE || progress->step == CA_DROP_OLD);
	} else if (progress->step == CA_TRUST_BOTH) {
		property(is_of(cas[1], authority->generation + 1) && !cas[2]);
	} else {
		property(progress->step == CA_NEW_LEAVES || progress->step == CA_KEEP_OLD);
		property(is_of(cas[1], authority->generation - 1) && !cas[2]);
	}
	property(progress->since <= NOW || progress->step == CA_KEEP_OLD);
	property(strcmp(authority->key, authority_key_label(work, authority->generation)) == 0);
	property(work->wanted.count == 1 && work->wanted.items[0].kind == CONFIG_MAP);
	const json_t *data = json_get(work->wanted.items[0].document, "data");
	property(strcmp(json_string_value(json_object_get(data, "root.crt")), authority->root) == 0);
	property(certificate_split(work->arena, json_string_value(json_object_get(data, "chain.crt")), &err));
}

static void look(struct work *work, bool told) {
	struct authority authority = {0};
	struct error err = {0};
	bool ok = authority_ensure(work, &authority, &err);
	/* A token that does not answer is no reason to believe anything. */
	property(!ok || !token.failed);
	bool whole = !token.failed && token.has == ~0U;
	property(ok || !whole || !told);
	if (!ok) {
		json_t *text = json_string(err.text);
		property(err.kind != ERR_NONE && err.text[0] && text);
		json_decref(text);
	} else if (authority.root) {
		is_sound(work, &authority);
	} else {
		property(authority.loaded && work->wanted.count == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct bytes bytes = {data, size};
	if (!made) {
		setup();
	}
	struct arena *arena = arena_create();
	struct pass pass = {.arena = arena, .namespace = "shop", .name = "db", .may_write = true};
	struct world world = {.settings = {.cluster_domain = "cluster.local"}};
	struct work work = {.pass = &pass, .world = &world, .arena = arena, .now = NOW, .plan_only = true, .fresh = true};
	unsigned how = next(&bytes);
	work.cluster = clusters[how & 1];
	work.groups = groups_of(arena, work.cluster);
	work.wanted = wanted_list_make(arena);
	token.failed = false;
	token.has = ~(next(&bytes) << 1U);
	token.left = how & 2 ? next(&bytes) % MOST_CALLS : ~0U;
	bool told = children_make(&work, &bytes);
	look(&work, told);
	arena_destroy(arena);
	return 0;
}
