#!/usr/bin/env python3
"""House style that a program can check: a style rule that is not checked is a wish.

Each check takes a tree {path: text} and yields problems "path:line: text". Before the project is
judged, every check has to find the fault planted for it (SELF_TESTS) and has to pass a clean tree.
The last line is `N passed, N failed`, one test per check.
"""
import pathlib
import re
import subprocess
import sys

LINE_COLUMNS_MAX = 100
FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 450
FOLDER_NAMES_MAX = 19
SHOWN_MAX = 40
CODE = (".hpp", ".cpp")
TEXT = CODE + (".py", ".cmake", ".txt", ".yaml", ".yml", ".json", ".md", ".lua", ".sh", "Makefile", "run")

# folder -> folders whose headers it may include, besides its own
ALLOWED = {
    "config": set(),
    "rules": {"config"},
    "datasets": {"config"},
    "actions": {"config", "rules"},
    "batch": {"config", "rules", "datasets"},
    "gateway": {"config", "rules", "datasets", "actions", "batch"},
}
# header prefix -> the only places that may include it (their unit tests may, too)
CONFINED = {
    r"rocksdb/": ("datasets/embedded/", "loadtest/append_rate"),  # there as a yardstick
    r"librdkafka/": ("datasets/kafka/",),
    r"(?:arrow|parquet)/": ("batch/arrow_module/",),
    r"yaml-cpp/": ("config/",),
    r"libssh2|curl/": ("batch/storage/",),
}
BANNED = {
    r"(?<![\w/.:$}])/(?:home|root|users|work|workspace)/\w": "a path of somebody's machine",
    r"(?://|#).*\b(?:FIXME|XXX|HACK)\b": "a mark without an issue; write TODO(#number)",
    r"\bfor now\b|\bnot (?:yet )?implemented\b": "unfinished work; finish it or file an issue",
}
METRIC_FILE = "gateway/admin/metric_names.hpp"


def is_code(path):
    return path.endswith(CODE)


def folder_of(path):
    return path.split("/")[0]


def is_long_by_nature(text):
    """Tabular and generated files say so in their first lines."""
    return re.search(r"//.*\b(tabular|generated)\b", "\n".join(text.split("\n")[:2]), re.I)


