//! Where an HTTP tool goes: addresses are refused unless they are named, nothing of ours crosses to another origin,
//! limits hold, and the environment chooses no proxy. Loopback alone is ever asked.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::IpAddr;

use flate2::Compression;
use flate2::write::GzEncoder;
use rye_executor::{CallOptions, Code, Config, HostLookup};
use serde_json::{Map, Value, json};

use crate::http::{http_tool, to};
use crate::http_server::{Answer, Server, answer, answer_with};
use crate::library::{block_on, executor};
use crate::world::{Ran, World};

/// Asserts a call with `--json` that failed with that code word and exit code.
#[track_caller]
fn failed(ran: &Ran, exit: i32, code: &str, holds: &[&str]) {
    let outcome = ran.json();
    assert_eq!((ran.code, &outcome["error"]["code"]), (Some(exit), &json!(code)), "{outcome:#}");
    let told = outcome["error"].to_string();
    for word in holds {
        assert!(told.contains(word), "no {word:?} in: {told}");
    }
}

#[test]
fn loopback_is_refused_unless_somebody_names_it() {
    let world = World::new();
    let server = Server::echo();
    let port = server.host().rsplit_once(':').unwrap().1.to_owned();
    let call = || world.rye(["--json", "run", "call"]).run();
    for host in
        ["127.0.0.1", "2130706433", "0x7f.1", "017700000001", "127.1", "１２７.0.0.1", "[::ffff:127.0.0.1]"]
    {
        http_tool(&world, "", &format!("url = \"http://{host}:{port}/\""));
        let why = if host.starts_with('[') { "an IPv4-mapped address" } else { "loopback" };
        failed(&call(), 125, "address_refused", &[why, "allow_hosts = [", "`rye.toml`"]);
        world.rye(["run", "call"]).run().fails(125, &[why, "allow_hosts"]);
    }
    server.untouched();
    for named in ["other.example", "127.0.0.1:1", "27.0.0.1", "127.0.0.10", ""] {
        http_tool(&world, "", &format!("url = \"{}/\"\nallow_hosts = [\"{named}\"]", server.url()));
        assert_ne!(call().code, Some(0), "{named}");
    }
    server.untouched();
    http_tool(&world, "", &format!("url = \"{}/\"", server.url()));
    for (file, named) in [
        ("project/.ai/rye.toml", "127.0.0.1".to_owned()),
        ("home/.ai/rye.toml", "127.0.0.1".to_owned()),
        ("project/.ai/rye.toml", server.host()),
    ] {
        let path = world.file(file, format!("allow_hosts = [\"{named}\"]\n"));
        call().ok();
        server.one();
        std::fs::remove_file(path).unwrap();
        assert_eq!(call().code, Some(125));
    }
    // Naming a host limits nothing else, and the advice works as it is written.
    world.file("project/.ai/rye.toml", "allow_hosts = [\"other.example\", \"127.0.0.1\"]\n");
    call().ok();
    http_tool(&world, "", &format!("url = \"{}/\"\nallow_hosts = [\"other.example\"]", server.url()));
    call().ok();
}

