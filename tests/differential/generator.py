"""Random expressions of the rules language over random events; the same seed makes the same ones.

A template stands for one construct: its result type, its text with $0, $1, … for the operands, and
their types. Types are followed loosely: now and then an operand of another type is put in, and the
events lack members or hold null and other types, so that errors are as common as they are in life.
"""
import json
import random

SCALARS = ("bool", "int", "uint", "double", "string", "bytes", "timestamp", "duration")
TYPES = SCALARS + ("ints", "strings", "doubles", "items", "map")
ELEMENT = {"ints": "int", "strings": "string", "doubles": "double", "items": "any", "map": "string"}

WORDS = ("", "a", "b", "ab", "abc", "Hello", "hello world", "a,b,,c", "ä", "日本", "😀x", "x y", "10", "-7", "1.5",
         "true", "A-Z", " pad ", "tab\t", "q\"q'", "aaa", "straße", "\n", "0", "e\u0301")
NUMBERS = (0, 1, 2, 3, -1, -2, 7, 10, 64, 100, 255, 1000, -100, 2**31, 2**53, 2**53 + 1, 2**63 - 1, -2**63)
DOUBLES = (0.0, 1.0, -1.0, 0.5, 1.5, 2.5, -2.5, 0.1, 99.79, 1e3, 1e21, 1e-7, 1e308, 3.0, 9007199254740993.0)
TIMES = ("2025-03-01T12:00:02Z", "1969-12-31T23:59:59.5Z", "2024-02-29T23:30:00+02:00", "0001-01-01T00:00:00Z",
         "9999-12-31T23:59:59Z", "2025-03-01", "2009-02-13T23:31:30.125Z")
SPANS = ("0", "1s", "1.5h", "-90m", "2562047h", "250ms", "1h34.5s", "1", "10us")
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "+05:30", "-08:00", "02:00", "Nowhere/City")
PATTERNS = ("a", "^a", "b$", "[a-z]+", "(a)(b)?", "(l+)", "", "\\\\d+", ".*", "[", "a|b", "(?i)HELLO")

MEMBERS = {"i": "int", "j": "int", "u": "int", "d": "double", "s": "string", "t": "string", "b": "bool", "n": "null",
           "li": "ints", "ls": "strings", "ld": "doubles", "lm": "items", "m": "map", "ts": "time", "du": "span"}

