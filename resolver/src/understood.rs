//! What files were understood to say. Their bytes are read for every call; what the same bytes say is worked out once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rye_runtimes::document::Problem;
use rye_tools::{Item, ToolFile};

/// How many are remembered at a time.
const MOST: usize = 256;
/// Larger ones, in bytes, are not: they would have to be held to be compared.
const LARGEST: usize = 64 << 10;

/// By the file as it is shown, as problems and places name it so. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Understood {
    items: Arc<Mutex<HashMap<Arc<str>, Known>>>,
}

#[derive(Debug)]
struct Known {
    extension: Option<String>,
    bytes: Vec<u8>,
    sidecar: Option<(Arc<str>, Vec<u8>)>,
    item: Item,
}

impl Known {
    fn is_of(&self, source: &ToolFile<'_>) -> bool {
        let sidecar = self.sidecar.as_ref().map(|(file, bytes)| (file, bytes.as_slice()));
        self.bytes == source.bytes
            && self.extension.as_deref() == source.extension
            && sidecar == source.sidecar.as_ref().map(|(file, bytes)| (file, *bytes))
    }
}

impl Understood {
    /// What a file is, as [`Item::read`] says. What is wrong is not remembered.
    pub(crate) fn read(&self, source: &ToolFile<'_>) -> Result<Item, Vec<Problem>> {
        if let Some(known) = self.items().get(&source.file).filter(|known| known.is_of(source)) {
            return Ok(known.item.clone());
        }
        let item = Item::read(source)?;
        let size = source.bytes.len() + source.sidecar.as_ref().map_or(0, |(_, bytes)| bytes.len());
        if size <= LARGEST {
            let known = Known {
                extension: source.extension.map(str::to_owned),
                bytes: source.bytes.to_vec(),
                sidecar: source.sidecar.as_ref().map(|(file, bytes)| (Arc::clone(file), bytes.to_vec())),
                item: item.clone(),
            };
            let mut items = self.items();
            if items.len() >= MOST {
                items.clear();
            }
            items.insert(Arc::clone(&source.file), known);
        }
        Ok(item)
    }

    fn items(&self) -> std::sync::MutexGuard<'_, HashMap<Arc<str>, Known>> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rye_tools::{Item, ToolFile};

    use super::{LARGEST, MOST, Understood};

    fn source<'b>(file: &str, bytes: &'b str, sidecar: Option<&'b str>) -> ToolFile<'b> {
        ToolFile {
            file: Arc::from(file),
            extension: file.rsplit_once('.').map(|(_, extension)| extension).map(|_| "py"),
            bytes: bytes.as_bytes(),
            sidecar: sidecar.map(|text| (Arc::from("x.toml"), text.as_bytes())),
        }
    }

    fn tool(understood: &Understood, source: &ToolFile<'_>) -> Arc<rye_tools::Tool> {
        match understood.read(source) {
            Ok(Item::Tool(tool)) => {
                assert_eq!(Item::read(source), Ok(Item::Tool(Arc::clone(&tool))));
                tool
            }
            other => panic!("{other:?}"),
        }
    }

    const ONE: &str = "def main(a: int):\n    pass\n";

    #[test]
    fn the_same_bytes_are_understood_once_and_others_anew() {
        let understood = Understood::default();
        let first = tool(&understood, &source("x.py", ONE, None));
        assert!(Arc::ptr_eq(&first, &tool(&understood, &source("x.py", ONE, None))));
        let declared = Some("description = \"A\"\n");
        for changed in [
            source("x.py", "def main(b: int):\n    pass\n", None),
            source("x.py", ONE, declared),
            source("x.py", ONE, Some("description = \"B\"\n")),
            source("y.py", ONE, None),
            source("x.py", ONE, None),
        ] {
            assert!(!Arc::ptr_eq(&first, &tool(&understood, &changed)), "{changed:?}");
        }
    }

    #[test]
    fn neither_what_is_wrong_nor_what_is_large_is_remembered_and_not_too_many_are() {
        let understood = Understood::default();
        assert!(understood.read(&source("x.py", ONE, Some("description = \n"))).is_err());
        let large = format!("{ONE}#{}\n", "x".repeat(LARGEST));
        tool(&understood, &source("large.py", &large, None));
        assert_eq!(understood.items().len(), 0);
        for number in 0..=MOST {
            tool(&understood, &source(&format!("{number}.py"), ONE, None));
            assert!(understood.items().len() <= MOST);
        }
    }
}
