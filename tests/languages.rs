//! Every language of the core, by one table: how a script gets its arguments, and how its result, its exit code and
//! its failure come back.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::world::{World, have};

/// One language: a script in it answers `{"name", "list", "argv"}`, writes `noted` on standard error, and ends with
/// `RYE_PARAM_CODE`; or it fails as the language does, when that is `fail`.
struct Language {
    /// The program that must be on this machine.
    needs: &'static str,
    /// The tool's file.
    file: &'static str,
    /// What opens a line of comment.
    mark: &'static str,
    /// What stands before the block.
    head: &'static str,
    /// The runtime by name, where the extension does not choose it.
    executor: &'static str,
    program: &'static str,
    /// What a failure of the language says on standard error.
    failure: &'static str,
}

const NONE: Language =
    Language { needs: "", file: "", mark: "#", head: "", executor: "", program: "", failure: "wrong here" };

const SHELL: &str = r#"
IFS=,; echo noted >&2
[ "$RYE_PARAM_CODE" = fail ] && { : "${UNSET_NAME?wrong here}"; }
printf '{"name": "%s", "list": %s, "argv": "%s"}\n' "$RYE_PARAM_NAME" "${RYE_PARAM_LIST-null}" "$*"
exit "${RYE_PARAM_CODE-0}"
"#;

const JAVASCRIPT: &str = r#"
const { RYE_PARAM_NAME: name = "", RYE_PARAM_LIST: list = "null", RYE_PARAM_CODE: code } = process.env;
console.error("noted");
if (code === "fail") throw new Error("wrong here");
console.log(JSON.stringify({ name, list: JSON.parse(list), argv: process.argv.slice(2).join(",") }));
process.exitCode = Number(code ?? 0);
"#;

