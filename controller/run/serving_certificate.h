/* The certificate of the metrics port: from files, read again when they change, or self-signed and made in memory. */
#ifndef RUN_SERVING_CERTIFICATE_H
#define RUN_SERVING_CERTIFICATE_H
#include <openssl/ssl.h>
#include <stdint.h>

#include "base/error.h"

struct serving_certificate {
	const char *cert_file, *key_file; /* NULL: self-signed */
	uint64_t loaded;                  /* what of the files is loaded: a mark that changes with them */
	/* Holds what is served and serves nobody: a context has a place for each type of key, and those that `ssl` has
	 * filled once cannot be emptied. */
	SSL_CTX *pair;
};

/* From now on handshakes of `ssl` present what the files hold; when that fails, what they did before. For the thread
 * that does the handshakes. `certificate` outlives them. */
must_check bool serving_certificate_load(struct serving_certificate *certificate, SSL_CTX *ssl, struct error *err);
void serving_certificate_release(struct serving_certificate *certificate);
/* True when the files are others than at the last load, or the self-signed one has grown old. */
bool serving_certificate_stale(const struct serving_certificate *certificate);

#endif
