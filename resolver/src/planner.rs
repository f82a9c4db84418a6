//! Invocation to Plan: interpreters are found, the environment is built, templates are filled. Nothing is started.

use std::cell::RefCell;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use rye_runtimes::call::{OutputForm, Style};
use rye_runtimes::env_config::{Group, ResourceKind};
use rye_runtimes::setting::{Setting, SettingValue};
use rye_runtimes::template::{FillError, Filled, Filling, Fillings, Template, text_of};
use rye_tools::arguments::{ArgumentProblem, Arguments};
use serde_json::Value;

use crate::Resolver;
use crate::chain::Primitive;
use crate::command_line;
use crate::config::Said;
use crate::config_check::{check_config, invalid};
use crate::environment::{Asked, ChildEnvironment, DotEnvSource, EntrySource, belongs_to_the_call};
use crate::error::Error;
use crate::idempotency::Once;
use crate::interpreter::{Interpreter, Search};
use crate::plan::{Action, Attachment, CallOptions, Invocation, Outline, Plan};
use crate::resolution::Resolution;
use crate::spaces::Space;

/// The placeholders that are built in. Some have no value in some calls: `tool_path` without a file, `project_path`
/// outside a project, `bootstrap` without a function.
pub const PLACEHOLDERS: [&str; 7] =
    ["tool_path", "tool_dir", "project_path", "caller_path", "user_space", "params_json", "bootstrap"];

impl Resolver {
    /// Decides everything about a run.
    ///
    /// # Errors
    /// Something that the run needs is not there or does not fit.
    pub fn plan(&self, invocation: &Invocation) -> Result<Plan, Error> {
        let resolution = &*invocation.resolution;
        check_config(resolution)?;
        let mut planner = Planner::new(self, invocation)?;
        let begun = Instant::now();
        let interpreters = planner.find_interpreters()?;
        let search = begun.elapsed();
        planner.fill_environment()?;
        let output = resolution.call.output.unwrap_or(OutputForm::Auto);
        let run_id = run_id();
        planner.add_call_variables(&run_id)?;
        let action = match resolution.primitive {
            _ if resolution.style == Style::Mcp => Action::Peer(Box::new(planner.peer()?)),
            Primitive::Subprocess => Action::Process(Box::new(planner.process()?)),
            Primitive::HttpClient => Action::Exchange(Box::new(planner.exchange()?)),
        };
        let (timeout, idle_timeout) = (planner.timeout()?, planner.idle_timeout()?);
        Ok(Plan {
            tool: resolution.id.clone(),
            run_id,
            caller: invocation.options.caller.clone(),
            once: invocation
                .options
                .idempotency_key
                .clone()
                .map(|key| Once::new(key, &resolution.id, &invocation.arguments)),
            chain: resolution.links.clone(),
            style: resolution.style,
            output,
            action,
            timeout,
            idle_timeout,
            environment: planner.environment.into_inner(),
            interpreters,
            output_schema: resolution.tool.metadata.output_schema.clone(),
            limits: resolution.tool.metadata.limits.and(self.config.limits.tool),
            attachment: match resolution.style {
                // Its standard input and output are the protocol's.
                Style::Mcp => Attachment::Captured,
                _ => invocation.options.attachment,
            },
            timings: invocation.options.timings,
            search,
        })
    }
}

impl Resolver {
    /// Decides what can be decided of a run before its arguments are known.
    ///
    /// # Errors
    /// Something that every run of the tool needs is not there or does not fit.
    pub fn outline(&self, resolution: Arc<Resolution>, options: CallOptions) -> Result<Outline, Error> {
        check_config(&resolution)?;
        let invocation = Invocation { resolution, arguments: Arguments::default(), options };
        let resolution = &*invocation.resolution;
        let mut planner = Planner { has_arguments: false, ..Planner::new(self, &invocation)? };
        let interpreters = planner.find_interpreters()?;
        planner.fill_environment()?;
        let (timeout, idle_timeout) = (planner.timeout()?, planner.idle_timeout()?);
        Ok(Outline {
            tool: resolution.id.clone(),
            chain: resolution.links.clone(),
            style: resolution.style,
            timeout,
            idle_timeout,
            environment: planner.environment.into_inner(),
            interpreters,
        })
    }

    /// The interpreters that a plan would use.
    pub(crate) fn interpreters(&self, invocation: &Invocation) -> Result<Vec<Interpreter>, Error> {
        Planner::new(self, invocation)?.find_interpreters()
    }
}

