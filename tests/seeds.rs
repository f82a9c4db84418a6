//! The three descriptors of seed 002, carried over word by word into TOML with their own spellings: as a project's
//! runtimes they load and do what the core's do.

use serde_json::{Value, json};

use crate::http_server::{Server, answer};
use crate::world::{World, have};

const PYTHON: &str = r#"
__version__ = "2.0.0"
__tool_type__ = "runtime"
__executor_id__ = "subprocess"  # ← Delegates to subprocess primitive
__category__ = "runtimes"

# Declare environment needs
[ENV_CONFIG.interpreter]
type = "venv_python"
search = ["project", "user", "system"]
var = "RYE_PYTHON"
fallback = "python3"

[ENV_CONFIG.env]
PYTHONUNBUFFERED = "1"
PROJECT_VENV_PYTHON = "${RYE_PYTHON}"  # ← Template variable

# Base command configuration
[CONFIG]
command = "${RYE_PYTHON}"  # ← Resolved at runtime
args = []
timeout = 300
"#;

const NODE: &str = r#"
__version__ = "1.0.0"
__tool_type__ = "runtime"
__executor_id__ = "subprocess"  # ← Delegates to subprocess primitive
__category__ = "runtimes"

[ENV_CONFIG]
interpreter = { "type" = "venv_node", "search" = ["project", "user", "system"], "var" = "RYE_NODE", "fallback" = "node" }
env = { "NODE_ENV" = "production", "PROJECT_NODE_MODULES" = "${PROJECT_NODE_MODULES}" }

[CONFIG]
command = "${RYE_NODE}"
args = []
timeout = 300
"#;

const MCP_HTTP: &str = r#"
__version__ = "1.0.0"
__tool_type__ = "runtime"
__executor_id__ = "http_client"  # ← Delegates to HTTP client primitive
__category__ = "runtimes"

[ENV_CONFIG.http_client]
type = "http_config"
timeout = 30
retries = 3
headers = { "Content-Type" = "application/json", "User-Agent" = "RYE/1.0" }

[CONFIG]
method = "POST"
url = "${MCP_ENDPOINT}"
headers = "${MCP_HEADERS}"
timeout = 30
"#;

/// The three, each with a name.
pub(crate) const DESCRIPTORS: [(&str, &str); 3] =
    [("seed_python", PYTHON), ("seed_node", NODE), ("seed_mcp", MCP_HTTP)];

/// A world with the three as runtimes of the project.
fn world() -> World {
    let world = World::new();
    for (name, text) in DESCRIPTORS {
        world.tool(&format!("runtimes/{name}.toml"), text);
    }
    world
}

/// What `explain` says of the interpreters and limits of a tool.
fn decisions(world: &World, tool: &str) -> [Value; 2] {
    let plan = world.rye(["--json", "explain", tool]).run().json();
    ["interpreters", "timeout"].map(|key| plan[key].clone())
}

#[test]
fn they_load_without_a_complaint() {
    let world = world();
    let ran = world.rye(["check"]).run();
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout(), ran.stderr());
    let ran = world.rye(["--json", "check"]).run();
    for name in ["seed_python", "seed_node", "seed_mcp"] {
        assert!(!ran.stdout().contains(name), "{}", ran.stdout());
        // A word of it that is wrong is found: it was read.
        let path = world.tools().join(format!("runtimes/{name}.toml"));
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace("__category__", "__categori__")).unwrap();
        let ran = world.rye(["check"]).run();
        assert_eq!(ran.code, Some(1));
        for word in ["`__categori__`", name, "`__category__`"] {
            assert!(ran.stdout().contains(word), "no {word:?} in: {}", ran.stdout());
        }
        std::fs::write(&path, text).unwrap();
    }
}

