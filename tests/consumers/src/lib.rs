//! Nothing: the tests of this crate are what is looked at.
