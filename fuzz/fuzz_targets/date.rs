//! Dates, as they stand in the session's tag, in `Expires` and on their way out. Both readers of the tag agree, and what a
//! browser takes for a date is one that it would write.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sessionproof::model::{base64, browser, http_date, signing};
use sessionproof_fuzz::{both_judge_alike, config, now};

fuzz_target!(|text: &str| {
    if let Some(seconds) = browser::date::parse(text) {
        let written = http_date::format(seconds).expect("a date that can be read can be written");
        assert_eq!(browser::date::parse(&written), Some(seconds), "{text:?} as {written}");
    }
    let json = serde_json::json!({ "when": { " d": text } }).to_string();
    let config = config();
    let payload = base64::encode(json.as_bytes());
    let Ok(cookie) = signing::sign(&payload, config.signing_key().unwrap_or_default(), &config, now()) else { return };
    both_judge_alike(cookie);
});
