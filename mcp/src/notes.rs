//! What the server has to say about itself and what it shows: to a person at once, and to clients that keep a log.
//! Each thing is said once, and never without end.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many notes one listing gives, and how many a server gives in its life.
const MOST: usize = 20;
const MOST_EVER: usize = 200;

/// Tells a person a line.
pub type Person = Box<dyn Fn(&str) + Send + Sync>;

/// The notes of one server.
pub(crate) struct Notes {
    person: Person,
    said: Mutex<Vec<String>>,
}

impl fmt::Debug for Notes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notes").field("said", &self.said()).finish_non_exhaustive()
    }
}

impl Notes {
    pub(crate) fn new(person: Person) -> Self {
        Self { person, said: Mutex::default() }
    }

    fn said(&self) -> MutexGuard<'_, Vec<String>> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells a person alone, as often as it happens.
    pub(crate) fn tell(&self, text: &str) {
        (self.person)(text);
    }

    /// Says what was not said before.
    pub(crate) fn say(&self, texts: impl IntoIterator<Item = String>) {
        for text in texts {
            let mut said = self.said();
            if said.len() < MOST_EVER && !said.contains(&text) {
                (self.person)(&text);
                said.push(text);
            }
        }
    }

    /// What was said after so many.
    pub(crate) fn after(&self, number: usize) -> Vec<String> {
        self.said().get(number..).unwrap_or_default().to_vec()
    }
}

/// The first of many, and how many more there are.
pub(crate) fn bounded(mut all: Vec<String>, more: &str) -> Vec<String> {
    if all.len() > MOST {
        let rest = all.len() - (MOST - 1);
        all.truncate(MOST - 1);
        all.push(format!("{rest} {more}"));
    }
    all
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::{MOST, MOST_EVER, Notes, bounded};

    #[test]
    fn each_thing_is_said_once_and_not_without_end() {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let ear = Arc::clone(&heard);
        let notes = Notes::new(Box::new(move |text| ear.lock().unwrap().push(text.to_owned())));
        notes.say(["a".to_owned(), "b".to_owned(), "a".to_owned()]);
        assert_eq!((notes.after(0).len(), notes.after(1), notes.after(9)), (2, vec!["b".to_owned()], vec![]));
        notes.say((0..1000).map(|number| number.to_string()));
        assert_eq!(heard.lock().unwrap().len(), MOST_EVER);
        let many = bounded((0..100).map(|number| number.to_string()).collect(), "more");
        assert_eq!((many.len(), many.last().map(String::as_str)), (MOST, Some("81 more")));
    }
}