/// A plan in the making.
pub(crate) struct Planner<'p> {
    pub(crate) resolver: &'p Resolver,
    pub(crate) invocation: &'p Invocation,
    pub(crate) resolution: &'p Resolution,
    pub(crate) environment: RefCell<ChildEnvironment>,
    dotenv: DotEnvSource<'p>,
    /// Whether the arguments of the invocation are those of a call. Without them what waits for one is left out.
    has_arguments: bool,
    /// The first failure inside a look-up, which itself can only say that there is nothing.
    failure: RefCell<Option<Error>>,
}

impl Fillings for Planner<'_> {
    fn variable(&self, name: &str) -> Option<OsString> {
        if let Some(value) = self.environment.borrow().find(name) {
            return Some(value.to_owned());
        }
        if let Some(value) = self.resolver.host.variable(name) {
            return Some(value.to_owned());
        }
        match self.dotenv.files() {
            Ok(files) => files.find(name).map(|(value, _)| value),
            Err(error) => {
                self.failure.borrow_mut().get_or_insert(error);
                None
            }
        }
    }

    fn placeholder(&self, name: &str) -> Option<Filling> {
        let text = |path: &Path| Filling::Text(path.as_os_str().to_owned());
        let file = self.resolution.file.as_deref();
        match name {
            "tool_path" => file.map(|file| text(&file.path)),
            "tool_dir" => file.and_then(|file| file.path.parent()).map(text),
            "project_path" => self.resolver.spaces.project.as_deref().map(text),
            "caller_path" => Some(text(&self.resolver.host.working_directory)),
            "user_space" => self.resolver.host.user_space.as_deref().map(text),
            "params_json" => Some(Filling::Text(self.invocation.arguments.to_json().to_string().into())),
            "bootstrap" => {
                self.resolution.bootstrap.as_ref().map(|found| Filling::Text((*found.text).into()))
            }
            _ => self.invocation.arguments.find(name).map(|value| Filling::Json(value.clone())),
        }
    }

    fn home(&self) -> Option<&OsStr> {
        self.resolver.host.home.as_deref().map(Path::as_os_str)
    }
}

impl<'p> Planner<'p> {
    fn new(resolver: &'p Resolver, invocation: &'p Invocation) -> Result<Self, Error> {
        let resolution = &*invocation.resolution;
        let project_counts = counts_project(resolution);
        let mut paths = Vec::new();
        paths.extend(resolver.host.user_space.as_ref().map(|space| space.join(".env")));
        if let Some(project) = resolver.spaces.project.as_ref().filter(|_| project_counts) {
            paths.extend([".ai/.env", ".env", ".env.local"].map(|name| project.join(name)));
        }
        let trusted = resolver.spaces.roots.iter().find_map(|root| root.trusted);
        let dotenv = DotEnvSource::new(&resolver.host, paths, trusted);
        let asked = asked_names(resolver, resolution, &invocation.options);
        let environment = ChildEnvironment::from_caller(&resolver.host, &asked, &dotenv)?;
        let (environment, failure) = (RefCell::new(environment), RefCell::new(None));
        Ok(Self { resolver, invocation, resolution, environment, dotenv, has_arguments: true, failure })
    }

    /// Fills a template of the key `key`.
    pub(crate) fn fill(&self, key: &str, template: &Template) -> Result<Filled, Error> {
        let filled = template.fill(self);
        if let Some(failure) = self.failure.borrow_mut().take() {
            return Err(failure);
        }
        filled.map_err(|error| match error {
            FillError::UnknownVariable(name) => {
                Error::UnknownVariable { place: template.place.clone(), key: key.to_owned(), name }
            }
            FillError::AbsentPlaceholder(name) if PLACEHOLDERS.contains(&name.as_str()) => {
                let fact = format!("`{key}`: there is no `{{{name}}}` for this tool");
                invalid(&template.place, fact, Some("`{name?}` leaves the whole item out"))
            }
            error @ FillError::AbsentPlaceholder(_) => invalid(
                &template.place,
                format!("`{key}`: {error}"),
                Some("`{name?}` leaves the whole item out; or give the parameter `required = true`"),
            ),
            error @ FillError::NoHome => invalid(&template.place, format!("`{key}`: {error}"), None),
        })
    }

