//! What is told before a start, by `check` and `start` alike.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::super::start;
use super::{request, run};
use crate::{Ending, Part, ProcessRequest, StartError, Stdin};

fn refused(request: ProcessRequest) -> StartError {
    let checked = crate::check(&request).unwrap_err();
    // It would panic outside of a runtime, were it to get any further.
    let started = match start(request) {
        Ok(_) => panic!("it started"),
        Err(error) => error,
    };
    assert_eq!(format!("{checked:?}"), format!("{started:?}"));
    started
}

fn file(folder: &Path, text: &str, mode: u32) -> String {
    let path = folder.join("program");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn programs_that_cannot_run_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let of = |text: &str, mode| refused(request(&file(folder, text, mode), &[])).to_string();
    let program = folder.join("program").display().to_string();

    let missing = refused(request("/no/such/program", &[]));
    assert!(matches!(missing, StartError::ProgramNotFound { .. }));
    assert_eq!(missing.to_string(), "program `/no/such/program` does not exist");
    assert!(matches!(refused(request("/bin/true/x", &[])), StartError::ProgramNotFound { .. }));
    let bad = |text: &str| format!("program `{program}` cannot be executed: {text}");
    assert_eq!(of("#!/bin/sh\n", 0o644), bad("permission denied"));
    let no_format = bad("it has no `#!` line and is not a program of this machine");
    assert_eq!(of("echo hi\n", 0o755), no_format);
    assert_eq!(of("", 0o755), no_format);
    let line = |name: &str, text: &str| format!("`#!` line of `{program}` names `{name}`: {text}");
    assert_eq!(of("#!/no/such/python\n", 0o755), line("/no/such/python", "it does not exist"));
    let crlf = "the line ends in a carriage return (CRLF line ends)";
    assert_eq!(of("#!/bin/sh\r\necho\r\n", 0o755), line("/bin/sh", crlf));
    assert_eq!(of("#!/usr/bin/env python3\r\n", 0o755), line("/usr/bin/env", crlf));
    assert_eq!(of("#!/tmp\n", 0o755), line("/tmp", "it is a directory"));
    assert_eq!(of("#!\n", 0o755), line("", "no interpreter is named"));
    let directory = refused(request("/tmp", &[])).to_string();
    assert_eq!(directory, "program `/tmp` cannot be executed: it is a directory");
    let relative = refused(request("bin/true", &[])).to_string();
    assert_eq!(relative, "program `bin/true` cannot be executed: its path is not absolute");
    let device = refused(request("/dev/null", &[])).to_string();
    assert_eq!(device, "program `/dev/null` cannot be executed: it is not a regular file");
}

#[test]
fn folders_that_cannot_be_entered_are_told_apart() {
    let at = |cwd: &str| refused(ProcessRequest { cwd: cwd.into(), ..request("/bin/true", &[]) }).to_string();
    assert_eq!(at("/no/such"), "working directory `/no/such` does not exist");
    assert_eq!(at("/bin/true"), "working directory `/bin/true` cannot be entered: it is not a directory");
}

#[test]
fn strings_that_cannot_be_passed_are_named() {
    let with_env = |name: &str, value: &str| {
        let mut request = request("/bin/true", &[]);
        request.env.push((name.into(), value.into()));
        refused(request)
    };
    let nul = refused(request("/bin/true", &["a", "b\0c"]));
    assert!(matches!(nul, StartError::NulByte { part: Part::Argument { index: 1 } }));
    assert_eq!(nul.to_string(), "argument 2 holds a NUL byte");
    assert_eq!(with_env("A", "x\0").to_string(), "environment variable `A` holds a NUL byte");
    assert!(matches!(with_env("A=B", "x"), StartError::BadEnvName { .. }));
    assert!(matches!(with_env("", "x"), StartError::BadEnvName { .. }));
    assert_eq!(refused(request("/bin/tr\0ue", &[])).to_string(), "the program's path holds a NUL byte");
    let large = "x".repeat(131_072);
    assert_eq!(
        refused(request("/bin/true", &[&large])).to_string(),
        "argument 1 is 131072 bytes long, over the limit of 131071"
    );
    assert!(matches!(with_env("A", &large[2..]), StartError::ArgumentTooLarge { bytes: 131_072, .. }));
    let many = vec![&large[1..]; 60];
    assert!(matches!(refused(request("/bin/true", &many)), StartError::ArgumentsTooLarge { .. }));
}

#[tokio::test]
async fn the_limits_are_exactly_the_kernels() {
    let large = "x".repeat(131_071);
    assert_eq!(run(request("/bin/true", &[&large])).await.ending, Ending::Exited { code: 0 });
    // The most that our own check lets through runs, and one byte more does not.
    let mut most = request("/bin/true", &vec![large.as_str(); 15]);
    most.args.push("".into());
    let spare = loop {
        match crate::check(&most) {
            Ok(()) => most.args.push(large.clone().into()),
            Err(StartError::ArgumentsTooLarge { bytes, limit }) => break bytes - limit,
            Err(error) => panic!("{error}"),
        }
    };
    let last = most.args.pop().unwrap();
    let cut = last.len() - usize::try_from(spare).unwrap();
    most.args.push(last.to_str().unwrap()[..cut].into());
    assert_eq!(run(most.clone()).await.ending, Ending::Exited { code: 0 });
    most.args.pop();
    most.args.push("x".repeat(cut + 1).into());
    assert!(matches!(refused(most), StartError::ArgumentsTooLarge { .. }));
}

#[tokio::test]
async fn a_file_just_written_can_be_executed() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..20 {
        let path = file(folder.path(), &format!("#!/bin/sh\nexit {round}\n"), 0o755);
        assert_eq!(run(request(&path, &[])).await.ending, Ending::Exited { code: round });
    }
}

#[test]
fn values_do_not_show_in_debug() {
    let mut request = request("/bin/true", &[]);
    request.env.push(("TOKEN".into(), "s3cret".into()));
    request.stdin = Stdin::Bytes(b"s3cret".to_vec());
    request.call = Some(b"s3cret".to_vec());
    let shown = format!("{request:?}");
    assert!(shown.contains("TOKEN") && !shown.contains("s3cret"), "{shown}");
}
