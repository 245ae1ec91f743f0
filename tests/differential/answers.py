"""The two implementations and the common form of their answers: (type, value) or ("error", text).

Ours is the program (`sluice eval --jsonl --typed`); the other one is cel-cpp through its Python package
`cel-expr-python`, which `make deps` puts into .deps/cel. Times are compared in microseconds, because Python has no
finer ones.
"""
import base64
import datetime
import json
import math
import os
import pathlib
import pickle
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PACKAGE = ROOT / ".deps/cel"
EXTENSIONS = ("strings", "math", "lists", "sets", "encoders", "regex", "bindings", "optional",
              "two-var-comprehensions")
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


# --- ours ---------------------------------------------------------------------------------------------

def typed(value):
    """A JSON value in the encoding of --typed; integers stay integers."""
    if value is None:
        return {"nullValue": None}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"int64Value": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, str):
        return {"stringValue": value}
    if isinstance(value, list):
        return {"listValue": {"values": [typed(item) for item in value]}}
    return {"mapValue": {"entries": [{"key": typed(k), "value": typed(v)} for k, v in value.items()]}}


def nanoseconds(text):
    seconds, _, fraction = text.rstrip("sZ").partition(".")
    sign = -1 if seconds.startswith("-") else 1
    return int(seconds) * 10**9 + sign * int((fraction + "0" * 9)[:9])


def instant(text):
    whole, _, fraction = text.rstrip("Z").partition(".")
    moment = datetime.datetime.strptime(whole.rjust(19, "0"), "%Y-%m-%dT%H:%M:%S").replace(tzinfo=datetime.timezone.utc)
    return (moment - EPOCH) // datetime.timedelta(microseconds=1) + int((fraction + "0" * 6)[:6])


def from_typed(encoded):
    (form, value), = encoded.items()
    if form == "listValue":
        return "list", tuple(from_typed(item) for item in value.get("values", ()))
    if form == "mapValue":
        return "map", tuple(sorted(((plain_key(e["key"]), from_typed(e["value"])) for e in value.get("entries", ())),
                                   key=repr))
    if form == "doubleValue":
        return "double", number(float(value))
    if form == "bytesValue":
        return "bytes", base64.b64decode(value)
    if form in ("int64Value", "uint64Value"):
        return form[:-7], int(value)
    if form == "objectValue":
        kind = value["@type"].rsplit(".", 1)[1].lower()
        if kind == "timestamp":
            return kind, instant(value["value"])
        return kind, int(nanoseconds(value["value"]) / 1000)
    return form[:-5], value


def plain_key(encoded):
    value = from_typed(encoded)
    return value[1]


def number(value):
    return "NaN" if math.isnan(value) else repr(value)


class Sluice:
    def __init__(self, binary):
        self.binary = binary

    def answers(self, cases, check=False):
        """One answer per (expression, event)."""
        lines = [json.dumps({"expr": expression, "disableCheck": not check, "bindings": {"event": typed(event)}})
                 for expression, event in cases]
        done = subprocess.run([str(self.binary), "eval", "--jsonl", "--typed"], input="\n".join(lines) + "\n",
                              capture_output=True, text=True, check=False, timeout=300)
        answers = [self.read(line) for line in done.stdout.splitlines()]
        if len(answers) != len(cases):
            raise RuntimeError(f"{len(answers)} answers to {len(cases)} expressions; {done.stderr[-2000:]}")
        return answers

    @staticmethod
    def read(line):
        answer = json.loads(line, parse_int=float)  # so that -0 keeps its sign
        return from_typed(answer["value"]) if "value" in answer else ("error", answer["error"])


# --- the other one --------------------------------------------------------------------------------------
# It runs in a process of its own, because some expressions end that process.

NAMES = {"INT": "int", "UINT": "uint", "BOOL": "bool", "DOUBLE": "double", "STRING": "string", "BYTES": "bytes",
         "TIMESTAMP": "timestamp", "DURATION": "duration", "NULL": "null"}


class OtherImplementation:
    @staticmethod
    def reason_missing():
        if not PACKAGE.exists():
            return "cel-expr-python is not in .deps/cel; `make deps` fetches it"
        done = subprocess.run([sys.executable, __file__, os.devnull], capture_output=True, text=True, check=False)
        return f"cel-expr-python does not load here: {done.stderr[-200:]}" if done.returncode else None

    @staticmethod
    def answers(cases):
        answers = []
        with tempfile.NamedTemporaryFile() as file:
            while len(answers) < len(cases):
                file.seek(0)
                file.truncate()
                pickle.dump(cases[len(answers):], file)
                file.flush()
                with subprocess.Popen([sys.executable, __file__, file.name], stdout=subprocess.PIPE,
                                      stderr=subprocess.DEVNULL) as worker:
                    try:
                        while True:
                            answers.append(pickle.load(worker.stdout))
                    except (EOFError, pickle.UnpicklingError):
                        pass
                if len(answers) < len(cases):
                    answers.append(("unreadable", "the process ended"))
        return answers


class OtherWorker:
    def __init__(self):
        sys.path.insert(0, str(PACKAGE))
        from cel_expr_python import cel  # pylint: disable=import-outside-toplevel,import-error
        names = "".join(f"- name: {name}\n" for name in EXTENSIONS)
        self.environment = cel.NewEnv(config=cel.NewEnvConfigFromYaml("name: differential\nextensions:\n" + names),
                                      variables={"event": cel.Type.DYN})

    def answer(self, expression, event):
        try:
            made = self.environment.compile(expression, disable_check=True).eval(data={"event": event})
        except RuntimeError as problem:
            return "error", str(problem)
        except (ValueError, OverflowError, MemoryError) as problem:  # its own bugs
            return "unreadable", str(problem)
        return self.value(made)

    def value(self, made):
        kind = re.sub(r"<.*", "", str(made.type()))
        try:
            plain = made.value()
        except (TypeError, OverflowError, AssertionError, ValueError) as problem:  # no Python type for it
            return "unreadable", f"{kind} {problem}"
        if kind == "ERROR":
            return "error", str(plain)
        if kind == "LIST":
            return self.gather("list", [self.value(item) for item in plain])
        if kind == "MAP":
            entries = [(key, self.value(item)) for key, item in plain.items()]
            made = self.gather("map", [item for _, item in entries])
            return made if made[0] != "map" else ("map", tuple(sorted(entries, key=repr)))
        if kind == "DOUBLE":
            return "double", number(plain)
        if kind == "TIMESTAMP":
            return "timestamp", (plain - EPOCH) // datetime.timedelta(microseconds=1)
        if kind == "DURATION":
            return "duration", plain // datetime.timedelta(microseconds=1)
        if kind == "BYTES":
            return "bytes", bytes(plain)
        if kind == "TYPE":
            return "type", str(plain)
        return NAMES.get(kind, kind), plain

    @staticmethod
    def gather(kind, items):
        for item in items:
            if item[0] in ("error", "unreadable"):
                return item
        return kind, tuple(items)


def work(path):
    """Answers every case of a file, each written at once."""
    worker = OtherWorker()
    content = pathlib.Path(path).read_bytes()
    for expression, event in pickle.loads(content) if content else ():
        pickle.dump(worker.answer(expression, event), sys.stdout.buffer)
        sys.stdout.buffer.flush()
    os._exit(0)  # its module does not survive the interpreter's own end


if __name__ == "__main__":
    work(sys.argv[1])
