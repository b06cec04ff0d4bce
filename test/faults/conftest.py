"""Lanes in which cases run side by side, on the control plane and with the operator of the integration tests."""

import concurrent.futures
import pathlib
import queue
import random

import pytest
import run as runs
from api import Api, Observer
from cases import chosen
from known import must_fail, reason
from lane import Lane
from operator_process import BINARY
from table import Table
from workloads import WORKLOADS

pytest_plugins = ["on_control_plane"]


def a_shard(text):
    number, of = (int(part) for part in text.split("/"))
    if not 1 <= number <= of:
        raise ValueError(text)
    return number, of


def pytest_addoption(parser):
    parser.addoption("--lanes", type=int, default=3, help="how many cases run side by side (default: 3)")
    parser.addoption("--sample", type=int, metavar="N", help="at most N cases of a workload and class (default: all)")
    parser.addoption("--seed", default="1", help="which ones")
    parser.addoption("--shard", type=a_shard, default=(1, 1), metavar="I/N", help="the I-th of N parts of the cases")
    parser.addoption("--quiet-for", type=float, default=2, metavar="SECONDS", help="how long nothing may be written at the end")
    parser.addoption("--finished", type=pathlib.Path, metavar="FILE", help="where results go; what passed there is not run again")


class Cases:
    """Runs workloads undisturbed and with faults, and compares."""

    def __init__(self, config, lanes, table):
        self.option, self.table, self.recorded = config.getoption, table, {}
        self.free = queue.Queue()
        for lane in lanes:
            self.free.put(lane)
        self.pool = concurrent.futures.ThreadPoolExecutor(len(lanes))

    def in_a_lane(self, workload, *rules, **more):
        lane = self.free.get()
        try:
            one = runs.Run(lane, workload, quiet=self.option("--quiet-for"))
            result = one.execute(*rules, **more)
            result.problems += one.close(not result.problems)
            return result
        finally:
            self.free.put(lane)

    def undisturbed(self, workload):
        """What this workload does when nothing happens; recorded once."""
        if workload.name not in self.recorded:
            result = self.in_a_lane(workload)
            assert not result.problems, result.problems
            self.recorded[workload.name] = result
        return self.recorded[workload.name]

    def one(self, workload, kind, case, more):
        result = self.in_a_lane(workload, case.rule, **more)
        problems = runs.compare(self.recorded[workload.name], result)
        if case.fault.startswith("kill") and result.fired and not result.kills:
            problems.append("the operator was not killed")
        outcome = "failed" if problems else "passed" if result.fired else "not reached"
        if problems and reason(case, problems):
            outcome = "known"
        elif outcome == "passed" and must_fail(case):
            outcome, problems = "failed", ["passes, but stands on the list of known failures"]
        self.table.add(case, kind, outcome, problems, result.seconds)
        return case, outcome, problems

    def run(self, workload, kind, cases, **more):
        """All chosen cases, or those that are not finished; raises with everything that is wrong."""
        mine = chosen(cases, self.option("--sample"), self.option("--seed"), self.option("--shard"))
        mine = [case for case in mine if str(case) not in self.table.done]
        if not mine:
            pytest.skip("no case, or all finished")
        random.Random(self.option("--seed")).shuffle(mine)
        ended = [future.result() for future in [self.pool.submit(self.one, workload, kind, case, more) for case in mine]]
        wrong = [f"{case}:\n    " + "\n    ".join(problems) for case, outcome, problems in ended if outcome == "failed"]
        assert not wrong, f"{len(wrong)} of {len(ended)} cases:\n" + "\n".join(wrong)


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
    one.pool.shutdown()
    for lane in lanes:
        lane.close()


@pytest.fixture(params=WORKLOADS, ids=lambda workload: workload.name)
def workload(request):
    return request.param


def pytest_terminal_summary(terminalreporter, config):
    if getattr(config, "table", None):
        terminalreporter.write_line(config.table.text())
