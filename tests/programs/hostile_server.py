"""An MCP server of the older era with a bad habit. It writes itself, and whom it starts, into a roster."""

import json
import os
import signal
import sys
import time

habit, roster = sys.argv[1], sys.argv[2]


def enrol():
    with open("/proc/self/stat") as stat:
        start = stat.read().rsplit(")", 1)[1].split()[19]
    with open(roster, "a") as file:
        file.write(f"{os.getpid()} {start}\n")


def say(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def send(**fields):
    say(json.dumps({"jsonrpc": "2.0", **fields}))


def hear():
    line = sys.stdin.readline()
    if not line:
        sys.exit(0)
    return json.loads(line)


def sleep_for_ever():
    while True:
        time.sleep(1000)


def daemon():
    if os.fork() == 0:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        enrol()
        # It holds the pipes open.
        sleep_for_ever()
    while open(roster).read().count("\n") < 2:
        time.sleep(0.01)


enrol()
if habit == "silent":
    sleep_for_ever()
if habit == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sleep_for_ever()
if habit == "dies":
    sys.stderr.write("I am tired\n")
    sys.exit(7)
if habit == "closes":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.close(1)
    sleep_for_ever()
if habit == "garbage-and-dies":
    for line in ("Listening on :3000", "{", "[1]"):
        say(line)
    sys.exit(7)
if habit == "huge-line":
    say("x" * (17 << 20))
    sleep_for_ever()
if habit == "endless-line":
    while True:
        sys.stdout.write("x" * 65536)
if habit == "daemon":
    daemon()
if habit == "garbage":
    for line in ("Listening on :3000", "", "\x1b[31m", '{"jsonrpc": "2.0", "id": 77, "result": {}}', "null"):
        say(line)
if habit == "floods-stderr":
    sys.stderr.write("y" * (4 << 20))

while True:
    message = hear()
    method, number = message.get("method"), message.get("id")
    if method == "server/discover":
        if habit.endswith("when-asked"):
            sys.stderr.write("what? " * 20_000 * ("loudly" in habit))
            sys.exit(1)
        if habit != "ignores-the-question":
            send(id=number, error={"code": -32601, "message": "what?"})
        continue
    if method == "initialize":
        version = "1999-01-01" if habit == "old" else message["params"]["protocolVersion"]
        send(id=number, result={"protocolVersion": version, "capabilities": {}, "serverInfo": {"name": "h", "version": "0"}})
    elif method == "tools/list":
        page = int(message["params"].get("cursor", "0"))
        send(id=number, result={"tools": [{"name": f"t{page}"}], "nextCursor": str(page + 1)})
    elif method == "tools/call":
        if habit == "dies-in-call":
            os._exit(7)
        if habit == "refuses":
            send(id=number, error={"code": -32000, "message": "no \x1b[31m"})
            continue
        if habit == "wrong-result":
            send(id=number, result={"content": "text"})
            continue
        if habit == "asks":
            for question in ("sampling/createMessage", "roots/list", "elicitation/create", "ping"):
                send(id=question, method=question, params={})
                answer = hear()
                ok = "result" in answer if question == "ping" else answer["error"]["code"] == -32601
                if answer["id"] != question or not ok:
                    sys.exit(9)
        if habit == "asks-without-end":
            # Each answer to these has to repeat 100 kB, and none is read.
            for question in range(2000):
                send(id=f"{question}" + "q" * 100_000, method="ping")
            with open(f"/proc/{os.getppid()}/status") as status:
                peak = next(line for line in status if line.startswith("VmHWM:")).split()[1]
            send(id=number, result={"content": [], "structuredContent": {"kB": int(peak)}})
            continue
        if habit == "waits":
            send(method="notifications/message", params={"level": "info", "data": "on it"})
            told = hear()
            sys.stderr.write(f"{told['method'].split('/')[-1]} {told['params']['requestId']}\n")
            sys.stderr.flush()
            sleep_for_ever()
        if habit == "stays-silent":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            sys.stderr.write("here\n")
            sys.stderr.flush()
            sleep_for_ever()
        if habit == "chatty":
            token = message["params"]["_meta"]["progressToken"]
            for done in range(2000):
                send(method="notifications/progress", params={"progressToken": token, "progress": done})
        result = {"content": [{"type": "text", "text": "done"}]}
        if habit in ("reports", "reports-failure"):
            sys.stderr.write("server is starting up\n")
            sys.stderr.flush()
            result = {
                "content": [{"type": "text", "text": "3 rows were deleted"}],
                "structuredContent": {"n": 3},
                "_meta": {"anthropic/maxResultSizeChars": 200000},
                "isError": habit == "reports-failure",
            }
        if habit == "says-much":
            result = {"content": [{"type": "text", "text": "\x1b[31m" + "x" * 100_000}, {"type": "image", "data": "QQ==", "mimeType": "image/png"}]}
        if habit == "batch":
            say(json.dumps([{"jsonrpc": "2.0", "method": "m"}, {"jsonrpc": "2.0", "id": number, "result": result}]))
        else:
            send(id=number, result=result)
        if habit == "stays":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            sleep_for_ever()
