#include "run/metrics_table.h"

#include <stddef.h>

/* The bounds that controller-runtime and client-go have, so that dashboards made for them fit. */
static const double reconcile_seconds[] = {0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5,
	0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5, 1.75, 2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60};
static const double queue_seconds[] = {1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 1, 10, 100, 1000};
static const double request_seconds[] = {0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60};

#define BOUNDS(array) array, sizeof(array) / sizeof(array[0])
#define NO_BOUNDS NULL, 0

const struct metric metric_table[] = {
	{"controller_runtime_active_workers", GAUGE, NO_BOUNDS, "Workers that reconcile right now, by reconciler."},
	{"controller_runtime_max_concurrent_reconciles", GAUGE, NO_BOUNDS, "Workers that may reconcile at once."},
	{"controller_runtime_reconcile_errors_total", COUNTER, NO_BOUNDS, "Reconciles that failed."},
	{"controller_runtime_reconcile_time_seconds", HISTOGRAM, BOUNDS(reconcile_seconds), "Length of a reconcile."},
	{"controller_runtime_reconcile_total", COUNTER, NO_BOUNDS, "Reconciles by result."},
	{"leader_election_master_status", GAUGE, NO_BOUNDS, "1 while this process holds the lease, else 0."},
	{"process_cpu_seconds_total", COUNTER, NO_BOUNDS, "User and system CPU time spent."},
	{"process_max_fds", GAUGE, NO_BOUNDS, "File descriptors that may be open."},
	{"process_open_fds", GAUGE, NO_BOUNDS, "File descriptors that are open."},
	{"process_resident_memory_bytes", GAUGE, NO_BOUNDS, "Resident memory."},
	{"process_start_time_seconds", GAUGE, NO_BOUNDS, "Start of the process, in Unix seconds."},
	{"rest_client_request_duration_seconds", HISTOGRAM, BOUNDS(request_seconds),
		"Length of requests to the API server by verb and host."},
	{"rest_client_requests_total", COUNTER, NO_BOUNDS, "Requests to the API server by code, host and method."},
	{"workqueue_adds_total", COUNTER, NO_BOUNDS, "Keys that were put into the queue."},
	{"workqueue_depth", GAUGE, NO_BOUNDS, "Keys that wait for a worker."},
	{"workqueue_longest_running_processor_seconds", GAUGE, NO_BOUNDS, "Age of the oldest work under way."},
	{"workqueue_queue_duration_seconds", HISTOGRAM, BOUNDS(queue_seconds), "Time that a key waited for a worker."},
	{"workqueue_retries_total", COUNTER, NO_BOUNDS, "Keys that came back after a failure."},
	{"workqueue_unfinished_work_seconds", GAUGE, NO_BOUNDS, "Sum of the ages of all work under way."},
	{"workqueue_work_duration_seconds", HISTOGRAM, BOUNDS(queue_seconds), "Time that a worker spent on a key."},
	{"ybcluster_allow_list_rules", GAUGE, NO_BOUNDS, "Address ranges that are let in to a YBCluster."},
	{"ybcluster_certificate_not_after_seconds", GAUGE, NO_BOUNDS, "End of a certificate's life, in Unix seconds."},
	{"ybcluster_condition", GAUGE, NO_BOUNDS, "1 for the status that a condition of a YBCluster has."},
	{"ybcluster_drift_reverted_total", COUNTER, NO_BOUNDS, "Foreign changes that were taken back, by kind."},
	{"ybcluster_nodes_desired", GAUGE, NO_BOUNDS, "Nodes that a YBCluster asks for."},
	{"ybcluster_nodes_ready", GAUGE, NO_BOUNDS, "Nodes of a YBCluster that are ready."},
	{"ybcluster_store_documents", GAUGE, NO_BOUNDS, "Documents in memory that wait to be compared."},
	{"ybcluster_store_objects", GAUGE, NO_BOUNDS, "Objects that are watched, by kind."},
	{"ybcluster_token_sessions", GAUGE, NO_BOUNDS, "Open sessions of the PKCS#11 token."},
};
const size_t metric_count = sizeof metric_table / sizeof metric_table[0];
