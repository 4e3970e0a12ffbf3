//! Many cookies at once. Those that take as many blocks wait for each other, until there are enough to be hashed side by side.
//!
//! Where the processor has nothing for it, each cookie is verified alone. The answers are the same, and in the same order.

use super::{
    Accepted, Error, Verifier, canonical,
    hardware::{LANES, Lanes, Room, Verdicts},
    hmac_sha1::{self, Key},
    judge,
    mac::Keyed,
};
use crate::clock::UnixTime;

/// What came of one cookie.
pub type Verdict<'a> = Result<Accepted<'a>, Error>;

/// Cookies that take more blocks are longer than any user agent keeps, and are verified alone.
const MOST_BLOCKS: usize = 64;

/// How many cookies a thread takes at a time.
#[cfg(feature = "rayon")]
const SHARE: usize = 1024;

impl Verifier {
    /// [`verify`](Self::verify) for many cookies: the verdicts are the same, in the order of the cookies. There is no
    /// allocation for a cookie, but some for the whole.
    pub fn verify_batch<'a>(&self, cookies: &[&'a str], now: UnixTime) -> Vec<Verdict<'a>> {
        let mut verdicts = vec![Err(Error::Signature); cookies.len()];
        self.verify_into(cookies, now, &mut verdicts);
        verdicts
    }

    /// The same on all threads of the current `rayon` pool.
    #[cfg(feature = "rayon")]
    pub fn verify_batch_in_threads<'a>(&self, cookies: &[&'a str], now: UnixTime) -> Vec<Verdict<'a>> {
        use rayon::{
            iter::IndexedParallelIterator, iter::ParallelIterator, slice::ParallelSlice, slice::ParallelSliceMut,
        };
        let mut verdicts = vec![Err(Error::Signature); cookies.len()];
        let shares = cookies.par_chunks(SHARE).zip(verdicts.par_chunks_mut(SHARE));
        shares.for_each(|(cookies, verdicts)| self.verify_into(cookies, now, verdicts));
        verdicts
    }

    /// The verdicts over the cookies, in place of as many rejections for their signature.
    fn verify_into<'a>(&self, cookies: &[&'a str], now: UnixTime, verdicts: &mut [Verdict<'a>]) {
        let keys: Vec<&Key> = self.keys.iter().filter_map(Keyed::sha1).collect();
        match (self.hardware.many, self.max_age) {
            (Some(many), Some(max_age)) if cookies.len() >= many.enough() && !keys.is_empty() => {
                let left = vec![0; if keys.len() > 1 { cookies.len() } else { 0 }];
                let queues = [Queue::EMPTY; MOST_BLOCKS];
                Batch {
                    verifier: self,
                    many,
                    max_age,
                    now,
                    cookies,
                    verdicts,
                    queues,
                    left,
                    count: 0,
                    room: Room::default(),
                }
                .verify(&keys);
            }
            _ => {
                for (verdict, cookie) in verdicts.iter_mut().zip(cookies) {
                    *verdict = self.verify(cookie, now);
                }
            }
        }
    }
}

struct Batch<'b, 'a> {
    verifier: &'b Verifier,
    many: Lanes,
    max_age: i64,
    now: UnixTime,
    cookies: &'b [&'a str],
    /// A rejection for each cookie, until a key has made its signature.
    verdicts: &'b mut [Verdict<'a>],
    /// The cookies that wait for others, by the number of blocks that they take.
    queues: [Queue; MOST_BLOCKS],
    /// The places of those that a key did not sign, when there are others.
    left: Vec<usize>,
    /// How many these are so far.
    count: usize,
    /// What the lanes work with.
    room: Room,
}

/// The places of cookies that wait. What is beyond the count waited before.
#[derive(Clone, Copy)]
struct Queue {
    places: [usize; LANES],
    count: usize,
}

impl Queue {
    const EMPTY: Self = Self { places: [0; LANES], count: 0 };
}

impl Batch<'_, '_> {
    /// Tries one key after another, each on what the one before did not sign.
    fn verify(&mut self, keys: &[&Key]) {
        let Some((first, others)) = keys.split_first() else { return };
        let cookies = self.cookies;
        let (groups, _) = cookies.as_chunks();
        for (i, group) in groups.iter().enumerate() {
            self.group(i * LANES, group, first);
        }
        for place in groups.len() * LANES..cookies.len() {
            self.wait(place, first);
        }
        self.serve_the_rest(first);
        for key in others {
            // What this key did not sign either takes the place of what was tried before.
            for i in 0..std::mem::take(&mut self.count) {
                self.wait(self.left[i], key);
            }
            self.serve_the_rest(key);
        }
    }

