//! MCP in two eras: each request that names its revision stands for itself; the others belong to the session that
//! `initialize` began. What the library answers wrongly or too kindly is answered here: unknown cursors, undeclared
//! methods, parameters that do not fit.
#![expect(deprecated, reason = "logging is deprecated in the newest revision and spoken to older clients")]

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CompleteRequestMethod, CompleteRequestParams,
    CompleteResult, CustomRequest, CustomResult, DiscoverResult, ErrorCode, ErrorData,
    GetPromptRequestMethod, GetPromptRequestParams, GetPromptResponse, InitializeRequestParams,
    InitializeResult, ListPromptsRequestMethod, ListPromptsResult, ListResourceTemplatesResult,
    ListResourcesResult, ListToolsResult, LoggingMessageNotificationParam, PaginatedRequestParams,
    ProgressNotificationParam, ProgressToken, ProtocolVersion, ReadResourceRequestParams,
    ReadResourceResponse, ReadResourceResult, ResourcesCapability, ServerCapabilities, ServerConfig,
    SetLevelRequestParams, SubscriptionFilter, Tool, ToolsCapability,
};
use rmcp::service::{NotificationContext, Peer, RequestContext, RoleServer, SubscriptionContext};
use rmcp::{ErrorData as McpError, ServerHandler};
use rye_executor::caught;
use serde_json::{Map, Value, json};
use tokio::sync::{mpsc, watch};

use crate::call::CallRequest;
use crate::catalogue::Catalogue;
use crate::closing::Stage;
use crate::cursor::{cursor_after, name_before};
use crate::door::Door;
use crate::edge::{self, Era};
use crate::meta::MetaTool;
use crate::notice::{Level, Notice};
use crate::resource::{MOST, Resource};

/// The revisions that are spoken, the oldest first.
pub(crate) const VERSIONS: [ProtocolVersion; 4] = [
    ProtocolVersion::V_2025_03_26,
    ProtocolVersion::V_2025_06_18,
    ProtocolVersion::V_2025_11_25,
    ProtocolVersion::V_2026_07_28,
];

/// The methods of a server of ours in every revision, those that only sessions have, and those that no session has.
const METHODS: [&str; 6] = [
    "server/discover",
    "tools/list",
    "tools/call",
    "resources/list",
    "resources/templates/list",
    "resources/read",
];
const SESSION_METHODS: [&str; 2] = ["initialize", "logging/setLevel"];
const STATELESS_METHODS: [&str; 1] = ["subscriptions/listen"];

/// How many tools one page of a list has. Some clients read the first page only.
const PAGE: usize = 1000;

/// How long a client may keep a list. One that listens hears of a change at once.
const LIST_TTL_MS: u64 = 300_000;

/// How much the server's own notes matter.
const NOTE_LEVEL: Level = Level::Warning;

/// What the server says about itself to a model.
const INSTRUCTIONS: &str = "Each tool is a script or command of this project or of its user, run afresh for each \
                            call. A result that says `isError` tells what was wrong and what to change.";

/// One client, or one session of it.
#[derive(Debug)]
pub(crate) struct Protocol {
    door: Arc<Door>,
    /// From which level on a session wants log lines, once it has said so.
    level: Mutex<Option<Level>>,
    /// Whether the session hears of changes already.
    hears: AtomicBool,
    /// Once the session has asked for log lines: how many of the server's own notes it has heard.
    heard: Mutex<Option<usize>>,
    /// The URIs of the resources that this client was told of.
    told: Mutex<Vec<String>>,
}

impl Protocol {
    pub(crate) fn new(door: Arc<Door>) -> Self {
        let hears = AtomicBool::new(false);
        Self { door, level: Mutex::default(), hears, heard: Mutex::new(None), told: Mutex::default() }
    }

