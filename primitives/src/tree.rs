//! The run's processes, and the steps by which they are made to end.
//! A signal goes only to an unreaped group of the run's own, or through a pidfd whose process was seen, after
//! the pidfd was opened, to belong to the run.

mod member;
mod search;

use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::cgroup::Cgroup;
use crate::end::Supervision;
use crate::keeper::Keeper;
use crate::leader::Leader;
use crate::stop::StopReader;
use member::Member;
pub(crate) use search::Origin;

/// What outlives the leader has this long between TERM and KILL.
const LAST_GRACE: Duration = Duration::from_millis(200);
/// What cannot be ended (another user's, or stuck in the kernel) is given up after this.
const SWEEP_LIMIT: Duration = Duration::from_secs(2);
/// The same when the run is dropped, which blocks the thread it happens on.
const DROP_LIMIT: Duration = Duration::from_millis(500);
/// The longest pause between two looks.
const PAUSE: Duration = Duration::from_millis(8);

/// Everything that descends from one leader. Dropping it ends what is left of it, at once.
pub(crate) struct Tree {
    pub(crate) leader: Leader,
    cgroup: Option<Arc<Cgroup>>,
    origin: Origin,
    /// Living descendants that are known, the leader not among them.
    members: Vec<Member>,
    group_was_asked: bool,
    /// What everyone is sent who is found.
    on_sight: Option<Signal>,
    escalated: bool,
    leaked: u32,
    /// The leader has ended, so that who is found now has outlived it.
    outlived: bool,
    /// When a child was first seen of which it could not be told whether it belongs.
    unclear_since: Option<Instant>,
    is_over: bool,
}

impl Tree {
    pub(crate) fn new(leader: Leader, origin: Origin) -> Self {
        let cgroup = leader.keeper().and_then(Keeper::cgroup).cloned();
        Self {
            leader,
            cgroup,
            origin,
            members: Vec::new(),
            group_was_asked: false,
            on_sight: None,
            escalated: false,
            leaked: 0,
            outlived: false,
            unclear_since: None,
            is_over: false,
        }
    }

    /// By what it is held together.
    pub(crate) fn supervision(&self) -> Supervision {
        if self.cgroup.is_some() { Supervision::Cgroup } else { Supervision::Subreaper }
    }

    /// Whether KILL was sent.
    pub(crate) fn escalated(&self) -> bool {
        self.escalated
    }

    /// How many outlived the leader and had to be ended.
    pub(crate) fn leaked(&self) -> u32 {
        self.leaked
    }

    /// TERM and CONT to the run's own group, or in the caller's group to each process.
    pub(crate) fn ask(&mut self) {
        if !self.leader.claim_numbers() {
            return;
        }
        self.search();
        self.group_was_asked = self.leader.owns_group();
        for signal in [Signal::TERM, Signal::CONT] {
            if self.leader.owns_group() {
                self.leader.signal_group(signal);
                continue;
            }
            self.leader.signal(signal);
            for member in &mut self.members {
                member.signal(signal);
                member.was_asked = true;
            }
        }
        for member in self.members.iter_mut().filter(|member| member.is_in_group) {
            member.was_asked = true;
        }
    }

    /// KILL to everything that can be found, from now on.
    pub(crate) fn kill(&mut self) {
        if !self.leader.claim_numbers() {
            return;
        }
        self.on_sight = Some(Signal::KILL);
        self.escalated = true;
        // Children of a parent that still lives are found by it, wherever orphans go.
        self.search();
        self.leader.signal_group(Signal::KILL);
        self.leader.signal(Signal::KILL);
        for member in &mut self.members {
            member.signal(Signal::KILL);
            member.was_asked = true;
        }
        self.kill_cgroup();
        self.search();
    }

    /// Lets what is left live; to be called after the leader's end.
    pub(crate) fn leave_rest(&mut self) {
        self.leader.leave_rest();
        self.close();
    }

