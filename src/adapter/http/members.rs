//! The members of a JSON object, found in its text, so that some can be replaced without changing anything else.
//!
//! It finds them in every text that is JSON. In other texts it may find members that no reader would.

use std::ops::Range;

/// A member of the outermost object: where its key stands, with quotes, and its value.
pub(super) struct Member {
    /// The key, with its quotes.
    pub(super) key: Range<usize>,
    /// The value.
    pub(super) value: Range<usize>,
}

/// JSON whose members are others, all else being the same.
pub(super) fn replace_members(
    json: &str,
    members: &[Member],
    replace: impl Fn(&str, &str) -> Option<(String, String)>,
) -> Option<String> {
    let (mut text, mut done) = (String::with_capacity(json.len() + 8 * members.len()), 0);
    for Member { key, value } in members {
        let (new_key, new_value) = replace(json.get(key.clone())?, json.get(value.clone())?)?;
        text += json.get(done..key.start)?;
        text += &new_key;
        text += json.get(key.end..value.start)?;
        text += &new_value;
        done = value.end;
    }
    Some(text + json.get(done..)?)
}

/// The members of the object that some JSON is; `None` if it is nothing like one.
pub(super) fn members(json: &str) -> Option<Vec<Member>> {
    let bytes = json.as_bytes();
    let space = |at: usize| at + bytes.iter().skip(at).take_while(|byte| b" \t\r\n".contains(byte)).count();
    let mut at = space(0);
    let mut members = Vec::new();
    if *bytes.get(at)? != b'{' {
        return None;
    }
    at = space(at + 1);
    while *bytes.get(at)? == b'"' {
        let key = at..text_end(bytes, at)?;
        at = space(key.end);
        if *bytes.get(at)? != b':' {
            return None;
        }
        let start = space(at + 1);
        at = value_end(bytes, start)?;
        members.push(Member { key, value: start..at });
        at = space(at);
        if *bytes.get(at)? == b',' {
            at = space(at + 1);
        }
    }
    (*bytes.get(at)? == b'}').then_some(members)
}

/// Where the string that begins here ends, behind its quote.
fn text_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// Where the value that begins here ends: before a comma or brace that is not inside it.
fn value_end(bytes: &[u8], start: usize) -> Option<usize> {
    let (mut at, mut depth, mut end) = (start, 0usize, start);
    loop {
        let byte = *bytes.get(at)?;
        match byte {
            b',' | b'}' if depth == 0 => return Some(end),
            b'"' => at = text_end(bytes, at)?,
            _ => at += 1,
        }
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if !b" \t\r\n".contains(&byte) {
            end = at;
        }
    }
}
