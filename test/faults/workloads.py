"""What is done to clusters while faults happen. A step is an edit and the state that it must lead to."""

import dataclasses
import typing

from manifests import yb_cluster


@dataclasses.dataclass
class Step:
    name: str
    act: typing.Callable
    done: typing.Callable = lambda run: True
    ready: bool = True  # every cluster must be Ready, too


@dataclasses.dataclass
class Workload:
    name: str
    steps: list
    setup: list = dataclasses.field(default_factory=list)
    stops: bool = False  # pods go away because that is what was asked for


def create(*names, **spec):
    return Step("create", lambda run: run.apply(*(yb_cluster(name, **spec) for name in names)),
                lambda run: len(run.api.list("ybclusters", run.namespace)) == len(names))


WORKLOADS = [
    Workload("create", [create("one")]),
    Workload("create-two", [create("one", "two")]),
]
