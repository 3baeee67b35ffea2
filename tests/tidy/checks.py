"""The checks. Each takes a snapshot {path: text} and yields (path, line, sentence)."""

import os
import posixpath
import re

import rules
from sources import CODE, DOCUMENTS, code_only, includes


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def code_files(tree):
    return {p: t for p, t in tree.items() if p.endswith(CODE) and p.startswith(rules.ALL_CODE)}


def within(path, places):
    """Whether a rule for `places` holds for this file."""
    if places is rules.CORE_AND_PUBLIC and path.startswith(rules.FREE):
        return False
    return path.startswith(places)


def allowed_quotes(path):
    """What a file may include between quotation marks; None: anything."""
    adapter = re.match(r"src/adapters/([^/]+)/", path)
    if adapter:
        return {f"{adapter[1]}/", f"adapters/{adapter[1]}/", "./", "chatroom/"}
    for folder in sorted(rules.INCLUDES, key=len, reverse=True):
        if path.startswith(folder):
            return rules.INCLUDES[folder]
    return set()


def quote_allowed(path, name, allowed, tree):
    if allowed is None or name in allowed:
        return True
    if any(entry.endswith("/") and name.startswith(entry) for entry in allowed if entry != "./"):
        return True
    # "./" stands for the file's own folder (examples, which are folders or single files).
    beside = posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
    own = "/".join(path.split("/")[:2]) + "/"
    return "./" in allowed and beside.startswith(own) and beside in tree


def check_includes(tree):
    for path, text in code_files(tree).items():
        allowed = allowed_quotes(path)
        for line, kind, name in includes(text):
            owner = next((o for t, o in rules.THIRD_PARTY.items() if name.startswith(t)), None)
            if owner is not None:
                if not any(path.startswith(place) for place in owner):
                    yield path, line, f"<{name}> may be included only in: {', '.join(owner)}"
            elif kind == '"':
                if not quote_allowed(path, name, allowed, tree):
                    yield path, line, f'may not include "{name}" (tests/tidy/rules.py)'
            elif within(path, rules.CORE_AND_PUBLIC):
                extra = rules.ANGLE_EXCEPTIONS.get(path, set())
                if name not in rules.CORE_ANGLE | extra:
                    yield path, line, f"<{name}> is not for the core or a public header"


def check_banned_words(tree):
    for path, text in code_files(tree).items():
        code = code_only(text)
        for pattern, places, instead in rules.BANNED:
            if not within(path, places):
                continue
            for match in re.finditer(pattern, code):
                line_text = code[code.rfind("\n", 0, match.start()) + 1:match.end()]
                if line_text.lstrip().startswith("#"):
                    continue  # #include <new>
                if "delete" in match.group(0) and re.search(r"=\s*delete$", line_text):
                    continue
                if path in rules.ANGLE_EXCEPTIONS:
                    continue
                yield path, line_of(code, match.start()), f"'{match.group(0).strip()}': {instead}"


STATIC = re.compile(r"^\s*(?:inline\s+)?static\s+(?!constexpr|const\b|constinit const|assert|_)"
                    r"[\w:<>,\s*&]+?[\w\]]\s*(?:=|;|\{)", re.MULTILINE)


def check_static_state(tree):
    for path, text in code_files(tree).items():
        if path.startswith(rules.CORE) and path not in rules.STATIC_EXCEPTIONS:
            for match in STATIC.finditer(code_only(text)):
                if "(" not in match.group(0):
                    yield path, line_of(text, match.end()), "no static state: wire it in create"


def check_lines(tree):
    for path, text in code_files(tree).items():
        lines = text.split("\n")
        if len(lines) - 1 > rules.FILE_LINES_MAX:
            yield path, len(lines), f"longer than {rules.FILE_LINES_MAX} lines: split by idea"
        for number, line in enumerate(lines, 1):
            raw_string = path.startswith("tests/") and 'R"' in line  # nothing can break these
            if len(line) > rules.LINE_COLUMNS_MAX and not raw_string:
                yield path, number, f"longer than {rules.LINE_COLUMNS_MAX} columns"
            if "\t" in line:
                yield path, number, "a tab"
        if path.endswith(".h") and "#pragma once" not in text:
            yield path, 1, "no #pragma once"
        stem = posixpath.basename(path)[:-3]
        explained = path.endswith(".cc") and (
            path[:-3] + ".h" in tree or f"include/chatroom/{stem}.h" in tree)
        if not explained and not text.startswith(("//", "/*")):
            yield path, 1, "no comment at the top that says what the file is for"


NOT_A_FUNCTION = re.compile(r"\s*(if|for|while|switch|\}|else|catch|do|return|case|namespace)\b|\s*\}")


