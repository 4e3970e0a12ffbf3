//! Model against real Flask: the same requests, generated, and no difference.

use crate::common;

use sessionproof::{
    adapter::subprocess::{Options, Subprocess},
    evidence::vectors,
    report::terminal,
    suite::running::run::{self, run},
};

#[test]
fn model_and_real_flask_answer_alike() {
    let Some(oracle) = common::oracle("model_and_real_flask_answer_alike") else { return };
    let flask = Subprocess::start(oracle.program(), Options::default()).unwrap();
    let options = run::Options::default().cases(5_000).seed(1);
    let results = run(&flask, &vectors::embedded().unwrap(), &options, &mut |_| {});
    let shown: String = results.failures.iter().map(|failure| terminal::failure(failure, None)).collect();
    assert_eq!(results.total.failed, 0, "{shown}");
    assert_eq!(results.broken, None);
    assert!(results.inconclusive.is_empty(), "{:?}", results.inconclusive);
}
