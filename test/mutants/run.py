"""hack/test mutants: each planted defect of mutants.toml must turn the test red that it names.

The tree is copied; a defect is planted in the copy, its test is built and run there, and the defect is taken out again.
A defect that no longer fits, does not build or survives is a failure of the suite; so is a test that is red without one.
"""

import argparse
import pathlib
import random
import shutil
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]
COPY = ROOT / "build/mutants/tree"
BUILD = COPY / "build/dev"
UNIT_SECONDS, INTEGRATION_SECONDS = 300, 900


def copy_tree():
    """Files that did not change keep their times, so that little is built again."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True)
    wanted = {path for path in listed.stdout.splitlines() if (ROOT / path).is_file()}
    for path in wanted:
        here, there = ROOT / path, COPY / path
        if not there.exists() or there.read_bytes() != here.read_bytes():
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(here, there)
    for stale in [one for one in COPY.rglob("*") if one.is_file() and "build" not in one.relative_to(COPY).parts[:1]]:
        if str(stale.relative_to(COPY)) not in wanted:
            stale.unlink()


def run(seconds, *argv):
    try:
        return subprocess.run(argv, cwd=COPY, capture_output=True, text=True, timeout=seconds, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def build(*targets):
    return run(1800, "cmake", "--build", BUILD, *(word for target in targets for word in ("--target", target)))


def is_unit(by):
    """A target of the build, and a test of ctest; else the name of a suite and a test of that, which need a control plane."""
    return " " not in by


def passes(by, control_plane):
    if is_unit(by):
        return run(UNIT_SECONDS, "ctest", "--test-dir", BUILD, "-R", f"^{by}$", "--no-tests=error")
    suite, test = by.split(" ", 1)
    return run(INTEGRATION_SECONDS, "hack/test", suite, "--", *control_plane, "-x", "-q", test)


def try_one(mutant, control_plane):
    """None: caught. Else what is wrong."""
    file, by = COPY / mutant["file"], mutant["by"]
    sound = file.read_text()
    try:
        file.write_text(sound.replace(mutant["old"], mutant["new"]))
        if not build(by if is_unit(by) else "ybcluster-operator"):
            return "does not build"
        return "SURVIVED" if passes(by, control_plane) else None
    finally:
        file.write_text(sound)


def stale(mutant):
    """Its text is not there, or not only once: asked of all, also of those that a sample leaves out."""
    found = (ROOT / mutant["file"]).read_text().count(mutant["old"])
    return found != 1 and f"{mutant['name']}: its text is found {found} times in {mutant['file']}"


def check_sound(mutants, control_plane):
    """Without a defect all of the named tests are green: else red would mean nothing."""
    names = sorted({mutant["by"] for mutant in mutants})
    if not build(*filter(is_unit, names)):
        sys.exit("mutants: the tree does not build without a defect")
    red = [name for name in names if not passes(name, control_plane)]
    if red:
        sys.exit(f"mutants: red without a defect: {', '.join(red)}")


def main():
    top = argparse.ArgumentParser(prog="hack/test mutants", description=__doc__)
    top.add_argument("--sample", type=int, help="so many of those that need no control plane, drawn by --seed")
    top.add_argument("--seed", default="0")
    top.add_argument("--only", metavar="TEXT", help="those whose name has it")
    top.add_argument("--control-plane", metavar="NAME", help="one that is up already, for those that need one")
    arguments = top.parse_args()
    mutants = tomllib.loads((ROOT / "test/mutants/mutants.toml").read_text())["mutant"]
    if gone := [why for why in map(stale, mutants) if why]:
        sys.exit("mutants that no longer fit:\n" + "\n".join(gone))
    mutants = [mutant for mutant in mutants if not arguments.only or arguments.only in mutant["name"]]
    if arguments.sample:
        small = [mutant for mutant in mutants if is_unit(mutant["by"])]
        mutants = random.Random(arguments.seed).sample(small, min(arguments.sample, len(small)))
    control_plane = ["--control-plane", arguments.control_plane] if arguments.control_plane else []
    copy_tree()
    if not run(600, "cmake", "--preset", "dev"):
        sys.exit("mutants: the tree cannot be configured")
    check_sound(mutants, control_plane)
    wrong = 0
    for mutant in mutants:
        problem = try_one(mutant, control_plane)
        wrong += problem is not None
        print(f"{problem or 'caught'}: {mutant['name']} ({mutant['by']})", flush=True)
    print(f"{len(mutants)} mutants, {len(mutants) - wrong} caught, {wrong} not")
    sys.exit(wrong != 0)


if __name__ == "__main__":
    main()
