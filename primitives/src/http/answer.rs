//! An answer whose body is read as it comes. What is read of it at once is bounded, and dropping it closes its
//! connection.

use std::fmt;

use reqwest::Response;

use super::body;
use super::decode::Coding;
use super::error::HttpError;

/// An answer whose head is there.
pub struct HttpAnswer {
    pub(super) response: Response,
    pub(super) host: String,
    pub(super) limit: usize,
}

impl HttpAnswer {
    /// 100 to 999; a 404 or a 500 is an answer like any other.
    pub fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    /// The first header of this name; bytes that are not UTF-8 are replaced.
    pub fn header(&self, name: &str) -> Option<String> {
        self.response.headers().get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    }

    /// The next piece of the body as it was sent; `None` at its end. Only of a body that is not encoded, which a
    /// request asks for by `Accept-Encoding: identity`.
    pub async fn piece(&mut self) -> Result<Option<Vec<u8>>, HttpError> {
        if let Some(coding) = Coding::of(self.response.headers()) {
            let (status, host) = (self.status(), self.host.clone());
            let reason = "it was not asked for".to_owned();
            return Err(HttpError::InvalidBody { status, host, coding: coding.name(), reason });
        }
        let piece = self.response.chunk().await;
        let piece = piece.map_err(|error| HttpError::from_transport(&error, &self.host))?;
        Ok(piece.map(|piece| piece.to_vec()))
    }

    /// The whole body, within the limit of the request.
    pub async fn whole(self) -> Result<Vec<u8>, HttpError> {
        Ok(body::read(self.response, self.limit, &self.host).await?.1)
    }
}

impl fmt::Debug for HttpAnswer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("HttpAnswer")
            .field("status", &self.status())
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}
