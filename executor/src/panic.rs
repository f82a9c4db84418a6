//! A panic in one piece of work is the end of that piece and of nothing else: a program that serves many goes on. Its
//! words have been said on standard error by then.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

/// What a panic said.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a fault of rye's own: {0}")]
pub struct Panicked(String);

/// Does work and gives what came of it. Work that panics is dropped, and with it the runs that it began.
///
/// # Errors
/// It panicked.
pub async fn caught<T>(work: impl Future<Output = T>) -> Result<T, Panicked> {
    let mut work = pin!(work);
    std::future::poll_fn(|context| {
        // What it leaves half done is dropped with it, and no lock of ours stays poisoned.
        match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(value)) => Poll::Ready(Ok(value)),
            Err(panic) => Poll::Ready(Err(Panicked(words(&*panic)))),
        }
    })
    .await
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("it panicked").to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Panicked, caught};

    #[test]
    fn a_panic_ends_its_work_alone() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let number = 7;
        let bad = caught(async {
            tokio::task::yield_now().await;
            assert_eq!(number, 8, "on purpose");
        });
        let (bad, good) = runtime.block_on(async { tokio::join!(bad, caught(async { number })) });
        assert!(bad.unwrap_err().to_string().contains("on purpose"));
        assert_eq!(good, Ok(7));
        let odd = caught(async { std::panic::panic_any(7) });
        assert_eq!(runtime.block_on(odd), Err::<(), _>(Panicked("it panicked".to_owned())));
    }
}
