//! Stock zlib, whose bytes are those of CPython's module of that name. It is called directly: the usual wrapper chooses between
//! several implementations by features, which would change what other crates in the same build write.
//!
//! **Safety.** All `unsafe` is in this file. A stream is made by zlib's own `Init` function and used only if that says `Z_OK`; it
//! stays in a box, since zlib keeps its address, and is ended once, when it is dropped. Before each call `next_in` and `next_out`
//! point to the beginning of a slice and of a vector's spare room, and `avail_in` and `avail_out` are at most their lengths. zlib
//! moves the pointers and lowers the counts by what it read and wrote, so that as many bytes of the room are initialised as
//! `avail_out` went down.

#![expect(unsafe_code, reason = "zlib is written in C")]

use libz_sys as sys;
use std::{
    ffi::{c_int, c_uint},
    mem::{self, MaybeUninit},
    ptr,
};

/// What stands around a deflated stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A header and a checksum as in RFC 1950.
    Zlib,
    /// A header and a checksum as in RFC 1952.
    Gzip,
}

/// The level that zlib takes by itself.
pub const DEFAULT_LEVEL: i32 = sys::Z_DEFAULT_COMPRESSION;

/// Why a stream cannot be inflated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InflateError {
    /// It is no zlib stream, or not a whole one.
    Data,
    /// It is longer than the limit.
    TooLong,
}

/// How many bytes are handed to zlib at a time, which counts them in 32 bits.
const AT_ONCE: usize = 1 << 30;

/// A stream that deflates, to be used again and again.
pub struct Deflate(Stream);

impl Deflate {
    /// A stream of a level from 0 to 9, or [`DEFAULT_LEVEL`]; none for other levels, or without memory.
    pub fn new(level: i32, format: Format) -> Option<Self> {
        let mut stream: Stream = Box::new(MaybeUninit::zeroed());
        let window = match format {
            Format::Zlib => 15,
            Format::Gzip => 15 + 16,
        };
        const MEMORY: c_int = 8;
        // SAFETY: the stream has the layout of this version of zlib, whose allocator is its own; see the head.
        let status = unsafe {
            sys::deflateInit2_(
                stream.as_mut_ptr(),
                level,
                sys::Z_DEFLATED,
                window,
                MEMORY,
                sys::Z_DEFAULT_STRATEGY,
                sys::zlibVersion(),
                mem::size_of::<sys::z_stream>() as c_int,
            )
        };
        (status == sys::Z_OK).then(|| Self(stream))
    }

    /// A whole stream; none if it would be longer than `most` bytes.
    pub fn deflate(&mut self, bytes: &[u8], most: usize) -> Option<Vec<u8>> {
        // SAFETY: the stream was initialised by `new`.
        unsafe { sys::deflateReset(self.0.as_mut_ptr()) };
        let mut deflated = Vec::with_capacity(most);
        let mut chunks = bytes.chunks(AT_ONCE).peekable();
        let mut chunk = chunks.next().unwrap_or_default();
        loop {
            let flush = if chunks.peek().is_none() { sys::Z_FINISH } else { sys::Z_NO_FLUSH };
            // SAFETY: the stream was initialised by `new`.
            let status =
                unsafe { step(&mut self.0, &mut chunk, &mut deflated, most, |stream| sys::deflate(stream, flush)) };
            match status {
                sys::Z_STREAM_END => return Some(deflated),
                sys::Z_OK if deflated.len() < most => {
                    if chunk.is_empty() {
                        chunk = chunks.next().unwrap_or_default();
                    }
                }
                _ => return None,
            }
        }
    }
}

impl Drop for Deflate {
    fn drop(&mut self) {
        // SAFETY: the stream was initialised by `new`, and is ended here alone.
        unsafe { sys::deflateEnd(self.0.as_mut_ptr()) };
    }
}

/// A whole stream of some level, as Python's `zlib.compress(bytes, level)` gives it.
pub fn deflate(bytes: &[u8], level: i32, format: Format) -> Vec<u8> {
    // What cannot be compressed grows by five bytes for each block of 16 KB at most (zlib's `deflateBound`).
    let most = bytes.len() + bytes.len() / 1000 + 128;
    Deflate::new(level, format).and_then(|mut stream| stream.deflate(bytes, most)).unwrap_or_default()
}

/// A stream that inflates.
struct Inflate(Stream);

impl Inflate {
    fn new() -> Option<Self> {
        let mut stream: Stream = Box::new(MaybeUninit::zeroed());
        // SAFETY: the stream has the layout of this version of zlib, whose allocator is its own; see the head.
        let status = unsafe {
            sys::inflateInit2_(stream.as_mut_ptr(), 15, sys::zlibVersion(), mem::size_of::<sys::z_stream>() as c_int)
        };
        (status == sys::Z_OK).then(|| Self(stream))
    }
}

impl Drop for Inflate {
    fn drop(&mut self) {
        // SAFETY: the stream was initialised by `new`, and is ended here alone.
        unsafe { sys::inflateEnd(self.0.as_mut_ptr()) };
    }
}

