//! Many cookies at once. Those that take as many blocks wait for each other, until there are enough to be hashed side by side.
//!
//! Where the processor has nothing for it, each cookie is verified alone. The answers are the same, and in the same order.

use super::{
    Accepted, Error, Verifier,
    hardware::{Eight, LANES},
    hmac_sha1::{self, Key, Message},
    judge,
    mac::Keyed,
    usual::{self, Usual},
};
use crate::clock::UnixTime;
use ctutils::CtEq;

/// What came of one cookie.
pub type Verdict<'a> = Result<Accepted<'a>, Error>;

/// Cookies that take more blocks are longer than any user agent keeps, and are verified alone.
const MOST_BLOCKS: usize = 64;

/// From how many cookies on the lanes are faster than one cookie after another, when some lanes have nothing to do.
const ENOUGH: usize = 4;

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
        match (self.hardware.eight, self.max_age) {
            (Some(eight), Some(max_age)) if cookies.len() >= ENOUGH && !keys.is_empty() => {
                let queues = std::iter::repeat_with(Vec::new).take(MOST_BLOCKS).collect();
                Batch { verifier: self, keys, eight, max_age, now, cookies, verdicts, queues }.verify();
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
    eight: Eight,
    max_age: i64,
    now: UnixTime,
    cookies: &'b [&'a str],
    /// A rejection for each cookie, until a key has made its signature.
    verdicts: &'b mut [Verdict<'a>],
    /// The cookies that wait, by the number of blocks that they take.
    queues: Vec<Vec<Waiting<'a>>>,
}

/// A cookie that waits for others.
struct Waiting<'a> {
    /// Its place among the cookies.
    place: usize,
    /// The key to try next.
    key: usize,
    usual: Usual<'a>,
}

impl<'a> Batch<'_, 'a> {
    fn verify(mut self) {
        for (place, cookie) in self.cookies.iter().enumerate() {
            let usual = usual::split(cookie).filter(|usual| hmac_sha1::inner_blocks(usual.signed) < MOST_BLOCKS);
            match usual {
                Some(usual) => self.wait(Waiting { place, key: 0, usual }),
                None => self.verify_alone(place),
            }
        }
        for blocks in 0..MOST_BLOCKS {
            while self.queues[blocks].len() >= ENOUGH {
                self.serve(blocks);
            }
            for waiting in std::mem::take(&mut self.queues[blocks]) {
                self.verify_alone(waiting.place);
            }
        }
    }

    fn verify_alone(&mut self, place: usize) {
        self.verdicts[place] = self.verifier.verify(self.cookies[place], self.now);
    }

    fn wait(&mut self, waiting: Waiting<'a>) {
        let blocks = hmac_sha1::inner_blocks(waiting.usual.signed);
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
        let of_lane = |lane: usize| &queue[lane.min(queue.len() - 1)];
        let keys = std::array::from_fn(|lane| self.keys[of_lane(lane).key]);
        let messages = std::array::from_fn(|lane| {
            let waiting = of_lane(lane);
            Message::new(self.cookies[waiting.place].as_bytes(), waiting.usual.signed)
        });
        let mut signatures = self.eight.macs(&keys, &messages).into_iter();
        queue.retain_mut(|waiting| {
            let Some(signature) = signatures.next() else { return true };
            if signature.ct_eq(&waiting.usual.signature).to_bool() {
                let Usual { payload, timestamp, .. } = waiting.usual;
                self.verdicts[waiting.place] = judge(payload, timestamp, self.max_age, self.now);
                return false;
            }
            waiting.key += 1;
            waiting.key < self.keys.len()
        });
    }
}
