"""Every request of a workload is answered once as an API server, or the way to it, may answer."""

import run
from cases import Case, targets
from oracles import OBSOLETE

ANSWERS = {
    "409": {"action": "answer", "status": 409, "reason": "Conflict"},
    "429": {"action": "answer", "status": 429, "reason": "TooManyRequests", "retryAfter": 1},
    "500": {"action": "answer", "status": 500, "reason": "InternalError"},
    "503": {"action": "answer", "status": 503, "reason": "ServiceUnavailable", "retryAfter": 1},
    "504": {"action": "answer", "status": 504, "reason": "Timeout"},
    "403": {"action": "answer", "status": 403, "reason": "Forbidden"},
    "413": {"action": "answer", "status": 413, "reason": "RequestEntityTooLarge"},
    "422": {"action": "answer", "status": 422, "reason": "Invalid"},
    "never sent": {"action": "drop-before"},
    "reply lost": {"action": "drop-reply"},
    "reply truncated": {"action": "truncate"},
    "reply slow": {"action": "slow", "seconds": 2},
    "GOAWAY": {"action": "goaway"},
    "401, new token": {"action": "expire-token"},
}


def rotate_token(api, home):
    """What a kubelet does with a projected token."""
    account = home.user.rpartition(":")[2]
    answer = api.call("POST", f"/api/v1/namespaces/{home.namespace}/serviceaccounts/{account}/token",
                          {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}})
    token, new = home.folder / "token", home.folder / "token.new"
    with open(home.folder / OBSOLETE, "a", encoding="utf-8") as obsolete:
        obsolete.write(f"{token.read_text().strip()}\n")
    new.write_text(answer["status"]["token"])
    new.replace(token)


def new_token(run):
    rotate_token(run.api, run.lane.home)


def answers(workload, requests):
    found = []
    for target in targets(requests, False):
        for name, how in ANSWERS.items():
            react = (("react", new_token),) if name.startswith("401") else ()
            found.append(Case(workload, name, (*target, *how.items()), react))
    return found


CLOSED_FIRST = ("networkpolicies/one-clients", "services/one")
COMMITTED = ("reply lost", "reply truncated")  # what was answered otherwise had been done


def allowed(case):
    most = 3 if case.fault in COMMITTED else 2
    return {f"UPDATE {what}: {times} times instead of 1" for what in CLOSED_FIRST for times in range(2, most + 1)}


def compare(workload, undisturbed, found, case):
    """A pass that fails closes what must close, as far as it was told what is open, and opens only when it comes again: that is one
    update more, and two when the one that failed had been done."""
    return [one for one in run.compare(workload, undisturbed, found, case) if one not in allowed(case)]


def test_answered_otherwise(cases):
    cases.run(answers, compare=compare, most=8)
