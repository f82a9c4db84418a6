//! The URL of a hop: absolute, http or https, no user part, no fragment, no byte that a parser would drop.

use url::{Position, Url};

use super::error::HttpError;

const WHAT: &str = "`url`";

/// Parses what a caller gave; the user part stays for [`super::credentials`] to take out.
pub(super) fn parse(text: &str, query: &[(String, String)]) -> Result<Url, HttpError> {
    // The parser drops tabs and line ends silently, and trims spaces.
    if text.chars().any(char::is_control) {
        return Err(HttpError::invalid(WHAT, "holds a control character"));
    }
    if text.trim() != text {
        return Err(HttpError::invalid(WHAT, "begins or ends with a space"));
    }
    let mut url =
        Url::parse(text).map_err(|error| HttpError::invalid(WHAT, format!("is not valid: {error}")))?;
    if !is_http(&url) {
        return Err(HttpError::invalid(
            WHAT,
            format!("has the scheme `{}`, not http or https", url.scheme()),
        ));
    }
    url.set_fragment(None);
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    Ok(url)
}

pub(super) fn is_http(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https") && url.has_host()
}

/// Takes user and password out.
pub(super) fn strip_user(url: &mut Url) {
    // Both can only fail for URLs without a host.
    let _ = url.set_username("");
    let _ = url.set_password(None);
}

/// Scheme, host, port and path.
pub(super) fn without_query(url: &Url) -> String {
    let mut url = url.clone();
    strip_user(&mut url);
    url[..Position::AfterPath].to_owned()
}

/// For Debug: what of a URL is not secret.
pub(super) fn shown(text: &str) -> String {
    match Url::parse(text) {
        Ok(url) if is_http(&url) => without_query(&url),
        _ => "(not an http URL)".to_owned(),
    }
}

/// For errors: the host with its port where that is not the usual one.
pub(super) fn host(url: &Url) -> String {
    url[Position::BeforeHost..Position::AfterPort].to_owned()
}

/// For errors: where a redirect points, no more than scheme and host.
pub(super) fn scheme_and_host(url: &Url) -> String {
    if url.has_host() { format!("{}://{}", url.scheme(), host(url)) } else { format!("{}:", url.scheme()) }
}
