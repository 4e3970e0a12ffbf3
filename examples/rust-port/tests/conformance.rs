//! A test for each rule of Flask's session lifetime.

mod port;

sessionproof::conformance_tests!(port::Port);
