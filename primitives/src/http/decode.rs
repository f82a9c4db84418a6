//! gzip, br and zstd, bounded: decoding ends at the first byte over the limit.
//! It stands here and not in reqwest because only here both sides of it can be counted. It gives way to other
//! tasks, and to the deadline, after every piece.

use std::io::{self, Read};

use brotli_decompressor::Decompressor;
use flate2::read::MultiGzDecoder;
use reqwest::header::{CONTENT_ENCODING, HeaderMap};
use ruzstd::decoding::StreamingDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};

use super::error::HttpError;

const PIECE: usize = 64 << 10;
/// What RFC 9659 grants to zstd in HTTP.
const ZSTD_WINDOW: u64 = 8 << 20;

/// How a body is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Gzip,
    Brotli,
    Zstd,
}

impl Coding {
    /// `None` for a body that is to be left as it is: not encoded, or in a way that was not asked for.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(CONTENT_ENCODING).iter();
        let (value, None) = (values.next()?.to_str().ok()?.trim(), values.next()) else { return None };
        match value.to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => Some(Self::Gzip),
            "br" => Some(Self::Brotli),
            "zstd" => Some(Self::Zstd),
            _ => None,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        }
    }
}

pub(super) async fn decode(
    coding: Coding,
    encoded: &[u8],
    limit: usize,
    host: &str,
) -> Result<Vec<u8>, HttpError> {
    let mut decoder: Box<dyn Read + Send + '_> = match coding {
        Coding::Gzip => Box::new(MultiGzDecoder::new(encoded)),
        Coding::Brotli => Box::new(Decompressor::new(encoded, 4096)),
        Coding::Zstd => Box::new(ZstdFrames { rest: encoded, frame: None }),
    };
    let mut decoded = Vec::new();
    let mut piece = vec![0; PIECE];
    loop {
        let length = decoder.read(&mut piece).map_err(|error| HttpError::InvalidBody {
            host: host.to_owned(),
            coding: coding.name(),
            reason: error.to_string(),
        })?;
        if length == 0 {
            return Ok(decoded);
        }
        if decoded.len() + length > limit {
            return Err(HttpError::BodyTooLarge { limit });
        }
        decoded.extend_from_slice(&piece[..length]);
        tokio::task::yield_now().await;
    }
}

/// All frames of a zstd body, one after the other; the decoder itself knows one.
struct ZstdFrames<'a> {
    rest: &'a [u8],
    frame: Option<Box<StreamingDecoder<&'a [u8], ruzstd::decoding::FrameDecoder>>>,
}

impl Read for ZstdFrames<'_> {
    fn read(&mut self, piece: &mut [u8]) -> io::Result<usize> {
        /// The magic number and the length of a frame that holds no content.
        const SKIPPABLE_HEAD: usize = 8;
        loop {
            if let Some(mut frame) = self.frame.take() {
                let length = frame.read(piece)?;
                if length > 0 {
                    self.frame = Some(frame);
                    return Ok(length);
                }
                self.rest = frame.into_inner();
            }
            if self.rest.is_empty() {
                return Ok(0);
            }
            match StreamingDecoder::new_with_max_window_size(self.rest, ZSTD_WINDOW) {
                Ok(frame) => self.frame = Some(Box::new(frame)),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    let after =
                        usize::try_from(length).ok().and_then(|length| length.checked_add(SKIPPABLE_HEAD));
                    let rest = after.and_then(|after| self.rest.get(after..));
                    self.rest = rest.ok_or(io::ErrorKind::UnexpectedEof)?;
                }
                Err(error) => return Err(io::Error::other(error)),
            }
        }
    }
}
