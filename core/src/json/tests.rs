use super::*;
use proptest::prelude::*;
use serde::Deserialize;

#[test]
fn members_keep_their_order_and_the_last_of_a_name_counts() {
    let json: Json = from_str(r#"{"b":1,"a":2,"b":3}"#).unwrap();
    assert_eq!(json.to_string(), r#"{"b":3,"a":2}"#);
}

/// Each is read as its neighbour by `serde_json` without its feature `float_roundtrip`.
#[test]
fn floats_are_the_nearest_to_their_digits() {
    for text in
        ["0.17282197307783535", "9007199254740993.5", "1.7976931348623157e308", "5e-324", "-0.1234567890123456789"]
    {
        let json: Json = from_str(text).unwrap();
        assert_eq!(json.as_f64().map(f64::to_bits), Some(text.parse::<f64>().unwrap().to_bits()), "{text}");
    }
}

#[test]
fn integers_stay_integers_as_far_as_64_bits_go() {
    let json: Json = from_str("[0,-1,18446744073709551615,-9223372036854775808,18446744073709551616,-0]").unwrap();
    let Json::Array(items) = json else { panic!("it is an array") };
    let numbers: Vec<_> = items.iter().filter_map(Json::as_number).collect();
    assert_eq!(numbers[..2], [Number::Positive(0), Number::Negative(-1)]);
    assert_eq!(numbers[2..4], [Number::Positive(u64::MAX), Number::Negative(i64::MIN)]);
    assert!(numbers[4..].iter().all(|number| matches!(number, Number::Float(_))));
}

#[test]
fn digits_in_strings_and_names_are_not_numbers() {
    let text = r#"{"1":"2\\","3\"4":[5,"6",7.5],"-8":-9}"#;
    assert_eq!(from_str::<Json>(text).unwrap().to_string(), text);
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    number: f64,
    #[serde(default)]
    choice: Option<Choice>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Choice {
    One,
    Two(u8),
}

#[test]
fn types_are_read_and_a_mistake_names_its_line() {
    let typed: Typed = from_str("{\"number\": 0.17282197307783535,\n\"choice\": {\"two\": 2}}").unwrap();
    assert_eq!(typed, Typed { number: 0.17282197307783535, choice: Some(Choice::Two(2)) });
    assert_eq!(from_str::<Typed>(r#"{"number":1,"choice":"one"}"#).unwrap().choice, Some(Choice::One));
    assert_eq!(from_str::<Typed>("{\"number\":1,\n\"other\":1}").unwrap_err().line(), 2);
    assert_eq!(from_str::<Typed>("{\"number\":1,\n}").unwrap_err().line(), 2);
    assert!(from_slice::<Typed>(b"{\"number\":\xff}").is_err());
    assert!(from_str::<Typed>(r#"{"number":1} 2"#).is_err());
}

#[test]
fn a_pointer_leads_through_arrays_and_names_with_escapes() {
    let mut json = json!({ "a/b": [{ "m~n": 1 }] });
    assert_eq!(json.pointer("/a~1b/0/m~0n").and_then(Json::as_u64), Some(1));
    *json.pointer_mut("/a~1b/0").unwrap() = Json::Null;
    assert_eq!((json.pointer("/a~1b/0"), json.pointer("/a~1b/1")), (Some(&Json::Null), None));
}

#[test]
fn values_are_made_as_they_are_written() {
    let name = "d".to_owned();
    let made = json!({ "a": null, "b": [1, "x", [], {}], "c": { "n": 0.5 + 0.25 }, (name): true });
    assert_eq!(made.to_string(), r#"{"a":null,"b":[1,"x",[],{}],"c":{"n":0.75},"d":true}"#);
}

proptest! {
    #[test]
    fn every_float_survives_the_trip(bits in any::<u64>()) {
        let float = f64::from_bits(bits);
        prop_assume!(float.is_finite());
        let json: Json = from_str(&serde_json::to_string(&float).unwrap()).unwrap();
        prop_assert_eq!(json.as_f64().map(f64::to_bits), Some(bits));
    }
}
