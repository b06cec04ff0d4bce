"""Network policies judged by cyclonus, which evaluates them as Kubernetes defines them and knows nothing of the operator."""

import json
import re
import subprocess

VERDICT = re.compile(r"IS ALLOWED\?\s*\|\s*(TRUE|FALSE)", re.IGNORECASE)


def outside(address):
    """Somebody who is no pod of this Kubernetes cluster."""
    return {"IP": address}


def pod(address, namespace, namespace_labels, labels):
    return {"IP": address, "Internal": {"PodLabels": labels, "NamespaceLabels": namespace_labels, "Namespace": namespace}}


class Evaluator:
    """Holds the live policies and namespaces of one moment."""

    def __init__(self, kubectl, folder, *namespaces):
        self.folder = folder
        self.namespaces = {namespace: json.loads(kubectl("get", "namespace", namespace, "-o", "json"))["metadata"]["labels"]
                           for namespace in namespaces}
        self.hold([policy for namespace in namespaces for policy in kubectl.list("networkpolicies", namespace)])

    def hold(self, policies):
        """These, instead of what there is."""
        assert policies, "no policy would mean that everything is open"
        self.policies = self.folder / "policies"
        self.policies.mkdir(exist_ok=True)
        for old in self.policies.iterdir():
            old.unlink()
        for number, policy in enumerate(policies):
            policy["metadata"] = {key: policy["metadata"][key] for key in ("name", "namespace")}
            (self.policies / f"{number}.yaml").write_text(json.dumps(policy))

    def pod(self, address, namespace, labels):
        """A pod of a namespace that was read."""
        return pod(address, namespace, self.namespaces[namespace], labels)

    def allowed(self, queries):
        """[(source, destination, port, protocol)] -> [bool], in the same order."""
        traffic = [{"Source": source, "Destination": destination, "ResolvedPort": port, "Protocol": protocol}
                   for source, destination, port, protocol in queries]
        file = self.folder / "traffic.json"
        file.write_text(json.dumps(traffic))
        done = subprocess.run(["cyclonus", "analyze", "--mode", "query-traffic", "--policy-path", self.policies,
                               "--traffic-path", file], capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr[-2000:]
        verdicts = [word.upper() == "TRUE" for word in VERDICT.findall(done.stdout)]
        assert len(verdicts) == len(queries), f"{len(verdicts)} answers to {len(queries)} questions: {done.stdout[:1000]}"
        return verdicts

    def differences(self, expected):
        """[((what, source, destination, port, protocol), open or not)] -> what the evaluator sees otherwise, in words."""
        verdicts = self.allowed([question[1:] for question, _ in expected])
        return [f"{question[0]}, {question[3]}/{question[4]}: {'open' if seen else 'closed'}"
                for (question, wanted), seen in zip(expected, verdicts) if wanted != seen]
