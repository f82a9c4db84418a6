//! The languages in which `rye new` writes a tool. Each is one whole file beside this one: nothing in it is replaced,
//! so that what an editor shows there is what an author gets.

use clap::ValueEnum;

/// A language, or a form that needs none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// A Python function
    #[value(alias = "py", alias = "python3")]
    Python,
    /// A Python function that names its dependencies (PEP 723), through uv
    #[value(alias = "pep723")]
    Uv,
    /// A JavaScript function in Node
    #[value(alias = "javascript", alias = "js", alias = "mjs", alias = "cjs", alias = "nodejs")]
    Node,
    /// A TypeScript program in Deno, or in what `rye.toml` names for `ts`
    #[value(alias = "ts", alias = "mts", alias = "deno")]
    Typescript,
    /// A TypeScript program in Bun
    Bun,
    /// A shell script
    #[value(alias = "sh", alias = "shell")]
    Bash,
    /// A Ruby program
    #[value(alias = "rb")]
    Ruby,
    /// A Perl program
    #[value(alias = "pl")]
    Perl,
    /// A PHP program
    Php,
    /// A Lua program
    Lua,
    /// A command line in TOML, without a script
    #[value(alias = "toml", alias = "cmd", alias = "subprocess")]
    Command,
    /// An HTTP request in TOML
    #[value(alias = "https", alias = "http_client")]
    Http,
}

/// The file of a new tool.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Template {
    /// What follows the id, without dot.
    pub(crate) extension: &'static str,
    /// The file.
    pub(crate) text: &'static str,
    /// Words of a first call that works.
    pub(crate) words: &'static [&'static str],
}

const GREETING: &[&str] = &["--name", "Ada"];

macro_rules! template {
    ($file:literal, $extension:literal, $words:expr) => {
        Template { extension: $extension, text: include_str!(concat!($file, ".", $extension)), words: $words }
    };
}

impl Language {
    /// Its word on the command line.
    pub(crate) fn word(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// The first language whose files may have that extension; a new one gets its template's.
    pub(crate) fn of_extension(extension: &str) -> Option<Self> {
        match extension {
            "js" | "cjs" => Some(Self::Node),
            "mts" => Some(Self::Typescript),
            "bash" => Some(Self::Bash),
            _ => {
                let mut all = Self::value_variants().iter().copied();
                all.find(|language| language.template().extension == extension)
            }
        }
    }

    /// Its file.
    pub(crate) fn template(self) -> Template {
        match self {
            Self::Python => template!("python", "py", GREETING),
            Self::Uv => template!("uv", "py", GREETING),
            Self::Node => template!("node", "mjs", GREETING),
            Self::Typescript => template!("typescript", "ts", GREETING),
            Self::Bun => template!("bun", "ts", GREETING),
            Self::Bash => template!("bash", "sh", GREETING),
            Self::Ruby => template!("ruby", "rb", GREETING),
            Self::Perl => template!("perl", "pl", GREETING),
            Self::Php => template!("php", "php", GREETING),
            Self::Lua => template!("lua", "lua", GREETING),
            Self::Command => template!("command", "toml", &["--path", "."]),
            Self::Http => template!("http", "toml", &["--owner", "rust-lang", "--repository", "rust"]),
        }
    }
}
