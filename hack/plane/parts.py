"""The parts of a control plane in the order in which they start, with their flags."""

SERVICE_RANGES = ("10.96.0.0/16", "fd00:96::/112")
POD_RANGE = "10.244.0.0/16"

# Only writes, and who made them: enough to say that at rest nobody writes.
AUDIT_POLICY = """apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
  verbs: [create, update, patch, delete, deletecollection]
- level: None
"""


def service_ranges(at):
    return ",".join(SERVICE_RANGES[:1] if at.options.get("ipv4_only") else SERVICE_RANGES)


def etcd(at):
    client, peer = (f"http://127.0.0.1:{at.ports[name]}" for name in ("etcd", "etcd-peer"))
    return [at.program, "etcd", "--name=one", f"--data-dir={at.folder / 'etcd'}", f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}", f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=one={peer}", "--unsafe-no-fsync", "--log-level=warn",
            "--quota-backend-bytes=8589934592"]


def apiserver(at):
    pki = at.folder / "pki"
    flags = {
        "etcd-servers": f"http://127.0.0.1:{at.ports['etcd']}",
        "bind-address": "127.0.0.1",
        "advertise-address": "127.0.0.1",
        "secure-port": at.ports["kube-apiserver"],
        # An endpoint may not be a loopback address, and nothing here looks for one.
        "endpoint-reconciler-type": "none",
        "tls-cert-file": pki / "server.crt",
        "tls-private-key-file": pki / "server.key",
        "client-ca-file": pki / "ca.crt",
        "service-account-key-file": pki / "service-accounts.pub",
        "service-account-signing-key-file": pki / "service-accounts.key",
        "service-account-issuer": "https://kubernetes.default.svc.cluster.local",
        "authorization-mode": "Node,RBAC",
        "service-cluster-ip-range": service_ranges(at),
        "kubelet-preferred-address-types": "InternalIP",
        "allow-privileged": "true",
        "v": 1,
    }
    if at.options["audit"]:
        (at.folder / "audit-policy.yaml").write_text(AUDIT_POLICY)
        flags |= {"audit-policy-file": at.folder / "audit-policy.yaml", "audit-log-path": at.folder / "logs/audit.log"}
    return [at.program, "kube-apiserver", *(f"--{name}={value}" for name, value in flags.items()),
            *at.options["apiserver_flags"]]


def controller_manager(at):
    pki = at.folder / "pki"
    return [at.program, "kube-controller-manager", f"--kubeconfig={pki / 'kube-controller-manager.kubeconfig'}",
            "--leader-elect=false", "--secure-port=0", f"--service-account-private-key-file={pki / 'service-accounts.key'}",
            f"--root-ca-file={pki / 'ca.crt'}", "--enable-hostpath-provisioner",
            f"--service-cluster-ip-range={service_ranges(at)}", "--kube-api-qps=300", "--kube-api-burst=600",
            "--concurrent-statefulset-syncs=10", "--pvclaimbinder-sync-period=5s"]


def scheduler(at):
    return [at.program, "kube-scheduler", f"--kubeconfig={at.folder / 'pki/kube-scheduler.kubeconfig'}",
            "--leader-elect=false", "--secure-port=0", "--kube-api-qps=300", "--kube-api-burst=600"]


def kwok(at):
    return [at.kwok, f"--kubeconfig={at.folder / 'pki/kwok.kubeconfig'}", f"--config={at.stages}", "--manage-all-nodes",
            "--node-lease-duration-seconds=40", f"--cidr={POD_RANGE}"]


def cloud(at):
    return [at.program, "cloud", f"--kubeconfig={at.folder / 'pki/cloud.kubeconfig'}"]


STARTED_IN_ORDER = {
    "etcd": etcd,
    "kube-apiserver": apiserver,
    "kube-controller-manager": controller_manager,
    "kube-scheduler": scheduler,
    "kwok": kwok,
    "cloud": cloud,
}
NEEDED = ("etcd", "kube-apiserver")
