//! HMAC-SHA-1 in whole blocks. What depends on the key alone is computed once; what depends on the message alone, its padding,
//! is laid out once for all keys. What is left is one compression for each block, and one more.
//!
//! The block function is the `sha1` crate's, which uses the processor's instructions where it has them. Knows nothing of
//! cookies but that something stands behind what they sign.

use sha1::{Digest, Sha1, block_api::compress};

/// The chaining state between blocks, and the digest in the end.
pub(super) type State = [u32; 5];
/// What the compression function takes in one step.
pub(super) type Block = [u8; BLOCK];

pub(super) const BLOCK: usize = 64;

/// The length of a signature in bytes.
const LENGTH: usize = 20;

/// Where every hash starts (FIPS 180-4, section 5.3.1).
const INITIAL: State = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0];

/// How many bytes the padding takes at least: the mark, and the length in bits.
const PADDING: usize = 9;

/// The states that stand behind the key's own blocks.
#[derive(Clone)]
pub(super) struct Key {
    pub(super) inner: State,
    pub(super) outer: State,
}

impl Key {
    /// The states for a key of any length (RFC 2104, section 2).
    pub(super) fn new(key: &[u8]) -> Self {
        let mut block = [0; BLOCK];
        if key.len() > BLOCK {
            block[..LENGTH].copy_from_slice(&Sha1::digest(key));
        } else {
            block[..key.len()].copy_from_slice(key);
        }
        let state = |pad: u8| {
            let mut state = INITIAL;
            compress(&mut state, &[block.map(|byte| byte ^ pad)]);
            state
        };
        Self { inner: state(0x36), outer: state(0x5C) }
    }

    /// The signature of a message.
    pub(super) fn mac(&self, message: &Message) -> State {
        let mut state = self.inner;
        if !message.whole.is_empty() {
            compress(&mut state, message.whole);
        }
        compress(&mut state, message.padded());
        let digest = state;
        state = self.outer;
        compress(&mut state, &[outer_block(&digest)]);
        state
    }
}

/// The bytes of a message in blocks, the last with their padding.
pub(super) struct Message<'a> {
    pub(super) whole: &'a [Block],
    last: [Block; 2],
    /// Whether the padding takes a second block.
    is_long: bool,
}

impl<'a> Message<'a> {
    /// The first `length` bytes, or all when there are not as many. What stands behind them does not count, but lets the last
    /// block be copied in pieces of one size.
    #[inline]
    pub(super) fn new(bytes: &'a [u8], length: usize) -> Self {
        let length = length.min(bytes.len());
        let (whole, rest) = bytes[..length].as_chunks();
        let mut last = [[0; BLOCK]; 2];
        match bytes.len().checked_sub(PIECE) {
            Some(end) if end + 1 >= length => {
                copy_in_pieces(bytes, length - rest.len(), end, &mut last[0]);
                clear_behind(rest.len(), &mut last[0]);
            }
            _ => last[0][..rest.len()].copy_from_slice(rest),
        }
        last[0][rest.len()] = 0x80;
        let is_long = rest.len() + PADDING > BLOCK;
        last[usize::from(is_long)][BLOCK - 8..].copy_from_slice(&bits(length).to_be_bytes());
        Self { whole, last, is_long }
    }

    /// The blocks that hold the padding, and what is left of the message before it.
    #[inline]
    pub(super) fn padded(&self) -> &[Block] {
        if self.is_long { &self.last } else { &self.last[..1] }
    }

    /// How many blocks the inner hash takes.
    #[cfg(any(test, all(feature = "hardware", target_arch = "x86_64")))]
    pub(super) fn blocks(&self) -> usize {
        self.whole.len() + self.padded().len()
    }

    /// One of these blocks; the last again beyond the last.
    #[cfg(all(feature = "hardware", target_arch = "x86_64"))]
    pub(super) fn block(&self, at: usize) -> &Block {
        self.whole.get(at).unwrap_or_else(|| &self.last[usize::from(self.is_long && at > self.whole.len())])
    }
}

