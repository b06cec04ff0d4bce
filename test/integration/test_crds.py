"""The schemas themselves, without any operator: what the API server takes and refuses, by which field and in which words."""

import json

import pytest
from control_plane import ROOT, Refused
from manifests import API
from waiting import wait_until


@pytest.fixture(scope="module", autouse=True)
def crds(kubectl):
    kubectl("apply", "--server-side", "--force-conflicts", "-k", ROOT / "crds")
    kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd/ybclusters.yugabyte.com",
            "crd/allowlists.yugabyte.com")


def cluster(spec, name="db"):
    return {"apiVersion": API, "kind": "YBCluster", "metadata": {"name": name}, "spec": spec}


def allow_list(spec):
    return {"apiVersion": API, "kind": "AllowList", "metadata": {"name": "office"}, "spec": spec}


def entries(*cidrs):
    return {"entries": [{"cidr": cidr} for cidr in cidrs]}


def sandbox(**spec):
    return {"tier": "Sandbox", "nodes": 1, **spec}


def flags(process, name, value="x"):
    return {process: {"flags": {name: value}}}


AWS = "service.beta.kubernetes.io/aws-load-balancer-"
OWNED = "is the operator's: "
TAKEN = {
    "nothing": {},
    "version": {"version": "2025.1.1.0-b70"},
    "five nodes, two faults": {"nodes": 5, "faultsToTolerate": 2},
    "one node, no fault": {"nodes": 1, "faultTolerance": "None"},
    "zones": {"nodes": 6, "faultTolerance": "Zone", "zones": ["z1", "z2", "z3"]},
    "sandbox": sandbox(),
    "sandbox of 10Gi": sandbox(tservers={"storage": {"size": "10Gi"}}),
    "flags": flags("tservers", "ysql_max_connections", "200"),
    "a flag that begins like an owned one": flags("masters", "enable_ysql_tables", "1"),
    "a flag that begins with no": flags("masters", "notify_peer_of_role_change", "1"),
    "resources": {"tservers": {"resources": {"requests": {"cpu": 1, "memory": "4Gi"}, "limits": {"memory": "4Gi"}}}},
    "pod": {"pod": {"labels": {"example.com/team": "x"}, "nodeSelector": {"disk": "ssd"}, "tolerations":
                    [{"key": "a", "operator": "Equal", "value": "b", "effect": "NoExecute", "tolerationSeconds": 5}]}},
    "load balancer": {"endpoints": {"exposure": "Public", "ysql": {"port": 6432}, "hostnames": ["db.example.com"],
                                    "annotations": {AWS + "name": "mine"}}},
    "clients": {"clients": [{"podSelector": {}}, {"namespaceSelector": {"matchExpressions": [
        {"key": "team", "operator": "Exists"}]}}]},
    "TLS": {"tls": {"duration": "1h30m", "renewBefore": "10m", "minVersion": "1.3", "rotate": "2026-11-22T10:00:00Z"}},
    "window": {"maintenanceWindow": {"start": "23:59"}},
}
# input, the field, words of the refusal
REFUSED = [
    ({"tier": "Gold"}, "spec.tier", "Unsupported value"),
    ({"version": "2025.1"}, "spec.version", "should match"),
    ({"version": 2025.1}, "spec.version", "must be of type string"),
    ({"nodes": 2}, "spec.nodes", "2 is less than the replication factor 3"),
    ({"nodes": 4, "faultsToTolerate": 2}, "spec.nodes", "4 is less than the replication factor 5"),
    ({"nodes": 301}, "spec.nodes", "less than or equal to 300"),
    ({"nodes": "3"}, "spec.nodes", "must be of type integer"),
    ({"faultsToTolerate": 4}, "spec.faultsToTolerate", "less than or equal to 3"),
    ({"nodes": 4, "zones": ["a", "b", "c"]}, "spec.nodes", "4 is not a multiple of the 3 zones"),
    ({"faultTolerance": "Zone"}, "spec.zones", "takes 3 zones or more"),
    ({"faultTolerance": "Zone", "nodes": 4, "zones": ["a", "b"]}, "spec.zones", "takes 3 zones or more"),
    ({"zones": []}, "spec.zones", "at least 1 items"),
    ({"zones": ["a", "a", "b"]}, "spec.zones[1]", "Duplicate value"),
    ({"zones": ["A", "b", "c"]}, "spec.zones[0]", "should match"),
    ({"tier": "Sandbox"}, "spec.nodes", "a Sandbox has one node"),
    (sandbox(faultTolerance="Node"), "spec.faultTolerance", "a Sandbox tolerates no fault"),
    (sandbox(tservers={"storage": {"size": "11Gi"}}), "spec.tservers.storage", "at most 10Gi"),
    (sandbox(masters={"storage": {"volumes": 2}}), "spec.masters.storage", "at most 10Gi"),
    ({"masters": {"storage": {"size": "10Mi"}}}, "spec.masters.storage.size", "should match"),
    ({"masters": {"storage": {"volumes": 9}}}, "spec.masters.storage.volumes", "less than or equal to 8"),
    ({"masters": {"resources": {"requests": {"memory": "2Gi"}, "limits": {"memory": "1Gi"}}}},
     "spec.masters.resources.requests", "larger than its limit"),
    ({"masters": {"resources": {"limits": {"memory": "much"}}}}, "spec.masters.resources.limits.memory", "should match"),
    ({"masters": {"resources": {"limits": {"memory": "9000Ti"}}}}, "spec.masters.resources.limits", "no amount is larger than 8Pi"),
    ({"tservers": {"resources": {"requests": {"cpu": 99999999999999999}}}}, "spec.tservers.resources.requests", "larger than 8Pi"),
    ({"tservers": {"storage": {"size": "9000Ti"}}}, "spec.tservers.storage.size", "a volume has at most 8Pi"),
    (flags("masters", "use_node_to_node_encryption"), "spec.masters.flags", OWNED + "use spec.tls"),
    (flags("tservers", "noallow_insecure_connections"), "spec.tservers.flags", OWNED + "use spec.tls"),
    (flags("tservers", "certs_dir"), "spec.tservers.flags", OWNED + "use spec.tls"),
    (flags("tservers", "ssl_protocols"), "spec.tservers.flags", OWNED + "use spec.tls"),
    (flags("tservers", "ysql_hba_conf_csv"), "spec.tservers.flags", OWNED + "use spec.auth"),
    (flags("tservers", "ysql_pg_conf_csv"), "spec.tservers.flags", OWNED + "use spec.auth"),
    (flags("tservers", "ycql_enable_audit_log"), "spec.tservers.flags", OWNED + "the audit log"),
    (flags("masters", "rpc_bind_addresses"), "spec.masters.flags", OWNED + "use spec.endpoints"),
    (flags("tservers", "pgsql_proxy_bind_address"), "spec.tservers.flags", OWNED + "use spec.endpoints"),
    (flags("tservers", "start_redis_proxy"), "spec.tservers.flags", OWNED + "use spec.endpoints"),
    (flags("masters", "webserver_interface"), "spec.masters.flags", OWNED + "use spec.endpoints"),
    (flags("masters", "fs_data_dirs"), "spec.masters.flags", OWNED + "use storage"),
    (flags("masters", "placement_zone"), "spec.masters.flags", OWNED + "use spec.zones"),
    *((flags("masters", name), "spec.masters.flags", OWNED + "write each flag out")
      for name in ("flagfile", "fromenv", "tryfromenv", "undefok")),
    (flags("masters", "V"), "spec.masters.flags", "names of flags"),
    (flags("masters", "a=1\n--b"), "spec.masters.flags", "names of flags"),
    (flags("masters", "v", "1\n--x=1"), "spec.masters.flags.v", "should match"),
    (flags("masters", "v", 1), "spec.masters.flags.v", "must be of type string"),
    *(({"pod": {"labels": {key: "x"}}}, "spec.pod.labels", OWNED)
      for key in ("yugabyte.com/cluster", "app.kubernetes.io/name", "statefulset.kubernetes.io/pod-name")),
    ({"pod": {"annotations": {"k8s.v1.cni.cncf.io/networks": "x"}}}, "spec.pod.annotations", OWNED),
    ({"pod": {"labels": {"a b": "x"}}}, "spec.pod.labels", "a key is"),
    ({"pod": {"tolerations": [{"effect": "NoSchedule"}]}}, "spec.pod.tolerations[0].operator", "without a key"),
    ({"endpoints": {"ysql": {"port": 80}}}, "spec.endpoints.ysql.port", "greater than or equal to 1024"),
    ({"endpoints": {"ysql": {"port": 9100}}}, "spec.endpoints.ysql.port", "used by the database itself"),
    ({"endpoints": {"exposure": "World"}}, "spec.endpoints.exposure", "Unsupported value"),
    ({"endpoints": {"hostnames": ["10.0.0.1"]}}, "spec.endpoints.hostnames[0]", "should match"),
    ({"endpoints": {"hostnames": ["db"]}}, "spec.endpoints.hostnames[0]", "should match"),
    ({"endpoints": {"hostnames": ["x.other.svc.cluster.local"]}}, "spec.endpoints.hostnames", "only those of this cluster"),
    *(({"endpoints": {"annotations": {key: "x"}}}, "spec.endpoints.annotations", OWNED + instead) for key, instead in (
        ("service.beta.kubernetes.io/load-balancer-source-ranges", "use spec.allowLists"),
        (AWS + "security-groups", "use spec.allowLists"),
        ("service.beta.kubernetes.io/azure-allowed-ip-ranges", "use spec.allowLists"),
        (AWS + "scheme", "use spec.endpoints.exposure"),
        ("service.beta.kubernetes.io/azure-load-balancer-internal", "use spec.endpoints.exposure"),
        ("networking.gke.io/load-balancer-type", "use spec.endpoints.exposure"),
        (AWS + "target-group-attributes", "addresses and TLS"),
        (AWS + "ssl-cert", "addresses and TLS"))),
    ({"allowLists": ["a", "a"]}, "spec.allowLists[1]", "Duplicate value"),
    ({"allowLists": [f"a{n}" for n in range(21)]}, "spec.allowLists", "must have at most 20 items"),
    ({"clients": [{}]}, "spec.clients[0]", "give a namespaceSelector or a podSelector"),
    ({"clients": [{"namespaceSelector": {}}]}, "spec.clients[0].namespaceSelector", "every namespace"),
    ({"clients": [{"namespaceSelector": {"matchLabels": {}}}]}, "spec.clients[0].namespaceSelector", "every namespace"),
    ({"tls": {"duration": "90d"}}, "spec.tls.duration", "should match"),
    ({"tls": {"duration": "1m"}}, "spec.tls.duration", "must be 10m to 9528h"),
    ({"tls": {"duration": "700h"}}, "spec.tls.renewBefore", "must be shorter than duration"),
    ({"tls": {"caDuration": "9000h"}}, "spec.tls.caDuration", "at least six times"),
    ({"tls": {"minVersion": "1.1"}}, "spec.tls.minVersion", "Unsupported value"),
    ({"tls": {"algorithm": "RSA-1024"}}, "spec.tls.algorithm", "Unsupported value"),
    ({"tls": {"rotate": "a b"}}, "spec.tls.rotate", "should match"),
    ({"tls": {"enabled": False}}, "spec.tls.enabled", "unknown field"),
    ({"auth": {"adminUser": "postgres"}}, "spec.auth.adminUser", "reserved"),
    ({"auth": {"adminUser": "pg_monitor"}}, "spec.auth.adminUser", "reserved"),
    ({"auth": {"adminUser": "a'b"}}, "spec.auth.adminUser", "should match"),
    ({"maintenanceWindow": {"day": "Sunday"}}, "spec.maintenanceWindow.start", "Required value"),
    ({"maintenanceWindow": {"start": "24:00"}}, "spec.maintenanceWindow.start", "should match"),
    ({"maintenanceWindow": {"start": "03:00", "duration": "5m"}}, "spec.maintenanceWindow.duration", "must be 1h to 24h"),
    ({"masters": []}, "spec.masters", "must be of type object"),
]
NAMES = [
    ("9db", None, "starts with a letter"),
    ("d.b", None, "starts with a letter"),
    ("a" * 45, None, "too long"),
    ("a" * 44, None, None),
    ("a" * 40, ["z1", "z2", "zone"], "too long"),
    ("a" * 40, ["z1", "z2", "zon"], None),
]
LISTS_TAKEN = [
    entries("198.51.100.0/24", "2001:db8::/32", "192.0.2.7", "2001:db8::1"),
    {**entries("0.0.0.0/0", "::/0"), "allowAll": True},
    {"entries": [{"cidr": "192.0.2.7", "description": "x", "expiresAt": "2030-01-01T00:00:00Z"}], "endpoints": ["YSQL"]},
    entries(*(f"2001:db8:{n}::/48" for n in range(100))),
]
LISTS_REFUSED = [
    ({}, "spec.entries", "Required value"),
    ({"entries": []}, "spec.entries", "at least 1 items"),
    (entries(*(f"192.0.2.{n}" for n in range(101))), "spec.entries", "must have at most 100 items"),
    (entries("192.0.2.7", "192.0.2.7"), "spec.entries[1]", "Duplicate value"),
    (entries("192.0.2.1", "10.1.2.3/8"), "spec.entries[1].cidr", "the network is 10.0.0.0/8"),
    (entries("2001:db8::1/32"), "spec.entries[0].cidr", "the network is 2001:db8::/32"),
    *((entries(text), "spec.entries[0].cidr", "must be a range such as")
      for text in ("all", "example.com", "10.0.0", "10.0.0.0/33", "010.0.0.1", "10.0.0.0/255.0.0.0", "::ffff:10.0.0.1",
                   "fe80::1%eth0", "10.0.0.1 ", "10.0.0.1-10.0.0.9")),
    (entries("0.0.0.0/0"), "spec.allowAll", "must be true"),
    (entries("192.0.2.7", "::/0"), "spec.allowAll", "must be true"),
    ({"entries": [{"cidr": "192.0.2.7", "expiresAt": "tomorrow"}]}, "spec.entries[0].expiresAt", "date-time"),
    ({**entries("192.0.2.7"), "endpoints": ["YCQL"]}, "spec.endpoints[0]", "Unsupported value"),
    ({**entries("192.0.2.7"), "endpoints": []}, "spec.endpoints", "at least 1 items"),
]
# first, change (None takes a field away), field, words; without words it is taken
CHANGES = [
    ({}, {"nodes": 5}, None, None),
    ({}, {"nodes": 1}, "spec.nodes", "1 is less than the replication factor 3"),
    ({}, {"tservers": {"storage": {"size": "20Gi"}}}, None, None),
    ({"tservers": {"storage": {"size": "1Ti"}}}, {"tservers": {"storage": {"size": "1024Gi"}}}, None, None),
    ({"tservers": {"storage": {"size": "1Ti"}}}, {"tservers": {"storage": {"size": "1023Gi"}}},
     "spec.tservers.storage.size", "volumes only grow: this cluster has 1Ti"),
    ({"tservers": {"storage": {"size": "20Gi"}}}, {"tservers": {"storage": None}},
     "spec.tservers.storage.size", "volumes only grow"),
    ({}, {"masters": {"storage": {"class": "fast"}}}, "spec.masters.storage.class", "immutable"),
    ({"masters": {"storage": {"class": "fast"}}}, {"masters": {"storage": {"class": None}}},
     "spec.masters.storage.class", "immutable"),
    ({}, {"masters": {"storage": {"volumes": 2}}}, "spec.masters.storage.volumes", "immutable"),
    ({"nodes": 1, "faultTolerance": "None"}, {"tier": "Sandbox"}, "spec.tier", "immutable"),
    ({}, {"zones": ["z1", "z2", "z3"]}, "spec.zones", "immutable"),
    ({"zones": ["z1", "z2", "z3"]}, {"zones": None}, "spec.zones", "immutable"),
    ({"zones": ["z1", "z2", "z3"]}, {"zones": ["z1", "z2", "z4"]}, "spec.zones", "immutable"),
    ({"zones": ["z1", "z2", "z3"]}, {"zones": ["z3", "z2", "z1"]}, None, None),
    ({}, {"faultTolerance": "Node"}, "spec.faultTolerance", "immutable"),
    ({"faultTolerance": "Node"}, {"faultTolerance": None}, "spec.faultTolerance", "immutable"),
    ({"faultTolerance": "Node", "nodes": 3}, {"faultTolerance": "None"}, "spec.faultTolerance", "immutable"),
    ({"nodes": 5}, {"faultsToTolerate": 2}, "spec.faultsToTolerate", "immutable"),
    ({}, {"auth": {"adminUser": "boss"}}, "spec.auth.adminUser", "immutable"),
    ({"auth": {"adminUser": "boss"}}, {"auth": None}, "spec.auth.adminUser", "immutable"),
    ({}, {"desiredState": "Paused", "deletionPolicy": "Delete", "tls": {"rotate": "1"}}, None, None),
]


