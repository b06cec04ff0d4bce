"""deploy/token-init, as the Deployment's first init container runs it, and `pki init`, which is the second one."""

import hashlib
import os
import shlex
import shutil
import stat
import subprocess

import pytest
from control_plane import ROOT
from operator_process import BINARY, SOFTHSM

LABEL, PIN = "ybcluster-operator", "0123456789abcdef-of-the-user"
# In place of pkcs11-tool: notes how it was called, fails when told to, and is it.
WRITES_DOWN = """#!/bin/sh
for word in "$@"; do printf '%s\\n' "$word"; done >>{noted}
case " $* " in *" $FAILS_AT "*) exit 1 ;; esac
exec {tool} "$@"
"""


class Volume:
    """The token's volume, the Secret with the PIN, and what pkcs11-tool was called with."""

    def __init__(self, folder):
        self.folder, self.pin, self.noted, self.tmp = (folder / name for name in ("volume", "pin", "noted", "tmp"))
        self.folder.mkdir()
        self.tmp.mkdir()
        self.pin.write_text(PIN)
        tool = folder / "bin/pkcs11-tool"
        tool.parent.mkdir()
        tool.write_text(WRITES_DOWN.format(noted=shlex.quote(str(self.noted)), tool=shutil.which("pkcs11-tool")))
        tool.chmod(0o755)
        self.environment = {**os.environ, "PATH": f"{tool.parent}:{os.environ['PATH']}", "TMPDIR": str(self.tmp), "FAILS_AT": "never"}

    def init(self, **more):
        done = subprocess.run([ROOT / "deploy/token-init", self.folder, LABEL, self.pin], capture_output=True, text=True,
                              check=False, env={**self.environment, **more}, umask=0, timeout=60)
        assert PIN not in done.stdout + done.stderr
        return done.returncode

    def files(self):
        """Of the whole volume: what they are and what they hold."""
        return {path.relative_to(self.folder): (stat.S_IMODE(path.stat().st_mode), path.is_file() and hashlib.sha256(path.read_bytes()).digest())
                for path in self.folder.rglob("*")}

    def opens(self, pin):
        """With the Deployment's own softhsm2.conf, but for the folder."""
        conf = self.tmp.parent / "softhsm2.conf"
        conf.write_text(f"directories.tokendir = {self.folder}/tokens\nobjectstore.backend = file\n")
        done = subprocess.run(["pkcs11-tool", "--module", SOFTHSM, "--token-label", LABEL, "--login", "--pin", "env:IT",
                               "--list-objects"], capture_output=True, check=False, timeout=60,
                              env={**os.environ, "SOFTHSM2_CONF": str(conf), "IT": pin})
        return done.returncode == 0


@pytest.fixture
def volume(tmp_path):
    return Volume(tmp_path)


def test_it_makes_a_token_once(volume):
    assert volume.init() == 0
    made = volume.files()
    assert [str(path) for path in made if len(path.parts) == 1] == ["tokens"], made
    assert all(mode & 0o077 == 0 for mode, _ in made.values()), made
    assert volume.init() == 0
    assert volume.files() == made, "a token that is there is left alone"
    assert list(volume.tmp.iterdir()) == []
    assert volume.opens(PIN) and not volume.opens("another one")


def test_pins_stand_on_no_command_line(volume):
    assert volume.init() == 0
    words = volume.noted.read_text().splitlines()
    assert "--new-pin" in words and PIN not in volume.noted.read_text()
    given = {words[i + 1] for i, word in enumerate(words) if word.endswith("pin") and word != "--init-pin"}
    assert given == {"env:SO_PIN", "env:PIN"}, given


def test_a_crash_leaves_no_half_of_a_token(volume):
    for step in ("--init-token", "--init-pin"):
        assert volume.init(FAILS_AT=step) != 0
        assert not any((volume.folder / "tokens").iterdir())
    assert volume.init() == 0
    assert volume.opens(PIN)
    assert not (volume.folder / "making").exists()


def test_the_deployment_means_one_token(kubectl, home):
    """What token-init is told to make is what the others are told to open."""
    pod = kubectl.get("deployment", "ybcluster-operator", home.namespace)["spec"]["template"]["spec"]
    token, pki = pod["initContainers"]
    folder, label, pin = token["args"]
    conf = kubectl.get("configmap", "ybcluster-operator-softhsm", home.namespace)["data"]["softhsm2.conf"]
    assert f"directories.tokendir = {folder}/tokens\n" in conf
    for container in (pki, *pod["containers"]):
        assert {f"--token-module={SOFTHSM}", f"--token-label={label}", f"--token-pin-file={pin}"} <= set(container["args"])
        assert container["volumeMounts"] == token["volumeMounts"]


@pytest.mark.parametrize("end", ["", "\n"], ids=["as the manual makes it", "with a line's end"])
def test_pki_init_works_with_it(plane, kubectl, home, namespace, volume, end):
    volume.pin.write_text(PIN + end)
    assert volume.init() == 0 and volume.opens(PIN)
    done = subprocess.run([BINARY, "pki", "init", f"--kubeconfig={plane.kubeconfig}", f"--operator-namespace={namespace}",
                           f"--token-module={SOFTHSM}", f"--token-label={LABEL}", f"--token-pin-file={volume.pin}"],
                          capture_output=True, text=True, check=False, timeout=60,
                          env={**os.environ, "SOFTHSM2_CONF": str(volume.tmp.parent / "softhsm2.conf")})
    assert done.returncode == 0, done.stdout + done.stderr
    assert set(kubectl.get("configmap", "ybcluster-operator-pki", namespace)["data"]) >= {"root.crt", "intermediate.crt"}