#[test]
fn a_host_with_a_special_address_is_refused_whoever_says_so() {
    let world = World::new();
    let server = Server::echo();
    let port = server.host().rsplit_once(':').unwrap().1.to_owned();
    // Were the guard broken, only loopback would be asked.
    let hosts: [(&str, &[&str]); 4] = [
        ("one.example", &["127.0.0.1"]),
        ("mapped.example", &["::ffff:127.0.0.1"]),
        ("both.example", &["127.0.0.1", "127.0.0.2"]),
        ("six.example", &["::1"]),
    ];
    let fixed: BTreeMap<String, Vec<IpAddr>> = hosts
        .iter()
        .map(|(name, list)| ((*name).to_owned(), list.iter().map(|text| text.parse().unwrap()).collect()))
        .collect();
    let config = || Config { hosts: HostLookup::Fixed(fixed.clone()), ..Config::default() };
    let call = || {
        let executor = executor(&world, config());
        let id = "call".parse().unwrap();
        block_on(executor.call(&id, Map::new(), CallOptions::default()))
    };
    for (name, _) in hosts {
        for spelling in [name.to_owned(), name.to_uppercase(), format!("{name}.")] {
            http_tool(&world, "", &format!("url = \"http://{spelling}:{port}/\""));
            let outcome = call().unwrap();
            let report = outcome.error.unwrap();
            assert_eq!(report.code, Code::AddressRefused, "{spelling}: {report:?}");
            assert!(report.hints.iter().any(|hint| hint.contains(name)), "{report:?}");
        }
    }
    server.untouched();
    for (named, asked) in [("ONE.example.", "one.example"), ("one.example", "One.Example.")] {
        http_tool(&world, "", &format!("url = \"http://{asked}:{port}/\"\nallow_hosts = [\"{named}\"]"));
        assert!(call().unwrap().success);
        server.one();
    }
    for named in ["evil-one.example", "example", "one.example.evil", "ne.example"] {
        http_tool(&world, "", &format!("url = \"http://one.example:{port}/\"\nallow_hosts = [\"{named}\"]"));
        assert_eq!(call().unwrap().error.unwrap().code, Code::AddressRefused, "{named}");
    }
    http_tool(&world, "", &format!("url = \"http://nobody.example:{port}/\""));
    assert_eq!(call().unwrap().error.unwrap().code, Code::HttpTransport);
    server.untouched();
}

#[test]
fn redirects_are_followed_and_nothing_of_ours_crosses_an_origin() {
    let world = World::new();
    let other = Server::always(answer(200, "text/plain", "other"));
    let away = format!("{}/taken?x=1", other.url());
    let server = Server::start(move |_, request| match request.target.as_str() {
        "/same" => answer_with(302, &[("Location", "/end")], ""),
        "/away" => answer_with(307, &[("Location", &away)], ""),
        "/file" => answer_with(302, &[("Location", "file:///etc/passwd")], ""),
        "/loop" => answer_with(302, &[("Location", "/loop")], ""),
        "/far" => answer_with(302, &[("Location", "http://localhost:1/")], ""),
        path if path.starts_with("/deep") => answer_with(302, &[("Location", &format!("{path}x"))], ""),
        _ => answer(200, "text/plain", "same"),
    });
    let more = "method = \"POST\"\nbody = { secret = \"body\" }\nheaders = { X-Key = \"k\", Cookie = \"c=1\" }\n\
                auth = { type = \"bearer\", token = \"t\" }\nretries = 0";
    let call = |path: &str, more: &str| {
        http_tool(&world, "", &format!("{}{more}", to(&server, path)));
        world.rye(["--json", "run", "call"]).run()
    };
    assert_eq!(call("/same?token=1", "").json()["data"], "same");
    assert_eq!(server.seen().len(), 1);
    assert_eq!(call("/same", more).json()["data"], "same");
    let seen = server.seen();
    let last = seen.last().unwrap();
    assert_eq!((last.target.as_str(), last.header("x-key")), ("/end", Some("k")));
    assert_eq!((last.method.as_str(), last.header("authorization")), ("GET", Some("Bearer t")));

    let ran = call("/away", more);
    let taken = other.seen();
    for request in &taken {
        for name in ["x-key", "cookie", "authorization", "referer"] {
            assert_eq!(request.header(name), None, "{request:?}");
        }
        assert_eq!(request.text(), "");
        assert_eq!(request.target, "/taken?x=1");
    }
    assert!(ran.json()["data"] == "other" || taken.is_empty(), "{}", ran.stdout());

    let ran = call("/same", "follow_redirects = false");
    assert_eq!((ran.code, &ran.json()["ending"]["status"]), (Some(0), &json!(302)), "{}", ran.stdout());
    failed(&call("/file", ""), 1, "http_transport", &["file", "follow_redirects"]);
    failed(&call("/loop", ""), 1, "http_transport", &["redirect"]);
    failed(&call("/deep", ""), 1, "http_transport", &["redirect"]);
    failed(&call("/far", ""), 125, "address_refused", &["localhost", "allow_hosts"]);
}

