//! How a server is reached, as a person said it, and how that is written into the server's runtime file. Words that
//! name a variable stay references, so that a secret need not stand in a file.

use std::ffi::OsString;
use std::path::Path;

use rye_executor::{Code, Report};
use toml_edit::{Array, Table, value};

use super::literal::{refers, with_references};
use super::words::ReachWords;

/// The runtimes of the core that speak to servers.
const BY_COMMAND: &str = "mcp_stdio_runtime";
const BY_URL: &str = "mcp_http_runtime";
/// Beginnings of values that services give to programs only.
const KEYS: [&str; 14] = [
    "sk-",
    "sk_",
    "pk_",
    "ghp_",
    "gho_",
    "ghs_",
    "ghu_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "AKIA",
    "AIza",
    "eyJ",
];
/// Parts of names whose values are nobody else's.
const SECRETS: [&str; 9] =
    ["token", "secret", "password", "passwd", "api-key", "apikey", "api_key", "authorization", "cookie"];

/// How a server is reached.
#[derive(Clone, Debug)]
pub(super) struct Reach {
    server: Server,
    environment: Vec<(String, Option<String>)>,
    /// A form that the server asks to be filled in gets the values that it proposes.
    defaults: bool,
}

#[derive(Clone, Debug)]
enum Server {
    Command(Vec<String>),
    Url { url: url::Url, written: String, headers: Vec<(String, String)> },
}

impl Reach {
    /// Reads what was typed.
    pub(super) fn read(
        url: Option<&OsString>,
        command: &[OsString],
        words: &ReachWords,
    ) -> Result<Self, Report> {
        let environment = words.environment.iter().map(variable).collect::<Result<Vec<_>, _>>()?;
        let server = match url {
            Some(url) => {
                if let Some((name, _)) = environment.first() {
                    return Err(wrong(format!("`--env {name}` with a URL, where no program gets it"))
                        .hint("a header may hold it: `--header 'Authorization: Bearer ${TOKEN}'`"));
                }
                let written = text(url)?;
                let headers = words.headers.iter().map(header).collect::<Result<Vec<_>, _>>()?;
                Server::Url { url: address(&written)?, written, headers }
            }
            None => {
                if !words.headers.is_empty() {
                    return Err(wrong("`--header` with a program, which is sent none".to_owned())
                        .hint("a program gets variables: `--env NAME` or `--env NAME=VALUE`"));
                }
                Server::Command(command.iter().map(text).collect::<Result<_, _>>()?)
            }
        };
        Ok(Self { server, environment, defaults: words.defaults })
    }

    /// Lets a program that was named by a path from one folder be found from another.
    pub(super) fn found_from(mut self, typed_in: &Path, runs_in: Option<&Path>) -> Self {
        let Server::Command(words) = &mut self.server else { return self };
        let Some(program) = words.first_mut() else { return self };
        let path = Path::new(program.as_str());
        let is_relative = program.contains('/') && path.is_relative() && !program.starts_with("~/");
        if !is_relative || runs_in == Some(typed_in) {
            return self;
        }
        let there = typed_in.join(path);
        let there = there.canonicalize().unwrap_or(there);
        let below = runs_in
            .and_then(|folder| there.strip_prefix(folder).ok())
            .map(|below| Path::new(".").join(below));
        if let Some(found) = below.unwrap_or(there.clone()).to_str().filter(|_| there.exists()) {
            *program = found.to_owned();
        }
        self
    }

    /// Whether it is reached by requests.
    pub(super) fn is_http(&self) -> bool {
        matches!(self.server, Server::Url { .. })
    }

