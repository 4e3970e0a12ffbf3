//! Every text in a value, replaced in turn.

use sessionproof::json::Json;
use std::collections::BTreeMap;

/// A text in a document: where it is, with `[]` for any place in a list, and how the document looks with another one there.
pub struct Field {
    /// The path, which tells the field from others.
    pub name: String,
    place: Place,
}

/// Where a text stands.
enum Place {
    /// A string, by its JSON pointer.
    Value(String),
    /// The name of the first member of an object.
    Name(String),
    /// The name of one member more.
    Unknown(String),
}

/// The fields of a document: of those with the same path, the first.
pub fn of(document: &Json) -> Vec<Field> {
    let mut found = BTreeMap::new();
    walk(document, "", "", &mut found);
    found.into_iter().map(|(name, place)| Field { name, place }).collect()
}

fn walk(json: &Json, path: &str, pointer: &str, found: &mut BTreeMap<String, Place>) {
    let mut note = |name: String, place: Place| {
        found.entry(name).or_insert(place);
    };
    match json {
        Json::String(_) => note(path.to_owned(), Place::Value(pointer.to_owned())),
        Json::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                walk(item, &format!("{path}[]"), &format!("{pointer}/{number}"), found);
            }
        }
        Json::Object(members) => {
            if !members.is_empty() {
                note(format!("{path}.(name)"), Place::Name(pointer.to_owned()));
            }
            note(format!("{path}.(unknown)"), Place::Unknown(pointer.to_owned()));
            for (name, member) in members {
                let step = name.replace('~', "~0").replace('/', "~1");
                walk(member, &format!("{path}.{name}"), &format!("{pointer}/{step}"), found);
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

impl Field {
    /// The document with another text in this place.
    pub fn with(&self, document: &Json, text: &str) -> Json {
        let mut changed = document.clone();
        match &self.place {
            Place::Value(pointer) => *changed.pointer_mut(pointer).unwrap() = Json::from(text),
            Place::Name(pointer) => {
                let members = changed.pointer_mut(pointer).and_then(Json::as_object_mut).unwrap();
                let renamed = std::mem::take(members).into_iter().enumerate();
                members.extend(
                    renamed.map(|(number, (name, value))| (if number == 0 { text.to_owned() } else { name }, value)),
                );
            }
            Place::Unknown(pointer) => {
                let members = changed.pointer_mut(pointer).and_then(Json::as_object_mut).unwrap();
                members.insert(text.to_owned(), Json::from(text));
            }
        }
        changed
    }
}

#[test]
fn every_text_every_first_name_and_one_member_more_are_fields() {
    let document = sessionproof::json::json!({ "a": ["x", "y", { "b": 1 }], "c": "z" });
    let names: Vec<_> = of(&document).into_iter().map(|field| field.name).collect();
    assert_eq!(names, [".(name)", ".(unknown)", ".a[]", ".a[].(name)", ".a[].(unknown)", ".c"]);
    let changed: Vec<_> = of(&document).iter().map(|field| field.with(&document, "q").to_string()).collect();
    assert_eq!(changed[0], r#"{"q":["x","y",{"b":1}],"c":"z"}"#);
    assert_eq!(changed[2], r#"{"a":["q","y",{"b":1}],"c":"z"}"#);
}
