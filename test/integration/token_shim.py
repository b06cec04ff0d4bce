"""A token that fails, or hangs, where it is told to: test/faults/token_shim.c before SoftHSM."""

import subprocess

from control_plane import ROOT
from waiting import wait_until


def build_shim(folder):
    module = folder / "token_shim.so"
    flags = subprocess.run(["pkg-config", "--cflags", "p11-kit-1"], check=True, capture_output=True, text=True).stdout.split()
    subprocess.run(["cc", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", *flags, "-o", module,
                    ROOT / "test/faults/token_shim.c"], check=True)
    return module


class Shim:
    """The way of `home` to its token, from now on."""

    def __init__(self, home):
        self.folder = home.folder / "shim"
        self.folder.mkdir()
        home.use_module(build_shim(self.folder), {"TOKEN_SHIM": str(self.folder)})

    def order(self, order):
        (self.folder / "order").write_text(order)

    def wait_until_it_hangs(self, seconds=60):
        wait_until("the token hangs", (self.folder / "fired").exists, seconds, 0.05)

    def let_go(self):
        (self.folder / "fired").unlink()
