use std::ffi::CString;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::Pid;

use super::{Duties, Keeper, Report, has_ended};
use crate::end::Status;
use crate::keepers;
use crate::procfs;
use crate::spawn::{Origin, Spawn};

const PATIENCE: Duration = Duration::from_secs(30);

fn start(argv: &[&str], cwd: &str) -> Result<(Keeper, Pid), Errno> {
    let argv: Vec<_> = argv.iter().map(|word| CString::new(*word).unwrap()).collect();
    let cwd = CString::new(cwd).unwrap();
    let duties = Duties { passes_signals_on: false, timeout: None, grace: Duration::ZERO };
    // Entered, as other tests sweep what they do not know.
    keepers::enter(|| {
        let child = Spawn {
            program: &argv[0],
            argv: &argv,
            env: &[],
            cwd: &cwd,
            own_session: true,
            cgroup: None,
            descriptors: &[Origin::Null, Origin::Callers(1), Origin::Callers(2)],
        };
        Keeper::start(&child, duties)
    })
}

fn report(keeper: &Keeper) -> Report {
    let mut polled = [rustix::event::PollFd::new(keeper.line(), rustix::event::PollFlags::IN)];
    let limit = rustix::event::Timespec { tv_sec: 30, tv_nsec: 0 };
    rustix::event::poll(&mut polled, Some(&limit)).unwrap();
    keeper.report()
}

#[test]
fn tells_of_the_end_and_ends_when_nobody_wants_the_number() {
    let (mut keeper, leader) = start(&["/bin/sleep", "1000"], "/").unwrap();
    keeper.free_numbers();
    rustix::process::kill_process(leader, rustix::process::Signal::TERM).unwrap();
    let told = report(&keeper);
    let Report::Ended { status: Status::Signaled { signal: 15 }, alone: true, reaped: true, enforced: false } =
        told
    else {
        panic!("{told:?}");
    };
    assert!(!keeper.claim_numbers());
    assert_eq!(procfs::stat(leader.as_raw_pid()), None);
    assert!(keeper.finish(PATIENCE));
    assert_eq!(procfs::stat(keeper.pid().as_raw_pid()), None);
}

#[test]
fn holds_a_number_that_was_claimed_until_it_is_let_go() {
    let (mut keeper, leader) = start(&["/bin/sleep", "1000"], "/").unwrap();
    assert!(keeper.claim_numbers());
    keeper.free_numbers();
    assert!(keeper.claim_numbers() && keeper.claim_numbers());
    rustix::process::kill_process(leader, rustix::process::Signal::KILL).unwrap();
    let told = report(&keeper);
    assert!(matches!(told, Report::Ended { alone: true, reaped: false, .. }), "{told:?}");
    let stat = procfs::stat(leader.as_raw_pid()).unwrap();
    assert!(stat.is_zombie && stat.parent == keeper.pid().as_raw_pid());
    keeper.release();
    assert!(keeper.finish(PATIENCE));
    assert_eq!(procfs::stat(leader.as_raw_pid()), None);
    assert_eq!(procfs::stat(keeper.pid().as_raw_pid()), None);
}

#[test]
fn a_signal_is_told_apart_from_an_exit() {
    let (keeper, _) = start(&["/bin/sh", "-c", "kill -9 $$"], "/").unwrap();
    let told = report(&keeper);
    assert!(matches!(told, Report::Ended { status: Status::Signaled { signal: 9 }, .. }), "{told:?}");
}

#[test]
fn a_failure_in_the_child_is_our_error() {
    let error = |program, cwd| start(&[program], cwd).err();
    assert_eq!(error("/no/such/program", "/"), Some(Errno::NOENT));
    assert_eq!(error("/bin/true", "/no/such/folder"), Some(Errno::NOENT));
    assert_eq!(error("/", "/"), Some(Errno::ACCESS));
}

#[test]
fn one_that_is_dropped_ends_everything() {
    let (keeper, leader) = start(&["/bin/sleep", "1000"], "/").unwrap();
    let pidfd = rustix::process::pidfd_open(leader, rustix::process::PidfdFlags::empty()).unwrap();
    drop(keeper);
    assert!(has_ended(&pidfd, PATIENCE));
}

#[test]
fn one_that_is_killed_takes_the_leader_along() {
    let (keeper, leader) = start(&["/bin/sleep", "1000"], "/").unwrap();
    let pidfd = rustix::process::pidfd_open(leader, rustix::process::PidfdFlags::empty()).unwrap();
    rustix::process::kill_process(keeper.pid(), rustix::process::Signal::KILL).unwrap();
    assert!(has_ended(&pidfd, PATIENCE));
    assert!(matches!(report(&keeper), Report::Lost));
}