    /// As many cookies as there are lanes, from a place on. Where all take as many blocks, as those of one application often do,
    /// none has to wait for others.
    #[inline]
    fn group(&mut self, from: usize, cookies: &[&str; LANES], key: &Key) {
        let blocks = |cookie: &str| hmac_sha1::inner_blocks(canonical::signed(cookie.as_bytes()));
        let first = blocks(cookies[0]);
        if first < MOST_BLOCKS && cookies.iter().all(|cookie| blocks(cookie) == first) {
            let seen = self.side_by_side(LANES, key, cookies);
            self.take(&seen, from..from + LANES);
        } else {
            (from..from + LANES).for_each(|place| self.wait(place, key));
        }
    }

    #[inline]
    fn wait(&mut self, place: usize, key: &Key) {
        #[cfg(test)]
        tests::WAITED.set(tests::WAITED.get() + 1);
        let blocks = hmac_sha1::inner_blocks(canonical::signed(self.cookies[place].as_bytes()));
        let Some(queue) = self.queues.get_mut(blocks) else { return self.verify_alone(place) };
        if let Some(last) = queue.places.get_mut(queue.count) {
            *last = place;
            queue.count += 1;
        }
        if queue.count == LANES {
            self.serve(blocks, key);
        }
    }

    fn serve_the_rest(&mut self, key: &Key) {
        for blocks in 0..MOST_BLOCKS {
            if self.queues[blocks].count >= self.many.enough() {
                self.serve(blocks, key);
                continue;
            }
            let Queue { places, count } = self.queues[blocks];
            self.queues[blocks].count = 0;
            for place in places.into_iter().take(count) {
                self.verify_alone(place);
            }
        }
    }

    #[cold]
    fn verify_alone(&mut self, place: usize) {
        self.verdicts[place] = self.verifier.verify(self.cookies[place], self.now);
    }

    /// Tries a key on each cookie of a queue.
    fn serve(&mut self, blocks: usize, key: &Key) {
        let Queue { places, count } = self.queues[blocks];
        self.queues[blocks].count = 0;
        // Nobody asks what becomes of lanes beyond the count.
        let cookies = places.map(|place| self.cookies[place]);
        let seen = self.side_by_side(count, key, &cookies);
        self.take(&seen, places.into_iter().take(count));
    }

    #[inline]
    fn side_by_side(&mut self, count: usize, key: &Key, cookies: &[&str; LANES]) -> Verdicts {
        #[cfg(test)]
        tests::SIDE_BY_SIDE.with_borrow_mut(|counts| counts.push(count));
        self.many.verify(&mut self.room, count, key, cookies)
    }

