// Calls one function of one file: request and reply are JSON on a descriptor of their own, one each.
const fs = require("node:fs");
const { pathToFileURL } = require("node:url");

const channel = Number(process.env.RYE_CALL_FD);
delete process.env.RYE_CALL_FD;

function received() {
  const chunks = [];
  const chunk = Buffer.allocUnsafe(1 << 16);
  for (let length; (length = fs.readSync(channel, chunk)) > 0; ) chunks.push(Buffer.from(chunk.subarray(0, length)));
  return Buffer.concat(chunks).toString();
}

function answer(reply, code) {
  let bytes = Buffer.from(JSON.stringify(reply) + "\n");
  try {
    while (bytes.length) bytes = bytes.subarray(fs.writeSync(channel, bytes));
  } catch {
    // Nobody listens any more.
  }
  process.exit(code);
}

// The value as JSON can say it; what it cannot say is an error with its path.
function plain(value, path, above) {
  const refuse = (what) => {
    throw new TypeError(`${path} is ${what}, which JSON cannot say`);
  };
  if (value !== null && typeof value === "object" && typeof value.toJSON === "function" && !Buffer.isBuffer(value)) {
    value = value.toJSON();
  }
  switch (typeof value) {
    case "number":
      return Number.isFinite(value) ? value : refuse(String(value));
    case "bigint":
      return JSON.rawJSON ? JSON.rawJSON(value.toString()) : refuse("a BigInt");
    case "function":
    case "symbol":
      return refuse(`a ${typeof value}`);
    case "object":
      break;
    default:
      return value;
  }
  if (value === null) return null;
  if (above.includes(value)) refuse("part of itself");
  above = [...above, value];
  if (value instanceof Uint8Array) {
    const bytes = Buffer.from(value);
    const text = bytes.toString();
    return Buffer.from(text).equals(bytes) ? text : { base64: bytes.toString("base64") };
  }
  if (value instanceof Set) value = [...value];
  if (Array.isArray(value)) return value.map((item, at) => plain(item ?? null, `${path}[${at}]`, above));
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  const members = entries.filter(([, item]) => item !== undefined);
  return Object.fromEntries(members.map(([key, item]) => [key, plain(item, `${path}.${String(key)}`, above)]));
}

// A number that JavaScript has rounded already is not what the caller gave.
function refuseRounded(value, path) {
  if (typeof value === "number" && Math.abs(value) > Number.MAX_SAFE_INTEGER && Math.abs(value) < 2 ** 64) {
    throw new RangeError(`${path} is beyond 2^53, which JavaScript cannot hold exactly: pass it as a string`);
  }
  if (value !== null && typeof value === "object") {
    for (const [key, item] of Object.entries(value)) refuseRounded(item, `${path}.${key}`);
  }
}

function failure(error, folders) {
  if (!(error instanceof Error)) return { type: "Error", message: String(error), traceback: [] };
  const traceback = [];
  for (const line of String(error.stack).split("\n")) {
    const [, name, file, at] = /^\s*at (?:(.*) \()?(?:file:\/\/)?(\/.*?):(\d+)(?::\d+)?\)?$/.exec(line) ?? [];
    if (file && folders.some((folder) => file.startsWith(folder + "/"))) {
      traceback.unshift({ file, line: Number(at), function: name ?? "<module>", text: "" });
    }
  }
  const [, file, at] = /^(?:file:\/\/)?(\/.*):(\d+)$/m.exec(String(error.stack)) ?? [];
  if (!traceback.length && file) traceback.push({ file, line: Number(at), function: "<module>", text: "" });
  return { type: error.name, message: error.message, traceback };
}

async function call(request) {
  process.argv.length = 1;
  process.argv.push(request.path);
  refuseRounded(request.params, "params");
  const module = await import(pathToFileURL(request.path).href);
  const named = [module, module.default ?? {}].map((from) => from.main ?? from.execute).find((one) => one);
  const entry = named ?? module.default;
  if (typeof entry !== "function") {
    throw new TypeError("the file exports no function: `export default`, `main` or `execute`");
  }
  return plain((await entry(request.params, request.project_path)) ?? null, "result", []);
}

const request = JSON.parse(received());
call(request).then(
  (result) => answer({ result }, 0),
  (error) => answer({ error: failure(error, request.folders) }, 1),
);
