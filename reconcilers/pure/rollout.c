#include "pure/rollout.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "pure/rotation.h"

static const struct wanted *template_of(const struct wanted_list *wanted, const char *name) {
	for (size_t i = 0; i < wanted->count; i++) {
		if (wanted->items[i].kind == STATEFUL_SET && strcmp(wanted->items[i].name, name) == 0) {
			return &wanted->items[i];
		}
	}
	return NULL;
}

const char *template_annotation(const json_t *set, const char *annotation) {
	return json_string_value(json_object_get(json_get(set, "spec.template.metadata.annotations"), annotation));
}

static bool pod_carries(const struct child *pod, const struct wanted *wanted, const char *annotation, size_t place) {
	const char *digest = template_annotation(wanted->document, annotation);
	return digest && strlen(pod->text) >= (place + 1) * 33 && memcmp(pod->text + place * 33, digest, 32) == 0;
}

/* Masters are looked at first, and each group from its last pod: what is kept is the first of each sort. */
struct scan {
	const struct ybcluster *cluster;
	int64_t now, wake;
	/* Outdated and not ready. Stuck: its container does not run, or its peers do not believe its certificate any more,
	 * so it takes nothing along. Slow: only its probe fails, or a container that somebody put beside ours; it may well
	 * serve its peers. */
	const struct child *stuck, *slow, *unasked; /* unasked: slow, and outdated only by what nobody asked for */
	const struct child *outdated, *asked;       /* ready */
	const char *unready;
	int unready_count, outdated_count, untrusted_count;
	bool replacing; /* a pod is missing or on its way out */
	bool settled;   /* every StatefulSet was seen by its controller, and goes on making pods */
};

static void keep_first(const struct child **kept, const struct child *pod, bool matches) {
	*kept = *kept || !matches ? *kept : pod;
}

/* What a pod serves that waits for a newer certificate. One that a clock which was ahead has made is not valid yet. */
enum leaf { LASTS, ENDS_SOON, NOT_VALID };

static int64_t urgency(const struct scan *scan, const struct child *pod) {
	return leaf_urgency(scan->cluster, pod->number[POD_LEAF_BEGINS], pod->number[POD_LEAF_ENDS]);
}

static enum leaf leaf_of(const struct scan *scan, const struct child *pod) {
	int64_t begins = pod->number[POD_LEAF_BEGINS], ends = pod->number[POD_LEAF_ENDS];
	if (!ends) {
		return LASTS;
	}
	return scan->now < begins || scan->now >= ends ? NOT_VALID : scan->now < urgency(scan, pod) ? LASTS : ENDS_SOON;
}

static void wake_for(struct scan *scan, const struct child *pod, enum leaf leaf) {
	int64_t ends = pod->number[POD_LEAF_ENDS];
	int64_t next = leaf == LASTS && ends ? urgency(scan, pod) : ends;
	if (next && leaf != NOT_VALID && (!scan->wake || next < scan->wake)) {
		scan->wake = next;
	}
}

/* `wanted` is NULL for a pod of a StatefulSet that may not be made for now: it could not come back, and stays. */
static void scan_pod(
	struct arena *arena, struct scan *scan, const struct child *pod, const char *name, const struct wanted *wanted) {
	bool there = pod && !pod->deleting, ready = there && pod->number[POD_READY];
	scan->unready_count += !ready;
	/* One on its way out serves what it has until it is gone. */
	bool untrusted = pod && wanted && !pod_carries(pod, wanted, ANNOTATION_TRUST, POD_TRUST);
	scan->untrusted_count += untrusted;
	if (!ready && !scan->unready) {
		scan->unready = arena_printf(arena, there ? "pod %s is not ready" : "pod %s is not there", name);
	}
	if (!there) {
		scan->replacing = true;
		return;
	}
	if (!wanted) {
		return;
	}
	bool entered = pod->number[POD_ENTERED];
	bool outdated = entered || !pod_carries(pod, wanted, ANNOTATION_DIGEST, POD_DIGEST);
	enum leaf leaf = untrusted ? leaf_of(scan, pod) : LASTS;
	bool asked = entered || leaf != LASTS || !pod_carries(pod, wanted, ANNOTATION_ASKED, POD_ASKED);
	bool trouble = pod->number[POD_STUCK] || leaf == NOT_VALID;
	scan->outdated_count += outdated;
	keep_first(&scan->stuck, pod, outdated && !ready && trouble);
	keep_first(&scan->slow, pod, outdated && !ready && !trouble && asked);
	keep_first(&scan->unasked, pod, outdated && !ready && !trouble && !asked);
	keep_first(&scan->outdated, pod, outdated && ready);
	keep_first(&scan->asked, pod, outdated && ready && asked);
	if (untrusted) {
		wake_for(scan, pod, leaf);
	}
}

