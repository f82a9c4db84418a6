//! HTTP tools in TOML, through the front door: what is sent is what the tool says, an argument stays in its place
//! and an answer comes back as it is. Loopback alone is ever asked.

use serde_json::{Value, json};

use crate::http_server::{Server, answer, answer_with};
use crate::world::{Ran, World};

/// Writes the HTTP tool `call`: what stands before `[config]`, and the lines in it.
pub(crate) fn http_tool(world: &World, head: &str, config: &str) {
    world.tool("call.toml", format!("executor_id = \"http_client\"\n{head}\n[config]\n{config}\n"));
}

/// Lines of `[config]`: where, and that loopback is meant.
pub(crate) fn to(server: &Server, path: &str) -> String {
    format!("url = \"{}{path}\"\nallow_hosts = [\"127.0.0.1\"]\n", server.url())
}

fn params(value: &Value) -> [String; 3] {
    ["--params".to_owned(), value.to_string(), "call".to_owned()]
}

/// A call whose request is refused before anything is sent. It may be refused by the plan or by the primitive.
#[track_caller]
fn refused(server: &Server, ran: &Ran, exit: i32, code: &str, holds: &[&str]) {
    ran.refused(exit, code, holds);
    server.untouched();
}

#[test]
fn an_argument_in_a_url_is_encoded_and_stays_in_its_place() {
    let world = World::new();
    let server = Server::echo();
    http_tool(&world, "parameters = { a = {}, b = {} }", &to(&server, "/v1/{a}/x?q={b?}&k=1"));
    for (a, b, want) in [
        (json!("a/b?c#d %00"), json!("1&k=2#f"), "/v1/a%2Fb%3Fc%23d%20%2500/x?q=1%26k%3D2%23f&k=1"),
        (json!("é漢"), json!("+ \u{1f600}"), "/v1/%C3%A9%E6%BC%A2/x?q=%2B%20%F0%9F%98%80&k=1"),
        (json!("a-b_c.d~e"), json!(null), "/v1/a-b_c.d~e/x?q=&k=1"),
        (json!("..."), json!(".."), "/v1/.../x?q=..&k=1"),
        (json!("%2e%2e"), json!(""), "/v1/%252e%252e/x?q=&k=1"),
        (json!("\\..\\"), json!("\r\n"), "/v1/%5C..%5C/x?q=%0D%0A&k=1"),
        (
            json!(12345678901234567890_u64),
            json!([1, "x"]),
            "/v1/12345678901234567890/x?q=%5B1%2C%22x%22%5D&k=1",
        ),
        (
            json!("@evil.example:80"),
            json!("${HOME}{a}"),
            "/v1/%40evil.example%3A80/x?q=%24%7BHOME%7D%7Ba%7D&k=1",
        ),
    ] {
        world.data(params(&json!({ "a": a, "b": b })));
        let request = server.one();
        assert_eq!((request.method.as_str(), request.target.as_str()), ("GET", want));
        assert_eq!(request.header("host"), Some(server.host().as_str()));
    }
    for value in ["", ".", ".."] {
        let words = ["--json", "run", "--params"].map(str::to_owned);
        let words = words.into_iter().chain([json!({ "a": value }).to_string(), "call".to_owned()]);
        let ran = world.rye(words).run();
        refused(&server, &ran, 2, "invalid_arguments", &["cannot stand in the path of a URL", "`a`"]);
    }
}

#[test]
fn pieces_of_one_segment_cannot_join_to_a_way_up() {
    let world = World::new();
    let server = Server::echo();
    for path in ["/v1/{a}{b}/x", "/v1/.{a}/x", "/v1/{a}.", "/v1/%2e{b}", "/v1/{b?}{a}"] {
        http_tool(&world, "parameters = { a = {}, b = {} }", &to(&server, path));
        let ran = world.rye(["--json", "run", "call", "--a", ".", "--b", "."]).run();
        refused(&server, &ran, 2, "invalid_arguments", &["path of a URL"]);
    }
    http_tool(&world, "parameters = { a = {}, b = {} }", &to(&server, "/v{a}.{b}"));
    world.data(["call", "--a", "1", "--b", "2"]);
    assert_eq!(server.one().target, "/v1.2");
}

