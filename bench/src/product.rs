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
    /// The program with the bad habits, of the tests.
    pub(crate) misbehave: PathBuf,
}

impl Product {
    /// Builds them, in release unless only the bench itself is tried out and was not built so. rye is built alone, so
    /// that no crate of the bench adds a feature to it.
    pub(crate) fn build(only_tried: bool) -> Result<Self, Failure> {
        let (own_folder, target) = folders()?;
        let release = target.join("release");
        let folder = if only_tried { own_folder } else { release.clone() };
        let profile = if folder == release { "release" } else { "dev" };
        let cargo = |words: &[&str]| cargo(&target, profile, words);
        cargo(&["--package", "rye"])?;
        cargo(&["--package", "rye-bench", "--bin", "floor", "--bin", "peak", "--bin", "habits"])?;
        Ok(Self::of(folder.join("rye"), &folder))
    }

    /// A rye that is there already, with what lies beside the bench since `cargo build -p rye-bench`.
    pub(crate) fn given(rye: &Path) -> Result<Self, Failure> {
        let product = Self::of(rye.canonicalize()?, &folders()?.0);
        match [&product.floor, &product.peak, &product.misbehave].iter().find(|program| !program.is_file()) {
            None => Ok(product),
            Some(missing) => {
                Err(format!("there is no `{}`: build the bench whole", missing.display()).into())
            }
        }
    }

    fn of(rye: PathBuf, folder: &Path) -> Self {
        let [floor, peak, misbehave] = ["floor", "peak", "habits"].map(|name| folder.join(name));
        Self { rye, floor, peak, misbehave }
    }
}

/// The bench's own folder, and the target folder that it is in.
fn folders() -> Result<(PathBuf, PathBuf), Failure> {
    let own = std::env::current_exe()?;
    match [own.parent(), own.ancestors().nth(2)] {
        [Some(own_folder), Some(target)] => Ok((own_folder.to_owned(), target.to_owned())),
        _ => Err("the bench lies in no target folder".into()),
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
