"""no_hooks.py BINARY BENCH-SOURCE...: the operator that is shipped knows nothing of the benchmark."""

import pathlib
import sys

MARKS = ("all-processed", "event %s", "YBC_BENCH_EXPECT", "YBC_BENCH_NO_TOKEN", "__wrap_certificates_ensure")
KNOWN = b"usage: ybcluster-operator run"  # so that a wrong or an empty file does not pass


def main(binary, *sources):
    text = "".join(pathlib.Path(source).read_text() for source in sources)
    stale = [mark for mark in MARKS if mark not in text]
    assert not stale, f"no bench source has {stale}: put right what this test looks for"
    program = pathlib.Path(binary).read_bytes()
    assert KNOWN in program, f"{binary} is not the operator"
    found = [mark for mark in MARKS if mark.encode() in program]
    assert not found, f"{binary} has hooks of the benchmark: {found}"


if __name__ == "__main__":
    main(*sys.argv[1:])
