"""The renewal of the Lease is answered otherwise, once or from then on: at every moment one of two operators leads at most."""

import itertools

from candidates import one_after_the_other
from cases import Case
from leases import TAKE_OVER
from test_answers import ANSWERS, rotate_token
from waiting import wait_until
from workloads import SMALL, create

ALWAYS = 100000
RENEWAL = (("verb", "update"), ("resource", "leases"))
FROM_THEN_ON = ("403", "503", "never sent", "reply lost")


def renewals():
    slower = {"reply too slow": {"action": "slow", "seconds": 12}}  # than a holder may wait
    once = [Case("small cluster", f"renewal: {name}", (*RENEWAL, *how.items()), kind="a renewal answered otherwise")
            for name, how in {**ANSWERS, **slower}.items()]
    lasting = [Case("small cluster", f"renewal: {name} from then on", (*RENEWAL, ("times", ALWAYS), *ANSWERS[name].items()), slow=True,
                    kind="a renewal answered otherwise")
               for name in FROM_THEN_ON]
    return once + lasting


def renewed(candidate):
    """How often since the fault."""
    since = candidate.fired()[0]["seq"]
    return sum(1 for one in candidate.proxy.log(since + 1, True) if one["resource"] == "leases" and one.get("status") == 200)


def leaders(first, second):
    """Who wrote, in the order of time, without repetition."""
    wrote = sorted((one["at"], name) for name, who in (("first", first), ("second", second)) for one in who.proxy.log(0, True)
                   if one["resource"] not in ("leases", "events"))
    return [name for name, _ in itertools.groupby(name for _, name in wrote)]


def stays(first, second):
    """One renewal that fails costs nothing."""
    wait_until("it renews again", lambda: renewed(first) >= 3, 20, 0.1)
    assert first.operator.running and not second.leads(), "the other one took over"


def hands_over(first, second):
    wait_until("the other one leads", second.leads, TAKE_OVER + 10, 0.1)
    first.ends()


def answered(lane, first, second, hands, case, _):
    step = create("one", **SMALL)
    first.proxy.arm(case.rule)
    step.act(hands)
    wait_until("a renewal meets the fault", first.fired, 15, 0.02)
    if case.rule["action"] == "expire-token":
        rotate_token(lane.api, first.home)
    lost = case.rule.get("times") or case.rule.get("seconds", 0) > TAKE_OVER / 2
    (hands_over if lost else stays)(first, second)
    hands.settle(step)
    wrote = leaders(first, second)
    return [] if wrote in (["first"], ["first", "second"]) else [f"wrote one after the other: {wrote}"]


def test_a_renewal_is_answered_otherwise(cases, table, request):
    one_after_the_other(cases, table, request.config.getoption, renewals(), answered)
