//! Links the unwinder into the binary where the compiler has it as an archive. As a shared library of its own it would
//! be found, mapped and relocated at every start, which is an eighth of `rye run`.

use std::path::Path;
use std::process::{Command, Stdio};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=RUSTC_LINKER");
    let target = ["OS", "ENV"].map(|part| variable(&format!("CARGO_CFG_TARGET_{part}")));
    if target != ["linux", "gnu"].map(|part| Some(part.to_owned())) {
        return;
    }
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
