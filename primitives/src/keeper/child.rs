//! What the child does between its making and its program: descriptors, folder, signals, session.
//! It is in the caller's memory while the keeper waits, and writes nothing there but the number of its error.
#![allow(unsafe_code)]

use std::ffi::{c_int, c_void};
use std::sync::atomic::Ordering;

use super::{Source, Terms, kernel};

/// # Safety
/// `terms` points to terms that stay until this process has executed its program or ended.
pub(super) extern "C" fn become_program(terms: *mut c_void) -> c_int {
    // SAFETY: as the caller says.
    let terms = unsafe { &*terms.cast::<Terms>() };
    // First of all: without its keeper it must not go on in memory that is not its own.
    kernel::set_death_signal(libc::SIGKILL);
    if kernel::parent() != terms.keeper.load(Ordering::SeqCst) {
        // It was killed before we could ask for the signal.
        kernel::exit(127)
    }
    let failed = match prepare(terms) {
        // SAFETY: the strings and arrays of the caller, which waits.
        Ok(()) => unsafe { kernel::execute(terms.program, terms.argv, terms.env) },
        Err(errno) => errno,
    };
    terms.refusal.store(failed, Ordering::SeqCst);
    kernel::exit(127)
}

fn prepare(terms: &Terms) -> Result<(), i32> {
    if terms.own_session {
        kernel::begin_session();
        // Who wants a core file raises the limit again.
        kernel::forbid_core_file();
    }
    let mut number = 0;
    for source in terms.descriptors.iter().take(terms.count) {
        match source {
            Source::Null => {
                let null = kernel::open(c"/dev/null")?;
                kernel::place(null, number)?;
                if null != number {
                    kernel::close(null);
                }
            }
            Source::Number(from) => kernel::place(*from, number)?,
        }
        number = number.wrapping_add(1);
    }
    kernel::close_range(number, i32::MAX);
    // SAFETY: the caller's string, which waits.
    unsafe { kernel::enter_folder(terms.cwd)? };
    kernel::block_signals(0);
    Ok(())
}