/* Masters that may not be made for now (a foreign claim is in their place) are missing all the same: their number is
 * what the others are the majority of. */
static int pods_expected(const struct ybcluster *cluster, const struct group *group, const struct wanted *wanted) {
	int made = wanted ? (int)json_int(wanted->document, "spec.replicas", 0) : 0;
	bool needed = group->role == MASTER && cluster->spec.desired_state == DESIRED_STATE_RUNNING;
	return needed && group->replicas > made ? group->replicas : made;
}

static void scan_group(struct arena *arena, struct scan *scan, const struct group *group, const struct wanted *wanted,
	const struct children *children) {
	const struct child *set = children_find(children, STATEFUL_SET, group->name);
	if (wanted && (!set || set->deleting || !set->number[STATEFUL_SET_OBSERVED])) {
		scan->settled = false;
	}
	for (int i = pods_expected(scan->cluster, group, wanted) - 1; i >= 0; i--) {
		const char *name = arena_printf(arena, "%s-%d", group->name, i);
		scan_pod(arena, scan, children_pod(arena, children, group->name, i), name, wanted);
	}
}

/* A cluster keeps the phase Creating until it is Ready for the first time: what it does not serve yet no restart can
 * take away. */
static bool never_ready(const struct ybcluster *cluster) {
	return !cluster->status.phase || strcmp(cluster->status.phase, "Creating") == 0;
}

/* The pod that is outdated and not ready, and may go for that. A slow one counts among its peers: it goes only as the
 * one that is not ready. */
static const struct child *broken(const struct scan *scan) {
	if (scan->replacing) {
		return NULL;
	}
	if (scan->stuck) {
		return scan->stuck;
	}
	if (never_ready(scan->cluster)) {
		return scan->slow ? scan->slow : scan->unasked;
	}
	return scan->unready_count == 1 ? scan->slow : NULL;
}

/* Whom somebody entered is as good as outdated, and no window is waited for. */
static const char *why_replaced(const struct scan *scan, const struct child *pod) {
	static const char *const ready[] = {[LASTS] = "its template is outdated",
		[ENDS_SOON] = "its template is outdated, and the certificate that it serves ends soon",
		[NOT_VALID] = "its template is outdated, and the certificate that it serves is not valid now"};
	static const char *const unready[] = {[LASTS] = "not ready, and its template is outdated",
		[ENDS_SOON] = "not ready, and the certificate that it serves ends soon",
		[NOT_VALID] = "not ready, and the certificate that it serves is not valid now"};
	if (pod->number[POD_ENTERED]) {
		return "an ephemeral container mounts or reads what is the cluster's";
	}
	return (pod->number[POD_READY] ? ready : unready)[leaf_of(scan, pod)];
}

static struct rollout decide(const struct scan *scan, bool may_disturb) {
	struct rollout rollout = {.outdated = scan->outdated_count, .untrusted = scan->untrusted_count, .wake = scan->wake};
	const struct child *next = scan->asked ? scan->asked : scan->outdated;
	if (!scan->settled) {
		rollout.move = ROLLOUT_WAIT;
		rollout.why = ROLLOUT_UNSEEN;
	} else if (broken(scan)) {
		rollout.move = ROLLOUT_DELETE;
		rollout.pod = broken(scan);
		rollout.why = why_replaced(scan, rollout.pod);
	} else if (scan->unready) {
		rollout.move = ROLLOUT_WAIT;
		rollout.why = scan->unready;
	} else if (!next) {
		rollout.move = ROLLOUT_DONE;
	} else if (!scan->asked && !may_disturb) {
		rollout.move = ROLLOUT_WINDOW;
		rollout.why = "a restart that nobody asked for waits for the maintenance window, one cluster at a time";
	} else {
		rollout.move = ybcluster_replication_factor(&scan->cluster->spec) == 1 ? ROLLOUT_DELETE : ROLLOUT_EVICT;
		rollout.pod = next;
		rollout.why = why_replaced(scan, rollout.pod);
	}
	return rollout;
}

