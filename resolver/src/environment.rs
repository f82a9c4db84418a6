//! The environment of the child, built up by rule and never inherited whole. Every entry knows where it came
//! from; names that were withheld are counted.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use indexmap::IndexMap;

use crate::dotenv::DotEnv;
use crate::error::Error;
use crate::host::Host;
use crate::lossy_path;

/// The environment of a run.
#[derive(Clone, Debug, Default)]
pub struct ChildEnvironment {
    entries: IndexMap<OsString, (OsString, EntrySource)>,
    /// Names of the caller's environment that were withheld.
    pub withheld: Vec<OsString>,
}

/// Where an entry came from.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EntrySource {
    /// The caller's environment, by the default list.
    Caller,
    /// The caller's environment, because somebody asks for the name: who.
    Asked(String),
    /// A `.env` file.
    #[serde(serialize_with = "lossy_path::one")]
    DotEnv(PathBuf),
    /// Where an interpreter was found: the resource.
    Interpreter(String),
    /// `env` of a runtime or tool: the place.
    Declared(String),
    /// The same, filled from a variable of the caller's or of `.env`, which may be secret.
    DeclaredFromVariable(String),
    /// The call itself.
    Call,
}

/// Who asks for a name beyond the default list.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// The name, `*` allowed.
    pub(crate) pattern: String,
    /// Who asks.
    pub(crate) by: String,
}

/// The names that every child gets; a trailing `*` stands for any rest.
pub const DEFAULT_NAMES: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LC_*",
    "TZ",
    "TERM",
    "COLORTERM",
    "NO_COLOR",
    "FORCE_COLOR",
    "CLICOLOR*",
    "EDITOR",
    "VISUAL",
    "PAGER",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "CI",
    "TMPDIR",
    "XDG_*",
    "SSL_CERT_*",
    "*_PROXY",
    "*_proxy",
];

/// Names that make an interpreter run foreign code: they pass only when named exactly.
pub const CODE_NAMES: &[&str] = &[
    "LD_*",
    "DYLD_*",
    "BASH_ENV",
    "ENV",
    "BASH_FUNC_*",
    "SHELLOPTS",
    "BASHOPTS",
    "PROMPT_COMMAND",
    "PS4",
    "NODE_OPTIONS",
    "NODE_PATH",
    "NODE_EXTRA_CA_CERTS",
    "PYTHON*",
    "PERL5OPT",
    "PERL5LIB",
    "PERL5DB",
    "PERLLIB",
    "RUBYOPT",
    "RUBYLIB",
    "GEM_PATH",
    "GEM_HOME",
    "LUA_INIT*",
    "LUA_PATH*",
    "LUA_CPATH*",
    "PHPRC",
    "PHP_INI_SCAN_DIR",
    "JAVA_TOOL_OPTIONS",
    "_JAVA_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "DENO_*",
    "BUN_*",
    "GIT_*",
    "GCONV_PATH",
    "IFS",
    "GLIBC_TUNABLES",
    "MALLOC_*",
    "NLSPATH",
    "HOSTALIASES",
    "RES_OPTIONS",
    "LOCPATH",
    "TERMINFO*",
    "AWKPATH",
    "AWKLIBPATH",
    "OPENSSL_CONF",
    "LESSOPEN",
    "LESSCLOSE",
    "ZDOTDIR",
];

/// Names in which a shell keeps its own state and which it sets anew for whatever it starts. They pass when asked for;
/// otherwise nobody misses them, and they are not told as withheld.
const SHELL_NAMES: &[&str] = &["PWD", "OLDPWD", "SHLVL", "_"];

/// Whether a name fits a pattern in which `*` stands for anything.
#[must_use]
pub fn fits(pattern: &str, name: &str) -> bool {
    // Most do not, which shows at once: every name of the caller's is held against every pattern.
    if !pattern.starts_with('*') && pattern.as_bytes().first() != name.as_bytes().first() {
        return false;
    }
    match pattern.split_once('*') {
        None => pattern == name,
        Some((before, after)) => {
            let Some(rest) = name.strip_prefix(before) else { return false };
            if !after.contains('*') {
                return rest.ends_with(after);
            }
            (0..=rest.len()).filter_map(|at| rest.get(at..)).any(|rest| fits(after, rest))
        }
    }
}

fn fits_any(patterns: &[&str], name: &str) -> bool {
    patterns.iter().any(|pattern| fits(pattern, name))
}

