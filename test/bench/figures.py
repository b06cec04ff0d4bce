"""The goals, and the figures as a table and for programs."""

import json

# At most (or for what is better higher, at least) this, without the token; by number of clusters, or None for any.
GOALS = {
    "floor, resident without clusters (MiB)": {None: 16},
    "slope, resident per cluster (KiB)": {None: 8},
    "peak memory, warm (MiB)": {1000: 24, 3000: 40},
    "operator CPU per cluster, cold (ms)": {None: 4},
    "clusters/s, cold": {1000: 26},
    "API server CPU per cluster, cold (ms)": {None: 60},
    "etcd CPU per cluster, cold (ms)": {None: 12},
    "conflicts, cold": {None: 0},
    "warm restart (s)": {1000: 1.0},
    "warm restart, CPU until quiet (s)": {1000: 0.8},
    "warm restart, writes": {None: 0},
    "CPU per no-op reconcile (ms)": {None: 0.05},
    "edit to child written, p50 (ms)": {None: 5.0},
    "edit to child written, p99 (ms)": {None: 9},
    "CPU at rest (ms/s)": {None: 0.2},
    "writes at rest": {None: 0},
}
HIGHER = ("clusters/s, cold", "no-op reconciles/s")
COLUMNS = ("ours", "go", "go_lean", "kube_rs", "limit")
ON_REQUEST = ("kube_rs_lean",)


def goal_of(name, count):
    goals = GOALS.get(name, {})
    return goals.get(count, goals.get(None))


def text_of(value):
    if value is None:
        return "-"
    return str(value) if isinstance(value, int) else f"{value:.2f}" if value < 10 else f"{value:.1f}"


def add_slopes(found, floors, count):
    """Over the floor, per cluster; the floor is of the same run."""
    for key, figures in found.items():
        floor = floors.get(key, {}).get("floor, resident without clusters (MiB)")
        if floor is not None:
            figures["floor, resident without clusters (MiB)"] = floor
            if "resident at rest (MiB)" in figures:
                figures["slope, resident per cluster (KiB)"] = (figures["resident at rest (MiB)"] - floor) * 1024 / count


def rows(results):
    """{figure: {column: value, ..., goal, better}} of {count: {contestant: {figure: value}}}."""
    out = {}
    for count, found in results.items():
        columns = COLUMNS + tuple(key for key in ON_REQUEST if key in found)
        names = dict.fromkeys(name for figures in found.values() for name in figures)
        for suffix, ours in (("", "ours"), (", with the token", "ours_token")):
            chosen = names if not suffix else found.get(ours, {})
            for name in chosen:
                row = {key: found.get(key, {}).get(name) if not suffix else None for key in columns}
                row["ours"] = found.get(ours, {}).get(name)
                row |= {"goal": None if suffix else goal_of(name, count), "better": "higher" if name in HIGHER else "lower"}
                out[f"{name}, N = {count}{suffix}"] = row
    return out


def print_table(table):
    columns = [key for key in next(iter(table.values())) if key != "better"]
    width = max(len(name) for name in table) + 2
    print(f"{'figure':{width}}" + "".join(f"{key.replace('_', ' '):>13}" for key in columns))
    for name, row in table.items():
        print(f"{name:{width}}" + "".join(f"{text_of(row.get(key)):>13}" for key in columns))


def write_json(table, path):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(table, file, indent=1)
        file.write("\n")