struct rollout rollout_next(struct arena *arena, const struct ybcluster *cluster, const struct groups *groups,
	const struct wanted_list *wanted, const struct children *children, int64_t now, bool may_disturb) {
	/* Both roles count for health; of what is asked for, and of what is not, masters go before any tserver. */
	struct scan scan = {.cluster = cluster, .now = now, .settled = true};
	for (enum role role = MASTER; role <= TSERVER; role++) {
		for (size_t i = 0; i < groups->count; i++) {
			const struct group *group = &groups->items[i];
			if (group->role == role) {
				scan_group(arena, &scan, group, template_of(wanted, group->name), children);
			}
		}
	}
	return decide(&scan, may_disturb);
}

/* The word before the colon, when it may stand as a condition's reason. */
static const char *camel_case(struct arena *arena, const char *trouble) {
	size_t length = strspn(trouble, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");
	bool word = length > 0 && length <= 64 && trouble[0] >= 'A' && trouble[0] <= 'Z' && strchr(":", trouble[length]);
	return word ? arena_strndup(arena, trouble, length) : NULL;
}

struct readiness readiness_of(
	struct arena *arena, const struct groups *groups, enum role role, const struct children *children, bool running) {
	struct readiness readiness = {0};
	for (size_t i = 0; i < groups->count; i++) {
		const struct group *group = &groups->items[i];
		for (int j = 0; group->role == role && j < group->replicas; j++) {
			const struct child *pod = children_pod(arena, children, group->name, j);
			bool ready = pod && !pod->deleting && pod->number[POD_READY];
			readiness.desired += running;
			readiness.ready += ready;
			if (pod && !ready && !readiness.problem && strlen(pod->text) > POD_TROUBLE) {
				const char *trouble = pod->text + POD_TROUBLE;
				readiness.problem = arena_printf(arena, "pod %s: %s", pod->name, trouble);
				readiness.reason = camel_case(arena, trouble);
			}
		}
	}
	return readiness;
}

static bool serves(const struct child *pod, const char *hostname) {
	size_t length = strlen(hostname);
	for (const char *one = pod->hostnames; *one; one += strcspn(one, " "), one += *one == ' ') {
		if (strcspn(one, " ") == length && strncmp(one, hostname, length) == 0) {
			return true;
		}
	}
	return false;
}

const char *hostnames_unserved(struct arena *arena, const struct ybcluster *cluster, const struct groups *groups,
	const struct children *children, int *pods) {
	size_t count = cluster->spec.endpoints.hostname_count;
	bool *missing = arena_array(arena, bool, count + 1);
	*pods = 0;
	for (size_t i = 0; i < groups->count; i++) {
		for (int j = 0; groups->items[i].role == TSERVER && j < groups->items[i].replicas; j++) {
			const struct child *pod = children_pod(arena, children, groups->items[i].name, j);
			bool lacks = false;
			for (size_t k = 0; pod && !pod->deleting && k < count; k++) {
				bool served = serves(pod, cluster->spec.endpoints.hostnames[k]);
				missing[k] = missing[k] || !served;
				lacks = lacks || !served;
			}
			*pods += lacks;
		}
	}
	cleanup_str struct str list = {0};
	for (size_t k = 0; k < count; k++) {
		if (missing[k]) {
			str_addf(&list, "%s%s", list.length ? ", " : "", cluster->spec.endpoints.hostnames[k]);
		}
	}
	return list.length ? arena_strndup(arena, list.text, list.length) : NULL;
}

enum { MINUTE = 60, DAY_SECONDS = 86400, WEEK = 7 * DAY_SECONDS };

/* Seconds since the last start of the window, and until the next one. */
static int64_t since_start(const struct ybcluster *cluster, int64_t now) {
	int64_t start = (int64_t)cluster->spec.maintenance_window.start * MINUTE, period = DAY_SECONDS;
	if (cluster->spec.maintenance_window.day != DAY_ANY) {
		/* day 0 of the epoch was a Thursday */
		period = WEEK;
		start += ((int64_t)cluster->spec.maintenance_window.day - DAY_THURSDAY + 7) % 7 * DAY_SECONDS;
	}
	return ((now - start) % period + period) % period;
}

bool window_open(const struct ybcluster *cluster, int64_t now) {
	return !cluster->spec.maintenance_window.given ||
	       since_start(cluster, now) < cluster->spec.maintenance_window.duration;
}

int64_t window_wait(const struct ybcluster *cluster, int64_t now) {
	if (window_open(cluster, now)) {
		return 0;
	}
	int64_t period = cluster->spec.maintenance_window.day != DAY_ANY ? WEEK : DAY_SECONDS;
	return period - since_start(cluster, now);
}
