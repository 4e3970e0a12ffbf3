//! The verifier of this crate compared with the floor: the compressions of SHA-1 that a signature needs, by the block function of
//! the `sha1` crate, each waiting for the one before.

use super::{
    Spread, Turn, in_turns,
    shapes::{self, NOW, Shape},
};
use crate::{
    interruption,
    protocol::Reason,
    verifier::{Error, Verifier},
};
use serde::Serialize;
use sha1::block_api::compress;
use std::{hint::black_box, time::Duration};

/// How many cookies a batch holds.
const BATCH: usize = 512;

/// The times of one shape, in nanoseconds per cookie.
#[derive(Clone, Debug, Serialize)]
pub struct Alone {
    /// The shape in a word.
    pub shape: &'static str,
    /// How many bytes are signed.
    pub signed_bytes: usize,
    /// How many compressions a signature takes.
    pub blocks: usize,
    /// These compressions alone.
    pub floor: Spread,
    /// `verify` by portable code.
    pub portable: Spread,
    /// `verify` as it is.
    pub verify: Spread,
    /// `verify` of another signature.
    pub rejected: Spread,
    /// `verify_batch`, each cookie.
    pub batch: Spread,
    /// `load`.
    pub load: Spread,
    /// `sign`.
    pub sign: Spread,
    /// What a load is spent on.
    pub shares: Shares,
}

/// Shares of a load, of 1.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Shares {
    /// Signature and age.
    pub signature: f64,
    /// Base64.
    pub base64: f64,
    /// Inflating.
    pub inflate: f64,
    /// JSON, tags and the session's values.
    pub json: f64,
}

/// Every shape in turn, until this process is interrupted. Fails only if a cookie of this crate's own is refused.
pub fn alone(turns: usize) -> Result<Vec<Alone>, Error> {
    let verifier = Verifier::new(&shapes::config())?;
    let shapes = shapes::all();
    let shapes = shapes.iter().take_while(|_| interruption::interrupted_by().is_none());
    shapes.map(|shape| measure(&verifier, shape, turns)).collect()
}

fn measure(verifier: &Verifier, shape: &Shape, turns: usize) -> Result<Alone, Error> {
    let (cookie, blocks) = (shape.cookie.as_str(), shape.blocks());
    let portable = verifier.clone().without_hardware();
    let bad = shape.with_another_signature();
    let many = vec![cookie; BATCH];
    // A measurement of wrong answers would be worth nothing.
    if verifier.load(cookie, NOW)? != shape.session {
        return Err(Error::NotASession);
    }
    if verifier.verify(&bad, NOW).map_err(Error::reason) != Err(Some(Reason::Signature)) {
        return Err(Error::Signature);
    }
    let (payload, deflated) = (verifier.verify(cookie, NOW)?.payload, cookie.starts_with('.'));
    let bytes = verifier.decode_payload(payload)?;
    let json = if deflated { verifier.inflate(&bytes)? } else { bytes.clone() };

    let verify = |verifier: &Verifier, cookie: &str| verifier.verify(black_box(cookie), black_box(NOW)).is_ok();
    let [floor, portable, verify, rejected, batch, load, sign, base64, inflate, json] = in_turns(
        [
            Turn::new(|calls| floor(calls, blocks)),
            repeated(|| verify(&portable, cookie)),
            repeated(|| verify(verifier, cookie)),
            repeated(|| verify(verifier, &bad)),
            repeated(|| verifier.verify_batch(black_box(&many), NOW)).for_cookies(BATCH as u64),
            repeated(|| verifier.load(black_box(cookie), NOW)),
            repeated(|| verifier.sign(black_box(&shape.session), NOW)),
            repeated(|| verifier.decode_payload(black_box(payload))),
            repeated(|| if deflated { verifier.inflate(black_box(&bytes)) } else { Ok(Vec::new()) }),
            repeated(|| verifier.read(black_box(&json))),
        ],
        turns,
        Duration::from_millis(2),
    );
    let parts = [verify.median, base64.median, if deflated { inflate.median } else { 0.0 }, json.median];
    let [signature, base64, inflate, json] = parts.map(|part| part / parts.iter().sum::<f64>());
    let shares = Shares { signature, base64, inflate, json };
    let (shape, signed_bytes) = (shape.name, shape.signed());
    Ok(Alone { shape, signed_bytes, blocks, floor, portable, verify, rejected, batch, load, sign, shares })
}

/// Compressions, each with the state of the last.
fn floor(calls: u64, blocks: usize) {
    let mut state = [1, 2, 3, 4, 5];
    for _ in 0..calls {
        for _ in 0..blocks {
            compress(&mut state, black_box(&[[7; 64]]));
        }
    }
    black_box(state);
}

fn repeated<'a, T>(mut work: impl FnMut() -> T + 'a) -> Turn<'a> {
    Turn::new(move |calls| {
        for _ in 0..calls {
            black_box(work());
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_has_its_times_and_its_shares_are_of_one() {
        let all = alone(1).unwrap();
        assert_eq!(all.len(), shapes::all().len());
        for one in all {
            for spread in [one.floor, one.portable, one.verify, one.rejected, one.batch, one.load, one.sign] {
                assert!(spread.median > 0.0, "{one:?}");
            }
            let shares = one.shares;
            let sum = shares.signature + shares.base64 + shares.inflate + shares.json;
            assert!((sum - 1.0).abs() < 1e-9, "{shares:?}");
            assert_eq!(shares.inflate > 0.0, ["login", "compressed"].contains(&one.shape), "{}", one.shape);
        }
    }
}
