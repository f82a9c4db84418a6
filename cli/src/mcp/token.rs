//! The token of an HTTP server: made when it is first needed, kept for its owner alone, and the same from then on.

use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use rye_executor::{Code, Host, Report};

use crate::host::state_folder;
use crate::whole_file::WholeFile;

/// What is shorter was chosen by no rye, and guessed soon.
const SHORTEST: usize = 32;

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
    match read(&path).map_err(failed)? {
        Some(text) if text.len() >= SHORTEST => return Ok(Token { text, path, is_new: false }),
        Some(_) => std::fs::remove_file(&path).map_err(failed)?,
        None => {}
    }
    let text = random().map_err(failed)?;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(failed)?;
    let new =
        WholeFile::write(&path, &format!("{text}\n"), 0o600).and_then(WholeFile::sync).map_err(failed)?;
    match new.create(&path) {
        // Another server was first: both have its token.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let text = read(&path).map_err(failed)?.unwrap_or_default();
            Ok(Token { text, path, is_new: false })
        }
        Err(error) => Err(failed(error)),
        Ok(()) => Ok(Token { text, path, is_new: true }),
    }
}

fn read(path: &Path) -> std::io::Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
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