    /// Fills a template that must give one text. `None`: it is left out.
    pub(crate) fn text(&self, key: &str, template: &Template) -> Result<Option<OsString>, Error> {
        Ok(match self.fill(key, template)? {
            Filled::Absent => None,
            Filled::Text(text) => Some(text),
            Filled::Json(value) => Some(text_of(&value).into()),
            Filled::Items(items) => Some(Value::Array(items).to_string().into()),
        })
    }

    fn find_interpreters(&mut self) -> Result<Vec<Interpreter>, Error> {
        let search = Search {
            id: &self.resolution.id,
            host: &self.resolver.host,
            project: self.resolver.spaces.project.as_deref(),
            project_counts: counts_project(self.resolution),
        };
        let mut found = Vec::new();
        for (name, resource) in &self.resolution.env_config.resources {
            if resource.kind == Some(ResourceKind::HttpConfig) {
                continue;
            }
            let fallback = match resource.fallback.as_ref() {
                Some(setting) => self.setting_text("fallback", setting)?,
                None => None,
            };
            let interpreter = search.find(name, resource, fallback.as_deref())?;
            let source = || EntrySource::Interpreter(name.clone());
            let environment = self.environment.get_mut();
            let bin = interpreter.path.parent();
            if matches!(interpreter.group, Some(Group::Project | Group::User))
                && let Some(bin) = bin
            {
                environment.put_first_on_path(bin, source());
            }
            if let Some(venv) = bin.and_then(Path::parent).filter(|venv| venv.join("pyvenv.cfg").is_file()) {
                environment.set("VIRTUAL_ENV", venv, source());
            }
            if resource.kind == Some(ResourceKind::VenvNode) {
                let home =
                    self.resolver.spaces.project.as_ref().unwrap_or(&self.resolver.host.working_directory);
                environment.set("PROJECT_NODE_MODULES", home.join("node_modules"), source());
            }
            if let Some(var) = &interpreter.var {
                environment.set(var, &interpreter.path, source());
            }
            found.push(interpreter);
        }
        Ok(found)
    }

    fn fill_environment(&mut self) -> Result<(), Error> {
        let resolution = self.resolution;
        for (name, setting) in &resolution.env_config.env {
            self.declare(name, setting)?;
        }
        if let Some(setting) = resolution.config.get("env") {
            self.fill_config_env(setting)?;
        }
        if resolution.style == Style::Script && !resolution.tool.unread_words {
            command_line::parameter_variables(self)?
                .into_iter()
                .for_each(|(name, value)| self.environment.get_mut().set(name, value, EntrySource::Call));
        }
        Ok(())
    }

    /// `[config.env]`, one after the other: each may use those before it.
    fn fill_config_env(&mut self, setting: &'p Setting) -> Result<(), Error> {
        let check = |name: &str| match name.is_empty() || name.contains(['=', '\0']) {
            true => Err(invalid(&setting.place, format!("`{name}` cannot name a variable"), None)),
            false => Ok(()),
        };
        if let SettingValue::Table(table) = &setting.value {
            return table
                .iter()
                .try_for_each(|(name, setting)| check(name).and_then(|()| self.declare(name, setting)));
        }
        for (name, value) in self.table("env", setting)? {
            check(&name)?;
            let source = EntrySource::DeclaredFromVariable(setting.place.to_string());
            self.environment.get_mut().set(name, text_of(&value), source);
        }
        Ok(())
    }

    fn declare(&mut self, name: &str, setting: &Setting) -> Result<(), Error> {
        if !self.has_arguments && holds_arguments(setting) {
            return Ok(());
        }
        if let Some(value) = self.setting_text(name, setting)? {
            let place = setting.place.to_string();
            let source = match self.is_filled_by_caller(setting) {
                true => EntrySource::DeclaredFromVariable(place),
                false => EntrySource::Declared(place),
            };
            self.environment.get_mut().set(name, value, source);
        }
        Ok(())
    }

    /// Whether a setting holds what the caller's environment or a `.env` file gave.
    fn is_filled_by_caller(&self, setting: &Setting) -> bool {
        let known = |name: &str| {
            let environment = self.environment.borrow();
            let source =
                environment.iter().find(|(known, ..)| *known == name).map(|(_, _, source)| source.clone());
            matches!(source, Some(EntrySource::Interpreter(_) | EntrySource::Declared(_) | EntrySource::Call))
        };
        let mut found = false;
        setting.templates(&mut |template| found |= template.variables().any(|name| !known(name)));
        found
    }

