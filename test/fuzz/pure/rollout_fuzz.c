/* The bytes choose a cluster and how each of its StatefulSets and pods is. Whatever they are: who is replaced next may
 * go, and when all that may go is replaced one after the other, nobody goes twice or beside another one. */
#include "pure/rollout.h"

#include <string.h>

#include "../bytes.h"
#include "../property.h"
#include "base/json.h"
#include "base/yaml.h"

#define HEAD "{metadata: {name: db, namespace: shop, uid: u-1, generation: 1, resourceVersion: '7'}, "
#define CURRENT "11111111111111111111111111111111"
#define OLD "00000000000000000000000000000000"

static const char *const objects[] = {
	HEAD "spec: {nodes: 3}, status: {phase: Ready}}",
	HEAD "spec: {nodes: 3}, status: {phase: Creating}}",
	HEAD "spec: {nodes: 3, faultTolerance: None}, status: {phase: Degraded}}",
	HEAD "spec: {tier: Sandbox, nodes: 1}}",
	HEAD
	"spec: {nodes: 6, faultTolerance: Zone, zones: [a, b, c], endpoints: {hostnames: [a.example.com, b.example.com]}, "
	"maintenanceWindow: {day: Sunday, start: '02:00', duration: 2h}}, status: {phase: Updating}}",
};

enum {
	OBJECTS = sizeof objects / sizeof *objects,
	MOST_GROUPS = 8,
	PODS_OF_A_CASE = 16,
	MOST_TROUBLE = 40,
	WEEK = 604800,
	NOW = 1000000000,
	MONTH = 2592000
};

/* What the properties know of a pod is how it was made here, not what was made of that. */
struct pod {
	enum role role;
	bool there, going, ready, container_stuck, stuck, entered, outdated, asked;
	int64_t ends;
	struct child child;
};

struct scene {
	struct arena *arena;
	const struct ybcluster *cluster;
	struct groups groups;
	struct wanted wanted[MOST_GROUPS];
	struct child sets[MOST_GROUPS];
	struct pod pods[PODS_OF_A_CASE];
	size_t wanted_count, pod_count;
	bool set_there[MOST_GROUPS], settled, may_disturb, new;
};

static bool is_text(const char *text) {
	json_t *valid = json_string(text);
	json_decref(valid);
	return valid;
}

static const struct ybcluster *cluster_of(size_t which) {
	static struct arena *made;
	static struct ybcluster *clusters[OBJECTS];
	made = made ? made : arena_create();
	if (!clusters[which]) {
		struct error err = {0};
		json_t *object = arena_own_json(made, yaml_parse(objects[which], strlen(objects[which]), &err));
		clusters[which] = ybcluster_decode(made, object, &err);
		property(clusters[which]);
	}
	return clusters[which];
}

static json_t *document_of(struct arena *arena, int replicas) {
	return arena_own_json(
		arena, json_pack("{s:{s:i, s:{s:{s:{s:s, s:s, s:s}}}}}", "spec", "replicas", replicas, "template", "metadata",
				   "annotations", ANNOTATION_DIGEST, CURRENT, ANNOTATION_ASKED, CURRENT, ANNOTATION_TRUST, CURRENT));
}

/* Whatever a runtime or a kubelet may say. */
static const char *trouble_of(struct arena *arena, struct bytes *bytes) {
	char text[MOST_TROUBLE + 1] = "";
	size_t length = next(bytes) % (MOST_TROUBLE + 1);
	for (size_t i = 0; i < length; i++) {
		text[i] = (char)next(bytes);
	}
	return arena_strdup(arena, is_text(text) ? text : "CrashLoopBackOff: \xc3\xa4");
}

/* Leaves of 90 days that are renewed 30 days ahead: who serves an old one hurries for the last 15, and serves nobody
 * while it is not valid. */
static void renew(struct pod *pod, unsigned how, bool older) {
	static const int64_t left[] = {0, -1, 1, MONTH / 2, MONTH / 2 + 1, MONTH, 3 * MONTH, 3 * MONTH + 1};
	size_t which = how / 16 % (sizeof left / sizeof *left);
	bool valid = left[which] > 0 && left[which] <= 3 * MONTH;
	pod->ends = which ? NOW + left[which] : 0;
	bool matters = older && pod->outdated && pod->ends && (!valid || left[which] <= MONTH / 2);
	pod->asked = pod->asked || matters;
	pod->stuck = pod->stuck || (!pod->ready && matters && !valid);
}