#[test]
fn a_python_tool_runs_through_the_seeds_runtime() {
    if !have("python3") {
        return;
    }
    let world = world();
    let block = "# /// rye\n# executor_id = \"seed_python\"\n# call = { output = \"json\" }\n# ///\n";
    let body = "import json, os, sys\nnames = ['RYE_PYTHON', 'PYTHONUNBUFFERED', 'PROJECT_VENV_PYTHON']\n\
                print(json.dumps([sys.argv[1:]] + [os.environ[name] for name in names]))\n";
    world.tool("by_seed.py", format!("{block}{body}"));
    world.tool("by_core.py", "print(1)\n");
    let [interpreters, _] = decisions(&world, "by_seed");
    let path = interpreters[0]["path"].clone();
    assert_eq!(world.data(["by_seed", "a b"]), json!([["a b"], path, "1", path]));
    assert_eq!(decisions(&world, "by_seed"), decisions(&world, "by_core"));

    // The tool of the seed, with its own spellings, as a function.
    let tool = "__tool_type__ = \"python\"\n__executor_id__ = \"python_runtime\"\n__category__ = \"capabilities\"\n\
                \ndef main(command: str, args: list = None) -> dict:\n    return {\"ran\": [command] + (args or [])}\n";
    world.tool("capabilities/git.py", tool);
    let data = world.data(["capabilities/git", "--command", "status", "--args", "-s"]);
    assert_eq!(data, json!({"ran": ["status", "-s"]}));
}

#[test]
fn a_node_tool_runs_through_the_seeds_runtime() {
    let world = world();
    let block = "// /// rye\n// executor_id = \"seed_node\"\n// ///\n";
    world.tool("by_seed.js", format!("{block}console.log('real')\n"));
    world.tool("by_core.js", "console.log('real')\n");
    let node = world.program(
        "home/.nvm/versions/node/v18.0.0/bin/node",
        "#!/bin/sh\necho \"$RYE_NODE\"; echo \"$NODE_ENV\"; echo \"$PROJECT_NODE_MODULES\"; echo \"$1\"\n",
    );
    let modules = world.project().join("node_modules");
    for tool in ["by_seed", "by_core"] {
        let file = world.tools().join(format!("{tool}.js"));
        let (node, modules, file) = (node.display(), modules.display(), file.display());
        assert_eq!(world.data([tool]), format!("{node}\nproduction\n{modules}\n{file}\n"));
    }
    assert_eq!(decisions(&world, "by_seed"), decisions(&world, "by_core"));
}

#[test]
fn an_http_tool_runs_through_the_seeds_runtime() {
    let world = world();
    let server = Server::always(answer(200, "application/json", "{\"result\":1}"));
    world.file("project/.ai/rye.toml", "allow_hosts = [\"127.0.0.1\"]\n");
    for runtime in ["seed_mcp", "mcp_http_runtime"] {
        let tool = format!(
            "executor_id = \"{runtime}\"\n[config.body]\njsonrpc = \"2.0\"\nid = 1\nmethod = \"ping\"\n"
        );
        world.tool("call.toml", tool);
        let call = |headers: &str| {
            let call = world.rye(["--json", "run", "call"]);
            call.env("MCP_ENDPOINT", server.url() + "/mcp").env("MCP_HEADERS", headers).run()
        };
        for (headers, agent, key) in
            [("", "RYE/1.0", None), ("{\"user-agent\": \"mine\", \"X-Key\": \"k\"}", "mine", Some("k"))]
        {
            assert_eq!(call(headers).json()["data"], json!({"result": 1}));
            let request = server.one();
            assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/mcp"));
            let found = ["content-type", "user-agent", "x-key"].map(|name| request.header(name));
            assert_eq!(found, [Some("application/json"), Some(agent), key]);
            let sent: Value = serde_json::from_slice(&request.body).unwrap();
            assert_eq!(sent, json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}));
        }
        let explain = world.rye(["explain", "call"]).env("MCP_ENDPOINT", server.url()).run().ok();
        assert!(explain.contains("timeout 30 s (default), 3 retries"), "{explain}");
    }
}
