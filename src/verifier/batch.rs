//! Many cookies at once. Those that take as many blocks wait for each other, until there are enough to be hashed side by side.
//!
//! Where the processor has nothing for it, each cookie is verified alone. The answers are the same, and in the same order.

use super::{
    Accepted, Error, Verifier,
    hardware::{LANES, Many},
    hmac_sha1::{self, Key},
    judge,
    mac::Keyed,
    usual,
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
                let queues = std::iter::repeat_with(Vec::new).take(MOST_BLOCKS).collect();
                Batch { verifier: self, keys, many, max_age, now, cookies, verdicts, queues }.verify();
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
    keys: Vec<&'b Key>,
    many: Many,
    max_age: i64,
    now: UnixTime,
    cookies: &'b [&'a str],
    /// A rejection for each cookie, until a key has made its signature.
    verdicts: &'b mut [Verdict<'a>],
    /// The cookies that wait, by the number of blocks that they take.
    queues: Vec<Vec<Waiting<'a>>>,
}

/// A cookie that waits for others.
#[derive(Clone, Copy)]
struct Waiting<'a> {
    cookie: &'a str,
    /// Its place among the cookies.
    place: usize,
    /// The key to try next.
    key: usize,
}

impl<'a> Batch<'_, 'a> {
    fn verify(mut self) {
        for (place, cookie) in self.cookies.iter().enumerate() {
            let waiting = Waiting { cookie, place, key: 0 };
            match hmac_sha1::inner_blocks(usual::signed(cookie.as_bytes())) {
                blocks if blocks < MOST_BLOCKS => self.wait(waiting, blocks),
                _ => self.verify_alone(waiting),
            }
        }
        for blocks in 0..MOST_BLOCKS {
            while self.queues[blocks].len() >= self.many.enough() {
                self.serve(blocks);
            }
            for waiting in std::mem::take(&mut self.queues[blocks]) {
                self.verify_alone(waiting);
            }
        }
    }

    fn verify_alone(&mut self, Waiting { cookie, place, .. }: Waiting<'a>) {
        self.verdicts[place] = self.verifier.verify(cookie, self.now);
    }

    fn wait(&mut self, waiting: Waiting<'a>, blocks: usize) {
        let queue = &mut self.queues[blocks];
        queue.reserve(LANES);
        queue.push(waiting);
        while self.queues[blocks].len() >= LANES {
            self.serve(blocks);
        }
    }

    /// Tries one key on each of the first cookies of a queue. What no key is left for keeps its rejection.
    fn serve(&mut self, blocks: usize) {
        let queue = &mut self.queues[blocks];
        let count = queue.len().min(LANES);
        let Some(last) = queue.get(count.wrapping_sub(1)) else { return };
        let lanes: [Waiting; LANES] = std::array::from_fn(|lane| *queue.get(lane).unwrap_or(last));
        let keys = lanes.map(|waiting| self.keys[waiting.key]);
        let seen = self.many.verify(count, &keys, &lanes.map(|waiting| waiting.cookie.as_bytes()));
        queue.drain(..count);
        for (waiting, seen) in lanes.into_iter().zip(seen).take(count) {
            match seen {
                Some(seen) if seen.is_signed => {
                    let payload = usual::payload(waiting.cookie);
                    self.verdicts[waiting.place] = judge(payload, seen.timestamp.into(), self.max_age, self.now);
                }
                Some(_) if waiting.key + 1 < self.keys.len() => {
                    self.queues[blocks].push(Waiting { key: waiting.key + 1, ..waiting });
                }
                Some(_) => {}
                None => self.verify_alone(waiting),
            }
        }
    }
}