    /// Tells a client that asked for log lines what the server has to say: a session each thing once, a request that
    /// stands for itself all that concerns its list.
    async fn tell_notes(&self, context: &RequestContext<RoleServer>, about: Option<&Catalogue>) {
        let notes = match (era(context), about) {
            (Era::Stateless, Some(catalogue)) => {
                let level = context.meta.log_level().map(edge::level);
                if level.is_some_and(|least| NOTE_LEVEL >= least) { catalogue.notes() } else { Vec::new() }
            }
            (Era::Stateless, None) => Vec::new(),
            (Era::Session, _) => self.unheard_notes(),
        };
        for note in notes {
            let said = LoggingMessageNotificationParam::new(edge::logging_level(NOTE_LEVEL), json!(note))
                .with_logger("rye".to_owned());
            // A client that is gone hears nothing, and its end is seen elsewhere.
            let _ = context.peer.notify_logging_message(said).await;
        }
    }

    /// What a session has not heard, if it wants to.
    fn unheard_notes(&self) -> Vec<String> {
        let least = *self.level.lock().unwrap_or_else(PoisonError::into_inner);
        if least.is_none_or(|least| NOTE_LEVEL < least) {
            return Vec::new();
        }
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(heard) = heard.as_mut() else { return Vec::new() };
        let notes = self.door.notes().after(*heard);
        *heard += notes.len();
        notes
    }

    /// Resources that this client may list from now on. What the door has forgotten is not remembered here either.
    fn tell_of(&self, wholes: &[Resource]) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.extend(wholes.iter().map(|whole| whole.uri.clone()));
        let forgotten = told.len().saturating_sub(MOST);
        told.drain(..forgotten);
    }

    fn list_page(&self, catalogue: &Catalogue, after: &str, era: Era) -> ListToolsResult {
        let (tools, cursor) = if catalogue.is_meta() {
            (MetaTool::rows(catalogue.len()).iter().filter_map(edge::meta_tool).collect(), None)
        } else {
            let mut rows = catalogue.rows_after(after);
            let (mut tools, mut last) = (Vec::new(), "");
            for (name, row) in rows.by_ref().take(PAGE) {
                last = name;
                tools.extend(edge::tool(name, row, era));
            }
            (tools, rows.next().map(|_| cursor_after(last)))
        };
        let mut result = ListToolsResult::with_all_items(tools);
        result.next_cursor = cursor;
        result.meta = edge::result_meta(era, Map::new());
        if era == Era::Stateless {
            result = result.with_ttl_ms(LIST_TTL_MS).with_cache_scope(CacheScope::Private);
        }
        result
    }
}

/// In which era a request is made.
fn era(context: &RequestContext<RoleServer>) -> Era {
    match context.protocol_version() {
        Some(version) if !version.has_initialize() => Era::Stateless,
        _ => Era::Session,
    }
}

/// Waits until the list is another one than it was.
async fn changed(changes: &mut watch::Receiver<Option<u64>>) -> bool {
    loop {
        let before = *changes.borrow_and_update();
        if changes.changed().await.is_err() {
            return false;
        }
        if before.is_some() || *changes.borrow() != Some(0) {
            return true;
        }
    }
}

/// Where a page begins.
fn page_start(request: Option<PaginatedRequestParams>) -> Result<String, McpError> {
    let cursor = request.and_then(|request| request.cursor).unwrap_or_default();
    name_before(&cursor).ok_or_else(|| McpError::invalid_params("the cursor is none of this server's", None))
}

/// Tells a client what a tool tells, as far as it asked for it.
struct Listener {
    peer: Peer<RoleServer>,
    token: Option<ProgressToken>,
    level: Option<Level>,
    tool: String,
    /// What was told last: progress only grows.
    done: Option<f64>,
}

impl Listener {
    async fn tell(&mut self, notice: Notice) {
        match notice {
            Notice::Progress { done, total, message } => self.progress(done, total, message).await,
            Notice::Heartbeat { seconds } => {
                // As little as a number can grow, so that the tool's own next number is not passed.
                let last = self.done.unwrap_or(0.0);
                let done = last + last.abs().max(1e-6) * 1e-9;
                self.progress(done, None, Some(format!("running for {seconds} s"))).await;
            }
            Notice::Log { level, text } => {
                if self.level.is_some_and(|least| level >= least) {
                    let said = LoggingMessageNotificationParam::new(edge::logging_level(level), json!(text))
                        .with_logger(self.tool.clone());
                    // A client that is gone hears nothing, and its end is seen elsewhere.
                    let _ = self.peer.notify_logging_message(said).await;
                }
            }
        }
    }

