//! Deflating and inflating by zlib. Each thread keeps a stream of each kind: to make one takes longer than all else of a small
//! cookie.

use super::Error;
use flate2::{Compress, Compression, FlushCompress};
use std::cell::RefCell;
use zlib_rs::{Inflate, InflateFlush, Status};

thread_local! {
    static DEFLATING: RefCell<Compress> = RefCell::new(Compress::new(Compression::default(), true));
    static INFLATING: RefCell<Inflate> = RefCell::new(Inflate::new(true, 15));
}

/// Stock zlib at its default level. None where that makes it no shorter.
pub(super) fn deflate(bytes: &[u8]) -> Option<Vec<u8>> {
    DEFLATING.with_borrow_mut(|stream| {
        stream.reset();
        let mut deflated = Vec::with_capacity(bytes.len());
        let status = stream.compress_vec(bytes, &mut deflated, FlushCompress::Finish);
        matches!(status, Ok(flate2::Status::StreamEnd)).then_some(deflated)
    })
}

/// A whole zlib stream of at most `limit` bytes, inflated; what stands behind it is ignored, as Python does.
pub(super) fn inflate(deflated: &[u8], limit: usize) -> Result<Vec<u8>, Error> {
    INFLATING.with_borrow_mut(|stream| {
        stream.reset(true);
        // One byte of room beyond the limit tells a payload of just that size from a larger one.
        let most = limit.saturating_add(1);
        let mut inflated = vec![0; deflated.len().saturating_mul(4).clamp(64, most.max(64))];
        let mut length = 0;
        loop {
            let rest = usize::try_from(stream.total_in()).ok().and_then(|read| deflated.get(read..));
            let status = stream.decompress(rest.unwrap_or_default(), &mut inflated[length..], InflateFlush::Finish);
            let status = status.map_err(|_| Error::Deflate)?;
            length = usize::try_from(stream.total_out()).unwrap_or(usize::MAX).min(inflated.len());
            if length > limit {
                return Err(Error::InflateLimit { limit });
            }
            if status == Status::StreamEnd {
                inflated.truncate(length);
                return Ok(inflated);
            }
            if length < inflated.len() {
                return Err(Error::Deflate);
            }
            inflated.resize(length.saturating_mul(2).min(most), 0);
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_that_broke_does_no_harm_to_the_next() {
        let (one, two) = (vec![b'a'; 1000], b"something else, ".repeat(3));
        for bytes in [&one, &two, &one] {
            let deflated = deflate(bytes).unwrap();
            assert_eq!(inflate(&deflated[..deflated.len() / 2], 5000), Err(Error::Deflate));
            assert_eq!(inflate(&deflated, 10), Err(Error::InflateLimit { limit: 10 }));
            assert_eq!(inflate(b"no zlib stream", 5000), Err(Error::Deflate));
            assert_eq!(inflate(&deflated, 5000).as_ref(), Ok(bytes));
        }
    }
}