    /// What was seen of the cookies at some places, a lane for each.
    #[inline]
    fn take(&mut self, seen: &Verdicts, places: impl Iterator<Item = usize>) {
        let Self { verifier, max_age, now, .. } = *self;
        for (lane, (place, timestamp)) in places.zip(seen.timestamps).enumerate() {
            let cookie = self.cookies[place];
            if seen.are_signed >> lane & 1 == 1 {
                self.verdicts[place] = judge(canonical::payload(cookie), timestamp.into(), max_age, now);
            } else if seen.are_canonical >> lane & 1 == 0 {
                self.verdicts[place] = verifier.verify(cookie, now);
            } else if let Some(slot) = self.left.get_mut(self.count) {
                *slot = place;
                self.count += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Digest, Fallbacks};
    use std::cell::{Cell, RefCell};

    thread_local! {
        /// How many cookies went into the lanes, each time.
        pub(super) static SIDE_BY_SIDE: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
        /// How many cookies waited for others.
        pub(super) static WAITED: Cell<usize> = const { Cell::new(0) };
    }

    const NOW: UnixTime = UnixTime::from_seconds(1_700_000_000);

    /// A cookie of which so many bytes are signed, by a key.
    fn cookie(length: usize, key: &str) -> String {
        let verifier = Verifier::new(&Config::with_key(key)).unwrap();
        let mut cookie = "p".repeat(length - 7) + ".ZVPxAA";
        let signature = verifier.keys[0].sign(cookie.as_bytes());
        cookie.push('.');
        super::super::base64::append(&signature, &mut cookie);
        cookie
    }

    /// How many cookies went into the lanes each time, after the verdicts were found right.
    fn taken(verifier: &Verifier, cookies: &[String]) -> Vec<usize> {
        let cookies: Vec<&str> = cookies.iter().map(String::as_str).collect();
        let one_by_one: Vec<_> = cookies.iter().map(|cookie| verifier.verify(cookie, NOW)).collect();
        assert!(one_by_one.iter().all(Result::is_ok), "{one_by_one:?}");
        SIDE_BY_SIDE.take();
        assert_eq!(verifier.verify_batch(&cookies, NOW), one_by_one);
        SIDE_BY_SIDE.take()
    }

    /// The signed bytes that just so many blocks take.
    fn of_blocks(blocks: usize) -> usize {
        let length = 64 * blocks - 9;
        assert_eq!((hmac_sha1::inner_blocks(length), hmac_sha1::inner_blocks(length + 1)), (blocks, blocks + 1));
        length
    }

    #[test]
    fn cookies_go_side_by_side_where_enough_take_as_many_blocks() {
        let fallback_keys = Some(Fallbacks::Keys(vec!["old".into()]));
        let found = Verifier::new(&Config { fallback_keys, ..Config::with_key("new") }).unwrap();
        for verifier in ["avx2", "avx512"].map(|words| found.clone().with_hardware(words)) {
            let Some(many) = verifier.hardware.many else { continue };
            let enough = many.enough();
            let [short, long, longest] = [1, 2, MOST_BLOCKS - 1].map(|blocks| cookie(of_blocks(blocks), "new"));
            let too_long = cookie(of_blocks(MOST_BLOCKS), "new");
            let of = |cookie: &String, count: usize| vec![cookie.clone(); count];
            assert_eq!(taken(&verifier, &of(&short, enough - 1)), [0; 0]);
            assert_eq!(taken(&verifier, &of(&short, enough)), [enough]);
            assert_eq!(taken(&verifier, &of(&long, 3 * LANES + enough)), [LANES, LANES, LANES, enough]);
            assert_eq!(taken(&verifier, &of(&long, LANES + enough - 1)), [LANES]);
            assert_eq!(taken(&verifier, &of(&longest, LANES)), [LANES]);
            assert_eq!(taken(&verifier, &of(&too_long, 2 * LANES)), [0; 0]);
            // In turns they wait for those of their own length.
            assert_eq!(taken(&verifier, &vec![[short.clone(), long.clone()]; LANES].concat()), [LANES, LANES]);
            assert_eq!(taken(&verifier, &[of(&short, enough - 1), of(&long, enough)].concat()), [enough]);
            // The second key is tried on what the first did not sign.
            let old = cookie(of_blocks(1), "old");
            assert_eq!(taken(&verifier, &[of(&short, LANES), of(&old, LANES)].concat()), [LANES, LANES, LANES]);
        }
    }

    #[test]
    fn nobody_waits_among_as_many_cookies_of_one_length_as_there_are_lanes() {
        let found = Verifier::new(&Config::with_key("new")).unwrap();
        for verifier in ["avx2", "avx512"].map(|words| found.clone().with_hardware(words)) {
            if verifier.hardware.many.is_none() {
                continue;
            }
            let [short, longest, too_long] = [1, MOST_BLOCKS - 1, MOST_BLOCKS].map(|n| cookie(of_blocks(n), "new"));
            let waited = |cookies: &[String]| {
                WAITED.set(0);
                taken(&verifier, cookies);
                WAITED.get()
            };
            let group = vec![short.clone(); LANES];
            assert_eq!(waited(&group), 0);
            assert_eq!(waited(&vec![longest.clone(); 2 * LANES]), 0);
            assert_eq!(waited(&[&group[..], &[short, longest.clone()]].concat()), 2);
            assert_eq!(waited(&[&group[1..], &[longest]].concat()), LANES);
            assert_eq!(waited(&vec![too_long; LANES]), LANES);
        }
    }

    #[test]
    fn cookies_of_another_digest_are_verified_one_by_one() {
        let verifier = Verifier::new(&Config { digest: Digest::Sha256, ..Config::with_key("new") }).unwrap();
        let session = [("user", crate::value::Value::int(42))].into_iter().collect();
        let cookie = verifier.sign(&session, NOW).unwrap();
        assert_eq!(taken(&verifier, &vec![cookie; 3 * LANES]), [0; 0]);
    }
}
