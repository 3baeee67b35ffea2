#!/usr/bin/env python3
"""Each header compiles alone: the public ones with every compiler that is here, with and without
exceptions and RTTI; the core's own without.

    headers.py ROOT GENERATED
"""

import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

from rules import CORE
from sources import includes, read, tracked

FLAGS = ["-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion",
         "-Wshadow", "-Werror"]
BARE = ["-fno-exceptions", "-fno-rtti"]


def source_of(folder, header, include):
    """Written once, before anybody reads it: several compile the same one at once."""
    source = os.path.join(folder, header.replace("/", "_") + ".cc")
    with open(source, "w", encoding="utf-8") as file:
        file.write(f'#include "{include}"\n#include "{include}"\n')
    return source


def compile_alone(task):
    compiler, flags, header, source = task
    done = subprocess.run([compiler, *FLAGS, *flags, source], capture_output=True, text=True,
                          check=False)
    return (header, compiler, flags, done.stderr) if done.returncode else None


def shown_by_source(root, header):
    """A source that includes its own header first has shown already that it compiles alone."""
    source = header[:-2] + ".cc"
    if not os.path.isfile(os.path.join(root, source)):
        return False
    return next((name for _, _, name in includes(read(root, source))), "") == header[len("src/"):]


def main():
    root, generated = sys.argv[1:3]
    compilers = [c for c in ("g++", "clang++") if shutil.which(c)]
    headers = [p for p in tracked(root) if p.endswith(".h")]
    tasks = []
    with tempfile.TemporaryDirectory() as folder:
        for header in headers:
            if header.startswith("include/"):
                source = source_of(folder, header, header[len("include/"):])
                for compiler in compilers:
                    for more in ([], BARE):
                        tasks.append((compiler, ["-I", f"{root}/include", *more], header, source))
            elif header.startswith(CORE) and not shown_by_source(root, header):
                tasks.append((compilers[0], ["-I", f"{root}/include", "-I", f"{root}/src",
                                             "-isystem", generated, *BARE], header,
                              source_of(folder, header, header[len("src/"):])))
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            failed = [result for result in pool.map(compile_alone, tasks) if result]
    for header, compiler, flags, errors in failed:
        print(f"{header} does not compile alone with {compiler} {' '.join(flags[2:])}\n{errors}")
    print(f"headers: {len(tasks)} compiled with {', '.join(compilers)}, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