    /// Ends all that outlived the leader: TERM and CONT, a last grace, KILL.
    pub(crate) async fn end_rest(&mut self, stop: &StopReader) {
        if self.leader.is_alone() {
            if let Some(cgroup) =
                self.cgroup.as_ref().filter(|_| !self.escalated && !self.leader.was_enforced())
            {
                cgroup.was_left_clean();
            }
            return self.close();
        }
        self.begin_rest();
        let begin = Instant::now();
        let mut pause = Duration::from_millis(1);
        while self.is_left() && begin.elapsed() < SWEEP_LIMIT {
            if self.on_sight == Some(Signal::KILL) || stop.is_forced() || begin.elapsed() >= LAST_GRACE {
                self.kill_rest();
                pause = Duration::from_millis(1);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE);
        }
        self.close();
    }

    /// Where orphans come to the keeper or to us, the leader stays a zombie through the sweep. Elsewhere only its group
    /// shows whether anyone is left, and a zombie hides that.
    fn begin_rest(&mut self) {
        if self.leader.keeper().is_none() && !self.origin.adopts() {
            self.leader.reap();
        }
        self.outlived = true;
        if self.on_sight.is_none() {
            self.on_sight = Some(Signal::TERM);
            let known = std::mem::take(&mut self.members);
            known.into_iter().for_each(|member| self.take_in(member));
        }
    }

    /// Holds a descendant, and sends it what is due on sight.
    fn take_in(&mut self, mut member: Member) {
        member.was_asked |= self.group_was_asked && member.is_in_group;
        match self.on_sight {
            Some(Signal::TERM) if !member.was_asked => {
                member.signal(Signal::TERM);
                member.signal(Signal::CONT);
                member.was_asked = true;
                self.leaked += member.count();
            }
            Some(Signal::KILL) => {
                // One that was asked along with the leader, and is killed with it, is only on its way out.
                if self.outlived && !member.was_asked {
                    self.leaked += member.count();
                }
                member.signal(Signal::KILL);
                member.was_asked = true;
                self.escalated = true;
            }
            _ => {}
        }
        self.members.push(member);
    }

    fn kill_rest(&mut self) {
        // Those that were killed with the leader are only on their way out.
        let counts = self.on_sight != Some(Signal::KILL);
        self.on_sight = Some(Signal::KILL);
        // What keeps us may be no more than a child of ours of which it cannot be told yet whose it is.
        self.escalated |= !self.members.is_empty();
        self.leader.signal_group(Signal::KILL);
        for member in &mut self.members {
            member.signal(Signal::KILL);
            if counts {
                self.leaked += member.count();
            }
        }
        // Who has just been forked is counted before the kernel ends it.
        self.search();
        self.kill_cgroup();
    }

    /// Reaches those too whom we may not signal.
    fn kill_cgroup(&self) {
        if let Some(cgroup) = &self.cgroup {
            cgroup.kill();
        }
    }

    /// From here on nothing is left to do but for the keeper, which reaps the leader.
    fn close(&mut self) {
        // Then somebody may have gone unseen.
        if self.leader.was_lost() {
            self.kill_cgroup();
        }
        self.leader.reap();
        self.is_over = true;
    }

    /// Returns when the keeper has ended too.
    pub(crate) fn dismiss(&mut self) {
        self.leader.dismiss();
    }
}

/// The runtime was shut down or the task aborted: there is no time left to ask.
impl Drop for Tree {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let begin = Instant::now();
        self.kill();
        while !self.leader.has_ended() && begin.elapsed() < DROP_LIMIT {
            std::thread::sleep(Duration::from_millis(1));
        }
        if self.leader.is_alone() {
            return self.close();
        }
        self.begin_rest();
        while self.is_left() && begin.elapsed() < DROP_LIMIT {
            self.kill_rest();
            std::thread::sleep(Duration::from_millis(1));
        }
        self.close();
    }
}
