#!/usr/bin/env python3
"""Line and branch coverage of the core by the whole test suite, from gcov's own counters.

    cmake --preset coverage && cmake --build --preset coverage -j2 && ctest --preset coverage
    python3 -B tests/coverage.py build/coverage            a table by folder
    python3 -B tests/coverage.py build/coverage --at-least 97 85
    python3 -B tests/coverage.py build/coverage --missing src/session/session.cc
    python3 -B tests/coverage.py build/coverage --whole     codec, limiter and queue: each branch

A header that several objects contain and a template made for several types count as covered where
any of them ran.
Left out: branches that only an exception could take, for the core is compiled without them, and the
failing side of an assertion, which no input takes.

--whole fails if a line of the files in `WHOLE` did not run, or has a branch that was never taken,
unless unreachable.txt quotes the line and says why nothing can come there; and if a line quoted
there is gone, or did run whole. So the list holds what is true, and new code brings its tests.
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
LIST = "tests/unreachable.txt"

# What decides about bytes of strangers, about how much they may send, and about who waits.
WHOLE = {
    "codec": ("src/wire/*", "src/adapters/json/*"),
    "limiter": ("src/base/bucket.h", "src/room/overload.*", "src/room/budgets.*",
                "src/room/cap.h", "src/room/repeats.*", "src/room/fair_sample.*"),
    "queue": ("src/engine/mailbox.*", "src/engine/work_queue.*", "src/engine/byte_queue.*",
              "src/fanout/tape.*",
              "src/fanout/private_items.*", "src/session/input_pool.*"),
}


def reports(build: pathlib.Path):
    """gcov's JSON of every object that ran, one after the other."""
    data = sorted(path for path in build.resolve().rglob("*.gcda")
                  if "chatroom_planted" not in path.as_posix())
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


def missing(lines, branches) -> dict:
    """{line: how often each of its branches was taken}, of those that did not run whole."""
    taken = collections.defaultdict(list)
    for (line, _), count in sorted(branches.items()):
        taken[line].append(count)
    return {line: taken[line] for line in sorted(lines)
            if lines[line] == 0 or 0 in taken[line]}


def excused() -> dict:
    """{file: [quoted lines]} of the list; each group of them must be followed by its reason."""
    found, reasonless = collections.defaultdict(list), False
    for line in (ROOT / LIST).read_text().splitlines():
        if line.startswith("src/"):
            name, quoted = line.split(": ", 1)
            found[name].append(quoted)
            reasonless = True
        elif line.startswith("    "):
            reasonless = False
        elif line and not line.startswith("#") or reasonless:
            sys.exit(f"{LIST}: neither `file: line` nor an indented reason: {line}")
    return found


def group_of(name: str):
    return next((group for group, patterns in WHOLE.items()
                 if any(pathlib.PurePosixPath(name).match(pattern) for pattern in patterns)), None)


def faults_of(name: str, counters, quoted: list) -> list:
    """What is wrong with a file that is to be whole."""
    if counters is None:
        return [f"{name}: did not run at all"] if name.endswith(".cc") else []
    source = [line.strip() for line in (ROOT / name).read_text().splitlines()]
    without = missing(*counters)
    faults = [f"{name}:{line}: {counters[0][line]} runs, branches {taken}: {source[line - 1]}"
              for line, taken in without.items() if source[line - 1] not in quoted]
    for text in quoted:
        places = [number for number, line in enumerate(source, 1) if line == text]
        whole = [number for number in places if number not in without]
        if not places:
            faults.append(f"{LIST}: no line of {name} is: {text}")
        elif whole:
            faults.append(f"{LIST}: line {whole[0]} of {name} can be reached whole: {text}")
    return faults


def check_whole(files) -> bool:
    """Prints a row a group, and then what is wrong."""
    quoted = excused()
    names = sorted(path.relative_to(ROOT).as_posix() for patterns in WHOLE.values()
                   for pattern in patterns for path in ROOT.glob(pattern)
                   if path.suffix in (".cc", ".h"))
    faults = [f"{LIST}: {name} need not be whole" for name in quoted if name not in names]
    print("| group | lines | branches | of them never taken | quoted lines |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for group in WHOLE:
        lines, branches, excuses = [], [], 0
        for name in (name for name in names if group_of(name) == group):
            counters = files.get(name)
            faults += faults_of(name, counters, quoted[name])
            lines += counters[0].values() if counters else []
            branches += counters[1].values() if counters else []
            excuses += len(quoted[name])
        print(f"| {group} | {len(lines)} | {len(branches)} | {branches.count(0)} | {excuses} |")
    for fault in faults:
        print(fault)
    return not faults


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
    parser.add_argument("--whole", action="store_true", help="fail if codec, limiter or queue have "
                        f"a branch that was neither taken nor is in {LIST}")
    parser.add_argument("--at-least", nargs=2, type=float, metavar=("LINES", "BRANCHES"),
                        help="fail if the whole is below these percentages")
    asked = parser.parse_args()
    files = collect(asked.build)
    if asked.missing:
        source = (ROOT / asked.missing).read_text().splitlines()
        for line, taken in missing(*files[asked.missing]).items():
            print(f"{line:5} {source[line - 1]}  {taken}")
        return
    if asked.whole:
        sys.exit(not check_whole(files))
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
