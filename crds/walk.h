/* What the walker of crds/field.h and its takers share: where it stands, how it refuses, and what many types ask. */
#ifndef CRDS_WALK_H
#define CRDS_WALK_H
#include "crds/field.h"

/* Where the walker stands; places live on the stack, a path is only written for an error. */
struct place {
	const struct place *up;
	const char *name; /* NULL: an array's element */
	size_t index;
};

struct walk {
	struct arena *arena;
	struct error *err;
	bool closed; /* a member that is in no table is refused: what is handed on must be understood */
};

/* Fails with ERR_INVALID, `InvalidSpec` and the path: the value must be `what`. It is shown only when it is short and
 * plain, since it may be anything; NULL: never. */
bool refuse(struct walk *walk, const struct place *place, const json_t *value, const char *what);
bool refuse_bounds(struct walk *walk, const struct place *place, const struct field *field, const char *unit);
bool refuse_word(struct walk *walk, const struct place *place, const struct field *field, const json_t *value);

/* Each refuses what does not fit. `max`: characters, 0: the form's. */
must_check bool text_fits(
	struct walk *walk, const struct place *place, const json_t *value, enum form_name name, int64_t max);
must_check bool entries_fit(struct walk *walk, const struct place *place, const struct field *field, size_t count);
/* The API server counts the length of a text in characters, not bytes. */
size_t characters(const char *text);
/* The value's place in the field's words, -1: it is none of them. */
int word_index(const struct field *field, const json_t *value);

/* Checks a value that is there and puts it at `into`, the field's own place in the struct. */
typedef bool take(struct walk *, const struct place *, const struct field *, const json_t *, void *);
/* Takers of one value; those of objects, lists and maps, which walk on, are the walker's own. */
take take_text, take_word, take_integer, take_bool, take_duration, take_time, take_minute;

#endif
