//! Whether this process was interrupted, by Ctrl-C for instance. Whatever takes long looks here from time to time.

use crate::adapter_error::AdapterError;
use std::sync::OnceLock;

/// The signal that interrupted this process.
static SIGNAL: OnceLock<&'static str> = OnceLock::new();

/// Says that a signal interrupted this process. The first one counts.
#[cfg(feature = "cli")]
pub(crate) fn interrupt(signal: &'static str) {
    let _ = SIGNAL.set(signal);
}

/// The signal that interrupted this process, if one did.
pub fn interrupted_by() -> Option<&'static str> {
    SIGNAL.get().copied()
}

/// Why there is no going on, where this process was interrupted.
pub fn interruption() -> Option<AdapterError> {
    interrupted_by().map(|signal| AdapterError {
        message: format!("interrupted by {signal}"),
        hint: "What was answered until then is counted; run it again for a verdict.".to_owned(),
    })
}
