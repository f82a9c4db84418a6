//! What is said to a server: each message as the revision spells it that is spoken. Whoever says something waits for
//! its answer from then on.

use std::sync::atomic::Ordering;

use serde_json::{Map, Value, json};

use super::{Act, Goal, Stage, Talk, UNKNOWN_METHOD};
use crate::peer::revision::{Era, STATELESS, WITH_HANDSHAKE};

/// A message on its way to the server, with what a transport must know of it.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    /// One JSON object on one line.
    pub(crate) text: String,
    /// The method of a request or notification.
    pub(crate) method: Option<&'static str>,
    /// The tool that is called.
    pub(crate) tool: Option<String>,
    /// Whether the server owes an answer.
    pub(crate) is_request: bool,
    /// Under which revision it is sent; none before one is agreed on.
    pub(crate) revision: Option<&'static str>,
}

impl Talk {
    pub(super) fn discover(&mut self, again: bool) -> Act {
        self.era = Some(Era::Stateless);
        let act = self.request("server/discover", Map::new(), None);
        self.stage = Stage::Discover { again };
        act
    }

    pub(super) fn initialize(&mut self) -> Act {
        let revision = match self.era {
            Some(Era::Handshake(revision)) => revision,
            _ => WITH_HANDSHAKE[0],
        };
        self.era = None;
        let params = json!({
            "protocolVersion": revision,
            "capabilities": self.input.capabilities(),
            "clientInfo": client(),
        });
        let params = if let Value::Object(params) = params { params } else { Map::new() };
        let act = self.request("initialize", params, None);
        self.stage = Stage::Initialize;
        act
    }

    pub(super) fn ask_goal(&mut self) -> Vec<Act> {
        match self.goal {
            Goal::List => vec![self.ask_page(None)],
            Goal::Call { .. } => vec![self.ask_call(Map::new(), None)],
        }
    }

    pub(super) fn ask_page(&mut self, cursor: Option<String>) -> Act {
        let params = cursor.map(|cursor| ("cursor".to_owned(), Value::String(cursor)));
        let act = self.request("tools/list", params.into_iter().collect(), None);
        self.stage = Stage::List;
        act
    }

    pub(super) fn ask_call(&mut self, responses: Map<String, Value>, state: Option<Value>) -> Act {
        let Goal::Call { tool, arguments } = &self.goal else { return self.ask_page(None) };
        let mut params = Map::new();
        params.insert("name".to_owned(), Value::String(tool.clone()));
        params.insert("arguments".to_owned(), Value::Object(arguments.clone()));
        if !responses.is_empty() {
            params.insert("inputResponses".to_owned(), Value::Object(responses));
        }
        params.extend(state.map(|state| ("requestState".to_owned(), state)));
        let tool = tool.clone();
        let act = self.request("tools/call", params, Some(tool));
        self.stage = Stage::Call;
        act
    }

    fn request(&mut self, method: &'static str, mut params: Map<String, Value>, tool: Option<String>) -> Act {
        let id = self.ids.fetch_add(1, Ordering::Relaxed);
        self.awaited = id;
        let mut meta = Map::new();
        if self.era == Some(Era::Stateless) {
            let key = |name: &str| format!("io.modelcontextprotocol/{name}");
            meta.insert(key("protocolVersion"), STATELESS.into());
            meta.insert(key("clientInfo"), client());
            meta.insert(key("clientCapabilities"), self.input.capabilities());
            if tool.is_some() {
                meta.insert(key("logLevel"), "info".into());
            }
        }
        if tool.is_some() {
            meta.insert("progressToken".to_owned(), id.into());
        }
        if !meta.is_empty() {
            params.insert("_meta".to_owned(), Value::Object(meta));
        }
        let text = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string();
        let revision = self.revision();
        Act::Send(Outgoing { text, method: Some(method), tool, is_request: true, revision })
    }

    pub(super) fn notification(&self, method: &'static str, mut params: Value) -> Outgoing {
        if self.era == Some(Era::Stateless) {
            params["_meta"] = json!({ "io.modelcontextprotocol/protocolVersion": STATELESS });
        }
        let text = json!({ "jsonrpc": "2.0", "method": method, "params": params }).to_string();
        Outgoing { text, method: Some(method), tool: None, is_request: false, revision: self.revision() }
    }

    /// The answer to a request of the server's.
    pub(super) fn reply(&self, id: &Value, method: &str, params: &Value) -> Outgoing {
        let result = if method == "ping" { Some(json!({})) } else { self.input.answer(method, params) };
        let message = match result {
            Some(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
            None => {
                let error = json!({ "code": UNKNOWN_METHOD, "message": "this client does not offer that" });
                json!({ "jsonrpc": "2.0", "id": id, "error": error })
            }
        };
        let (text, revision) = (message.to_string(), self.revision());
        Outgoing { text, method: None, tool: None, is_request: false, revision }
    }
}

/// Who we are.
fn client() -> Value {
    json!({ "name": "rye", "version": env!("CARGO_PKG_VERSION") })
}
