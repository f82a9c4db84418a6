//! The least a program can do for a tool that is one TOML file: read two files, search `PATH`, run the command
//! captured, wait. Whatever rye takes beyond this is the price of what it checks.

use std::error::Error;
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, Stdio};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let files: Vec<_> = std::env::args_os().skip(1).collect();
    let [config, tool] = files.as_slice() else { return Err("usage: floor CONFIG.toml TOOL.toml".into()) };
    let _config: toml::Table = std::fs::read_to_string(config)?.parse()?;
    let tool: toml::Table = std::fs::read_to_string(tool)?.parse()?;
    let command = tool.get("config").and_then(|table| table.get("command")).and_then(toml::Value::as_str);
    let program = search(command.ok_or("no command")?).ok_or("the command is not on PATH")?;
    let output = Command::new(program)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .and_then(Child::wait_with_output)?;
    Ok(if output.status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[expect(clippy::disallowed_methods, reason = "a program of its own")]
fn search(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|candidate| candidate.is_file())
}
