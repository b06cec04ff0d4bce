/* Who we are to a server: a certificate's chain and its private key. */
#ifndef HTTP_IDENTITY_H
#define HTTP_IDENTITY_H
#include "base/error.h"

/* Whether a connection can be made with these PEM texts (http_peer): each can be read to its end, and the key is the
 * first certificate's. With others every exchange fails before the server is asked. */
must_check bool http_identity_check(const char *certificate, const char *key, struct error *err);

#endif
