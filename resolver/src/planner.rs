//! Invocation to Plan: interpreters are found, the environment is built, templates are filled. Nothing is started.

use std::cell::RefCell;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rye_runtimes::call::{OutputForm, Style};
use rye_runtimes::document::{Place, Problem};
use rye_runtimes::env_config::{Group, ResourceKind};
use rye_runtimes::nearest;
use rye_runtimes::setting::{Setting, SettingValue};
use rye_runtimes::template::{FillError, Filled, Filling, Fillings, Template};
use rye_tools::arguments::ArgumentProblem;
use serde_json::Value;

use crate::Resolver;
use crate::chain::Resolution;
use crate::command_line;
use crate::environment::{Asked, ChildEnvironment, DotEnvSource, EntrySource, belongs_to_the_call};
use crate::error::Error;
use crate::interpreter::{Interpreter, Search, all_on_path, executable};
use crate::plan::{
    Attachment, CallOptions, DEFAULT_GRACE, DEFAULT_MAX_OUTPUT, DEFAULT_TIMEOUT, FunctionCall, Invocation,
    Plan, ProcessPlan, StdinPlan, TimeoutSource,
};
use crate::spaces::Space;

/// The keys of `[config]` that a subprocess knows.
const CONFIG_KEYS: [&str; 9] =
    ["command", "args", "cwd", "env", "stdin", "timeout", "grace", "leave_running", "max_output"];

/// The placeholders that every tool has.
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
        let interpreters = planner.find_interpreters()?;
        planner.fill_environment(&interpreters)?;
        let cwd = planner.cwd()?;
        let call = planner.function_call()?;
        let output = resolution.call.output.unwrap_or(OutputForm::Auto);
        let run_id = run_id();
        planner.add_call_variables(&run_id)?;
        let line = command_line::build(&planner)?;
        let program = planner.program(&line.command, &line.command_place, &cwd)?;
        let stdin = planner.stdin()?;
        let process = ProcessPlan {
            program,
            args: line.args,
            stdin,
            call,
            timeout: planner.timeout()?,
            grace: planner.seconds("grace")?.unwrap_or(DEFAULT_GRACE),
            leave_running: planner.boolean("leave_running")?.unwrap_or(false),
            max_output: planner.max_output()?,
            environment: planner.environment.into_inner(),
            cwd,
        };
        Ok(Plan {
            tool: resolution.id.clone(),
            run_id,
            chain: resolution.links.clone(),
            style: resolution.style,
            output,
            process,
            interpreters,
            output_schema: resolution.tool.metadata.output_schema.clone(),
            attachment: invocation.options.attachment,
        })
    }
}