# result, text, operand types; T is one type for all its places, L a list type, E its element
TEMPLATES = """
bool|$0 == $1|T T
bool|$0 != $1|T T
bool|$0 == $1|any any
bool|$0 < $1|O O
bool|$0 <= $1|O O
bool|$0 > $1|O O
bool|$0 >= $1|O O
bool|$0 < $1|number number
bool|$0 == $1|number number
bool|$0 && $1|bool bool
bool|$0 \\|\\| $1|bool bool
bool|$0 && $1 && $2|bool bool bool
bool|$0 \\|\\| $1 \\|\\| $2|bool bool bool
bool|!($0)|bool
bool|$0 ? $1 : $2|bool bool bool
bool|$0 in $1|E L
bool|$0 in $1|string map
bool|$0.contains($1)|string string
bool|$0.startsWith($1)|string string
bool|$0.endsWith($1)|string string
bool|$0.matches($1)|string pattern
bool|matches($0, $1)|string pattern
bool|type($0) == type($1)|any any
bool|bool($0)|string
bool|sets.contains($0, $1)|L L
bool|sets.intersects($0, $1)|L L
bool|sets.equivalent($0, $1)|L L
bool|math.isNaN($0)|double
bool|math.isInf($0)|double
bool|math.isFinite($0)|double
bool|$0.hasValue()|optional
int|$0 + $1|int int
int|$0 - $1|int int
int|$0 * $1|int int
int|$0 / $1|int int
int|$0 % $1|int int
int|-($0)|int
int|$0 ? $1 : $2|bool int int
int|int($0)|double
int|int($0)|string
int|int($0)|uint
int|int($0)|timestamp
int|size($0)|string
int|size($0)|L
int|$0.size()|map
int|size($0)|bytes
int|$0.indexOf($1)|string string
int|$0.indexOf($1, $2)|string string small
int|$0.lastIndexOf($1)|string string
int|$0.lastIndexOf($1, $2)|string string small
int|$0[$1]|ints small
int|$0[$1]|ints number
int|$0.orValue($1)|optional int
int|math.abs($0)|int
int|math.sign($0)|int
int|math.greatest($0, $1)|int int
int|math.least($0, $1, $2)|int int int
int|math.greatest($0)|ints
int|math.bitAnd($0, $1)|int int
int|math.bitOr($0, $1)|int int
int|math.bitXor($0, $1)|int int
int|math.bitNot($0)|int
int|math.bitShiftLeft($0, $1)|int small
int|math.bitShiftRight($0, $1)|int small
int|$0.first().orValue($1)|ints int
int|$0.last().value()|ints
int|$0.getFullYear()|timestamp
int|$0.getMonth()|timestamp
int|$0.getDate()|timestamp
int|$0.getDayOfMonth($1)|timestamp zone
int|$0.getDayOfYear()|timestamp
int|$0.getDayOfWeek($1)|timestamp zone
int|$0.getHours($1)|timestamp zone
int|$0.getMinutes()|timestamp
int|$0.getSeconds()|timestamp
int|$0.getMilliseconds()|timestamp
int|$0.getHours()|duration
int|$0.getMinutes()|duration
int|$0.getSeconds()|duration
uint|$0 + $1|uint uint
uint|$0 - $1|uint uint
uint|$0 * $1|uint uint
uint|$0 / $1|uint uint
uint|$0 % $1|uint uint
uint|uint($0)|int
uint|uint($0)|double
uint|uint($0)|string
uint|math.bitShiftRight($0, $1)|uint small
uint|math.bitXor($0, $1)|uint uint
double|$0 + $1|double double
double|$0 - $1|double double
double|$0 * $1|double double
double|$0 / $1|double double
double|$0 + $1|number number
double|-($0)|double
double|double($0)|int
double|double($0)|string
double|double($0)|uint
double|$0 ? $1 : $2|bool double double
double|math.ceil($0)|double
double|math.floor($0)|double
double|math.round($0)|double
double|math.trunc($0)|double
double|math.abs($0)|double
double|math.sqrt($0)|number
double|math.greatest($0, $1)|number number
double|math.least($0)|doubles
double|$0[$1]|doubles small
string|$0 + $1|string string
string|string($0)|int
string|string($0)|double
string|string($0)|uint
string|string($0)|bool
string|string($0)|bytes
string|string($0)|timestamp
string|string($0)|duration
string|$0 ? $1 : $2|bool string string
string|$0[$1]|strings small
string|$0[$1]|map string
string|$0.charAt($1)|string small
string|$0.substring($1)|string small
string|$0.substring($1, $2)|string small small
string|$0.replace($1, $2)|string string string
string|$0.replace($1, $2, $3)|string string string small
string|$0.join()|strings
string|$0.join($1)|strings string
string|$0.trim()|string
string|$0.lowerAscii()|string
string|$0.upperAscii()|string
string|$0.reverse()|string
string|strings.quote($0)|string
string|base64.encode($0)|bytes
string|'%s'.format([$0])|scalar
string|'%d,%s'.format([$0, $1])|int scalar
string|'%.2f'.format([$0])|number
string|'%e'.format([$0])|number
string|'%x %X %o %b'.format([$0, $0, $1, $1])|int int
string|'%s|%s'.format([$0, $1])|L scalar
string|$0.orValue($1)|optional string
string|regex.replace($0, $1, $2)|string pattern string
string|regex.extract($0, $1).orValue($2)|string pattern string
bytes|bytes($0)|string
bytes|$0 + $1|bytes bytes
bytes|base64.decode($0)|string
bytes|base64.decode(base64.encode($0))|bytes
timestamp|timestamp($0)|time
timestamp|timestamp($0)|int
timestamp|$0 + $1|timestamp duration
timestamp|$0 - $1|timestamp duration
duration|duration($0)|span
duration|$0 + $1|duration duration
duration|$0 - $1|duration duration
duration|$0 - $1|timestamp timestamp
ints|[$0, $1]|int int
ints|[$0]|int
ints|$0 + $1|ints ints
ints|lists.range($0)|tiny
ints|$0.slice($1, $2)|ints small small
ints|$0.distinct()|ints
ints|$0.sort()|ints
ints|$0.reverse()|ints
ints|[?$0, $1]|optional int
doubles|[$0, $1]|double double
doubles|$0.sort()|doubles
strings|[$0, $1]|string string
strings|$0.split($1)|string string
strings|$0.split($1, $2)|string string small
strings|$0.distinct()|strings
strings|$0.sort()|strings
strings|$0 + $1|strings strings
strings|regex.extractAll($0, $1)|string pattern
items|[$0, $1, $2]|any any any
items|$0.flatten()|items
items|[$0, $1].flatten($2)|items items small
items|$0.distinct()|items
items|$0 + $1|items items
map|{$0: $1}|string string
map|{'a': $0, 'b': $1}|any any
map|{$0: $1, $2: $3}|string any string any
map|{?'k': $0, 'a': $1}|optional any
map|{1: $0, 2u: $1, false: $2}|string string string
"""
# ?x is a loop variable, ?0 the operands in which it is known
LOOPS = """
bool|$0.all(?x, ?0)|L|bool
bool|$0.exists(?x, ?0)|L|bool
bool|$0.exists_one(?x, ?0)|L|bool
bool|$0.exists(?x, ?0)|map|bool
bool|$0.all(?i, ?x, ?0)|L|bool
bool|$0.exists(?i, ?x, ?0)|L|bool
bool|$0.existsOne(?i, ?x, ?0)|L|bool
int|$0.filter(?x, ?0).size()|L|bool
int|$0.map(?x, ?0).size()|map|any
ints|$0.map(?x, ?0)|L|int
ints|$0.map(?x, ?0, ?1)|L|bool int
ints|$0.filter(?x, ?0)|ints|bool
ints|$0.transformList(?i, ?x, ?0)|L|int
ints|$0.transformList(?i, ?x, ?0, ?1)|L|bool int
ints|$0.sortBy(?x, ?0)|ints|int
strings|$0.sortBy(?x, ?0)|strings|int
strings|$0.map(?x, ?0)|L|string
strings|$0.filter(?x, ?0)|strings|bool
items|$0.map(?x, ?0)|items|any
items|$0.filter(?x, ?0)|items|bool
int|cel.bind(?x, $0, ?0)|int|int
bool|cel.bind(?x, $0, ?0)|string|bool
string|cel.bind(?x, $0, ?0)|string|string
int|$0.optMap(?x, ?0).orValue(0)|optional|int
string|$0.optFlatMap(?x, optional.of(?0)).orValue('none')|optional|string
"""


