//! Implementations that are types of this crate, in process.

use super::{Broken, Implementation};
use crate::{
    model::server,
    protocol::{Answer, Call, Choices, Hello, ReasonsChoice, Reply},
};

/// The model itself as an implementation: what conforms by definition, and the yardstick of the suite's own tests.
pub struct Model {
    hello: Hello,
}

impl Model {
    /// The model with some choices.
    pub fn new(choices: Choices) -> Self {
        Self { hello: hello("model", ["exchange", "sign", "verify"], choices) }
    }
}

impl Default for Model {
    /// The model as Flask chooses, giving its reasons.
    fn default() -> Self {
        Self::new(Choices { reasons: ReasonsChoice::Typed, ..Choices::default() })
    }
}

impl Implementation for Model {
    fn hello(&self) -> &Hello {
        &self.hello
    }

    fn answer(&self, calls: &[Call]) -> Result<Vec<Reply>, Broken> {
        let answer = |call: &Call| Reply::Ok(answer(call, &self.hello.choices));
        Ok(calls.iter().map(answer).collect())
    }
}

/// The specification's answer to a call.
pub fn answer(call: &Call, choices: &Choices) -> Answer {
    match call {
        Call::Exchange(call) => Answer::Exchange(server::exchange(call, choices)),
        Call::Sign(call) => Answer::Sign(server::sign(call, choices)),
        Call::Verify(call) => Answer::Verify(server::verify(call, choices)),
    }
}

/// What an implementation in this crate says of itself: every kind of value, and some operations.
fn hello<const N: usize>(name: &str, ops: [&str; N], choices: Choices) -> Hello {
    const KINDS: [&str; 10] =
        ["bytes", "datetime", "floats", "integers", "json", "map", "markup", "surrogates", "tuple", "uuid"];
    Hello {
        name: name.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        runtime: "this process".to_owned(),
        ops: ops.map(str::to_owned).into(),
        values: KINDS.map(str::to_owned).into(),
        choices,
    }
}
