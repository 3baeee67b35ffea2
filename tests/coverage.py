#!/usr/bin/env python3
"""Line and branch coverage of the core by the whole test suite, from gcov's own counters.

    cmake --preset coverage && cmake --build --preset coverage -j2 && ctest --preset coverage
    python3 -B tests/coverage.py build/coverage            a table by folder
    python3 -B tests/coverage.py build/coverage --at-least 97 85
    python3 -B tests/coverage.py build/coverage --missing src/session/session.cc

A header that several objects contain and a template made for several types count as covered where
any of them ran.
Left out: branches that only an exception could take, for the core is compiled without them, and the
failing side of an assertion, which no input takes.
"""
import argparse
import collections
import functools
import gzip
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent


def reports(build: pathlib.Path):
    """gcov's JSON of every object that ran, one after the other."""
    data = sorted(path for path in build.resolve().rglob("*.gcda") if "/src/" in path.as_posix())
    if not data:
        sys.exit(f"no counters below {build}: build the preset coverage and run its tests first")
    with tempfile.TemporaryDirectory() as folder:
        for path in data:
            subprocess.run(["gcov", "--json-format", "--branch-probabilities", str(path)],
                           cwd=folder, check=True, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
            for found in pathlib.Path(folder).glob("*.json.gz"):
                with gzip.open(found) as file:
                    yield json.load(file)
                found.unlink()


@functools.cache
def assertions(path: pathlib.Path) -> frozenset:
    """The lines on which an assertion of ours begins or goes on."""
    found, open_in = set(), 0
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if open_in == 0 and "CHATROOM_ASSERT" in line:
            line = line[line.index("CHATROOM_ASSERT"):]
        elif open_in == 0:
            continue
        found.add(number)
        open_in += line.count("(") - line.count(")")
    return frozenset(found)


def collect(build: pathlib.Path):
    """{file: ({line: count}, {(line, index): count})}"""
    files = collections.defaultdict(lambda: (collections.Counter(), collections.Counter()))
    for report in reports(build):
        base = pathlib.Path(report["current_working_directory"])
        for file in report["files"]:
            path = (base / file["file"]).resolve()
            if not path.is_relative_to(ROOT / "src"):
                continue
            lines, branches = files[path.relative_to(ROOT).as_posix()]
            for line in file["lines"]:
                number = line["line_number"]
                lines[number] += line["count"]
                if number in assertions(path):
                    continue
                for index, branch in enumerate(line["branches"]):
                    if not branch["throw"]:
                        branches[number, index] += branch["count"]
    return files


def share(counts) -> float:
    counts = list(counts)
    return 100 * sum(count > 0 for count in counts) / max(len(counts), 1)


def shown(counts) -> str:
    return f"{share(counts):.1f}" if counts else "-"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--files", action="store_true", help="a row a file")
    parser.add_argument("--missing", metavar="FILE", help="its lines with a branch never taken")
    parser.add_argument("--at-least", nargs=2, type=float, metavar=("LINES", "BRANCHES"),
                        help="fail if the whole is below these percentages")
    asked = parser.parse_args()
    files = collect(asked.build)
    if asked.missing:
        source = (ROOT / asked.missing).read_text().splitlines()
        lines, branches = files[asked.missing]
        missing = {line for (line, _), count in branches.items() if count == 0}
        missing |= {line for line, count in lines.items() if count == 0}
        for line in sorted(missing):
            print(f"{line:5} {source[line - 1]}")
        return
    rows = collections.defaultdict(lambda: ([], []))
    for name, (lines, branches) in files.items():
        parts = pathlib.PurePosixPath(name).parts
        key = name if asked.files else "/".join(parts[:3] if parts[1] == "adapters" else parts[:2])
        for row in (rows[key], rows["all of it"]):
            row[0].extend(lines.values())
            row[1].extend(branches.values())
    print("| where | lines % | branches % |\n| --- | ---: | ---: |")
    for key in sorted(rows, key=lambda key: (key == "all of it", key)):
        print(f"| `{key}` | {shown(rows[key][0])} | {shown(rows[key][1])} |")
    if asked.at_least:
        whole = [share(counts) for counts in rows["all of it"]]
        if any(is_ < wanted for is_, wanted in zip(whole, asked.at_least)):
            sys.exit("below {:g} % of lines and {:g} % of branches".format(*asked.at_least))


if __name__ == "__main__":
    main()
