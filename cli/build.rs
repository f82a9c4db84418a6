//! Links a binary that starts fast: with the unwinder in it, and at a fixed address.

use std::path::Path;
use std::process::{Command, Stdio};

/// Whoever sets it when building gets a binary that the system may load anywhere (PIE). Without it the 17,000 pointers
/// in its constants are known when it is linked, and no start has to write them to 80 pages of its own: a tenth of
/// `rye run`. Node, bun and Debian's python are linked so too. Heap, stack and libraries still lie where
/// nobody foresees.
const MOVABLE: &str = "RYE_BUILD_PIE";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=RUSTC_LINKER");
    println!("cargo::rerun-if-env-changed={MOVABLE}");
    let target = ["OS", "ENV"].map(|part| variable(&format!("CARGO_CFG_TARGET_{part}")));
    if target != ["linux", "gnu"].map(|part| Some(part.to_owned())) {
        return;
    }
    if variable(MOVABLE).is_none() {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
    link_unwinder();
}

/// As a shared library of its own it would be found, mapped and relocated at every start, which is an eighth of
/// `rye run`.
fn link_unwinder() {
    // GCC and clang print the whole path of what they have, and the bare name of what they have not.
    let linker = variable("RUSTC_LINKER").unwrap_or_else(|| "cc".to_owned());
    let mut asked = Command::new(linker);
    asked.arg("-print-file-name=libgcc_eh.a").stdin(Stdio::null()).stderr(Stdio::null());
    let Ok(answer) = asked.stdout(Stdio::piped()).spawn().and_then(|child| child.wait_with_output()) else {
        return;
    };
    let path = String::from_utf8_lossy(&answer.stdout);
    let path = Path::new(path.trim());
    if answer.status.success() && path.is_absolute() && path.is_file() {
        println!("cargo::rustc-link-lib=static:-bundle=gcc_eh");
    }
}

#[expect(clippy::disallowed_methods, reason = "what cargo tells a build script")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
