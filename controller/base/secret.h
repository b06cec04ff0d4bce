/* Memory that may have held a secret: it is overwritten before the allocator gets it back. Texts (str.h), arenas and,
 * after json_keep_secrets(), JSON do this by themselves, and so does libcurl. */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H
#include <stddef.h>

/* free(), after all of the allocation was overwritten. NULL is fine. */
void secret_free(void *memory);
/* realloc(), but what is left behind was overwritten. NULL: no memory, and the old one is as it was. */
void *secret_realloc(void *memory, size_t size);

#endif
