//! What several fuzz targets share: the model and the verifier asked the same, and their answers compared;
//! and a server on loopback.

pub mod live;

use sessionproof::{
    adapter::{
        Implementation,
        in_process::{BuiltInVerifier, Model},
    },
    clock::UnixTime,
    config::Config,
    protocol::{Answer, Base64Choice, Call, Choices, ReasonsChoice, Reply, Verify},
    suite::judging::compare::compare,
};
use std::sync::Arc;

/// When every cookie here is read.
pub fn now() -> UnixTime {
    UnixTime::from_seconds(1_700_000_000)
}

/// The configuration under which every cookie here is read.
pub fn config() -> Arc<Config> {
    Arc::new(Config::with_key("development key"))
}

/// Asks the model and the verifier about a cookie, leniently and strictly, and panics where their answers differ.
pub fn both_judge_alike(cookie: String) {
    let call = Call::Verify(Verify { config: config(), now: now(), cookie });
    for (base64, verifier) in
        [(Base64Choice::Lenient, BuiltInVerifier::lenient()), (Base64Choice::Strict, BuiltInVerifier::strict())]
    {
        let choices = Choices::default().base64(base64).reasons(ReasonsChoice::Typed);
        let (expected, got) = (answer(&Model::new(choices), &call), answer(&verifier, &call));
        if let Err(difference) = compare(&call, &expected, &got, &choices) {
            panic!("{base64:?}: {difference:?}\n{}", call.to_line(0));
        }
    }
}

fn answer(implementation: &dyn Implementation, call: &Call) -> Answer {
    match implementation.answer(std::slice::from_ref(call)).as_deref() {
        Ok([Reply::Ok(answer)]) => answer.clone(),
        other => panic!("{other:?}"),
    }
}
