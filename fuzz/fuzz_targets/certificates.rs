//! What `--ca-file` names: any bytes. A file without a certificate is refused before anything is asked; one with certificates that
//! make no sense ends in a connection that is not trusted.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sessionproof_fuzz::live::{connect, silent};

fuzz_target!(|pem: &[u8]| {
    let broken = connect(&format!("https://{}/probe", silent()), Some(pem)).err().expect("nobody is there");
    let is_about_the_file = broken.message.contains("certificates to be trusted");
    let holds_one = pem.windows(27).any(|words| words == b"-----BEGIN CERTIFICATE-----");
    assert!(holds_one || is_about_the_file, "{broken}");
});
