//! The JSON Schema of vector files, derived from the types that read them.

use super::vectors::VectorFile;
use schemars::JsonSchema;
use std::{env, fs, path::Path};

/// What stands for a vector's `input` in the schema.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub struct Input(serde_json::Map<String, serde_json::Value>);

/// What stands for a vector's `output` in the schema.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub struct Output(serde_json::Map<String, serde_json::Value>);

/// `UPDATE_SCHEMA=1 cargo test` rewrites the file.
#[test]
fn the_schema_in_spec_is_derived_from_the_types() {
    let schema = serde_json::to_string_pretty(&schemars::schema_for!(VectorFile)).unwrap() + "\n";
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("spec/vector-format.schema.json");
    if env::var_os("UPDATE_SCHEMA").is_some() {
        fs::write(&file, &schema).unwrap();
    }
    assert_eq!(fs::read_to_string(&file).unwrap_or_default(), schema, "run UPDATE_SCHEMA=1 cargo test");
}
