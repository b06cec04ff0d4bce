"""The certificates and kubeconfigs of one control plane, by openssl."""

import json
import os
import subprocess

# Each client has a name of its own, so that the audit log says who wrote.
CLIENTS = ("admin", "kube-controller-manager", "kube-scheduler", "kwok", "cloud")


def openssl(*arguments, text=None):
    done = subprocess.run(["openssl", *arguments], input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {arguments[0]}: {done.stderr.strip()}")


def key(path):
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", str(path))
    os.chmod(path, 0o600)


def certificate(folder, name, subject, extensions):
    key(folder / f"{name}.key")
    openssl("req", "-new", "-key", str(folder / f"{name}.key"), "-subj", subject, "-out", str(folder / f"{name}.csr"))
    (folder / f"{name}.ext").write_text(extensions + "\nkeyUsage=critical,digitalSignature\n")
    openssl("x509", "-req", "-in", str(folder / f"{name}.csr"), "-CA", str(folder / "ca.crt"), "-CAkey",
            str(folder / "ca.key"), "-CAcreateserial", "-days", "3650", "-sha256", "-extfile",
            str(folder / f"{name}.ext"), "-out", str(folder / f"{name}.crt"))


def write_kubeconfig(path, server, folder, client):
    config = {
        "apiVersion": "v1", "kind": "Config", "current-context": "control-plane",
        "clusters": [{"name": "control-plane", "cluster": {
            "server": server, "certificate-authority": str(folder / "ca.crt")}}],
        "users": [{"name": client, "user": {
            "client-certificate": str(folder / f"{client}.crt"), "client-key": str(folder / f"{client}.key")}}],
        "contexts": [{"name": "control-plane", "context": {"cluster": "control-plane", "user": client}}],
    }
    path.write_text(json.dumps(config, indent=2) + "\n")
    path.chmod(0o600)


def make(folder, server):
    """Everything that the parts need to trust each other, into folder."""
    folder.mkdir(mode=0o700)
    key(folder / "ca.key")
    openssl("req", "-x509", "-new", "-key", str(folder / "ca.key"), "-subj", "/CN=control-plane", "-days", "3650", "-sha256",
            "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
            "-out", str(folder / "ca.crt"))
    certificate(folder, "server", "/CN=kube-apiserver",
                "extendedKeyUsage=serverAuth\nsubjectAltName=IP:127.0.0.1,IP:10.96.0.1,DNS:localhost,"
                "DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local")
    key(folder / "service-accounts.key")
    openssl("pkey", "-in", str(folder / "service-accounts.key"), "-pubout", "-out", str(folder / "service-accounts.pub"))
    for client in CLIENTS:
        certificate(folder, client, f"/O=system:masters/CN={client}", "extendedKeyUsage=clientAuth")
        write_kubeconfig(folder / f"{client}.kubeconfig", server, folder, client)
