/* C-admin: the administrator's name and password, and what is derived from them. The account itself is not made here.
 */
#include <openssl/rand.h>
#include <string.h>

#include "base/base64.h"
#include "base/json.h"
#include "ybcluster/children.h"
#include "ybcluster/report.h"
#include "ybcluster/secret.h"

enum { PASSWORD_BYTES = 24 };

/* 192 random bits in the URL-safe alphabet: the password also stands in a URI. */
static const char *make_password(struct arena *arena, struct error *err) {
	unsigned char random[PASSWORD_BYTES];
	if (RAND_bytes(random, sizeof random) != 1) {
		fail(err, ERR_INTERNAL, "the random number generator gave nothing");
		return NULL;
	}
	char *text = arena_strdup(arena, base64_encode(arena, random, sizeof random));
	for (char *at = text; (at = strpbrk(at, "+/")); at++) {
		*at = "-_"[*at == '/'];
	}
	return text;
}

/* RFC 3986, 2.1: everything but unreserved characters. */
static const char *escape(struct arena *arena, const char *text) {
	cleanup_str struct str escaped = {0};
	for (; *text; text++) {
		bool plain = strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~", *text) != NULL;
		str_addf(&escaped, plain ? "%c" : "%%%02X", (unsigned char)*text);
	}
	return arena_strndup(arena, escaped.text ? escaped.text : "", escaped.length);
}

static json_t *document(struct work *work, const char *password) {
	const struct ybcluster *cluster = work->cluster;
	const char *host = service_host(work->arena, cluster, &work->world->settings, cluster->metadata.name);
	const char *port = arena_printf(work->arena, "%d", cluster->spec.endpoints.ysql.port);
	const char *user = cluster->spec.auth.admin_user;
	const char *texts[][2] = {
		{"username", user},
		{"password", password},
		{"host", host},
		{"port", port},
		{"uri", arena_printf(work->arena, "postgresql://%s:%s@%s:%s/yugabyte?sslmode=verify-full",
					escape(work->arena, user), escape(work->arena, password), host, port)},
	};
	json_t *data = json_object();
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		json_object_set_new(
			data, texts[i][0], json_string(base64_encode(work->arena, texts[i][1], strlen(texts[i][1]))));
	}
	json_t *secret = json_pack("{s:s, s:s, s:{s:s}, s:s, s:o}", "apiVersion", "v1", "kind", "Secret", "metadata",
		"name", arena_printf(work->arena, "%s-admin", cluster->metadata.name), "type", "Opaque", "data", data);
	arena_own_json(work->arena, secret);
	own(work->arena, cluster, NULL, secret);
	return secret;
}

/* All that C-admin depends on but its password. */
static struct digest expectation(struct work *work) {
	return digest_json(document(work, ""));
}

/* A password that the URI does not carry was put there by somebody: their wish, to be followed once accounts exist. */
static void report_edit(struct work *work, const json_t *live, const char *password) {
	const char *uri = secret_text(work->arena, live, "uri");
	if (uri && !strstr(uri, arena_printf(work->arena, ":%s@", escape(work->arena, password)))) {
		event(work, true, "PasswordEdited", "Report",
			"the password in the admin Secret was edited: it is kept, but this release makes no database accounts, so "
			"it "
			"is not set anywhere");
	}
}

bool accounts_ensure(struct work *work, struct error *err) {
	const char *name = arena_printf(work->arena, "%s-admin", work->pass->name);
	const struct child *child = children_find(&work->children, SECRET, name);
	struct digest wanted = expectation(work);
	if (child && !child->deleting && child->in_sync && digest_equal(&child->compared, &wanted)) {
		return true;
	}
	json_t *live;
	if (!child_document(work, SECRET, name, &live, err)) {
		return false;
	}
	const char *password = is_ours(work, live) ? secret_text(work->arena, live, "password") : NULL;
	if (password && *password) {
		report_edit(work, live, password);
	} else if (!(password = make_password(work->arena, err))) {
		return false;
	}
	work->wanted.items[work->wanted.count++] =
		(struct wanted){SECRET, name, document(work, password), wanted, .why = NULL, .version = document_version(live)};
	if (!live) {
		event(work, false, "AdminSecretMade", "CreateSecret",
			"made the administrator's password; the database account itself comes with a later release");
	}
	return true;
}
