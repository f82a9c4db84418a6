//! Calls into the system that may wait for long and cannot be stopped, each on a thread of its own.
//! Nobody waits for such a thread: neither a deadline, nor a dropped future, nor the end of the runtime, which
//! would wait for Tokio's own blocking threads.

use std::io;
use std::sync::{Arc, OnceLock};
use std::thread;

use tokio::sync::{Semaphore, oneshot};

/// Threads at once; what comes later waits its turn, and meets its deadline meanwhile.
const MAX_THREADS: usize = 32;

/// Runs the work aside; an error says that there was no thread for it, or that it panicked.
pub(super) async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
    static TURNS: OnceLock<Arc<Semaphore>> = OnceLock::new();
    let turns = Arc::clone(TURNS.get_or_init(|| Arc::new(Semaphore::new(MAX_THREADS))));
    let turn = turns.acquire_owned().await.map_err(io::Error::other)?;
    let (sender, receiver) = oneshot::channel();
    thread::Builder::new().name("rye-http-aside".to_owned()).spawn(move || {
        let _turn = turn;
        let _ = sender.send(work());
    })?;
    receiver.await.map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::aside;

    #[test]
    fn nobody_waits_for_work_that_hangs() {
        let (release, hang) = mpsc::channel::<()>();
        let (started, has_started) = tokio::sync::oneshot::channel();
        let (done, is_done) = mpsc::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let work = aside(move || {
                started.send(()).unwrap();
                let _ = hang.recv();
                done.send(()).unwrap();
            });
            tokio::select! {
                _ = work => panic!("it hangs"),
                _ = has_started => {}
            }
        });
        drop(runtime);
        assert!(is_done.try_recv().is_err());
        drop(release);
        is_done.recv().unwrap();
    }

    #[test]
    fn a_panic_is_an_error() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert!(runtime.block_on(aside(|| panic!("on purpose"))).is_err());
        assert_eq!(runtime.block_on(aside(|| 7)).unwrap(), 7);
    }
}
