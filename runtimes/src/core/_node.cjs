// Calls one function of one file: request and reply are JSON on a descriptor of their own, one each.
const fs = require("node:fs");
const { builtinModules } = require("node:module");
const { pathToFileURL } = require("node:url");

const channel = Number(process.env.RYE_CALL_FD);
delete process.env.RYE_CALL_FD;

function received() {
  const chunks = [];
  const chunk = Buffer.allocUnsafe(1 << 16);
  for (let length; (length = fs.readSync(channel, chunk)) > 0; ) chunks.push(Buffer.from(chunk.subarray(0, length)));
  return Buffer.concat(chunks).toString();
}

function send(reply) {
  let bytes = Buffer.from(JSON.stringify(reply) + "\n");
  try {
    while (bytes.length) bytes = bytes.subarray(fs.writeSync(channel, bytes));
  } catch {
    // Nobody listens any more.
  }
}

function answer(reply, code) {
  send(reply);
  process.exit(code);
}

// Half a surrogate pair is no character, and no JSON that others read.
const wellFormed = (text) => text.replace(/\p{Surrogate}/gu, "\ufffd");

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
    case "string":
      return wellFormed(value);
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
  // What is gone through or waited for has no members of its own: JSON would say `{}`.
  const isWalked = typeof value.next === "function" && (value[Symbol.iterator] || value[Symbol.asyncIterator]);
  if (isWalked || value instanceof Promise) refuse(`of type ${Object.prototype.toString.call(value).slice(8, -1)}`);
  if (Array.isArray(value)) return value.map((item, at) => plain(item ?? null, `${path}[${at}]`, above));
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  const members = entries.filter(([, item]) => item !== undefined);
  return Object.fromEntries(members.map(([key, item]) => [wellFormed(String(key)), plain(item, `${path}.${String(key)}`, above)]));
}

// The whole numbers of a JSON text that JavaScript cannot hold, as it holds them.
function roundedIn(text) {
  if (!/\d{16}/.test(text)) return new Set();
  const tokens = [...text.matchAll(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g)].map(([token]) => token);
  const numbers = tokens.filter((token) => /^-?\d+$/.test(token)).map(Number);
  return new Set(numbers.filter((number) => !Number.isSafeInteger(number)));
}

// A number that JavaScript has rounded already is not what the caller gave.
function refuseRounded(value, path, rounded) {
  if (rounded.has(value)) {
    throw new RangeError(`${path} is beyond 2^53, which JavaScript cannot hold exactly: pass it as a string`);
  }
  if (value !== null && typeof value === "object") {
    for (const [key, item] of Object.entries(value)) refuseRounded(item, `${path}.${key}`, rounded);
  }
}

// Anything can be thrown, even what has no text.
function text(value) {
  try {
    return String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}

function ownFrames(error, folders) {
  const frames = [];
  for (const line of String(error.stack).split("\n")) {
    const [, name, file, at] = /^\s*at (?:(.*) \()?(?:file:\/\/)?(\/.*?):(\d+)(?::\d+)?\)?$/.exec(line) ?? [];
    if (file && folders.some((folder) => file.startsWith(folder + "/"))) {
      frames.unshift({ file, line: Number(at), function: name ?? "<module>", text: "" });
    }
  }
  return frames;
}

const MOST = 20;
const LONGEST = 500;

// What is in an AggregateError, and what led to an error, nearest first. Each is told once.
function behind(error, folders) {
  const told = [];
  const known = [["", error]];
  for (const [word, one] of known) {
    if (told.length >= MOST) break;
    const isError = one instanceof Error;
    if (word) {
      const said = (isError ? [one.name, one.message] : ["", one]).map(text).filter(Boolean).join(": ");
      const [at] = isError ? ownFrames(one, folders).slice(-1) : [];
      const place = at ? ` (${at.file}:${at.line} in ${at.function})` : "";
      told.push(`${word} ${said.length > LONGEST ? said.slice(0, LONGEST) + "..." : said}${place}`);
    }
    if (!isError) continue;
    const members = Array.isArray(one.errors) ? one.errors.slice(0, MOST) : [];
    const more = one.cause === undefined ? [] : [["caused by", one.cause]];
    more.push(...members.map((member) => ["in the group:", member]));
    for (const pair of more) if (!known.some(([, other]) => other === pair[1])) known.push(pair);
  }
  return told;
}

function failure(error, folders) {
  if (!(error instanceof Error)) return { type: "Error", message: text(error), traceback: [] };
  const traceback = ownFrames(error, folders);
  let causes = [];
  try {
    causes = behind(error, folders);
  } catch {
    // An error may have anything for a cause, even what cannot be looked at.
  }
  const [, file, at] = /^(?:file:\/\/)?(\/.*):(\d+)$/m.exec(String(error.stack)) ?? [];
  if (!traceback.length && file) traceback.push({ file, line: Number(at), function: "<module>", text: "" });
  return { type: text(error.name), message: text(error.message), causes, traceback };
}

// What `node -e` puts into the global scope is no part of a file's: a tool that ran by it would run nowhere else.
function clearScope() {
  // Were the last name written whole in this text, Node would load that module before it runs it: 4 ms.
  const usual = ["process", "console", "cry" + "pto"];
  const unusual = builtinModules.filter((name) => !usual.includes(name));
  for (const name of ["require", "exports", "__filename", "__dirname", ...unusual]) delete globalThis[name];
}

async function call(request, rounded) {
  // Node restores some of that scope when this text has run.
  await null;
  clearScope();
  process.argv.length = 1;
  process.argv.push(request.path);
  if (rounded.size) refuseRounded(request.params, "params", rounded);
  const module = await import(pathToFileURL(request.path).href);
  const named = [module, module.default ?? {}].map((from) => from.main ?? from.execute).find((one) => one);
  const entry = named ?? module.default;
  if (typeof entry !== "function") {
    throw new TypeError("the file exports no function: `export default`, `main` or `execute`");
  }
  return plain((await entry(request.params, request.project_path)) ?? null, "result", []);
}

// Nothing is left to do, and there is no reply.
process.once("beforeExit", () => {
  const error = { type: "Error", message: "the promise of the function is never settled", traceback: [] };
  answer({ error }, 1);
});

const json = received();
const request = JSON.parse(json);
call(request, roundedIn(json)).then(
  (result) => answer({ result }, 0),
  (error) => {
    const reply = { error: failure(error, request.folders) };
    if (!(error instanceof SyntaxError) || reply.error.traceback.length) return answer(reply, 1);
    // Where such an error stands, Node tells only by itself.
    process.once("exit", () => send(reply));
    throw error;
  },
);
