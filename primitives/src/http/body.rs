//! The body of an answer, read piece by piece: what is over the limit is never kept, encoded or decoded.

use reqwest::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap, TRANSFER_ENCODING};
use reqwest::{Response, StatusCode};

use super::decode::{Coding, Undecoded, decode};
use super::error::HttpError;

/// Names and values of an answer together; servers commonly stay below a tenth of it.
const MAX_HEADERS: usize = 256 << 10;

/// Refuses answers whose head is hostile; reqwest lets these through.
pub(super) fn check_head(headers: &HeaderMap, host: &str) -> Result<(), HttpError> {
    let broken = |reason: &str| HttpError::Transport { host: host.to_owned(), reason: reason.to_owned() };
    let size: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if size > MAX_HEADERS {
        return Err(broken("its headers are too large"));
    }
    if headers.contains_key(TRANSFER_ENCODING) && headers.contains_key(CONTENT_LENGTH) {
        return Err(broken("it has both `Transfer-Encoding` and `Content-Length`"));
    }
    Ok(())
}

/// Reads the whole body, and takes from the headers what no longer holds of it.
pub(super) async fn read(
    mut response: Response,
    limit: usize,
    host: &str,
) -> Result<(HeaderMap, Vec<u8>), HttpError> {
    let status = response.status().as_u16();
    let too_large = HttpError::BodyTooLarge { status, limit };
    let mut headers = std::mem::take(response.headers_mut());
    let expected = response.content_length().unwrap_or(0);
    if expected > limit as u64 {
        return Err(too_large);
    }
    let mut body = Vec::with_capacity(usize::try_from(expected).unwrap_or(0).min(64 << 10));
    while let Some(piece) = response.chunk().await.map_err(|error| HttpError::from_transport(&error, host))? {
        if body.len() + piece.len() > limit {
            return Err(too_large);
        }
        body.extend_from_slice(&piece);
    }
    // A part of an encoded body cannot be decoded.
    if !body.is_empty()
        && response.status() != StatusCode::PARTIAL_CONTENT
        && let Some(coding) = Coding::of(&headers)
    {
        body = decode(coding, &body, limit).await.map_err(|undecoded| match undecoded {
            Undecoded::TooLarge => too_large,
            Undecoded::Invalid(reason) => {
                HttpError::InvalidBody { status, host: host.to_owned(), coding: coding.name(), reason }
            }
        })?;
        headers.remove(CONTENT_ENCODING);
        headers.remove(CONTENT_LENGTH);
    }
    Ok((headers, body))
}