#[test]
fn an_argument_chooses_no_host_and_no_method() {
    let world = World::new();
    let server = Server::echo();
    let bad = "an argument cannot choose scheme, user, host or port";
    for url in [
        "{a}",
        "{a}://127.0.0.1/",
        "http://{a}/",
        "http://{a}@127.0.0.1/",
        "http://127.0.0.1:{a}/",
        "http://127.0.0.1{a}",
        "http:///{a}/",
        "http:////{a}",
        "http:/{a}",
        "http:{a}/",
        "http:\\\\{a}/x",
        "http://\\{a}/x",
        "${BASE}{a}",
        "${SCHEME}://{a}/x",
        "${SCHEME}:/{a}/x",
        "http://${HOST}{a}/x",
        "http://${HOST}:{a}/x",
        "http://{tool_path}/",
    ] {
        let config = format!("url = '{url}'\nallow_hosts = [\"127.0.0.1\"]");
        http_tool(&world, "parameters = { a = {} }", &config);
        let call = world.rye(["--json", "run", "call", "--a", &server.host()]);
        let call = call.env("BASE", server.url()).env("SCHEME", "http").env("HOST", "127.0.0.1");
        let ran = call.run();
        refused(&server, &ran, 125, "invalid_descriptor", &[bad, "call.toml:4:"]);
    }
    // Only the plan knows what a variable holds.
    http_tool(&world, "parameters = { a = {} }", "url = '${BASE}/{a}/x'\nallow_hosts = [\"127.0.0.1\"]");
    for base in ["http:", "http:/", "http://", "HTTP:\\", " http:", ""] {
        let ran = world.rye(["--json", "run", "call", "--a", &server.host()]).env("BASE", base).run();
        refused(&server, &ran, 125, "invalid_descriptor", &[bad, "call.toml:4:"]);
    }
    let call = |base: String| world.rye(["--json", "run", "call", "--a", "v"]).env("BASE", base).run();
    for (base, want) in [(server.url(), "/v/x"), (format!("{}/api", server.url()), "/api/v/x")] {
        assert_eq!(call(base).code, Some(0));
        assert_eq!(server.one().target, want);
    }
    // Names of the primitive's options are parameters like any other.
    http_tool(&world, "parameters = { method = {}, url = {} }", &to(&server, "/"));
    world.data(["call", "--method", "DELETE", "--url", "http://127.0.0.1:1/"]);
    assert_eq!((server.one().method.as_str(), server.seen().len()), ("GET", 0));
}

#[test]
fn built_in_names_are_encoded_too() {
    let world = World::new();
    let server = Server::echo();
    http_tool(&world, "parameters = { a = {} }", &to(&server, "/?p={params_json}&t={project_path}"));
    world.data(["call", "--a", "x&t=2#"]);
    let project = world.project().display().to_string().replace('/', "%2F");
    assert_eq!(server.one().target, format!("/?p=%7B%22a%22%3A%22x%26t%3D2%23%22%7D&t={project}"));
}

