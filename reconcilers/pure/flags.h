/* The processes' flags, ports, paths and commands: one table for all that is rendered.
 *
 * A flag that is not in the table is not rendered: flag_lookup() says no and the document fails. Each row names the
 * process, the release since which the flag exists as we use it, and the page that documents it. */
#ifndef PURE_FLAGS_H
#define PURE_FLAGS_H
#include "base/error.h"
#include "pure/names.h"

enum {
	PORT_MASTER_HTTP = 7000,
	PORT_MASTER_RPC = 7100,
	PORT_TSERVER_HTTP = 9000,
	PORT_TSERVER_RPC = 9100,
};

#define PATH_MASTER "/home/yugabyte/bin/yb-master"
#define PATH_TSERVER "/home/yugabyte/bin/yb-tserver"
#define PATH_YSQLSH "/home/yugabyte/bin/ysqlsh"
#define PATH_CERTIFICATES "/opt/certs/yugabyte"
#define PATH_FLAGS "/opt/flags"

enum flag_process { FLAG_MASTER = 1, FLAG_TSERVER = 2, FLAG_BOTH = 3 };

struct flag {
	const char *name;
	enum flag_process process;
	const char *since; /* release */
	const char *page;  /* below docs.yugabyte.com/stable/reference/configuration/ */
};

/* What else is taken for granted of the image: ports, folders, commands. */
struct image_fact {
	enum { IMAGE_PORT, IMAGE_PATH, IMAGE_COMMAND } what;
	const char *value;
	enum flag_process process;
	const char *since, *page; /* page: below docs.yugabyte.com/stable/ */
};
extern const struct image_fact image_table[]; /* the last row has no value */

/* NULL when it is not in the table, or not of this process. */
const struct flag *flag_lookup(const char *name, enum role role);
extern const struct flag flag_table[]; /* the last row has no name */

/* The flag file: what all pods of the role share. Values cannot hold a line break: the schema refuses control
 * characters, and this fails on them. */
must_check const char *flag_file(struct arena *arena, const struct ybcluster *cluster, const struct settings *settings,
	enum role role, struct error *err);
/* The arguments: what differs by pod and by group. An array of strings, the arena's. */
must_check json_t *flag_arguments(struct arena *arena, const struct ybcluster *cluster, const struct settings *settings,
	const struct group *group, struct error *err);
/* The container's memory limit (or request) as the flags count it; bytes. */
int64_t process_memory(const struct ybcluster *cluster, enum role role);
/* The container's resources: the spec's, with our defaults where it says nothing. The arena's. */
json_t *process_resources(struct arena *arena, const struct ybcluster *cluster, enum role role);
/* The release that runs: the spec's, else the one pinned in status, else the operator's own. */
const char *version_of(const struct ybcluster *cluster, const struct settings *settings);

#endif