/// What a whole stream of RFC 1950 holds, as Python's `zlib.decompress` gives it: what stands behind the stream is ignored.
///
/// # Errors
/// The bytes are no such stream, or hold more than `limit` bytes.
pub fn inflate(bytes: &[u8], limit: usize) -> Result<Vec<u8>, InflateError> {
    let mut stream = Inflate::new().ok_or(InflateError::Data)?;
    let most = limit.saturating_add(1);
    let mut inflated = Vec::new();
    let mut rest = bytes;
    let mut room = bytes.len().saturating_mul(3).saturating_add(64);
    loop {
        room = room.min(most);
        // SAFETY: the stream was initialised by `new`.
        let status = unsafe {
            step(&mut stream.0, &mut rest, &mut inflated, room, |stream| sys::inflate(stream, sys::Z_NO_FLUSH))
        };
        match status {
            _ if inflated.len() > limit => return Err(InflateError::TooLong),
            sys::Z_STREAM_END => return Ok(inflated),
            sys::Z_OK | sys::Z_BUF_ERROR if inflated.len() == room => room = room.saturating_mul(2),
            sys::Z_OK if !rest.is_empty() => {}
            // There was room, so the bytes ended first.
            _ => return Err(InflateError::Data),
        }
    }
}

/// A stream before its `Init`. It is not taken for a `z_stream` of Rust at any time, since its functions are null until then: all
/// access goes through its address.
type Stream = Box<MaybeUninit<sys::z_stream>>;

/// Lets zlib read what it can of `from`, which is shortened, and write it behind `to`, which grows to `most` bytes at most.
///
/// # Safety
/// The stream was initialised by zlib, and `work` hands it to a function of zlib for streams of its kind, and does nothing else.
unsafe fn step(
    stream: &mut Stream,
    from: &mut &[u8],
    to: &mut Vec<u8>,
    most: usize,
    work: impl FnOnce(*mut sys::z_stream) -> c_int,
) -> c_int {
    let wanted = most.saturating_sub(to.len()).min(AT_ONCE);
    to.reserve(wanted);
    let given = from.len().min(AT_ONCE);
    let stream = stream.as_mut_ptr();
    // SAFETY: `given` bytes can be read and `wanted` written (`reserve`); zlib does not write to its input.
    let (status, read, written) = unsafe {
        (*stream).next_in = from.as_ptr().cast_mut();
        (*stream).avail_in = given as c_uint;
        (*stream).next_out = to.as_mut_ptr().add(to.len());
        (*stream).avail_out = wanted as c_uint;
        let status = work(stream);
        (*stream).next_in = ptr::null_mut();
        (*stream).next_out = ptr::null_mut();
        (status, given - (*stream).avail_in as usize, wanted - (*stream).avail_out as usize)
    };
    // SAFETY: zlib wrote as many bytes behind those that were there.
    unsafe { to.set_len(to.len() + written) };
    *from = from.get(read..).unwrap_or_default();
    status
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection::vec, prelude::*};

    /// `zlib.compress(b"session" * 9, level)` of Python 3.11 with zlib 1.2.13.
    #[test]
    fn the_bytes_are_those_of_python() {
        let text = "session".repeat(9);
        let python: [(i32, &[u8]); 2] = [
            (DEFAULT_LEVEL, b"\x78\x9c\x2b\x4e\x2d\x2e\xce\xcc\xcf\x2b\x26\x93\x02\x00\x65\x19\x1b\x25"),
            (1, b"\x78\x01\x2b\x4e\x2d\x2e\xce\xcc\xcf\x2b\x26\x93\x02\x00\x65\x19\x1b\x25"),
        ];
        for (level, bytes) in python {
            assert_eq!(deflate(text.as_bytes(), level, Format::Zlib), bytes);
        }
    }

    #[test]
    fn a_stream_that_would_be_longer_than_allowed_is_not_made() {
        let mut stream = Deflate::new(DEFAULT_LEVEL, Format::Zlib).unwrap();
        let made = stream.deflate(b"aaaaaaaaaaaaaaaa", 100).unwrap();
        assert_eq!(stream.deflate(b"aaaaaaaaaaaaaaaa", made.len()).as_ref(), Some(&made));
        assert_eq!(stream.deflate(b"aaaaaaaaaaaaaaaa", made.len() - 1), None);
        assert!(Deflate::new(10, Format::Zlib).is_none());
    }

    #[test]
    fn what_is_cut_short_or_too_long_is_an_error_and_what_follows_is_ignored() {
        let text = vec![b'x'; 5000];
        let mut made = deflate(&text, DEFAULT_LEVEL, Format::Zlib);
        assert_eq!(inflate(&made, 4999), Err(InflateError::TooLong));
        assert_eq!(inflate(&made[..made.len() - 1], 5000), Err(InflateError::Data));
        assert_eq!(inflate(&[], 5000), Err(InflateError::Data));
        made.extend(b"more");
        assert_eq!(inflate(&made, 5000).as_deref(), Ok(&text[..]));
    }

    proptest! {
        #[test]
        fn bytes_survive_the_trip(bytes in vec(any::<u8>(), 0..20_000), level in -1..10) {
            prop_assert_eq!(inflate(&deflate(&bytes, level, Format::Zlib), bytes.len()), Ok(bytes));
        }

        #[test]
        fn no_bytes_are_too_much_for_it(bytes in vec(any::<u8>(), 0..300)) {
            let _ = inflate(&bytes, 1000);
        }
    }
}
