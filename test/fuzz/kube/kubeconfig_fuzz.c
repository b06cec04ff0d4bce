/* A kubeconfig. What is taken of it has TLS that is verified, and certificates with their keys. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../property.h"
#include "base/str.h"
#include "kube/source.h"

static void check(const struct kube_source *source) {
	property(str_starts(source->server, "https://") && !strpbrk(source->server, "?#@ \t"));
	property(source->origin && source->namespace && *source->namespace && !source->insecure);
	property(!(source->certificate.text || source->certificate.path) == !(source->key.text || source->key.path));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct kube_source source;
	struct error err = {0};
	char path[40];
	int file = memfd_create("kubeconfig", MFD_CLOEXEC);
	property(file >= 0 && write(file, data, size) == (ssize_t)size);
	snprintf(path, sizeof path, "/proc/self/fd/%d", file);
	if (source_from_files(&source, path, NULL, false, &err)) {
		check(&source);
		source_done(&source);
	} else {
		property(err.kind != ERR_NONE && err.text[0]);
	}
	close(file);
	return 0;
}
