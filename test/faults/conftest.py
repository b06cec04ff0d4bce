"""Lanes in which cases run side by side, on the control plane and with the operator of the integration tests."""

import concurrent.futures
import contextlib
import functools
import operator
import pathlib
import queue
import random
import time

import pytest
import run as runs
from api import Api, Observer
from cases import bundles, chosen, named
from known import must_fail, reason
from lane import Lane
from operator_process import BINARY
from table import Table
from workloads import WORKLOADS

pytest_plugins = ["on_control_plane"]
LONG_QUIET = 60  # seconds
ENOUGH_OF_A_SAMPLE = 5  # cases of one class: none of fewer may happen to meet its fault
MOST_RUNS = 3  # of one case


def a_shard(text):
    number, of = (int(part) for part in text.split("/"))
    if not 1 <= number <= of:
        raise ValueError(text)
    return number, of


def pytest_addoption(parser):
    parser.addoption("--workload", metavar="NAME,...", help="only these (default: all)")
    parser.addoption("--workloads", type=int, metavar="N", help="only N of them, which the seed draws")
    parser.addoption("--case", metavar="TEXT", default="",
                     help="only cases whose names hold this, or one of several texts between \"|\"")
    parser.addoption("--lanes", type=int, default=4, help="how many cases run side by side (default: 4)")
    parser.addoption("--sample", type=int, metavar="N", help="at most N cases of a workload and class (default: all)")
    parser.addoption("--repeat", type=int, default=1, metavar="N", help="each case N times, to find what happens rarely (default: 1)")
    parser.addoption("--seed", default="1", help="which ones")
    parser.addoption("--shard", type=a_shard, default=(1, 1), metavar="I/N", help="the I-th of N parts of the cases")
    parser.addoption("--quiet-for", type=float, default=2, metavar="SECONDS",
                     help="how long nothing may be written at the end (default: 2, and 60 of every fiftieth case where all are run)")
    parser.addoption("--singly", action="store_true", help="never several cases in one run")
    parser.addoption("--count", action="store_true", help="only record the workloads, and say how many cases there are")
    parser.addoption("--finished", type=pathlib.Path, metavar="FILE",
                     help="where results go; what met its fault and passed there is not run again")


def drawn(workloads, most, seed):
    return random.Random(seed).sample(workloads, min(most or len(workloads), len(workloads)))


