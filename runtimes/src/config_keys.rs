//! The keys of `[config]`, by who reads them. Whether one fits is known with the chain, and checked there; here only
//! that it stands in the wrong table is.

/// The keys of `[config]` that a subprocess knows.
pub const CONFIG_KEYS: [&str; 10] = [
    "command",
    "args",
    "cwd",
    "env",
    "stdin",
    "timeout",
    "idle_timeout",
    "grace",
    "leave_running",
    "max_output",
];

/// The keys of `[config]` that an HTTP exchange knows.
pub const EXCHANGE_KEYS: [&str; 13] = [
    "method",
    "url",
    "headers",
    "query",
    "body",
    "form",
    "text",
    "timeout",
    "retries",
    "auth",
    "follow_redirects",
    "max_body",
    "allow_hosts",
];

/// The keys of `[config]` that a tool of another MCP server has besides.
pub const PEER_KEYS: [&str; 5] = ["tool", "protocol", "input", "mirrored", "idle_timeout"];
