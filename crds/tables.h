/* The field tables: for the decoders, and for the test that holds them against the YAML. */
#ifndef CRDS_TABLES_H
#define CRDS_TABLES_H
#include "crds/field.h"

extern const struct field metadata_fields[];
extern const struct field condition_fields[];
extern const struct field ybcluster_spec_fields[];
extern const struct field ybcluster_status_fields[];
extern const struct field allowlist_spec_fields[];
extern const struct field allowlist_status_fields[];

/* Index 0 is "not given". */
extern const char *const fault_tolerance_words[];

#endif
