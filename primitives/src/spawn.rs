//! `posix_spawn`, with the whole state of the child's descriptors, signals and session said at once.
//! The child gets the descriptors named here and no others.
#![allow(unsafe_code)]
// SAFETY, for the whole module: the C calls get pointers to objects that live, unmoved, in the caller's frame
// until `posix_spawn` has returned, at which point the child has executed its program or failed. The
// attribute and action objects are initialised before use and destroyed exactly once, by `Drop`.

use std::ffi::{CStr, CString, c_char, c_int, c_short};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;

use rustix::io::Errno;
use rustix::process::Pid;

/// What a descriptor of the child is made from.
#[derive(Clone, Copy)]
pub(crate) enum Origin<'a> {
    /// `/dev/null`, for reading.
    Null,
    /// One of the caller's descriptors 0 to 2, as it is before the child's are arranged.
    Callers(c_int),
    /// A descriptor of ours with a number the child does not use.
    Ours(BorrowedFd<'a>),
}

/// One child.
pub(crate) struct Spawn<'a> {
    pub(crate) program: &'a CStr,
    /// With the program as the first.
    pub(crate) argv: &'a [CString],
    pub(crate) env: &'a [CString],
    pub(crate) cwd: &'a CStr,
    /// A session of its own and default dispositions for all signals.
    pub(crate) own_session: bool,
    /// Descriptors 0, 1, 2 and so on. `Callers(2)` may stand at 1, any other number at its own place only.
    pub(crate) descriptors: &'a [Origin<'a>],
}

/// Starts the child; the error is that of the first step that failed, in the child or here.
pub(crate) fn spawn(child: &Spawn<'_>) -> Result<Pid, Errno> {
    let actions = Actions::new(child)?;
    let attributes = Attributes::new(child.own_session)?;
    let argv = pointers(child.argv);
    let env = pointers(child.env);
    let mut pid = 0;
    // SAFETY: see the module; `argv` and `env` end in a null pointer.
    check(unsafe {
        libc::posix_spawn(
            &mut pid,
            child.program.as_ptr(),
            &actions.0,
            &attributes.0,
            argv.as_ptr(),
            env.as_ptr(),
        )
    })?;
    Pid::from_raw(pid).ok_or(Errno::SRCH)
}

fn pointers(strings: &[CString]) -> Vec<*mut c_char> {
    strings.iter().map(|string| string.as_ptr().cast_mut()).chain([ptr::null_mut()]).collect()
}

fn check(result: c_int) -> Result<(), Errno> {
    if result == 0 { Ok(()) } else { Err(Errno::from_raw_os_error(result)) }
}

struct Actions(libc::posix_spawn_file_actions_t);

impl Actions {
    fn new(child: &Spawn<'_>) -> Result<Self, Errno> {
        let mut raw = MaybeUninit::uninit();
        // SAFETY: `init` fills the object that `assume_init` then claims.
        let mut actions = unsafe {
            check(libc::posix_spawn_file_actions_init(raw.as_mut_ptr()))?;
            Self(raw.assume_init())
        };
        let raw = &mut actions.0;
        let mut number = 0;
        for origin in child.descriptors {
            // SAFETY: see the module; the path is a literal, and the library copies it. A descriptor put onto
            // itself loses its close-on-exec flag, which is what POSIX and glibc make of that.
            check(unsafe {
                match origin {
                    Origin::Null => libc::posix_spawn_file_actions_addopen(
                        raw,
                        number,
                        c"/dev/null".as_ptr(),
                        libc::O_RDONLY,
                        0,
                    ),
                    Origin::Callers(from) => libc::posix_spawn_file_actions_adddup2(raw, *from, number),
                    Origin::Ours(from) => {
                        libc::posix_spawn_file_actions_adddup2(raw, from.as_raw_fd(), number)
                    }
                }
            })?;
            number += 1;
        }
        // SAFETY: see the module; the library copies the path.
        unsafe {
            check(libc::posix_spawn_file_actions_addclosefrom_np(raw, number))?;
            check(libc::posix_spawn_file_actions_addchdir_np(raw, child.cwd.as_ptr()))?;
        }
        Ok(actions)
    }
}

impl Drop for Actions {
    fn drop(&mut self) {
        // SAFETY: initialised in `new`, destroyed here only.
        unsafe { libc::posix_spawn_file_actions_destroy(&mut self.0) };
    }
}

struct Attributes(libc::posix_spawnattr_t);

impl Attributes {
    fn new(own_session: bool) -> Result<Self, Errno> {
        let mut raw = MaybeUninit::uninit();
        // SAFETY: `init` fills the object that `assume_init` then claims.
        let mut attributes = unsafe {
            check(libc::posix_spawnattr_init(raw.as_mut_ptr()))?;
            Self(raw.assume_init())
        };
        let raw = &mut attributes.0;
        let session = if own_session { libc::POSIX_SPAWN_SETSID } else { 0 };
        let flags = session | (libc::POSIX_SPAWN_SETSIGDEF | libc::POSIX_SPAWN_SETSIGMASK) as c_short;
        let mut none = MaybeUninit::uninit();
        let mut defaults = MaybeUninit::uninit();
        // SAFETY: `sigemptyset` and `sigfillset` fill a set whole before anything reads it.
        unsafe {
            libc::sigemptyset(none.as_mut_ptr());
            if own_session {
                libc::sigfillset(defaults.as_mut_ptr());
            } else {
                libc::sigemptyset(defaults.as_mut_ptr());
                libc::sigaddset(defaults.as_mut_ptr(), libc::SIGPIPE);
            }
            check(libc::posix_spawnattr_setsigmask(raw, none.as_ptr()))?;
            check(libc::posix_spawnattr_setsigdefault(raw, defaults.as_ptr()))?;
            check(libc::posix_spawnattr_setflags(raw, flags))?;
        }
        Ok(attributes)
    }
}

impl Drop for Attributes {
    fn drop(&mut self) {
        // SAFETY: initialised in `new`, destroyed here only.
        unsafe { libc::posix_spawnattr_destroy(&mut self.0) };
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::CString;

    use rustix::io::Errno;
    use rustix::process::{WaitId, WaitIdOptions, waitid};

    use super::{Origin, Spawn, spawn};
    use crate::leaders;

    fn start(program: &str, cwd: &str) -> Result<rustix::process::Pid, Errno> {
        let program = CString::new(program).unwrap();
        let cwd = CString::new(cwd).unwrap();
        // Entered, as other tests sweep what they do not know.
        leaders::enter(|| {
            spawn(&Spawn {
                program: &program,
                argv: std::slice::from_ref(&program),
                env: &[],
                cwd: &cwd,
                own_session: true,
                descriptors: &[Origin::Null, Origin::Callers(1), Origin::Callers(2)],
            })
        })
    }

    #[test]
    fn starts_a_child_of_ours() {
        let pid = start("/bin/true", "/").unwrap();
        let status = waitid(WaitId::Pid(pid), WaitIdOptions::EXITED).unwrap().unwrap();
        leaders::leave(pid);
        assert_eq!(status.exit_status(), Some(0));
    }

    #[test]
    fn a_failure_in_the_child_is_our_error() {
        assert_eq!(start("/no/such/program", "/"), Err(Errno::NOENT));
        assert_eq!(start("/bin/true", "/no/such/folder"), Err(Errno::NOENT));
        assert_eq!(start("/", "/"), Err(Errno::ACCESS));
    }
}
