"""What one YBCluster owns: the table of names that are part of the API."""

OWNED = {
    "serviceaccount": ("{}",),
    "configmap": ("{}-ca",),
    "secret": ("{}-master-tls", "{}-tserver-tls", "{}-admin", "{}-admin-tls", "{}-master-flags", "{}-tserver-flags"),
    "service": ("{}-masters", "{}-tservers", "{}"),
    "statefulset": ("{}-master", "{}-tserver"),
    "poddisruptionbudget": ("{}-masters", "{}-tservers"),
    "networkpolicy": ("{}-deny", "{}-internal", "{}-clients", "{}-operator"),
}


def names(cluster):
    """(kind, name) of each child."""
    return [(kind, pattern.format(cluster)) for kind, patterns in OWNED.items() for pattern in patterns]


def of(kubectl, cluster, namespace):
    """The live children: {(kind, name): object}, by the label that says whose they are."""
    found = kubectl.list(",".join(OWNED), namespace, f"yugabyte.com/cluster={cluster}")
    return {(one["kind"].lower(), one["metadata"]["name"]): one for one in found}


def version(metadata):
    """Differs when somebody wrote the object. Of what has a generation it is that, and the rest of metadata: its resourceVersion is
    another also when its controller writes its status, which may come later than all else is at rest."""
    if "generation" not in metadata:
        return metadata["uid"], metadata["resourceVersion"]
    return {key: value for key, value in metadata.items() if key != "resourceVersion"}


def versions(live):
    return {what: version(one["metadata"]) for what, one in live.items()}


def pods(kubectl, cluster, namespace):
    """{name: uid} of the pods that are not on their way out."""
    return {one["metadata"]["name"]: one["metadata"]["uid"]
            for one in kubectl.list("pods", namespace, f"yugabyte.com/cluster={cluster}")
            if "deletionTimestamp" not in one["metadata"]}


def volumes(kubectl, cluster, namespace):
    """{name: uid} of the volume claims."""
    return {one["metadata"]["name"]: one["metadata"]["uid"]
            for one in kubectl.list("persistentvolumeclaims", namespace, f"yugabyte.com/cluster={cluster}")}
