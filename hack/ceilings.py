"""Sizes of C functions and files: prints the longest, fails over the ceilings. Arguments: C files and headers."""

import re
import statistics
import sys

FUNCTION, FILE, HEADER, SHOWN = 60, 500, 80, 10
# The formatter puts a function's opening brace and its closing one into the first column, alone.
NAME = re.compile(r"(\w+)\s*\(")


def functions(path, lines):
    """(length, path, line, name) of each function: from its first line to its closing brace."""
    start = None
    for number, line in enumerate(lines):
        if line.startswith("{"):
            start = number
            while start > 0 and lines[start - 1].strip() and not lines[start - 1].startswith(("}", "#", "/", " *")):
                start -= 1
        elif line.startswith("}") and start is not None:
            name = NAME.search(" ".join(lines[start:number]))
            if line.rstrip() == "}" and name:
                yield number - start + 1, path, start + 1, name[1]
            start = None


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
