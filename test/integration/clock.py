"""The wall clock of one operator, set ahead or behind: test/faults/clock_shim.c before the C library."""

import subprocess

from control_plane import ROOT
from operator_process import SOFTHSM


class Clock:
    def __init__(self, home):
        self.file, library = home.folder / "clock", home.folder / "clock_shim.so"
        subprocess.run(["cc", "-Wall", "-Wextra", "-Werror", "-O2", "-shared", "-fPIC", "-o", library,
                        ROOT / "test/faults/clock_shim.c"], check=True)
        self.set(0)
        # The sanitizer wants to be loaded first; that it is not does no harm to what the shim replaces.
        home.use_module(SOFTHSM, {"LD_PRELOAD": str(library), "CLOCK_SHIM": str(self.file),
                                  "ASAN_OPTIONS": "detect_leaks=1:verify_asan_link_order=0"})

    def set(self, seconds):
        """Ahead of the system's, at once: no reader sees half of it."""
        new = self.file.with_suffix(".new")
        new.write_text(str(seconds))
        new.rename(self.file)
