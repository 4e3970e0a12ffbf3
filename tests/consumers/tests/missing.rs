//! No operation at all.

use sessionproof::{Capabilities, Implementation};

struct Port;

impl Implementation for Port {
    fn capabilities(&self) -> Capabilities {
        Capabilities::new("port")
    }
}

sessionproof::conformance_tests!(Port);
