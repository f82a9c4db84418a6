//! Node function tools, called as their file says: ESM or CommonJS as Node decides, promises awaited, prints kept off
//! the result, and what JSON cannot say is told with its path.

use serde_json::{Value, json};

use crate::world::{World, have, node22};

/// A world with one tool, when there is a Node.
fn tool(name: &str, text: &str) -> Option<World> {
    have("node").then(World::new).inspect(|world| {
        world.tool(name, text);
    })
}

/// The outcome of a call, and its exit code.
fn failure(world: &World, words: &[&str]) -> (Value, Option<i32>) {
    let ran = world.rye([&["--json", "run"], words].concat()).run();
    (ran.json(), ran.code)
}

/// Asserts that a call failed in the tool: exit code 1, `tool_failed`, and what its message begins with.
#[track_caller]
fn fails(world: &World, words: &[&str], message: &str) -> Value {
    let (outcome, code) = failure(world, words);
    assert_eq!((code, &outcome["error"]["code"]), (Some(1), &json!("tool_failed")), "{outcome:#}");
    let told = outcome["error"]["message"].as_str().unwrap();
    assert!(told.starts_with(message), "no {message:?} in {told:?}");
    outcome
}

#[test]
fn functions_are_called_however_they_are_exported() {
    let Some(world) = tool("t.mjs", "") else { return };
    for (name, text) in [
        ("a.mjs", "export default (p) => ['a', p.x]\n"),
        ("b.mjs", "export default async function (p) { return ['b', p.x] }\n"),
        ("c.mjs", "import fs from 'node:fs'\nexport function main(p) { return ['c', p.x] }\n"),
        ("d.mjs", "export async function execute(p) { await null; return ['d', p.x] }\n"),
        ("e.mjs", "export default { main(p) { return ['e', p.x] } }\n"),
        ("f.mjs", "export default () => 'not this'\nexport function main(p) { return ['f', p.x] }\n"),
        ("g.cjs", "module.exports = (p) => ['g', p.x]\n"),
        ("h.cjs", "module.exports = { main: (p) => ['h', p.x] }\n"),
        ("i.cjs", "exports.main = async (p) => ['i', p.x]\n"),
        ("j.cjs", "exports.execute = (p) => new Promise((done) => setImmediate(done, ['j', p.x]))\n"),
        ("k.js", "module.exports = (p) => ['k', p.x]\n"),
        ("l.mjs", "const one = await Promise.resolve('l')\nexport default (p) => [one, p.x]\n"),
        ("n.mjs", "export const main = async (p) => ['n', p.x]\n"),
        ("o.mjs", "const main = (p) => ['o', p.x]\nexport { main }\n"),
        ("p.mjs", "function run(p) { return ['p', p.x] }\nexport {\n  run as main, // and no other\n}\n"),
        ("q.mjs", "export let execute = (p) => ['q', p.x]\n"),
        ("r.mjs", "const run = (p) => ['r', p.x]\nexport { run as default }\n"),
        ("m.mjs", "export default (p) => ({ then(done) { done(['m', p.x]) } })\n"),
    ] {
        world.tool(name, text);
        let id = name.split_once('.').unwrap().0;
        assert_eq!(world.data(["--params", r#"{"x": 1}"#, id]), json!([id, 1]), "{name}");
    }
}

#[test]
fn a_function_has_the_parameters_and_the_project() {
    let text = "export default function (p, project) { return [p, project, arguments.length] }\n";
    let Some(world) = tool("t.mjs", text) else { return };
    let project = world.project();
    assert_eq!(world.data(["t"]), json!([{}, project, 2]));
    assert_eq!(world.data(["t", "--a-b", "1"]), json!([{"a-b": 1}, project, 2]));
    let exact = r#"{"list":[1,null],"text":"é\u0000","less":-9007199254740991,"far":1e300}"#;
    let want: Value = serde_json::from_str(exact).unwrap();
    assert_eq!(world.data(["--params", exact, "t"])[0], want);
}

#[test]
fn declared_parameters_are_held_before_node_starts() {
    let Some(world) = tool(
        "t.mjs",
        r#"// /// rye
// description = "Repeat a word"
// [parameters.word]
// type = "string"
// required = true
// [parameters.times]
// type = "integer"
// default = 2
// ///
import fs from "node:fs";

export default ({ word, times = 2 }) => {
  fs.writeFileSync("ran", "");
  return Array(times).fill(word);
};
"#,
    ) else {
        return;
    };
    assert_eq!(world.data(["t", "hey"]), json!(["hey", "hey"]));
    assert_eq!(world.data(["t", "hey", "--times", "1"]), json!(["hey"]));
    world.refused(["t"], 2, "invalid_arguments", &["`word`: required and not given"]);
    world.refused(["t", "hey", "--times", "x"], 2, "invalid_arguments", &["`times`: expected an integer"]);
    world.refused(["t", "hey", "--tmies", "1"], 2, "invalid_arguments", &["did you mean `--times`?"]);
    assert!(world.rye(["run", "t", "--help"]).run().ok().contains("Repeat a word"));
}

#[test]
fn package_json_says_what_js_is() {
    let Some(world) = tool("t.js", "export default () => typeof require\n") else { return };
    world.tool("c.cjs", "module.exports = () => typeof require\n");
    world.file("project/package.json", r#"{"type": "module"}"#);
    assert_eq!(world.data(["t"]), "undefined");
    assert_eq!(world.data(["c"]), "function");
    // In such a project `module.exports` is a mistake, and Node's own words say what to do.
    world.tool("t.js", "module.exports = () => 1\n");
    let outcome = fails(&world, &["t"], "ReferenceError: module is not defined in ES module scope");
    assert!(outcome["error"]["message"].as_str().unwrap().contains("package.json"), "{outcome:#}");
    // The nearest one counts.
    world.tool("package.json", r#"{"type": "commonjs"}"#);
    assert_eq!(world.data(["t"]), 1);
    world.tool("package.json", "{");
    let (outcome, code) = failure(&world, &["t"]);
    assert_eq!(code, Some(1), "{outcome:#}");
    assert!(outcome["error"]["message"].as_str().unwrap().contains("package.json"), "{outcome:#}");
}

#[test]
fn the_global_scope_is_that_of_a_file() {
    let names = r#"["require", "module", "exports", "__filename", "fs", "path", "Buffer", "process", "crypto", "fetch"]"#;
    let text = format!("export default () => {names}.filter((name) => name in globalThis)\n");
    let Some(world) = tool("t.mjs", &text) else { return };
    assert_eq!(world.data(["t"]), json!(["Buffer", "process", "crypto", "fetch"]));
    world.tool(
        "c.cjs",
        "module.exports = () => [typeof require('fs'), __filename, require.main === module]\n",
    );
    assert_eq!(world.data(["c"]), json!(["object", world.tools().join("c.cjs"), false]));
}

#[test]
fn nothing_is_loaded_that_a_file_by_itself_would_not_load() {
    let loaded =
        "process.moduleLoadList.filter((name) => /^NativeModule (crypto|stream|http|net)$/.test(name))";
    let Some(world) = tool("t.mjs", &format!("export default () => {loaded}\n")) else { return };
    assert_eq!(world.data(["t"]), json!([]));
}

#[test]
fn what_a_function_prints_is_log_and_never_its_result() {
    let Some(world) = tool(
        "t.mjs",
        r#"import { spawnSync } from "node:child_process";
console.log('{"result": "forged"}');
export default () => {
  console.log("out");
  console.error("err");
  process.stdout.write(Buffer.from([0, 255, 10]));
  spawnSync("sh", ["-c", "echo child; echo forged >&3"], { stdio: "inherit" });
  return { own: Object.keys(process.env).filter((name) => name === "RYE_CALL_FD"), argv: process.argv.length };
};
"#,
    ) else {
        return;
    };
    let outcome = world.outcome(["t"]);
    assert_eq!(outcome["data"], json!({"own": [], "argv": 2}), "{outcome:#}");
    assert_eq!(outcome["stdout"], "{\"result\": \"forged\"}\nout\n\0\u{fffd}\nchild\n");
    assert!(outcome["stderr"].as_str().unwrap().starts_with("err\n"), "{outcome:#}");
    let ran = world.rye(["run", "t"]).run();
    let printed: Value = serde_json::from_str(&ran.ok()).unwrap();
    assert_eq!(printed["argv"], 2);
    assert!(ran.stderr().contains("out\n"), "{}", ran.stderr());
}

#[test]
fn a_failure_has_type_message_and_the_tools_own_frames() {
    let Some(world) = tool(
        "t.mjs",
        r#"import { fail } from "./sibling.mjs";

export default async function main({ how }) {
  if (how === "reject") return Promise.reject(new TypeError("rejected"));
  if (how === "text") throw "only text";
  if (how === "nothing") throw undefined;
  if (how === "bare") throw Object.create(null);
  if (how === "odd") throw Object.assign(new Error(""), { message: { a: 1 }, name: 7, stack: null });
  if (how === "later") { setImmediate(() => { throw new Error("later") }); await new Promise(() => {}); }
  fail(how);
}
"#,
    ) else {
        return;
    };
    world.tool(
        "sibling.mjs",
        "export const name = 'x'\nexport const fail = (how) => {\n  class Odd extends Error { name = 'Odd' }\n  throw new Odd(how)\n}\n",
    );
    let outcome = fails(&world, &["t", "--how", "thrown"], "Odd: thrown");
    let causes = outcome["error"]["causes"].to_string();
    assert!(causes.contains("sibling.mjs:4") && causes.contains("t.mjs:10"), "{causes}");
    assert!(!causes.contains("node:"), "{causes}");
    fails(&world, &["t", "--how", "reject"], "TypeError: rejected");
    fails(&world, &["t", "--how", "text"], "Error: only text");
    fails(&world, &["t", "--how", "nothing"], "Error: undefined");
    fails(&world, &["t", "--how", "bare"], "Error: ");
    fails(&world, &["t", "--how", "odd"], "7: [object Object]");
    let outcome = fails(&world, &["t", "--how", "later"], "`t` exited with code 1");
    assert!(outcome["stderr"].as_str().unwrap().contains("Error: later"), "{outcome:#}");
    world.rye(["run", "t", "--how", "thrown"]).run().fails(1, &["Odd: thrown", "sibling.mjs:4"]);
}

#[test]
fn what_led_to_an_error_is_told_with_it() {
    let Some(world) = tool(
        "t.mjs",
        r#"const low = () => new RangeError("low");

export default ({ how }) => {
  const cause = low();
  if (how === "chain") throw new Error("high", { cause: new TypeError("middle", { cause }) });
  if (how === "text") throw new Error("high", { cause: "only text" });
  if (how === "odd") throw new Error("high", { cause: Object.create(null) });
  if (how === "long") throw new Error("high", { cause: "y".repeat(100000) });
  if (how === "loop") throw Object.assign(cause, { cause });
  if (how === "many") throw new AggregateError(Array.from({ length: 1000 }, (_, n) => new Error(n)), "high");
  throw new AggregateError([cause, 7], "high", { cause: "before" });
};
"#,
    ) else {
        return;
    };
    let at = |line: u32, name: &str| format!(" ({}:{line} in {name})", world.tools().join("t.mjs").display());
    let told = |how: &str| -> Vec<String> {
        let (outcome, code) = failure(&world, &["t", "--how", how]);
        let error = &outcome["error"];
        assert_eq!((code, &error["code"]), (Some(1), &json!("tool_failed")), "{how}: {outcome:#}");
        let causes = error["causes"].as_array().unwrap().iter();
        causes
            .map(|cause| cause.as_str().unwrap().to_owned())
            .take_while(|cause| !cause.starts_with('/'))
            .collect()
    };
    let low = format!("RangeError: low{}", at(1, "low"));
    assert_eq!(
        told("chain"),
        [format!("caused by TypeError: middle{}", at(5, "default")), format!("caused by {low}")]
    );
    assert_eq!(told("text"), ["caused by only text"]);
    assert_eq!(told("odd"), ["caused by [object Object]"]);
    assert!(matches!(told("long").as_slice(), [cause] if cause.len() < 600));
    assert_eq!(told("loop"), [""; 0]);
    assert_eq!(told("many").len(), 20);
    assert_eq!(
        told("group"),
        ["caused by before".to_owned(), format!("in the group: {low}"), "in the group: 7".to_owned()]
    );
    world.rye(["run", "t", "--how", "text"]).run().fails(1, &["error: Error: high", "caused by only text"]);
}

#[test]
fn an_exit_is_the_tools_own_code_and_no_promise_is_waited_for_in_vain() {
    let Some(world) = tool(
        "t.mjs",
        r#"export default async ({ how }) => {
  if (how === "never") await new Promise(() => {});
  if (how === "timer") await new Promise((done) => setTimeout(done, 20));
  if (how === "code") process.exitCode = 5;
  if (how === "left") setInterval(() => {}, 1000);
  if (how === "exit") process.exit(3);
  return how;
};
"#,
    ) else {
        return;
    };
    let (outcome, code) = failure(&world, &["t", "--how", "exit"]);
    assert_eq!((code, &outcome["error"]["code"]), (Some(3), &json!("tool_failed")), "{outcome:#}");
    assert_eq!(outcome["ending"], json!({"kind": "exited", "code": 3}), "{outcome:#}");
    for how in ["timer", "left"] {
        assert_eq!(world.data(["t", "--how", how]), how);
    }
    // A promise that nothing settles any more is no result.
    let (outcome, code) = failure(&world, &["t", "--how", "never"]);
    assert_eq!((code, &outcome["error"]["code"]), (Some(1), &json!("tool_failed")), "{outcome:#}");
    assert!(outcome["error"]["message"].as_str().unwrap().contains("never settled"), "{outcome:#}");
}

#[test]
fn results_are_json_as_javascript_means_it() {
    let Some(world) = tool("t.mjs", "") else { return };
    for (expression, want) in [
        ("undefined", json!(null)),
        ("null", json!(null)),
        ("'text'", json!("text")),
        ("-0.5", json!(-0.5)),
        ("2 ** 53", json!(9_007_199_254_740_992_i64)),
        ("[1, undefined, , null]", json!([1, null, null, null])),
        ("({ a: undefined, b: [] })", json!({"b": []})),
        ("new Map([['a', 1], [2, new Set([1, 2])]])", json!({"a": 1, "2": [1, 2]})),
        ("new Set([new Map()])", json!([{}])),
        ("Buffer.from('é')", json!("é")),
        ("Buffer.from([255, 0])", json!({"base64": "/wA="})),
        ("new Uint8Array([104, 105])", json!("hi")),
        ("new Date(0)", json!("1970-01-01T00:00:00.000Z")),
        ("new URL('http://a/b')", json!("http://a/b")),
        ("({ toJSON: () => ({ a: 1n === 1n }) })", json!({"a": true})),
        ("new (class { x = 1; #y = 2 })()", json!({"x": 1})),
        ("JSON.parse('{\"__proto__\": 1}')", json!({"__proto__": 1})),
        ("(() => { const shared = [1]; return [shared, shared] })()", json!([[1], [1]])),
        ("'\\ud800\\ud83d\\ude00'", json!("\u{fffd}\u{1f600}")),
    ] {
        world.tool("t.mjs", format!("export default () => {expression}\n"));
        assert_eq!(world.data(["t"]), want, "{expression}");
    }
    world.tool("t.mjs", "export default () => 'x'.repeat(1 << 20)\n");
    assert_eq!(world.data(["t"]).as_str().unwrap().len(), 1 << 20);
}

#[test]
fn what_json_cannot_say_is_refused_with_its_path() {
    let Some(world) = tool("t.mjs", "") else { return };
    for (expression, path, what) in [
        ("({ a: [0, NaN] })", "result.a[1]", "NaN"),
        ("-Infinity", "result", "-Infinity"),
        ("new Map([['k', { f() {} }]])", "result.k.f", "a function"),
        ("[Symbol('s')]", "result[0]", "a symbol"),
        ("(() => { const a = { b: [] }; a.b.push(a); return a })()", "result.b[0]", "part of itself"),
        ("new Date(NaN).getTime()", "result", "NaN"),
        ("(function* () {})()", "result", "of type Generator"),
        ("({ a: (async function* () {})() })", "result.a", "of type AsyncGenerator"),
        ("[[].values()]", "result[0]", "of type Array Iterator"),
        ("[Promise.resolve(1)]", "result[0]", "of type Promise"),
    ] {
        world.tool("t.mjs", format!("export default () => {expression}\n"));
        fails(&world, &["t"], &format!("TypeError: {path} is {what}, which JSON cannot say"));
    }
    for entry in ["async function* main", "function* main"] {
        world.tool("t.mjs", format!("export {entry}() {{ yield 1 }}\n"));
        assert!(
            fails(&world, &["t"], "TypeError: result is of type ").to_string().contains("Generator, which")
        );
    }
    // A Node that can write it exactly does.
    world.tool("t.mjs", "export default () => ({ big: 2n ** 70n })\n");
    let (outcome, _) = failure(&world, &["t"]);
    match outcome["success"].as_bool() {
        Some(true) => assert!(outcome.to_string().contains("1180591620717411303424"), "{outcome:#}"),
        _ => {
            fails(&world, &["t"], "TypeError: result.big is a BigInt, which JSON cannot say");
        }
    }
}

#[test]
fn an_argument_that_javascript_would_round_is_refused() {
    let Some(world) = tool("t.mjs", "export default (p) => p\n") else { return };
    for (params, path) in [
        (r#"{"n": 9007199254740993}"#, "params.n"),
        (r#"{"deep": [{"n": -9007199254740993}]}"#, "params.deep.0.n"),
        (r#"{"n": 18446744073709551615}"#, "params.n"),
        (r#"{"text": "\"", "n": [9007199254740992]}"#, "params.n.0"),
    ] {
        fails(
            &world,
            &["--params", params, "t"],
            &format!("RangeError: {path} is beyond 2^53, which JavaScript cannot hold exactly"),
        );
    }
    let exact =
        r#"{"n":9007199254740991,"text":"99999999999999999999","float":1e300,"more":0.30000000000000004}"#;
    let want: Value = serde_json::from_str(exact).unwrap();
    assert_eq!(world.data(["--params", exact, "t"]), want);
}

#[test]
fn modules_are_found_as_node_finds_them() {
    let Some(world) = tool(
        "deep/t.mjs",
        "import esm from 'esm-one'\nimport cjs from 'cjs-one'\nexport default () => [esm, cjs]\n",
    ) else {
        return;
    };
    world.file("project/node_modules/esm-one/package.json", r#"{"type": "module", "main": "x.js"}"#);
    world.file("project/node_modules/esm-one/x.js", "export default 'esm'\n");
    world.file("project/node_modules/cjs-one/index.js", "module.exports = 'cjs'\n");
    world.tool("r.cjs", "module.exports = () => require('cjs-one')\n");
    assert_eq!(world.data(["deep/t"]), json!(["esm", "cjs"]));
    assert_eq!(world.data(["r"]), "cjs");
    world.tool("missing.mjs", "import 'no-such-package'\nexport default () => 1\n");
    fails(&world, &["missing"], "Error: Cannot find package 'no-such-package'");
}

#[test]
fn a_file_with_other_exports_is_a_module_and_one_without_a_script() {
    let Some(world) = tool("lib2.mjs", "export const x = 1\n") else { return };
    world.refused(
        ["lib2"],
        127,
        "tool_not_found",
        &["has exports, and no line exports `default`, `main` or `execute`"],
    );
    world.tool(
        "s.mjs",
        "console.log(JSON.stringify([process.argv.slice(2), process.env.NODE_ENV]))\nprocess.exitCode = 4\n",
    );
    let (outcome, code) = failure(&world, &["s", "-x", "--", "a b", "--json"]);
    assert_eq!(code, Some(4), "{outcome:#}");
    assert_eq!(outcome["data"], json!([["-x", "--", "a b", "--json"], "production"]), "{outcome:#}");
    world.tool("s.mjs", "process.stdout.write(Buffer.from([255, 254, 0]))\n");
    assert_eq!(world.rye(["run", "s"]).run().stdout, [255, 254, 0]);
    // What looks like an entry and exports none is told.
    world.tool("f.mjs", "export default 7\n");
    fails(&world, &["f"], "TypeError: the file exports no function: `export default`, `main` or `execute`");
}

#[test]
fn a_syntax_error_names_the_file_and_its_line() {
    let Some(world) = tool("t.mjs", "const a = 1\n\nexport default () => }\n") else { return };
    world.tool("c.cjs", "\nmodule.exports = () => {\n");
    let outcome = fails(&world, &["t"], "SyntaxError: Unexpected token '}'");
    assert!(outcome["stderr"].as_str().unwrap().contains("t.mjs:3\n"), "{outcome:#}");
    world.tool("u.mjs", "import './_v.mjs'\nexport default () => 1\n");
    world.tool("_v.mjs", "\nlet let = 1\n");
    let outcome = fails(&world, &["u"], "SyntaxError: ");
    assert!(outcome["stderr"].as_str().unwrap().contains("_v.mjs:2\n"), "{outcome:#}");
    let outcome = fails(&world, &["c"], "SyntaxError: ");
    assert!(outcome["error"]["causes"].to_string().contains("c.cjs:"), "{outcome:#}");
}

const TYPED: &str = r#"// /// rye
// description = "Repeat a word"
// [parameters.word]
// type = "string"
// required = true
// ///
import { type Times, twice } from "./_times.ts";

interface Asked {
  word: string;
}

export default function repeat<T extends Asked>({ word }: T, project?: string): { said: string[]; of: Times } {
  return { said: Array<string>(twice as number).fill(word), of: twice! };
}
"#;

/// A project whose `.ts` files are Node's.
fn typed() -> World {
    let world = World::new();
    world.file("project/.ai/rye.toml", "[runtimes]\nts = \"node_runtime\"\n");
    world.tool("t.ts", TYPED);
    world.tool("_times.ts", "export type Times = number;\nexport const twice: Times = 2;\n");
    world
}

#[test]
fn typescript_runs_in_a_node_that_strips_types() {
    if !have("node22") {
        return;
    }
    let world = typed();
    let link = world.project().join("node_modules/.bin/node");
    std::fs::create_dir_all(link.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(node22().unwrap(), &link).unwrap();
    assert_eq!(world.data(["t", "hey"]), json!({"said": ["hey", "hey"], "of": 2}));
    world.refused(["t"], 2, "invalid_arguments", &["`word`: required and not given"]);
    // What cannot be stripped is told by Node, with its place.
    world.tool("e.ts", "export default () => Color.Red;\nenum Color { Red }\n");
    let outcome = fails(&world, &["e"], "SyntaxError: ");
    assert!(outcome["error"]["causes"].to_string().contains("e.ts:2"), "{outcome:#}");
    world
        .tool("f.ts", "export default (): never => {\n  throw new TypeError('here' satisfies string);\n};\n");
    let outcome = fails(&world, &["f"], "TypeError: here");
    assert!(outcome["error"]["causes"].to_string().contains("f.ts:2"), "{outcome:#}");
}

#[test]
fn a_node_that_strips_no_types_says_so() {
    if !have("node") {
        return;
    }
    let world = typed();
    world.tool("probe.cjs", "module.exports = () => Boolean(process.features.typescript)\n");
    if world.data(["probe"]) == false {
        fails(&world, &["t", "hey"], "TypeError: Unknown file extension \".ts\"");
    }
}
