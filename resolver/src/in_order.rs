//! Work on many things by two threads, with the answers in the order of the things, as if one had done it all.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::Builder;

/// So many things are not worth a thread.
const FEW: usize = 128;
/// How many are taken at once.
const CHUNK: usize = 16;

/// `each` of every item, in order. `own` makes what a worker needs for itself.
pub(crate) fn in_order<T: Sync, S, R: Send>(
    items: &[T],
    own: impl Fn() -> S + Sync,
    each: impl Fn(&S, &T) -> R + Sync,
) -> Vec<R> {
    if items.len() <= FEW {
        let own = own();
        return items.iter().map(|item| each(&own, item)).collect();
    }
    let chunks: Vec<&[T]> = items.chunks(CHUNK).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let own = own();
        let mut done = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(chunk) = chunks.get(number) else { return done };
            done.push((number, chunk.iter().map(|item| each(&own, item)).collect::<Vec<_>>()));
        }
    };
    let mut done = std::thread::scope(|scope| {
        // Where there is no further thread to be had, this one does it all.
        let other = Builder::new().spawn_scoped(scope, work);
        let mut done = work();
        match other.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(more)) => done.extend(more),
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(_) => {}
        }
        done
    });
    done.sort_unstable_by_key(|(number, _)| *number);
    done.into_iter().flat_map(|(_, answers)| answers).collect()
}

#[cfg(test)]
mod tests {
    use super::in_order;

    #[test]
    fn answers_keep_the_order_of_the_things() {
        for count in [0, 1, 128, 129, 1000] {
            let items: Vec<usize> = (0..count).collect();
            let answers = in_order(&items, || 1, |one, item| item + one);
            assert_eq!(answers, (1..=count).collect::<Vec<_>>());
        }
    }
}
