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

/// `UPDATE_SCHEMA=1 cargo test` writes the file again. The order of members says nothing in a schema.
#[test]
fn the_schema_in_spec_is_derived_from_the_types() {
    let schema = serde_json::to_value(schemars::schema_for!(VectorFile)).unwrap();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("spec/vector-format.schema.json");
    if env::var_os("UPDATE_SCHEMA").is_some() {
        fs::write(&file, serde_json::to_string_pretty(&schema).unwrap() + "\n").unwrap();
    }
    let kept: Option<serde_json::Value> =
        fs::read_to_string(&file).ok().and_then(|text| serde_json::from_str(&text).ok());
    assert_eq!(kept, Some(schema), "run UPDATE_SCHEMA=1 cargo test");
}
