//! The token of an HTTP server: made when it is first needed, kept for its owner alone, and the same from then on.

use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;

use rye_executor::{Code, Host, Report};

use crate::host::state_folder;

/// A token, and where it is kept.
#[derive(Debug)]
pub(super) struct Token {
    pub(super) text: String,
    pub(super) path: PathBuf,
    /// Nobody has seen it yet.
    pub(super) is_new: bool,
}

/// Reads the token, or makes one.
pub(super) fn load(host: &Host) -> Result<Token, Report> {
    let folder = state_folder(host).ok_or_else(|| {
        Report::new(Code::Internal, "there is no folder for state")
            .hint("set `RYE_STATE_DIR` to a folder of yours")
    })?;
    let path = folder.join("mcp-token");
    let failed = |error: std::io::Error| {
        Report::new(Code::Internal, format!("the token in {} cannot be kept: {error}", path.display()))
            .hint("set `RYE_STATE_DIR` to a folder of yours, or let anybody in with `--no-token`")
    };
    match std::fs::read_to_string(&path) {
        Ok(text) if text.trim().len() >= 32 => {
            return Ok(Token { text: text.trim().to_owned(), path, is_new: false });
        }
        Ok(_) => std::fs::remove_file(&path).map_err(failed)?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    let text = random().map_err(failed)?;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(failed)?;
    let options = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
    options.and_then(|mut file| writeln!(file, "{text}")).map_err(failed)?;
    Ok(Token { text, path, is_new: true })
}

/// 256 bits as hexadecimal digits.
fn random() -> std::io::Result<String> {
    let mut bytes = [0_u8; 32];
    let filled = rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())?;
    if filled != bytes.len() {
        return Err(std::io::Error::other("the system gave too few random bytes"));
    }
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
