//! `check --smoke`: the manners of an adapter, before what its implementation makes of cookies.

use super::{CliError, out::Out, target::Target};
use sessionproof::{protocol_check, report, suite::outcome::results::Outcome};

pub fn run(target: &Target) -> Result<Outcome, CliError> {
    let (program, limits) = target.manners()?;
    let findings =
        protocol_check::judge(program, limits, &mut |finding| Out::StandardOutput.print(report::smoke::line(finding)))?;
    Out::StandardOutput.print(report::smoke::verdict(&findings));
    Ok(report::smoke::outcome(&findings))
}