    async fn progress(&mut self, done: f64, total: Option<f64>, message: Option<String>) {
        let Some(token) = &self.token else { return };
        if self.done.is_some_and(|last| done <= last) {
            return;
        }
        self.done = Some(done);
        let mut said = ProgressNotificationParam::new(token.clone(), done);
        (said.total, said.message) = (total, message);
        let _ = self.peer.notify_progress(said).await;
    }
}

impl ServerHandler for Protocol {
    fn get_info(&self) -> ServerConfig {
        let mut capabilities = ServerCapabilities::default();
        let mut tools = ToolsCapability::default();
        tools.list_changed = Some(true);
        capabilities.tools = Some(tools);
        capabilities.resources = Some(ResourcesCapability::default());
        capabilities.logging = Some(Map::new());
        ServerConfig::new(capabilities)
            .with_server_info(edge::implementation())
            .with_protocol_version(ProtocolVersion::V_2025_11_25)
            .with_instructions(INSTRUCTIONS)
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        Cow::Borrowed(&VERSIONS)
    }

    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, McpError> {
        let answer = self.negotiate_initialize(&request)?;
        // What was agreed on counts from now on, not what was asked for.
        let mut peer = request;
        peer.protocol_version = answer.protocol_version.clone();
        context.peer.set_peer_info(peer);
        Ok(answer)
    }

