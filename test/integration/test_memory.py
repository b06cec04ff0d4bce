"""What the operator's memory still holds of secrets once it is at rest."""

import base64
import re

import pytest
from manifests import wait_for_ready, yb_cluster

LARGEST_REGION = 4 << 30  # the sanitizers' own maps are larger
REGION = re.compile(r"^(\w+)-(\w+) (\S+) .*?\nSize: .*?^Rss: +(\d+) kB", re.MULTILINE | re.DOTALL)


def resident_regions(process):
    for start, end, rights, resident in REGION.findall(open(f"/proc/{process}/smaps", encoding="utf-8").read()):
        start, end = int(start, 16), int(end, 16)
        if "r" in rights and int(resident) and end - start < LARGEST_REGION:
            yield start, end - start


def memory_of(process):
    """All that is readable; a piece that is unmapped meanwhile is left out."""
    with open(f"/proc/{process}/mem", "rb", buffering=0) as memory:
        for start, size in resident_regions(process):
            try:
                memory.seek(start)
                yield memory.read(size)
            except OSError:
                continue


def forms_of(name, encoded):
    """A piece out of the middle of a secret, as it is and as the API writes it."""
    text = base64.b64decode(encoded)
    yield f"{name}, in base64", encoded.encode()[len(encoded) // 2:][:24]
    yield f"{name}, plain", text[len(text) // 2:][:20]


def secrets_of(kubectl, namespace):
    for secret in kubectl.list("secrets", namespace):
        for key, encoded in secret["data"].items():
            if key == "password" or key.endswith(".key"):
                yield from forms_of(f"{secret['metadata']['name']} {key}", encoded)


def found(process, wanted):
    return sorted({name for piece in memory_of(process) for name, secret in wanted.items() if secret in piece})


def test_no_secret_is_left_in_memory(plane, kubectl, operator, namespace):
    kubectl.apply(yb_cluster("one"), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    plane.wait_for_quiet()
    wanted = dict(secrets_of(kubectl, namespace))
    assert len(wanted) >= 8, wanted.keys()
    process = operator.process.pid
    try:
        assert found(process, {"our own name": operator.home.namespace.encode()}), "the memory can be read at all"
    except PermissionError:
        pytest.skip("reading the operator's memory is the administrator's alone")
    assert found(process, wanted) == []
