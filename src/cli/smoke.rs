//! `check --smoke`: the manners of an adapter, before what its implementation makes of cookies.

use super::{Trouble, target::Target};
use sessionproof::{adapter::subprocess::smoke, report, suite::results::Outcome};

pub fn run(target: &Target) -> Result<Outcome, Trouble> {
    let (program, limits) = target.manners()?;
    let findings = smoke::judge(program, limits, &mut |finding| anstream::print!("{}", report::smoke::line(finding)))?;
    anstream::print!("{}", report::smoke::verdict(&findings));
    Ok(report::smoke::outcome(&findings))
}
