//! Streams of any bytes and any length through a real process: what is kept, counted, hashed and spilled is theirs.

use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::{request, run};
use crate::{ProcessRequest, Spill, Spilled, Stdin};

/// Streams around the sizes at which something changes: of a pipe, of a read, of the limits below.
fn streams() -> impl Strategy<Value = Vec<u8>> {
    let length = prop_oneof![0..40_usize, 900..1100_usize, 4000..4200_usize, 65_000..140_000_usize];
    (length, any::<[u8; 7]>()).prop_map(|(length, seed)| {
        (0..length)
            .map(|at| seed[at % 7].wrapping_mul((at / 7) as u8 | 1).wrapping_add((at >> 8) as u8))
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_stream_is_kept_counted_hashed_and_spilled_exactly(
        stream in streams(),
        piece in prop::sample::select(&[1_usize, 7, 512, 4096, 70_000][..]),
        limit in prop::sample::select(&[0_usize, 1, 1000, 4096, 100_000][..]),
        after in prop::sample::select(&[0_usize, 1000, 1 << 20][..]),
        cap in prop::sample::select(&[10_u64, 70_000, 1 << 20][..]),
    ) {
        let folder = tempfile::tempdir().unwrap();
        // A byte at a time takes a while.
        let piece = if stream.len() > 5000 { piece.max(512) } else { piece };
        let words = ["status=none".to_owned(), format!("obs={piece}")];
        let mut request = ProcessRequest {
            stdin: Stdin::Bytes(stream.clone()),
            spill: Some(Spill { folder: folder.path().to_owned(), after, cap }),
            ..request("/bin/dd", &words.each_ref().map(String::as_str))
        };
        request.limits.max_output = limit;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let kept = runtime.block_on(run(request)).stdout;
        prop_assert_eq!(kept.total, stream.len() as u64);
        prop_assert_eq!(kept.sha256, Some(Sha256::digest(&stream).into()));
        prop_assert!(stream.starts_with(&kept.head) && stream.ends_with(&kept.tail));
        prop_assert_eq!(kept.head.len() + kept.tail.len(), stream.len().min(limit));
        match &kept.spilled {
            Spilled::No => prop_assert!(stream.len() <= after),
            Spilled::Kept { file, bytes } => {
                prop_assert!(stream.len() > after);
                prop_assert_eq!(*bytes, cap.min(stream.len() as u64));
                prop_assert!(std::fs::read(file).unwrap() == stream[..*bytes as usize]);
            }
            failed => prop_assert!(false, "{:?}", failed),
        }
    }
}
