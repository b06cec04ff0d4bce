/* YAML to JSON values, by libyaml's events. Scalars follow YAML 1.2's JSON schema (yaml.org/spec/1.2.2, 10.2): plain
 * true, false, null, integers and numbers in JSON's own notation are typed, all else is a string ("on", "no", "n"
 * stay strings). Numbers with a leading zero, duplicate keys, anchors with aliases, tags, keys that are no scalars and
 * characters that only YAML 1.1 takes for the end of a line are refused, with the line. */
#ifndef BASE_YAML_H
#define BASE_YAML_H
#include <jansson.h>
#include <stddef.h>

#include "base/error.h"

/* One document; a second one is an error. The caller's. */
must_check json_t *yaml_parse(const char *text, size_t length, struct error *err);
/* All documents of a stream, as an array; empty documents are left out. The caller's. */
must_check json_t *yaml_parse_all(const char *text, size_t length, struct error *err);

#endif