class Cases:
    """Runs workloads undisturbed and with faults, and compares."""

    def __init__(self, config, lanes, table):
        self.option, self.table, self.recorded = config.getoption, table, {}
        self.free, self.lanes = queue.Queue(), len(lanes)
        for lane in lanes:
            self.free.put(lane)
        self.pool = concurrent.futures.ThreadPoolExecutor(len(lanes))

    @property
    def in_bundles(self):
        return self.option("--sample") is None and not self.option("--singly")

    def quiet_for(self, case):
        """Minutes are too long for each of thousands, and none of them would be for a sample."""
        long = case and case.rests_long and self.option("--sample") is None
        return max(self.option("--quiet-for"), LONG_QUIET if long else 0)

    def in_a_lane(self, workload, rules=(), case=None, **more):
        """What is wrong in a run whose simulated nodes fell silent says nothing: such a run is made again."""
        for _ in range(MOST_RUNS):
            result = self.once(workload, rules, case, **more)
            if not (result.problems and result.lost):
                break
        return result

    def once(self, workload, rules, case, **more):
        lane = self.free.get()
        try:
            one = runs.Run(lane, workload, quiet=self.quiet_for(case))
            try:
                result = one.execute(rules, **more)
            except BaseException:
                one.close(False)
                raise
            result.problems += one.close(not result.problems)
            return result
        finally:
            self.free.put(lane)

    def record(self, workload):
        if workload.name not in self.recorded:
            self.recorded[workload.name] = self.pool.submit(self.in_a_lane, workload)

    def undisturbed(self, workload):
        """What this workload does when nothing happens; recorded once."""
        self.record(workload)
        result = self.recorded[workload.name].result()
        assert not result.problems, "; ".join(result.problems)
        return result

    def attempt(self, workload, case, compare):
        """(what was seen, whether the fault was met, what is wrong)"""
        own = [case.rule] if case.rule else []
        result = self.in_a_lane(workload, own, case, end=self.undisturbed(workload).end, **case.more())
        problems = compare(workload, self.undisturbed(workload), result, case)
        armed = {rule["id"] for rule in case.rules} | set(case.lines)
        met = armed <= result.fired
        if case.fault.startswith("kill") and met and not result.kills:
            problems.append("the operator was not killed")
        return result, met, problems

    def one(self, workload, case, compare):
        """Runs a case, once more if it did not meet its fault; returns what is wrong with it."""
        result, met, problems = self.attempt(workload, case, compare)
        if not met and not problems:
            result, met, problems = self.attempt(workload, case, compare)
        outcome = "failed" if problems else "passed" if met else "not reached"
        if problems and reason(case, problems):
            outcome = "known"
        elif outcome == "passed" and must_fail(case):
            outcome, problems = "failed", ["passes, but stands on the list of known failures"]
        self.table.add(case, case.sort, outcome, problems, result.seconds)
        return [f"{case}:", *(f"    {problem}" for problem in problems)] if outcome == "failed" else []

    def together(self, workload, bundle, compare):
        """Runs several cases in one run, judged as strictly as one of them. What is wrong with any, and which of them did not meet
        its fault, is found by running each by itself."""
        if len(bundle) == 1:
            return self.one(workload, bundle[0], compare)
        rules = [{**case.rule, "id": str(case)} for case in bundle if case.rule]
        longest = next((case for case in bundle if case.rests_long), bundle[0])
        more = longest.more()
        if longest.orders:
            more["begin"] = functools.reduce(operator.add, (case.orders for case in bundle))
        result = self.in_a_lane(workload, rules, longest, end=self.undisturbed(workload).end, **more)
        well = not compare(workload, self.undisturbed(workload), result, longest) \
            and (not longest.fault.startswith("kill") or result.kills >= len(result.fired))
        met = [case for case in bundle if {str(case), *case.lines} & result.fired]
        passed = [case for case in met if well and not must_fail(case)]
        for case in passed:
            self.table.add(case, case.sort, "passed", [], result.seconds / len(bundle), len(bundle))
        return [line for case in bundle if case not in passed for line in self.one(workload, case, compare)]

    @contextlib.contextmanager
    def own_lane(self):
        """A lane in which nothing that is left is used again."""
        lane = self.free.get()
        lane.begin()
        try:
            yield lane
        finally:
            lane.abandon()
            self.free.put(lane)

    @contextlib.contextmanager
    def scene(self, case, sort):
        """A lane for a case that is told in one piece."""
        if not named([case], self.option("--case")) or str(case) in self.table.done:
            pytest.skip("not wanted, or finished")
        started, outcome = time.monotonic(), "failed"
        with self.own_lane() as lane:
            try:
                yield lane
                outcome = "passed"
            finally:
                self.table.add(case, sort, outcome, [], time.monotonic() - started)

    def run(self, derive, workloads=WORKLOADS, compare=runs.compare, most=1):
        """derive(workload name, requests of the undisturbed run) -> cases. All those that are chosen and not finished are run,
        side by side, and where all are run up to `most` of them in one run; raises with everything that is wrong."""
        wanted = self.option("--workload").split(",") if self.option("--workload") else []
        under_way, wrong, sorts = [], [], set()
        workloads = drawn([one for one in workloads if not wanted or one.name in wanted], self.option("--workloads"), self.option("--seed"))
        for workload in workloads:
            self.record(workload)
        for workload in workloads:
            try:
                derived = derive(workload.name, self.undisturbed(workload).requests)
            except AssertionError as error:
                wrong.append([f"{workload.name}, undisturbed:", f"    {error}"])
                continue
            mine = chosen(named(derived, self.option("--case")), self.option("--sample"), self.option("--seed"), self.option("--shard"))
            sorts |= {case.sort for case in mine}
            left = [case for case in mine if str(case) not in self.table.done]
            runs_left = [*bundles(left, most if self.in_bundles else 1)] * self.option("--repeat")
            if self.option("--count"):
                self.table.plan(left, len(runs_left))
                continue
            under_way += [self.pool.submit(self.together, workload, bundle, compare) for bundle in runs_left]
        if not under_way and not wrong:
            pytest.skip("counted" if self.option("--count") else "no case, or all finished")
        wrong += [lines for lines in (future.result() for future in under_way) if lines]
        enough = 1 if self.option("--sample") is None else ENOUGH_OF_A_SAMPLE
        wrong += [[f"{sort}:", "    no case met its fault"] for sort in self.table.never_met(sorts, enough)]
        assert not wrong, f"{len(wrong)} things are wrong in {len(under_way)} cases:\n" + "\n".join("\n".join(lines) for lines in wrong)


@pytest.fixture(scope="session")
def table(request):
    one = Table(request.config.getoption("--finished"), BINARY)
    request.config.table = one
    return one


@pytest.fixture(scope="session")
def cases(request, plane, home, table, tmp_path_factory):
    api = Api(plane)
    observer = Observer(api)
    numbers = range(request.config.getoption("--lanes"))
    lanes = [Lane(f"{random.getrandbits(16):04x}-{number}", plane, api, observer, home,
                  tmp_path_factory.mktemp("lane") / "home")
             for number in numbers]
    one = Cases(request.config, lanes, table)
    yield one
    one.pool.shutdown(cancel_futures=True)
    for lane in lanes:
        lane.close()
    observer.stopped = True


def pytest_terminal_summary(terminalreporter, config):
    if getattr(config, "table", None):
        terminalreporter.write_line(config.table.text())
