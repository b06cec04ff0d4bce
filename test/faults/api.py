"""The API server as its administrator sees it, not through the proxy: reads, edits, and what happened to every object."""

import contextlib
import http.client
import json
import ssl
import threading
import time
import urllib.parse

KINDS = {
    "ybclusters": "/apis/yugabyte.com/v1beta1",
    "allowlists": "/apis/yugabyte.com/v1beta1",
    "serviceaccounts": "/api/v1",
    "configmaps": "/api/v1",
    "secrets": "/api/v1",
    "services": "/api/v1",
    "statefulsets": "/apis/apps/v1",
    "poddisruptionbudgets": "/apis/policy/v1",
    "networkpolicies": "/apis/networking.k8s.io/v1",
    "pods": "/api/v1",
    "persistentvolumeclaims": "/api/v1",
}


class Failed(Exception):
    def __init__(self, words, status):
        super().__init__(words)
        self.status = status


class Api:
    def __init__(self, plane):
        pki = plane.folder / "pki"
        config = json.loads(plane.kubeconfig.read_text())
        self.server = urllib.parse.urlsplit(config["clusters"][0]["cluster"]["server"]).netloc
        self.context = ssl.create_default_context(cafile=pki / "ca.crt")
        self.context.load_cert_chain(pki / "admin.crt", pki / "admin.key")
        self.thread = threading.local()

    def connect(self, timeout=30):
        return http.client.HTTPSConnection(self.server, context=self.context, timeout=timeout)

    def call(self, method, path, body=None, content_type="application/json"):
        for attempt in (1, 2):
            connection = getattr(self.thread, "connection", None) or self.connect()
            self.thread.connection = connection
            try:
                connection.request(method, path, json.dumps(body) if body is not None else None, {"Content-Type": content_type})
                answer = connection.getresponse()
                text = answer.read()
                break
            except (http.client.HTTPException, OSError):
                connection.close()
                self.thread.connection = None
                if attempt == 2:
                    raise
        if answer.status >= 300:
            raise Failed(f"{method} {path}: {answer.status} {text[:300]!r}", answer.status)
        return json.loads(text)

    @staticmethod
    def path(kind, namespace, name=None):
        return "/".join(filter(None, (KINDS[kind], "namespaces", namespace, kind, name)))

    def list(self, kind, namespace):
        answer = self.call("GET", self.path(kind, namespace))
        of_kind = {"apiVersion": answer["apiVersion"], "kind": answer["kind"].removesuffix("List")}
        return [{**of_kind, **one} for one in answer["items"]]

    def get(self, kind, name, namespace):
        """The object, or None."""
        return next((one for one in self.list(kind, namespace) if one["metadata"]["name"] == name), None)

    def patch(self, kind, name, namespace, change, how="merge"):
        return self.call("PATCH", self.path(kind, namespace, name), change, f"application/{how}-patch+json")

    def delete(self, kind, name, namespace):
        """It may have gone since it was listed."""
        try:
            self.call("DELETE", self.path(kind, namespace, name))
        except Failed as failed:
            if failed.status != 404:
                raise

    def apply(self, document, namespace):
        """Server-side apply, as kubectl does it."""
        kind = {"YBCluster": "ybclusters", "AllowList": "allowlists"}[document["kind"]]
        path = f"{self.path(kind, namespace, document['metadata']['name'])}?fieldManager=test&force=true"
        return self.call("PATCH", path, document, "application/apply-patch+yaml")

    def make_namespace(self, name):
        labels = {"pod-security.kubernetes.io/enforce": "restricted"}
        self.call("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace",
                                                 "metadata": {"name": name, "labels": labels}})

    def everything(self, namespace):
        """{(kind, name): object} of all kinds that a cluster consists of."""
        return {(kind, one["metadata"]["name"]): one for kind in KINDS for one in self.list(kind, namespace)}


class Event:
    def __init__(self, kind, what, live):
        self.kind, self.what, self.live, self.at = kind, what, live, time.time()
        self.name, self.version = live["metadata"]["name"], int(live["metadata"]["resourceVersion"])


class Observer:
    """Watches every kind in all namespaces, from now on. Nothing between two looks is missed."""

    def __init__(self, api):
        self.api, self.lock, self.events, self.ended = api, threading.Lock(), {}, []
        self.stopped, self.version = False, {}
        for kind in KINDS:
            self.version[kind] = api.call("GET", f"{KINDS[kind]}/{kind}?limit=1")["metadata"]["resourceVersion"]
            threading.Thread(target=self.watch, args=(kind,), daemon=True).start()

    def watch(self, kind):
        while not self.stopped:
            try:
                self.watch_once(kind)
            except (http.client.HTTPException, OSError):
                time.sleep(0.2)  # the API server goes away at the end, or starts anew

    def watch_once(self, kind):
        """Until the API server ends it."""
        with contextlib.closing(self.api.connect(timeout=None)) as connection:
            connection.request("GET", f"{KINDS[kind]}/{kind}?watch=1&resourceVersion={self.version[kind]}&allowWatchBookmarks=true")
            answer = connection.getresponse()
            for line in answer:
                told = json.loads(line)
                if told["type"] == "ERROR":
                    self.ended.append((kind, told["object"]))
                    self.stopped = True
                    break
                self.version[kind] = told["object"]["metadata"]["resourceVersion"]
                if told["type"] != "BOOKMARK":
                    self.take(Event(kind, told["type"], told["object"]))

    def take(self, event):
        with self.lock:
            self.events.setdefault(event.live["metadata"].get("namespace"), []).append(event)

    def of(self, namespace):
        """All events of a namespace, the oldest first."""
        assert not self.ended, f"the tests' own watches ended: {self.ended}"
        with self.lock:
            return sorted(self.events.get(namespace, []), key=lambda event: event.version)

    def forget(self, namespace):
        with self.lock:
            self.events.pop(namespace, None)