    /// A setting that must be one text; a number or boolean is written as JSON writes it.
    pub(crate) fn setting_text(&self, key: &str, setting: &Setting) -> Result<Option<OsString>, Error> {
        match &setting.value {
            SettingValue::Text(template) => self.text(key, template),
            SettingValue::Plain(Value::Null) => Ok(None),
            SettingValue::Plain(value) => Ok(Some(value.to_string().into())),
            SettingValue::List(_) | SettingValue::Table(_) => {
                Err(invalid(&setting.place, format!("`{key}` is not one text"), None))
            }
        }
    }

    fn add_call_variables(&mut self, run_id: &str) -> Result<(), Error> {
        let resolver = self.resolver;
        let environment = self.environment.get_mut();
        for (name, value) in &self.invocation.options.environment {
            if belongs_to_the_call(name) {
                let problem = ArgumentProblem::new("", format!("`{name}` cannot be set from outside"));
                let problems = vec![problem.hint("give the tool's parameter by its own name")];
                return Err(Error::InvalidArguments { id: self.resolution.id.clone(), problems });
            }
            if let Some(value) = value {
                environment.set(name, value, EntrySource::Call);
            } else if let Some(value) = resolver.host.variable(name) {
                environment.set(name, value, EntrySource::Asked("--env".to_owned()));
            }
        }
        environment.set("RYE_TOOL_ID", self.resolution.id.as_str(), EntrySource::Call);
        environment.set("RYE_RUN_ID", run_id, EntrySource::Call);
        environment.set("RYE_CALLER_PATH", &resolver.host.working_directory, EntrySource::Call);
        if let Some(project) = &resolver.spaces.project {
            environment.set("RYE_PROJECT_PATH", project, EntrySource::Call);
        }
        if self.resolution.style == Style::Function {
            environment.set("RYE_CALL_FD", "3", EntrySource::Call);
        }
        Ok(())
    }

    /// An option of the primitive: from `config`, else from an `http_config`.
    pub(crate) fn option(&self, key: &str) -> Option<&'p Setting> {
        let resources = self.resolution.env_config.resources.values();
        self.resolution.config.get(key).or_else(|| resources.rev().find_map(|found| found.exchange.get(key)))
    }

    pub(crate) fn boolean(&self, key: &str) -> Result<Option<bool>, Error> {
        let Some(setting) = self.resolution.config.get(key) else { return Ok(None) };
        match &setting.value {
            SettingValue::Plain(Value::Bool(value)) => Ok(Some(*value)),
            _ => Err(invalid(&setting.place, format!("`{key}` is not true or false"), None)),
        }
    }
}

/// Whether a setting is filled from arguments.
fn holds_arguments(setting: &Setting) -> bool {
    let is_argument = |name: &str| name == "params_json" || !PLACEHOLDERS.contains(&name);
    let mut found = false;
    setting.templates(&mut |template| found |= template.placeholders().any(|(name, _)| is_argument(name)));
    found
}

/// Whether the project's interpreters and `.env` files count: not for a user's tool, unless it asks for them.
fn counts_project(resolution: &Resolution) -> bool {
    let own = &resolution.tool.metadata.descriptor.env_config.resources;
    let asks = |search: &Vec<Group>| search.contains(&Group::Project);
    resolution.space == Space::Project || own.values().filter_map(|own| own.search.as_ref()).any(asks)
}

fn asked_names(resolver: &Resolver, resolution: &Resolution, options: &CallOptions) -> Vec<Asked> {
    let by_chain = resolution.pass_env.iter().map(|(pattern, by)| (pattern.clone(), by.clone()));
    let by_config = Said::to(&resolver.config.pass_env, resolution.space);
    let by_config = by_config.map(|pattern| (pattern.to_owned(), "rye.toml".to_owned()));
    let by_call = options.environment.iter().filter(|(_, value)| value.is_none());
    let by_call = by_call.map(|(name, _)| (name.clone(), "--env".to_owned()));
    by_chain.chain(by_config).chain(by_call).map(|(pattern, by)| Asked { pattern, by }).collect()
}

/// 128 random bits in hexadecimal.
fn run_id() -> String {
    let mut bytes = [0_u8; 16];
    let filled = rustix::rand::getrandom(&mut bytes[..], rustix::rand::GetRandomFlags::empty());
    debug_assert_eq!(filled.ok(), Some(bytes.len()));
    crate::files::hexadecimal(&bytes)
}
