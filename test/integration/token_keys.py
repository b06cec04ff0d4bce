"""What is in the token, as another program sees it."""

import re
import subprocess

from operator_process import SOFTHSM


def key_labels(home, token="ybcluster-operator"):
    """The private keys in the token, as another program sees them."""
    done = subprocess.run(["pkcs11-tool", "--module", SOFTHSM, "--token-label", token, "--login", "--pin",
                           "env:TOKEN_PIN", "--list-objects", "--type", "privkey"], capture_output=True, text=True, check=False,
                          env={**home.environment(), "TOKEN_PIN": (home.folder / "pin").read_text()})
    assert done.returncode == 0, done.stderr
    return re.findall(r"^\s+label:\s+(\S+)", done.stdout, re.MULTILINE)


def keys_of(home, uid):
    """Those of one cluster."""
    return sorted(label for label in key_labels(home) if uid in label)
