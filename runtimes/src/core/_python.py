# Calls one function of one file: request and reply are JSON on a descriptor of their own, one each.
# Kept small and without imports, because every cold call compiles it: `_json` is `json` without `re`, and what few
# calls need stands in LATER as text.
import sys

# Before anything is imported: the caller's folder, in which a foreign `_json.py` may lie.
if sys.path and not sys.path[0]:
    del sys.path[0]

import os

LATER = r'''
import types
import typing

NONE = type(None)


def defaults(function, params):
    """A default that is pydantic's `Field(...)` is not yet the value."""
    code = function.__code__
    names = code.co_varnames[:code.co_argcount]
    pairs = list(zip(names[::-1], (function.__defaults__ or ())[::-1]))
    for name, default in pairs + list((function.__kwdefaults__ or {}).items()):
        if name not in params and type(default).__name__ == "FieldInfo":
            if default.is_required():
                raise TypeError(f"main() is missing the argument '{name}'")
            params[name] = default.get_default(call_default_factory=True)


class Unfit(ValueError):
    def __init__(self, place, fact):
        super().__init__(fact)
        self.place_in_arguments = place


def convert(function, params, request):
    names = request["converts"]
    pydantic = sys.modules.get("pydantic")
    modern = pydantic and hasattr(pydantic, "TypeAdapter")
    if not any(name in params for name in names):
        return
    hints = hints_of(function, **({"include_extras": True} if modern else {}))
    for name in params:
        if name in names and name in hints and params[name] is not None:
            request["argument"] = name
            if modern:
                params[name] = pydantic.TypeAdapter(hints[name]).validate_python(params[name])
            else:
                params[name] = value_of(hints[name], params[name], name)
    request["argument"] = None


def hints_of(owner, **extras):
    """What annotations mean. One that is not there at run time, being for type checkers only, costs no other."""
    try:
        return typing.get_type_hints(owner, **extras)
    except Exception:
        hints = {}
    for part in reversed(getattr(owner, "__mro__", (owner,))):
        while hasattr(part, "__wrapped__"):
            part = part.__wrapped__
        space = getattr(part, "__globals__", None) or vars(sys.modules.get(getattr(part, "__module__", ""), sys))
        for name, hint in written(part).items():
            alone = lambda: None
            alone.__annotations__ = {name: hint}
            try:
                hints.update(typing.get_type_hints(alone, space, **extras))
            except Exception:
                hints[name] = typing.Any
    return hints


def written(part):
    try:
        from annotationlib import Format, get_annotations
        return get_annotations(part, format=Format.FORWARDREF)
    except (ImportError, TypeError):
        own = vars(part).get("__annotations__") if isinstance(part, type) else getattr(part, "__annotations__", None)
        return own or {}


def value_of(hint, value, path):
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if hint in (typing.Any, object) or isinstance(hint, (typing.TypeVar, str)):
        return value
    if hasattr(hint, "__supertype__"):
        return value_of(hint.__supertype__, value, path)
    if origin is getattr(typing, "Annotated", typing) or hasattr(hint, "__metadata__"):
        return value_of(args[0] if args else hint.__origin__, value, path)
    if origin is typing.Union or origin is getattr(types, "UnionType", ()):
        if value is None and NONE in args:
            return None
        for member in args:
            try:
                return value_of(member, value, path)
            except (TypeError, ValueError, KeyError):
                continue
        raise Unfit(path, f"{value!r} is none of {hint}")
    if origin is typing.Literal or origin is None and not isinstance(hint, type):
        return value
    kind = origin or hint
    if kind is NONE or kind in (str, int, float, bool):
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if not isinstance(value, kind):
            raise Unfit(path, f"{value!r} is not {kind.__name__}")
        return value
    if isinstance(value, list) and isinstance(kind, type):
        if kind is tuple or issubclass(kind, tuple):
            each = args[:1] * len(value) if args[1:] == (...,) else args or hints_of(kind).values()
            hinted = [value_of(*pair, f"{path}[{at}]") for at, pair in enumerate(zip(each, value))]
            return kind(*hinted or value) if hasattr(kind, "_fields") else kind(hinted or value)
        items = [value_of(args[0], item, f"{path}[{at}]") for at, item in enumerate(value)] if args else value
        return kind(items) if kind in (set, frozenset) else items
    if isinstance(value, dict) and isinstance(kind, type):
        fields = getattr(kind, "__dataclass_fields__", None)
        if fields or hasattr(kind, "__required_keys__") or hasattr(kind, "_fields"):
            hints = hints_of(kind)
            known = {k: value_of(hints[k], v, f"{path}.{k}") if k in hints else v for k, v in value.items()}
            return known if hasattr(kind, "__required_keys__") else kind(**known)
        if kind is bytes and set(value) == {"base64"}:
            from binascii import a2b_base64
            return a2b_base64(value["base64"])
        if len(args) == 2:
            return {value_of(args[0], key_of(args[0], k), path): value_of(args[1], v, f"{path}.{k}")
                    for k, v in value.items()}
        return value
    if isinstance(value, kind):
        return value
    try:
        if hasattr(kind, "fromisoformat") and isinstance(value, str):
            return kind.fromisoformat(value.replace("Z", "+00:00") if sys.version_info < (3, 11) else value)
        if kind.__name__ == "timedelta":
            return duration(kind, value)
        if kind in (bytes, bytearray):
            return kind(value.encode())
        if kind.__name__ == "Decimal":
            return kind(str(value))
        return kind(value)
    except Exception as error:
        raise Unfit(path, f"{value!r} is not {kind.__name__}: {error}") from None


def duration(kind, text):
    try:
        return kind(seconds=float(text))
    except ValueError:
        import re
    units = r"(-?)P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?)?"
    found = re.fullmatch(units, text)
    if not found:
        raise ValueError("neither seconds nor a duration such as PT1H30M")
    sign, *parts = found.groups()
    span = kind(**dict(zip(("weeks", "days", "hours", "minutes", "seconds"), (float(part or 0) for part in parts))))
    return -span if sign else span


def key_of(hint, key):
    return hint(key) if hint in (int, float) else key
'''

