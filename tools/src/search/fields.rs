//! The places in which words are looked for, and their texts folded for it: lower case, names taken apart where they
//! were put together.

use super::Document;

/// Where a word was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// The last segment of the id.
    Id,
    /// The segments before it.
    Folder,
    /// `title`
    Title,
    /// `tags`
    Tags,
    /// `description`
    Description,
    /// The names of parameters.
    Parameters,
    /// The descriptions of parameters.
    ParameterDescriptions,
}

impl Field {
    /// All of them, the weightiest first.
    pub(super) const ALL: [Self; 7] = [
        Self::Id,
        Self::Title,
        Self::Tags,
        Self::Folder,
        Self::Description,
        Self::Parameters,
        Self::ParameterDescriptions,
    ];

    /// What a match here is worth.
    pub(super) fn weight(self) -> u32 {
        match self {
            Self::Id => 10,
            Self::Title | Self::Tags => 8,
            Self::Folder => 6,
            Self::Description => 5,
            Self::Parameters => 4,
            Self::ParameterDescriptions => 2,
        }
    }
}

/// The folded texts of one document, in buffers that serve for all.
#[derive(Debug, Default)]
pub(super) struct Texts {
    texts: [String; Field::ALL.len()],
    name: usize,
}

impl Texts {
    pub(super) fn fill(&mut self, document: &Document<'_>) {
        self.texts.iter_mut().for_each(String::clear);
        let [id, folder, title, tags, description, parameters, parameter_descriptions] = &mut self.texts;
        let (above, last) = document.id.rsplit_once('/').unwrap_or(("", document.id));
        fold_name(last, id);
        self.name = tokens(id).map(|token| token.chars().count()).sum();
        join(last, id);
        fold_name(above, folder);
        fold_text(document.title.unwrap_or_default(), title);
        for tag in document.tags {
            fold_name(tag, tags);
            join(tag, tags);
        }
        fold_text(document.description.unwrap_or_default(), description);
        for (name, text) in &document.parameters {
            fold_name(name, parameters);
            join(name, parameters);
            fold_text(text.as_deref().unwrap_or_default(), parameter_descriptions);
        }
    }

    pub(super) fn of(&self, field: Field) -> &str {
        let [id, folder, title, tags, description, parameters, parameter_descriptions] = &self.texts;
        match field {
            Field::Id => id,
            Field::Folder => folder,
            Field::Title => title,
            Field::Tags => tags,
            Field::Description => description,
            Field::Parameters => parameters,
            Field::ParameterDescriptions => parameter_descriptions,
        }
    }

    /// The worth of having named so many characters of the name: a name said whole beats a longer one.
    pub(super) fn share_of_name(&self, named: usize) -> u32 {
        let share = named.saturating_mul(400).checked_div(self.name).unwrap_or(0);
        u32::try_from(share.min(400)).unwrap_or(0)
    }
}

/// The words of a folded text.
pub(super) fn tokens(folded: &str) -> impl Iterator<Item = &str> {
    folded.split(|c: char| !c.is_alphanumeric()).filter(|token| !token.is_empty())
}

/// Prose: lower case.
fn fold_text(text: &str, out: &mut String) {
    out.push(' ');
    if text.is_ascii() {
        let begin = out.len();
        out.push_str(text);
        if let Some(added) = out.get_mut(begin..) {
            added.make_ascii_lowercase();
        }
    } else {
        out.extend(text.chars().flat_map(char::to_lowercase));
    }
}

/// A name: lower case, and apart where a capital begins a word (`sendMail`).
pub(super) fn fold_name(name: &str, out: &mut String) {
    out.push(' ');
    let mut small = false;
    for c in name.chars() {
        if small && c.is_uppercase() {
            out.push(' ');
        }
        small = c.is_lowercase() || c.is_numeric();
        out.extend(c.to_lowercase());
    }
}

/// A name once more, as one word, if it is several: who types `dryrun` means `dry_run`.
fn join(name: &str, out: &mut String) {
    let letters = |c: &char| c.is_alphanumeric();
    if name.chars().all(|c| letters(&c)) && !name.chars().any(char::is_uppercase) {
        return;
    }
    out.push(' ');
    out.extend(name.chars().filter(letters).flat_map(char::to_lowercase));
}
