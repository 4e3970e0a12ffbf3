//! From Rust to JSON.

use super::{Error, Json, read};
use serde::{Serialize, de::DeserializeOwned};

/// Any value as JSON.
///
/// # Errors
/// What JSON cannot hold, such as a map whose keys are no text.
pub fn to_value<T: Serialize + ?Sized>(value: &T) -> Result<Json, Error> {
    read::parse(&serde_json::to_string(value)?)
}

/// Any type from JSON.
///
/// # Errors
/// What is missing, unknown or of another type.
pub fn from_value<T: DeserializeOwned>(json: &Json) -> Result<T, Error> {
    T::deserialize(json)
}

/// Makes [`Json`] as it is written; names may be expressions in parentheses, values may be any that can be serialized.
#[doc(hidden)]
#[macro_export]
macro_rules! json_literal {
    (null) => { $crate::json::Json::Null };
    ([ $($items:tt)* ]) => {{
        #[allow(unused_mut, clippy::vec_init_then_push)]
        let items = {
            let mut items = Vec::new();
            $crate::json_literal!(@items items $($items)*);
            items
        };
        $crate::json::Json::Array(items)
    }};
    ({ $($members:tt)* }) => {{
        #[allow(unused_mut)]
        let members = {
            let mut members = $crate::json::Object::new();
            $crate::json_literal!(@members members $($members)*);
            members
        };
        $crate::json::Json::Object(members)
    }};
    (@items $all:ident) => {};
    (@items $all:ident null $(, $($rest:tt)*)?) => {
        $crate::json_literal!(@item $all (null) $($($rest)*)?)
    };
    (@items $all:ident { $($inner:tt)* } $(, $($rest:tt)*)?) => {
        $crate::json_literal!(@item $all ({ $($inner)* }) $($($rest)*)?)
    };
    (@items $all:ident [ $($inner:tt)* ] $(, $($rest:tt)*)?) => {
        $crate::json_literal!(@item $all ([ $($inner)* ]) $($($rest)*)?)
    };
    (@items $all:ident $value:expr $(, $($rest:tt)*)?) => {
        $crate::json_literal!(@item $all ($value) $($($rest)*)?)
    };
    (@item $all:ident ($($value:tt)*) $($rest:tt)*) => {
        $all.push($crate::json_literal!($($value)*));
        $crate::json_literal!(@items $all $($rest)*);
    };
    (@members $all:ident) => {};
    (@members $all:ident $name:tt : null $(, $($rest:tt)*)?) => {
        $crate::json_literal!(@member $all $name (null) $($($rest)*)?)
    };
    (@members $all:ident $name:tt : { $($inner:tt)* } $(, $($rest:tt)*)?) => {
        $crate::json_literal!(@member $all $name ({ $($inner)* }) $($($rest)*)?)
    };
    (@members $all:ident $name:tt : [ $($inner:tt)* ] $(, $($rest:tt)*)?) => {
        $crate::json_literal!(@member $all $name ([ $($inner)* ]) $($($rest)*)?)
    };
    (@members $all:ident $name:tt : $value:expr $(, $($rest:tt)*)?) => {
        $crate::json_literal!(@member $all $name ($value) $($($rest)*)?)
    };
    (@member $all:ident $name:tt ($($value:tt)*) $($rest:tt)*) => {
        $all.insert(String::from($name), $crate::json_literal!($($value)*));
        $crate::json_literal!(@members $all $($rest)*);
    };
    ($value:expr) => { $crate::json::to_value(&$value).unwrap_or_default() };
}
