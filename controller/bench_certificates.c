/* Compiled in a bench build only: certificates_ensure() without token and cryptography. The Secrets and C-ca have the
 * size of real ones, and cost what any other child costs; what stands in them is no certificate. */
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "bench.h"
#include "ybcluster/work.h"

enum { CERTIFICATE = 1100, KEY = 240, CA = 700, CHAIN = 2300 }; /* bytes of PEM, as measured */
static const int64_t LAST_DAY = 4102444800;                     /* 2100-01-01 */
static const char DIGEST[] = "00000000000000000000000000000000";

bool __real_certificates_ensure(struct work *work, struct error *err);
bool __wrap_certificates_ensure(struct work *work, struct error *err);

static const char *text(struct work *work, size_t length) {
	char *filled = arena_alloc(work->arena, length + 1);
	memset(filled, 'x', length);
	filled[length] = '\0';
	return filled;
}

static json_t *encoded(struct work *work, size_t length) {
	return json_string(base64_encode(work->arena, text(work, length), length));
}

static void want_secret(struct work *work, const char *name, const char *component, const char *stem) {
	json_t *data = json_object();
	json_object_set_new(data, arena_printf(work->arena, "%s.crt", stem), encoded(work, CERTIFICATE));
	json_object_set_new(data, arena_printf(work->arena, "%s.key", stem), encoded(work, KEY));
	json_object_set_new(data, component ? "ca.crt" : "root.crt", encoded(work, CA));
	json_t *document = arena_own_json(work->arena,
		json_pack("{s:s, s:s, s:{s:s, s:{s:s}}, s:s, s:o}", "apiVersion", "v1", "kind", "Secret", "metadata", "name",
			name, "annotations", ANNOTATION_TRUST, DIGEST, "type", "Opaque", "data", data));
	own(work->arena, work->cluster, component, document);
	work->wanted.items[work->wanted.count++] = (struct wanted){SECRET, name, document, .why = NULL};
}

static bool ensure(struct work *work, struct error *err) {
	struct trust *trust = arena_array(work->arena, struct trust, work->groups.count + 1);
	for (size_t i = 0; i < work->groups.count; i++) {
		const struct group *group = &work->groups.items[i];
		want_secret(
			work, group->certificate, role_name(group->role), arena_printf(work->arena, "node.%s", group->name));
		trust[i] = (struct trust){group->name, DIGEST, 0, 0};
	}
	want_secret(work, arena_printf(work->arena, "%s-admin-tls", work->pass->name), NULL, "yugabytedb");
	work->inputs.trust = trust;
	work->observed.root_fingerprint = DIGEST;
	work->observed.root_not_after = work->observed.certificates_not_after = LAST_DAY;
	work->observed.serials = arena_array(work->arena, const char *, 1);
	json_t *values = json_pack("{s:s, s:s, s:s}", "name", arena_printf(work->arena, "%s-ca", work->pass->name), "root",
		text(work, CA), "chain", text(work, CHAIN));
	return want(work->arena, work->cluster, &work->wanted, CONFIG_MAP, NULL, "ca", values, err);
}

bool __wrap_certificates_ensure(struct work *work, struct error *err) {
	return getenv("YBC_BENCH_NO_TOKEN") ? ensure(work, err) : __real_certificates_ensure(work, err);
}
