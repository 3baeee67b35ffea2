#!/usr/bin/env python3
"""Checks the tree against the rules that no compiler knows.

    tidy.py ROOT [COMPILE_COMMANDS]     prints path:line: sentence for each fault; exit 1 if any
"""

import json
import sys

import checks
from sources import CODE, DOCUMENTS, read, tracked

TEXT = CODE + DOCUMENTS + (".txt", ".cmake", ".json", ".py", ".sh", ".js", ".mjs", ".html", ".css",
                           ".fbs", ".in", ".map", "/run", "LICENSE")


def main():
    root = sys.argv[1]
    tree = {}
    for path in tracked(root):
        tree[path] = read(root, path) if path.endswith(TEXT) else ""
    compiled = set()
    if len(sys.argv) > 2:
        with open(sys.argv[2], encoding="utf-8") as file:
            compiled = checks.compiled_files(root, json.load(file))
    faults = checks.run(tree, compiled)
    for path, line, sentence in faults:
        print(f"{path}:{line}: {sentence}")
    print(f"tidy: {len(tree)} files, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