def blank_comments_and_strings(text):
    """Same length and lines, but no braces or semicolons left in comments and literals."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group(0))
    pattern = (r'R"(?P<tag>[^(\s]{0,16})\((?s:.*?)\)(?P=tag)"|//[^\n]*|/\*(?s:.*?)\*/'
               r'|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\'')
    return re.sub(pattern, blank, text)


def includes(text):
    for number, line in enumerate(text.split("\n"), 1):
        match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if match:
            yield number, match.group(1) == '"', match.group(2)


# --- checks -----------------------------------------------------------------------------------------

def without_raw_strings(text):
    """Documents that stand in raw strings are data; breaking their lines would change them."""
    pattern = r'R"(?P<tag>[^(\s]{0,16})\((?s:.*?)\)(?P=tag)"'
    return re.sub(pattern, lambda match: "\n" * match.group(0).count("\n"), text)


def line_length(tree):
    for path, text in tree.items():
        if is_code(path):
            for number, line in enumerate(without_raw_strings(text).split("\n"), 1):
                if len(line) > LINE_COLUMNS_MAX and "http://" not in line and "https://" not in line:
                    yield f"{path}:{number}: {len(line)} columns, at most {LINE_COLUMNS_MAX}"


def file_length(tree):
    for path, text in tree.items():
        lines = text.count("\n")
        if is_code(path) and lines > FILE_LINES_MAX and not is_long_by_nature(text):
            yield f"{path}:1: {lines} lines, at most {FILE_LINES_MAX}; split it by what changes together"


def opens_function(head):
    head = re.sub(r"^(?:\s|public:|private:|protected:|#[^\n]*\n)+", "", head)
    if ")" not in head or re.match(r"(?:namespace|class|struct|enum|union|extern)\b", head):
        return False
    if re.match(r"(?:if|for|while|switch|catch|else|do|try|return|case|static_assert)\b", head):
        return False
    return "=" not in re.sub(r"operator\s*\S+|[=!<>]=|\([^()]*\)|\[=\]|= *default", "", head)


def functions(text):
    """(first line, lines) of each outermost function body."""
    code = blank_comments_and_strings(text)
    stack, inside, begin, start = [], None, 0, 0
    for match in re.finditer(r"[{};]", code):
        at, mark = match.start(), match.group(0)
        if mark == "{":
            stack.append(at)
            if inside is None and opens_function(code[begin:at]):
                inside, start = len(stack), at
        elif mark == "}" and stack:
            if inside == len(stack):
                yield code.count("\n", 0, start) + 1, code.count("\n", start, at) + 1
                inside = None
            stack.pop()
        begin = match.end()


def function_length(tree):
    for path, text in tree.items():
        if is_code(path) and not is_long_by_nature(text):
            for number, lines in functions(text):
                if lines > FUNCTION_LINES_MAX:
                    yield (f"{path}:{number}: a function of {lines} lines, at most {FUNCTION_LINES_MAX}; "
                           "a file that is a table says `tabular` in line 1")


def include_direction(tree):
    for path, text in tree.items():
        own = folder_of(path)
        if not is_code(path) or own not in ALLOWED:
            continue
        for number, quoted, name in includes(text):
            target = folder_of(name)
            if quoted and target not in ALLOWED and target not in ("cmake",):
                yield f"{path}:{number}: include \"{name}\" from the project root"
            if quoted and target in ALLOWED and target != own and target not in ALLOWED[own]:
                yield f"{path}:{number}: {own} must not include {target}; see the folders in README.md"


def link_lines(text):
    """folder -> folders its library links, from CMakeLists.txt."""
    links = {}
    for match in re.finditer(r"sluice_library\((\w+)([^)]*)\)", text):
        links[match.group(1)] = {name for name in re.findall(r"\bsluice_(\w+)", match.group(2))
                                 if name in ALLOWED}
    return links


def link_graph(tree):
    links = link_lines(tree.get("CMakeLists.txt", ""))
    for folder, linked in links.items():
        for name in linked - ALLOWED.get(folder, set()):
            yield f"CMakeLists.txt:1: {folder} must not link {name}"

    def reach(folder, seen):
        for name in links.get(folder, set()) - seen:
            seen.add(name)
            reach(name, seen)
        return seen
    for path, text in tree.items():
        own = folder_of(path)
        if is_code(path) and own in links and own in ALLOWED:
            for number, quoted, name in includes(text):
                target = folder_of(name)
                if quoted and target in ALLOWED and target != own and target not in reach(own, set()):
                    yield f"{path}:{number}: includes {target}, which CMakeLists.txt does not link"


def confined_headers(tree):
    for path, text in tree.items():
        if not is_code(path):
            continue
        mirrored = path.removeprefix("tests/unit/")
        for number, _, name in includes(text):
            for pattern, places in CONFINED.items():
                if re.match(pattern, name) and not mirrored.startswith(places):
                    yield f"{path}:{number}: <{name}> belongs to {places[0]} only"


def folder_size(tree):
    levels = {}
    for path in tree:
        parts = path.split("/")
        if parts[0] not in ALLOWED and path.startswith(("tests/unit/", "scripts/", "cmake/")) is False:
            continue
        for depth in range(1, len(parts)):
            name = parts[depth]
            if name in ("README.md", "CMakeLists.txt"):
                continue
            stem = re.sub(r"\.(hpp|cpp)$", "", name)
            levels.setdefault("/".join(parts[:depth]), set()).add(stem)
    for folder, names in levels.items():
        if len(names) > FOLDER_NAMES_MAX:
            yield f"{folder}:1: {len(names)} names, at most {FOLDER_NAMES_MAX}; make a folder"


def header_paragraph(tree):
    for path, text in tree.items():
        if path.endswith(".hpp"):
            lines = text.split("\n") + ["", ""]
            if not lines[0].startswith(("#pragma once", "//")):
                yield f"{path}:1: begins with #pragma once and a paragraph"
            elif "//" not in lines[0] + lines[1]:
                yield f"{path}:2: say here what it is for, how long it lives, on which thread"


def todo_format(tree):
    for path, text in tree.items():
        if is_code(path) or path.endswith(".py"):
            for number, line in enumerate(text.split("\n"), 1):
                if re.search(r"\bTODO\b(?!\(#\d+\))", line):
                    yield f"{path}:{number}: write TODO(#issue) or do it"


def banned_words(tree):
    for path, text in tree.items():
        if not path.endswith(TEXT):
            continue
        for number, line in enumerate(text.split("\n"), 1):
            for pattern, why in BANNED.items():
                if re.search(pattern, line, re.I if "work" in pattern else 0):
                    yield f"{path}:{number}: {why}"


def commented_out_code(tree):
    for path, text in tree.items():
        if is_code(path):
            for number, line in enumerate(text.split("\n"), 1):
                if re.match(r"\s*//(?!/)\s*\S.*[)\]}]\s*;\s*$", line) or re.match(r"\s*//\s*[{}]\s*$", line):
                    yield f"{path}:{number}: code in a comment; git remembers it"


METRIC_NAME = r'"(sluice_[a-z0-9_]+)"'


def metric_names(tree):
    declared = {}
    for number, line in enumerate(tree.get(METRIC_FILE, "").split("\n"), 1):
        for name in re.findall(METRIC_NAME, line):
            if name in declared:
                yield f"{METRIC_FILE}:{number}: metric {name} stands in line {declared[name]} already"
            declared.setdefault(name, number)
    for path, text in tree.items():
        if not is_code(path) or path.startswith("tests/") or path == METRIC_FILE:
            continue
        for number, line in enumerate(text.split("\n"), 1):
            for name in re.findall(METRIC_NAME, line):
                if name in declared or re.search(r"_(total|seconds|bytes|events|open|info|ratio)$", name):
                    yield f"{path}:{number}: metric {name} belongs to {METRIC_FILE}"


def dead_files(tree):
    cmake = "\n".join(t for p, t in tree.items() if p.endswith((".cmake", "CMakeLists.txt")))
    included = {name for p, t in tree.items() if is_code(p) for _, quoted, name in includes(t) if quoted}
    globbed = tuple(f"{folder}/" for folder in ALLOWED) + tuple(f"tests/unit/{f}/" for f in ALLOWED)
    for path in tree:
        # cmake/ holds the precompiled headers, whose names the build file puts together
        if path.endswith(".hpp") and path not in included and folder_of(path) != "cmake":
            yield f"{path}:1: nobody includes it"
        if path.endswith(".cpp") and not path.startswith(globbed) and path not in cmake:
            folder = path.rsplit("/", 1)[0]
            if f"{folder}/*" not in cmake:
                yield f"{path}:1: no build file names it"
        if path.startswith("tests/unit/") and path.endswith("_test.cpp"):
            if not re.search(r"\bTEST(?:_F|_P)?\(|TYPED_TEST\(", tree[path]):
                yield f"{path}:1: a test file without a test"


# --- the checks' own tests: each tree holds exactly the fault its check must find ---------------------

LONG_FUNCTION = "void f()\n{\n" + "    g();\n" * 80 + "}\n"
SELF_TESTS = {
    line_length: {"config/a.cpp": "// " + "x" * 120 + "\n"},
    file_length: {"config/a.cpp": "int x;\n" * 500},
    function_length: {"config/a.cpp": "namespace a {\n" + LONG_FUNCTION + "}\n"},
    include_direction: {"config/a.cpp": '#include "rules/b.hpp"\n'},
    link_graph: {"CMakeLists.txt": "sluice_library(rules PCH std LINK fmt::fmt)\n",
                 "rules/a.cpp": '#include "config/b.hpp"\n'},
    confined_headers: {"gateway/a.cpp": "#include <rocksdb/db.h>\n"},
    folder_size: {f"rules/name_{i}.hpp": "" for i in range(20)},
    header_paragraph: {"config/a.hpp": "#pragma once\n\nint x;\n"},
    todo_format: {"config/a.cpp": "// TO" + "DO: later\n"},
    banned_words: {"docs/a.md": "see /ho" + "me/somebody/notes\n"},
    commented_out_code: {"config/a.cpp": "// go(1);\n"},
    metric_names: {"actions/a.cpp": 'auto n = "sluice_events_total";\n'},
    dead_files: {"config/a.hpp": "#pragma once\n// A.\n"},
}
MORE_FAULTS = [
    (link_graph, {"CMakeLists.txt": "sluice_library(rules PCH std LINK sluice_datasets)\n"}),
    (metric_names, {METRIC_FILE: 'x = "sluice_a";\ny = "sluice_a";\n'}),
    (dead_files, {"tools/a.cpp": "int main() {}\n"}),
    (dead_files, {"tests/unit/config/a_test.cpp": "int x;\n"}),
    (include_direction, {"config/a.cpp": '#include "b.hpp"\n'}),
    (function_length, {"config/a.hpp": "struct s {\n    int f() const\n    {\n"
                                       + "        g();\n" * 75 + "    }\n};\n"}),
]
CLEAN = {
    "CMakeLists.txt": "sluice_library(config PCH std)\nsluice_library(rules LINK sluice_config)\n",
    "config/a.hpp": "#pragma once\n// A thing, for a while, on one thread.\nstruct a {\n    int x = 1;\n};\n",
    "config/table.cpp": '// A tabular file.\n#include "config/a.hpp"\n' + "int x;\n" * 600,
    "rules/b.cpp": '#include "config/a.hpp"\n// TODO(#12) when the grammar has it\n'
                   "const char* s = \"{ // no comment\";\nchar c = '{';\nint n = 1'000'000;\n"
                   "void f(int x)\n{\n    if (x) { g(); }\n}\n" + "\n" * 60 + "void h()\n{\n}\n",
    "datasets/embedded/c.cpp": "#include <rocksdb/db.h>\n",
    "tests/unit/datasets/embedded/c_test.cpp": "#include <rocksdb/db.h>\nTEST(C, Works) {}\n",
    METRIC_FILE: '// Names.\n#pragma once\nx = "sluice_a";\ny = "sluice_b";\n',
    "gateway/admin/x.cpp": f'#include "{METRIC_FILE}"\n',
}


def self_test():
    faults = [*SELF_TESTS.items(), *MORE_FAULTS]
    for check, tree in faults:
        if not list(check(tree)):
            sys.exit(f"tidy: the check {check.__name__} does not find the fault planted for it")
    for check in SELF_TESTS:
        for problem in check(CLEAN):
            sys.exit(f"tidy: the check {check.__name__} objects to a clean tree: {problem}")


def read_tree(root):
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=root, text=True,
                            capture_output=True, check=False)
    paths = listed.stdout.splitlines()
    if listed.returncode != 0:
        skipped = (".git", "build", ".deps", ".run")
        paths = [str(p.relative_to(root)) for p in root.rglob("*")
                 if p.is_file() and p.relative_to(root).parts[0] not in skipped]
    tree = {}
    for path in sorted(set(paths)):
        if path.endswith(TEXT) and (root / path).is_file() and path != "tests/tidy.py":
            tree[path] = (root / path).read_text(errors="replace")
    return tree


def main():
    self_test()
    tree = read_tree(pathlib.Path(__file__).resolve().parent.parent)
    failed = 0
    for check in SELF_TESTS:
        problems = list(check(tree))
        failed += 1 if problems else 0
        for problem in problems[:SHOWN_MAX]:
            print(f"{problem}  [{check.__name__}]")
        if len(problems) > SHOWN_MAX:
            print(f"... and {len(problems) - SHOWN_MAX} more  [{check.__name__}]")
    print(f"{len(SELF_TESTS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
