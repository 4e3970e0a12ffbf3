//! A running server whose time is not simulated: the suite waits, and sends back the cookies that the server set.

use super::Server;
use crate::{
    adapter::{AdapterError, Implementation},
    processes,
    protocol::{Call, Capabilities, Exchange, Reply},
};
use std::{sync::OnceLock, time::Duration};

/// How far into a second a request is sent, in microseconds: there is time left to answer it in.
const INTO: i64 = 100_000;

/// A server, asked each call of a story at its time.
pub(super) struct Waiting<'a> {
    server: &'a Server,
    /// The server's second less the call's, from the first call on.
    later: OnceLock<i64>,
}

impl<'a> Waiting<'a> {
    pub(super) fn new(server: &'a Server) -> Self {
        Self { server, later: OnceLock::new() }
    }

    fn ask(&self, call: &Exchange) -> Result<Reply, AdapterError> {
        let client = &self.server.client;
        let next = client.server_now().div_euclid(1_000_000) + 1;
        let second = call.now.seconds().saturating_add(*self.later.get_or_init(|| next - call.now.seconds()));
        let micros = second.saturating_mul(1_000_000).saturating_add(INTO).saturating_sub(client.server_now());
        let pause = Duration::from_micros(u64::try_from(micros).unwrap_or_default());
        if client.left().is_some_and(|left| left < pause) {
            return Err(AdapterError {
                message: format!("the run may not take {} s more", pause.as_secs()),
                hint: "--time-limit allows more".to_owned(),
            });
        }
        processes::pause(pause)?;
        let late = || Reply::Error("an answer came in another second than the one that was waited for".to_owned());
        Ok(self.server.asked_in(call, second)?.unwrap_or_else(late))
    }
}

impl Implementation for Waiting<'_> {
    fn capabilities(&self) -> Capabilities {
        self.server.capabilities()
    }

    fn answer(&self, calls: &[Call]) -> Result<Vec<Reply>, AdapterError> {
        let one = |call: &Call| match call {
            Call::Exchange(call) => self.ask(call).unwrap_or_else(|broken| Reply::Error(broken.to_string())),
            other => Reply::Unsupported(format!("the operation {}", other.op())),
        };
        Ok(calls.iter().map(one).collect())
    }
}