REPORT = r'''
"""Tells the caller how far a tool is. Where nobody listens, as on a command line, nothing happens."""
import os


def progress(done, total=None, message=""):
    """`done` of `total`; each call says more than the one before."""
    _tell(f"progress {done}" + ("" if total is None else f"/{total}"), message)


def log(level, message):
    """`level` is debug, info, notice, warning, error, critical, alert or emergency."""
    _tell(f"log {level}", message)


def _tell(words, message):
    line = " ".join([words, *str(message).split()]).encode("utf-8", "replace")[:4095] + b"\n"
    try:
        pipe = os.open(os.environ.get("RYE_REPORT", os.devnull), os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return
    try:
        os.write(pipe, line)
    except OSError:
        pass
    finally:
        os.close(pipe)
'''


class Report:
    """Finds the module `rye_report`, unless there is another of that name."""
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "rye_report":
            from importlib.machinery import ModuleSpec
            return ModuleSpec(name, Report)

    @staticmethod
    def create_module(spec):
        return None

    @staticmethod
    def exec_module(module):
        exec(REPORT, module.__dict__)


FAILURE = r'''
import traceback

MOST, LONGEST = 20, 500


def own_frames(error, folders):
    return [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(folders)]


def text_of(error):
    try:
        return str(error)
    except Exception:
        return ""


def behind(error, folders):
    """Notes, what is in a group, and what led to it, nearest first. Each error is told once."""
    told, known = [], [("", error)]
    for word, one in known:
        if len(told) >= MOST:
            break
        if word:
            text = text_of(one)
            place = "".join(f" ({at.filename}:{at.lineno} in {at.name})" for at in own_frames(one, folders)[-1:])
            told.append(f"{word} {type(one).__qualname__}{': ' if text else ''}{short(text)}{place}")
        notes = getattr(one, "__notes__", None)
        told.extend("note: " + short(str(note)) for note in (notes if isinstance(notes, list) else ())[:MOST])
        more = [("caused by", one.__cause__)]
        if one.__cause__ is None and not one.__suppress_context__:
            more = [("while handling", one.__context__)]
        members = getattr(one, "exceptions", None)
        more += [("in the group:", member) for member in (members if isinstance(members, tuple) else ())[:MOST]]
        known += [(word, each) for word, each in more
                  if isinstance(each, BaseException) and all(each is not other for _, other in known)]
    return told[:MOST]


def short(text):
    return text if len(text) <= LONGEST else text[:LONGEST] + "..."


def failure(error, folders):
    frames = own_frames(error, folders)
    if isinstance(error, SyntaxError) and error.filename:
        frames.append(traceback.FrameSummary(error.filename, error.lineno, "<module>"))
    frames[5:-15] = []
    try:
        causes = behind(error, folders)
    except Exception:
        causes = []
    return {"type": type(error).__qualname__, "message": text_of(error), "causes": causes, "traceback": [
        {"file": frame.filename, "line": frame.lineno or 0, "function": frame.name, "text": frame.line or ""}
        for frame in frames]}
'''


