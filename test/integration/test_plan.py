"""status.plan of a cluster that is not there yet."""

import children
import pytest
from manifests import wait_for_ready, yb_cluster
from waiting import stays, wait_until

pytestmark = pytest.mark.usefixtures("operator")


def test_plan_of_a_new_cluster_names_all_that_is_made_and_makes_nothing(kubectl, namespace):
    wanted = yb_cluster("one", nodes=1, faultTolerance="None")
    wanted["metadata"]["annotations"] = {"yugabyte.com/plan": "true"}
    kubectl.apply(wanted, namespace=namespace)
    plan = wait_until("a plan", lambda: kubectl.get("ybcluster", "one", namespace).get("status", {}).get("plan"))
    assert {step["action"] for step in plan} == {"create"} and all(step["why"] for step in plan), plan
    assert not children.of(kubectl, "one", namespace) and not children.pods(kubectl, "one", namespace)

    kubectl("annotate", "ybcluster", "one", "-n", namespace, "yugabyte.com/plan-")
    wait_for_ready(kubectl, "one", namespace)
    made = sorted((kind, name) for kind, name in children.of(kubectl, "one", namespace))
    assert made == sorted(children.names("one"))
    assert sorted(tuple(step["object"].lower().split("/")) for step in plan) == made


def test_what_would_be_signed_anew_is_told_once(kubectl, namespace):
    """And not signed, which would be another certificate in each pass."""
    kubectl.apply(yb_cluster("one", nodes=1, faultTolerance="None"), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    kubectl("annotate", "ybcluster", "one", "-n", namespace, "yugabyte.com/plan=true")
    kubectl.patch("ybcluster", "one", namespace, {"spec": {"tls": {"rotate": "again"}}})

    def plan():
        return kubectl.get("ybcluster", "one", namespace).get("status", {}).get("plan", [])

    def planned():
        return {step["object"] for step in plan()}
    secrets = {"Secret/one-master-tls", "Secret/one-tserver-tls", "Secret/one-admin-tls"}
    wait_until("the plan", lambda: planned() >= secrets | {"StatefulSet/one-master", "StatefulSet/one-tserver"})

    def version():
        return kubectl.get("ybcluster", "one", namespace)["metadata"]["resourceVersion"]
    before = version()
    stays("the plan", lambda: version() == before, 4)
    told = plan()
    kubectl("annotate", "ybcluster", "one", "-n", namespace, "example.com/look=again")
    stays("the plan of another pass", lambda: plan() == told, 4)
    kubectl("annotate", "ybcluster", "one", "-n", namespace, "yugabyte.com/plan-")
    wait_until("it is carried out", lambda: not planned())
    wait_for_ready(kubectl, "one", namespace)