const LANGUAGES: &[Language] = &[
    Language { needs: "bash", file: "t.bash", program: SHELL, ..NONE },
    Language { needs: "sh", file: "t", head: "#!/bin/sh\n", program: SHELL, ..NONE },
    Language {
        needs: "python3",
        file: "t.py",
        program: r#"
import json, os, sys
env = os.environ.get
print("noted", file=sys.stderr)
if env("RYE_PARAM_CODE") == "fail":
    raise ValueError("wrong here")
print(json.dumps({"name": env("RYE_PARAM_NAME", ""), "list": json.loads(env("RYE_PARAM_LIST", "null")), "argv": ",".join(sys.argv[1:])}))
sys.exit(int(env("RYE_PARAM_CODE", "0")))
"#,
        ..NONE
    },
    Language { needs: "node", file: "t.mjs", mark: "//", program: JAVASCRIPT, ..NONE },
    Language { needs: "bun", file: "t.ts", mark: "//", executor: "bun_runtime", program: JAVASCRIPT, ..NONE },
    Language {
        needs: "deno",
        file: "t.ts",
        mark: "//",
        program: r#"
const env = (name: string, other: string): string => Deno.env.get(name) ?? other;
console.error("noted");
if (env("RYE_PARAM_CODE", "") === "fail") throw new Error("wrong here");
const list: unknown = JSON.parse(env("RYE_PARAM_LIST", "null"));
console.log(JSON.stringify({ name: env("RYE_PARAM_NAME", ""), list, argv: Deno.args.join(",") }));
Deno.exit(Number(env("RYE_PARAM_CODE", "0")));
"#,
        ..NONE
    },
    Language {
        needs: "ruby",
        file: "t.rb",
        program: r#"
require "json"
warn "noted"
raise "wrong here" if ENV["RYE_PARAM_CODE"] == "fail"
puts JSON.generate(name: ENV.fetch("RYE_PARAM_NAME", ""), list: JSON.parse(ENV.fetch("RYE_PARAM_LIST", "null")), argv: ARGV.join(","))
exit ENV.fetch("RYE_PARAM_CODE", "0").to_i
"#,
        ..NONE
    },
    Language {
        needs: "perl",
        file: "t.pl",
        program: r#"
use strict; use warnings;
my ($name, $list, $code) = @ENV{qw(RYE_PARAM_NAME RYE_PARAM_LIST RYE_PARAM_CODE)};
print STDERR "noted\n";
die "wrong here" if ($code // "") eq "fail";
printf qq({"name": "%s", "list": %s, "argv": "%s"}\n), $name // "", $list // "null", join(",", @ARGV);
exit($code // 0);
"#,
        ..NONE
    },
    Language {
        needs: "php",
        file: "t.php",
        mark: "//",
        head: "<?php\n",
        program: r#"
fwrite(STDERR, "noted\n");
$code = getenv("RYE_PARAM_CODE");
if ($code === "fail") { ini_set("display_errors", "stderr"); throw new Exception("wrong here"); }
$list = json_decode(getenv("RYE_PARAM_LIST") ?: "null");
echo json_encode(["name" => getenv("RYE_PARAM_NAME") ?: "", "list" => $list, "argv" => implode(",", array_slice($argv, 1))]), "\n";
exit((int) $code);
"#,
        ..NONE
    },
    Language {
        needs: "lua",
        file: "t.lua",
        mark: "--",
        program: r#"
local name, list, code = os.getenv("RYE_PARAM_NAME"), os.getenv("RYE_PARAM_LIST"), os.getenv("RYE_PARAM_CODE")
io.stderr:write("noted\n")
if code == "fail" then error("wrong here") end
print(string.format('{"name": "%s", "list": %s, "argv": "%s"}', name or "", list or "null", table.concat(arg, ",")))
os.exit(tonumber(code or "0"))
"#,
        ..NONE
    },
];

impl Language {
    /// A world with the tool, when the language is on this machine.
    fn world(&self, block: &str, program: &str) -> Option<World> {
        if !have(self.needs) {
            return None;
        }
        let world = World::new();
        let executor = match self.executor {
            "" => String::new(),
            id => format!("executor_id = \"{id}\"\n"),
        };
        let lines = format!("/// rye\n{executor}{block}///\n");
        let block: String = lines.lines().map(|line| format!("{} {line}\n", self.mark)).collect();
        let path = world.tool(self.file, format!("{}{block}{program}", self.head));
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
        Some(world)
    }
}

/// What a script of the table takes.
fn parameters(passing: &str) -> String {
    format!(
        "call.parameters = {passing}\nparameters.name = {{ type = \"string\" }}\n\
         parameters.list = {{ type = \"array\" }}\nparameters.code = {{ type = \"string\" }}\n"
    )
}

#[test]
fn a_script_gets_declared_parameters_by_environment_and_by_argv() {
    for language in LANGUAGES {
        for (passing, want) in [
            ("\"env\"", json!({"name": "Zoë's $x", "list": ["a", "b c"], "argv": ""})),
            ("\"argv\"", json!({"name": "", "list": null, "argv": "Zoë's $x,a,b c"})),
            (
                "[\"env\", \"argv\"]",
                json!({"name": "Zoë's $x", "list": ["a", "b c"], "argv": "Zoë's $x,a,b c"}),
            ),
        ] {
            let Some(world) = language.world(&parameters(passing), language.program) else { continue };
            let outcome = world.outcome(["t", "--name", "Zoë's $x", "--list", "a", "--list", "b c"]);
            assert_eq!(outcome["data"], want, "{} {}: {outcome:#}", language.file, language.needs);
            assert_eq!(outcome["stderr"], "noted\n", "{}", language.needs);
            world.refused(["t", "--nmae", "x"], 2, "invalid_arguments", &["did you mean `--name`?"]);
        }
    }
}

#[test]
fn a_script_ends_with_its_own_code_and_fails_as_its_language_does() {
    for language in LANGUAGES {
        let Some(world) = language.world(&parameters("\"env\""), language.program) else { continue };
        let call = |code: &str| {
            let ran = world.rye(["--json", "run", "t", "--name", "x", "--code", code]).run();
            (ran.code, ran.json())
        };
        let (code, outcome) = call("3");
        assert_eq!(code, Some(3), "{}: {outcome:#}", language.needs);
        assert_eq!(outcome["error"]["code"], "tool_failed", "{}", language.needs);
        assert_eq!(outcome["ending"], json!({"kind": "exited", "code": 3}), "{}", language.needs);
        assert_eq!(outcome["data"]["name"], "x", "what it said is kept: {outcome:#}");
        let (code, outcome) = call("fail");
        assert!(code.is_some_and(|code| code > 0) && outcome["success"] == false, "{outcome:#}");
        assert_eq!(outcome["ending"]["code"], code.unwrap(), "{outcome:#}");
        let told = outcome["stderr"].as_str().unwrap();
        assert!(told.starts_with("noted\n") && told.contains(language.failure), "{}: {told}", language.needs);
    }
}

#[test]
fn a_plain_script_gets_every_word_as_it_is() {
    let shell = "printf '%s|' \"$@\"";
    for (needs, program) in [
        ("bash", shell),
        ("sh", shell),
        ("python3", "import sys\nsys.stdout.write(''.join(word + '|' for word in sys.argv[1:]))"),
        ("node", "process.stdout.write(process.argv.slice(2).map((word) => word + '|').join(''))"),
        ("bun", "process.stdout.write(process.argv.slice(2).map((word) => word + '|').join(''))"),
        ("deno", "Deno.stdout.writeSync(new TextEncoder().encode(Deno.args.map((w) => w + '|').join('')))"),
        ("ruby", "print ARGV.map { |word| word + '|' }.join"),
        ("perl", "print map { $_ . '|' } @ARGV;"),
        ("php", "foreach (array_slice($argv, 1) as $word) echo $word, '|';"),
        ("lua", "for _, word in ipairs(arg) do io.write(word, '|') end"),
    ] {
        let language = LANGUAGES.iter().find(|language| language.needs == needs).unwrap();
        let Some(world) = language.world("", program) else { continue };
        let words = ["-x", "--version", "a b", "", "--name=v", "--", "--help", "$HOME", "*"];
        let mut call = vec!["--json", "run", "t"];
        call.extend(words);
        let outcome = world.rye(call).run().json();
        assert_eq!(outcome["data"], words.map(|word| format!("{word}|")).concat(), "{needs}: {outcome:#}");
    }
}

#[test]
fn a_missing_interpreter_says_how_to_get_it() {
    for (runtime, extension, resource, install) in [
        ("bash_runtime", "sh", "interpreter", "apt install bash"),
        ("python_runtime", "py", "interpreter", "apt install python3"),
        ("uv_runtime", "py", "uv", "pip install uv"),
        ("node_runtime", "mjs", "interpreter", "apt install nodejs"),
        ("deno_runtime", "ts", "interpreter", "npm install -g deno"),
        ("bun_runtime", "ts", "interpreter", "npm install -g bun"),
        ("ruby_runtime", "rb", "interpreter", "apt install ruby"),
        ("perl_runtime", "pl", "interpreter", "apt install perl"),
        ("php_runtime", "php", "interpreter", "apt install php-cli"),
        ("lua_runtime", "lua", "interpreter", "apt install lua5.4"),
    ] {
        let world = World::new();
        world.tool(&format!("t.{extension}"), "");
        let sidecar = format!(
            "executor_id = \"{runtime}\"\n[env_config.{resource}]\nsearch = [\"project\"]\nfallback = \"no-such-{runtime}\"\n"
        );
        world.tool("t.toml", sidecar);
        let holds = [install, &format!("no-such-{runtime}")];
        world.refused(["t"], 127, "interpreter_not_found", &holds);
        let told = world.rye(["check"]).run();
        assert_eq!(
            told.code,
            Some(0),
            "what this machine lacks is nothing wrong in a file: {}",
            told.stdout()
        );
    }
}
