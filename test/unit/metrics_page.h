/* What a page of metrics says. */
#ifndef TEST_METRICS_PAGE_H
#define TEST_METRICS_PAGE_H
#include <string.h>

#include "run/metrics.h"

/* Fails, and shows the page, unless the line is in it, or is not. cmocka.h comes before. */
static inline void expect_line(struct metrics *metrics, const char *line, bool there) {
	cleanup_str struct str page = {0}, wanted = {0};
	metrics_write(metrics, &page);
	str_addf(&wanted, "\n%s\n", line);
	bool found = strstr(page.text, wanted.text);
	if (found != there) {
		print_error("%s: %s\n%s", there ? "missing" : "unexpected", line, page.text);
	}
	assert_int_equal(found, there);
}

#endif