impl ChildEnvironment {
    /// The first two layers: names asked for from `.env` files, then the allowed part of the caller's.
    pub(crate) fn from_caller(
        host: &Host,
        asked: &[Asked],
        dotenv: &DotEnvSource<'_>,
    ) -> Result<Self, Error> {
        let mut out = Self::default();
        if !asked.is_empty() {
            let dotenv = dotenv.files()?;
            for name in dotenv.names() {
                if let Some(EntrySource::Asked(_)) = allowed(name, asked, false)
                    && let Some((value, path)) = dotenv.find(name)
                {
                    out.set(name, value, EntrySource::DotEnv(path.to_owned()));
                }
            }
        }
        for (name, value) in &host.environment {
            match name.to_str().and_then(|name| allowed(name, asked, true)) {
                Some(source) => out.set(name, value, source),
                None if SHELL_NAMES.iter().any(|own| name == *own) => {}
                None => out.withheld.push(name.clone()),
            }
        }
        out.withheld.sort();
        out.withheld.dedup();
        Ok(out)
    }

    /// Sets a variable.
    pub(crate) fn set(&mut self, name: impl Into<OsString>, value: impl Into<OsString>, source: EntrySource) {
        self.entries.insert(name.into(), (value.into(), source));
    }

    /// The value of a variable.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&OsStr> {
        self.entries.get(OsStr::new(name)).map(|(value, _)| value.as_os_str())
    }

    /// Every entry: name, value, source.
    pub fn iter(&self) -> impl Iterator<Item = (&OsStr, &OsStr, &EntrySource)> {
        self.entries.iter().map(|(name, (value, source))| (name.as_os_str(), value.as_os_str(), source))
    }

    /// Puts a folder first on `PATH`.
    pub(crate) fn put_first_on_path(&mut self, folder: &std::path::Path, source: EntrySource) {
        let mut path = folder.as_os_str().to_owned();
        if let Some(rest) = self.find("PATH").filter(|rest| !rest.is_empty()) {
            path.push(":");
            path.push(rest);
        }
        self.set("PATH", path, source);
    }
}

/// Whether only the call itself may give a variable: an inherited one would be an argument that nobody checked.
pub(crate) fn belongs_to_the_call(name: &str) -> bool {
    name.starts_with("RYE_PARAM_") || name == "RYE_CALL_FD"
}

/// Why a name of the caller's environment (or of `.env`, which the default list does not cover) passes.
fn allowed(name: &str, asked: &[Asked], by_default: bool) -> Option<EntrySource> {
    if belongs_to_the_call(name) {
        return None;
    }
    if let Some(asked) = asked.iter().find(|asked| asked.pattern == name) {
        return Some(EntrySource::Asked(asked.by.clone()));
    }
    if fits_any(CODE_NAMES, name) {
        return None;
    }
    if let Some(asked) = asked.iter().find(|asked| fits(&asked.pattern, name)) {
        return Some(EntrySource::Asked(asked.by.clone()));
    }
    (by_default && fits_any(DEFAULT_NAMES, name)).then_some(EntrySource::Caller)
}

/// The `.env` files of a call, read when they are first needed.
#[derive(Debug)]
pub(crate) struct DotEnvSource<'h> {
    host: &'h Host,
    paths: Vec<PathBuf>,
    trusted: Option<u32>,
    read: std::cell::OnceCell<DotEnv>,
}

impl<'h> DotEnvSource<'h> {
    pub(crate) fn new(host: &'h Host, paths: Vec<PathBuf>, trusted: Option<u32>) -> Self {
        Self { host, paths, trusted, read: std::cell::OnceCell::new() }
    }

    pub(crate) fn files(&self) -> Result<&DotEnv, Error> {
        if let Some(read) = self.read.get() {
            return Ok(read);
        }
        let read = DotEnv::read(self.host, &self.paths, self.trusted)?;
        Ok(self.read.get_or_init(|| read))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, name, want) in [
            ("LC_*", "LC_ALL", true),
            ("LC_*", "XLC_ALL", false),
            ("*_PROXY", "HTTP_PROXY", true),
            ("A*B*C", "AxxByyC", true),
            ("A*B*C", "AxxC", false),
            ("*", "anything", true),
            ("PATH", "PATHX", false),
        ] {
            assert_eq!(fits(pattern, name), want, "{pattern} {name}");
        }
    }

    #[test]
    fn names_that_run_code_pass_only_when_named_exactly() {
        let asked = |pattern: &str| vec![Asked { pattern: pattern.to_owned(), by: "x".to_owned() }];
        for name in
            ["LD_PRELOAD", "BASH_ENV", "BASH_FUNC_ls%%", "NODE_OPTIONS", "PYTHONPATH", "GIT_SSH_COMMAND"]
        {
            assert_eq!(allowed(name, &[], true), None);
            assert_eq!(allowed(name, &asked("*"), true), None);
            assert!(allowed(name, &asked(name), true).is_some());
        }
        assert_eq!(allowed("RYE_PARAM_X", &asked("RYE_PARAM_X"), true), None);
        assert_eq!(allowed("AWS_SECRET", &[], true), None);
        assert_eq!(allowed("PATH", &[], true), Some(EntrySource::Caller));
        assert_eq!(allowed("PATH", &[], false), None);
    }
}
