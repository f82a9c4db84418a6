//! Captures the caller's surroundings, once.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rye_executor::{Code, Host, Report};

/// Reads environment, working directory and home.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads them")]
pub(crate) fn capture(project: Option<&Path>) -> Result<Host, Report> {
    let working_directory = std::env::current_dir().map_err(|error| {
        Report::new(Code::BadCwd, format!("the working directory cannot be read: {error}"))
            .hint("it may have been removed: `cd` to another one")
    })?;
    let known = directories::BaseDirs::new();
    let home = known.as_ref().map(|known| known.home_dir().to_owned());
    let expanded = |path: &Path| expanded(path, home.as_deref());
    let user_space = match std::env::var_os("RYE_USER_SPACE").filter(|path| !path.is_empty()) {
        Some(path) => Some(working_directory.join(expanded(Path::new(&path)))),
        None => home.as_ref().map(|home| home.join(".ai")),
    };
    let cache = match std::env::var_os("RYE_STATE_DIR").filter(|path| !path.is_empty()) {
        Some(path) => Some(working_directory.join(expanded(Path::new(&path)))),
        None => known.map(|known| known.cache_dir().join("rye")),
    };
    Ok(Host {
        environment: std::env::vars_os().collect(),
        project: project.map(expanded),
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

/// A path in which `~` stands for the home directory: what no shell has read, such as a line of a client's
/// configuration file, comes with its tilde.
fn expanded(path: &Path, home: Option<&Path>) -> PathBuf {
    shellexpand::path::tilde_with_context(path, || home).into_owned()
}
