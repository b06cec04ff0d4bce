/* Base64 with padding (RFC 4648, 4), as Secret data have it. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H
#include "base/arena.h"
#include "base/str.h"

const char *base64_encode(struct arena *arena, const void *bytes, size_t length);
/* False: not base64. The bytes are appended to `out`; the caller wipes it where they are secret. */
must_check bool base64_decode(struct str *out, const char *text);

#endif
