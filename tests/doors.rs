//! One table of calls, and two doors: `rye --json run` and the library give equal outcomes.

use rye_executor::{
    ArtifactConfig, CallOptions, Config, Error, Executor, Host, Link, Outcome, Report, Supervision, ToolId,
};
use serde_json::{Map, Value, json};
use tokio::runtime::Builder;

use crate::roster::{command_tool, habit_tool};
use crate::world::{World, have};

/// A call of a program: what the front end does with words is done with values.
fn by_library(world: &World, tool: &str, params: &Value) -> (Value, u8) {
    let environment = world.rye(["x"]).command();
    let environment =
        environment.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())));
    let host = Host {
        environment: environment.collect(),
        working_directory: world.project(),
        home: Some(world.home()),
        user_space: Some(world.home().join(".ai")),
        ..Host::default()
    };
    let mut known = Known { tool: tool.to_owned(), ..Known::default() };
    let outcome = call(host, tool, params, &mut known)
        .unwrap_or_else(|report| Outcome::not_started(&known.tool, &known.run_id, known.chain, report));
    (serde_json::to_value(&outcome).unwrap(), outcome.exit_code())
}

/// What is known of a call that does not become a run.
#[derive(Default)]
struct Known {
    tool: String,
    run_id: String,
    chain: Vec<Link>,
}

fn call(host: Host, tool: &str, params: &Value, known: &mut Known) -> Result<Outcome, Report> {
    let report = |error: Error| error.report();
    // Long outputs are kept where the command line keeps them.
    let state = host.home.as_ref().map(|home| home.join(".local/state/rye"));
    let artifacts = state.as_deref().map(ArtifactConfig::below);
    // As `rye run` has it, whatever there is to be had here.
    let config = Config { artifacts, supervision: Supervision::Subreaper, ..Config::default() };
    let executor = Executor::new(host, config).map_err(report)?;
    let id: ToolId =
        tool.parse().map_err(|error| report(rye_executor::resolver::Error::from(error).into()))?;
    let arguments: Map<String, Value> = params.as_object().cloned().unwrap();
    let resolution = executor.resolve(&id).map_err(report)?;
    (known.tool, known.chain) = (resolution.id.to_string(), resolution.links.clone());
    let invocation = executor.invoke(resolution, arguments, CallOptions::default()).map_err(report)?;
    let plan = executor.plan(&invocation).map_err(report)?;
    known.run_id.clone_from(&plan.run_id);
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { executor.start(plan)?.outcome().await }).map_err(report)
}

fn by_command_line(world: &World, tool: &str, params: &Value) -> (Value, u8) {
    let ran = world.rye(["--json", "run", "--params", &params.to_string(), tool]).run();
    assert!(ran.stderr.is_empty(), "{tool}: {}", ran.stderr());
    let code = ran.code.unwrap();
    (ran.json(), u8::try_from(code).unwrap())
}

