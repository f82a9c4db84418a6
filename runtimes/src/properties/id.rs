//! Ids against a second reading of their grammar, and against what a path makes of them.

use std::path::{Component, Path};

use crate::{ItemId, MAX_ID_LENGTH};

/// A text is an id exactly when the grammar has it, and then it leads nowhere but into its folder.
pub fn id(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match text.parse::<ItemId>() {
        Ok(id) => {
            assert!(is_id(text), "{text:?}");
            assert_eq!((id.as_str(), id.to_string().as_str()), (text, text));
            leads_into_its_folder(&id);
        }
        Err(refused) => {
            assert!(!is_id(text), "{text:?}: {refused}");
            let message = refused.to_string();
            assert!(!message.contains(char::is_control) && message.chars().count() < 1000, "{message:?}");
        }
    }
}

/// The grammar as DESIGN §3 has it, byte by byte.
fn is_id(text: &str) -> bool {
    let is_segment = |segment: &str| {
        segment.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric())
            && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
    };
    text.len() <= MAX_ID_LENGTH && !text.contains("..") && text.split('/').all(is_segment)
}

fn leads_into_its_folder(id: &ItemId) {
    let folder = Path::new("/space/.ai/tools");
    let segments: Vec<_> = id.as_str().split('/').collect();
    let path = folder.join(id.as_str());
    let below: Vec<_> = path.strip_prefix(folder).unwrap().components().collect();
    let normal: Vec<_> = segments.iter().map(|segment| Component::Normal(segment.as_ref())).collect();
    assert_eq!(below, normal);
    // What candidates are called: the extension is added, never replaced.
    let file = folder.join(format!("{id}.toml"));
    assert_eq!(file.with_extension(""), path);
    assert_eq!(Some(id.last_segment()), segments.last().copied());
    assert_eq!(id.is_short(), segments.len() == 1);
    assert_eq!(
        id.is_protected(),
        path == folder.join("rye/core") || path.starts_with(folder.join("rye/core"))
    );
    let below = id.below("runtimes");
    assert_eq!(below.is_some(), id.as_str().len() + "runtimes/".len() <= MAX_ID_LENGTH);
    assert!(below.is_none_or(|below| below.as_str() == format!("runtimes/{id}") && !below.is_short()));
}
