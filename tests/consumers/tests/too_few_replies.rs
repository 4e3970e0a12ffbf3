//! An `answer` without replies.

use sessionproof::{
    AdapterError, Capabilities, Implementation, Op,
    protocol::{Call, Reply},
};

struct Port;

impl Implementation for Port {
    fn capabilities(&self) -> Capabilities {
        Capabilities::new("port").operations([Op::Verify])
    }

    fn answer(&self, _calls: &[Call]) -> Result<Vec<Reply>, AdapterError> {
        Ok(Vec::new())
    }
}

sessionproof::conformance_tests!(Port);
