//! The other end of the adapter protocol: an implementation of this crate answers on standard streams, like a program.
//!
//! It knows lines and operations. The implementation gives the answers.

use super::{
    Implementation,
    subprocess::lines::{Line, Lines},
};
use crate::json::{Json, json};
use crate::{
    foreign,
    protocol::{Call, Capabilities, Op, Reply, VERSION},
};
use std::io::{self, BufRead, Write};

/// How long a request may be (bytes): as long as a reply.
const LONGEST: usize = 4 * 1024 * 1024;

/// Answers every request until the input ends. A line that is no request is answered with an error; one that is too long ends
/// the conversation behind it, since nothing is known of what follows. Errors are those of writing.
pub fn serve(implementation: &dyn Implementation, input: impl BufRead, mut output: impl Write) -> io::Result<()> {
    let mut lines = Lines::new(input, LONGEST);
    loop {
        let (reply, is_over) = match lines.next() {
            Line::End(_) => return Ok(()),
            Line::TooLong(_) => (json!({ "id": null, "error": "the request is longer than 4 MiB" }), true),
            Line::Whole(line) => (reply(implementation, &line), false),
        };
        writeln!(output, "{}", foreign::json(&reply.to_string()))?;
        output.flush()?;
        if is_over {
            return Ok(());
        }
    }
}

fn reply(implementation: &dyn Implementation, line: &[u8]) -> Json {
    let mut request = match crate::json::from_slice(line) {
        Ok(Json::Object(request)) => request,
        Ok(_) => return json!({ "id": null, "error": "a request is a JSON object" }),
        Err(error) => return json!({ "id": null, "error": error.to_string() }),
    };
    let id = request.shift_remove("id").unwrap_or_default();
    let op = request.shift_remove("op");
    let (kind, what) = match op.as_ref().and_then(Json::as_str) {
        None => ("error", "a request has an \"op\"".into()),
        Some("hello") => {
            let speaks_stories = request.get("protocol").and_then(Json::as_u64) == Some(VERSION.into());
            ("ok", hello(implementation.capabilities(), speaks_stories))
        }
        Some(op) => match Call::from_json(op, Json::Object(request)) {
            // A member or an action that is not known is not guessed at; the rest makes no sense.
            Err(what) if is_unknown(&what) => ("unsupported", what.into()),
            Err(what) => ("error", what.into()),
            Ok(call) => answer(implementation, call),
        },
    };
    json!({ "id": id, kind: what })
}

/// Whether a request cannot be read because it names something that is not known.
fn is_unknown(what: &str) -> bool {
    ["unknown field", "unknown operation", "unknown variant"].iter().any(|unknown| what.contains(unknown))
}

/// What an implementation says of itself, without what came with stories if the other side does not know of them.
fn hello(mut hello: Capabilities, speaks_stories: bool) -> Json {
    if !speaks_stories && hello.ops.iter().any(|op| *op != Op::Story) {
        hello.ops.remove(&Op::Story);
        hello.story = None;
    }
    let mut json = crate::json::to_value(&hello).unwrap_or_default();
    if let (true, Some(members)) = (speaks_stories, json.as_object_mut()) {
        members.insert("protocol".to_owned(), json!(VERSION));
    }
    json
}

fn answer(implementation: &dyn Implementation, call: Call) -> (&'static str, Json) {
    match implementation.answer(&[call]).map(|mut replies| replies.pop()) {
        Ok(Some(Reply::Ok(answer))) => ("ok", answer.to_json()),
        Ok(Some(Reply::Unsupported(what))) => ("unsupported", what.into()),
        Ok(Some(Reply::Error(what))) => ("error", what.into()),
        Ok(Some(Reply::Panicked(what))) => ("error", format!("it panicked: {what}").into()),
        Ok(None) => ("error", "there is no answer".into()),
        Err(broken) => ("error", broken.message.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapter::in_process::{BuiltInVerifier, Model};

    fn served(implementation: &dyn Implementation, input: &str) -> Vec<Json> {
        let mut output = Vec::new();
        serve(implementation, input.as_bytes(), &mut output).unwrap();
        String::from_utf8(output).unwrap().lines().map(|line| crate::json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn every_request_is_answered_under_its_id() {
        let replies = served(
            &Model::default(),
            "{\"id\":0,\"op\":\"hello\",\"protocol\":1}\n\
             {\"id\":7,\"op\":\"sign\",\"config\":{\"secret_key\":\"development key\"},\
             \"now\":1700000000.25,\"session\":{\"user\":42}}\n",
        );
        assert_eq!(replies[0]["ok"]["ops"], json!(["exchange", "sign", "verify"]));
        assert_eq!(replies[1], json!({"id":7,"ok":{"cookie":"eyJ1c2VyIjo0Mn0.ZVPxAA.SBjXa6bYomRBABYXHdOKvD88Eg4"}}));
    }

    #[test]
    fn what_is_not_known_is_unsupported_and_what_is_no_request_is_an_error() {
        let replies = served(
            &BuiltInVerifier::default(),
            "{\"id\":1,\"op\":\"sing\"}\n{\"id\":2,\"op\":\"verify\",\"config\":{\"colour\":1},\"now\":0,\"cookie\":\"\"}\n\
             {\"id\":3,\"op\":\"exchange\",\"config\":{},\"now\":0}\n\
             {\"id\":5,\"op\":\"verify\",\"config\":{},\"now\":\"noon\",\"cookie\":\"\"}\n{\"id\":4}\n[]\nx\n",
        );
        let kinds: Vec<_> = replies
            .iter()
            .map(|r| (r["id"].as_u64(), r.get("unsupported").is_some(), r.get("error").is_some()))
            .collect();
        let (unsupported, error) = (|id| (Some(id), true, false), |id| (id, false, true));
        assert_eq!(
            kinds,
            [unsupported(1), unsupported(2), unsupported(3), error(Some(5)), error(Some(4)), error(None), error(None)]
        );
    }

    #[test]
    fn a_line_without_end_is_refused_and_the_rest_left() {
        let replies = served(&Model::default(), &"x".repeat(LONGEST + 1));
        assert_eq!(replies.len(), 1);
        assert!(replies[0]["error"].as_str().is_some());
    }
}
