//! Each path is held against the `hmac` crate, where the processor has what it takes.

use super::*;
use crate::verifier::hmac_sha1::{self, Key, Message, State};
use hmac::{Hmac, KeyInit, Mac};
use proptest::prelude::*;
use sha1::Sha1;

/// The signature by the `hmac` crate.
fn expected(key: &[u8], message: &[u8]) -> State {
    let mac = Hmac::<Sha1>::new_from_slice(key).unwrap().chain_update(message);
    hmac_sha1::words(&mac.finalize().into_bytes()).unwrap()
}

/// Every path's signature of the first `length` bytes, beside that of the portable code. In a lane for each of eight keys.
fn signatures(keys: &[Key; LANES], bytes: &[u8], length: usize) -> Vec<[State; LANES]> {
    let message = || Message::new(bytes, length);
    let mut all = vec![std::array::from_fn(|lane| keys[lane].mac(&message()))];
    all.extend(ShaNi::detect().map(|one| std::array::from_fn(|lane| one.mac(&keys[lane], bytes, length))));
    all.extend(Eight::detect().map(|eight| eight.macs(&keys.each_ref(), &std::array::from_fn(|_| message()))));
    all
}

fn eight_keys() -> ([Vec<u8>; LANES], [Key; LANES]) {
    let secrets = std::array::from_fn(|lane| vec![lane as u8; lane * 11]);
    let keys = std::array::from_fn(|lane: usize| Key::new(&vec![lane as u8; lane * 11]));
    (secrets, keys)
}

fn check(bytes: &[u8], length: usize) {
    let (secrets, keys) = eight_keys();
    let expected: [State; LANES] = std::array::from_fn(|lane| expected(&secrets[lane], &bytes[..length]));
    for (path, signatures) in signatures(&keys, bytes, length).into_iter().enumerate() {
        assert_eq!(signatures, expected, "path {path}, {length} of {} bytes", bytes.len());
    }
}

#[test]
fn every_length_is_signed_alike_with_and_without_bytes_behind() {
    let bytes: Vec<u8> = (0..400).map(|i| (i * 31 % 251) as u8).collect();
    for length in 0..=300 {
        for behind in [0, 1, 14, 15, 16, 28, 100] {
            check(&bytes[..length + behind], length);
        }
    }
}

proptest! {
    #[test]
    fn every_message_is_signed_alike(bytes in proptest::collection::vec(any::<u8>(), 0..700), behind in 0usize..40) {
        check(&bytes, bytes.len().saturating_sub(behind));
    }

    #[test]
    fn each_lane_has_its_own_message(bytes: [[u8; 200]; LANES], length in 0usize..=200) {
        let Some(eight) = Eight::detect() else { return Ok(()) };
        let (secrets, keys) = eight_keys();
        let messages = std::array::from_fn(|lane| Message::new(&bytes[lane], length));
        let expected: [State; LANES] = std::array::from_fn(|lane| expected(&secrets[lane], &bytes[lane][..length]));
        prop_assert_eq!(eight.macs(&keys.each_ref(), &messages), expected);
    }
}

#[test]
fn what_this_processor_has_is_found_and_can_be_switched_off() {
    // The switch is of the whole process: it is asked for in another.
    if std::env::var_os(SWITCH).is_none() {
        let found = Hardware { one: ShaNi::detect(), eight: Eight::detect() };
        assert_eq!(Hardware::detect().name(), found.name());
        let test = std::thread::current().name().map(str::to_owned).unwrap();
        let program = std::env::current_exe().unwrap();
        let status = std::process::Command::new(program).args(["--exact", &test]).env(SWITCH, "off").status();
        assert!(status.unwrap().success());
    } else {
        assert_eq!(Hardware::detect().name(), "none");
    }
}

#[cfg(unix)]
mod guarded {
    use super::*;
    use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect, munmap};

    const PAGE: usize = 1 << 16;

    /// Bytes that end where the next page begins, which nobody may read.
    struct Guarded(*mut std::ffi::c_void);

    impl Guarded {
        fn new() -> Self {
            // SAFETY: two new pages of nobody else's; the second is taken away before anything refers to it.
            let start = unsafe {
                let flags = ProtFlags::READ | ProtFlags::WRITE;
                let start = mmap_anonymous(std::ptr::null_mut(), 2 * PAGE, flags, MapFlags::PRIVATE).unwrap();
                mprotect(start.byte_add(PAGE), PAGE, MprotectFlags::empty()).unwrap();
                start
            };
            Self(start)
        }

        /// The last bytes of the page, filled.
        fn last(&mut self, length: usize) -> &[u8] {
            // SAFETY: the bytes are within the first page, which is ours as long as `self`.
            let bytes = unsafe { std::slice::from_raw_parts_mut(self.0.cast::<u8>().add(PAGE - length), length) };
            bytes.iter_mut().enumerate().for_each(|(i, byte)| *byte = (i * 31 % 251) as u8);
            bytes
        }
    }

    impl Drop for Guarded {
        fn drop(&mut self) {
            // SAFETY: the pages that `new` made, which nothing refers to any more.
            unsafe { munmap(self.0, 2 * PAGE).unwrap() };
        }
    }

    #[test]
    fn no_path_reads_beyond_the_bytes() {
        let mut guarded = Guarded::new();
        for length in 0..=300 {
            for behind in [0, 1, 15, 28] {
                check(guarded.last(length + behind), length);
            }
        }
    }
}