def short(row):
    return json.dumps(row)[:60] if isinstance(row, (dict, list)) else None


def dry_run(kubectl, namespace, document):
    return kubectl("create", "-n", namespace, "--dry-run=server", "-f", "-", "-o", "json", text=json.dumps(document))


def must_refuse(action, field, words):
    with pytest.raises(Refused) as caught:
        action()
    said = str(caught.value)
    assert words in said, said
    assert f"{field}:" in said or f'"{field}"' in said, said


@pytest.fixture(scope="module")
def place(kubectl):
    """One namespace for all dry runs."""
    kubectl("create", "namespace", "crds-dry-run")
    yield "crds-dry-run"
    kubectl("delete", "namespace", "crds-dry-run", "--wait=false")


@pytest.mark.parametrize("spec", TAKEN.values(), ids=TAKEN)
def test_cluster_taken(kubectl, place, spec):
    dry_run(kubectl, place, cluster(spec))


@pytest.mark.parametrize("spec,field,words", REFUSED, ids=short)
def test_cluster_refused(kubectl, place, spec, field, words):
    must_refuse(lambda: dry_run(kubectl, place, cluster(spec)), field, words)


@pytest.mark.parametrize("name,zones,words", NAMES, ids=short)
def test_names(kubectl, place, name, zones, words):
    document = cluster({"zones": zones} if zones else {}, name)
    if words is None:
        dry_run(kubectl, place, document)
    else:
        with pytest.raises(Refused, match=words):
            dry_run(kubectl, place, document)


