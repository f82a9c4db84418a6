//! What one server has: memory, descriptors, threads, processes, files. It is read when nothing is on, so that whatever
//! is there more than before was left behind; the most that was there meanwhile is kept beside it.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use procfs::process::Process;

use super::series::Gauge;
use crate::Failure;
use crate::processes::{Identity, children, descendants, zombies};

/// Between two looks at what is on.
const LOOK: Duration = Duration::from_millis(25);
/// A cancelled call may go on so long.
const QUIET: Duration = Duration::from_secs(20);

/// In the order of their values.
pub(crate) const GAUGES: [Gauge; 10] = [
    // In KiB; what the allocator keeps goes up and down by many times that, with what was freed last.
    Gauge { name: "private", most: Some(1024.0) },
    Gauge { name: "fds", most: Some(1.0) },
    Gauge { name: "threads", most: Some(1.0) },
    Gauge { name: "children", most: Some(0.0) },
    Gauge { name: "zombies", most: Some(0.0) },
    Gauge { name: "temp", most: Some(1.0) },
    // Artifacts that are being written.
    Gauge { name: "growing", most: Some(0.0) },
    // Those that are kept: each cancelled flood is a new content. Their store bounds them by age and size.
    Gauge { name: "kept", most: None },
    Gauge { name: "kept KiB", most: None },
    Gauge { name: "busiest", most: None },
];

/// A server that is watched.
pub(crate) struct Watched {
    server: i32,
    temporary: PathBuf,
    state: PathBuf,
    /// The most processes at once since the last reading.
    busiest: AtomicUsize,
    /// Every process of it that was ever seen.
    seen: Mutex<HashSet<Identity>>,
    is_over: AtomicBool,
}

impl Watched {
    pub(crate) fn new(server: u32, temporary: &Path, state: &Path) -> Self {
        Self {
            server: server.cast_signed(),
            temporary: temporary.to_owned(),
            state: state.to_owned(),
            busiest: AtomicUsize::new(0),
            seen: Mutex::default(),
            is_over: AtomicBool::new(false),
        }
    }

    /// Looks at what is on until it is over.
    pub(crate) fn look(&self) {
        while !self.is_over.load(Ordering::SeqCst) {
            let on = descendants(self.server);
            self.busiest.fetch_max(on.len(), Ordering::SeqCst);
            self.seen.lock().unwrap_or_else(PoisonError::into_inner).extend(on);
            std::thread::sleep(LOOK);
        }
    }

    pub(crate) fn over(&self) {
        self.is_over.store(true, Ordering::SeqCst);
    }

    /// Every process that was seen and is still there.
    pub(crate) fn left(&self) -> Vec<Identity> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.iter().copied().filter(|process| process.is_alive()).collect()
    }

    /// How many were seen.
    pub(crate) fn count(&self) -> usize {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Waits until the server has no child, and reads every gauge.
    pub(crate) fn read(&self) -> Result<Vec<u64>, Failure> {
        let begin = Instant::now();
        // What is left of a cancelled call ends within its grace. Whatever else is left is in the reading.
        while !children(self.server).is_empty() && begin.elapsed() < QUIET {
            std::thread::sleep(Duration::from_millis(5));
        }
        let process = Process::new(self.server)?;
        let maps = process.smaps_rollup()?.memory_map_rollup.0;
        let map = maps.first().ok_or("the kernel does not say what memory there is")?;
        let private = ["Private_Clean", "Private_Dirty"].map(|name| map.extension.map.get(name).copied());
        let (temporary, kept) = (files(&self.temporary), files(&self.state));
        Ok(vec![
            private.into_iter().flatten().sum::<u64>() >> 10,
            process.fd_count()? as u64,
            process.stat()?.num_threads.cast_unsigned(),
            children(self.server).len() as u64,
            zombies(self.server) as u64,
            temporary.count,
            kept.growing,
            kept.count,
            kept.bytes >> 10,
            self.busiest.swap(0, Ordering::SeqCst) as u64,
        ])
    }
}

/// What is below a folder.
#[derive(Default)]
struct Files {
    /// Folders among them.
    count: u64,
    bytes: u64,
    growing: u64,
}

fn files(folder: &Path) -> Files {
    let mut files = Files::default();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let Ok(found) = entry.metadata() else { continue };
            files.count += 1;
            files.growing += u64::from(entry.file_name().to_string_lossy().starts_with(".growing-"));
            if found.is_dir() {
                folders.push(entry.path());
            } else {
                files.bytes += found.len();
            }
        }
    }
    files
}
