//! rye inside an agent: a small loop around a model, and the `Executor` that runs what the model asks for.
//!
//! `cargo run -p embed`. The model is a script and needs no network; put yours in its place.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a front end talks to a person")]

mod agent;
mod model;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use rye_executor::{Config, Executor, Host};

use crate::agent::Agent;
use crate::model::ScriptedModel;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let executor = match Executor::new(surroundings(), Config { concurrency: 8, ..Config::default() }) {
        Ok(executor) => Arc::new(executor),
        Err(error) => return failure(&error.report().message),
    };
    let agent = Agent::new(Arc::clone(&executor));
    let answer = agent.answer("Is the release ready?", &mut ScriptedModel::default()).await;
    // Whatever happened: nothing is left running when this returns.
    executor.shutdown().await;
    match answer {
        Ok(answer) => {
            println!("\n{answer}");
            ExitCode::SUCCESS
        }
        Err(error) => failure(&error.to_string()),
    }
}

/// What the library may know of the world. It looks at nothing by itself.
#[expect(clippy::disallowed_methods, reason = "a front end reads its surroundings, once")]
fn surroundings() -> Host {
    let named = std::env::args_os().nth(1).map(PathBuf::from);
    let project = named.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
    Host {
        // Tools get a short list of these; the rest, your API keys among them, is withheld.
        environment: std::env::vars_os().collect(),
        working_directory: project.clone(),
        home: std::env::home_dir(),
        // No user space: the model is offered what lies in the project, and nothing of the person's own.
        user_space: None,
        project: Some(project),
        // What a tool leaves behind becomes a child of this process, and is ended.
        subreaper: true,
        ..Host::default()
    }
}

fn failure(message: &str) -> ExitCode {
    eprintln!("error: {message}");
    ExitCode::FAILURE
}
