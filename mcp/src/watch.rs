//! Tells when the list of tools has changed: the folders of tools and those of `rye.toml` are watched, and a change in
//! them that changes no row is told to nobody. Watching begins after the first listing, so that it delays nothing.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use notify::event::EventKind;
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;

use crate::closing::Stage;
use crate::door::Door;

/// Files come in groups: an editor writes several, a checkout thousands.
const SETTLE: Duration = Duration::from_millis(100);

/// Watches until the door closes.
pub(crate) async fn watch(door: Arc<Door>) {
    let closing = door.closing().clone();
    tokio::select! {
        () = tell(&door) => {}
        () = closing.reached(Stage::Draining) => {}
    }
}

async fn tell(door: &Door) {
    door.listed().await;
    let touched = Arc::new(Notify::new());
    let mut watched = Vec::new();
    let mut _watcher = None;
    loop {
        let folders = folders(door);
        if folders != watched {
            let (wanted, told) = (folders.clone(), Arc::clone(&touched));
            let begun = tokio::task::spawn_blocking(move || begin(&wanted, told)).await;
            // Where nothing can be watched, clients list again when their list has become old.
            let Ok(Ok(begun)) = begun else { return };
            (watched, _watcher) = (folders, Some(begun));
            // What changed before the watching began is found by looking once.
            touched.notify_one();
        }
        touched.notified().await;
        tokio::time::sleep(SETTLE).await;
        door.look_again().await;
    }
}

/// The folders that are watched: a space's own for `rye.toml`, and its tools with all that is below.
fn folders(door: &Door) -> Vec<(PathBuf, RecursiveMode)> {
    let executor = door.executor();
    let roots = executor.resolver().spaces().roots.iter();
    roots
        .flat_map(|root| {
            let tools = root.tools.as_ref().map(|tools| (tools.path().to_owned(), RecursiveMode::Recursive));
            [(root.path.clone(), RecursiveMode::NonRecursive)].into_iter().chain(tools)
        })
        .collect()
}

fn begin(folders: &[(PathBuf, RecursiveMode)], touched: Arc<Notify>) -> notify::Result<RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        // An error says that events were lost: that is a reason to look as well.
        if !event.is_ok_and(|event| matches!(event.kind, EventKind::Access(_))) {
            touched.notify_one();
        }
    })?;
    for (folder, mode) in folders {
        watcher.watch(folder, *mode)?;
    }
    Ok(watcher)
}