#[test]
fn a_body_keeps_the_types_of_its_values() {
    let world = World::new();
    let server = Server::echo();
    let head = "parameters = { count = {}, x = {}, list = { type = \"array\" }, text = {} }";
    let body = r#"method = "post"
[config.body]
count = "{count}"
said = "n={count}"
x = "{x?}"
all = ["first", "{list...}", "last"]
list = "{list}"
deep = { text = "{text}", fixed = [1, 2.5, true], home = "${HOME}" }"#;
    http_tool(&world, head, &format!("{}{body}", to(&server, "/")));
    let given = json!({ "count": 3, "list": ["a", 1, null], "text": "${HOME} {count} \"\n" });
    world.data(params(&given));
    let request = server.one();
    let sent: Value = serde_json::from_slice(&request.body).unwrap();
    let home = world.home();
    let want = json!({
        "count": 3,
        "said": "n=3",
        "all": ["first", "a", 1, null, "last"],
        "list": ["a", 1, null],
        "deep": { "text": "${HOME} {count} \"\n", "fixed": [1, 2.5, true], "home": home },
    });
    assert_eq!(sent, want);
    assert_eq!((request.method.as_str(), request.header("content-type")), ("POST", Some("application/json")));

    // Every digit arrives.
    world.data(["--params", r#"{"count":18446744073709551615,"list":[],"text":1.10,"x":null}"#, "call"]);
    let request = server.one();
    assert!(request.text().contains("\"count\":18446744073709551615,"), "{}", request.text());
    let ran = world.rye(["--json", "run", "--params", "{\"count\":1,\"list\":[]}", "call"]).run();
    refused(&server, &ran, 125, "invalid_descriptor", &["`{text}` has no value", "`{name?}`"]);
}

#[test]
fn forms_texts_queries_and_headers_are_filled() {
    let world = World::new();
    let server = Server::echo();
    let head = "parameters = { a = {}, b = {}, l = { type = \"array\" } }";
    let method = "method = \"PUT\"\n";
    let cases = [
        ("form = { a = \"{a}\", b = \"{b?}\", l = \"{l}\", n = 1 }", "a=x+%26%3D%C3%A9&l=1&l=two&n=1"),
        ("text = \"<{a}>\"", "<x &=é>"),
        ("body = [\"{l...}\", \"{a}\"]", "[1,\"two\",\"x &=é\"]"),
        ("body = \"{a}\"", "\"x &=é\""),
        ("body = \"{b?}\"", ""),
    ];
    let kinds = ["application/x-www-form-urlencoded", "text/plain; charset=utf-8", "application/json"];
    for ((config, want), kind) in cases.into_iter().zip(kinds.iter().chain([&kinds[2], &""])) {
        http_tool(&world, head, &format!("{}{method}{config}", to(&server, "/")));
        world.data(params(&json!({ "a": "x &=é", "l": [1, "two"] })));
        let request = server.one();
        assert_eq!(request.text(), want);
        assert_eq!(request.header("content-type").unwrap_or_default(), *kind, "{config}");
    }
    let more = "query = { a = \"{a}\", b = \"{b?}\", l = \"{l}\", n = 2 }\n\
                headers = { X-One = \"<{a}>\", x-two = \"{b?}\", X-Home = \"${HOME}\", X-Number = 5 }";
    http_tool(&world, head, &format!("{}{more}", to(&server, "/?k=0")));
    world.data(params(&json!({ "a": "y&z", "l": [1, "two"] })));
    let request = server.one();
    assert_eq!(request.target, "/?k=0&a=y%26z&l=1&l=two&n=2");
    let home = world.home().display().to_string();
    let found = ["x-one", "x-two", "x-home", "x-number"].map(|name| request.header(name));
    assert_eq!(found, [Some("<y&z>"), None, Some(home.as_str()), Some("5")]);
    for a in ["x\r\nX-Evil: 1", "x\ny", "a\0b"] {
        let ran =
            world.rye(["--json", "run", "--params", &json!({ "a": a, "l": [] }).to_string(), "call"]).run();
        refused(&server, &ran, 2, "invalid_arguments", &[]);
        assert!(!ran.stdout().contains("X-Evil"), "{}", ran.stdout());
    }
    for (two, words) in [
        ("body = {}\nform = {}", "`form` beside another body"),
        ("body = {}\ntext = \"x\"", "`text` beside another body"),
        ("form = {}\ntext = \"x\"", "`text` beside another body"),
    ] {
        http_tool(&world, head, &format!("{}{two}", to(&server, "/")));
        let ran = world.rye(["--json", "run", "call"]).run();
        refused(&server, &ran, 125, "invalid_descriptor", &[words, "keep one of", "call.toml:"]);
    }
}

#[test]
fn a_table_may_stand_in_a_variable() {
    let world = World::new();
    let server = Server::echo();
    http_tool(&world, "", &format!("{}headers = \"${{MCP_HEADERS}}\"", to(&server, "/")));
    let call = |text: &str| world.rye(["--json", "run", "call"]).env("MCP_HEADERS", text).run();
    for (text, want) in [
        (r#"{"X-One": "1", "X-Number": 2}"#, [Some("1"), Some("2")]),
        (r#"{"X-One": "${HOME}{a}", "X-Number": null}"#, [Some("${HOME}{a}"), None]),
        ("{}", [None, None]),
        ("", [None, None]),
        ("  \n", [None, None]),
    ] {
        call(text).ok();
        let request = server.one();
        assert_eq!(["x-one", "x-number"].map(|name| request.header(name)), want, "{text:?}");
    }
    world.data(["call"]);
    server.one();
    for text in ["[]", "secret", "\"x\"", "{\"secret\": 1", "{\"secret\":1,\"secret\":2}"] {
        let ran = call(text);
        let holds = ["`headers` is `${MCP_HEADERS}`, which does not hold a JSON object", "call.toml:6:"];
        refused(&server, &ran, 125, "invalid_descriptor", &holds);
        assert!(!ran.stdout().contains("secret"), "{}", ran.stdout());
    }
}

#[test]
fn credentials_are_sent_and_never_shown() {
    let world = World::new();
    let secret = "s3cr3t-T0KEN";
    for (auth, header, want) in [
        ("{ type = \"bearer\", token = \"${TOKEN}\" }", "authorization", format!("Bearer {secret}")),
        ("{ type = \"api_key\", header = \"X-Key\", value = \"${TOKEN}\" }", "x-key", secret.to_owned()),
        (
            "{ type = \"basic\", user = \"ada\", password = \"${TOKEN}\" }",
            "authorization",
            "Basic YWRhOnMzY3IzdC1UMEtFTg==".to_owned(),
        ),
    ] {
        let server = Server::always(answer(403, "text/plain", "no"));
        let config = format!("{}auth = {auth}\nheaders.X-Also = \"${{TOKEN}}\"", to(&server, "/?t=${TOKEN}"));
        http_tool(&world, "", &config);
        let words: [&[&str]; 5] = [
            &["run", "call"],
            &["--json", "run", "call"],
            &["explain", "call"],
            &["--json", "explain", "call"],
            &["--json", "run", "--timeout", "0.000001", "call"],
        ];
        for words in words {
            let ran = world.rye(words).env("TOKEN", secret).run();
            let all = ran.stdout() + &ran.stderr();
            assert!(!all.contains(secret) && !all.contains("YWRhOnMz"), "{words:?}: {all}");
        }
        let seen = server.seen();
        assert!(!seen.is_empty());
        assert_eq!(seen[0].header(header), Some(want.as_str()));
        assert_eq!(seen[0].header("x-also"), Some(secret));
        let ran = world.rye(["--json", "run", "call"]).run();
        ran.refused(125, "unknown_variable", &["TOKEN", "call.toml:"]);
    }
    let server = Server::echo();
    for (auth, words) in [
        ("{ type = \"bearer\" }", "`auth` has no `token`"),
        ("{ type = \"basic\", user = \"a\" }", "`auth` has no `password`"),
        ("{ type = \"digest\" }", "known are `bearer`, `api_key`, `basic`"),
        ("{ type = \"bearer\", token = \"t\", user = \"u\" }", "`user` is not a key of this `auth`"),
        ("\"bearer\"", "`auth` is not a table"),
    ] {
        http_tool(&world, "", &format!("{}auth = {auth}", to(&server, "/")));
        let ran = world.rye(["--json", "run", "call"]).run();
        ran.refused(125, "invalid_descriptor", &[words, "call.toml:6:"]);
    }
}

#[test]
fn an_answer_comes_back_as_it_is() {
    let world = World::new();
    for (kind, body, data, plain) in [
        ("application/json", b"{\"n\": 1.10,\"b\":[]}".as_slice(), json!({"n": 1.10, "b": []}), None),
        ("application/problem+json; charset=utf-8", b"[1]", json!([1]), Some("[1]\n")),
        ("application/json", b"{broken", json!("{broken"), Some("{broken\n")),
        ("text/plain", "é\n".as_bytes(), json!("é\n"), Some("é\n")),
        ("text/plain", b"{\"a\":1}", json!("{\"a\":1}"), Some("{\"a\":1}\n")),
        ("image/png", b"\x89PNG\xff", json!({"base64": "iVBOR/8="}), None),
        ("text/plain", b"", Value::Null, Some("")),
    ] {
        let server = Server::always(answer(200, kind, body));
        http_tool(&world, "", &to(&server, "/"));
        let outcome = world.outcome(["call"]);
        assert_eq!((&outcome["success"], &outcome["data"]), (&json!(true), &data), "{outcome:#}");
        let ending = &outcome["ending"];
        assert_eq!((&ending["kind"], &ending["status"]), (&json!("responded"), &json!(200)), "{outcome:#}");
        assert_eq!(outcome["chain"][1]["id"], "http_client");
        let text = world.rye(["run", "call"]).run().ok();
        if let Some(plain) = plain {
            assert_eq!(text, plain, "{kind}");
        }
    }
    let exact = "{\"n\":1.10,\"big\":184467440737095516154567890,\"z\":1,\"a\":2}";
    let server = Server::always(answer(200, "application/json", exact));
    http_tool(&world, "", &to(&server, "/"));
    let ran = world.rye(["--json", "run", "call"]).run();
    assert!(ran.stdout().contains(exact), "{}", ran.stdout());
}

#[test]
fn a_status_that_says_no_is_a_failed_outcome_with_everything_in_it() {
    let world = World::new();
    for (status, hint) in [(404, "`url`"), (401, "`auth`"), (500, "`retries`"), (418, "")] {
        let headers = [("Content-Type", "application/json"), ("X-Reason", "because")];
        let server = Server::always(answer_with(status, &headers, "{\"why\":[1]}"));
        http_tool(&world, "", &format!("{}retries = 0", to(&server, "/gone?secret=1")));
        let ran = world.rye(["--json", "run", "call"]).run();
        let outcome = ran.json();
        assert_eq!((ran.code, &outcome["error"]["code"]), (Some(1), &json!("http_status")), "{outcome:#}");
        let ending = &outcome["ending"];
        assert_eq!((&ending["kind"], &ending["status"]), (&json!("responded"), &json!(status)));
        assert!(ending["headers"].to_string().to_lowercase().contains("because"), "{outcome:#}");
        assert_eq!((&outcome["data"], &outcome["success"]), (&json!({"why": [1]}), &json!(false)));
        assert!(outcome["error"]["hints"].to_string().contains(hint), "{outcome:#}");
        assert!(!ran.stdout().contains("secret"), "{}", ran.stdout());
        let status = status.to_string();
        let plain = world.rye(["run", "call"]).run();
        plain.fails(1, &["was answered with status", &status]);
        assert!(!plain.stderr().contains("secret"), "{}", plain.stderr());
    }
}

#[test]
fn the_result_is_held_to_its_schema_at_every_door() {
    let world = World::new();
    let server = Server::always(answer(200, "application/json", "{\"n\": \"one\"}"));
    let head = "output_schema = { type = \"object\", properties = { n = { type = \"integer\" } } }";
    http_tool(&world, head, &to(&server, "/"));
    let outcome = world.outcome(["call"]);
    assert_eq!(outcome["error"]["code"], "invalid_output", "{outcome:#}");
    assert_eq!(outcome["data"], json!({"n": "one"}));
    world.rye(["run", "call"]).run().fails(1, &["output_schema"]);
    let server = Server::always(answer(200, "application/json", "{\"n\": 1}"));
    http_tool(&world, head, &to(&server, "/"));
    world.data(["call"]);
}
