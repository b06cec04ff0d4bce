"""hack/control-plane: named Kubernetes control planes on loopback, side by side."""

import argparse
import re
import sys

import instance as instances
import parts
import processes


def a_name(text):
    if not re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,40}[a-z0-9])?", text):
        raise argparse.ArgumentTypeError("a name has lower case letters, digits and dashes only")
    return text


def part_list(text):
    chosen = [part for part in text.split(",") if part]
    for part in chosen:
        if part not in optional_parts():
            raise argparse.ArgumentTypeError(f"{part} is not one of {', '.join(optional_parts())}")
    return chosen


def optional_parts():
    return [part for part in parts.STARTED_IN_ORDER if part not in parts.NEEDED]


def up(at, arguments):
    options = {"nodes": arguments.nodes, "without": arguments.without, "audit": not arguments.no_audit, "ipv4_only": arguments.ipv4_only,
               "apiserver_flags": arguments.apiserver_flag}
    try:
        at.up(options)
    except BaseException:
        if at.folder.exists() and not arguments.keep_on_failure:
            at.down()
        raise
    instances.say(f"control plane {at.name} is up; hack/control-plane env {at.name} prints how to reach it")


def down(at, _):
    if not at.exists:
        instances.say(f"no control plane {at.name}")
        return
    at.down()
    instances.say(f"control plane {at.name} is down")


def status(at, arguments):
    chosen = [at] if arguments.given else [instances.Instance(name) for name in instances.names()]
    well = True
    for one in chosen:
        if not one.exists:
            raise instances.InstanceFailed(f"no control plane {one.name}")
        for part, record in one.running.items():
            runs = processes.alive(record)
            well &= runs
            print(f"{one.name}\t{part}\t{'running' if runs else 'ended'}\tpid {record['pid']}\t{record['log']}")
    return 0 if well and chosen else 1


def env(at, _):
    if not at.exists:
        raise instances.InstanceFailed(f"no control plane {at.name} (hack/control-plane up {at.name})")
    print(f"export KUBECONFIG={at.kubeconfig}")
    print(f'export PATH={at.folder / "bin"}:"$PATH"')


def stop_part(at, arguments):
    at.stop_part(arguments.part, hard=arguments.kill)


def start_part(at, arguments):
    at.start_part(arguments.part)
    if arguments.part in parts.NEEDED:
        at.wait_for_apiserver()


def restart_apiserver(at, arguments):
    at.stop_part("kube-apiserver", hard=arguments.kill)
    at.start_part("kube-apiserver")
    at.wait_for_apiserver()


COMMANDS = {
    "up": (up, "start one and wait until it is ready"),
    "down": (down, "end it and remove its data"),
    "status": (status, "one line a process, of NAME or of all; exit code 0 when all run"),
    "env": (env, "print the shell commands that point kubectl at it"),
    "restart-apiserver": (restart_apiserver, "as in an upgrade: on the same port, over the same data"),
    "stop-part": (stop_part, "end one of its processes"),
    "start-part": (start_part, "start it again"),
}


def parse():
    top = argparse.ArgumentParser(prog="hack/control-plane", description=__doc__,
                                  epilog="'build' only builds what 'up' starts.")
    commands = top.add_subparsers(dest="command", required=True)
    for command, (_, text) in COMMANDS.items():
        one = commands.add_parser(command, help=text, description=text)
        one.add_argument("name", metavar="NAME", nargs="?", type=a_name, help="default: dev")
        if command in ("stop-part", "start-part"):
            one.add_argument("part", choices=list(parts.STARTED_IN_ORDER))
        if command in ("stop-part", "restart-apiserver"):
            one.add_argument("--kill", action="store_true", help="by SIGKILL")
        if command == "up":
            one.add_argument("--nodes", type=int, default=6, help="nodes, spread over zones z1 to z3 (default: 6)")
            one.add_argument("--without", type=part_list, default=[], metavar="PART,...",
                             help=f"leave out any of {', '.join(optional_parts())}")
            one.add_argument("--ipv4-only", action="store_true", help="Services of IPv4 alone; else of both families")
            one.add_argument("--no-audit", action="store_true", help="write no audit log")
            one.add_argument("--apiserver-flag", action="append", default=[], metavar="--FLAG=VALUE",
                             help="a further flag of kube-apiserver; may be repeated")
            one.add_argument("--keep-on-failure", action="store_true", help="leave what was started, to look at it")
    arguments = top.parse_args()
    arguments.given = arguments.name is not None
    return arguments


def main():
    arguments = parse()
    at = instances.Instance(arguments.name or "dev")
    if arguments.command not in ("up", "down", "status", "env") and not at.exists:
        raise instances.InstanceFailed(f"no control plane {at.name}")
    return COMMANDS[arguments.command][0](at, arguments) or 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (instances.InstanceFailed, processes.ProcessFailed, RuntimeError) as failure:
        sys.exit(f"hack/control-plane: {failure}")
