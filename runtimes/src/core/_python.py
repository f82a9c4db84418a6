# Calls one function of one file: request and reply are JSON on a descriptor of their own, one each.
# Kept small and without imports: every cold call compiles it. `_json` is `json` without `re`.
import os
import sys


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
    if hasattr(kind, "__members__"):
        return value.value
    for name in ("model_dump", "isoformat", "__fspath__"):
        if hasattr(kind, name):
            return getattr(value, name)()
    if kind.__module__ in ("decimal", "uuid", "fractions"):
        return str(value)
    raise TypeError(kind.__name__)


def blame(value, path):
    if isinstance(value, float) and value - value != 0:
        return f"{path} is {value!r}, which JSON cannot say"
    if value is None or isinstance(value, (str, int, float)):
        return None
    if isinstance(value, dict):
        for key in value:
            if not (key is None or isinstance(key, (str, int, float))):
                return f"{path} has a key of type {type(key).__name__}"
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
        from _json import encode_basestring_ascii, make_encoder, make_scanner
        rules = type("Rules", (), dict(strict=False, object_hook=None, object_pairs_hook=None, parse_float=float,
                                       parse_int=int, parse_constant=None, memo={}))
        scan = make_scanner(rules)
        encode = make_encoder({}, plain, encode_basestring_ascii, None, ":", ",", False, False, False)
        return lambda text: scan(text, 0)[0], lambda value: "".join(encode(value, 0))
    except (ImportError, TypeError):
        import json
        return json.loads, lambda value: json.dumps(value, default=plain, allow_nan=False)


def failure(error, kind, folders):
    import traceback
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(folders)]
    if isinstance(error, SyntaxError) and error.filename:
        frames.append(traceback.FrameSummary(error.filename, error.lineno, "<module>"))
    return {"error": {"type": kind, "message": str(error), "traceback": [
        {"file": frame.filename, "line": frame.lineno or 0, "function": frame.name, "text": frame.line or ""}
        for frame in frames]}}


async def awaited(value):
    return await value


def call(request):
    path, name = request["path"], request["module"]
    if sys.path and not sys.path[0]:
        del sys.path[0]
    at = next((at for at, folder in enumerate(sys.path) if folder.endswith("-packages")), len(sys.path))
    sys.path[at:at] = request["folders"]
    sys.argv = [path]
    if name.partition(".")[0] in getattr(sys, "stdlib_module_names", sys.modules):
        name = "tools." + name
    module = sys.modules[name] = type(sys)(name)
    module.__file__, module.__package__ = path, name.rpartition(".")[0]
    exec(compile(request["source"], path, "exec", 0, True), module.__dict__)
    function = getattr(module, request["function"])
    if request["function"] == "execute":
        result = function(request["params"], request["project_path"])
    else:
        result = function(**request["params"])
    if hasattr(result, "__await__"):
        import asyncio
        result = asyncio.run(awaited(result))
    return result


def serve():
    channel = int(os.environ.pop("RYE_CALL_FD"))
    os.set_inheritable(channel, False)
    received = bytearray()
    while chunk := os.read(channel, 1 << 20):
        received += chunk
    decode, encode = codec()
    request = decode(received.decode())
    folders = tuple(folder + "/" for folder in request["folders"])
    failed = 1
    try:
        result = call(request)
        try:
            reply = encode({"result": result})
            failed = 0
        except (TypeError, ValueError, RecursionError) as error:
            try:
                reason = blame(result, "result") or str(error)
            except RecursionError:
                reason = "result refers to itself"
            reply = encode({"error": {"type": "TypeError", "message": reason, "traceback": []}})
    except KeyboardInterrupt:
        import signal
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    except Exception as error:
        reply = encode(failure(error, type(error).__qualname__, folders))
    reply = memoryview((reply + "\n").encode())
    while reply:
        reply = reply[os.write(channel, reply):]
    os.close(channel)
    return failed


sys.exit(serve())