#[test]
fn limits_hold() {
    let world = World::new();
    let server = Server::always(Answer::Silence);
    for (config, words) in [("timeout = 0.2", vec!["run"]), ("", vec!["run", "--timeout", "0.2"])] {
        http_tool(&world, "", &format!("{}{config}", to(&server, "/?secret=1")));
        let ran = world.rye([&["--json"], words.as_slice(), &["call"]].concat()).run();
        failed(&ran, 124, "timed_out", &["200ms", "`timeout`", "--timeout"]);
        assert_eq!(ran.json()["ending"]["kind"], "timed_out");
        assert!(!ran.stdout().contains("secret"), "{}", ran.stdout());
        server.wait_for_leaving();
        world.rye([words.as_slice(), &["call"]].concat()).run().fails(124, &["limit"]);
        server.wait_for_leaving();
    }
    let server = Server::always(answer(200, "text/plain", "x".repeat(4097)));
    http_tool(&world, "", &format!("{}max_body = 4096", to(&server, "/")));
    let ran = world.rye(["--json", "run", "call"]).run();
    failed(&ran, 1, "body_too_large", &["4096 bytes", "`max_body`"]);
    http_tool(&world, "", &format!("{}max_body = 4097", to(&server, "/")));
    world.data(["call"]);
}

#[test]
fn a_bomb_ends_at_the_limit() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&vec![0; 32 << 20]).unwrap();
    let bomb = encoder.finish().unwrap();
    assert!(bomb.len() < 100 << 10);
    let world = World::new();
    let server = Server::always(answer_with(200, &[("Content-Encoding", "gzip")], bomb));
    http_tool(&world, "", &to(&server, "/"));
    let ran = world.rye(["--json", "run", "call"]).run();
    failed(&ran, 1, "body_too_large", &["10485760 bytes", "`max_body`"]);
    assert!(ran.stdout.len() < 10_000, "{} bytes", ran.stdout.len());
}

#[test]
fn a_line_end_breaks_out_of_no_place() {
    let world = World::new();
    let server = Server::echo();
    let head = "parameters.v = { type = \"string\" }";
    let call = |config: &str| {
        http_tool(&world, head, &format!("{}{config}", to(&server, "/")));
        world.rye(["--json", "run", "call", "--v", "x\r\nInjected: 1"]).run()
    };
    for config in [
        "headers = { X-Value = \"{v}\" }",
        "headers = { \"A\\r\\nInjected\" = \"x\" }",
        "method = \"GET / HTTP/1.1\\r\\nInjected: 1\\r\\n\"",
        "auth = { type = \"bearer\", token = \"{v}\" }",
    ] {
        let ran = call(config);
        failed(&ran, 2, "invalid_arguments", &["`[config]`"]);
        server.untouched();
    }
    call("query = { v = \"{v}\" }").ok();
    let request = server.one();
    assert_eq!((request.target.as_str(), request.header("injected")), ("/?v=x%0D%0AInjected%3A+1", None));
}

#[test]
fn what_is_no_answer_is_a_fault_of_the_road() {
    let world = World::new();
    for raw in [
        "",
        "HELLO\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
    ] {
        let server = Server::always(Answer::Raw(raw.into()));
        http_tool(&world, "", &format!("{}retries = 0", to(&server, "/?secret=1")));
        let ran = world.rye(["--json", "run", "call"]).run();
        failed(&ran, 1, "http_transport", &["127.0.0.1", "`url`"]);
        assert!(!ran.stdout().contains("secret"), "{}", ran.stdout());
    }
    let closed = { Server::echo().host() };
    let config = format!("url = \"http://{closed}/\"\nallow_hosts = [\"127.0.0.1\"]\nretries = 0");
    http_tool(&world, "", &config);
    // The port may still listen for a moment; it never answers.
    failed(&world.rye(["--json", "run", "call"]).run(), 1, "http_transport", &["127.0.0.1"]);
}

