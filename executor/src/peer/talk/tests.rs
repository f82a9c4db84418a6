//! Conversations with servers that answer well, badly, and not at all.

use serde_json::{Map, Value, json};

use super::{Act, Goal, Input, Reached, STATELESS, Talk};
use crate::run::RunEvent;

/// A conversation, and what came of what was said so far.
struct Scene {
    talk: Talk,
    sent: Vec<Value>,
    told: Vec<RunEvent>,
    end: Option<Result<String, String>>,
}

impl Scene {
    fn new(goal: Goal, input: Input, revision: Option<&str>) -> Self {
        let mut talk = Talk::new(goal, input, revision);
        let acts = talk.begin();
        let mut scene = Self { talk, sent: Vec::new(), told: Vec::new(), end: None };
        scene.take(acts);
        scene
    }

    fn listing() -> Self {
        Self::new(Goal::List, Input::Refused, None)
    }

    fn call(revision: &str) -> Self {
        Self::new(call(), Input::Refused, Some(revision))
    }

    fn take(&mut self, acts: Vec<Act>) {
        for act in acts {
            assert!(self.end.is_none(), "something after the end");
            match act {
                Act::Send(message) => self.sent.push(serde_json::from_str(&message.text).unwrap()),
                Act::Tell(event) => self.told.push(event),
                Act::End(Ok(Reached::Listed(listed))) => {
                    let names = listed.tools.iter().map(|tool| tool["name"].as_str().unwrap());
                    let names: Vec<_> = names.collect();
                    self.end =
                        Some(Ok(format!("{} {}: {}", listed.protocol, listed.server, names.join(" "))));
                }
                Act::End(Ok(Reached::Called(result))) => self.end = Some(Ok(result.get().to_owned())),
                Act::End(Err(failure)) => self.end = Some(Err(failure.to_string())),
            }
        }
    }

    fn last(&self) -> &Value {
        self.sent.last().unwrap()
    }

    fn method(&self) -> &str {
        self.last()["method"].as_str().unwrap()
    }

    fn hear(&mut self, message: Value) {
        let acts = self.talk.hear(message.to_string().as_bytes());
        self.take(acts);
    }

    /// Answers what was asked last.
    fn answer(&mut self, result: Value) {
        let id = self.last()["id"].clone();
        self.hear(json!({"jsonrpc": "2.0", "id": id, "result": result}));
    }

    fn refuse(&mut self, code: i64, data: Value) {
        let id = self.last()["id"].clone();
        self.hear(
            json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": "no", "data": data}}),
        );
    }

    fn ended(&self) -> Result<&str, &str> {
        self.end.as_ref().unwrap().as_deref().map_err(String::as_str)
    }
}

fn call() -> Goal {
    let arguments: Map<String, Value> = [("a".to_owned(), json!(1))].into_iter().collect();
    Goal::Call { tool: "add".to_owned(), arguments }
}

fn handshake(scene: &mut Scene, revision: &str) {
    assert_eq!(scene.method(), "initialize");
    scene.answer(json!({"protocolVersion": revision, "serverInfo": {"name": "s", "version": "1"}}));
}

fn page(names: &[&str], next: Option<&str>) -> Value {
    let tools: Vec<_> = names.iter().map(|name| json!({"name": name})).collect();
    json!({"tools": tools, "nextCursor": next})
}

#[test]
fn a_server_of_the_newer_era_is_asked_without_a_handshake() {
    let mut scene = Scene::listing();
    assert_eq!(scene.method(), "server/discover");
    let meta = &scene.last()["params"]["_meta"];
    assert_eq!(meta["io.modelcontextprotocol/protocolVersion"], STATELESS);
    assert_eq!(meta["io.modelcontextprotocol/clientCapabilities"], json!({}));
    let told = json!({"io.modelcontextprotocol/serverInfo": {"name": "new", "version": "2"}});
    scene.answer(json!({"supportedVersions": [STATELESS], "_meta": told}));
    scene.answer(page(&["a", "b", "a", ""], Some("next")));
    assert_eq!(scene.last()["params"]["cursor"], "next");
    assert_eq!(scene.last()["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"], STATELESS);
    scene.answer(page(&["c"], None));
    assert_eq!(scene.ended(), Ok("2026-07-28 new: a b c"));
}

