//! The one integration binary: every module is a behaviour, and every test goes through a front door.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test they are the assertion"
)]

mod architecture;
mod arguments;
mod artifacts;
mod chain;
mod check;
mod completions;
mod config;
mod dependencies;
mod docs;
mod doctor;
mod doors;
mod dotenv;
mod dropping;
mod embed;
mod embedding;
mod environment;
mod examples;
mod files;
mod http;
mod http_network;
mod http_server;
mod http_stops;
mod idioms;
mod ids;
mod index;
mod interpreters;
mod languages;
mod library;
mod listing;
mod live;
mod managers;
mod mcp_add;
mod mcp_ask;
mod mcp_calls;
mod mcp_http;
mod mcp_install;
mod mcp_lifetime;
mod mcp_notes;
mod mcp_peer;
mod mcp_resources;
mod mcp_servers;
mod mcp_servers_http;
mod mcp_wire;
mod metadata;
mod modules;
mod new;
mod node;
mod output;
mod passing;
mod peers;
mod peers_added;
mod processes;
mod provider_rules;
mod pty;
mod python;
mod queue;
mod readme;
mod reliability;
mod results;
mod roster;
mod runtime_files;
mod schema;
mod schema_docs;
mod screens;
mod search;
mod seeds;
mod signals;
mod site;
mod spaces;
mod start_up;
mod stdio;
mod supervision;
mod templates;
mod terminal;
mod timings;
mod trust;
mod uv;
mod world;