    /// Writes itself into a table of a runtime or a tool.
    pub(super) fn write(&self, root: &mut Table, config: &mut Table) {
        let executor = match self.server {
            Server::Command(_) => BY_COMMAND,
            Server::Url { .. } => BY_URL,
        };
        root.insert("executor_id", value(executor));
        let (own, passed): (Vec<_>, Vec<_>) = self.environment.iter().partition(|(_, value)| value.is_some());
        if !passed.is_empty() {
            root.insert("pass_env", value(passed.iter().map(|(name, _)| name.as_str()).collect::<Array>()));
        }
        let text = |text: &str| with_references(text);
        match &self.server {
            Server::Command(words) => {
                let mut words = words.iter().map(|word| text(word));
                config.insert("command", value(words.next().unwrap_or_default()));
                config.insert("args", value(words.collect::<Array>()));
            }
            Server::Url { url, written, headers } => {
                config.insert("url", value(text(written)));
                if let Some(host) = special_host(url) {
                    // Named by the person who adds it, and so allowed.
                    config.insert("allow_hosts", value(Array::from_iter([host])));
                }
                let table = headers.iter().map(|(name, said)| (name, value(text(said))));
                let table: Table = table.map(|(name, said)| (name.as_str(), said)).collect();
                if !table.is_empty() {
                    config.insert("headers", toml_edit::Item::Table(table));
                }
            }
        }
        if self.defaults {
            config.insert("input", value("defaults"));
        }
        if !own.is_empty() {
            let mut environment = Table::new();
            for (name, said) in own {
                environment.insert(name, value(text(said.as_deref().unwrap_or_default())));
            }
            let mut env_config = Table::new();
            env_config.set_implicit(true);
            env_config.insert("env", toml_edit::Item::Table(environment));
            root.insert("env_config", toml_edit::Item::Table(env_config));
        }
    }

    /// Where a value stands in the file that looks as if it were nobody else's.
    pub(super) fn secrets(&self) -> Vec<String> {
        let mut found = Vec::new();
        let named = |name: &str| {
            let name = name.to_ascii_lowercase();
            SECRETS.iter().any(|part| name.contains(part)) || name.ends_with("_key") || name.ends_with("-key")
        };
        let is_key = |text: &str| {
            text.split([' ', '=', ':', ','])
                .any(|word| word.len() >= 16 && KEYS.iter().any(|key| word.starts_with(key)))
        };
        for (name, said) in self.environment.iter().filter_map(|(name, said)| Some((name, said.as_ref()?))) {
            if !said.is_empty() && !refers(said) && (named(name) || is_key(said)) {
                found.push(format!("--env {name}"));
            }
        }
        match &self.server {
            Server::Command(words) => {
                if words.iter().any(|word| !refers(word) && is_key(word)) {
                    found.push("a word of the command".to_owned());
                }
            }
            Server::Url { url, written, headers } => {
                for (name, said) in headers {
                    if !said.is_empty() && !refers(said) && (named(name) || is_key(said)) {
                        found.push(format!("--header {name}"));
                    }
                }
                let in_query = url.query_pairs().any(|(name, _)| named(&name) || name == "key");
                if !refers(written) && (url.password().is_some() || in_query) {
                    found.push("--url".to_owned());
                }
            }
        }
        found
    }
}

impl ReachWords {
    /// Refuses what is said of a server whose file says it.
    pub(super) fn refuse_beside(&self, name: &OsString) -> Result<(), Report> {
        if self.headers.is_empty() && self.environment.is_empty() && !self.defaults {
            return Ok(());
        }
        let fact = format!("`{}` was added, and its file says how it is reached", name.display());
        Err(wrong(fact).hint("leave out `--header`, `--env` and `--defaults`, or name its URL or command"))
    }
}

fn address(written: &str) -> Result<url::Url, Report> {
    let refuse = |why: String| {
        Err(wrong(format!("`{written}` is no address of a server: {why}"))
            .hint("write it whole: `https://HOST/mcp`"))
    };
    match url::Url::parse(written) {
        Ok(url) if !matches!(url.scheme(), "http" | "https") => {
            refuse(format!("its scheme is `{}`", url.scheme()))
        }
        Ok(url) => Ok(url),
        Err(error) => refuse(error.to_string()),
    }
}

/// A host that is an address, or this machine: whoever names it means it.
fn special_host(url: &url::Url) -> Option<String> {
    match url.host()? {
        url::Host::Domain(name) => {
            (name == "localhost" || name.ends_with(".localhost")).then(|| name.to_owned())
        }
        address => Some(address.to_string().trim_matches(['[', ']']).to_owned()),
    }
}

fn header(word: &OsString) -> Result<(String, String), Report> {
    let text = text(word)?;
    let is_token = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c))
    };
    match text.split_once(':') {
        Some((name, value)) if is_token(name.trim()) && !value.chars().any(char::is_control) => {
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err(wrong("`--header` holds no header".to_owned()).hint("write `--header 'Name: value'`")),
    }
}

fn variable(word: &OsString) -> Result<(String, Option<String>), Report> {
    let text = text(word)?;
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (text.as_str(), None),
    };
    if name.is_empty() || name.chars().any(|c| c.is_control() || c == '*') {
        return Err(
            wrong("`--env` names no variable".to_owned()).hint("write `--env NAME` or `--env NAME=VALUE`")
        );
    }
    Ok((name.to_owned(), value))
}