def plain(value):
    kind = type(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        value = bytes(value)
        try:
            return value.decode()
        except UnicodeDecodeError:
            from binascii import b2a_base64
            return {"base64": b2a_base64(value, newline=False).decode()}
    if isinstance(value, (set, frozenset)):
        try:
            return sorted(value)
        except TypeError:
            return list(value)
    if hasattr(kind, "__dataclass_fields__"):
        return {name: getattr(value, name) for name in kind.__dataclass_fields__}
    if hasattr(kind, "__members__") and not isinstance(value, type):
        return value.value
    for name in ("model_dump", "isoformat", "__fspath__", "total_seconds"):
        if hasattr(kind, name):
            return getattr(value, name)()
    if kind.__module__ in ("decimal", "uuid", "fractions"):
        return str(value)
    raise TypeError(kind.__name__)


def blame(value, path):
    if isinstance(value, float) and value - value != 0:
        return f"{path} is {value!r}, which JSON cannot say"
    if value is None or isinstance(value, (str, int, float)):
        try:
            str(value).encode()
            return None
        except ValueError as error:
            return f"{path}: {error}"
    if isinstance(value, dict):
        for key in value:
            if not (key is None or isinstance(key, (str, int, float))):
                return f"{path} has a key of type {type(key).__name__}"
            reason = blame(key, f"{path} has a key that")
            if reason:
                return reason
        parts = [(item, f"{path}.{key}") for key, item in value.items()]
    elif isinstance(value, (list, tuple)):
        parts = [(item, f"{path}[{at}]") for at, item in enumerate(value)]
    else:
        try:
            parts = [(plain(value), path)]
        except TypeError:
            return f"{path} is of type {type(value).__name__}, which JSON cannot say"
    return next(filter(None, (blame(*part) for part in parts)), None)


def codec():
    try:
        from _json import encode_basestring, make_encoder, make_scanner
        rules = type("Rules", (), dict(strict=False, object_hook=None, object_pairs_hook=None, parse_float=float,
                                       parse_int=int, parse_constant=None, memo={}))
        scan = make_scanner(rules)
        encode = make_encoder({}, plain, encode_basestring, None, ":", ",", False, False, False)
        return lambda text: scan(text, 0)[0], lambda value: "".join(encode(value, 0))
    except (ImportError, TypeError):
        import json
        return json.loads, lambda value: json.dumps(value, default=plain, allow_nan=False, ensure_ascii=False)


async def awaited(value):
    return await value


def call(request):
    path, name, params = request["path"], request["module"], request["params"]
    at = next((at for at, folder in enumerate(sys.path) if folder.endswith("-packages")), len(sys.path))
    sys.path[at:at] = request["folders"]
    sys.meta_path.append(Report)
    sys.argv = [path]
    if name.partition(".")[0] in getattr(sys, "stdlib_module_names", sys.modules):
        name = "tools." + name
        sys.modules["tools"] = type(sys)("tools")
        sys.modules["tools"].__path__ = request["folders"][-1:]
    module = sys.modules[name] = type(sys)(name)
    module.__file__, module.__package__ = path, name.rpartition(".")[0]
    exec(compile(request["source"], path, "exec", 0, True), module.__dict__)
    function = getattr(module, request["function"])
    if request["function"] == "execute":
        result = function(params, request["project_path"])
    else:
        if request["converts"] or "pydantic" in sys.modules:
            later = {"sys": sys}
            exec(LATER, later)
            later["convert"](function, params, request)
            later["defaults"](function, params)
        code, first = getattr(function, "__code__", None), []
        for only in code.co_varnames[:getattr(code, "co_posonlyargcount", 0)] if code else ():
            if only not in params:
                break
            first.append(params.pop(only))
        result = function(*first, **params)
    if hasattr(result, "__await__"):
        import asyncio
        result = asyncio.run(awaited(result))
    return result


def end(code):
    """Threads that the function left behind get two seconds to end, as processes do."""
    threading = sys.modules.get("threading")
    if threading:
        left = [thread for thread in threading.enumerate() if not thread.daemon and thread is not threading.main_thread()]
        if left:
            import time
            until = time.monotonic() + 2
            for thread in left:
                thread.join(max(0, until - time.monotonic()))
            if any(thread.is_alive() for thread in left):
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
    sys.exit(code)


def serve():
    channel = int(os.environ.pop("RYE_CALL_FD"))
    os.set_inheritable(channel, False)
    received = bytearray()
    for chunk in iter(lambda: os.read(channel, 1 << 20), b""):
        received += chunk
    decode, encode = codec()
    request = decode(received.decode())
    folders = tuple(folder + "/" for folder in request["folders"])
    code = 1
    try:
        result = call(request)
        try:
            reply = encode({"result": result}).encode()
            code = 0
        except (TypeError, ValueError, RecursionError) as error:
            try:
                reason = blame(result, "result") or str(error)
            except RecursionError:
                reason = "result refers to itself"
            reply = encode({"error": {"type": "TypeError", "message": reason, "traceback": []}}).encode()
    except KeyboardInterrupt:
        import signal
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    except SystemExit as error:
        if error.code not in (None, 0):
            raise
        reply, code = b'{"result":null}', 0
    except BaseException as error:
        later = {}
        exec(FAILURE, later)
        told = later["failure"](error, folders)
        if request.get("argument") and isinstance(error, (TypeError, ValueError)):
            told["argument"] = getattr(error, "place_in_arguments", request["argument"])
        reply = encode({"error": told}).encode("utf-8", "replace")
    reply = memoryview(reply + b"\n")
    while reply:
        reply = reply[os.write(channel, reply):]
    os.close(channel)
    end(code)


serve()