def check_function_length(tree):
    """A function: a line that ends in a brace after a closing parenthesis, up to that brace's end.
    """
    for path, text in code_files(tree).items():
        if not path.startswith(("include/", "src/")):
            continue
        code = code_only(text)
        for match in re.finditer(r"^.*\).*\{[ ]*$", code, re.MULTILINE):
            if NOT_A_FUNCTION.match(match.group(0)):
                continue
            length = code.count("\n", match.end(), end_of_block(code, match.end())) - 1
            if length > rules.FUNCTION_LINES_MAX:
                yield path, line_of(code, match.start()), (
                    f"a function of {length} lines; at most {rules.FUNCTION_LINES_MAX}")


def end_of_block(code, start):
    depth = 1
    for match in re.finditer(r"[{}]", code[start:]):
        depth += 1 if match.group(0) == "{" else -1
        if depth == 0:
            return start + match.start()
    return len(code)


def check_reminders(tree):
    for path, text in tree.items():
        if path.startswith("tests/tidy/"):
            continue
        for match in re.finditer(rules.REMINDERS, text):
            yield path, line_of(text, match.start()), (
                f"leftover reminder {match.group(0)}: do it, or write TODO(perf), TODO(security)")
        for match in re.finditer(rules.PLACES, text):
            yield path, line_of(text, match.start()), "names a place on somebody's machine"
        for match in re.finditer(r"^(<{7}|>{7}) ", text, re.MULTILINE):
            yield path, line_of(text, match.start()), "a merge conflict marker"


def check_documents(tree):
    for path, text in tree.items():
        if not path.endswith(DOCUMENTS):
            continue
        outside = re.sub(r"^```.*?^```", lambda m: re.sub(r"[^\n]", " ", m.group(0)), text,
                         flags=re.MULTILINE | re.DOTALL)
        titles = re.findall(r"^# \S", outside, re.MULTILINE)
        if len(titles) != 1:
            yield path, 1, f"{len(titles)} titles (lines that begin with '# '); one is right"
        headings = list(re.finditer(r"^(#+) .*$", outside, re.MULTILINE))
        for this, following in zip(headings, headings[1:] + [None]):
            end = following.start() if following else len(outside)
            deeper = following is not None and len(following[1]) > len(this[1])
            if not text[this.end():end].strip() and not deeper:
                yield path, line_of(text, this.start()), "a heading with nothing under it"
        for match in re.finditer(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", outside):
            target = posixpath.normpath(posixpath.join(posixpath.dirname(path), match[1]))
            if target not in tree and not any(p.startswith(target + "/") for p in tree):
                yield path, line_of(text, match.start()), f"links to {match[1]}, which is not there"


TOP_LEVEL = {"CMakeLists.txt", "include", "src", "examples", "tests", "benchmarks", "LICENSE",
             "README.md", "CHANGELOG.md", "CMakePresets.json"}


def check_top_level(tree):
    for name in sorted({path.split("/")[0] for path in tree}):
        if name not in TOP_LEVEL and not name.startswith("."):
            yield name, 1, "does not belong at the top level"


def check_dead_files(tree, compiled):
    """Every .cc is in a target. `compiled`: paths in the build's compile_commands.json."""
    if not compiled:
        return
    consumers = ("tests/embed/",)  # compiled by the builds that tests/embed/run.sh makes
    for path in tree:
        if path.endswith(".cc") and path.startswith(rules.ALL_CODE) and path not in compiled:
            if not path.startswith(consumers):
                yield path, 1, "belongs to no target of this build"


def check_readme_program(tree):
    """The README shows examples/hello_room.cc as it stands."""
    program = tree.get("examples/hello_room.cc")
    if program is None:
        return
    blocks = re.findall(r"^```cpp\n(.*?)^```", tree.get("README.md", ""),
                        re.MULTILINE | re.DOTALL)
    if program not in blocks:
        yield "README.md", 1, "does not show examples/hello_room.cc as it stands"
    if program.count("\n") > 40:
        yield "examples/hello_room.cc", 41, "longer than 40 lines"


TREE_CHECKS = [check_includes, check_banned_words, check_static_state, check_lines,
               check_function_length, check_reminders, check_documents, check_top_level,
               check_readme_program]


def run(tree, compiled=()):
    found = []
    for check in TREE_CHECKS:
        found += check(tree)
    found += check_dead_files(tree, set(compiled))
    return sorted(set(found))


def compiled_files(root, compile_commands):
    root = os.path.realpath(root)
    return {os.path.relpath(os.path.realpath(os.path.join(entry["directory"], entry["file"])), root)
            for entry in compile_commands}
