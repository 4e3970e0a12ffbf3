//! A payload, rightly signed: what is inflated, read as JSON, and untagged. Model and verifier read it alike, as the text of a
//! session and as bytes before base64.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sessionproof::model::{base64, payload, signing};
use sessionproof_fuzz::{both_judge_alike, config, now};

fuzz_target!(|data: &[u8]| {
    let Some((kind, bytes)) = data.split_first() else { return };
    let payload = match kind % 4 {
        0 => String::from_utf8_lossy(bytes).into_owned(),
        1 => base64::encode(bytes),
        2 => format!(".{}", base64::encode(bytes)),
        _ => format!(".{}", base64::encode(&payload::deflate(bytes))),
    };
    let config = config();
    let Ok(cookie) = signing::sign(&payload, config.signing_key().unwrap_or_default(), &config, now()) else { return };
    both_judge_alike(cookie);
});
