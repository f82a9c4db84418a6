//! Turns [`HttpAuth`] and the user part of a URL into one header; two claims at once are refused.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use url::Url;

use super::error::HttpError;
use super::request::HttpAuth;
use super::target::strip_user;

/// Takes the user part out of the URL, adds the header, and gives what was used.
pub(super) fn apply(
    auth: Option<&HttpAuth>,
    url: &mut Url,
    headers: &mut HeaderMap,
) -> Result<Option<HttpAuth>, HttpError> {
    let auth = match (auth.cloned(), user_part(url)?) {
        (Some(_), Some(_)) => {
            return Err(HttpError::invalid("`url`", "has a user, and `auth` is given too"));
        }
        (auth, user) => auth.or(user),
    };
    strip_user(url);
    let Some(auth) = auth else { return Ok(None) };

    let (name, value) = header(&auth)?;
    if headers.contains_key(&name) {
        return Err(HttpError::invalid(format!("header `{name}`"), "is given, and `auth` sets it too"));
    }
    headers.insert(name, value);
    Ok(Some(auth))
}

fn user_part(url: &Url) -> Result<Option<HttpAuth>, HttpError> {
    if url.username().is_empty() && url.password().is_none() {
        return Ok(None);
    }
    let decode = |text: &str| {
        let decoded = percent_decode_str(text).decode_utf8();
        decoded.map(String::from).map_err(|_| HttpError::invalid("the user of `url`", "is not UTF-8"))
    };
    let password = decode(url.password().unwrap_or_default())?;
    Ok(Some(HttpAuth::Basic { user: decode(url.username())?, password }))
}

fn header(auth: &HttpAuth) -> Result<(HeaderName, HeaderValue), HttpError> {
    let (name, value) = match auth {
        HttpAuth::Bearer { token } => (AUTHORIZATION, format!("Bearer {token}")),
        HttpAuth::ApiKey { header, value } => {
            let name = HeaderName::from_bytes(header.as_bytes())
                .map_err(|_| HttpError::invalid("the header of `auth`", "is not the name of a header"))?;
            if super::plan::is_ours(&name) {
                return Err(HttpError::invalid("the header of `auth`", "is set by the exchange itself"));
            }
            (name, value.clone())
        }
        HttpAuth::Basic { user, password } => {
            if user.contains(':') {
                return Err(HttpError::invalid("the user of `auth`", "holds a colon"));
            }
            if format!("{user}{password}").chars().any(char::is_control) {
                return Err(HttpError::invalid("`auth`", "holds a control character"));
            }
            (AUTHORIZATION, format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
        }
    };
    let mut value = HeaderValue::from_bytes(value.as_bytes())
        .map_err(|_| HttpError::invalid("`auth`", "holds a control character"))?;
    value.set_sensitive(true);
    Ok((name, value))
}
