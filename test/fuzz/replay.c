/* The corpus without libFuzzer: PROGRAM FOLDER runs the target on every file of the folder, and on nothing at all. Each
 * input has just its own memory, so that ASan sees a read behind its end. */
#include <dirent.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "property.h"

enum { LARGEST = 1 << 20 };

static void run(const char *text, size_t length) {
	uint8_t *exact = xmalloc(length);
	memcpy(exact, text, length);
	LLVMFuzzerTestOneInput(exact, length);
	free(exact);
}

static bool replay(const char *folder, const char *name) {
	cleanup_str struct str path = {0}, text = {0};
	struct error err = {0};
	str_addf(&path, "%s/%s", folder, name);
	if (!str_read_file(&text, path.text, LARGEST, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return false;
	}
	/* What ends the process is found by the last line. */
	fprintf(stderr, "%s\n", path.text);
	run(text.text ? text.text : "", text.length);
	return true;
}

int main(int argc, char **argv) {
	DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
	if (!folder) {
		fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
		return 2;
	}
	run("", 0);
	int count = 0;
	bool ok = true;
	for (struct dirent *file; ok && (file = readdir(folder));) {
		if (file->d_name[0] != '.') {
			ok = replay(argv[1], file->d_name);
			count++;
		}
	}
	closedir(folder);
	fprintf(stderr, "%d inputs\n", count);
	return ok && count > 0 ? 0 : 1;
}
