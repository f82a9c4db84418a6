//! Captures the caller's surroundings, once.

use std::ffi::OsStr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rye_executor::{ArtifactConfig, Code, Host, Report};

/// Names the folder for all that rye keeps.
const STATE_FOLDER: &str = "RYE_STATE_DIR";

/// Reads environment, working directory and home.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads them")]
pub(crate) fn capture(project: Option<&Path>) -> Result<Host, Report> {
    let working_directory = std::env::current_dir().map_err(|error| {
        Report::new(Code::BadCwd, format!("the working directory cannot be read: {error}"))
            .hint("it may have been removed: `cd` to another one")
    })?;
    let known = directories::BaseDirs::new();
    let home = known.as_ref().map(|known| known.home_dir().to_owned());
    let named = |name| named(&std::env::var_os(name)?, &working_directory, home.as_deref());
    let user_space = named("RYE_USER_SPACE").or_else(|| home.as_ref().map(|home| home.join(".ai")));
    let cache = named(STATE_FOLDER).or_else(|| known.map(|known| known.cache_dir().join("rye")));
    Ok(Host {
        environment: std::env::vars_os().collect(),
        project: project.map(|path| expanded(path, home.as_deref())),
        working_directory,
        home,
        user_space,
        cache,
        ..Host::default()
    })
}

/// Says which build this is, for what remembers: the same version may be built twice and say different things.
pub(crate) fn with_build(host: Host) -> Host {
    let program = std::env::current_exe().and_then(std::fs::metadata);
    let build = program.map(|told| {
        let (changed, nanoseconds) = (told.ctime(), told.ctime_nsec());
        format!("{:x}.{:x}.{:x}.{changed:x}.{nanoseconds:x}", told.dev(), told.ino(), told.size())
    });
    Host { build: build.unwrap_or_default(), ..host }
}

/// Where what has to last is kept: what the caller names, else the platform's folder for state.
pub(crate) fn state_folder(host: &Host) -> Option<PathBuf> {
    let named = |value| named(value, &host.working_directory, host.home.as_deref());
    host.variable(STATE_FOLDER).and_then(named).or_else(|| {
        let known = directories::BaseDirs::new()?;
        known.state_dir().map(|folder| folder.join("rye"))
    })
}

/// Where long outputs are kept whole.
pub(crate) fn artifact_config(host: &Host) -> Option<ArtifactConfig> {
    state_folder(host).map(|state| ArtifactConfig::below(&state))
}

/// The folder that a variable names, unless it is empty.
fn named(value: &OsStr, working_directory: &Path, home: Option<&Path>) -> Option<PathBuf> {
    (!value.is_empty()).then(|| working_directory.join(expanded(Path::new(value), home)))
}

/// A path in which `~` stands for the home directory: what no shell has read, such as a line of a client's
/// configuration file, comes with its tilde.
fn expanded(path: &Path, home: Option<&Path>) -> PathBuf {
    shellexpand::path::tilde_with_context(path, || home).into_owned()
}
