//! All tests of the whole, in one program: what waits for servers and browsers goes on beside what computes.
//!
//! `cargo test --test integration live_servers` runs those of one file.

mod adapters;
mod bench_command;
mod bounded_memory;
mod broken_adapters;
mod browser_properties;
mod cache;
mod claims;
mod command_line;
mod common;
mod consumers;
mod diagnosis;
mod differential;
mod documentation;
mod earlier_calls;
mod exploration;
mod explored;
mod findings;
mod foreign_text;
mod guide;
mod history;
mod hostile_adapters;
mod inspect;
mod inspect_command;
mod isolation;
mod junit_schema;
mod known_failures;
mod layout;
mod live_servers;
#[cfg(feature = "quickcheck")]
mod model_laws;
mod mutants;
mod mutants_of_flask;
mod never_green;
mod packaging;
mod permissions;
mod planted_bugs;
mod predicates;
mod protocol_check;
mod protocol_examples;
mod recipes;
mod releases;
mod report_files;
mod results;
mod rust_implementers;
mod signals;
mod specification;
mod stores;
mod supply_chain;
mod system_rules;
mod unhappy_ends;
mod user_agents;
mod vectors_readme;
mod verifier_agrees_with_model;