/// What differs from run to run, taken out after a look at its form.
fn compared(mut outcome: Value, ran: bool) -> Value {
    let fields = outcome.as_object_mut().unwrap();
    let id = fields.remove("run_id").unwrap();
    let is_id =
        id.as_str().is_some_and(|id| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert!(is_id || (!ran && id == ""), "{id}");
    let duration = fields.remove("duration_ms").unwrap().as_f64().unwrap();
    assert_eq!(duration > 0.0, ran);
    outcome
}

#[test]
fn one_table_two_doors() {
    if !have("python3") {
        return;
    }
    let world = World::new();
    world.tool(
        "add.py",
        "def main(a: int, b: int = 2) -> int:\n    \"\"\"Adds.\"\"\"\n    print('adding')\n    return a + b\n",
    );
    world.tool("deep/far.py", "def main(n: int):\n    return n\n");
    world.tool("raise.py", "def main():\n    raise ValueError('no such luck')\n");
    world.tool("nan.py", "def main():\n    return [float('nan')]\n");
    world.tool("leave.py", "import sys\ndef main():\n    sys.exit(3)\n");
    world.tool("big.py", "def main(n: int):\n    return {'n': n, 'power': 2**100}\n");
    world.tool("echo.sh", "# /// rye\n# [parameters.text]\n# type = \"string\"\n# required = true\n# ///\nprintf %s \"$RYE_PARAM_TEXT\"\necho log >&2\n");
    world.tool("broken.py", "def main(:\n");
    world.tool("unclear.toml", "executor_id = \"subprocess\"\nnonsense = 1\n[config]\ncommand = \"true\"\n");
    command_tool(&world, "json", &["/bin/sh", "-c", "echo '{{\"a\": [1, 2.50]}}'"], "");
    command_tool(&world, "junk", &["/bin/sh", "-c", "echo junk"], "[call]\noutput = \"json\"");
    command_tool(&world, "missing", &["/no/such/program"], "");
    command_tool(&world, "nowhere", &["/bin/true"], "cwd = \"no/such\"");
    command_tool(&world, "variable", &["/bin/echo", "${NOT_SET_ANYWHERE}"], "");
    habit_tool(&world, "exit", &["exit", "139"], "");
    command_tool(&world, "die", &["/bin/sh", "-c", "kill -SEGV $$$$"], "");
    habit_tool(&world, "slow", &["stay", "/dev/null"], "timeout = 0.2");
    habit_tool(&world, "flood", &["flood", "4", "lines"], "");
    world.tool(
        "runtimes/lost.toml",
        "tool_type = \"runtime\"\nexecutor_id = \"nobody\"\nextensions = [\"zz\"]\n",
    );
    world.tool("z.zz", "text\n");

    let rows = [
        // Tool, arguments, ending, error code, exit code.
        ("add", json!({ "a": 1 }), "exited", None, 0),
        ("add", json!({ "a": "40" }), "exited", None, 0),
        ("add", json!({ "a": "x", "c": 1 }), "not_started", Some("invalid_arguments"), 2),
        ("add", json!({}), "not_started", Some("invalid_arguments"), 2),
        ("far", json!({ "n": "x" }), "not_started", Some("invalid_arguments"), 2),
        ("raise", json!({}), "exited", Some("tool_failed"), 1),
        ("nan", json!({}), "exited", Some("tool_failed"), 1),
        ("leave", json!({}), "exited", Some("tool_failed"), 3),
        ("big", json!({ "n": 1 }), "exited", None, 0),
        ("echo", json!({ "text": "a $(id) ${HOME} {x} 'ä'\n" }), "exited", None, 0),
        ("json", json!({}), "exited", None, 0),
        ("junk", json!({}), "exited", Some("invalid_output"), 1),
        ("exit", json!({}), "exited", Some("tool_failed"), 139),
        ("die", json!({}), "signaled", Some("tool_failed"), 139),
        ("slow", json!({}), "timed_out", Some("timed_out"), 124),
        ("flood", json!({}), "exited", None, 0),
        ("missing", json!({}), "not_started", Some("command_not_found"), 127),
        ("nowhere", json!({}), "not_started", Some("bad_cwd"), 125),
        ("variable", json!({}), "not_started", Some("unknown_variable"), 125),
        ("broken", json!({}), "not_started", Some("invalid_metadata"), 125),
        ("unclear", json!({}), "not_started", Some("invalid_metadata"), 125),
        ("z", json!({}), "not_started", Some("runtime_not_found"), 127),
        ("nobody", json!({}), "not_started", Some("tool_not_found"), 127),
        ("../../x", json!({}), "not_started", Some("invalid_id"), 2),
    ];
    for (tool, params, ending, error, exit) in rows {
        let (command_line, code) = by_command_line(&world, tool, &params);
        let (library, library_code) = by_library(&world, tool, &params);
        assert_eq!(command_line["ending"]["kind"], ending, "{tool}: {command_line}");
        let ran = ending != "not_started";
        let (command_line, library) = (compared(command_line, ran), compared(library, ran));
        assert_eq!(command_line, library, "{tool} {params}");
        assert_eq!(command_line["error"]["code"].as_str(), error, "{tool}: {command_line}");
        assert_eq!((code, library_code), (exit, exit), "{tool}: {command_line}");
        if error == Some("invalid_arguments") {
            let id = if tool == "far" { "deep/far" } else { tool };
            let (told, chain) = (&command_line["tool"], &command_line["chain"]);
            assert_eq!((told, &chain[0]["id"]), (&json!(id), &json!(id)), "{command_line}");
        }
    }
}
