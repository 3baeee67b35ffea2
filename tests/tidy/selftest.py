#!/usr/bin/env python3
"""Tidy's own test: small snapshots, each with one fault that must be found, and a clean one."""

import sys

import checks

TOP = "// Says why.\n"
HEADER = TOP + "#pragma once\n"

# (what it shows, files, compiled files, part of the sentence that must come)
FAULTS = [
    ("a room that knows bytes", {"src/room/a.h": HEADER + '#include "wire/frame.h"\n'}, (),
     'may not include "wire/frame.h"'),
    ("a base that knows messages", {"src/base/a.h": HEADER + '#include "chatroom/message.h"\n'}, (),
     "may not include"),
    ("an adapter that reaches into the core",
     {"src/adapters/uv/a.cc": TOP + '#include "base/pool.h"\n'}, (), "may not include"),
    ("an adapter that uses another",
     {"src/adapters/uv/a.cc": TOP + '#include "websocket/frame.h"\n'}, (), "may not include"),
    ("an example that reaches into src", {"examples/a.cc": TOP + '#include "base/pool.h"\n'}, (),
     "may not include"),
    ("FlatBuffers outside wire",
     {"src/engine/a.cc": TOP + '#include "flatbuffers/flatbuffers.h"\n'}, (), "only in"),
    ("a stream in the core", {"src/base/a.cc": TOP + "#include <iostream>\n"}, (), "not for the core"),
    ("POSIX in the core", {"src/base/a.cc": TOP + "#include <unistd.h>\n"}, (), "not for the core"),
    ("an exception", {"src/base/a.cc": TOP + "void f() { throw 1; }\n"}, (), "'throw'"),
    ("an allocation", {"src/base/a.cc": TOP + "int* f() { return new int; }\n"}, (), "'new'"),
    ("a growing string", {"src/base/a.cc": TOP + "std::string text;\n"}, (), "'std::string'"),
    ("a clock", {"src/engine/a.cc": TOP + "auto t = std::chrono::steady_clock::now();\n"}, (),
     "steady_clock"),
    ("static state", {"src/engine/a.cc": TOP + "int f() {\n  static int calls = 0;\n}\n"}, (),
     "no static state"),
    ("a wide line", {"src/base/a.cc": TOP + "// " + "x" * 100 + "\n"}, (), "columns"),
    ("a long file", {"src/base/a.cc": TOP + "int x;\n" * 501}, (), "lines: split"),
    ("a long function", {"src/base/a.cc": TOP + "void f() {\n" + "  g();\n" * 71 + "}\n"}, (),
     "a function of 71 lines"),
    ("a header included twice", {"src/base/a.h": TOP + "int x;\n"}, (), "#pragma once"),
    ("a reminder", {"src/base/a.cc": TOP + "// FIX" "ME: later\n"}, (), "leftover reminder"),
    ("a reminder without a kind", {"src/base/a.cc": TOP + "// TO" "DO: later\n"}, (),
     "leftover reminder"),
    ("somebody's machine", {"src/README.md": "# Map\n\nSee /ho" "me/me/notes.\n"}, (), "machine"),
    ("two titles", {"src/README.md": "# One\n\ntext\n\n# Two\n\ntext\n"}, (), "2 titles"),
    ("an empty section", {"src/README.md": "# One\n\ntext\n\n## Two\n\n## Three\n\ntext\n"}, (),
     "nothing under it"),
    ("a dead link", {"src/README.md": "# One\n\n[there](gone.md)\n"}, (), "not there"),
    ("a dead file", {"src/base/a.cc": TOP, "src/base/b.cc": TOP}, ("src/base/a.cc",),
     "no target"),
    ("a stray file at the top", {"notes.md": "# Notes\n\ntext\n"}, (), "top level"),
    ("a README that drifted",
     {"README.md": "# A\n\n```cpp\nint main() {}\n```\n",
      "examples/hello_room.cc": TOP + "int main() { return 0; }\n"}, (), "as it stands"),
    ("a manager", {"src/room/a.h": HEADER + "class RoomManager {};\n"}, (), "say what"),
    ("a unit in the middle", {"src/base/a.cc": TOP + "int max_queue_bytes;\n"}, (), "bytes_max"),
]

CLEAN = {
    "src/base/a.h": HEADER + '#include <span>\n\n#include "chatroom/types.h"\n'
                    "struct A {\n  A(const A&) = delete;\n"
                    "  void* operator new(std::size_t) = delete;\n"
                    "  // never throw, never std::string\n"
                    '  const char* text = "throw new std::string";\n};\n'
                    "A* at(void* place) { return new (place) A; }\n"
                    "static constexpr int kSize = 3;\n",
    "src/fanout/b.cc": TOP + '#include "fanout/log.h"\n#include "chatroom/connection.h"\n',
    "src/adapters/uv/c.cc": TOP + '#include <uv.h>\n#include <string>\n#include "uv/poller.h"\n'
                            "std::string name;\n",
    "include/chatroom/adapters/uv.h": HEADER + "#include <string>\n",
    "examples/chatd/d.cc": TOP + '#include "config.h"\n',
    "examples/chatd/config.h": HEADER,
    "README.md": "# A\n\n[code](examples/chatd/d.cc)\n\n## B\n\n### C\n\ntext\n",
}


def main():
    failed = 0
    for name, files, compiled, expected in FAULTS:
        found = checks.run(files, compiled)
        if not any(expected in sentence for _, _, sentence in found):
            print(f"not found: {name}: {found}")
            failed += 1
        if len(found) != 1:
            print(f"other than one fault in: {name}: {found}")
            failed += 1
    for fault in checks.run(CLEAN, [p for p in CLEAN if p.endswith(".cc")]):
        print(f"found in clean code: {fault}")
        failed += 1
    print(f"tidy selftest: {len(FAULTS)} snapshots, {failed} failures")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
