//! `rye artifacts`: what runs printed that was long, whole. It is listed, shown and removed by the beginning of its id.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rye_executor::artifacts::{Kept, list};
use rye_executor::{ArtifactConfig, Code, Host, Report};

use crate::arguments::ArtifactsVerb;
use crate::entry::ExitCode;
use crate::host::state_folder;
use crate::output::{Output, Style, plain, plural};

/// How much of an id is shown.
const SHOWN: usize = 12;

/// Lists, shows or removes.
pub(crate) fn artifacts(output: &Output, host: &Host, verb: &ArtifactsVerb) -> Result<ExitCode, Report> {
    let folder = folder(host)?;
    let kept = list(&folder).map_err(|error| failed(&folder, &error))?;
    match verb {
        ArtifactsVerb::List => Ok(show_list(output, &kept)),
        ArtifactsVerb::Show { id } => show(output, find(&kept, id)?),
        ArtifactsVerb::Rm { all: true, .. } => remove(output, kept.iter()),
        ArtifactsVerb::Rm { ids, .. } => {
            let found: Result<Vec<_>, _> = ids.iter().map(|id| find(&kept, id)).collect();
            remove(output, found?.into_iter())
        }
    }
}

fn folder(host: &Host) -> Result<PathBuf, Report> {
    let state = state_folder(host).ok_or_else(|| {
        Report::new(Code::Internal, "there is no folder for state")
            .hint("set `RYE_STATE_DIR` to a folder of yours")
    })?;
    Ok(ArtifactConfig::below(&state).folder)
}

fn failed(path: &Path, error: &std::io::Error) -> Report {
    Report::new(Code::Internal, format!("{}: {error}", path.display()))
}

fn find<'k>(kept: &'k [Kept], id: &str) -> Result<&'k Kept, Report> {
    let mut found = kept.iter().filter(|kept| kept.id.starts_with(id));
    let refused = |message: String| {
        Report::new(Code::InvalidArguments, message).hint("`rye artifacts list` shows what is kept")
    };
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        (Some(_), Some(_)) => Err(refused(format!("several artifacts begin with `{id}`"))),
        (None, _) => Err(refused(format!("no artifact begins with `{id}`"))),
    }
}

fn show_list(output: &Output, kept: &[Kept]) -> ExitCode {
    if output.json {
        return output.print_json(&kept, ExitCode::SUCCESS);
    }
    let sizes: Vec<_> = kept.iter().map(|kept| size(kept.bytes)).collect();
    let width = sizes.iter().map(String::len).max().unwrap_or(0);
    let mut text = String::new();
    for (kept, size) in kept.iter().zip(&sizes) {
        let id = kept.id.get(..SHOWN).unwrap_or(&kept.id);
        let cut = if kept.id.contains('-') { "  only its beginning" } else { "" };
        let age = output.styled(Style::Dim, &format!("{}{cut}", age(kept.made)));
        text.push_str(&format!("{id}  {size:>width$}  {age}\n"));
    }
    let code = output.print(&text, ExitCode::SUCCESS);
    if kept.is_empty() {
        output.note(Style::Dim, "note", "nothing is kept: no run printed more than 6 KiB to a program");
    }
    code
}

/// To a program every byte as it is; on a terminal nothing that acts.
fn show(output: &Output, kept: &Kept) -> Result<ExitCode, Report> {
    let failed = |error: std::io::Error| failed(&kept.path, &error);
    let mut file = kept.open().map_err(failed)?;
    if output.json {
        return Ok(output.print_json(kept, ExitCode::SUCCESS));
    }
    if output.stdout_is_terminal {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed)?;
        return Ok(output.print(&plain(&String::from_utf8_lossy(&bytes)), ExitCode::SUCCESS));
    }
    let mut stdout = std::io::stdout().lock();
    match std::io::copy(&mut file, &mut stdout).and_then(|_| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(failed(error)),
        _ => Ok(ExitCode::SUCCESS),
    }
}

fn remove<'k>(output: &Output, kept: impl Iterator<Item = &'k Kept>) -> Result<ExitCode, Report> {
    let mut removed = Vec::new();
    for kept in kept {
        match kept.remove() {
            // It may have been named twice, or have gone by itself.
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(failed(&kept.path, &error));
            }
            _ => removed.push(&kept.id),
        }
    }
    if output.json {
        return Ok(output.print_json(&serde_json::json!({ "removed": removed }), ExitCode::SUCCESS));
    }
    output.note(Style::Green, "removed", &plural(removed.len(), "artifact"));
    Ok(ExitCode::SUCCESS)
}

fn size(bytes: u64) -> String {
    let kibibytes = bytes as f64 / 1024.0;
    if kibibytes < 1024.0 { format!("{kibibytes:.1} KiB") } else { format!("{:.1} MiB", kibibytes / 1024.0) }
}

fn age(made: u64) -> String {
    let age = (SystemTime::UNIX_EPOCH + Duration::from_secs(made)).elapsed().unwrap_or_default().as_secs();
    match age {
        0..60 => format!("{age} s ago"),
        60..3600 => format!("{} min ago", age / 60),
        3600..86400 => format!("{} h ago", age / 3600),
        _ => format!("{} d ago", age / 86400),
    }
}
