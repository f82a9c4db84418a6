//! The one integration binary: every module is a behaviour, and every test goes through a front door.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test they are the assertion"
)]

mod architecture;
mod arguments;
mod chain;
mod config;
mod dependencies;
mod doors;
mod dotenv;
mod environment;
mod files;
mod ids;
mod interpreters;
mod library;
mod listing;
mod live;
mod metadata;
mod modules;
mod output;
mod passing;
mod processes;
mod pty;
mod python;
mod queue;
mod readme;
mod results;
mod roster;
mod signals;
mod spaces;
mod stdio;
mod templates;
mod terminal;
mod world;
