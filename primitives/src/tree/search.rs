//! Finding the run's processes.
//! A number is only a lead: the process is held by a pidfd first, and what `/proc` says after that decides.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::{WaitId, WaitIdOptions, getpid, waitid};

use super::Tree;
use super::member::Member;
use crate::cgroup::Cgroup;
use crate::keepers;
use crate::procfs::{self, Stat};
use crate::request::Scope;
use crate::subreaper::adopts_orphans;

/// Looks without a pause, as long as each finds that something changed.
const LOOKS: usize = 64;
/// For so long a child without an environment may be one that is just executing its program.
const EXEC_LIMIT: Duration = Duration::from_millis(50);

/// What was so before the leader was started.
pub(crate) struct Origin {
    scope: Scope,
    adopts: bool,
    /// Our children then; only for [`Scope::Exclusive`].
    older: Vec<i32>,
}

impl Origin {
    pub(crate) fn new(scope: Scope) -> Self {
        let adopts = adopts_orphans();
        let older = match scope {
            Scope::Exclusive if adopts && has_children() => procfs::children(us()),
            _ => Vec::new(),
        };
        Self { scope, adopts, older }
    }

    /// Whether orphans of the run become our children.
    pub(super) fn adopts(&self) -> bool {
        self.adopts
    }
}

fn us() -> i32 {
    getpid().as_raw_pid()
}

fn has_children() -> bool {
    let how = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    !matches!(waitid(WaitId::All, how), Err(rustix::io::Errno::CHILD))
}

/// Where a number came from, and so what must be true of its process.
#[derive(Clone, Copy)]
enum Lead {
    ChildOf(i32),
    Ours,
    InSession,
    InCgroup,
}

/// What became of a lead.
enum Found {
    Member(Member),
    /// One that has ended, and may have left others behind that were not there to be seen.
    Ended,
    /// Not of this run.
    Foreign,
    /// It cannot be told yet.
    Unclear,
}

/// What one look at everything showed.
#[derive(Default)]
struct Look {
    changed: bool,
    foreign: bool,
    unclear: bool,
}

impl Tree {
    /// Forgets who has ended, finds who is new, and says whether anyone is left.
    pub(super) fn is_left(&mut self) -> bool {
        let settled = self.search();
        !settled
            || !self.members.is_empty()
            || self.orphaned_cgroup().is_some_and(|cgroup| !cgroup.is_empty())
    }

    /// The run's cgroup when its keeper is gone: nobody else knows where the rest went.
    fn orphaned_cgroup(&self) -> Option<&Arc<Cgroup>> {
        self.cgroup.as_ref().filter(|_| self.leader.keeper().is_none())
    }

    /// Looks until nothing changes; false when it still does.
    pub(super) fn search(&mut self) -> bool {
        let mut quiet = 0;
        for _ in 0..LOOKS {
            let look = self.look();
            if look.unclear && !look.changed && self.may_become_clear() {
                return false;
            }
            quiet = if look.changed { 0 } else { quiet + 1 };
            // A list of children skips one when another goes away while it is read. Those of other runs may, at any
            // time; one of this run that goes is a change that is seen.
            let wanted = if look.foreign { 2 } else { 1 };
            if quiet >= wanted {
                return true;
            }
        }
        false
    }

    fn look(&mut self) -> Look {
        self.members.retain(|member| !member.is_gone());
        let mut look = Look::default();
        if !self.leader.has_ended() {
            self.follow(Lead::ChildOf(self.leader_pid()), &mut look);
        }
        if let Some(keeper) = self.leader.keeper() {
            self.follow(Lead::ChildOf(keeper.pid().as_raw_pid()), &mut look);
        } else if self.origin.adopts {
            self.follow(Lead::Ours, &mut look);
        } else if self.leader.is_reaped() && self.leader.group_has_members() {
            self.follow(Lead::InSession, &mut look);
        }
        if self.orphaned_cgroup().is_some() {
            self.follow(Lead::InCgroup, &mut look);
        }
        let mut next = 0;
        while let Some(member) = self.members.get(next) {
            self.follow(Lead::ChildOf(member.pid), &mut look);
            next += 1;
        }
        look
    }

