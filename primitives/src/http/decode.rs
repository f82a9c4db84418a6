//! gzip, br and zstd, bounded: decoding ends at the first byte over the limit.
//! It stands here and not in reqwest because only here both sides of it can be counted. It gives way to other
//! tasks, and to the deadline, after every piece and every part, however little the part holds.

use std::io::{self, Read};

use brotli_decompressor::Decompressor;
use flate2::bufread::GzDecoder;
use reqwest::header::{CONTENT_ENCODING, HeaderMap};
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};

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

/// Why a body has no decoded form.
#[derive(Debug)]
pub(super) enum Undecoded {
    /// It is not what it says, in the words of the decoder.
    Invalid(String),
    /// It has more bytes than it may.
    TooLarge,
}

pub(super) async fn decode(coding: Coding, encoded: &[u8], limit: usize) -> Result<Vec<u8>, Undecoded> {
    let mut decoder = match coding {
        Coding::Gzip => Decoder::Parts { rest: encoded, part: None, open: gzip_member },
        Coding::Brotli => Decoder::Whole(Box::new(Decompressor::new(encoded, 4096))),
        Coding::Zstd => Decoder::Parts { rest: encoded, part: None, open: zstd_frame },
    };
    let mut decoded = Vec::new();
    let mut piece = vec![0; PIECE];
    loop {
        match decoder.step(&mut piece).map_err(|error| Undecoded::Invalid(error.to_string()))? {
            Step::End => return Ok(decoded),
            Step::PartEnd => {}
            Step::Content(length) if decoded.len() + length > limit => return Err(Undecoded::TooLarge),
            Step::Content(length) => decoded.extend_from_slice(&piece[..length]),
        }
        tokio::task::yield_now().await;
    }
}

/// What one step of decoding gave.
enum Step {
    /// So many bytes.
    Content(usize),
    /// No byte: a part is over, and another may follow.
    PartEnd,
    /// It is over.
    End,
}

/// A member of gzip or a frame of zstd, of which a body may have any number.
trait Part<'a>: Read + Send {
    /// What follows it, once it is over.
    fn rest(self: Box<Self>) -> &'a [u8];
}

impl<'a> Part<'a> for GzDecoder<&'a [u8]> {
    fn rest(self: Box<Self>) -> &'a [u8] {
        self.into_inner()
    }
}

impl<'a> Part<'a> for StreamingDecoder<&'a [u8], FrameDecoder> {
    fn rest(self: Box<Self>) -> &'a [u8] {
        self.into_inner()
    }
}

/// What begins where a part may begin.
enum Opened<'a> {
    Part(Box<dyn Part<'a> + 'a>),
    /// A part without content; the rest follows it.
    Passed(&'a [u8]),
}

enum Decoder<'a> {
    Whole(Box<dyn Read + Send + 'a>),
    Parts {
        rest: &'a [u8],
        part: Option<Box<dyn Part<'a> + 'a>>,
        open: fn(&'a [u8]) -> io::Result<Opened<'a>>,
    },
}

impl Decoder<'_> {
    fn step(&mut self, piece: &mut [u8]) -> io::Result<Step> {
        match self {
            Self::Whole(whole) => Ok(match whole.read(piece)? {
                0 => Step::End,
                length => Step::Content(length),
            }),
            Self::Parts { rest, part, open } => {
                if let Some(mut opened) = part.take() {
                    let length = opened.read(piece)?;
                    if length > 0 {
                        *part = Some(opened);
                        return Ok(Step::Content(length));
                    }
                    *rest = opened.rest();
                    return Ok(Step::PartEnd);
                }
                if rest.is_empty() {
                    return Ok(Step::End);
                }
                match open(rest)? {
                    Opened::Part(opened) => *part = Some(opened),
                    Opened::Passed(after) => *rest = after,
                }
                Ok(Step::PartEnd)
            }
        }
    }
}

fn gzip_member(rest: &[u8]) -> io::Result<Opened<'_>> {
    Ok(Opened::Part(Box::new(GzDecoder::new(rest))))
}

fn zstd_frame(rest: &[u8]) -> io::Result<Opened<'_>> {
    /// The magic number and the length of a frame that holds no content.
    const SKIPPABLE_HEAD: usize = 8;
    match StreamingDecoder::new_with_max_window_size(rest, ZSTD_WINDOW) {
        Ok(frame) => Ok(Opened::Part(Box::new(frame))),
        Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
            let after = usize::try_from(length).ok().and_then(|length| length.checked_add(SKIPPABLE_HEAD));
            let rest = after.and_then(|after| rest.get(after..));
            Ok(Opened::Passed(rest.ok_or(io::ErrorKind::UnexpectedEof)?))
        }
        Err(error) => Err(io::Error::other(error)),
    }
}
