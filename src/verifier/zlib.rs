//! Deflating and inflating by zlib. Each thread keeps a stream of each kind: to make one takes longer than all else of a small
//! cookie.

use super::Error;
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use std::cell::RefCell;

thread_local! {
    static DEFLATING: RefCell<Compress> = RefCell::new(Compress::new(Compression::default(), true));
    static INFLATING: RefCell<Decompress> = RefCell::new(Decompress::new(true));
}

/// Stock zlib at its default level, in one piece into a buffer that holds the worst case.
pub(super) fn deflate(bytes: &[u8]) -> Option<Vec<u8>> {
    DEFLATING.with_borrow_mut(|stream| {
        stream.reset();
        let worst_case = bytes.len() + (bytes.len() >> 10) + 64;
        let mut deflated = Vec::with_capacity(worst_case);
        let status = stream.compress_vec(bytes, &mut deflated, FlushCompress::Finish);
        matches!(status, Ok(Status::StreamEnd)).then_some(deflated)
    })
}

/// A whole zlib stream of at most `limit` bytes, inflated; what stands behind it is ignored, as Python does.
pub(super) fn inflate(deflated: &[u8], limit: usize) -> Result<Vec<u8>, Error> {
    INFLATING.with_borrow_mut(|stream| {
        stream.reset(true);
        // One byte of room beyond the limit tells a payload of just that size from a larger one.
        let most = limit.saturating_add(1);
        let mut inflated = Vec::with_capacity(deflated.len().saturating_mul(4).clamp(64, most.max(64)));
        loop {
            let rest = usize::try_from(stream.total_in()).ok().and_then(|read| deflated.get(read..));
            let status = stream.decompress_vec(rest.unwrap_or_default(), &mut inflated, FlushDecompress::Finish);
            let has_room = inflated.len() < inflated.capacity();
            match status.map_err(|_| Error::Deflate)? {
                _ if inflated.len() > limit => return Err(Error::InflateLimit { limit }),
                Status::StreamEnd => return Ok(inflated),
                _ if has_room => return Err(Error::Deflate),
                _ => inflated.reserve(inflated.len().min(most - inflated.len()).max(64)),
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_that_broke_does_no_harm_to_the_next() {
        let (one, two) = (vec![b'a'; 1000], b"something else, shorter".to_vec());
        for bytes in [&one, &two, &one] {
            let deflated = deflate(bytes).unwrap();
            assert_eq!(inflate(&deflated[..deflated.len() / 2], 5000), Err(Error::Deflate));
            assert_eq!(inflate(&deflated, 10), Err(Error::InflateLimit { limit: 10 }));
            assert_eq!(inflate(b"no zlib stream", 5000), Err(Error::Deflate));
            assert_eq!(inflate(&deflated, 5000).as_ref(), Ok(bytes));
        }
    }
}