    /// Takes in what a lead leads to.
    fn follow(&mut self, lead: Lead, look: &mut Look) {
        let numbers = match lead {
            Lead::ChildOf(parent) => procfs::children(parent),
            Lead::Ours => procfs::children(us()),
            Lead::InSession => procfs::processes().collect(),
            Lead::InCgroup => self.cgroup.as_ref().map(|cgroup| cgroup.members()).unwrap_or_default(),
        };
        for pid in numbers {
            if pid == self.leader_pid() || self.members.iter().any(|member| member.pid == pid) {
                continue;
            }
            match self.judge(pid, lead) {
                Found::Member(member) => {
                    look.changed = true;
                    self.take_in(member);
                }
                Found::Ended => look.changed = true,
                Found::Foreign => look.foreign = true,
                Found::Unclear => {
                    look.foreign = true;
                    look.unclear = true;
                }
            }
        }
    }

    fn judge(&self, pid: i32, lead: Lead) -> Found {
        let Some(mut member) = Member::open(pid) else { return Found::Ended };
        let Some(stat) = procfs::stat(pid) else { return Found::Ended };
        let in_session = self.leader.owns_group() && stat.session == self.leader_pid();
        let belongs = match lead {
            Lead::ChildOf(parent) if stat.parent != parent || !self.is_living(parent) => return Found::Ended,
            Lead::ChildOf(_) => true,
            // One whose number is that of its session took over the number after the leader had left it.
            Lead::InSession => in_session && pid != stat.session,
            Lead::InCgroup => {
                self.cgroup.as_ref().is_some_and(|cgroup| procfs::is_in_cgroup(pid, cgroup.name().to_bytes()))
            }
            Lead::Ours if stat.parent != us() => return Found::Ended,
            Lead::Ours => match self.is_adopted(pid, &stat, in_session) {
                Some(belongs) => belongs,
                None => return Found::Unclear,
            },
        };
        if !belongs {
            return Found::Foreign;
        }
        member.is_in_group = self.leader.owns_group() && stat.group == self.leader_pid();
        if !stat.is_zombie {
            return Found::Member(member);
        }
        match lead {
            Lead::Ours => reap(pid, &member),
            // Its own parent reaps it.
            Lead::ChildOf(_) | Lead::InSession | Lead::InCgroup => Found::Foreign,
        }
    }

    /// Whether there is still time for what is unclear.
    fn may_become_clear(&mut self) -> bool {
        let since = *self.unclear_since.get_or_insert_with(Instant::now);
        since.elapsed() < EXEC_LIMIT
    }

    /// Whether a child of ours, not the leader, came from the run; `None` when that cannot be told yet.
    fn is_adopted(&self, pid: i32, stat: &Stat, in_session: bool) -> Option<bool> {
        let Scope::Shared { mark } = &self.origin.scope else {
            return Some(!self.origin.older.contains(&pid));
        };
        if in_session {
            return Some(true);
        }
        if procfs::stat(self.leader_pid()).is_none_or(|leader| stat.start < leader.start) {
            return Some(false);
        }
        if stat.is_zombie {
            // It has no environment any more. Children that others start here stay in our session.
            // In a container ours may be 0: its leader is outside. (`rustix::process::getsid` does not allow for that.)
            return Some(procfs::stat(us()).is_some_and(|ours| stat.session != ours.session));
        }
        procfs::environment_holds(pid, mark)
    }

    fn is_living(&self, pid: i32) -> bool {
        if pid == self.leader_pid() {
            return !self.leader.is_reaped();
        }
        if let Some(keeper) = self.leader.keeper().filter(|keeper| keeper.pid().as_raw_pid() == pid) {
            return !keeper.has_ended();
        }
        self.members.iter().any(|member| member.pid == pid && !member.has_ended())
    }

    fn leader_pid(&self) -> i32 {
        self.leader.pid().as_raw_pid()
    }
}

/// Reaps a child of ours that is nobody's keeper.
fn reap(pid: i32, zombie: &Member) -> Found {
    let mut found = Found::Foreign;
    keepers::unless_keeper(pid, || {
        if zombie.is_gone() {
            found = Found::Ended;
        }
    });
    found
}