#[test]
fn any_error_or_silence_means_the_older_era() {
    for code in [-32601, -32602, -32000, -32700, 0] {
        let mut scene = Scene::listing();
        scene.refuse(code, Value::Null);
        handshake(&mut scene, "2025-06-18");
        scene.answer(page(&["a"], None));
        assert_eq!(scene.ended(), Ok("2025-06-18 s: a"), "{code}");
        assert_eq!(scene.sent[2]["method"], "notifications/initialized");
    }
    let mut scene = Scene::listing();
    let acts = scene.talk.unanswered();
    scene.take(acts);
    // It was slow and no more: what it says late to the probe is no answer to the handshake.
    scene.hear(json!({"jsonrpc": "2.0", "id": 1, "error": {"code": -32601, "message": "no"}}));
    handshake(&mut scene, "2025-11-25");
    scene.answer(page(&[], None));
    assert_eq!(scene.ended(), Ok("2025-11-25 s: "));
}

#[test]
fn a_slow_server_of_the_newer_era_alone_is_understood() {
    let mut scene = Scene::listing();
    let acts = scene.talk.unanswered();
    scene.take(acts);
    let told = json!({"io.modelcontextprotocol/serverInfo": {"name": "slow", "version": "1"}});
    let result = json!({"supportedVersions": [STATELESS], "_meta": told});
    scene.hear(json!({"jsonrpc": "2.0", "id": 1, "result": result}));
    scene.refuse(-32601, Value::Null);
    assert_eq!(scene.method(), "tools/list");
    assert!(scene.last()["params"]["_meta"].is_object());
    scene.answer(page(&["a"], None));
    assert_eq!(scene.ended(), Ok("2026-07-28 slow: a"));
}

#[test]
fn a_refused_revision_is_tried_once_more_or_another_is_taken() {
    let mut scene = Scene::listing();
    scene.refuse(-32022, json!({"supported": [STATELESS]}));
    assert_eq!((scene.method(), scene.sent.len()), ("server/discover", 2));
    scene.refuse(-32022, json!({"supported": [STATELESS]}));
    assert!(scene.ended().unwrap_err().contains(STATELESS));

    let mut scene = Scene::listing();
    scene.refuse(-32022, json!({"supported": ["2025-03-26", "2025-11-25"]}));
    assert_eq!(scene.last()["params"]["protocolVersion"], "2025-11-25");

    let mut scene = Scene::listing();
    scene.refuse(-32022, json!({"supported": ["2030-01-01\u{1b}"]}));
    assert!(scene.ended().unwrap_err().contains("2030-01-01\\u{1b}"));

    let mut scene = Scene::call("2025-06-18");
    assert_eq!(scene.last()["params"]["protocolVersion"], "2025-06-18");
    handshake(&mut scene, "1999-01-01");
    assert!(scene.ended().unwrap_err().contains("1999-01-01"));
}

#[test]
fn a_known_revision_costs_no_question() {
    let mut scene = Scene::call(STATELESS);
    assert_eq!(scene.method(), "tools/call");
    let id = scene.last()["id"].clone();
    assert_eq!(scene.last()["params"]["_meta"]["progressToken"], id);
    let result = json!({"content": []});
    scene.answer(result.clone());
    assert_eq!(scene.ended(), Ok(result.to_string().as_str()));

    let mut scene = Scene::call("2025-11-25");
    handshake(&mut scene, "2025-11-25");
    assert_eq!(scene.method(), "tools/call");
    assert_eq!(scene.last()["params"]["arguments"], json!({"a": 1}));
}

#[test]
fn progress_and_log_of_this_call_are_told() {
    let mut scene = Scene::call(STATELESS);
    let token = scene.last()["id"].clone();
    let mut notify = |method: &str, params: Value| {
        scene.hear(json!({"jsonrpc": "2.0", "method": method, "params": params}));
    };
    notify(
        "notifications/progress",
        json!({"progressToken": token, "progress": 1, "total": 2, "message": "\u{7}"}),
    );
    notify("notifications/progress", json!({"progressToken": 77, "progress": 1}));
    notify("notifications/progress", json!({"progressToken": token, "progress": "x"}));
    notify("notifications/progress", json!(null));
    notify("notifications/message", json!({"level": "warning", "data": {"a": 1}}));
    notify("notifications/tools/list_changed", json!({}));
    let message = Some("\\u{7}".to_owned());
    let progress = RunEvent::Progress { done: 1.0, total: Some(2.0), message };
    let log = RunEvent::Log { level: "warning".to_owned(), logger: None, text: "{\"a\":1}".to_owned() };
    assert_eq!(scene.told, [progress, log]);
}

