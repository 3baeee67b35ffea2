"""The rules that tidy checks, as data: who may include whom, and which words are not written.

The table mirrors "Folders, and who may include whom" of the design; src/README.md explains it.
"""

# Public headers by the group in which the table names them.
PUBLIC_GROUPS = {
    "base": ["types", "error", "assert", "memory"],
    "values": ["types", "error", "assert", "memory", "budget", "limits", "message", "command",
               "event", "metrics", "room", "decision", "framing", "observer", "fold",
               "tenant"],
    "connection": ["connection", "framing"],
    "codec": ["codec", "codec_checks", "flatbuffers", "framing"],
    "compressor": ["compressor"],
    "crypto": ["crypto"],
    "client": ["client"],
}


def public(*groups):
    return {f"chatroom/{name}.h" for group in groups for name in PUBLIC_GROUPS[group]}


# For each folder, longest prefix first: what its files may include between quotation marks. A name
# that ends in "/" is a folder; "std" and system headers are ruled by ANGLE below.
INCLUDES = {
    "include/chatroom/": {"chatroom/"},
    "src/base/": {"base/"} | public("base"),
    "src/wire/": {"wire/", "base/"} | public("values", "codec"),
    "src/session/": {"session/", "wire/", "base/"}
                    | public("values", "connection", "codec", "compressor", "crypto", "client"),
    "src/room/": {"room/", "base/"} | public("values"),
    "src/fanout/": {"fanout/", "wire/", "base/"}
                   | public("values", "connection", "codec", "compressor", "crypto"),
    "src/engine/": {"engine/", "fanout/", "room/", "session/", "wire/", "base/", "chatroom/"},
    "src/testing/": {"testing/", "chatroom/"},
    "examples/": {"chatroom/", "./", "page_files.h"},
    "benchmarks/micro/": {"chatroom/", "./", "base/", "wire/", "session/", "room/", "fanout/",
                          "engine/"},
    "benchmarks/instructions/": {"chatroom/", "micro/"},  # the same rooms, counted otherwise
    "benchmarks/moderation/": {"chatroom/", "micro/"},  # counted like them
    "benchmarks/engines/": {"chatroom/", "micro/"},  # the same, on threads
    "benchmarks/": {"chatroom/", "./"},
    "tests/": None,  # anything
}
# src/adapters/<name>/ may include itself, written from src/adapters or from src, and the public
# headers; never another adapter.

# What may stand between angle brackets in the core and the public headers: the parts of the
# standard library that neither allocate nor touch the system.
CORE_ANGLE = {
    "algorithm", "array", "atomic", "bit", "climits", "compare", "concepts", "cstddef", "cstdint",
    "cstring", "functional", "initializer_list", "iterator", "limits", "memory", "new", "numeric",
    "optional", "span", "string_view", "tuple", "type_traits", "utility", "variant",
}
# One place each, with the reason.
ANGLE_EXCEPTIONS = {
    "include/chatroom/global_heap.h": {"cstdlib"},  # the heap port: header-only on purpose
}
# Headers of other libraries and the only files that may include them (prefixes of paths).
THIRD_PARTY = {
    "flatbuffers/": ["src/wire/", "tests/", "benchmarks/micro/"],
    "uv.h": ["src/adapters/uv/", "tests/", "examples/uv_server", "examples/chatd",
             "benchmarks/load"],
    "http_parser.h": ["src/adapters/websocket/", "tests/"],
    "llhttp.h": ["src/adapters/websocket/", "tests/"],
    "simdjson.h": ["src/adapters/json/", "tests/", "examples/", "benchmarks/"],
    "catch2/": ["tests/catch.hpp"],
    "benchmark/": ["benchmarks/micro/"],
}

CORE = ("src/base/", "src/wire/", "src/session/", "src/room/", "src/fanout/", "src/engine/")
# Adapters and fakes may use std freely, so the strict rules hold for the headers above them.
CORE_AND_PUBLIC = CORE + ("include/chatroom/",)
FREE = ("include/chatroom/adapters/", "include/chatroom/testing/")
ALL_CODE = ("include/", "src/", "examples/", "benchmarks/", "tests/")

# (regular expression on code without comments and strings, where, what to do instead)
BANNED = [
    (r"\bthrow\b", CORE_AND_PUBLIC, "return a Status or a Result"),
    (r"\btry\s*\{|\bcatch\s*\(", CORE_AND_PUBLIC, "nothing here throws"),
    (r"(?<!operator )\bnew\b(?!\s*\()", CORE_AND_PUBLIC, "take memory from the Memory port"),
    (r"\bdelete\b(?!\s*;)(?<!= delete)", CORE_AND_PUBLIC, "give it back to the Memory port"),
    (r"\bstd::(string|vector|map|set|unordered_map|unordered_set|deque|list|function|shared_ptr|"
     r"unique_ptr|make_shared|make_unique|regex)\b", CORE_AND_PUBLIC,
     "src/base has one on the pools"),
    (r"\bstd::(cout|cerr|ostream|istream|stringstream|format)\b", CORE_AND_PUBLIC,
     "LogSink tells the host"),
    (r"\b(malloc|calloc|realloc|free)\s*\(", CORE, "take memory from the Memory port"),
    (r"\b(printf|fprintf|snprintf|sprintf|puts|abort|exit)\s*\(", CORE, "the core prints nothing"),
    (r"\b(steady_clock|system_clock|high_resolution_clock|clock_gettime|gettimeofday)\b",
     CORE_AND_PUBLIC, "time comes in with the turn"),
    (r"\b(rand|srand|random_device|mt19937(_64)?|getrandom)\b", CORE_AND_PUBLIC,
     "randomness comes in through a port"),
    (r"\b(thread_local|std::thread|std::mutex|std::lock_guard)\b", CORE,
     "an engine belongs to one thread"),
    (r"\b(dynamic_cast|typeid)\b", CORE_AND_PUBLIC, "there is no RTTI here"),
    (r"\busing namespace\b", ("include/chatroom/",), "name what you use"),
    (r"\[=\]", CORE_AND_PUBLIC + ("src/",), "name what a lambda captures"),
    (r"\b\w+_(mgr|cfg|ctx|buf|ptr_)\b", CORE_AND_PUBLIC, "write the word out"),
    (r"\bclass \w*(Manager|Helper|Util|Utils)\b", ALL_CODE, "say what the thing is"),
    (r"\b(max|min)_(\w+_)?(bytes|ms|us|ns)\b", CORE_AND_PUBLIC,
     "units and qualifiers last: bytes_max"),
]
# Static state in the core: only these, each with its reason.
STATIC_EXCEPTIONS = {
    "src/base/assert.cc",  # one assertion handler a process, set before the first engine
    "src/base/plant.cc",   # the planted bug, in the test-only build
}

REMINDERS = r"\bFIXME\b|\bXXX\b|\bTODO\b(?!\((perf|security|later)\))"
# Machines and tools of whoever wrote this do not belong in it.
PLACES = r"(?<![\w.])/(work|home|Users|root)/\w"

LINE_COLUMNS_MAX = 100
FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
