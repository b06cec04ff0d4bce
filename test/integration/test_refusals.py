"""A malformed manifest is refused by the API server, in words that name the field and what would be right."""

import pytest
from control_plane import Refused
from manifests import allow_list, yb_cluster

pytestmark = pytest.mark.usefixtures("home")

CLUSTERS = {
    "name too long": (yb_cluster("a" * 60), "name"),
    "name no DNS label": (yb_cluster("1st"), "name"),
    "too few nodes": (yb_cluster("one", nodes=2), "nodes"),
    "nodes no number": (yb_cluster("one", nodes="three"), "nodes"),
    "unknown tier": (yb_cluster("one", tier="Gold"), "tier"),
    "sandbox of three": (yb_cluster("one", tier="Sandbox", nodes=3), "nodes"),
    "zones too few": (yb_cluster("one", faultTolerance="Zone", zones=["z1", "z2"]), "zones"),
    "nodes no multiple of zones": (yb_cluster("one", nodes=4, zones=["z1", "z2", "z3"]), "nodes"),
    "owned flag": (yb_cluster("one", tservers={"storage": {"size": "1Gi"}, "flags": {"allow_insecure_connections": "true"}}),
                   "spec.tls"),
    "owned flag with no": (yb_cluster("one", tservers={"storage": {"size": "1Gi"},
                                                       "flags": {"nouse_node_to_node_encryption": "true"}}), "spec.tls"),
    "flag with a line break": (yb_cluster("one", masters={"storage": {"size": "1Gi"}, "flags": {"v": "1\n--x=1"}}), "flags"),
    "port out of range": (yb_cluster("one", endpoints={"ysql": {"port": 70000}}), "port"),
    "no TLS": (yb_cluster("one", tls={"enabled": False}), "tls"),
    "too many lists": (yb_cluster("one", allowLists=[f"a{n}" for n in range(21)]), "allowLists"),
    "reserved label": (yb_cluster("one", pod={"labels": {"app.kubernetes.io/name": "x"}}), "labels"),
    "version no version": (yb_cluster("one", version="latest"), "version"),
}
LISTS = {
    "host bits": (allow_list("a", "198.51.100.7/24"), "198.51.100.0"),
    "no address": (allow_list("a", "example.com"), "cidr"),
    "everybody": (allow_list("a", "0.0.0.0/0"), "allowAll"),
    "everybody, IPv6": (allow_list("a", "::/0"), "allowAll"),
    "no entries": (allow_list("a"), "entries"),
    "too many": (allow_list("a", *(f"198.51.100.{n}" for n in range(101))), "entries"),
    "expiry no time": (allow_list("a", {"cidr": "192.0.2.1", "expiresAt": "tomorrow"}), "expiresAt"),
}


@pytest.mark.parametrize("document,word", CLUSTERS.values(), ids=CLUSTERS)
def test_cluster(refused, document, word):
    assert word in refused(document)


@pytest.mark.parametrize("document,word", LISTS.values(), ids=LISTS)
def test_allow_list(refused, document, word):
    assert word in refused(document)


def test_what_is_right_is_taken(kubectl, namespace):
    kubectl.apply(yb_cluster("one"), allow_list("a", "198.51.100.0/24", "2001:db8::/32"), namespace=namespace)
    kubectl("delete", "ybcluster,allowlist", "--all", "-n", namespace, "--wait=false")


IMMUTABLE = {"tier": "Sandbox", "faultTolerance": "None", "zones": ["z1", "z2", "z3"],
             "auth": {"adminUser": "root2"}}


@pytest.mark.parametrize("field", IMMUTABLE)
def test_immutable(kubectl, operator, namespace, field):
    kubectl.apply(yb_cluster("one"), namespace=namespace)
    with pytest.raises(Refused) as caught:
        kubectl.patch("ybcluster", "one", namespace, {"spec": {field: IMMUTABLE[field]}})
    assert f"spec.{field}" in caught.value.words
