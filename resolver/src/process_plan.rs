//! The part of a plan that a process needs: program, argv, working directory, standard input, the call.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use rye_runtimes::call::Style;
use rye_runtimes::document::Place;
use rye_runtimes::setting::SettingValue;

use crate::beneath;
use crate::command_line;
use crate::config_check::invalid;
use crate::error::Error;
use crate::files::{RefusedFile, RefusedReason};
use crate::interpreter::{all_on_path, executable};
use crate::plan::{Attachment, DEFAULT_GRACE, DEFAULT_MAX_OUTPUT, FunctionCall, ProcessPlan, StdinPlan};
use crate::planner::Planner;
use crate::spaces::Space;

impl Planner<'_> {
    /// Decides everything about the process.
    pub(crate) fn process(&self) -> Result<ProcessPlan, Error> {
        let cwd = self.cwd()?;
        beneath::refuse_ways_out(self, &cwd)?;
        let line = command_line::build(self)?;
        Ok(ProcessPlan {
            program: self.program(&line.command, &line.command_place, &cwd)?,
            args: line.args,
            shown_args: line.shown,
            stdin: self.stdin()?,
            call: self.function_call()?,
            grace: self.seconds("grace")?.unwrap_or(DEFAULT_GRACE),
            leave_running: self.boolean("leave_running")?.unwrap_or(false),
            max_output: self.max_output()?,
            cwd,
        })
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
        let found = all_on_path(command, path).find(|path| executable(path).is_ok());
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
        if file.path.to_str().is_none() {
            let refused = RefusedFile { path: file.path.clone(), reason: RefusedReason::PathNotUtf8 };
            return Err(refused.into());
        }
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