@pytest.mark.parametrize("spec", LISTS_TAKEN, ids=short)
def test_list_taken(kubectl, place, spec):
    dry_run(kubectl, place, allow_list(spec))


@pytest.mark.parametrize("spec,field,words", LISTS_REFUSED, ids=short)
def test_list_refused(kubectl, place, spec, field, words):
    must_refuse(lambda: dry_run(kubectl, place, allow_list(spec)), field, words)


@pytest.mark.parametrize("first,change,field,words", CHANGES, ids=short)
def test_changes(kubectl, place, first, change, field, words):
    kubectl("create", "-n", place, "-f", "-", text=json.dumps(cluster(first)))
    try:
        def patch():
            return kubectl.patch("ybcluster", "db", place, {"spec": change}, "--dry-run=server")
        if words is None:
            patch()
        else:
            must_refuse(patch, field, words)
    finally:
        kubectl("patch", "ybcluster", "db", "-n", place, "--type=merge", "-p", '{"metadata":{"finalizers":null}}')
        kubectl("delete", "ybcluster", "db", "-n", place)


def test_defaults(kubectl, place):
    spec = json.loads(dry_run(kubectl, place, cluster({})))["spec"]
    assert spec == {
        "tier": "Dedicated", "image": {"repository": "yugabytedb/yugabyte", "pullPolicy": "IfNotPresent"},
        "faultsToTolerate": 1, "nodes": 3, "desiredState": "Running", "deletionPolicy": "Retain",
        "deletionProtection": False, "masters": {"storage": {"size": "10Gi", "volumes": 1}},
        "tservers": {"storage": {"size": "10Gi", "volumes": 1}}, "pod": {},
        "endpoints": {"ysql": {"port": 5433}, "exposure": "Cluster"},
        "tls": {"algorithm": "ECDSA-P256", "duration": "2160h", "renewBefore": "720h", "caDuration": "26280h",
                "caOverlap": "168h", "minVersion": "1.2"},
        "auth": {"adminUser": "admin"}}