#[test]
fn what_a_server_asks_is_answered_and_no_more_is_offered() {
    let mut scene = Scene::call("2025-11-25");
    handshake(&mut scene, "2025-11-25");
    let asked = scene.sent.len();
    for (id, method) in
        [(json!("p"), "ping"), (json!(9), "sampling/createMessage"), (json!(null), "roots/list")]
    {
        scene.hear(json!({"jsonrpc": "2.0", "id": id, "method": method, "params": {}}));
    }
    assert_eq!(scene.sent[asked], json!({"jsonrpc": "2.0", "id": "p", "result": {}}));
    assert_eq!(scene.sent[asked + 1]["error"]["code"], -32601);
    assert_eq!(scene.sent[asked + 2]["error"]["code"], -32601);
    assert!(scene.end.is_none());
}

#[test]
fn a_call_is_made_again_with_the_defaults_that_a_form_declares() {
    let schema = json!({"properties": {"ok": {"type": "boolean", "default": true}}});
    let request =
        json!({"method": "elicitation/create", "params": {"message": "sure?", "requestedSchema": schema}});
    let asks = json!({"resultType": "input_required", "inputRequests": {"k": request}, "requestState": "s"});

    let mut scene = Scene::call(STATELESS);
    scene.answer(asks.clone());
    assert_eq!(scene.ended(), Err("the server asks for input: elicitation/create: sure?"));

    let mut scene = Scene::new(call(), Input::Defaults, Some(STATELESS));
    let first = scene.last()["id"].clone();
    scene.answer(asks.clone());
    let again = scene.last().clone();
    assert_ne!(again["id"], first);
    assert_eq!(again["params"]["requestState"], "s");
    let response = json!({"k": {"action": "accept", "content": {"ok": true}}});
    assert_eq!(again["params"]["inputResponses"], response);
    for _ in 0..20 {
        if scene.end.is_none() {
            scene.answer(asks.clone());
        }
    }
    assert!(scene.ended().unwrap_err().contains("more than 10 times"));
}

#[test]
fn garbage_and_foreign_answers_are_passed_over() {
    let mut scene = Scene::call(STATELESS);
    for line in
        ["Listening on :3000", "{", "[1,2]", "{\"jsonrpc\":\"2.0\",\"id\":999,\"result\":{}}", "", "  "]
    {
        let acts = scene.talk.hear(line.as_bytes());
        scene.take(acts);
    }
    assert!(scene.end.is_none());
    assert_eq!(scene.talk.garbage(), 4);
    scene.answer(json!({"content": []}));
    assert!(scene.ended().is_ok());
    // Nothing begins again after the end.
    let acts = scene.talk.hear(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}");
    assert!(acts.is_empty());
}

#[test]
fn a_list_without_end_has_one() {
    let listing = || Scene::new(Goal::List, Input::Refused, Some("2025-11-25"));
    let mut scene = listing();
    handshake(&mut scene, "2025-11-25");
    scene.answer(page(&["a"], Some("x")));
    scene.answer(page(&["b"], Some("x")));
    assert!(scene.ended().unwrap_err().contains("comes back"));

    let mut scene = listing();
    handshake(&mut scene, "2025-11-25");
    let pages = (0..10_000).take_while(|number| {
        scene.answer(page(&[], Some(&number.to_string())));
        scene.end.is_none()
    });
    assert_eq!(pages.count(), 999);
    assert!(scene.ended().unwrap_err().contains("1000 pages"));

    let mut scene = listing();
    handshake(&mut scene, "2025-11-25");
    let many: Vec<String> = (0..20_001).map(|number| number.to_string()).collect();
    scene.answer(page(&many.iter().map(String::as_str).collect::<Vec<_>>(), None));
    assert!(scene.ended().unwrap_err().contains("20000 tools"));

    let mut scene = listing();
    handshake(&mut scene, "2025-11-25");
    scene.refuse(-32601, Value::Null);
    assert_eq!(scene.ended(), Ok(" : "));

    for wrong in [json!({"tools": {}}), json!(3), json!({})] {
        let mut scene = listing();
        handshake(&mut scene, "2025-11-25");
        scene.answer(wrong);
        assert!(scene.ended().unwrap_err().contains("not what the protocol says"));
    }
}

#[test]
fn a_cancel_names_the_call() {
    let mut scene = Scene::call(STATELESS);
    let id = scene.last()["id"].clone();
    let cancel: Value = serde_json::from_str(&scene.talk.cancel().unwrap().text).unwrap();
    assert_eq!((&cancel["method"], &cancel["params"]["requestId"]), (&json!("notifications/cancelled"), &id));
    assert_eq!(cancel.get("id"), None);
    assert!(scene.talk.cancel().is_none());
    // A handshake is not to be cancelled.
    assert!(Scene::call("2025-11-25").talk.cancel().is_none());
}
