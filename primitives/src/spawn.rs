//! One child to be: its program, words and surroundings, and where each of its descriptors comes from.
//! It gets the descriptors named here and no others.

use std::ffi::{CStr, CString, c_int};
use std::os::fd::BorrowedFd;
use std::sync::Arc;

use crate::cgroup::Cgroup;

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
    /// What it is started into, if the kernel lets it.
    pub(crate) cgroup: Option<&'a Arc<Cgroup>>,
    /// Descriptors 0, 1, 2 and so on. `Callers(2)` may stand at 1, any other number at its own place only.
    pub(crate) descriptors: &'a [Origin<'a>],
}
