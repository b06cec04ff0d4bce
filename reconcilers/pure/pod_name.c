#include "pure/pod_name.h"

#include <stdio.h>
#include <string.h>

enum { MOST_DIGITS = 3 }; /* of an ordinal: see MOST_PODS */

/* The length of the name of its StatefulSet; 0: no StatefulSet of ours makes pods of that name. */
static size_t set_length(const char *pod) {
	const char *last = strrchr(pod, '-');
	size_t digits = last ? strspn(last + 1, "0123456789") : 0;
	return digits > 0 && digits <= MOST_DIGITS && !last[1 + digits] ? (size_t)(last - pod) : 0;
}

/* The cluster's name has 63 characters at most (RFC 1035, as its Services have it). */
bool pod_is_of(const char *cluster, const char *pod) {
	size_t set = set_length(pod);
	bool is = false;
	for (enum role role = MASTER; set && role <= TSERVER; role++) {
		char name[128];
		size_t length = (size_t)snprintf(name, sizeof name, "%.100s-%s", cluster, role_name(role));
		is = is || (strncmp(pod, name, length) == 0 && (set == length || pod[length] == '-'));
	}
	return is;
}

const struct group *group_of_pod(const struct groups *groups, const char *pod) {
	size_t length = set_length(pod);
	for (size_t i = 0; length && i < groups->count; i++) {
		const char *name = groups->items[i].name;
		if (strlen(name) == length && strncmp(pod, name, length) == 0) {
			return &groups->items[i];
		}
	}
	return NULL;
}
