/* What is read as YAML is JSON, and JSON that both parsers take means the same to both. */
#include "base/yaml.h"

#include "../property.h"
#include "base/json.h"

static void as_json(const char *text, size_t length, const json_t *value) {
	struct error err = {0};
	json_t *other = json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	property(!other || json_equal(value, other));
	json_decref(other);
	cleanup_str struct str printed = {0};
	json_write(&printed, value);
	json_t *again = json_loadb(printed.text, printed.length, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	property(json_equal(value, again));
	json_decref(again);
	/* YAML has characters and long keys that libyaml does not take from JSON's texts. */
	json_t *yaml = yaml_parse(printed.text, printed.length, &err);
	property(!yaml || json_equal(value, yaml));
	json_decref(yaml);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct error err = {0};
	json_t *all = yaml_parse_all((const char *)data, size, &err);
	property(all ? json_is_array(all) : err.kind == ERR_INVALID && err.text[0]);
	err = (struct error){0};
	json_t *one = yaml_parse((const char *)data, size, &err);
	property((one != NULL) == (json_array_size(all) == 1));
	if (one) {
		as_json((const char *)data, size, one);
	}
	json_decref(one);
	json_decref(all);
	return 0;
}
