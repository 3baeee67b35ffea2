#!/usr/bin/env python3
"""Checks include/chatroom/FEATURES.md: every row is there once, and what it names exists.

    features.py ROOT      prints a sentence for each fault, its own ones too; exit 1 if any
"""

import os
import re
import sys

# Letter of a section and how many rows it has: 164 in all.
SECTIONS = {"R": 23, "M": 27, "H": 14, "C": 10, "P": 14, "F": 10, "N": 19, "K": 9, "G": 23, "O": 15}
PAGE = "include/chatroom/FEATURES.md"
ROW = re.compile(r"^\| ([A-Z]\d\d) \|(.*)\|$")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def words_of_headers(root):
    words = set()
    for folder, _, names in os.walk(os.path.join(root, "include/chatroom")):
        for name in names:
            if name.endswith(".h"):
                words.update(re.findall(r"\w+", read(os.path.join(folder, name))))
    return words


def check_proof(part, tests, faults, row):
    """One of `file: test`, `not yet: what`, or a remark behind a proof."""
    file, _, name = part.partition(": ")
    if file == "not yet":
        if len(name) < 4:
            faults.append(f"{row}: does not say what it waits for")
        return
    if not re.search(r"\.(cc|mjs|py)$", file):
        faults.append(f"{row}: '{part}' is neither a test nor a 'not yet'")
        return
    text = tests(file)
    if text is None:
        faults.append(f"{row}: no file tests/{file}")
    elif not re.search(r"""(TEST_CASE|test)\(\s*["']""" + re.escape(name) + r"""["']""", text):
        faults.append(f"{row}: no test '{name}' in tests/{file}")


def check(text, words, programs, tests):
    faults = []
    seen = []
    for line in text.splitlines():
        match = ROW.match(line)
        if not match:
            continue
        row, cells = match.group(1), [cell.strip() for cell in match.group(2).split(" | ")]
        seen.append(row)
        if len(cells) != 3 or not cells[0]:
            faults.append(f"{row}: has not its four columns")
            continue
        for symbol in re.findall(r"`([^`]*)`", cells[1]):
            missing = [word for word in symbol.split("::") if word not in words]
            if missing and symbol not in programs:
                faults.append(f"{row}: no header has `{symbol}`")
        if not cells[1] and not cells[2].startswith("not yet: "):
            faults.append(f"{row}: nothing serves it")
        for part in cells[2].split("; "):
            if not part.startswith("measured"):
                check_proof(part, tests, faults, row)
    wanted = [f"{letter}{n:02}" for letter, count in SECTIONS.items() for n in range(1, count + 1)]
    faults += [f"{row}: missing" for row in wanted if row not in seen]
    faults += [f"{row}: more than once, or of no section" for row in sorted(set(seen))
               if seen.count(row) > 1 or row not in wanted]
    return faults


def check_tree(root):
    cache = {}

    def tests(file):
        path = os.path.join(root, "tests", file)
        if path not in cache:
            cache[path] = read(path) if os.path.isfile(path) else None
        return cache[path]

    programs = os.listdir(os.path.join(root, "examples"))
    return check(read(os.path.join(root, PAGE)), words_of_headers(root), programs, tests)


def self_test(root):
    """Each fault put into the page as it stands must be found."""
    good = read(os.path.join(root, PAGE))
    row = next(line for line in good.splitlines() if line.startswith("| R01 "))
    bad = {"missing": good.replace(row + "\n", ""),
           "more than once": good.replace(row, row + "\n" + row),
           "no header has": good.replace(row, row.replace("`", "`No_such_thing::", 1)),
           "no file": good.replace(row, row.rsplit("| ", 1)[0] + "| scenario/gone.cc: x |"),
           "no test": good.replace(row, row.rsplit(" |", 1)[0] + "x |"),
           "neither a test": good.replace(row, row.rsplit("| ", 1)[0] + "| trust us |")}
    programs = os.listdir(os.path.join(root, "examples"))
    words = words_of_headers(root)

    def tests(file):
        path = os.path.join(root, "tests", file)
        return read(path) if os.path.isfile(path) else None

    return [f"self: did not find '{what}'" for what, text in bad.items()
            if not any(what in fault for fault in check(text, words, programs, tests))]


def main():
    root = sys.argv[1]
    faults = check_tree(root) + self_test(root)
    for fault in faults:
        print(f"{PAGE}: {fault}")
    print(f"features: {sum(SECTIONS.values())} rows, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
