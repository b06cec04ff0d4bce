#include "ybcluster/summaries.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/quantity.h"
#include "base/str.h"
#include "base/utf8.h"
#include "pki/certificate.h"
#include "pure/child.h"
#include "pure/entered.h"
#include "pure/names.h"
#include "pure/selection.h"
#include "reconcilers/fleet.h"
#include "ybcluster/authority.h"
#include "ybcluster/secret.h"

static const char *text_at(const json_t *object, const char *part, const char *map, const char *key) {
	const char *text = json_string_value(json_at(object, part, map, key, NULL));
	return text ? text : "";
}

const char *group_of_object(const json_t *object) {
	return json_string_value(json_at(object, "metadata", "labels", LABEL_CLUSTER, NULL));
}

const char *group_of_policy(const json_t *object) {
	const char *group = group_of_object(object);
	json_t *owner = json_get(object, "metadata.ownerReferences.0");
	bool owned = group && json_bool(owner, "controller", false) &&
	             strcmp(json_text_or(owner, "kind", ""), "YBCluster") == 0 &&
	             strcmp(json_text_or(owner, "name", ""), group) == 0;
	bool own = owned && policy_is_of(group, json_text_or(object, "metadata.name", ""));
	/* One that selects other pods, by whomever it was made or changed, concerns every cluster of the namespace. */
	return own && str_equal(text_at(json_get(object, "spec"), "podSelector", "matchLabels", LABEL_CLUSTER), group)
	           ? group
	           : NULL;
}

static char *format(const char *pattern, ...) __attribute__((format(printf, 1, 2)));
static char *format(const char *pattern, ...) {
	char *text = NULL;
	va_list args;
	va_start(args, pattern);
	if (vasprintf(&text, pattern, args) < 0) {
		abort();
	}
	va_end(args);
	utf8_keep(text);
	return text;
}

static bool pod_ready(const json_t *object) {
	json_t *conditions = json_get(object, "status.conditions");
	for (size_t i = 0; i < json_array_size(conditions); i++) {
		json_t *condition = json_array_get(conditions, i);
		if (strcmp(json_text_or(condition, "type", ""), "Ready") == 0) {
			return strcmp(json_text_or(condition, "status", ""), "True") == 0;
		}
	}
	return false;
}

/* What a pod waits for. */
struct trouble {
	const char *container; /* somebody else's that is meant, or "" */
	const char *reason;    /* "": nothing */
	const char *detail;
	bool stuck; /* our own container does not run */
};

/* That ours waits for those that start before it says less than what one of them waits for, and that less than what
 * ours waits for itself. */
enum weight { NOTHING, ANOTHER_FIRST, SOMEBODY_ELSES, OUR_OWN };

static enum weight weight_of(const char *reason, bool own) {
	if (!reason) {
		return NOTHING;
	}
	if (strcmp(reason, "PodInitializing") == 0) {
		return own ? ANOTHER_FIRST : NOTHING;
	}
	return own ? OUR_OWN : SOMEBODY_ELSES;
}

/* The reason of the container that waits: ours, or else somebody's that was put beside or before it. They sort as they
 * like. */
static void container_trouble(const json_t *object, struct trouble *trouble) {
	static const char *const lists[] = {"status.containerStatuses", "status.initContainerStatuses"};
	enum weight heaviest = NOTHING;
	bool stuck = false;
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		json_t *containers = json_get(object, lists[i]);
		for (size_t j = 0; j < json_array_size(containers); j++) {
			json_t *container = json_array_get(containers, j);
			const char *name = json_text_or(container, "name", "");
			const char *reason = json_text(container, "state.waiting.reason");
			bool own = is_server(name);
			enum weight weight = weight_of(reason, own);
			stuck = stuck || (own && reason);
			if (weight > heaviest) {
				heaviest = weight;
				*trouble = (struct trouble){
					own ? "" : name, reason, json_text_or(container, "state.waiting.message", ""), false};
			}
		}
	}
	trouble->stuck = stuck;
}

