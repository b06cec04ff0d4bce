/* TLS on a connection of the loopback server, by a certificate for 127.0.0.1 that signs itself: a CA of its own. */
#ifndef TEST_TLS_H
#define TEST_TLS_H
#include <stddef.h>

struct tls_identity;

/* `newest`: the newest version of TLS that it speaks (TLS1_1_VERSION of openssl/tls1.h); 0: any. */
struct tls_identity *tls_identity_create(int newest);
void tls_identity_destroy(struct tls_identity *identity);
/* Its certificate, for those who are to trust it. */
const char *tls_identity_pem(const struct tls_identity *identity);
const char *tls_identity_key_pem(const struct tls_identity *identity);
/* Takes one request, if the client goes on after the handshake, and gives the answer. */
void tls_serve(const struct tls_identity *identity, int fd, const char *answer);

#endif