/// A plan in the making.
pub(crate) struct Planner<'p> {
    resolver: &'p Resolver,
    pub(crate) invocation: &'p Invocation,
    pub(crate) resolution: &'p Resolution,
    environment: RefCell<ChildEnvironment>,
    dotenv: DotEnvSource<'p>,
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
        let dotenv = DotEnvSource::new(&resolver.host, paths);
        let asked = asked_names(resolver, resolution, &invocation.options);
        let environment = ChildEnvironment::from_caller(&resolver.host, &asked, &dotenv)?;
        let (environment, failure) = (RefCell::new(environment), RefCell::new(None));
        Ok(Self { resolver, invocation, resolution, environment, dotenv, failure })
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
            Filled::Json(value) => Some(rye_runtimes::template::text_of(&value).into()),
            Filled::Items(items) => Some(Value::Array(items).to_string().into()),
        })
    }

    fn find_interpreters(&mut self) -> Result<Vec<Interpreter>, Error> {
        let search = Search {
            host: &self.resolver.host,
            project: self.resolver.spaces.project.as_deref(),
            project_counts: counts_project(self.resolution),
        };
        let mut found = Vec::new();
        for (name, resource) in &self.resolution.env_config.resources {
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

    fn fill_environment(&mut self, _interpreters: &[Interpreter]) -> Result<(), Error> {
        let resolution = self.resolution;
        for (name, setting) in &resolution.env_config.env {
            self.declare(name, setting)?;
        }
        if let Some(setting) = resolution.config.get("env") {
            let SettingValue::Table(table) = &setting.value else {
                return Err(invalid(&setting.place, "`env` is not a table", Some("write `[config.env]`")));
            };
            for (name, setting) in table {
                if name.is_empty() || name.contains(['=', '\0']) {
                    return Err(invalid(&setting.place, format!("`{name}` cannot name a variable"), None));
                }
                self.declare(name, setting)?;
            }
        }
        if resolution.style == Style::Script && !resolution.tool.unread_words {
            command_line::parameter_variables(self)?
                .into_iter()
                .for_each(|(name, value)| self.environment.get_mut().set(name, value, EntrySource::Call));
        }
        Ok(())
    }

    fn declare(&mut self, name: &str, setting: &Setting) -> Result<(), Error> {
        if let Some(value) = self.setting_text(name, setting)? {
            let source = EntrySource::Declared(setting.place.to_string());
            self.environment.get_mut().set(name, value, source);
        }
        Ok(())
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
            let value = value.clone().or_else(|| resolver.host.variable(name).map(OsStr::to_owned));
            if let Some(value) = value {
                environment.set(name, value, EntrySource::Call);
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

    fn cwd(&self) -> Result<PathBuf, Error> {
        let caller = &self.resolver.host.working_directory;
        let home = match (self.resolution.space, &self.resolver.spaces.project) {
            (Space::Project, Some(project)) => project,
            _ => caller,
        };
        let Some(setting) = self.resolution.config.get("cwd") else { return Ok(home.clone()) };
        if matches!(&setting.value, SettingValue::Text(template) if template.literal() == Some("caller")) {
            return Ok(caller.clone());
        }
        let text = self.setting_text("cwd", setting)?;
        Ok(text.map_or_else(|| home.clone(), |text| home.join(text)))
    }

    fn program(&self, command: &OsStr, place: &Place, cwd: &Path) -> Result<PathBuf, Error> {
        let environment = self.environment.borrow();
        let not_found = |searched| Error::CommandNotFound {
            command: command.to_string_lossy().into_owned(),
            place: place.clone(),
            searched,
        };
        if command.as_encoded_bytes().contains(&b'/') {
            return Ok(cwd.join(command));
        }
        let path = environment.find("PATH").unwrap_or_default();
        let found = all_on_path(command, path).into_iter().find(|path| executable(path).is_ok());
        found.ok_or_else(|| {
            not_found(std::env::split_paths(path).filter(|folder| folder.is_absolute()).collect())
        })
    }

    fn stdin(&self) -> Result<StdinPlan, Error> {
        use rye_runtimes::call::Passing;
        let call = &self.resolution.call;
        let by_stdin = self.resolution.style == Style::Script
            && call.parameters.as_ref().is_some_and(|ways| ways.contains(&Passing::Stdin));
        if by_stdin {
            return Ok(StdinPlan::Bytes(self.invocation.arguments.to_json().to_string().into_bytes()));
        }
        if let Some(setting) = self.resolution.config.get("stdin") {
            let text = self.setting_text("stdin", setting)?.unwrap_or_default();
            return Ok(StdinPlan::Bytes(text.into_encoded_bytes()));
        }
        let options = &self.invocation.options;
        let caller = options.attachment == Attachment::Caller && !options.withhold_stdin;
        Ok(if caller { StdinPlan::Caller } else { StdinPlan::Null })
    }

    fn function_call(&self) -> Result<Option<FunctionCall>, Error> {
        let (Style::Function, Some(file)) = (self.resolution.style, &self.resolution.file) else {
            return Ok(None);
        };
        let python = self.resolution.tool.function();
        let own = file.path.parent().map(Path::to_owned);
        let root = self.resolver.spaces.roots.iter().find(|root| root.space == self.resolution.space);
        let tools = root.and_then(|root| root.tools.as_ref()).map(|tools| tools.path().to_owned());
        let mut import_folders: Vec<_> = own.into_iter().chain(tools).collect();
        import_folders.dedup();
        Ok(Some(FunctionCall {
            file: file.clone(),
            function: python.map_or("default", |python| python.name),
            converts: python.map(|python| python.converts.clone()).unwrap_or_default(),
            arguments: self.invocation.arguments.clone(),
            module: self.resolution.id.as_str().replace('/', "."),
            import_folders,
            project: self.resolver.spaces.project.clone(),
        }))
    }

    fn timeout(&self) -> Result<Option<(Duration, TimeoutSource)>, Error> {
        let options = &self.invocation.options;
        let declared = self.seconds("timeout")?;
        let (limit, source) = if let Some(limit) = options.timeout {
            (limit, TimeoutSource::Call)
        } else if let Some(limit) = declared.filter(|_| self.resolution.own_timeout) {
            (limit, TimeoutSource::Tool)
        } else if options.unbounded_by_default {
            return Ok(None);
        } else {
            let configured =
                self.resolver.config.limits.timeout.and_then(|s| Duration::try_from_secs_f64(s).ok());
            (configured.or(declared).unwrap_or(DEFAULT_TIMEOUT), TimeoutSource::Default)
        };
        Ok((!limit.is_zero()).then_some((limit, source)))
    }

    fn seconds(&self, key: &str) -> Result<Option<Duration>, Error> {
        let Some(setting) = self.resolution.config.get(key) else { return Ok(None) };
        let text = self.setting_text(key, setting)?.unwrap_or_default();
        let number = text.to_str().and_then(|text| text.parse::<f64>().ok());
        match number.and_then(|number| Duration::try_from_secs_f64(number).ok()) {
            Some(duration) => Ok(Some(duration)),
            None => Err(invalid(
                &setting.place,
                format!("`{key}` is not a number of seconds"),
                Some("0 means no limit"),
            )),
        }
    }

    fn boolean(&self, key: &str) -> Result<Option<bool>, Error> {
        let Some(setting) = self.resolution.config.get(key) else { return Ok(None) };
        match &setting.value {
            SettingValue::Plain(Value::Bool(value)) => Ok(Some(*value)),
            _ => Err(invalid(&setting.place, format!("`{key}` is not true or false"), None)),
        }
    }

    fn max_output(&self) -> Result<usize, Error> {
        if let Some(setting) = self.resolution.config.get("max_output") {
            let number = match &setting.value {
                SettingValue::Plain(value) => value.as_u64().and_then(|bytes| usize::try_from(bytes).ok()),
                _ => None,
            };
            return number.filter(|bytes| *bytes > 0).ok_or_else(|| {
                invalid(&setting.place, "`max_output` is not a positive number of bytes", None)
            });
        }
        let configured = self.resolver.config.limits.max_output.and_then(|bytes| usize::try_from(bytes).ok());
        Ok(configured.unwrap_or(DEFAULT_MAX_OUTPUT))
    }
}

/// Whether the project's interpreters and `.env` files count: not for a user's tool, unless it asks for them.
fn counts_project(resolution: &Resolution) -> bool {
    let own = &resolution.tool.metadata.descriptor.env_config.resources;
    let asks = |search: &Vec<Group>| search.contains(&Group::Project);
    resolution.space == Space::Project || own.values().filter_map(|own| own.search.as_ref()).any(asks)
}

fn asked_names(resolver: &Resolver, resolution: &Resolution, options: &CallOptions) -> Vec<Asked> {
    let by_chain = resolution.pass_env.iter().map(|(pattern, by)| (pattern.clone(), by.clone()));
    let by_config = resolver.config.pass_env.iter().map(|pattern| (pattern.clone(), "rye.toml".to_owned()));
    let by_call = options.environment.iter().filter(|(_, value)| value.is_none());
    let by_call = by_call.map(|(name, _)| (name.clone(), "--env".to_owned()));
    by_chain.chain(by_config).chain(by_call).map(|(pattern, by)| Asked { pattern, by }).collect()
}

/// What can be said against the merged `config` before any call.
pub(crate) fn check_config(resolution: &Resolution) -> Result<(), Error> {
    let mut problems = Vec::new();
    for (key, setting) in &resolution.config {
        if !CONFIG_KEYS.contains(&key.as_str()) {
            let problem = Problem::new(&setting.place, format!("`{key}` is not an option of `subprocess`"));
            problems.push(match nearest(key, CONFIG_KEYS) {
                Some(word) => problem.hint(format!("did you mean `{word}`?")),
                None => problem.hint(format!("known are `{}`", CONFIG_KEYS.join("`, `"))),
            });
        }
        setting.templates(&mut |template| check_placeholders(resolution, key, template, &mut problems));
    }
    for (key, setting) in &resolution.env_config.env {
        setting.templates(&mut |template| check_placeholders(resolution, key, template, &mut problems));
    }
    let (parameters, place) = (&resolution.tool.parameters, &resolution.tool.metadata.place);
    if resolution.style == Style::Command {
        problems.extend(parameters.problems_for_placeholders(&PLACEHOLDERS, place));
    }
    if resolution.style != Style::Function {
        problems.extend(parameters.problems_for_variables(place));
    }
    if problems.is_empty() { Ok(()) } else { Err(Error::InvalidDescriptor { problems }) }
}

fn check_placeholders(resolution: &Resolution, key: &str, template: &Template, problems: &mut Vec<Problem>) {
    let parameters = &resolution.tool.parameters;
    let open = parameters.additional != rye_tools::schema::Additional::Forbidden;
    for (name, _) in template.placeholders() {
        if PLACEHOLDERS.contains(&name) {
            continue;
        }
        if key == "command" {
            let problem = Problem::new(&template.place, format!("`{{{name}}}` in `command`"));
            problems.push(problem.hint("an argument cannot choose the program; put it in `args`"));
        } else if parameters.find(name).is_none() && !open {
            let problem =
                Problem::new(&template.place, format!("`{{{name}}}` is neither a parameter nor built in"));
            let known = parameters.list.iter().map(|parameter| parameter.name.as_str()).chain(PLACEHOLDERS);
            problems.push(match nearest(name, known) {
                Some(word) => problem.hint(format!("did you mean `{{{word}}}`?")),
                None => problem.hint(format!("declare `[parameters.{name}]`; a literal brace is `{{{{`")),
            });
        }
    }
}

/// A problem with a descriptor, as an error.
pub(crate) fn invalid(place: &Place, message: impl Into<String>, hint: Option<&str>) -> Error {
    let problem = Problem::new(place, message);
    let problem = match hint {
        Some(hint) => problem.hint(hint),
        None => problem,
    };
    Error::InvalidDescriptor { problems: vec![problem] }
}

/// 128 random bits in hexadecimal.
fn run_id() -> String {
    let mut bytes = [0_u8; 16];
    let filled = rustix::rand::getrandom(&mut bytes[..], rustix::rand::GetRandomFlags::empty());
    debug_assert_eq!(filled.ok(), Some(bytes.len()));
    crate::files::hexadecimal(&bytes)
}