/// The length of what the inner hash takes, in bits: the key's block, and the message.
pub(super) fn bits(length: usize) -> u64 {
    ((BLOCK + length) as u64).wrapping_mul(8)
}

/// How many compressions the signature of a message takes, without that of the outer hash.
pub(super) fn inner_blocks(length: usize) -> usize {
    (length + PADDING).div_ceil(BLOCK)
}

/// The size of the pieces that the last block is copied in, known to the compiler.
const PIECE: usize = 16;

/// Copies from `start` on. A piece that would end beyond the bytes is copied from `end` in place, and is not of the message.
#[inline]
fn copy_in_pieces(bytes: &[u8], start: usize, end: usize, block: &mut Block) {
    for (i, piece) in block.as_chunks_mut::<PIECE>().0.iter_mut().enumerate() {
        let at = (start + i * PIECE).min(end);
        if let Some(bytes) = bytes[at..].first_chunk() {
            *piece = *bytes;
        }
    }
}

/// Clears what stands behind the rest of the message.
#[inline]
fn clear_behind(rest: usize, block: &mut Block) {
    static KEEP: [u8; 2 * BLOCK] = {
        let mut bytes = [0; 2 * BLOCK];
        bytes.split_at_mut(BLOCK).0.copy_from_slice(&[0xFF; BLOCK]);
        bytes
    };
    if let Some(keep) = KEEP[BLOCK - rest..].first_chunk::<BLOCK>() {
        for (byte, keep) in block.iter_mut().zip(keep) {
            *byte &= keep;
        }
    }
}

/// The only block of the outer hash: a digest, and the padding of 84 bytes with the key's block.
pub(super) fn outer_block(digest: &State) -> Block {
    let mut block = [0; BLOCK];
    for (bytes, word) in block.as_chunks_mut().0.iter_mut().zip(digest) {
        *bytes = word.to_be_bytes();
    }
    block[LENGTH] = 0x80;
    block[BLOCK - 2..].copy_from_slice(&OUTER_BITS.to_be_bytes());
    block
}

/// The length of what the outer hash takes, in bits.
pub(super) const OUTER_BITS: u16 = ((BLOCK + LENGTH) * 8) as u16;

/// A signature's bytes.
pub(super) fn bytes(state: &State) -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    for (bytes, word) in bytes.as_chunks_mut().0.iter_mut().zip(state) {
        *bytes = word.to_be_bytes();
    }
    bytes
}

/// The words of a signature; none for another length.
pub(super) fn words(bytes: &[u8]) -> Option<State> {
    let bytes: &[u8; LENGTH] = bytes.try_into().ok()?;
    let mut words = [0; 5];
    for (word, bytes) in words.iter_mut().zip(bytes.as_chunks().0) {
        *word = u32::from_be_bytes(*bytes);
    }
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hmac::{Hmac, KeyInit, Mac};
    use proptest::prelude::*;

    /// The signature by the `hmac` crate.
    fn expected(key: &[u8], message: &[u8]) -> Vec<u8> {
        Hmac::<Sha1>::new_from_slice(key).unwrap().chain_update(message).finalize().into_bytes().to_vec()
    }

    proptest! {
        #[test]
        fn every_length_of_key_and_message_is_signed_as_the_hmac_crate_does(
            key in proptest::collection::vec(any::<u8>(), 0..200),
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
            behind in 0usize..40,
        ) {
            let length = bytes.len().saturating_sub(behind);
            let message = Message::new(&bytes, length);
            prop_assert_eq!(super::bytes(&Key::new(&key).mac(&message)).to_vec(), expected(&key, &bytes[..length]));
            prop_assert_eq!(message.blocks(), inner_blocks(length));
        }
    }

    #[test]
    fn a_message_is_not_longer_than_its_bytes() {
        assert_eq!(Message::new(b"abc", 4).last, Message::new(b"abc", 3).last);
    }
}