static void make_pod(struct scene *scene, struct bytes *bytes, const struct group *group, int ordinal) {
	unsigned how = next(bytes), digests = next(bytes);
	struct pod *pod = &scene->pods[scene->pod_count++];
	size_t cut = digests >= 0xf0 ? digests % 16 * 7 : POD_TROUBLE;
	*pod = (struct pod){.role = group->role,
		.there = how % 16 != 15,
		.going = how / 16 == 15,
		.ready = how & 1,
		.container_stuck = !(how & 1) && (how & 2),
		.stuck = !(how & 1) && (how & 2),
		.entered = (how & 12) == 4,
		.outdated = (how & 12) == 4 || digests & 1 || cut < 33,
		.asked = (how & 12) == 4 || digests & 2 || cut < 66};
	renew(pod, how, digests & 4 || cut < 99);
	const char *text = arena_printf(scene->arena, "%s %s %s ", digests & 1 ? OLD : CURRENT, digests & 2 ? OLD : CURRENT,
		digests & 4 ? OLD : CURRENT);
	pod->child = (struct child){.kind = POD,
		.uid = "u",
		.name = arena_printf(scene->arena, "%s-%d", group->name, ordinal),
		.text = cut < POD_TROUBLE ? arena_strndup(scene->arena, text, cut)
	                              : arena_printf(scene->arena, "%s%s", text, trouble_of(scene->arena, bytes)),
		.hostnames = digests & 8    ? "a.example.com b.example.com "
	                 : digests & 16 ? "b.example.com aa.example.com "
	                                : ""};
}

static void make_group(struct scene *scene, struct bytes *bytes, size_t index) {
	const struct group *group = &scene->groups.items[index];
	unsigned how = next(bytes);
	/* Seen, mostly. */
	scene->set_there[index] = how != 255;
	scene->sets[index] = (struct child){
		.kind = STATEFUL_SET, .uid = "u", .name = group->name, .text = "", .number = {group->replicas, how < 240}};
	scene->settled = scene->settled && how < 240;
	scene->wanted[scene->wanted_count++] = (struct wanted){
		.kind = STATEFUL_SET, .name = group->name, .document = document_of(scene->arena, group->replicas)};
	for (int i = 0; i < group->replicas; i++) {
		make_pod(scene, bytes, group, i);
	}
}

static struct children children_of(struct scene *scene) {
	/* One more that is of no group's ordinals, and in a bad way: nobody's business. */
	struct child *items = arena_array(scene->arena, struct child, MOST_GROUPS + PODS_OF_A_CASE + 1);
	size_t count = 0;
	for (size_t i = 0; i < scene->groups.count; i++) {
		if (scene->set_there[i]) {
			items[count++] = scene->sets[i];
		}
	}
	for (size_t i = 0; i < scene->pod_count; i++) {
		struct pod *pod = &scene->pods[i];
		if (pod->there) {
			items[count] = pod->child;
			items[count].deleting = pod->going;
			items[count].number[POD_READY] = pod->ready;
			items[count].number[POD_STUCK] = pod->container_stuck;
			items[count].number[POD_LEAF_BEGINS] = pod->ends ? pod->ends - 3 * MONTH : 0;
			items[count].number[POD_LEAF_ENDS] = pod->ends;
			items[count++].number[POD_ENTERED] = pod->entered;
		}
	}
	items[count++] = (struct child){
		.kind = POD, .uid = "u", .name = "db-tserver-77", .text = "", .hostnames = "", .number = {0, 1, 1}};
	return (struct children){items, count};
}

static size_t count_of(const struct scene *scene, bool (*is)(const struct pod *pod)) {
	size_t count = 0;
	for (size_t i = 0; i < scene->pod_count; i++) {
		count += is(&scene->pods[i]);
	}
	return count;
}

static bool is_up(const struct pod *pod) {
	return pod->there && !pod->going;
}

static bool is_ready(const struct pod *pod) {
	return is_up(pod) && pod->ready;
}

static bool is_current(const struct pod *pod) {
	return is_up(pod) && !pod->outdated;
}

/* Who must go before whom: what does not run at all, what does not answer, then what was asked for before what was not.
 */
enum sort { STAYS, UNASKED, ASKED, SLOW_UNASKED, SLOW, STUCK };

/* A cluster that never was ready has nothing to lose by what nobody asked for. */
static enum sort sort_of(const struct scene *scene, const struct pod *pod) {
	if (!pod->outdated) {
		return STAYS;
	}
	if (pod->ready) {
		return pod->asked ? ASKED : UNASKED;
	}
	return pod->stuck ? STUCK : pod->asked ? SLOW : scene->new ? SLOW_UNASKED : STAYS;
}

/* A slow one may have to wait for others that are not ready either. */
static void goes_first(const struct scene *scene, const struct pod *pod) {
	enum sort sort = sort_of(scene, pod);
	property(sort != STAYS);
	for (size_t i = 0; i < scene->pod_count; i++) {
		const struct pod *other = &scene->pods[i];
		enum sort its = sort_of(scene, other);
		property(its <= sort || its == SLOW);
		property(pod->role == MASTER || other->role == TSERVER || its < sort || its == SLOW);
	}
}

static struct pod *pod_of(struct scene *scene, const struct child *child) {
	for (size_t i = 0; i < scene->pod_count; i++) {
		if (strcmp(scene->pods[i].child.name, child->name) == 0) {
			return &scene->pods[i];
		}
	}
	return NULL;
}

