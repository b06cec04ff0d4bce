/* Certificates that were decoded lately. A reconcile reads the same few again and again, and OpenSSL 3.0 looks for a
 * decoder anew for each public key (0.2 ms). Nobody changes a certificate that was read, so threads share it. */
#include <openssl/err.h>
#include <pthread.h>

#include "base/hash.h"
#include "pki/certificate_x509.h"

enum { SLOTS = 64 }; /* of about 5 KiB */

static struct slot {
	struct digest digest; /* of the DER */
	X509 *certificate;
} slots[SLOTS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static X509 *recall(const struct slot *slot, const struct digest *digest) {
	pthread_mutex_lock(&lock);
	X509 *found = slot->certificate && digest_equal(&slot->digest, digest) ? slot->certificate : NULL;
	if (found) {
		X509_up_ref(found);
	}
	pthread_mutex_unlock(&lock);
	return found;
}

static void keep(struct slot *slot, const struct digest *digest, X509 *certificate) {
	X509_up_ref(certificate);
	pthread_mutex_lock(&lock);
	X509 *earlier = slot->certificate;
	*slot = (struct slot){*digest, certificate};
	pthread_mutex_unlock(&lock);
	X509_free(earlier);
}

X509 *x509_decode(const unsigned char *der, size_t length) {
	struct digest digest = digest_bytes(der, length);
	struct slot *slot = &slots[digest.bytes[0] % SLOTS];
	X509 *certificate = recall(slot, &digest);
	if (!certificate && (certificate = d2i_X509(NULL, &der, (long)length))) {
		keep(slot, &digest, certificate);
	}
	return certificate;
}