/* What keeps the pod from running: why it is not scheduled, or what a container waits for. */
static struct trouble pod_trouble(const json_t *object) {
	struct trouble trouble = {"", "", "", false};
	json_t *conditions = json_get(object, "status.conditions");
	for (size_t i = 0; i < json_array_size(conditions); i++) {
		json_t *condition = json_array_get(conditions, i);
		if (strcmp(json_text_or(condition, "type", ""), "PodScheduled") == 0 &&
			strcmp(json_text_or(condition, "status", ""), "False") == 0) {
			trouble = (struct trouble){
				"", json_text_or(condition, "reason", "Unschedulable"), json_text_or(condition, "message", ""), true};
		}
	}
	if (!trouble.stuck) {
		container_trouble(object, &trouble);
	}
	return trouble;
}

static void summarize_address(const json_t *object, struct summary *summary) {
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	const char *address = json_text_or(object, "status.podIP", "");
	if (inet_pton(AF_INET, address, summary->mark + 12) == 1) {
		memcpy(summary->mark, mapped, sizeof mapped);
	} else if (inet_pton(AF_INET6, address, summary->mark) != 1) {
		memset(summary->mark, 0, sizeof summary->mark);
	}
}

/* Without a role in its labels neither its StatefulSet selects it nor the policies and Services of the role: it is not
 * one of the cluster's pods any more. */
static const char *uid_where_selected(const json_t *object) {
	const char *component = text_at(object, "metadata", "labels", LABEL_COMPONENT);
	bool selected = strcmp(component, role_name(MASTER)) == 0 || strcmp(component, role_name(TSERVER)) == 0;
	return selected ? text_at(object, "metadata", "labels", LABEL_CLUSTER_UID) : "";
}

/* "" where it is none: whoever writes pods' annotations must not shift what stands behind. */
static const char *digest_at(const json_t *object, const char *annotation) {
	const char *text = text_at(object, "metadata", "annotations", annotation);
	return strlen(text) == 32 && strspn(text, "0123456789abcdef") == 32 ? text : "";
}

static const char *names_at(const json_t *object) {
	const char *text = text_at(object, "metadata", "annotations", ANNOTATION_NAMES);
	return strchr(text, '|') ? "" : text;
}

/* When the leaf that the pod was made with begins and ends; both stay 0 where that does not stand there. */
static void summarize_leaf(const json_t *object, struct summary *summary) {
	char begin[32];
	int64_t begins, ends;
	struct error ignored;
	const char *text = text_at(object, "metadata", "annotations", ANNOTATION_VALIDITY), *slash = strchr(text, '/');
	if (slash && (size_t)(slash - text) < sizeof begin) {
		memcpy(begin, text, (size_t)(slash - text));
		begin[slash - text] = '\0';
		if (clock_parse(begin, &begins, &ignored) && clock_parse(slash + 1, &ends, &ignored)) {
			summary->number[POD_LEAF_BEGINS] = begins;
			summary->number[POD_LEAF_ENDS] = ends;
		}
	}
}

void summarize_pod(const json_t *object, struct summary *summary) {
	static const struct trouble none = {"", "", "", false};
	bool ready = pod_ready(object);
	struct trouble trouble = ready ? none : pod_trouble(object);
	summary->number[POD_READY] = ready;
	summary->number[POD_STUCK] = trouble.stuck;
	summary->number[POD_ENTERED] = pod_entered(object);
	summarize_leaf(object, summary);
	summarize_address(object, summary);
	char *labels = labels_beside(object), *intruders = pod_intruders(object);
	summary->text = format("%-32.32s %-32.32s %-32.32s %.36s|%.5100s|%s|%s|%s%.63s%s%.64s%s%.160s",
		digest_at(object, ANNOTATION_DIGEST), digest_at(object, ANNOTATION_ASKED), digest_at(object, ANNOTATION_TRUST),
		uid_where_selected(object), names_at(object), labels ? labels : "", intruders ? intruders : "",
		*trouble.container ? "container " : "", trouble.container, *trouble.container ? ": " : "", trouble.reason,
		*trouble.reason && *trouble.detail ? ": " : "", trouble.detail);
	free(labels);
	free(intruders);
}

static int64_t bytes_at(const json_t *object, const char *path) {
	int64_t milli;
	const char *text = json_text(object, path);
	return text && quantity_parse(text, &milli) ? milli / 1000 : 0;
}