def table(text, columns):
    rows = {}
    for line in text.strip().splitlines():
        fields = line.replace("\\|", "\x00").split("|")
        if len(fields) > columns:  # a bar inside of the construct
            fields = [fields[0], "|".join(fields[1:len(fields) - columns + 2]), *fields[len(fields) - columns + 2:]]
        fields = [field.replace("\x00", "|") for field in fields]
        rows.setdefault(fields[0], []).append(fields[1:])
    return rows


CONSTRUCTS = table(TEMPLATES, 3)
LOOP_CONSTRUCTS = table(LOOPS, 4)


class Node:
    """Text with sub-expressions; `parts` are texts and nodes."""

    def __init__(self, *parts, bound=()):
        self.parts = parts
        self.bound = bound  # loop variables that this text needs from outside

    def __str__(self):
        return "".join(map(str, self.parts))

    def below(self):
        for part in self.parts:
            if isinstance(part, Node):
                yield part
                yield from part.below()


def literal(text):
    quote = json.dumps(text, ensure_ascii=False)
    return quote if "\\u" not in quote else "'x'"


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.names = {}
        self.depth = 0

    # --- events ---------------------------------------------------------------------------------

    def member(self, kind):
        pick = self.random.choice
        if kind == "map":
            return {name: self.json(pick(("string", "string", "int"))) for name in ("a", "b", "c")
                    if self.random.random() < 0.7}
        return self.json(kind)

    def json(self, kind):
        pick, count = self.random.choice, self.random.randrange(4)
        if kind == "int":
            return pick(NUMBERS)
        if kind == "double":
            return pick(DOUBLES)
        if kind == "string":
            return pick(WORDS)
        if kind == "bool":
            return pick((True, False))
        if kind == "time":
            return pick(TIMES)
        if kind == "span":
            return pick(SPANS)
        if kind in ("ints", "strings", "doubles"):
            return [self.json(ELEMENT[kind]) for _ in range(count)]
        if kind == "items":
            return [self.json(pick(("int", "double", "string", "bool", "null", "ints", "map"))) for _ in range(count)]
        if kind == "map":
            return {"a": self.json("int"), "b": self.json("string")}
        return None

    def event(self):
        made = {}
        for name, kind in MEMBERS.items():
            dice = self.random.random()
            if dice < 0.10:
                continue
            if dice < 0.16:
                kind = "null"
            elif dice < 0.22:
                kind = self.random.choice(("int", "double", "string", "bool", "ints", "map"))
            made[name] = self.member(kind)
        if self.random.random() < 0.8:
            made["o"] = {"p": {"q": self.json(self.random.choice(("int", "string", "null", "map")))}}
        return made

    # --- expressions ----------------------------------------------------------------------------

    def expression(self):
        self.names, self.depth = {}, 0
        return self.make(self.random.choice(("bool",) * 6 + ("int",) * 3 + ("string",) * 3 + TYPES))

    def make(self, kind):
        pick = self.random.choice
        if kind == "any":
            kind = pick(TYPES)
        elif kind == "scalar":
            kind = pick(SCALARS)
        elif kind == "number":
            kind = pick(("int", "int", "double", "uint"))
        elif self.random.random() < 0.03 and kind in TYPES:
            kind = pick(TYPES)
        if kind not in TYPES:
            return self.leaf(kind)
        self.depth += 1
        try:
            if self.depth > 6 or self.random.random() < 0.10 + 0.09 * self.depth:
                return self.leaf(kind)
            if kind in LOOP_CONSTRUCTS and self.random.random() < 0.2:
                return self.loop(*pick(LOOP_CONSTRUCTS[kind]))
            return self.construct(*pick(CONSTRUCTS[kind]))
        finally:
            self.depth -= 1

    def operand_types(self, kinds):
        one, ordered = self.random.choice(TYPES), self.random.choice(SCALARS)
        lists = self.random.choice(("ints", "strings", "doubles", "items"))
        named = {"T": one, "O": ordered, "L": lists, "E": ELEMENT[lists]}
        return [named.get(kind, kind) for kind in kinds.split()]

    def construct(self, text, kinds):
        operands = [self.make(kind) for kind in self.operand_types(kinds)]
        node = self.fill(text, {f"${i}": operand for i, operand in enumerate(operands)})
        if text[0] == "$" and " " in text or text.startswith("-("):
            if self.random.random() < 0.85:
                return Node("(", node, ")", bound=node.bound)
        return node

    def loop(self, text, kind, inner_kinds):
        kind = self.operand_types(kind)[0]
        values = {"$0": self.make(kind)}
        names = [self.random.choice("xyz"), self.random.choice("ij")]
        outer = dict(self.names)
        self.names[names[0]] = ELEMENT.get(kind, kind if kind in TYPES else "any")
        if "?i" in text:
            self.names[names[1]] = "int"
        for i, inner in enumerate(inner_kinds.split()):
            values[f"?{i}"] = self.make(inner)
        self.names = outer
        node = self.fill(text, {**values, "?x": names[0], "?i": names[1]})
        return Node(*node.parts, bound=tuple(set(node.bound) - {names[0]}))

    @staticmethod
    def fill(text, values):
        parts, at = [], 0
        while at < len(text):
            token = text[at:at + 2]
            if token in values:
                parts.append(values[token])
                at += 2
            else:
                parts.append(text[at])
                at += 1
        bound = {name for part in parts if isinstance(part, Node) for name in part.bound}
        return Node(*parts, bound=tuple(bound))

    def leaf(self, kind):
        pick = self.random.choice
        if kind == "tiny":  # lists.range of a large number is a matter of memory for the other implementation
            return Node(self.constant(kind))
        known = [name for name, its in self.names.items() if its in (kind, "any")]
        if known and self.random.random() < 0.6:
            name = pick(known)
            return Node(name, bound=(name,))
        if self.random.random() < 0.62:
            found = self.path(kind)
            if found:
                return Node(found)
        return Node(self.constant(kind))

    def path(self, kind):
        pick = self.random.choice
        names = [name for name, its in MEMBERS.items() if its == kind]
        if kind == "small":
            return pick(("event.li.size()", "event.m.a", "event.i")) if self.random.random() < 0.3 else None
        if kind == "optional":
            return pick(("event.?i", "event.?s", "event.?zz", "event.?m.?a", "event.?o.p.q", "event.li[?0]", "event.?n",
                         "event.m[?'a']", "event.ls[?1]", "event.?b", "optional.none()", "optional.of(event.i)",
                         "optional.ofNonZeroValue(event.i)"))
        if kind == "bool" and self.random.random() < 0.5:
            return pick(("has(event.i)", "has(event.n)", "has(event.zz)", "has(event.o.p)", "has(event.o.p.q)",
                         "has(event.m.a)", "'a' in event.m", "event.n == null", "has(event.?o.p)"))
        if kind in ("int", "string", "map") and self.random.random() < 0.2:
            return pick(("event.o.p.q", "event['o'].p['q']", "event.lm[0]", "event.m.b", "event.zz"))
        if not names:
            return None
        name = pick(names)
        return pick((f"event.{name}",) * 4 + (f"event['{name}']", f"event.`{name}`"))

    def constant(self, kind):
        pick = self.random.choice
        if kind == "int":
            return str(pick(NUMBERS))
        if kind == "uint":
            return pick(("0u", "1u", "2u", "7u", "255u", "18446744073709551615u"))
        if kind == "double":
            return repr(pick(DOUBLES))
        if kind == "bool":
            return pick(("true", "false"))
        if kind == "string":
            return literal(pick(WORDS))
        if kind == "bytes":
            return pick(("b'abc'", "b''", "b'\\xff'", "b'\\303\\244'"))
        if kind in ("small", "tiny"):
            return str(pick((0, 0, 1, 1, 2, 3, 5, -1)))
        if kind in ("time", "span", "zone"):
            return literal(pick({"time": TIMES, "span": SPANS, "zone": ZONES}[kind]))
        if kind == "pattern":
            return f"'{pick(PATTERNS)}'"
        if kind == "timestamp":
            return f"timestamp({literal(pick(TIMES))})"
        if kind == "duration":
            return f"duration({literal(pick(SPANS))})"
        if kind == "optional":
            return pick(("optional.none()", "optional.of(1)", "optional.of('x')"))
        if kind in ("ints", "doubles", "strings", "items"):
            inner = [self.constant(ELEMENT[kind] if kind != "items" else pick(("int", "string", "double", "bool")))
                     for _ in range(self.random.randrange(4))]
            return "[" + ", ".join(inner) + "]"
        if kind == "map":
            return pick(("{}", "{'a': 1}", "{'a': 'x', 'b': 2.5}", "{1: 'a', 'k': null}"))
        return "null"


