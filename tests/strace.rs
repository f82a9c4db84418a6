//! rye with faults: what it asks of the system fails where a test says so, or is the last thing that it does. It is
//! `strace` that does this to the program as it is.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::live::Live;
use crate::world::{Call, Ran, World, have};

/// Whether calls into the system can be made to fail here. If not, that is named and counted as a skip.
pub(crate) fn may_inject() -> bool {
    if !have("strace") {
        return false;
    }
    let mut tried = Command::new("strace");
    tried.args(["-f", "-qq", "-o", "/dev/null", "-e", "inject=getppid:error=ENOSPC", "/bin/true"]);
    let may = tried.stdin(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success());
    may || !have("the right to trace processes")
}

/// What happens at a call into the system.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// It fails.
    Error(&'static str),
    /// The process is killed before it is made.
    Kill,
}

/// Which calls it happens to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At {
    /// One kind of call, whatever its variants are called.
    pub(crate) calls: &'static str,
    /// The how many-th, by the main thread alone; 0: each.
    pub(crate) nth: usize,
}

impl Fault {
    fn expression(self, at: At) -> String {
        let what = match self {
            Self::Error(name) => format!("error={name}"),
            Self::Kill => "signal=KILL".to_owned(),
        };
        let when = if at.nth == 0 { String::new() } else { format!(":when={}", at.nth) };
        format!("inject={}:{what}{when}", at.calls)
    }

    /// The same call of rye with this fault. What was traced stands in the file.
    pub(crate) fn command(self, at: At, call: &Call, log: &Path) -> Command {
        let inner = call.command();
        let mut command = Command::new("strace");
        command.args(["-qq", "-e", "signal=none", "-e", &format!("trace={}", at.calls)]);
        command
            .args(["-e", &self.expression(at), "-o"])
            .arg(log)
            .arg(inner.get_program())
            .args(inner.get_args());
        command.env_clear().envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.current_dir(inner.get_current_dir().unwrap());
        command
    }
}

/// Makes each call of a kind fail, one after the other, in a world of its own for each, until none is left. Gives how
/// many there were.
pub(crate) fn at_each(
    fault: Fault,
    calls: &'static str,
    world: impl Fn() -> World,
    call: impl Fn(&World) -> Call,
    check: impl Fn(&World, &Ran, At),
) -> usize {
    for nth in 1.. {
        let world = world();
        let (at, log) = (At { calls, nth }, world.root().join("strace"));
        let ran = Live::start(fault.command(at, &call(&world), &log)).end();
        let was_hit = match fault {
            Fault::Error(_) => std::fs::read_to_string(&log).unwrap().contains("(INJECTED)"),
            Fault::Kill => ran.signal == Some(9),
        };
        check(&world, &ran, at);
        if !was_hit {
            assert!(matches!(ran.code, Some(0 | 2)), "without a fault: {}{}", ran.stdout(), ran.stderr());
            return nth - 1;
        }
    }
    0
}
