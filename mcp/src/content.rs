//! A block of a result: text, an image, sound, a link, a file. It is read from what a tool returns and written to the
//! protocol in one shape, which every revision of the protocol has.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A block of a result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub(crate) enum Content {
    Text {
        text: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        annotations: Option<Annotations>,
    },
    Image {
        /// Base64.
        data: String,
        mime_type: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        annotations: Option<Annotations>,
    },
    Audio {
        /// Base64.
        data: String,
        mime_type: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        annotations: Option<Annotations>,
    },
    ResourceLink(Link),
    Resource {
        resource: Embedded,
        #[serde(skip_serializing_if = "Option::is_none")]
        annotations: Option<Annotations>,
    },
}

/// Where something lies that the client may fetch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Link {
    pub(crate) uri: String,
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mime_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) annotations: Option<Annotations>,
}

/// Something that the client would fetch, sent along: `text`, or `blob` in base64.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Embedded {
    pub(crate) uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mime_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) blob: Option<String>,
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    pub(crate) meta: Option<Map<String, Value>>,
}

/// For whom a block is, and how much it matters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Annotations {
    #[serde(skip_serializing_if = "Option::is_none")]
    audience: Option<Vec<Audience>>,
    /// 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_modified: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Audience {
    User,
    Assistant,
}

impl Content {
    /// Plain text.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into(), annotations: None }
    }

    fn annotations(&self) -> Option<&Annotations> {
        match self {
            Self::Text { annotations, .. }
            | Self::Image { annotations, .. }
            | Self::Audio { annotations, .. }
            | Self::ResourceLink(Link { annotations, .. })
            | Self::Resource { annotations, .. } => annotations.as_ref(),
        }
    }

    /// What is wrong with a block that has the right shape.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        use base64::Engine;
        let bytes = |data: &str| base64::engine::general_purpose::STANDARD.decode(data).is_ok();
        let priority = self.annotations().and_then(|annotations| annotations.priority);
        match self {
            _ if priority.is_some_and(|priority| !(0.0..=1.0).contains(&priority)) => {
                Some("`priority` is a number from 0 to 1")
            }
            Self::Image { data, .. } | Self::Audio { data, .. } if !bytes(data) => {
                Some("`data` is not base64 (`base64 -w0` writes it in one line)")
            }
            Self::Resource { resource, .. } => match (&resource.text, &resource.blob) {
                (Some(_), None) => None,
                (None, Some(blob)) if bytes(blob) => None,
                (None, Some(_)) => Some("`blob` is not base64 (`base64 -w0` writes it in one line)"),
                _ => Some("a `resource` has either `text` or `blob`"),
            },
            _ => None,
        }
    }
}
