//! Deflating and inflating by zlib. Each thread keeps a stream of each kind, and some room: to make a stream takes longer than
//! all else of a small cookie.

use super::Error;
use crate::stock_zlib::{DEFAULT_LEVEL, Deflate, Format};
use std::cell::RefCell;
use zlib_rs::{Inflate, InflateFlush, Status};

thread_local! {
    static DEFLATING: RefCell<Option<Deflate>> = RefCell::new(Deflate::new(DEFAULT_LEVEL, Format::Zlib));
    static INFLATING: RefCell<(Inflate, Vec<u8>)> = RefCell::new((Inflate::new(true, 15), Vec::new()));
}

/// Stock zlib at its default level. None where that makes it no shorter.
pub(super) fn deflate(bytes: &[u8]) -> Option<Vec<u8>> {
    DEFLATING.with_borrow_mut(|stream| stream.as_mut()?.deflate(bytes, bytes.len()))
}

/// How much room a thread keeps for what it inflates, in bytes.
const KEPT: usize = 1 << 16;

/// What `take` makes of a whole zlib stream of at most `limit` bytes, inflated; what stands behind it is ignored, as Python does.
pub(super) fn inflate<T>(deflated: &[u8], limit: usize, take: impl FnOnce(&[u8]) -> T) -> Result<T, Error> {
    INFLATING.with_borrow_mut(|(stream, room)| {
        let length = inflate_into(stream, room, deflated, limit);
        let taken = length.map(|length| take(room.get(..length).unwrap_or_default()));
        if room.len() > KEPT {
            *room = Vec::new();
        }
        taken
    })
}

/// How many bytes of room the stream took, which grows as needed. How it grows is the same each time, whatever was there before.
fn inflate_into(stream: &mut Inflate, room: &mut Vec<u8>, deflated: &[u8], limit: usize) -> Result<usize, Error> {
    stream.reset(true);
    // One byte of room beyond the limit tells a payload of just that size from a larger one.
    let most = limit.saturating_add(1);
    let mut size = deflated.len().saturating_mul(4).clamp(64, most.max(64));
    let mut length = 0;
    loop {
        if room.len() < size {
            room.resize(size, 0);
        }
        let rest = usize::try_from(stream.total_in()).ok().and_then(|read| deflated.get(read..));
        let status = stream.decompress(rest.unwrap_or_default(), &mut room[length..size], InflateFlush::Finish);
        let status = status.map_err(|_| Error::Deflate)?;
        length = usize::try_from(stream.total_out()).unwrap_or(usize::MAX).min(size);
        if length > limit {
            return Err(Error::InflateLimit { limit });
        }
        if status == Status::StreamEnd {
            return Ok(length);
        }
        if length < size {
            return Err(Error::Deflate);
        }
        size = length.saturating_mul(2).min(most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_that_broke_does_no_harm_to_the_next() {
        let (one, two) = (vec![b'a'; 1000], b"something else, ".repeat(3));
        for bytes in [&one, &two, &one] {
            let deflated = deflate(bytes).unwrap();
            let inflate = |deflated: &[u8], limit| super::inflate(deflated, limit, <[u8]>::to_vec);
            assert_eq!(inflate(&deflated[..deflated.len() / 2], 5000), Err(Error::Deflate));
            assert_eq!(inflate(&deflated, 10), Err(Error::InflateLimit { limit: 10 }));
            assert_eq!(inflate(b"no zlib stream", 5000), Err(Error::Deflate));
            assert_eq!(inflate(&deflated, 5000).as_ref(), Ok(bytes));
        }
    }
    #[test]
    fn a_thread_keeps_little_room_and_answers_alike_whatever_was_there() {
        let room = || INFLATING.with_borrow(|(_, room)| room.len());
        let [small, large] = [100, 10 * KEPT].map(|size| deflate(&vec![b' '; size]).unwrap());
        let broken: Vec<u8> = [&small[..small.len() - 4], b"four"].concat();
        let length = |deflated: &[u8], limit| inflate(deflated, limit, <[u8]>::len);
        let answers = || [length(&small, 100), length(&small, 99), length(&broken, 1000), length(&broken, 70)];
        let at_first = answers();
        assert_eq!(at_first[..2], [Ok(100), Err(Error::InflateLimit { limit: 99 })]);
        assert_eq!(length(&large, 10 * KEPT), Ok(10 * KEPT));
        assert_eq!(room(), 0);
        assert_eq!(length(&large[..large.len() - 1], KEPT), Err(Error::InflateLimit { limit: KEPT }));
        let half = deflate(&vec![b' '; KEPT / 2]).unwrap();
        assert_eq!(length(&half, KEPT), Ok(KEPT / 2));
        assert!(room() > 0 && room() <= KEPT);
        assert_eq!(answers(), at_first);
    }
}
