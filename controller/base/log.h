/* The log: one line an event on standard error, as JSON (for collectors) or for the console.
 *
 * A line has a level, a message and pairs of names and texts. There is no way to print a secret: values are texts that
 * the caller names one by one, and documents are never printed. */
#ifndef BASE_LOG_H
#define BASE_LOG_H
#include <stdbool.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_FORMAT_JSON, LOG_FORMAT_CONSOLE };

/* Before any thread starts. */
void log_setup(enum log_format format, enum log_level least);
bool log_enabled(enum log_level level);
/* Pairs `name, value, ...` and a final NULL; a NULL value leaves the pair out. Safe from any thread. */
void log_line(enum log_level level, const char *message, ...) __attribute__((sentinel));

#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__, (char *)0)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__, (char *)0)
#define log_warn(...) log_line(LOG_WARN, __VA_ARGS__, (char *)0)
#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__, (char *)0)

#endif
