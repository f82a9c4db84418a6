//! Output without measure, input unread, and a look at one's own descriptors.
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use std::io::{Read, Write};
use std::process::ExitCode;

/// `MIB KIND [FILE]`: that many MiB on standard output, as `lines`, one `line`, or every `byte`. Into the file goes the
/// most memory that its parent has had by then, in KiB.
pub(crate) fn flood(words: &[&str]) -> ExitCode {
    let mebibytes: usize = words.first().and_then(|word| word.parse().ok()).unwrap_or_default();
    let piece: Vec<u8> = match words.get(1) {
        Some(&"lines") => b"0123456789abcde\n".repeat(1 << 12),
        Some(&"bytes") => (0..=u8::MAX).cycle().take(1 << 16).collect(),
        _ => vec![b'x'; 1 << 16],
    };
    let mut stdout = std::io::stdout().lock();
    for _ in 0..mebibytes * 16 {
        if stdout.write_all(&piece).is_err() {
            return ExitCode::from(3);
        }
    }
    let parent = rustix::process::getppid().map_or(0, |parent| parent.as_raw_nonzero().get());
    let status = std::fs::read_to_string(format!("/proc/{parent}/status")).unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    if let Some(file) = words.get(2) {
        let _ = std::fs::write(file, peak.trim().trim_end_matches(" kB"));
    }
    ExitCode::SUCCESS
}

/// `COUNT`: that many bytes on standard output, each by a write of its own.
pub(crate) fn drip(words: &[&str]) -> ExitCode {
    let count: u64 = words.first().and_then(|word| word.parse().ok()).unwrap_or_default();
    for _ in 0..count {
        if !matches!(rustix::io::write(std::io::stdout(), b"x"), Ok(1)) {
            return ExitCode::from(3);
        }
    }
    ExitCode::SUCCESS
}

/// That many MiB on both streams at once.
pub(crate) fn pour_both(mebibytes: u8) -> ExitCode {
    let pour = move |mut stream: Box<dyn Write>, byte: u8| {
        (0..mebibytes).try_for_each(|_| stream.write_all(&vec![byte; 1 << 20]))
    };
    let other = std::thread::spawn(move || pour(Box::new(std::io::stderr()), b'e').is_ok());
    let one = pour(Box::new(std::io::stdout()), b'o').is_ok();
    if other.join().unwrap_or(false) && one { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Says how many bytes standard input had.
pub(crate) fn read_stdin() -> ExitCode {
    let mut bytes = Vec::new();
    let _ = std::io::stdin().lock().read_to_end(&mut bytes);
    println!("{}", bytes.len());
    ExitCode::SUCCESS
}

/// Lists its open descriptors, but for the one that the list is read from.
pub(crate) fn descriptors() -> ExitCode {
    let own = format!("/proc/{}/fd", std::process::id());
    let Ok(entries) = std::fs::read_dir("/proc/self/fd") else { return ExitCode::FAILURE };
    let mut numbers: Vec<u32> = entries
        .flatten()
        .filter(|entry| {
            std::fs::read_link(entry.path()).is_ok_and(|target| target.as_os_str() != own.as_str())
        })
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect();
    numbers.sort_unstable();
    println!("{numbers:?}");
    ExitCode::SUCCESS
}