def test_scale_subresource(kubectl, place):
    kubectl("create", "-n", place, "-f", "-", text=json.dumps(cluster({}, "scaled")))
    kubectl("scale", "ybcluster", "scaled", "-n", place, "--replicas=4")
    assert kubectl.get("ybcluster", "scaled", place)["spec"]["nodes"] == 4
    with pytest.raises(Refused, match="less than the replication factor 3"):
        kubectl("scale", "ybcluster", "scaled", "-n", place, "--replicas=2")


def test_columns_and_names(kubectl, place):
    kubectl("create", "-n", place, "-f", "-", text=json.dumps(cluster({}, "shown")))
    status = {"status": {"version": "2025.1.1.0-b70", "nodes": {"display": "2/3"}, "allowList": {"rules": 7},
                         "endpoints": [{"name": "ysql", "host": "db.example.com", "port": 5433}],
                         "certificates": {"notAfter": "2027-01-01T00:00:00Z"},
                         "conditions": [{"type": "Ready", "status": "False", "reason": "NodesMissing", "message": "x",
                                         "lastTransitionTime": "2026-11-22T10:00:00Z"}]}}
    kubectl.patch("ybcluster", "shown", place, status, "--subresource=status")
    row = dict(zip(*(line.split() for line in
                     kubectl("get", "ybc", "shown", "-n", place, "-o", "wide").splitlines())))
    assert {name: row[name] for name in row if name not in ("AGE", "NAME")} == {
        "TIER": "Dedicated", "VERSION": "2025.1.1.0-b70", "NODES": "2/3", "READY": "False", "REASON": "NodesMissing",
        "ENDPOINT": "db.example.com", "ALLOWED": "7", "CERTIFICATE-EXPIRY": "2027-01-01T00:00:00Z"}
    assert "shown" in kubectl("get", "yugabyte", "-n", place)


def explained(schema, path):
    """Every field below, as kubectl explain names it."""
    for name, field in schema.get("properties", {}).items():
        yield f"{path}.{name}", field
        yield from explained(field, f"{path}.{name}")
        yield from explained(field.get("items", {}), f"{path}.{name}")


@pytest.mark.parametrize("kind", ["ybcluster", "allowlist"])
def test_every_field_is_explained(kubectl, kind):
    crd = json.loads(kubectl("get", "crd", f"{kind}s.yugabyte.com", "-o", "json"))
    top = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    fields = [field for part in ("spec", "status") for field in explained(top["properties"][part], f"{kind}.{part}")]
    assert len(fields) > 15
    assert [path for path, field in fields if not field.get("description")] == []

    def told():
        try:
            return kubectl("explain", fields[3][0])
        except Refused:
            return ""  # what is explained is published a little after the CRD is established
    wait_until("it is explained", lambda: fields[3][1]["description"].split()[0] in told())
