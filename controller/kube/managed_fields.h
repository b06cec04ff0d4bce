/* The book-keeping of field managers: a third of what the API server sends, and nothing that is ever looked at. It is
 * cut out of the text, so that no tree is built of it. metadata.managedFields: reference/using-api/server-side-apply.
 */
#ifndef KUBE_MANAGED_FIELDS_H
#define KUBE_MANAGED_FIELDS_H
#include <stddef.h>

/* The text without its managedFields arrays, in memory that the caller frees with managed_fields_free(); NULL when
 * there are none, or when the text is not well formed so far as that can be seen here: the parser then says so. */
char *managed_fields_cut(const char *text, size_t length, size_t *left);
/* Wipes it: it may be a Secret. */
void managed_fields_free(char *text, size_t length);

#endif