    async fn discover(&self, _: RequestContext<RoleServer>) -> Result<DiscoverResult, McpError> {
        let versions = self.supported_protocol_versions().into_owned();
        let mut answer = DiscoverResult::from_server_info(versions, self.get_info());
        answer.ttl_ms = LIST_TTL_MS;
        Ok(answer)
    }

    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        if self.hears.swap(true, Ordering::SeqCst) {
            return;
        }
        let (mut changes, closing) = (self.door.changes(), self.door.closing().clone());
        tokio::spawn(async move {
            let tell = async {
                // The first listing is no change.
                while changed(&mut changes).await && context.peer.notify_tool_list_changed().await.is_ok() {}
            };
            tokio::select! {
                () = tell => {}
                () = closing.reached(Stage::Draining) => {}
            }
        });
    }

    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        let mut accepted = SubscriptionFilter::default();
        accepted.tools_list_changed = requested.tools_list_changed;
        Some(accepted)
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), McpError> {
        let mut changes = self.door.changes();
        // A client may know the list of old, and what nobody has listed nobody watches. The first listing is no change.
        caught(self.door.listed_once()).await.map_err(edge::fault)?;
        loop {
            tokio::select! {
                is_changed = changed(&mut changes) => {
                    if !is_changed || context.sink().notify_tool_list_changed().await.is_err() {
                        return Ok(());
                    }
                }
                () = context.cancelled() => return Ok(()),
                () = self.door.closing().reached(Stage::Draining) => return Ok(()),
            }
        }
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, McpError> {
        let after = page_start(request)?;
        let catalogue = caught(self.door.list()).await.map_err(edge::fault)?;
        self.tell_notes(&context, Some(&catalogue)).await;
        Ok(self.list_page(&catalogue, &after, era(&context)))
    }

    /// Over HTTP the library holds what a call says in headers to what it says in its body.
    fn get_tool(&self, name: &str) -> Option<Tool> {
        edge::tool(name, self.door.shown()?.row(name)?, Era::Stateless)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, McpError> {
        let _asked = self.door.asked();
        let era = era(&context);
        // A session that has not said what it wants hears log lines along with progress. For a call of which it wants
        // to hear neither, nothing is opened.
        let (asked, unasked) = match era {
            Era::Session => (*self.level.lock().unwrap_or_else(PoisonError::into_inner), Some(Level::Info)),
            Era::Stateless => (context.meta.log_level().map(edge::level), None),
        };
        let mut listener = Listener {
            peer: context.peer.clone(),
            token: context.meta.get_progress_token(),
            level: asked.or(unasked),
            tool: request.name.to_string(),
            done: None,
        };
        let wanted = listener.token.is_some() || asked.is_some();
        let (sender, mut notices) = mpsc::channel(64);
        let call = self.door.call(CallRequest {
            name: request.name.into_owned(),
            arguments: request.arguments.unwrap_or_default(),
            trace: edge::trace(&context.meta),
            caller: edge::caller(&context, era),
            idempotency_key: edge::idempotency_key(&context.meta)?,
            cancelled: context.ct.clone(),
            notices: wanted.then_some(sender),
        });
        // The library moves the future of a request several times: it is to be small.
        let mut call = Box::pin(caught(call));
        let reply = loop {
            tokio::select! {
                biased;
                // Of a call that is cancelled nothing more is heard.
                Some(notice) = notices.recv() => if !context.ct.is_cancelled() { listener.tell(notice).await },
                reply = &mut call => break reply,
            }
        };
        while let Ok(notice) = notices.try_recv() {
            listener.tell(notice).await;
        }
        let reply = reply.map_err(edge::fault)?.map_err(|unknown| edge::unknown_tool(&unknown))?;
        self.tell_of(&reply.wholes);
        Ok(edge::call_result(reply, era).into())
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, McpError> {
        page_start(request)?;
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let kept = self.door.resources().list(&told);
        let mut result = ListResourcesResult::with_all_items(kept.iter().map(edge::resource).collect());
        result.meta = edge::result_meta(era(&context), Map::new());
        Ok(result)
    }

    async fn list_resource_templates(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, McpError> {
        page_start(request)?;
        let mut result = ListResourceTemplatesResult::with_all_items(Vec::new());
        result.meta = edge::result_meta(era(&context), Map::new());
        Ok(result)
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, McpError> {
        let (door, uri) = (Arc::clone(&self.door), request.uri);
        let aside =
            async { tokio::task::spawn_blocking(move || door.resources().read(&uri).ok_or(uri)).await };
        let found = caught(aside).await.map_err(edge::fault)?;
        let found = found.map_err(|error| McpError::internal_error(error.to_string(), None))?;
        let piece = found.map_err(|uri| {
            McpError::resource_not_found("there is no such resource", Some(json!({ "uri": uri })))
        })?;
        let mut result = ReadResourceResult::new(edge::resource_contents(piece));
        result.meta = edge::result_meta(era(&context), Map::new());
        Ok(result.into())
    }

    async fn set_level(
        &self,
        request: SetLevelRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), McpError> {
        if era(&context) == Era::Stateless {
            return Err(McpError::method_not_found::<rmcp::model::SetLevelRequestMethod>());
        }
        *self.level.lock().unwrap_or_else(PoisonError::into_inner) = Some(edge::level(request.level));
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(0);
        self.tell_notes(&context, None).await;
        Ok(())
    }

    async fn complete(
        &self,
        _: CompleteRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, McpError> {
        Err(McpError::method_not_found::<CompleteRequestMethod>())
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, McpError> {
        Err(McpError::method_not_found::<ListPromptsRequestMethod>())
    }

    async fn get_prompt(
        &self,
        _: GetPromptRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, McpError> {
        Err(McpError::method_not_found::<GetPromptRequestMethod>())
    }

    async fn on_custom_request(
        &self,
        request: CustomRequest,
        context: RequestContext<RoleServer>,
    ) -> Result<CustomResult, McpError> {
        // The library knows a method only with parameters that fit.
        let method = request.method.as_str();
        let of_its_era = match era(&context) {
            Era::Session => SESSION_METHODS.contains(&method),
            Era::Stateless => STATELESS_METHODS.contains(&method),
        };
        if of_its_era || METHODS.contains(&method) {
            return Err(misfit(&request.method, request.params.as_ref()));
        }
        let method = request.method;
        Err(ErrorData::new(ErrorCode::METHOD_NOT_FOUND, format!("there is no method `{method}`"), None))
    }
}

/// Parameters that do not fit their method.
fn misfit(method: &str, params: Option<&Value>) -> ErrorData {
    let reason = match (method, params) {
        ("tools/call", Some(params)) if !params.get("name").is_some_and(Value::is_string) => {
            "`name` must be a string"
        }
        ("tools/call", Some(_)) => "`arguments` must be an object",
        ("subscriptions/listen", Some(_)) => "`notifications` must say what to tell: `toolsListChanged`",
        (_, None) => "there are none",
        _ => "see the specification",
    };
    ErrorData::invalid_params(format!("the parameters do not fit `{method}`: {reason}"), None)
}