void summarize_claim(const json_t *object, struct summary *summary) {
	summary->number[CLAIM_REQUESTED] = bytes_at(object, "spec.resources.requests.storage");
	summary->number[CLAIM_CAPACITY] = bytes_at(object, "status.capacity.storage");
	summary->text = format("%.36s", text_at(object, "metadata", "labels", LABEL_CLUSTER_UID));
}

void summarize_stateful_set(const json_t *object, struct summary *summary) {
	int64_t replicas = json_int(object, "spec.replicas", 1);
	summary->number[STATEFUL_SET_REPLICAS] = replicas < MOST_PODS ? replicas : MOST_PODS;
	summary->number[STATEFUL_SET_OBSERVED] =
		json_int(object, "status.observedGeneration", 0) >= json_int(object, "metadata.generation", 1);
	summary->text =
		format("%.32s", text_at(json_get(object, "spec.template"), "metadata", "annotations", ANNOTATION_TRUST));
}

void summarize_config_map(const json_t *object, struct summary *summary) {
	struct arena *arena = arena_create();
	struct certificate_outline facts;
	struct error ignored;
	const char *root = json_string_value(json_at(object, "data", "root.crt", NULL));
	if (root && certificate_outline(arena, root, &facts, &ignored)) {
		summary->number[CERTIFICATE_NOT_BEFORE] = facts.not_before;
		summary->number[CERTIFICATE_NOT_AFTER] = facts.not_after;
		summary->number[CA_STEP] = ca_step_of(text_at(object, "metadata", "annotations", ANNOTATION_STEP));
		summary->number[CA_GENERATION] =
			ca_generation_of(text_at(object, "metadata", "annotations", ANNOTATION_GENERATION));
		summary->text =
			format("%s|%.32s", facts.fingerprint, text_at(object, "metadata", "annotations", ANNOTATION_CA_ASKED));
		struct digest anchors = digest_bytes(root, strlen(root));
		memcpy(summary->mark, anchors.bytes, sizeof summary->mark);
	}
	arena_destroy(arena);
}

void summarize_secret(const json_t *object, struct summary *summary) {
	struct arena *arena = arena_create();
	const char *leaf = secret_leaf(arena, object);
	struct certificate_outline facts;
	struct error ignored;
	if (leaf && certificate_outline(arena, leaf, &facts, &ignored)) {
		summary->number[CERTIFICATE_NOT_BEFORE] = facts.not_before;
		summary->number[CERTIFICATE_NOT_AFTER] = facts.not_after;
		summary->text = format("%s", facts.serial);
		struct digest trust = secret_trust(object);
		memcpy(summary->mark, trust.bytes, sizeof summary->mark);
	}
	arena_destroy(arena);
}

void summarize_service(const json_t *object, struct summary *summary) {
	json_t *families = json_get(object, "spec.ipFamilies");
	for (size_t i = 0; i < json_array_size(families); i++) {
		const char *family = json_string_value(json_array_get(families, i));
		summary->number[SERVICE_FAMILIES] |= family && strcmp(family, "IPv6") == 0 ? 2 : 1;
	}
	const char *host = json_text(object, "status.loadBalancer.ingress.0.hostname");
	host = host ? host : json_text(object, "status.loadBalancer.ingress.0.ip");
	summary->number[SERVICE_BALANCED] = strcmp(json_text_or(object, "spec.type", ""), "LoadBalancer") == 0;
	summary->text = format("%.253s", host ? host : "");
}

void summarize_cluster(const json_t *object, struct summary *summary) {
	const json_t *lists = json_get(object, "spec.allowLists");
	struct str text = {0};
	str_adds(&text, "\n");
	for (size_t i = 0; i < json_array_size(lists); i++) {
		const char *name = json_string_value(json_array_get(lists, i));
		str_addf(&text, "%s\n", name ? name : "");
	}
	summary->text = str_steal(&text);
	fleet_summarize(json_object_get(object, "status"), summary);
}

void summarize_network_policy(const json_t *object, struct summary *summary) {
	summary->number[0] =
		json_array_size(json_get(object, "spec.ingress")) || json_array_size(json_get(object, "spec.egress"));
	struct str text = {0};
	json_write(&text, json_get(object, "spec.podSelector"));
	summary->text = str_steal(&text);
}
