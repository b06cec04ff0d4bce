"""The fixtures stand in a module of their own: the faults suite has them too."""

pytest_plugins = ["on_control_plane"]
