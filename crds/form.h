/* Forms of texts: what a name, a version or a repository looks like. One row has the pattern that the CRD states and
 * the function that checks it again when a stored object is decoded; a test holds the two together. */
#ifndef CRDS_FORM_H
#define CRDS_FORM_H
#include <stdbool.h>

enum form_name {
	FORM_FREE,       /* any text */
	FORM_PLAIN,      /* any text without control characters */
	FORM_REASON,     /* CamelCase, as types and reasons of conditions are */
	FORM_LABEL,      /* DNS-1123 label: a zone */
	FORM_SUBDOMAIN,  /* DNS-1123 subdomain: the name of an object */
	FORM_HOSTNAME,   /* a DNS name with a dot, whose last label starts with a letter: never an address */
	FORM_VERSION,    /* a release of YugabyteDB with its build */
	FORM_REPOSITORY, /* an image without tag and digest */
	FORM_USER,       /* a role's name that needs no quotes in SQL */
	FORM_TOKEN,      /* any new value means: do it again */
	FORM_SIZE,       /* a volume's size, whole Gi or Ti */
	FORM_DURATION,   /* hours, minutes, seconds */
	FORM_MINUTE,     /* a time of day */
	FORM_FLAG,       /* a flag's name */
	FORM_QUALIFIED,  /* the key of a label or an annotation */
	FORM_VALUE,      /* the value of a label */
	FORM_COUNT
};

struct form {
	const char *pattern; /* of RE2; NULL: none */
	int longest;         /* characters */
	bool (*holds)(const char *text);
	const char *what; /* for messages: "must be ..." */
};

extern const struct form forms[FORM_COUNT];

#endif
