"""Sizes of C functions and files: prints the longest, fails over the ceilings. Arguments: C files and headers."""

import re
import statistics
import sys

FUNCTION, FILE, HEADER, SHOWN = 60, 500, 80, 10
# The formatter puts a function's first line and its closing brace, and nothing of its body, into the first column.
HEAD = re.compile(r"^[a-z][\w\s*]*?(\w+)\(", re.IGNORECASE)


def functions(path, lines):
    """(length, path, line, name) of each function: from its first line to its closing brace."""
    head, inside = None, False
    for number, line in enumerate(lines):
        if not inside:
            found = HEAD.match(line)
            head = (number, found[1]) if found else head
            if head and line.endswith((";", "}")):
                head = None
            inside = bool(head) and line.endswith("{") and "=" not in line
        elif line == "}":
            yield number - head[0] + 1, path, head[0] + 1, head[1]
            head, inside = None, False


def show(title, rows):
    print(title)
    for length, place, name in rows[:SHOWN]:
        print(f"{length:6}  {place}  {name}")


def main(paths):
    sizes, files, wrong = [], [], []
    for path in paths:
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
        files.append((len(lines), path, ""))
        sizes += [(length, f"{path}:{line}", name) for length, path, line, name in functions(path, lines)]
        if len(lines) > (HEADER if path.endswith(".h") else FILE):
            wrong.append(f"{path}: {len(lines)} lines")
    sizes.sort(reverse=True)
    files.sort(reverse=True)
    wrong += [f"{place}: {name} has {length} lines" for length, place, name in sizes if length > FUNCTION]
    show("longest functions:", sizes)
    show("longest files:", files)
    if sizes:
        print(f"{len(sizes)} functions, median {statistics.median(row[0] for row in sizes):.0f} lines")
    for line in wrong:
        print(f"over the ceiling: {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
