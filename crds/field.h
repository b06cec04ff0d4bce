/* Tables of fields, and the one walker that decodes a custom resource by them into structs. A row says how a member of
 * the JSON is named, of which type it is, where it goes, its default and its bounds: the same that the CRD's schema
 * says, and a unit test walks both. Wrong types, wrong values and texts of any length end in an error with the path. */
#ifndef CRDS_FIELD_H
#define CRDS_FIELD_H
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "crds/form.h"

enum field_type {     /* member                    min, max */
	FIELD_TEXT,       /* const char *              max: characters, 0: the form's */
	FIELD_WORD,       /* const char *, of `words` */
	FIELD_ENUM,       /* an enum, index in `words` */
	FIELD_INT,        /* int                       the value's */
	FIELD_LONG,       /* int64_t                   the value's */
	FIELD_BOOL,       /* bool */
	FIELD_DURATION,   /* int64_t, seconds          seconds; max 0: none */
	FIELD_TIME,       /* int64_t, Unix seconds */
	FIELD_MINUTE,     /* int, minute of the day */
	FIELD_OBJECT,     /* a struct by `fields` */
	FIELD_TEXTS,      /* const char **, and count  entries; texts by form */
	FIELD_WORDS,      /* bool for each of `words`  entries */
	FIELD_OBJECTS,    /* an array of `size`, count entries */
	FIELD_MAP,        /* json_t *: keys by `keys`, texts by form   entries */
	FIELD_JSON,       /* json_t *, an object       with `fields` it is what they allow, and nothing else is in it */
	FIELD_JSON_ARRAY, /* json_t *                  entries; with `fields` as above */
};

struct field {
	const char *name;
	enum field_type type;
	size_t offset, size;        /* of the member in the struct that the table is for */
	size_t count;               /* offset of the size_t beside a list */
	size_t element;             /* size of the struct that `fields` are for, of lists and of JSON */
	const struct field *fields; /* a table, ended by a row without name */
	const char *const *words;   /* ended by NULL */
	const char *def;            /* JSON text, or NULL: nothing stands there */
	int64_t min, max;
	enum form_name form, keys;
	bool required;
};

#define FIELD(of, json, member, kind, ...)                                                                             \
	{                                                                                                                  \
		.name = json, .type = FIELD_##kind, .offset = offsetof(of, member), .size = sizeof(((of *)0)->member),         \
		__VA_ARGS__                                                                                                    \
	}
/* Members of a struct without a name stay rows of the outer struct. */
#define NESTED(json, table, ...)                                                                                       \
	{ .name = json, .type = FIELD_OBJECT, .fields = table, __VA_ARGS__ }
/* Handed on as it is, once it is what the table says of a struct `like`. */
#define CHECKED(of, json, member, kind, like, table, ...)                                                              \
	FIELD(of, json, member, kind, .element = sizeof(like), .fields = table, __VA_ARGS__)
#define LIST(of, json, member, counter, kind, ...)                                                                     \
	FIELD(of, json, member, kind, .count = offsetof(of, counter), .element = sizeof(*((of *)0)->member), __VA_ARGS__)

/* Decodes `object` (NULL: absent, so defaults only) into `into`, which is zeroed. `path` starts the paths of errors. */
must_check bool fields_decode(struct arena *arena, const struct field *fields, const json_t *object, const char *path,
	void *into, struct error *err);

#endif