fn text(word: &OsString) -> Result<String, Report> {
    let text = word.to_str().filter(|text| !text.contains('\0'));
    text.map(str::to_owned)
        .ok_or_else(|| wrong(format!("`{}` is not UTF-8, and no file of rye's can hold it", word.display())))
}

fn wrong(fact: String) -> Report {
    Report::new(Code::InvalidArguments, fact)
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use toml_edit::{DocumentMut, Item, Table};

    use super::super::words::ReachWords;
    use super::Reach;

    fn words(headers: &[&str], environment: &[&str]) -> ReachWords {
        let all = |list: &[&str]| list.iter().map(OsString::from).collect();
        ReachWords { headers: all(headers), environment: all(environment), defaults: false, timeout: None }
    }

    fn of_url(url: &str, headers: &[&str]) -> Reach {
        Reach::read(Some(&url.into()), &[], &words(headers, &[])).unwrap()
    }

    fn of_command(command: &[&str], environment: &[&str]) -> Reach {
        let command: Vec<OsString> = command.iter().map(OsString::from).collect();
        Reach::read(None, &command, &words(&[], environment)).unwrap()
    }

    fn written(reach: &Reach) -> String {
        let (mut document, mut config) = (DocumentMut::new(), Table::new());
        reach.write(document.as_table_mut(), &mut config);
        document.insert("config", Item::Table(config));
        document.to_string()
    }

    #[test]
    fn what_was_typed_is_what_is_written() {
        assert_eq!(
            written(&of_command(&["npx", "-y", "a{b}", "$HOME", "${KEY}"], &["A", "B=${C}x", "D=1{2}"])),
            r#"executor_id = "mcp_stdio_runtime"
pass_env = ["A"]

[env_config.env]
B = "${C}x"
D = "1{{2}}"

[config]
command = "npx"
args = ["-y", "a{{b}}", "$$HOME", "${KEY}"]
"#
        );
        assert_eq!(
            written(&of_url("http://127.0.0.1:8808/mcp", &["Authorization: Bearer ${TOKEN}"])),
            r#"executor_id = "mcp_http_runtime"

[config]
url = "http://127.0.0.1:8808/mcp"
allow_hosts = ["127.0.0.1"]

[config.headers]
Authorization = "Bearer ${TOKEN}"
"#
        );
        assert!(!written(&of_url("https://example.com/mcp", &[])).contains("allow_hosts"));
        assert!(written(&of_url("http://[::1]/mcp", &[])).contains(r#"allow_hosts = ["::1"]"#));
    }

    #[test]
    fn a_secret_in_plain_sight_is_noticed() {
        let none: [&str; 0] = [];
        let long = "sk-0123456789abcdef";
        assert_eq!(of_command(&["x", "--key=${KEY}"], &["API_KEY=${K}", "TOKEN", "DEBUG=1"]).secrets(), none);
        assert_eq!(
            of_command(&["x", &format!("--key={long}")], &["API_KEY=1", &format!("X={long}")]).secrets(),
            ["--env API_KEY", "--env X", "a word of the command"]
        );
        assert_eq!(
            of_url("https://a.test/?x=1", &["Authorization: Bearer ${T}", "X-Tenant: 7"]).secrets(),
            none
        );
        assert_eq!(
            of_url("https://u:p@a.test/?api_key=1", &["authorization: Basic 1", "X-Api-Key: 1"]).secrets(),
            ["--header authorization", "--header X-Api-Key", "--url"]
        );
    }

    #[test]
    fn what_reaches_no_server_is_refused() {
        let refuse = |url: Option<&str>, headers: &[&str], environment: &[&str]| {
            let command = ["x".into()];
            let url: Option<OsString> = url.map(Into::into);
            Reach::read(url.as_ref(), &command, &words(headers, environment)).unwrap_err().message
        };
        assert!(refuse(Some("file:///etc/passwd"), &[], &[]).contains("its scheme is `file`"));
        assert!(refuse(Some("example.com/mcp"), &[], &[]).contains("no address"));
        assert!(refuse(Some("https://a.test"), &["no header"], &[]).contains("no header"));
        assert!(refuse(Some("https://a.test"), &["A: b\r\nC: d"], &[]).contains("no header"));
        assert!(refuse(Some("https://a.test"), &[], &["A=b"]).contains("where no program gets it"));
        assert!(refuse(None, &["A: b"], &[]).contains("which is sent none"));
        assert!(refuse(None, &[], &["=b"]).contains("no variable"));
    }
}
