"""What a workload does while its watches are late, cut, forgotten or refused by the server, or break off in their first list."""

import threading
import time

from api import KINDS
from cases import Case, targets
from test_answers import ANSWERS, new_token
from waiting import wait_until
from workloads import EXPIRES

DELAYS = (1, 30, 90)
MOMENTS = (1, 3, 8)  # the how-manyth write
LINES = (0, 1, 3)
ANSWERED = ("create", "edit-list")  # workloads in which a watch that begins again is refused
# A watch's answer has no end: these act on a whole one. Broken off streams are cases of their own.
WHOLE = ("drop-reply", "truncate", "slow")


def late(kind, seconds):
    """One watch is behind for a while, all others are not."""
    def begin(run):
        run.patience += 2 * seconds
        run.proxy.delay(kind, seconds)
        timer = threading.Timer(max(2 * seconds, 8), run.proxy.delay, (kind, 0))
        timer.daemon = True
        timer.start()
        run.cleanup.append(lambda: (timer.cancel(), run.proxy.delay(kind, 0)))
    return begin


def cut(kind):
    def react(run):
        assert run.proxy.cut(kind), f"no watch of {kind}"
    return react


def cut_then_new_token(kind):
    """The watch's next request tells that the token is not valid any more."""
    def react(run):
        cut(kind)(run)
        wait_until("the token is refused", lambda: len(run.proxy.state()["fired"]) > 1, 30, 0.02)
        new_token(run)
    return react


def refused(workload, kind):
    """A watch is cut, and its next request is answered otherwise."""
    for name, how in ANSWERS.items():
        if how["action"] not in WHOLE:
            react = (cut_then_new_token if name.startswith("401") else cut)(kind)
            yield at_write(workload, f"watch of {kind} cut, then {name}", "a watch refused when it begins again", 1, react,
                           ("also", {"id": name, "verb": "watch", "resource": kind, **how}))


def restart(run):
    """Ends the operator as a node's failure does; the new one has every first list before it."""
    run.supervised.operator.kill()


def away(kind):
    """The operator is gone for so long that the next step is due when it comes back; and then the end of a first list is late:
    what is due is seen by a pass that may not write yet, and must be done by the next one, though nothing has changed."""
    def react(run):
        run.proxy.delay(kind, 3, bookmarks=True)
        run.cleanup.append(lambda: run.proxy.delay(kind, 0))
        run.supervised.operator.kill()
        time.sleep(4)
    return react


def at_write(workload, fault, kind, number, react, *more, slow=False):
    """The moment is a write, which itself goes well."""
    rule = (("verb", "write"), ("subresource", ""), ("action", "pass"), ("nth", number))
    return Case(workload, f"{fault} at write {number}", rule, (("react", react), *more), slow, kind)


def evictions(requests):
    return [target for target in targets(requests, True) if dict(target)["subresource"] == "eviction"]


def watches(workload, requests):
    for kind in KINDS:
        for seconds in DELAYS:
            if (workload, kind) == ("list-expires", "allowlists") and seconds > EXPIRES:
                continue  # it has expired when it is seen, and nothing opens
            yield Case(workload, f"watch of {kind} is {seconds} s late", (), (("begin", late(kind, seconds)),),
                       seconds > 1, f"a watch {seconds} s late")
        for number in MOMENTS:
            yield at_write(workload, f"watch of {kind} cut, then 410", "a watch cut, then 410", number, cut(kind),
                           ("also", {"id": "410", "verb": "watch", "resource": kind, "resumes": True, "action": "gone"}))
        for lines in LINES:
            rule = (("verb", "watch"), ("resource", kind), ("action", "interrupt"), ("lines", lines))
            yield Case(workload, f"first list of {kind} breaks off after {lines}", rule, (("begin", restart),),
                       kind="a first list broken off")
        if workload in ANSWERED:
            yield from refused(workload, kind)
    for target in evictions(requests):
        for kind in ("pods", "secrets"):
            yield Case(workload, f"away for 4 s, then the first list of {kind} ends 3 s late", (*target, ("action", "pass")),
                       (("react", away(kind)),), kind="away, then a first list that ends late")
    for number in MOMENTS:
        yield at_write(workload, "all watches cut", "all watches cut", number, cut(""))


def test_late_cut_forgotten_or_broken_off(cases):
    cases.run(lambda *recorded: list(watches(*recorded)))
