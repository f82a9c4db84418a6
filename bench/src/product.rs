//! What is measured, built by the bench itself, so that no stale binary is.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Failure;

/// The binaries of one target folder.
#[derive(Clone, Debug)]
pub(crate) struct Product {
    pub(crate) rye: PathBuf,
    pub(crate) floor: PathBuf,
    pub(crate) peak: PathBuf,
}

impl Product {
    /// Builds them, in release unless only the bench itself is tried out and was not built so. rye is built alone, so
    /// that no crate of the bench adds a feature to it.
    pub(crate) fn build(only_tried: bool) -> Result<Self, Failure> {
        let own = std::env::current_exe()?;
        let [Some(own_folder), Some(target)] = [own.parent(), own.ancestors().nth(2)] else {
            return Err("the bench lies in no target folder".into());
        };
        let release = target.join("release");
        let folder = if only_tried { own_folder.to_owned() } else { release.clone() };
        let profile = if folder == release { "release" } else { "dev" };
        let cargo = |words: &[&str]| cargo(target, profile, words);
        cargo(&["--package", "rye"])?;
        cargo(&["--package", "rye-bench", "--bin", "floor", "--bin", "peak"])?;
        Ok(Self { rye: folder.join("rye"), floor: folder.join("floor"), peak: folder.join("peak") })
    }
}

fn cargo(target: &Path, profile: &str, words: &[&str]) -> Result<(), Failure> {
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "--profile", profile]).args(words).arg("--target-dir").arg(target);
    build.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    // Run by hand, the bench would leave the choice to files that dependencies carry.
    if let Some(toolchain) = option_env!("RUSTUP_TOOLCHAIN") {
        build.env("RUSTUP_TOOLCHAIN", toolchain);
    }
    let status = build.stdin(Stdio::null()).status()?;
    if status.success() { Ok(()) } else { Err(format!("`cargo build {}` failed", words.join(" ")).into()) }
}
