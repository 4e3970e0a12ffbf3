//! A gateway that signs a session and reads it as a type of its own.

use serde::Deserialize;
use sessionproof::{Config, UnixTime, Value, Verifier};

#[derive(Debug, PartialEq, Deserialize)]
struct Session {
    user_id: u64,
    roles: Vec<String>,
    _permanent: bool,
}

#[test]
fn a_session_that_was_signed_is_read_as_a_type() -> Result<(), Box<dyn std::error::Error>> {
    let verifier = Verifier::new(&Config::with_key("development key"))?;
    let session =
        [("user_id", Value::from(8)), ("roles", Value::List(vec!["admin".into()])), ("_permanent", true.into())];
    let now = UnixTime::now();
    let cookie = verifier.sign(&session.into_iter().collect(), now)?;
    let read: Session = verifier.load_as(&cookie, now)?;
    assert_eq!(read, Session { user_id: 8, roles: vec!["admin".to_owned()], _permanent: true });
    Ok(())
}
