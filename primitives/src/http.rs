//! `http_client`: one HTTP exchange, from a plain [`HttpRequest`] to an [`HttpEnd`], whatever its status.
//! No hop reaches an address that [`addresses`] refuses unless the request names its host, nothing of a request
//! crosses to another origin, and no error shows a credential or a query string.
//!
//! The road: [`HttpRequest`] → `Plan` (checked) → `Hop` (one URL, several attempts) → [`HttpEnd`].

mod addresses;
mod allowed;
mod answer;
mod aside;
mod backoff;
mod body;
mod budget;
mod client;
mod credentials;
mod decode;
mod end;
mod error;
mod hop;
mod lookup;
mod plan;
mod pool;
#[cfg(any(test, fuzzing))]
pub(crate) mod properties;
mod redirect;
mod request;
mod retry;
mod roots;
mod sse;
mod target;

pub use addresses::address_refusal;
pub use answer::HttpAnswer;
pub use client::HttpClient;
pub use end::HttpEnd;
pub use error::HttpError;
pub use lookup::HostLookup;
pub use request::{HttpAuth, HttpBody, HttpLimits, HttpRequest};
pub use roots::HttpRoots;
pub use sse::{SseEvent, SseReader, SseTooLong};

#[cfg(test)]
mod tests;
