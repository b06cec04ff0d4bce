"""A write, a read or a watch is answered otherwise for half a minute: that is tried again ever more rarely, and then all is well."""

import threading

import oracles
import snapshot
from cases import Case, targets
from test_answers import ANSWERS
from test_watches import at_write, cut

SECONDS = 30
ALWAYS = 100000
EARLY = 10  # seconds, after which tries have become rare
MOST_LATE = 8  # tries in the rest of the time; backoff makes two or three, and what happens to children a few
WORKLOADS = ("create", "change-flags")
ANSWERED = ("403", "500", "503", "reply lost")
WATCHED = ("statefulsets", "pods", "secrets")


def ends_after_a_while(rule):
    def begin(run):
        run.patience += 3 * SECONDS
        timer = threading.Timer(SECONDS, run.proxy.release, (rule,))
        timer.daemon = True
        timer.start()
        run.cleanup.append(timer.cancel)
    return begin


def cut_and_refused(kind, rule):
    def react(run):
        cut(kind)(run)
        ends_after_a_while(rule)(run)
    return react


def first(requests, wanted):
    """The first request of a sort, whatever comes before it."""
    return next(((*target[:-1], ("times", ALWAYS)) for target in targets(requests, False) if wanted(dict(target))), None)


def is_write(what):
    return what["verb"] in ("create", "patch", "update") and what["resource"] not in ("events", "ybclusters") and not what["subresource"]


def lasting(workload, requests):
    if workload not in WORKLOADS:
        return
    for target in filter(None, (first(requests, is_write), first(requests, lambda what: what["verb"] == "get"))):
        for name in ANSWERED:
            fault = f"{name} for {SECONDS} s"
            yield Case(workload, fault, (*target, *ANSWERS[name].items()), (("begin", ends_after_a_while(fault)),), True,
                       "an answer for half a minute")
    for kind in WATCHED:
        for name in ("403", "500", "503", "never sent"):
            fault = f"watch of {kind} cut, then {name} for {SECONDS} s"
            yield at_write(workload, fault, "an answer for half a minute", 1, cut_and_refused(kind, fault),
                           ("also", {"id": fault, "verb": "watch", "resource": kind, "times": ALWAYS, **ANSWERS[name]}), slow=True)


def loops(requests, case):
    """A server that says when it wants to be asked again is asked then: that is as often as it says."""
    rule = next(one for one in case.rules if one.get("times"))
    tries = [one["at"] for one in requests if one.get("fault") == rule["id"]]
    late = [at for at in tries if at > tries[0] + EARLY]
    asked_for = (SECONDS - EARLY) / rule["retryAfter"] if "retryAfter" in rule else 0
    return [f"{len(tries)} tries, {len(late)} of them later than {EARLY} s"] if len(late) > MOST_LATE + asked_for else []


def compare(workload, undisturbed, found, case):
    """How often something is written differs, but not what it leads to; and tries become rare."""
    return loops(found.requests, case) + found.problems + snapshot.differences(undisturbed.end, found.end) \
        + oracles.compare_secrets({what: len(values) for what, values in undisturbed.contents.items()}, found.contents) \
        + oracles.compare_openings(undisturbed.openings, found.openings)


def test_answered_otherwise_for_half_a_minute(cases):
    cases.run(lambda *recorded: list(lasting(*recorded)), compare=compare)
