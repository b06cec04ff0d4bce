/* Kubernetes quantities ("10Gi", "500m", "1.5", "2e3"): reference/kubernetes-api/common-definitions/quantity. */
#ifndef BASE_QUANTITY_H
#define BASE_QUANTITY_H
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* The value in thousandths, rounded up as Kubernetes does. False: not a quantity, or out of range. */
bool quantity_parse(const char *text, int64_t *milli);
/* Of JSON as Kubernetes takes it: a text, or an integer. */
bool quantity_read(const json_t *amount, int64_t *milli);

#endif
