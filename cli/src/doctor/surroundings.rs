//! What rye itself stands on: its own programs, the spaces with whether their files count, `rye.toml`, the state
//! directory, version managers. All of it is looked at and nothing is started.

use std::path::{Path, PathBuf};

use rye_executor::resolver::lossy_path;
use rye_executor::{Host, Resolver, Space};
use serde::Serialize;

use super::Finding;

/// What rye stands on.
#[derive(Debug, Serialize)]
pub(crate) struct Surroundings {
    version: &'static str,
    #[serde(serialize_with = "lossy_path::maybe")]
    program: Option<PathBuf>,
    /// Every `rye` on `PATH`, in order.
    #[serde(serialize_with = "lossy_path::each")]
    on_path: Vec<PathBuf>,
    spaces: Vec<SpaceSeen>,
    /// The `rye.toml` files that are there.
    #[serde(serialize_with = "lossy_path::each")]
    settings: Vec<PathBuf>,
    /// Where what rye may lose is kept.
    #[serde(serialize_with = "lossy_path::maybe")]
    state: Option<PathBuf>,
    /// Folders of shims on `PATH`: what they stand for is looked up, they are never run.
    #[serde(serialize_with = "lossy_path::each")]
    shims: Vec<PathBuf>,
}

/// A space on disk.
#[derive(Debug, Serialize)]
struct SpaceSeen {
    space: Space,
    #[serde(serialize_with = "lossy_path::one")]
    path: PathBuf,
    /// Whether it has a `tools/`.
    has_tools: bool,
    /// Why its files do not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    distrust: Option<String>,
}

impl Surroundings {
    /// Looks at them.
    pub(super) fn of(resolver: &Resolver) -> Self {
        let host = resolver.host();
        let spaces = resolver.spaces().roots.iter().map(|root| SpaceSeen {
            space: root.space,
            path: root.path.clone(),
            has_tools: root.tools.is_some(),
            distrust: root.tools.as_ref().and_then(|tools| Some(tools.check_trust().err()?.to_string())),
        });
        let spaces = spaces.collect::<Vec<_>>();
        let settings = spaces.iter().map(|seen| seen.path.join("rye.toml"));
        Self {
            version: env!("CARGO_PKG_VERSION"),
            program: std::env::current_exe().ok(),
            on_path: host.on_path("rye"),
            settings: settings.filter(|path| path.symlink_metadata().is_ok()).collect(),
            spaces,
            state: host.cache.clone(),
            shims: host.shim_folders(),
        }
    }

    /// What is wrong with them: what keeps tools from running, then what may surprise.
    pub(super) fn findings(&self, resolver: &Resolver) -> (Vec<Finding>, Vec<Finding>) {
        let (mut problems, mut warnings) = (Vec::new(), Vec::new());
        for seen in &self.spaces {
            if let Some(distrust) = &seen.distrust {
                let fact = format!("no tool of the {} space runs: {distrust}", seen.space.word());
                problems.push(Finding::new(fact).hint("`chmod o-w` or `chown` the folder, if you trust it"));
            }
        }
        if let Some(foreign) = &resolver.spaces().foreign_project {
            let fact = format!("`{}` is passed over: it belongs to another user", foreign.display());
            warnings
                .push(Finding::new(fact).hint("name the project with `--project` if you trust its owner"));
        }
        let real = |path: &Path| path.canonicalize().ok();
        let own = self.program.as_deref().and_then(real);
        for other in self.on_path.iter().filter(|path| real(path) != own) {
            let first = self.on_path.first() == Some(other);
            let which = if first { "and is the one that `rye` calls" } else { "and comes after this one" };
            let fact = format!("another rye is on PATH, {which}: {}", other.display());
            warnings.push(Finding::new(fact).hint("remove one of the two, or change the order of `PATH`"));
        }
        (problems, warnings)
    }

    pub(super) fn programs(&self) -> Vec<(String, String)> {
        let program = self.program.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
        let note = if self.on_path.is_empty() { "  (no rye on PATH)" } else { "" };
        vec![(self.version.to_owned(), format!("{program}{note}"))]
    }

    pub(super) fn spaces(&self, host: &Host) -> Vec<(String, String)> {
        let row = |space: Space, without: String| {
            let seen = self.spaces.iter().find(|seen| seen.space == space);
            let told = seen.map_or(without, |seen| {
                let state = match (&seen.distrust, seen.has_tools) {
                    (Some(_), _) => "  not trusted",
                    (None, true) => "",
                    (None, false) => "  no tools/ in it",
                };
                format!("{}{state}", seen.path.display())
            });
            (space.word().to_owned(), told)
        };
        let user = host.user_space.as_ref().map(|path| format!("none: {} is not there", path.display()));
        vec![
            row(Space::Project, format!("none: no .ai/ in {} or above", host.working_directory.display())),
            row(Space::User, user.unwrap_or_else(|| "none: the home directory is not known".to_owned())),
        ]
    }

    pub(super) fn settings(&self, host: &Host) -> Vec<(String, String)> {
        let mut rows: Vec<_> =
            self.settings.iter().map(|path| ("rye.toml".to_owned(), host.shown(path))).collect();
        if rows.is_empty() {
            rows.push(("rye.toml".to_owned(), "none".to_owned()));
        }
        let state = self.state.as_ref().map_or("not known".to_owned(), |path| {
            format!("{}{}", path.display(), if path.is_dir() { "" } else { "  not there yet" })
        });
        rows.push(("state".to_owned(), state));
        let shims = self.shims.iter().map(|path| format!("{}  looked through, never run", path.display()));
        rows.extend(shims.map(|shim| ("shims".to_owned(), shim)));
        rows
    }
}
