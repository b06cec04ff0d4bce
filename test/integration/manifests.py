"""The objects that tests declare, and what is read from their status."""

from waiting import ROLLOUT, wait_until

API = "yugabyte.com/v1beta1"
RESOURCES = {"requests": {"cpu": "100m", "memory": "512Mi"}, "limits": {"cpu": "1", "memory": "1Gi"}}
# What the Pod Security Standard of that name wants of a container.
RESTRICTED = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": True,
              "seccompProfile": {"type": "RuntimeDefault"}}


def yb_cluster(name, **spec):
    """A small cluster: three nodes, volumes of 1Gi."""
    group = {"resources": RESOURCES, "storage": {"size": "1Gi"}}
    return {"apiVersion": API, "kind": "YBCluster", "metadata": {"name": name},
            "spec": {"masters": group, "tservers": group, **spec}}


def allow_list(name, *entries, **spec):
    return {"apiVersion": API, "kind": "AllowList", "metadata": {"name": name},
            "spec": {"entries": [entry if isinstance(entry, dict) else {"cidr": entry} for entry in entries], **spec}}


def condition(live, kind):
    """One condition of a live object; an empty one when it is not there."""
    for one in (live or {}).get("status", {}).get("conditions", []):
        if one["type"] == kind:
            return one
    return {}


def is_ready(live):
    return condition(live, "Ready").get("status") == "True" \
        and live["status"]["observedGeneration"] == live["metadata"]["generation"]


def wait_for_ready(kubectl, name, namespace, seconds=ROLLOUT):
    """The object once Ready is True for its present generation; says the conditions when that does not come."""
    def ready():
        live = kubectl.get("ybcluster", name, namespace)
        assert is_ready(live), [f"{one['type']}={one['status']} {one['reason']}: {one['message']}"
                                for one in (live or {}).get("status", {}).get("conditions", [])]
        return live
    return wait_until(f"YBCluster {namespace}/{name} Ready", ready, seconds, 0.5)


def wait_for_condition(kubectl, kind, name, namespace, wanted, status, reason=None, seconds=60):
    def there():
        found = condition(kubectl.get(kind, name, namespace), wanted)
        assert found.get("status") == status and reason in (None, found.get("reason")), found
        return found
    return wait_until(f"{kind} {namespace}/{name} {wanted}={status} {reason or ''}", there, seconds, 0.5)


def wait_for_event(kubectl, reason, namespace, name="one"):
    """The words of the newest Event of that reason about a cluster."""
    def there():
        return [one["note"] for one in kubectl.list("events.events.k8s.io", namespace) if one["reason"] == reason and
                (one["regarding"]["kind"], one["regarding"]["name"]) == ("YBCluster", name)]
    return wait_until(f"an Event {reason} about YBCluster {namespace}/{name}", there)[-1]