#[test]
fn what_may_pass_is_tried_again() {
    let world = World::new();
    let flaky = |times: usize| {
        Server::start(move |number, _| match number {
            number if number <= times => answer(503, "text/plain", "later"),
            _ => answer(200, "text/plain", "now"),
        })
    };
    for (times, config, code, requests) in [
        (1, "", Some(0), 2),
        (2, "", Some(0), 3),
        (3, "", Some(1), 3),
        (1, "retries = 0", Some(1), 1),
        (4, "retries = 4", Some(0), 5),
        (1, "method = \"PUT\"\nbody = {}", Some(0), 2),
        (1, "method = \"POST\"\nbody = {}", Some(1), 1),
        (1, "method = \"POST\"\nbody = {}\nheaders = { Idempotency-Key = \"1\" }", Some(0), 2),
    ] {
        let server = flaky(times);
        http_tool(&world, "", &format!("{}{config}", to(&server, "/")));
        let ran = world.rye(["--json", "run", "call"]).run();
        assert_eq!((ran.code, server.seen().len()), (code, requests), "{times} {config}: {}", ran.stdout());
    }
}

#[test]
fn the_environment_chooses_no_proxy_and_the_configuration_does() {
    let world = World::new();
    let (server, proxy) = (Server::echo(), Server::always(answer(200, "text/plain", "by proxy")));
    http_tool(&world, "", &to(&server, "/direct"));
    let mut call = world.rye(["--json", "run", "call"]);
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"] {
        call = call.env(name, proxy.url());
    }
    call.run().ok();
    assert_eq!(server.one().target, "/direct");
    proxy.untouched();
    world.file("project/.ai/rye.toml", format!("proxy = \"{}\"\n", proxy.url()));
    assert_eq!(world.data(["call"]), "by proxy");
    assert_eq!(proxy.one().target, format!("{}/direct", server.url()));
    server.untouched();
}

#[test]
fn an_option_that_nobody_knows_is_named() {
    let world = World::new();
    let server = Server::echo();
    for (config, holds) in [
        ("header = {}", ["`header` is not an option of `http_client`", "did you mean `headers`?"]),
        ("command = \"x\"", ["`command` is not an option of `http_client`", "known are"]),
        ("retries = -1", ["`retries` is not a whole number", "call.toml:6:"]),
        ("retries = \"x\"", ["`retries` is not a whole number", "call.toml:6:"]),
        ("max_body = 1.5", ["`max_body` is not a whole number", "call.toml:6:"]),
        ("follow_redirects = 1", ["`follow_redirects` is not true or false", "call.toml:6:"]),
        ("timeout = \"soon\"", ["`timeout` is not a number of seconds", "0 means no limit"]),
        ("query = [1]", ["`query` is not a table", "[config.query]"]),
        ("headers = 1", ["`headers` is not a table", "[config.headers]"]),
        ("form = \"x\"", ["`form` is not a table", "[config.form]"]),
        ("method = []", ["`method` is not one text", "call.toml:6:"]),
        ("query = { a = \"{b}\" }", ["`{b}` is neither a parameter nor built in", "[parameters.b]"]),
    ] {
        http_tool(&world, "", &format!("{}{config}", to(&server, "/")));
        world.rye(["--json", "run", "call"]).run().refused(125, "invalid_descriptor", &holds);
    }
    http_tool(&world, "", "method = \"GET\"");
    world.rye(["--json", "run", "call"]).run().refused(
        125,
        "invalid_descriptor",
        &["no `url`", "add `url ="],
    );
    for (config, holds) in [
        ("url = \"nonsense\"", "url"),
        ("url = \"ftp://127.0.0.1/\"", "http"),
        ("url = \"http://127.0.0.1/\"\nmethod = \"A B\"", "method"),
        ("url = \"http://127.0.0.1/\"\nheaders = { \"A B\" = \"x\" }", "header"),
        ("url = \"http://127.0.0.1/\\n\"", "URL"),
    ] {
        http_tool(&world, "", config);
        let ran = world.rye(["--json", "run", "call"]).run();
        let told = ran.json()["error"].to_string().to_lowercase();
        assert_eq!(ran.json()["error"]["code"], "invalid_arguments", "{told}");
        assert!(told.contains(&holds.to_lowercase()), "{holds}: {told}");
    }
    server.untouched();
}

