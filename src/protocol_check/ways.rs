//! How cookies are written and read through whatever operations an adapter offers.

use super::{Stop, conversation::Conversation};
use crate::json::{Json, json};
use crate::{
    model,
    protocol::{Answer, Call, Capabilities, Choices, Op, Response, SignOutcome, VerifyOutcome},
    value::Map,
};

/// The time of the first request, in 2001, which no machine's clock shows any more. Its fraction would round up.
pub(super) const NOW: f64 = 1_000_000_000.75;

/// A way to write and read cookies.
#[derive(Clone, Copy)]
pub(super) enum Way {
    /// By `sign` and `verify`, or the one of them that is offered.
    Alone { sign: bool, verify: bool },
    /// By whole requests.
    Exchange,
}

/// What reading a cookie gave.
pub(super) enum Opened {
    Accepted(Map),
    Refused,
}

impl Way {
    /// Every way that the adapter offers.
    ///
    /// # Errors
    ///
    /// The adapter neither writes nor reads cookies.
    pub(super) fn all(hello: &Capabilities) -> Result<Vec<Self>, Stop> {
        let offers = |op| hello.ops.contains(&op);
        let (sign, verify) = (offers(Op::Sign), offers(Op::Verify));
        let mut ways = Vec::new();
        if sign || verify {
            ways.push(Self::Alone { sign, verify });
        }
        if offers(Op::Exchange) {
            ways.push(Self::Exchange);
        }
        if ways.is_empty() {
            return Err(Stop::NotAsked("the adapter offers none of verify, sign and exchange".to_owned()));
        }
        Ok(ways)
    }

    pub(super) fn writes(self) -> bool {
        matches!(self, Self::Exchange | Self::Alone { sign: true, .. })
    }

    pub(super) fn reads(self) -> bool {
        matches!(self, Self::Exchange | Self::Alone { verify: true, .. })
    }

    /// The call that writes a session.
    pub(super) fn writing(self, config: &Json, now: f64, session: &Json) -> Result<Call, Stop> {
        match self {
            Self::Alone { .. } => call("sign", json!({ "config": config, "now": now, "session": session })),
            Self::Exchange => {
                let members = session.as_object().into_iter().flatten();
                let set = |(key, value): (&String, &Json)| json!({ "do": "set", "key": key, "value": value });
                let actions: Vec<_> = members.map(set).collect();
                call("exchange", json!({ "config": config, "now": now, "actions": actions }))
            }
        }
    }

    /// The call that reads a cookie.
    pub(super) fn reading(self, config: &Json, now: f64, cookie: &str) -> Result<Call, Stop> {
        match self {
            Self::Alone { .. } => call("verify", json!({ "config": config, "now": now, "cookie": cookie })),
            Self::Exchange => {
                let header = format!("session={cookie}");
                call("exchange", json!({ "config": config, "now": now, "cookie_header": header, "actions": [] }))
            }
        }
    }

    /// A cookie that the implementation writes, or the model if it writes none.
    pub(super) fn write(
        self,
        conversation: &mut Conversation,
        config: &Json,
        now: f64,
        session: &Json,
    ) -> Result<String, Stop> {
        if !self.writes() {
            return model_writes(config, now, session);
        }
        let call = self.writing(config, now, session)?;
        let answer = conversation.answer(&call)?;
        written(&answer).ok_or_else(|| {
            let remedy = "The request is valid and has a secret key: write a cookie.";
            let violation = conversation.violation("no cookie", remedy);
            if matches!(answer, Answer::Sign(SignOutcome::Raised(_))) {
                Stop::Raised(violation)
            } else {
                violation.into()
            }
        })
    }

    /// Lets the implementation read a cookie.
    pub(super) fn read(
        self,
        conversation: &mut Conversation,
        config: &Json,
        now: f64,
        cookie: &str,
    ) -> Result<Opened, Stop> {
        let call = self.reading(config, now, cookie)?;
        match conversation.answer(&call)? {
            Answer::Verify(VerifyOutcome::Accepted(session)) => Ok(Opened::Accepted(session)),
            Answer::Exchange(Response { opened: Some(session), .. }) if !session.is_empty() => {
                Ok(Opened::Accepted(session))
            }
            Answer::Verify(VerifyOutcome::Raised(_)) | Answer::Exchange(Response { opened: None, .. }) => {
                let remedy = "Neither a good nor a refused cookie raises. Does the adapter report its own error as the \
                              implementation's?";
                Err(conversation.violation("an error", remedy).into())
            }
            Answer::Exchange(_) | Answer::Sign(_) | Answer::Story(_) | Answer::Verify(VerifyOutcome::Rejected(_)) => {
                Ok(Opened::Refused)
            }
        }
    }
}

/// The cookie that the model writes.
pub(super) fn model_writes(config: &Json, now: f64, session: &Json) -> Result<String, Stop> {
    let call = call("sign", json!({ "config": config, "now": now, "session": session }))?;
    written(&model::answer(&call, &Choices::default()))
        .ok_or_else(|| Stop::NotAsked("the model writes no such cookie".to_owned()))
}

/// The call with these members.
pub(super) fn call(op: &str, members: Json) -> Result<Call, Stop> {
    Call::from_json(op, members).map_err(Stop::NotAsked)
}

fn written(answer: &Answer) -> Option<String> {
    match answer {
        Answer::Sign(SignOutcome::Cookie(cookie)) => Some(cookie.clone()),
        Answer::Exchange(exchanged) => {
            let of = |(name, value): &(String, String)| name.eq_ignore_ascii_case("set-cookie").then(|| value.clone());
            let header = exchanged.headers.iter().find_map(of)?;
            let (pair, _) = header.split_once(';').unwrap_or((&header, ""));
            pair.strip_prefix("session=").filter(|cookie| !cookie.is_empty()).map(str::to_owned)
        }
        Answer::Sign(SignOutcome::Raised(_)) | Answer::Story(_) | Answer::Verify(_) => None,
    }
}