/* May it go now? */
static void may_go(struct scene *scene, const struct rollout *rollout, const struct pod *pod) {
	size_t unready = scene->pod_count - count_of(scene, is_ready);
	property(pod && scene->settled && count_of(scene, is_up) == scene->pod_count);
	goes_first(scene, pod);
	if (pod->ready) {
		property(unready == 0 && (pod->asked || scene->may_disturb));
		property((rollout->move == ROLLOUT_EVICT) == (ybcluster_replication_factor(&scene->cluster->spec) > 1));
	} else {
		property(rollout->move == ROLLOUT_DELETE && (pod->stuck || unready == 1 || scene->new));
	}
}

/* Who goes now, or NULL; what is said holds. */
static struct pod *decide(struct scene *scene, struct rollout *rollout) {
	struct children children = children_of(scene);
	struct wanted_list wanted = {scene->wanted, scene->wanted_count};
	*rollout = rollout_next(scene->arena, scene->cluster, &scene->groups, &wanted, &children, NOW, scene->may_disturb);
	bool taken = rollout->move == ROLLOUT_EVICT || rollout->move == ROLLOUT_DELETE;
	property(taken == (rollout->pod != NULL));
	property(rollout->move == ROLLOUT_DONE ? !rollout->why : rollout->why && *rollout->why && is_text(rollout->why));
	property(rollout->outdated >= 0 && (size_t)rollout->outdated <= scene->pod_count);
	property(rollout->untrusted >= 0 && (size_t)rollout->untrusted <= scene->pod_count);
	property(rollout->move != ROLLOUT_DONE ||
			 (scene->settled && rollout->outdated == 0 && count_of(scene, is_ready) == scene->pod_count &&
				 count_of(scene, is_current) == scene->pod_count));
	property(rollout->move != ROLLOUT_WINDOW ||
			 (scene->settled && !scene->may_disturb && count_of(scene, is_ready) == scene->pod_count));
	struct pod *pod = taken ? pod_of(scene, rollout->pod) : NULL;
	if (taken) {
		may_go(scene, rollout, pod);
	}
	return pod;
}

static void replace(struct scene *scene, struct pod *pod) {
	struct rollout ignored;
	pod->going = true;
	property(!decide(scene, &ignored));
	pod->going = pod->there = false;
	property(!decide(scene, &ignored));
	pod->there = true;
	pod->ready = pod->container_stuck = pod->stuck = pod->entered = pod->outdated = pod->asked = false;
	pod->child.text = CURRENT " " CURRENT " " CURRENT " ";
	decide(scene, &ignored);
	pod->ready = true;
}

static void roll(struct scene *scene) {
	bool whole = scene->settled && scene->may_disturb && count_of(scene, is_ready) == scene->pod_count;
	struct rollout rollout;
	size_t rounds = 0;
	for (struct pod *pod; (pod = decide(scene, &rollout)); rounds++) {
		property(rounds < scene->pod_count);
		replace(scene, pod);
	}
	property(!whole || rollout.move == ROLLOUT_DONE);
}

static void say(struct scene *scene, bool running) {
	struct children children = children_of(scene);
	for (enum role role = MASTER; role <= TSERVER; role++) {
		struct readiness readiness = readiness_of(scene->arena, &scene->groups, role, &children, running);
		property(readiness.ready >= 0 && (!running || readiness.ready <= readiness.desired));
		property(!readiness.problem || is_text(readiness.problem));
		property(!readiness.reason || (readiness.problem && *readiness.reason && strlen(readiness.reason) <= 64));
	}
	int pods;
	const char *names = hostnames_unserved(scene->arena, scene->cluster, &scene->groups, &children, &pods);
	property((names != NULL) == (pods > 0));
	property(!names || scene->cluster->spec.endpoints.hostname_count);
}

static void windows(const struct ybcluster *cluster, struct bytes *bytes) {
	int64_t now = 0;
	for (int i = 0; i < 5; i++) {
		now = now * 256 + next(bytes);
	}
	int64_t wait = window_wait(cluster, now);
	property(wait >= 0 && wait < WEEK && (wait == 0) == window_open(cluster, now));
	property(window_open(cluster, now + wait) && (wait == 0 || !window_open(cluster, now + wait - 1)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct bytes bytes = {data, size};
	const struct ybcluster *cluster = cluster_of(next(&bytes) % OBJECTS);
	unsigned how = next(&bytes);
	struct arena *arena = arena_create();
	struct scene *scene = arena_array(arena, struct scene, 1);
	*scene = (struct scene){.arena = arena,
		.cluster = cluster,
		.groups = groups_of(arena, cluster),
		.settled = true,
		.may_disturb = how & 1,
		.new = !cluster->status.phase || strcmp(cluster->status.phase, "Creating") == 0};
	property(scene->groups.count <= MOST_GROUPS);
	for (size_t i = 0; i < scene->groups.count; i++) {
		make_group(scene, &bytes, i);
	}
	windows(cluster, &bytes);
	say(scene, how & 2);
	roll(scene);
	arena_destroy(arena);
	return 0;
}