#[test]
fn a_runtimes_http_config_is_the_default_of_its_tools() {
    let world = World::new();
    let server = Server::start(|number, _| match number {
        1 => answer(503, "text/plain", ""),
        _ => answer(200, "text/plain", "x"),
    });
    world.tool(
        "runtimes/api.toml",
        format!(
            r#"tool_type = "runtime"
executor_id = "http_client"
[env_config.defaults]
type = "http_config"
timeout = 7.5
retries = 1
headers = {{ User-Agent = "mine", X-Both = "default" }}
[config]
url = "{}/base"
allow_hosts = ["127.0.0.1"]
headers = {{ x-both = "config" }}
"#,
            server.url()
        ),
    );
    world.tool("call.toml", "executor_id = \"api\"\nconfig = { headers = { X-Own = \"own\" } }\n");
    world.data(["call"]);
    let seen = server.seen();
    assert_eq!((seen.len(), seen[1].target.as_str()), (2, "/base"));
    let found = ["user-agent", "x-both", "x-own"].map(|name| seen[1].header(name));
    assert_eq!(found, [Some("mine"), Some("config"), Some("own")]);
    let text = world.rye(["explain", "call"]).run().ok();
    assert!(text.contains("timeout 7.5 s (default), 1 retries"), "{text}");
    world.tool("call.toml", "executor_id = \"api\"\nconfig = { timeout = 3, retries = 0 }\n");
    let text = world.rye(["explain", "call"]).run().ok();
    assert!(text.contains("timeout 3 s (tool), 0 retries"), "{text}");
    let defaults = "env_config = { defaults = { retries = 5, headers = { User-Agent = \"tool\" } } }\n";
    world.tool("call.toml", format!("executor_id = \"api\"\n{defaults}"));
    world.data(["call"]);
    assert_eq!(server.seen().last().unwrap().header("user-agent"), Some("tool"));
}

#[test]
fn the_mcp_runtime_posts_json_rpc() {
    let world = World::new();
    let reply = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[]}}";
    let server = Server::always(answer(200, "application/json", reply));
    world.file("project/.ai/rye.toml", "allow_hosts = [\"127.0.0.1\"]\n");
    world.tool(
        "call.toml",
        r#"executor_id = "mcp_http_runtime"
[parameters.method]
required = true
[parameters.params]
type = "object"
[config.body]
jsonrpc = "2.0"
id = 1
method = "{method}"
params = "{params?}"
"#,
    );
    let call = |headers: &str| {
        let words = ["--json", "run", "call", "--method", "tools/list", "--params", "{\"a\":[1]}"];
        world
            .rye(words)
            .env("MCP_ENDPOINT", format!("{}/mcp", server.url()))
            .env("MCP_HEADERS", headers)
            .run()
    };
    let ran = call("{\"Authorization\": \"Bearer t\"}");
    assert_eq!(ran.json()["data"], serde_json::from_str::<Value>(reply).unwrap(), "{}", ran.stdout());
    let request = server.one();
    assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/mcp"));
    let sent: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(sent, json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"a": [1]}}));
    let found = ["content-type", "user-agent", "authorization"].map(|name| request.header(name));
    assert_eq!(found, [Some("application/json"), Some("RYE/1.0"), Some("Bearer t")]);
    call("").ok();
    server.one();
    let ran = world.rye(["--json", "run", "call", "--method", "x"]).run();
    ran.refused(125, "unknown_variable", &["`url`", "MCP_ENDPOINT", "mcp_http_runtime"]);
    server.untouched();
}
